# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of NVIDIA's driver branches, GPU generations, repositories and archives: the figures that the rules read.

Sources, named in the comments by these words:

- *support table*: NVIDIA, supported drivers and CUDA toolkit versions (docs.nvidia.com, of driver 615).
- *guide 610*, *guide 615*, *guide 620*: NVIDIA's driver installation guide of that branch.
- *pci.ids*: the PCI ID database (pci-ids.ucw.cz) of 2026-10-24.
- *Ubuntu*: packages.ubuntu.com. *Debian*: the archive's package lists of November 2026.
- *gpu-operator*: NVIDIA's GPU Operator, its documentation of supported platforms.
- *azhpc*: Azure/azhpc-images. *deepops*: NVIDIA/deepops, its package sets of DGX OS 7.
- *assumed*: no source at hand; to be checked on a machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AS_OF = "2026-11-22"
"""When the tables were made: what had ended by then is called ended where no other date is given."""


@dataclass(frozen=True)
class Branch:
    """A branch of the driver."""

    number: int
    designation: str
    end: str
    """The month after which it gets no fixes, ``2028-06``; empty: not known."""
    cuda_major: int
    """The newest CUDA that it runs without a compatibility package."""
    proprietary: bool
    """Whether the proprietary kernel modules exist."""


# support table, but for what comments say.
BRANCHES: dict[int, Branch] = {
    branch.number: branch
    for branch in (
        Branch(535, "LTS", "2026-06", 12, True),
        Branch(550, "old production", "2026-06", 12, True),  # end: not in the support table any more; assumed to be the month of 535's
        Branch(570, "old production", "2026-06", 12, True),  # likewise
        Branch(580, "LTS", "2028-06", 13, True),
        Branch(590, "new feature, superseded by 595", "", 13, True),
        Branch(595, "production", "2027-03", 13, True),
        Branch(610, "new feature", "2026-08", 13, True),
        Branch(615, "new", "", 13, False),  # Ubuntu: nvidia-headless-615 is a transitional package to the open one
        Branch(620, "new", "", 13, False),  # guide 620: proprietary modules removed; CUDA 13 assumed
    )
}
DEFAULT_BRANCH = 580  # support table: the LTS branch, supported until 2028
NO_NAMED_BRANCHES = 590  # guide 610, recent updates: from here on NVIDIA's packages for Ubuntu have no branch in their names
UNIFORM_EXTRAS = 580  # azhpc: from here on Fabric Manager and its kin have no branch in their names; the pinning packages exist
COMPUTE_ONLY = 560  # guide 590, compute-only installation: from here on the driver comes without a desktop's parts on Debian, too


@dataclass(frozen=True)
class Generation:
    """GPUs that one driver treats alike."""

    name: str
    open: Literal["no", "yes", "only"]
    """Whether the open kernel modules run it, or nothing else does."""
    first_branch: int
    last_branch: int | None
    cuda12_only: bool = False
    """Whether CUDA 13 dropped it."""


# guide 610, kernel modules: open from Turing on; 580 is the last branch for Maxwell, Pascal and Volta (support table). Proprietary modules don't
# run Grace Hopper and Blackwell. A first branch of 0: older than every branch here.
KEPLER = Generation("Kepler", "no", 0, 470, True)
MAXWELL = Generation("Maxwell", "no", 0, 580, True)
PASCAL = Generation("Pascal", "no", 0, 580, True)
VOLTA = Generation("Volta", "no", 0, 580, True)
TURING = Generation("Turing", "yes", 0, None)
AMPERE = Generation("Ampere", "yes", 0, None)
ADA = Generation("Ada", "yes", 0, None)
HOPPER = Generation("Hopper", "yes", 0, None)
GRACE_HOPPER = Generation("Grace Hopper", "only", 550, None)  # first branch: assumed
BLACKWELL = Generation("Blackwell", "only", 570, None)  # gpu-operator: HGX B200 from 570.133.20 on
BLACKWELL_ULTRA = Generation("Blackwell Ultra", "only", 580, None)  # first branch: assumed
HGX_B200_VERSION = "570.133.20"  # gpu-operator

