# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the resolver must say, by hand: two grids that cover every GPU generation, system and branch, and a case for each gotcha.

``source`` is the section of packages.md, the collection of facts that the project started from (*role* stands for role-decisions.md), or the words of
``tables.py`` for what was looked up since. Nothing here is computed by what it tests.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_stack.model import NodeHardware, Wish

BRANCHES = (535, 550, 570, 580, 590, 595, 610, 615, 620)

# Generation -> PCI IDs, architecture, and for each branch the modules it gets: o(pen), p(roprietary), - (refused).
#                                                                                535 550 570 580 590 595 610 615 620
GPUS: dict[str, tuple[tuple[str, ...], str, str, str]] = {
    "Kepler": (("10de:102d",), "x86_64", "---------", "tables"),
    "Maxwell": (("10de:13f2",), "x86_64", "pppp-----", "1.1, 1.2"),
    "Pascal": (("10de:15f9",), "x86_64", "pppp-----", "1.1, 1.2"),
    "Volta": (("10de:1db5",), "x86_64", "pppp-----", "1.1, 1.2"),
    "Turing": (("10de:1eb8",), "x86_64", "ooooooooo", "1.2"),
    "Ampere": (("10de:2236",), "x86_64", "ooooooooo", "1.2"),
    "HGX A100": (("10de:20b2", "10de:1af1"), "x86_64", "ooooooooo", "1.2, 1.6"),
    "Ada": (("10de:26b9",), "x86_64", "ooooooooo", "1.2"),
    "Hopper": (("10de:2331",), "x86_64", "ooooooooo", "1.2"),
    "HGX H100": (("10de:2330", "10de:22a3"), "x86_64", "ooooooooo", "1.2, 1.6"),
    "HGX H200": (("10de:2335", "10de:22a3"), "x86_64", "ooooooooo", "1.2, 1.6"),
    "Grace Hopper": (("10de:2342",), "sbsa", "-oooooooo", "1.2"),
    "RTX PRO Blackwell": (("10de:2bb5",), "x86_64", "--ooooooo", "1.2, 1.5"),
    "HGX B200": (("10de:2901",), "x86_64", "--ooooooo", "1.2, 1.5, 1.6"),
    "HGX B300": (("10de:3182",), "x86_64", "---oooooo", "1.2, 1.6"),
    "GB200": (("10de:2941",), "sbsa", "--ooooooo", "1.2, 1.6"),
    "GB300": (("10de:31c2",), "sbsa", "---oooooo", "1.2, 1.6"),
}

# System -> what the driver's packages are called for open and for proprietary modules; {b} is the branch. The second row holds from 590 on, or from 560
# on where that says so. (1.4)
Names = tuple[tuple[str, ...], tuple[str, ...]]
_UBUNTU: tuple[Names, Names] = ((("nvidia-open-{b}",), ("cuda-drivers-{b}",)), (("nvidia-open",), ("cuda-drivers",)))
_DEBIAN: tuple[Names, Names] = (
    (("nvidia-open",), ("cuda-drivers",)),
    (("nvidia-kernel-open-dkms", "nvidia-driver-cuda", "nvidia-persistenced"), ("nvidia-kernel-dkms", "nvidia-driver-cuda", "nvidia-persistenced")),
)
_EL: Names = (
    ("kmod-nvidia-open-dkms", "nvidia-driver-cuda", "nvidia-persistenced"),
    ("kmod-nvidia-latest-dkms", "nvidia-driver-cuda", "nvidia-persistenced"),
)
SYSTEMS: dict[str, tuple[tuple[Names, Names], int, tuple[str, ...], str]] = {
    "ubuntu2204": (_UBUNTU, 590, ("x86_64", "sbsa"), "1.3, 1.4"),
    "ubuntu2404": (_UBUNTU, 590, ("x86_64", "sbsa"), "1.3, 1.4"),
    "ubuntu2604": (_UBUNTU, 590, ("x86_64", "sbsa"), "1.3, 1.4"),
    "debian12": (_DEBIAN, 560, ("x86_64",), "1.3, 1.4"),
    "debian13": (_DEBIAN, 560, ("x86_64",), "1.3, 1.4"),
    "debiansid": (_DEBIAN, 560, (), "1.5"),
    "rhel8": ((_EL, _EL), 0, ("x86_64", "sbsa"), "1.3, 1.4"),
    "rhel9": ((_EL, _EL), 0, ("x86_64", "sbsa"), "1.3, 1.4"),
    "rhel10": ((_EL, _EL), 0, ("x86_64", "sbsa"), "1.3, 1.4"),
}

UBUNTU_KERNEL, DEBIAN_KERNEL, EL_KERNEL = "6.8.0-45-generic", "6.12.38+deb13-amd64", "5.14.0-570.12.1.el9_6.x86_64"
T4, A100, SWITCH_A100, H100, SWITCH_H100 = "10de:1eb8", "10de:20b2", "10de:1af1", "10de:2330", "10de:22a3"
L40S, V100, B200, B300, GB200, GB300, GH200, RTX = "10de:26b9", "10de:1db5", "10de:2901", "10de:3182", "10de:2941", "10de:31c2", "10de:2342", "10de:2684"
V = "580.173.02"