# The device IDs of GPUs by chip, first and last (pci.ids). Audio and USB functions of the same cards, and NVSwitches, are outside.
CHIPS: tuple[tuple[int, int, str, Generation], ...] = (
    (0x0FC0, 0x0FFF, "GK10x", KEPLER),
    (0x1001, 0x103F, "GK110, GK210", KEPLER),
    (0x1180, 0x11FF, "GK104, GK106", KEPLER),
    (0x1280, 0x12FF, "GK208", KEPLER),
    (0x1340, 0x13FF, "GM10x, GM204", MAXWELL),
    (0x1400, 0x143F, "GM206", MAXWELL),
    (0x15F0, 0x15FF, "GP100", PASCAL),
    (0x1617, 0x1667, "GM204", MAXWELL),
    (0x1725, 0x172F, "GP100", PASCAL),
    (0x174D, 0x17FF, "GM10x, GM200", MAXWELL),
    (0x1B00, 0x1D7F, "GP10x", PASCAL),
    (0x1D80, 0x1DFF, "GV100", VOLTA),
    (0x1E00, 0x1FFF, "TU10x, TU117", TURING),
    (0x2080, 0x20FF, "GA100", AMPERE),
    (0x2180, 0x21FF, "TU116", TURING),
    (0x2200, 0x223F, "GA102", AMPERE),
    (0x2300, 0x23FF, "GH100", HOPPER),
    (0x2414, 0x25FF, "GA103, GA104, GA106, GA107", AMPERE),
    (0x2680, 0x28FF, "AD10x", ADA),
    (0x2900, 0x29FF, "GB100", BLACKWELL),
    (0x2B80, 0x2BFF, "GB202", BLACKWELL),
    (0x2C00, 0x2DFF, "GB203, GB206, GB207", BLACKWELL),
    (0x2F00, 0x2FFF, "GB205", BLACKWELL),
    (0x3180, 0x31FF, "GB110", BLACKWELL_ULTRA),
)
# Chips that are in cards and boards for data centres alone, but for the three below (pci.ids).
DATA_CENTRE_CHIPS = ("GP100", "GV100", "GA100", "GH100", "GB100", "GB110")
WORKSTATION_CARDS = ("10de:15f0", "10de:1d81", "10de:1dba")  # Quadro GP100, TITAN V, Quadro GV100
# Cards for data centres with a chip that is in other cards, too (pci.ids). Those of hardware.platforms are known from there.
DATA_CENTRE_CARDS: dict[str, str] = {
    "10de:13bd": "M10",
    "10de:13f2": "M60",
    "10de:17fd": "M40",
    "10de:1b38": "P40",
    "10de:1bb3": "P4",
    "10de:1eb8": "T4",
    "10de:2235": "A40",
    "10de:2236": "A10",
    "10de:25b6": "A2, A16",
    "10de:26b5": "L40",
    "10de:27b8": "L4",
}

# How a GPU is built in. "sxm": on a board that has NVSwitches where it has eight GPUs; "nvlink5": on a board with NVLink switches that its own node
# manages; "nvl_tray": in a tray of a rack whose switches are managed elsewhere; "grace": a Grace Hopper module.
Board = Literal["card", "sxm", "nvlink5", "nvl_tray", "grace"]
# Boards that hardware.platforms has no figures for (pci.ids).
BOARDS: dict[str, tuple[str, Board]] = {
    "10de:2337": ("H100 SXM5 64GB", "sxm"),
    "10de:2338": ("H100 SXM5 96GB", "sxm"),
    "10de:2339": ("H100 SXM5 94GB", "sxm"),
    "10de:232c": ("H20 HBM3e", "sxm"),
    "10de:2342": ("GH200 120GB", "grace"),
    "10de:2348": ("GH200 144GB HBM3e", "grace"),
    "10de:2909": ("HGX B200 168GB", "nvlink5"),
    "10de:290a": ("B200", "nvlink5"),
    "10de:29bc": ("B100", "nvlink5"),
    "10de:31a1": ("GB300 MaxQ", "nvl_tray"),
    "10de:31c2": ("GB300", "nvl_tray"),
    "10de:31c3": ("GB300-252", "nvl_tray"),
}
# NVSwitches that the node itself manages, by the generation of the GPUs beside them (pci.ids; NVLink 5 switches are not on the bus as such).
NVSWITCHES: dict[str, str] = {"Ampere": "10de:1af1", "Hopper": "10de:22a3"}


@dataclass(frozen=True)
class Os:
    """A release of an operating system."""

    name: str
    """As NVIDIA's repository calls it."""
    family: Literal["ubuntu", "debian", "rhel"]
    title: str
    kernel: tuple[int, int]
    """That of its release."""
    repository: tuple[str, ...]
    """The architectures that NVIDIA has a repository for; empty: none."""
    streams: bool = False
    """Whether NVIDIA's packages are in module streams."""


_BOTH = ("x86_64", "sbsa")
# guide 610, introduction: the systems and architectures of the repository (RHEL 8 on ARM by its older editions); guide 620: streams on EL 8 and 9,
# not on 10. Kernels: the distributions' releases.
SYSTEMS: dict[str, Os] = {
    system.name: system
    for system in (
        Os("ubuntu2204", "ubuntu", "Ubuntu 22.04", (5, 15), _BOTH),
        Os("ubuntu2404", "ubuntu", "Ubuntu 24.04", (6, 8), _BOTH),
        Os("ubuntu2604", "ubuntu", "Ubuntu 26.04", (7, 0), _BOTH),
        Os("debian12", "debian", "Debian 12", (6, 1), ("x86_64",)),
        Os("debian13", "debian", "Debian 13", (6, 12), ("x86_64",)),
        Os("debiansid", "debian", "Debian sid", (6, 12), ()),
        Os("rhel8", "rhel", "EL 8", (4, 18), _BOTH, streams=True),
        Os("rhel9", "rhel", "EL 9", (5, 14), _BOTH, streams=True),
        Os("rhel10", "rhel", "EL 10", (6, 12), _BOTH),
    )
}
# What is built from the sources of RHEL, by the names of os-release.
EL_KIN = ("rhel", "rocky", "almalinux", "centos", "ol", "oraclelinux", "el")
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "sbsa": "sbsa", "aarch64": "sbsa", "arm64": "sbsa"}


@dataclass(frozen=True)
class ArchiveDriver:
    """A driver in Debian's archive."""

    branch: int
    version: str
    """Of November 2026; point releases of the distribution move it on."""
    infix: str
    """In the names of its packages: ``tesla-535-`` for nvidia-tesla-535-kernel-dkms."""
    open: bool
    """Whether the open modules of the same version are in the archive."""


# Debian: nvidia-graphics-drivers, nvidia-open-gpu-kernel-modules, nvidia-graphics-drivers-tesla-535. The first one is what the suite prefers.
# nvidia-open-kernel-dkms exists in one version per suite, that of nvidia-driver. bookworm-backports and its tesla-535 are left out: both are
# older than what bookworm itself has.
DEBIAN_DRIVERS: dict[str, tuple[ArchiveDriver, ...]] = {
    "debian12": (ArchiveDriver(535, "535.261.03", "", True),),
    "debian13": (ArchiveDriver(550, "550.163.01", "", True), ArchiveDriver(535, "535.274.02", "tesla-535-", False)),
    "debiansid": (ArchiveDriver(550, "550.163.01", "", True), ArchiveDriver(535, "535.274.02", "tesla-535-", False)),
}
DEBIAN_COMPONENTS = ("contrib", "non-free", "non-free-firmware")  # Debian: modules and tools; the driver; firmware-nvidia-gsp
DEBIAN_NCCL = ("debian13", "debiansid")  # Debian: libnccl2 in contrib; bookworm has none
DEBIAN_CUDA = {"debian12": "11.8", "debian13": "12.4", "debiansid": "12.4"}  # Debian: nvidia-cuda-toolkit

# Ubuntu: branches in its archive, and whether in the variant for servers, which is the one that Fabric Manager goes with. 590 is an empty package
# that leads to 595; 620 is not there.
UBUNTU_BRANCHES = {535: True, 550: True, 570: True, 580: True, 595: True, 610: False, 615: False}
UBUNTU_COMPONENTS = ("restricted", "multiverse")
# Flavours of Ubuntu's kernel whose image comes without ib_umad: it is in linux-modules-extra (spectrocloud/CanvOS#700).
CLOUD_FLAVOURS = ("aws", "azure", "gcp", "ibm", "kvm", "oracle")

# Packages that the other source must not supply: same names, different contents (Debian, guide 610).
DRIVER_PACKAGES = "nvidia-* libnvidia-* libcuda1 libcudadebugger1 linux-modules-nvidia-* cuda-drivers*"
NVIDIA_LABEL = "NVIDIA CUDA"  # the label in the Release file of NVIDIA's repository, copies of it included

# azhpc, linux-system-roles/hpc: what must stay for a module to fit.
EL_KERNEL_PACKAGES = ("kernel", "kernel-core", "kernel-modules", "kernel-modules-extra", "kernel-devel", "kernel-devel-matched", "kernel-headers")
# guide 610, version locking: what the driver's packages draw in on EL.
EL_PIECES = ("nvidia-kmod-common", "nvidia-driver-cuda-libs", "libnvidia-cfg", "libnvidia-ml", "nvidia-modprobe")
MFT_PACKAGES = ("mft*", "kernel-mft*")  # azhpc: NVIDIA's repository has them at another pace than DOCA

MOK_UBUNTU = ("/var/lib/shim-signed/mok/MOK.priv", "/var/lib/shim-signed/mok/MOK.der")
MOK_DKMS = ("/var/lib/dkms/mok.key", "/var/lib/dkms/mok.pub")  # dkms 3 and later
DMA_BUF_KERNEL = (5, 12)  # the first kernel whose verbs can register a DMA-BUF
NOVA_KERNEL = (6, 15)  # assumed: the first kernel with nova_core, which takes GPUs from Turing on