@dataclass(frozen=True)
class Case:
    """A node with a wish, and what must come of it. Of packages the specs in ``has`` are there, and the names in ``lacks`` are not."""

    name: str
    source: str
    node: NodeHardware
    wish: Wish = field(default_factory=Wish)
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    equal: dict[str, Any] = field(default_factory=dict)
    """Fields of the stack by name, whole."""
    contains: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Fields of the stack by name, entries that they have."""
    without: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reason: str = ""
    reasons: tuple[str, ...] = ()
    no_reason: str = ""
    warning: str = ""
    no_warning: str = ""
    refused: str = ""
    nearest: str = ""


def at(os: str, *pci_ids: str, kernels: tuple[str, ...] | str = (), arch: str = "x86_64") -> NodeHardware:
    return NodeHardware(pci_ids, os, arch, (kernels,) if isinstance(kernels, str) else kernels)


CASES: tuple[Case, ...] = (
    # The branch.
    Case(
        "the default is the LTS branch",
        "1.1",
        at("ubuntu2404", L40S),
        equal={"branch": 580, "cuda_major": 13},
        reason="the LTS branch",
        reasons=("every GPU here runs with them", "DKMS builds"),
        lacks=("cuda-toolkit-",),
    ),
    Case(
        "the default of Debian is its own",
        "1.5",
        at("debian13", L40S),
        Wish(source="distribution"),
        equal={"branch": 550, "cuda_major": 12},
        reason="branch 550 is the one",
        no_warning="had driver",
    ),
    Case("a version names its branch", "1.1", at("ubuntu2404", L40S), Wish(version="595.71.05"), equal={"branch": 595, "version": "595.71.05"}),
    Case("a version of another branch", "1.1", at("ubuntu2404", L40S), Wish(branch=580, version="595.71.05"), refused="not of branch 580"),
    Case("a branch that there is not", "1.1", at("ubuntu2404", L40S), Wish(branch=600), refused="branch 600", nearest="595"),
    Case("an ended branch", "1.1", at("ubuntu2404", L40S), Wish(branch=535), warning="ended branch 535"),
    Case("an ended feature branch", "1.1", at("ubuntu2404", L40S), Wish(branch=610), warning="ended branch 610"),
    Case("a branch that goes on", "1.1", at("ubuntu2404", L40S), Wish(branch=595), no_warning="ended"),
    Case("no exact version", "1.6", at("ubuntu2404", L40S), warning="No exact version"),
    Case("an exact version", "1.6", at("ubuntu2404", L40S), Wish(version=V), no_warning="No exact version"),
    Case("Debian has one version", "1.5", at("debian13", L40S), Wish(source="distribution"), no_warning="No exact version"),
    Case("a branch without an end", "1.1", at("ubuntu2404", L40S), Wish(branch=590), no_warning="ended"),
    # Modules.
    Case("Volta after 580", "1.1", at("ubuntu2404", V100), Wish(branch=595), refused="the last one for it is 580", nearest="branch 580"),
    Case("Volta with open modules", "1.2", at("ubuntu2404", V100), Wish(modules="open"), refused="find no device", nearest="as the GPUs need them"),
    Case("Volta", "1.2", at("ubuntu2404", V100), equal={"modules": "proprietary"}, has=("cuda-drivers-580=580.*",), reason="don't run V100"),
    Case("Turing", "1.2", at("ubuntu2404", T4), equal={"modules": "open"}, has=("nvidia-open-580=580.*",)),
    Case("Hopper, proprietary", "1.2", at("ubuntu2404", H100), Wish(modules="proprietary"), equal={"modules": "proprietary"}, has=("cuda-drivers-580=580.*",)),
    Case("Blackwell, proprietary", "1.2", at("ubuntu2404", B200), Wish(modules="proprietary"), refused="the only ones that run B200", nearest="GPUs need them"),
    Case("Grace Hopper, proprietary", "1.2", at("ubuntu2404", GH200, arch="sbsa"), Wish(modules="proprietary"), refused="the only ones that run GH200"),
    Case("proprietary in 615", "1.2", at("ubuntu2404", T4), Wish(branch=615, modules="proprietary"), refused="no proprietary modules any more", nearest="580"),
    Case("proprietary in 620", "1.2", at("rhel9", T4), Wish(branch=620, modules="proprietary"), refused="no proprietary modules any more"),
    Case("proprietary in 610", "1.2", at("ubuntu2404", T4), Wish(branch=610, modules="proprietary"), equal={"modules": "proprietary"}),
    Case(
        "Volta beside Blackwell",
        "1.2",
        at("ubuntu2404", V100, "10de:2bb5"),
        refused="V100 SXM2 runs with proprietary modules alone, and RTX PRO 6000 Blackwell Server with open ones",
    ),
    Case("Volta beside Turing", "1.2", at("ubuntu2404", V100, T4), equal={"modules": "proprietary"}),
    Case("Blackwell before 570", "1.5", at("ubuntu2404", B200), Wish(branch=550), refused="the first one for it is 570", nearest="branch 580"),
    Case("B200 with an early 570", "gpu-operator", at("ubuntu2404", B200), Wish(version="570.124.06"), refused="570.133.20"),
    Case("B200 with a later 570", "gpu-operator", at("ubuntu2404", B200), Wish(version="570.133.20"), equal={"branch": 570}),
    Case("B200 with some 570", "gpu-operator", at("ubuntu2404", B200), Wish(branch=570), warning="570.133.20"),
    Case("B200 with some 580", "gpu-operator", at("ubuntu2404", B200), no_warning="570.133.20"),
    Case("a card with some 570", "gpu-operator", at("ubuntu2404", L40S), Wish(branch=570), no_warning="570.133.20"),
    Case("a card with an early 570", "gpu-operator", at("ubuntu2404", L40S), Wish(version="570.124.06"), equal={"branch": 570}),
    Case("Grace with x86_64", "1.6", at("ubuntu2404", GB200), refused="Grace processor"),
    # Sources.
    Case("NVIDIA's repository", "1.3", at("ubuntu2404", L40S), equal={"repository": "ubuntu2404/x86_64", "repository_package": "cuda-keyring"}),
    Case("on ARM it is sbsa", "1.3", at("ubuntu2404", GH200, arch="aarch64"), equal={"repository": "ubuntu2404/sbsa"}),
    Case("EL has a .repo file", "1.3", at("rocky9", L40S), equal={"repository": "rhel9/x86_64", "repository_package": "", "manager": "dnf"}),
    Case("EL's dkms is in EPEL", "1.3", at("rhel9", L40S), equal={"archive_components": ("epel", "crb")}, reason="EPEL and CRB"),
    Case("Debian on ARM", "1.3", at("debian12", GH200, arch="sbsa"), refused="no repository for Debian 12 on sbsa"),
    Case("Debian sid", "1.5", at("debiansid", L40S), refused="no repository for Debian sid", nearest="source distribution"),
    Case("EL from its distribution", "1.4", at("rhel9", L40S), Wish(source="distribution"), refused="packages no NVIDIA driver", nearest="source nvidia"),
    Case("NVIDIA's for Debian needs contrib", "1.3", at("debian13", L40S), equal={"archive_components": ("contrib",)}),
    Case("a mirror has NVIDIA's names", "1.4", at("rhel9", L40S), Wish(source="mirror", version=V), has=(f"nvidia-driver-cuda-{V}-*",)),
    Case("DOCA has its own mft", "1.3", at("rhel9", L40S), Wish(rdma="doca"), equal={"repository_excludes": ("mft*", "kernel-mft*")}),
    Case("DOCA on Ubuntu", "1.3", at("ubuntu2404", L40S), Wish(rdma="doca"), equal={"repository_excludes": ()}),
    Case("without DOCA mft may come", "1.3", at("rhel9", L40S), equal={"repository_excludes": ()}),
    Case("the pinning package comes first", "1.4", at("ubuntu2404", L40S), Wish(version=V), has=(f"nvidia-driver-pinning-{V}",)),
    Case("the pinning package of a branch", "1.4", at("debian13", L40S), Wish(branch=595), has=("nvidia-driver-pinning-595",)),
    Case("no pinning package before 580", "1.4", at("ubuntu2404", L40S), Wish(branch=570), lacks=("nvidia-driver-pinning-570",)),
    Case("nor on EL", "1.4", at("rhel9", L40S), lacks=("nvidia-driver-pinning-580",)),
    Case("nor from an archive", "1.4", at("ubuntu2404", L40S), Wish(branch=580, source="distribution"), lacks=("nvidia-driver-pinning-580",)),
    # Debian's archive.
    Case(
        "Debian 13 from its archive",
        "1.5",
        at("debian13", L40S, kernels=DEBIAN_KERNEL),
        Wish(source="distribution", version="550.163.01"),
        has=(
            f"linux-headers-{DEBIAN_KERNEL}",
            "nvidia-open-kernel-dkms=550.163.01-*",
            "libcuda1=550.163.01-*",
            "libnvidia-ml1=550.163.01-*",
            "libnvidia-cfg1=550.163.01-*",
            "nvidia-smi=550.163.01-*",
            "nvidia-persistenced",
            "libnccl2",
        ),
        lacks=("nvidia-driver", "datacenter-gpu-manager-4-cuda12", "nvidia-kernel-dkms"),
        equal={
            "repository": "",
            "repository_package": "",
            "archive_components": ("contrib", "non-free", "non-free-firmware"),
            "services": ("nvidia-persistenced",),
            "modprobe": (),
            "rebuild_initramfs": False,
            "absent": (
                "nvidia-open",
                "cuda-drivers",
                "nvidia-driver-cuda",
                "nvidia-kernel-open-dkms",
                "nvidia-kernel-dkms",
                "nvidia-tesla-535-kernel-dkms",
                "libnvidia-tesla-535-cuda1",
                "libnvidia-tesla-535-ml1",
                "libnvidia-tesla-535-cfg1",
                "nvidia-tesla-535-smi",
            ),
            "gpudirect": "dma_buf",
        },
        reason="nvidia-current-open",
        warning="DCGM is left out",
        no_warning="had driver",
    ),
    Case("Debian 12 from its archive", "1.5", at("debian12", L40S), Wish(source="distribution"), equal={"branch": 535}, has=("libcuda1=535.*",)),
    Case("Debian 12 has no NCCL", "1.5", at("debian12", L40S), Wish(source="distribution"), lacks=("libnccl2",), warning="NCCL is left out"),
    Case("Debian 13 has NCCL", "1.5", at("debian13", L40S), Wish(source="distribution", nccl="2.22.3-1"), has=("libnccl2=2.22.3-*",), no_warning="NCCL"),
    Case("Debian sid", "1.5", at("debiansid", L40S), Wish(source="distribution"), has=("nvidia-open-kernel-dkms=550.*", "libnccl2")),
    Case(
        "Debian's older branch",
        "Debian",
        at("debian13", L40S),
        Wish(source="distribution", branch=535, profiling=True),
        has=(
            "nvidia-tesla-535-kernel-dkms=535.*",
            "libnvidia-tesla-535-cuda1=535.*",
            "libnvidia-tesla-535-ml1=535.*",
            "libnvidia-tesla-535-cfg1=535.*",
            "nvidia-tesla-535-smi=535.*",
        ),
        equal={"modules": "proprietary", "modprobe": ("options nvidia-tesla-535 NVreg_RestrictProfilingToAdminUsers=0",)},
        reason="has no open ones of branch 535",
    ),
    Case("its open modules", "Debian", at("debian13", L40S), Wish(source="distribution", branch=535, modules="open"), refused="no open modules of branch 535"),
    Case("Debian 12 has them", "1.5", at("debian12", L40S), Wish(source="distribution", branch=535), equal={"modules": "open"}),
    Case("Volta from Debian", "1.5", at("debian13", V100), Wish(source="distribution"), has=("nvidia-kernel-dkms=550.*",), reason="for nvidia-current:"),
    Case("580 from Debian", "1.5", at("debian13", L40S), Wish(source="distribution", branch=580), refused="550 and 535", nearest="branch 550"),
    Case("a version Debian had not", "1.5", at("debian13", L40S), Wish(source="distribution", version="550.144.03"), warning="had driver 550.163.01"),
    Case("Debian on ARM from its archive", "1.5", at("debian13", GH200, arch="sbsa"), Wish(source="distribution", branch=550), refused="known on x86_64 only"),
    Case(
        "Blackwell from Debian", "1.5", at("debian13", RTX, B200), Wish(source="distribution"), refused="the first one for it is 570", nearest="source nvidia"
    ),
    Case("HGX from Debian", "1.5", at("debian13", H100, SWITCH_H100), Wish(source="distribution"), refused="error 802", nearest="source nvidia"),
    Case(
        "options for Debian's open module",
        "1.5, Debian",
        at("debian13", L40S),
        Wish(source="distribution", profiling=True),
        equal={"modprobe": ("options nvidia-current-open NVreg_RestrictProfilingToAdminUsers=0",), "rebuild_initramfs": True},
    ),
    Case(
        "NVIDIA's packages stay out",
        "1.5",
        at("debian13", L40S),
        Wish(source="distribution"),
        contains={"pins": ("release l=NVIDIA CUDA",)},
        reason="from NVIDIA are shut out",
    ),
    Case("Debian's packages stay out", "1.5", at("debian13", L40S), contains={"pins": ("release o=Debian",)}, reason="from Debian are shut out"),
    Case("Ubuntu's packages stay out", "1.5", at("ubuntu2404", L40S), contains={"pins": ("release o=Ubuntu",)}),
    # Ubuntu's archive.
    Case(
        "precompiled from Ubuntu",
        "1.4, 1.11",
        at("ubuntu2404", H100, SWITCH_H100, kernels=(UBUNTU_KERNEL, "6.8.0-50-generic")),
        Wish(source="distribution", version="580.95.05", secure_boot=True),
        has=(
            f"linux-modules-nvidia-580-server-open-{UBUNTU_KERNEL}",
            "linux-modules-nvidia-580-server-open-6.8.0-50-generic",
            "nvidia-headless-no-dkms-580-server-open=580.95.05-*",
            "nvidia-utils-580-server=580.95.05-*",
            "nvidia-fabricmanager-580=580.95.05-*",
            "libnvidia-nscq-580=580.95.05-*",
        ),
        lacks=("mokutil", f"linux-headers-{UBUNTU_KERNEL}", "libnccl2"),
        equal={"build": "precompiled", "signing_key": "", "repository": "", "archive_components": ("restricted", "multiverse")},
        reasons=("Canonical signs these modules", "precompiled modules: Canonical builds"),
        warning="NCCL is left out",
    ),
    Case(
        "DKMS from Ubuntu",
        "1.4",
        at("ubuntu2404", L40S),
        Wish(source="distribution", branch=580),
        has=("nvidia-headless-580-server-open=580.*",),
        lacks=("nvidia-open-580",),
    ),
    Case(
        "Canonical keeps the branch",
        "1.4",
        at("ubuntu2404", L40S),
        Wish(source="distribution", branch=595),
        has=("nvidia-utils-595-server=595.*",),
        lacks=("nvidia-open",),
    ),
    Case("615 has no variant for servers", "1.4", at("ubuntu2404", L40S), Wish(source="distribution", branch=615), has=("nvidia-headless-615-open=615.*",)),
    Case(
        "proprietary from Ubuntu",
        "1.4",
        at("ubuntu2404", V100),
        Wish(source="distribution"),
        has=("nvidia-headless-580-server=580.*",),
        lacks=("datacenter-gpu-manager-4-cuda12",),
    ),
    Case("precompiled without Secure Boot", "1.11", at("ubuntu2404", L40S, kernels=UBUNTU_KERNEL), Wish(source="distribution"), no_reason="Secure Boot"),
    Case("signed by Canonical", "1.11", at("ubuntu2404", L40S, kernels=UBUNTU_KERNEL), Wish(source="distribution", secure_boot=True), no_warning="Secure Boot"),
    Case("590 in Ubuntu leads to 595", "1.1", at("ubuntu2404", L40S), Wish(source="distribution", branch=590), refused="no branch 590"),
    Case("Fabric Manager of 610", "1.6", at("ubuntu2404", H100, SWITCH_H100), Wish(source="distribution", branch=610), refused="Fabric Manager of branch 610"),
    Case("IMEX from Ubuntu", "1.6", at("ubuntu2404", GB200, arch="sbsa"), Wish(source="distribution", branch=595), has=("nvidia-imex-595=595.*",)),
    Case("IMEX of 610", "1.6", at("ubuntu2404", GB200, arch="sbsa"), Wish(source="distribution", branch=610), refused="IMEX of branch 610"),
    Case("NVLink 5 from Ubuntu", "1.6", at("ubuntu2404", B200), Wish(source="distribution"), refused="nvlsm", nearest="source nvidia"),
    Case("precompiled of no kernel", "1.4", at("ubuntu2404", L40S), Wish(source="distribution", build="precompiled"), refused="no kernel was given"),
    Case("precompiled by NVIDIA", "1.4", at("ubuntu2404", L40S), Wish(build="precompiled"), refused="no precompiled modules", nearest="DKMS"),
    Case("precompiled by Debian", "1.4", at("debian13", L40S), Wish(build="precompiled", source="distribution"), refused="no precompiled modules"),
    Case("DKMS although precompiled", "1.4", at("ubuntu2404", L40S, kernels=UBUNTU_KERNEL), Wish(source="distribution", build="dkms"), equal={"build": "dkms"}),
    # EL.
    Case("an open stream", "1.4", at("rhel9", L40S), equal={"module_stream": "nvidia-driver:580-open"}, has=("kmod-nvidia-open-dkms-580.*",)),
    Case("a stream of DKMS", "1.4", at("rhel8", V100), equal={"module_stream": "nvidia-driver:580-dkms"}, has=("kmod-nvidia-latest-dkms-580.*",)),
    Case("EL 10 has no streams", "1.4", at("rhel10", L40S), Wish(version=V), equal={"module_stream": ""}, has=(f"kmod-nvidia-open-dkms-{V}-*",)),
    Case(
        "precompiled on EL",
        "1.4",
        at("rhel9", T4, kernels=EL_KERNEL),
        Wish(build="precompiled", secure_boot=True),
        equal={"module_stream": "nvidia-driver:580", "modules": "proprietary", "archive_components": ()},
        lacks=("kmod-nvidia-latest-dkms", "kernel-devel", "mokutil"),
        contains={"holds": ("kernel-core", "kernel-devel-matched"), "absent": ("kmod-nvidia-open-dkms", "kmod-nvidia-latest-dkms")},
        without={"absent": ("nvidia-kmod-headers",)},
        warning="a kernel that is newer boots without a driver",
        reason="precompiled modules: wished",
        no_reason="Canonical signs",
    ),
    Case("its certificate", "1.11", at("rhel9", T4, kernels=EL_KERNEL), Wish(build="precompiled", secure_boot=True), warning="must be enrolled"),
    Case("precompiled on EL, open", "1.4", at("rhel9", L40S), Wish(build="precompiled", modules="open"), refused="are proprietary ones", nearest="DKMS"),
    Case("precompiled on EL, Blackwell", "1.4", at("rhel9", B200), Wish(build="precompiled"), refused="are proprietary ones"),
    Case("precompiled on EL in 615", "1.2", at("rhel9", T4), Wish(build="precompiled", branch=615), refused="are proprietary ones"),
    Case("precompiled on EL on ARM", "1.4", at("rhel9", T4, arch="sbsa"), Wish(build="precompiled"), refused="no precompiled modules"),
    Case("precompiled on EL of no kernel", "1.4", at("rhel9", T4), Wish(build="precompiled"), equal={"build": "precompiled"}, no_warning="No kernel"),
    Case("precompiled on EL without Secure Boot", "1.11", at("rhel9", T4), Wish(build="precompiled"), no_warning="must be enrolled"),
    Case("precompiled on EL 10", "1.4", at("rhel10", T4), Wish(build="precompiled"), refused="no precompiled modules"),
    Case("left over for DKMS", "1.4", at("rhel9", L40S), contains={"absent": ("nvidia-kmod-headers",)}),
    Case("pieces on EL", "1.4", at("rhel9", L40S), contains={"holds": ("nvidia-driver-cuda-libs", "nvidia-kmod-common", "nvidia-modprobe")}),
    Case("pieces on Ubuntu", "1.4", at("ubuntu2404", L40S), contains={"holds": ("nvidia-dkms-580-open", "libnvidia-compute-580", "libnvidia-cfg1-580")}),
    Case("pieces without branch", "1.4", at("ubuntu2404", L40S), Wish(branch=595), contains={"holds": ("nvidia-dkms-open", "libnvidia-compute")}),
    Case("pieces of 590", "1.4", at("ubuntu2404", L40S), Wish(branch=590), contains={"holds": ("nvidia-dkms-open",)}, without={"absent": ("nvidia-open-590",)}),
    # What an earlier driver left. (role 3: the step that everyone forgets)
    Case(
        "back to Debian's main driver",
        "1.5",
        at("debian13", L40S),
        Wish(source="distribution", branch=535),
        contains={"absent": ("nvidia-open-kernel-dkms", "nvidia-kernel-dkms", "libcuda1", "nvidia-smi")},
    ),
    Case("another branch on Ubuntu", "role 3", at("ubuntu2404", L40S), contains={"absent": ("nvidia-open-570", "cuda-drivers-580", "nvidia-open")}),
    Case("from 580 to 595", "role 3", at("ubuntu2404", L40S), Wish(branch=595), contains={"absent": ("nvidia-open-580", "cuda-drivers")}),
    Case(
        "the other flavour on Debian",
        "1.4",
        at("debian13", L40S),
        contains={"absent": ("nvidia-kernel-dkms", "nvidia-open-kernel-dkms")},
        without={"absent": ("nvidia-open",)},
    ),
    Case("the other flavour on EL", "1.4", at("rhel9", V100), contains={"absent": ("kmod-nvidia-open-dkms",)}),
    Case(
        "another Fabric Manager",
        "role 3",
        at("ubuntu2404", H100, SWITCH_H100),
        contains={"absent": ("nvidia-fabricmanager-570", "libnvidia-nscq-570")},
        without={"absent": ("libnvsdm-570", "nvidia-imex-570", "nvidia-fabricmanager-580")},
    ),
    Case("and back", "role 3", at("ubuntu2404", H100, SWITCH_H100), Wish(branch=570), contains={"absent": ("nvidia-fabricmanager", "libnvidia-nscq")}),
    Case(
        "on EL",
        "1.6",
        at("rhel9", H100, SWITCH_H100),
        contains={"absent": ("nvidia-fabric-manager", "libnvidia-nscq-570")},
        without={"absent": ("nvidia-fabricmanager-570",)},
    ),
    Case(
        "in Ubuntu's archive",
        "1.6",
        at("ubuntu2404", H100, SWITCH_H100),
        Wish(source="distribution", branch=580),
        contains={"absent": ("nvidia-fabricmanager-595", "nvidia-fabricmanager")},
    ),
    # Kernels.
    Case(
        "headers of each kernel",
        "1.4",
        at("ubuntu2204", L40S, kernels=("5.15.0-100-generic", "6.8.0-40-generic")),
        has=("linux-headers-5.15.0-100-generic", "linux-headers-6.8.0-40-generic"),
        lacks=("kernel-devel", "kernel-headers"),
        contains={"holds": ("linux-image-generic", "linux-headers-generic", "linux-image-generic-hwe-22.04")},
        reason="the kernel's packages are held",
        no_warning="No kernel",
    ),
    Case("Debian's kernel is held", "1.4", at("debian13", L40S, kernels=DEBIAN_KERNEL), contains={"holds": ("linux-image-amd64", "linux-headers-amd64")}),
    Case(
        "EL's headers",
        "1.4",
        at("rhel9", L40S, kernels=EL_KERNEL),
        has=("kernel-devel-5.14.0-570.12.1.el9_6", "kernel-headers"),
        lacks=(f"linux-headers-{EL_KERNEL}",),
    ),
    Case("a kernel of the site", "1.4", at("rhel9", L40S, kernels="5.14.0-ours"), has=("kernel-devel-5.14.0-ours",)),
    Case("64 KiB pages", "role 3", at("rhel9", GH200, arch="sbsa", kernels="5.14.0-570.el9.aarch64+64k"), has=("kernel-64k-devel-5.14.0-570.el9",)),
    Case("EL's kernel is held", "1.4", at("rhel9", L40S, kernels=EL_KERNEL), contains={"holds": ("kernel", "kernel-modules-extra", "kernel-headers")}),
    Case("no kernel given", "1.4", at("ubuntu2404", L40S), warning="No kernel was given"),
    Case("nouveau", "1.7", at("ubuntu2404", L40S), equal={"modprobe": ("blacklist nouveau", "options nouveau modeset=0"), "rebuild_initramfs": True}),
    Case("nova", "1.7", at("ubuntu2404", L40S, kernels="6.17.0-5-generic"), contains={"modprobe": ("blacklist nova_core",)}),
    Case("the first kernel with nova", "tables", at("ubuntu2404", L40S, kernels="6.15.0-1-generic"), contains={"modprobe": ("blacklist nova_core",)}),
    Case("before nova", "1.7", at("ubuntu2404", L40S, kernels=UBUNTU_KERNEL), without={"modprobe": ("blacklist nova_core",)}),
    Case("profiling", "1.7", at("ubuntu2404", L40S), Wish(profiling=True), contains={"modprobe": ("options nvidia NVreg_RestrictProfilingToAdminUsers=0",)}),
    Case("persistence", "1.8", at("rhel9", L40S), contains={"services": ("nvidia-persistenced",)}, has=("nvidia-persistenced-580.*",)),
    Case(
        "Secure Boot with DKMS on Ubuntu",
        "1.11",
        at("ubuntu2404", L40S),
        Wish(secure_boot=True),
        has=("mokutil",),
        equal={"signing_key": "/var/lib/shim-signed/mok/MOK.priv", "signing_certificate": "/var/lib/shim-signed/mok/MOK.der"},
        warning="enroll /var/lib/shim-signed/mok/MOK.der",
        no_warning="NVIDIA's certificate",
        reason="DKMS signs the modules",
        no_reason="Canonical signs",
    ),
    Case("and with the driver of Ubuntu's archive", "1.11", at("ubuntu2404", L40S), Wish(source="distribution", secure_boot=True), no_reason="Canonical signs"),
    Case("and on EL", "1.11", at("rhel9", L40S), Wish(secure_boot=True), equal={"signing_key": "/var/lib/dkms/mok.key"}),
    Case("and on Debian", "1.11", at("debian13", L40S), Wish(secure_boot=True), equal={"signing_key": "/var/lib/dkms/mok.key"}),
    Case("without Secure Boot", "1.11", at("ubuntu2404", L40S), lacks=("mokutil",), equal={"signing_key": ""}),
    Case("DMA-BUF", "1.9", at("ubuntu2404", L40S), equal={"gpudirect": "dma_buf", "kernel_modules": ()}, reason="by DMA-BUF", no_warning="GPUDirect"),
    Case("the first kernel with DMA-BUF", "1.9", at("ubuntu2204", L40S, kernels="5.12.0-1-generic"), equal={"gpudirect": "dma_buf"}),
    Case("DMA-BUF with DOCA", "1.9", at("ubuntu2404", L40S), Wish(rdma="doca"), equal={"gpudirect": "dma_buf"}),
    Case("the oldest kernel counts", "1.9", at("ubuntu2204", L40S, kernels=("5.15.0-1-generic", "5.4.0-1-generic")), equal={"gpudirect": "none"}),
    Case("EL 8 is too old", "1.9", at("rhel8", L40S), warning="GPUDirect RDMA does not work here", equal={"gpudirect": "none"}),
    Case(
        "peermem with DOCA",
        "1.9",
        at("rhel8", L40S),
        Wish(rdma="doca"),
        equal={"gpudirect": "peermem", "kernel_modules": ("nvidia_peermem",)},
        reason="by nvidia-peermem",
    ),
    Case("peermem for proprietary modules", "1.9", at("ubuntu2404", V100), Wish(rdma="doca"), equal={"gpudirect": "peermem"}),
    Case("no RDMA", "1.9", at("ubuntu2404", L40S), Wish(rdma="none"), equal={"gpudirect": "none"}, no_warning="GPUDirect"),
    # The fabric.
    Case(
        "HGX A100",
        "1.6",
        at("ubuntu2404", A100, SWITCH_A100),
        Wish(version=V),
        has=(f"nvidia-fabricmanager={V}-*", f"libnvidia-nscq={V}-*"),
        lacks=("nvlsm", "libnvsdm", "nvidia-imex"),
        equal={"services": ("nvidia-persistenced", "nvidia-fabricmanager", "nvidia-dcgm"), "kernel_modules": ()},
        contains={"holds": ("nvidia-fabricmanager", "libnvidia-nscq")},
        reason="there are NVSwitches",
        no_warning="No NVSwitch",
    ),
    Case("A100 without its NVSwitches", "1.6", at("ubuntu2404", A100), lacks=("nvidia-fabricmanager",), warning="give --pci 10de:1af1"),
    Case("cards have none", "1.6", at("ubuntu2404", "10de:2331"), lacks=("nvidia-fabricmanager", "libnvidia-nscq"), no_warning="NVSwitch"),
    Case("names before 580 for apt", "1.6", at("ubuntu2404", H100, SWITCH_H100), Wish(branch=570), has=("nvidia-fabricmanager-570=570.*",)),
    Case("names before 580 on EL", "1.6", at("rhel9", H100, SWITCH_H100), Wish(branch=570), has=("nvidia-fabric-manager-570.*", "libnvidia-nscq-570-570.*")),
    Case("names from 580 on", "1.6", at("rhel9", H100, SWITCH_H100), Wish(version=V), has=(f"nvidia-fabricmanager-{V}-*", f"libnvidia-nscq-{V}-*")),
    Case(
        "HGX B200",
        "1.6",
        at("ubuntu2404", B200),
        Wish(version=V),
        has=(f"nvidia-fabricmanager={V}-*", "nvlsm", f"libnvsdm={V}-*"),
        lacks=("libnvidia-nscq", "nvidia-imex"),
        equal={"kernel_modules": ("mlx5_ib", "ib_umad"), "services": ("nvidia-persistenced", "nvidia-fabricmanager", "nvidia-dcgm")},
        contains={"holds": ("nvlsm", "libnvsdm")},
        reasons=("the NVLink switches of B200 SXM6 are managed", "nvlsm: Fabric Manager sets up", "mlx5_ib and ib_umad are loaded"),
    ),
    Case("HGX B300", "1.6", at("rhel9", B300), has=("nvidia-fabricmanager-580.*", "nvlsm", "libnvsdm-580.*")),
    Case(
        "B200 with 570",
        "NVIDIA/gpu-driver-container#246",
        at("ubuntu2404", B200),
        Wish(branch=570),
        has=("libnvsdm-570=570.*", "nvidia-fabricmanager-570=570.*"),
    ),
    Case("B200 without RDMA", "1.6", at("ubuntu2404", B200), Wish(rdma="none"), refused="needs an RDMA stack", nearest="RDMA stack inbox"),
    Case("a cloud's kernel", "1.6", at("ubuntu2404", B200, kernels="6.8.0-1020-azure"), has=("linux-modules-extra-6.8.0-1020-azure",)),
    Case("a cloud's kernel without NVLink 5", "1.6", at("ubuntu2404", L40S, kernels="6.8.0-1020-azure"), lacks=("linux-modules-extra-6.8.0-1020-azure",)),
    Case("a cloud's kernel of Debian", "1.6", at("debian13", B200, kernels="6.12.1-azure"), lacks=("linux-modules-extra-6.12.1-azure",)),
    Case("no cloud's kernel", "1.6", at("ubuntu2404", B200, kernels=UBUNTU_KERNEL), lacks=(f"linux-modules-extra-{UBUNTU_KERNEL}",)),
    Case(
        "B200 of an unknown ID",
        "1.6",
        at("ubuntu2404", "10de:2924"),
        has=("nvlsm",),
        warning="10de:2924 is in no table: on x86_64 it is taken for a GPU of a board with NVLink",
    ),
    Case(
        "GB200 of an unknown ID",
        "1.6",
        at("ubuntu2404", "10de:297e", arch="sbsa"),
        has=("nvidia-imex=580.*",),
        warning="on sbsa it is taken for a GPU of a tray",
    ),
    Case("a known ID", "1.6", at("ubuntu2404", B200), no_warning="is in no table"),
    Case(
        "GB200",
        "1.6",
        at("ubuntu2404", GB200, arch="sbsa"),
        Wish(version=V),
        has=(f"nvidia-imex={V}-*",),
        lacks=("nvidia-fabricmanager", "nvlsm", "libnvsdm", "libnvidia-nscq"),
        equal={"services": ("nvidia-persistenced", "nvidia-imex", "nvidia-dcgm"), "masked": (), "kernel_modules": ()},
        contains={"holds": ("nvidia-imex",)},
        without={"modprobe": ("options nvidia NVreg_CreateImexChannel0=1", "options nvidia NVreg_CoherentGPUMemoryMode=driver")},
        reason="IMEX and no Fabric Manager",
    ),
    Case("GB300", "1.6", at("ubuntu2404", GB300, arch="sbsa"), has=("nvidia-imex=580.*",), lacks=("nvidia-fabricmanager",)),
    Case("IMEX before 580", "1.6", at("ubuntu2404", GB200, arch="sbsa"), Wish(branch=570), has=("nvidia-imex-570=570.*",)),
    Case(
        "a rack without a scheduler",
        "1.6",
        at("ubuntu2404", GB200, arch="sbsa"),
        Wish(scheduler="none"),
        contains={"modprobe": ("options nvidia NVreg_CreateImexChannel0=1",)},
    ),
    Case(
        "a rack with Kubernetes",
        "1.6, 1.7",
        at("ubuntu2404", GB200, arch="sbsa"),
        Wish(scheduler="kubernetes"),
        equal={"masked": ("nvidia-imex",), "services": ("nvidia-persistenced", "nvidia-dcgm")},
        contains={"modprobe": ("options nvidia NVreg_CoherentGPUMemoryMode=driver",)},
        without={"modprobe": ("options nvidia NVreg_CreateImexChannel0=1",)},
        reason="the unit nvidia-imex is masked",
    ),
    Case(
        "cards with Kubernetes",
        "1.6",
        at("ubuntu2404", L40S),
        Wish(scheduler="kubernetes"),
        equal={"masked": (), "modprobe": ("blacklist nouveau", "options nouveau modeset=0")},
    ),
    Case(
        "cards without a scheduler", "1.6", at("ubuntu2404", L40S), Wish(scheduler="none"), without={"modprobe": ("options nvidia NVreg_CreateImexChannel0=1",)}
    ),
    Case("Grace Hopper has no IMEX", "1.6", at("ubuntu2404", GH200, arch="sbsa"), lacks=("nvidia-imex", "nvidia-fabricmanager")),
    # CUDA, NCCL, DCGM.
    Case("a toolkit without a driver", "2", at("ubuntu2404", L40S), Wish(cuda="13.0"), has=("cuda-toolkit-13-0",), lacks=("cuda", "cuda-compat-13-0")),
    Case("CUDA 12 on 580", "1.13", at("ubuntu2404", L40S), Wish(cuda="12.9"), has=("cuda-toolkit-12-9",), lacks=("cuda-compat-12-9",)),
    Case("CUDA 13 on 570", "1.13", at("ubuntu2404", L40S), Wish(branch=570, cuda="13.0"), has=("cuda-compat-13-0",), reason="cuda-compat"),
    Case("CUDA 13 on 570 on a gamer's card", "1.13", at("ubuntu2404", RTX), Wish(branch=570, cuda="13.0"), refused="needs cuda-compat", nearest="branch 580"),
    Case("CUDA 13 on Volta", "2", at("ubuntu2404", V100), Wish(cuda="13.0"), refused="does not know V100", nearest="CUDA 12.9"),
    Case("CUDA 12.9 on Volta", "2", at("ubuntu2404", V100), Wish(cuda="12.9"), has=("cuda-toolkit-12-9",)),
    Case("CUDA of Debian", "1.5", at("debian13", L40S), Wish(source="distribution", cuda="12.4"), has=("nvidia-cuda-toolkit",), lacks=("cuda-toolkit-12-4",)),
    Case("another CUDA of Debian", "1.5", at("debian13", L40S), Wish(source="distribution", cuda="13.0"), refused="packages CUDA 12.4", nearest="CUDA 12.4"),
    Case("CUDA beside Ubuntu's driver", "1.5", at("ubuntu2404", L40S), Wish(source="distribution", cuda="13.0"), refused="don't mix"),
    Case(
        "NCCL for the driver's CUDA",
        "2",
        at("ubuntu2404", L40S),
        has=("libnccl2",),
        contains={"pins": ("version *+cuda13.*",), "holds": ("libnccl2",)},
        no_warning="NCCL",
    ),
    Case(
        "NCCL on Debian from NVIDIA",
        "2",
        at("debian13", L40S),
        Wish(nccl="2.30.7-1"),
        has=("libnccl2=2.30.7-1+cuda13.*",),
        without={"specs": ("libnccl2=2.30.7-*",)},
    ),
    Case("NCCL on EL for the driver's CUDA", "2", at("rhel9", L40S), has=("libnccl-*+cuda13.*",)),
    Case("NCCL for Volta's CUDA", "2", at("ubuntu2404", V100), contains={"pins": ("version *+cuda12.*",)}),
    Case("NCCL for the toolkit", "2", at("ubuntu2404", L40S), Wish(nccl="2.30.7-1", cuda="12.9"), has=("libnccl2=2.30.7-1+cuda12.9",)),
    Case(
        "NCCL without its revision",
        "2",
        at("ubuntu2404", L40S),
        Wish(nccl="2.30.7"),
        has=("libnccl2=2.30.7-1+cuda13.*",),
        without={"pins": ("version *+cuda13.*",)},
    ),
    Case("NCCL on EL", "2", at("rhel9", L40S), Wish(nccl="2.30.7-1"), has=("libnccl-2.30.7-1+cuda13.*",), lacks=("libnccl2",)),
    Case(
        "DCGM for the driver's CUDA",
        "3",
        at("ubuntu2404", L40S),
        has=("datacenter-gpu-manager-4-cuda13", "datacenter-gpu-manager-4-proprietary-cuda13"),
        lacks=("datacenter-gpu-manager-4-cuda12",),
        contains={"absent": ("datacenter-gpu-manager",), "services": ("nvidia-dcgm",)},
        reason="DCGM for CUDA 13, the major",
        no_warning="DCGM",
    ),
    Case("DCGM for CUDA 12", "3", at("rhel9", L40S), Wish(branch=570), has=("datacenter-gpu-manager-4-cuda12",), lacks=("datacenter-gpu-manager-4-cuda13",)),
    Case(
        "DCGM for Volta on 580",
        "3",
        at("ubuntu2404", V100),
        has=("datacenter-gpu-manager-4-cuda12", "datacenter-gpu-manager-4-cuda13"),
        reason="DCGM for CUDA 12 beside it",
    ),
    Case(
        "DCGM for Volta on 570",
        "3",
        at("ubuntu2404", V100),
        Wish(branch=570),
        has=("datacenter-gpu-manager-4-cuda12",),
        lacks=("datacenter-gpu-manager-4-cuda13",),
    ),
    Case("DCGM for Volta on 570, once", "3", at("ubuntu2404", V100), Wish(branch=570), no_reason="beside it"),
    Case("no DCGM for Volta", "3", at("ubuntu2404", V100), Wish(dcgm=False), lacks=("datacenter-gpu-manager-4-cuda12",)),
    Case("no DCGM wished of Debian", "3", at("debian13", L40S), Wish(source="distribution", dcgm=False), no_warning="DCGM"),
    Case("no DCGM", "3", at("ubuntu2404", L40S), Wish(dcgm=False), lacks=("datacenter-gpu-manager-4-cuda13",), without={"absent": ("datacenter-gpu-manager",)}),
    # What no stack is for.
    Case("AMD", "issue 5", at("ubuntu2404", "1002:74a1"), refused="of AMD"),
    Case("a network adapter", "1.6", at("ubuntu2404", "15b3:1021"), refused="in no table of GPUs"),
    Case("NVSwitches alone", "1.6", at("ubuntu2404", SWITCH_A100), refused="no GPU among"),
)
