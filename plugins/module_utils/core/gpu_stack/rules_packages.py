# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The driver's packages by source and system, what their repository needs, and the headers to build for. The order is that of installation."""

from __future__ import annotations

import re

from . import tables
from .draft import Draft, kernel_flavour
from .model import AptPin

# Packages that NVIDIA has for Debian and Debian has not, and the other way round: what a change of the source leaves behind.
_NVIDIA_ALONE = ("nvidia-open", "cuda-drivers", "nvidia-driver-cuda", "nvidia-kernel-open-dkms")
_DEBIAN_ALONE = ("nvidia-open-kernel-dkms", "nvidia-tesla-535-kernel-dkms")
_EL_KERNEL = re.compile(r"(?P<version>.+?)\.(?:x86_64|aarch64)(?:\+(?P<variant>\w+))?")


def nvidia_repository(draft: Draft) -> None:
    """Key and list come as a package (apt) or a .repo file (dnf)."""
    if draft.from_nvidia and draft.manager == "apt":
        draft.repository_package = "cuda-keyring"


def debian_components(draft: Draft) -> None:
    """Debian's own driver is outside main; NVIDIA's for Debian depends on what is in contrib."""
    if draft.os.family != "debian":
        return
    draft.archive.extend(tables.DEBIAN_COMPONENTS if draft.in_debian_archive else ("contrib",))


def ubuntu_components(draft: Draft) -> None:
    """Canonical's driver is in restricted, Fabric Manager in multiverse."""
    if draft.in_ubuntu_archive:
        draft.archive.extend(tables.UBUNTU_COMPONENTS)


def epel_for_dkms(draft: Draft) -> None:
    """EL has no dkms; EPEL has, and needs CRB (PowerTools)."""
    if draft.os.family == "rhel" and draft.build == "dkms":
        draft.archive.extend(("epel", "crb"))
        draft.because("EPEL and CRB: dkms comes from there.")


def other_source_is_kept_out(draft: Draft) -> None:
    """The drivers of NVIDIA and of the distribution share names and overwrite each other's files."""
    if draft.manager != "apt":
        return
    origin = {"ubuntu": "Ubuntu", "debian": "Debian"}[draft.os.family]
    pin = f"release o={origin}" if draft.from_nvidia else f"release l={tables.NVIDIA_LABEL}"
    draft.pins.append(AptPin(tables.DRIVER_PACKAGES, pin, -1))
    draft.because(f"packages of the driver from {origin if draft.from_nvidia else 'NVIDIA'} are shut out: the two don't mix.")


def doca_brings_its_own_mft(draft: Draft) -> None:
    """NVIDIA's repository has the firmware tools at another pace than DOCA, whose kernel module must fit them."""
    if draft.wish.rdma == "doca" and draft.os.family == "rhel":
        draft.excludes.extend(tables.MFT_PACKAGES)


def pinning_package(draft: Draft) -> None:
    """It makes apt take every package of the driver from one branch or version, and must be there first."""
    if draft.from_nvidia and draft.manager == "apt" and draft.branch.number >= tables.UNIFORM_EXTRAS:
        draft.add("pinning", f"nvidia-driver-pinning-{draft.wish.version or draft.branch.number}")


def module_stream(draft: Draft) -> None:
    """On EL 8 and 9 a module stream chooses branch and flavour. Without it dnf takes the newest of all."""
    if draft.os.streams:
        kind = {"open": "-open", "proprietary": "-dkms"}[draft.flavour] if draft.build == "dkms" else ""
        draft.module_stream = f"nvidia-driver:{draft.branch.number}{kind}"


def apt_headers(draft: Draft) -> None:
    """DKMS builds for the kernels whose headers are there, whether they run or not."""
    if draft.build == "dkms" and draft.manager == "apt":
        draft.add("headers", *(f"linux-headers-{kernel}" for kernel in draft.kernels))


def el_headers(draft: Draft) -> None:
    """EL has a package kernel-devel for each kernel, and another one for the kernel with 64 KiB pages."""
    if draft.build != "dkms" or draft.os.family != "rhel":
        return
    for kernel in draft.kernels:
        match = _EL_KERNEL.fullmatch(kernel)
        variant = f"{match['variant']}-" if match and match["variant"] else ""
        draft.add("headers", f"kernel-{variant}devel", version=match["version"] if match else kernel)
    draft.add("headers", "kernel-headers")


def no_kernel_given(draft: Draft) -> None:
    if draft.build == "dkms" and not draft.kernels:
        draft.warnings.append("No kernel was given: headers are left out, and DKMS builds for none where they are missing.")


def ubuntu_names_with_branch(draft: Draft) -> None:
    """NVIDIA's packages for Ubuntu, up to branch 580."""
    if draft.from_nvidia and draft.os.family == "ubuntu" and draft.branch.number < tables.NO_NAMED_BRANCHES:
        draft.add("driver", f"{'nvidia-open' if draft.open else 'cuda-drivers'}-{draft.branch.number}", lockstep=True)


def ubuntu_names_without_branch(draft: Draft) -> None:
    """NVIDIA's packages for Ubuntu, from branch 590 on: the branch is chosen by pinning."""
    if draft.from_nvidia and draft.os.family == "ubuntu" and draft.branch.number >= tables.NO_NAMED_BRANCHES:
        draft.add("driver", "nvidia-open" if draft.open else "cuda-drivers", lockstep=True)


def debian_names(draft: Draft) -> None:
    """NVIDIA's packages for Debian never had the branch in their names. Without a desktop's parts from 560 on."""
    if not draft.from_nvidia or draft.os.family != "debian":
        return
    if draft.branch.number >= tables.COMPUTE_ONLY:
        draft.add("driver", "nvidia-kernel-open-dkms" if draft.open else "nvidia-kernel-dkms", "nvidia-driver-cuda", "nvidia-persistenced", lockstep=True)
    else:
        draft.add("driver", "nvidia-open" if draft.open else "cuda-drivers", lockstep=True)


def el_names(draft: Draft) -> None:
    """NVIDIA's packages for EL without a desktop's parts. Precompiled modules are drawn in by the stream."""
    if draft.os.family != "rhel":
        return
    if draft.build == "dkms":
        draft.add("driver", "kmod-nvidia-open-dkms" if draft.open else "kmod-nvidia-latest-dkms", lockstep=True)
    draft.add("driver", "nvidia-driver-cuda", "nvidia-persistenced", lockstep=True)


def debian_archive_names(draft: Draft) -> None:
    """Debian's own packages, without the X server that nvidia-driver depends on. nvidia-persistenced has a version of its own."""
    driver = draft.debian_driver
    if driver is None:
        return
    draft.add("driver", "nvidia-open-kernel-dkms" if draft.open else f"nvidia-{driver.infix}kernel-dkms", *_debian_libraries(driver), lockstep=True)
    draft.add("driver", "nvidia-persistenced")


def _debian_libraries(driver: tables.ArchiveDriver) -> tuple[str, ...]:
    infix = driver.infix
    return (f"libnvidia-{infix}cuda1" if infix else "libcuda1", f"libnvidia-{infix}ml1", f"libnvidia-{infix}cfg1", f"nvidia-{infix}smi")


def debian_archive_module_name(draft: Draft) -> None:
    """Debian's modules have other names behind the alias nvidia; options are heard under those alone."""
    driver = draft.debian_driver
    if driver is not None:
        draft.driver_module = "nvidia-tesla-535" if driver.infix else "nvidia-current-open" if draft.open else "nvidia-current"
        draft.because(f"module options are for {draft.driver_module}: Debian's packages call the module so.")


def ubuntu_archive_names(draft: Draft) -> None:
    """Canonical keeps the branch in the names, and has a variant for servers of branches that live long."""
    if not draft.in_ubuntu_archive:
        return
    server = "-server" if tables.UBUNTU_BRANCHES[draft.branch.number] else ""
    base = f"{draft.branch.number}{server}"
    flavour = f"{base}-open" if draft.open else base
    if draft.build == "precompiled":
        # Their version is the kernel's, not the driver's.
        draft.add("driver", *(f"linux-modules-nvidia-{flavour}-{kernel}" for kernel in draft.kernels))
        draft.add("driver", f"nvidia-headless-no-dkms-{flavour}", f"nvidia-utils-{base}", lockstep=True)
    else:
        draft.add("driver", f"nvidia-headless-{flavour}", f"nvidia-utils-{base}", lockstep=True)


def kernels_stay(draft: Draft) -> None:
    """A kernel that nobody asked for would boot without a driver."""
    if not draft.kernels:
        return
    if draft.os.family == "rhel":
        draft.holds.extend(tables.EL_KERNEL_PACKAGES)
    else:
        for flavour in dict.fromkeys(filter(None, map(kernel_flavour, draft.kernels))):
            draft.holds.extend((f"linux-image-{flavour}", f"linux-headers-{flavour}"))
        if draft.os.family == "ubuntu":
            # The newer kernels of a release for long-term support are drawn in by packages of their own.
            release = draft.os.title.split()[1]
            draft.holds.extend((f"linux-image-generic-hwe-{release}", f"linux-headers-generic-hwe-{release}"))
    draft.because("the kernel's packages are held: one that was not asked for would boot without a driver.")


def pieces_stay(draft: Draft) -> None:
    """What NVIDIA's meta packages draw in is held, too: holding the meta package holds itself alone."""
    if not draft.from_nvidia:
        return
    if draft.os.family == "ubuntu":
        branch = f"-{draft.branch.number}" if draft.branch.number < tables.NO_NAMED_BRANCHES else ""
        pieces = [f"{name}{branch}{'-open' if draft.open else ''}" for name in ("nvidia-dkms", "nvidia-driver")]
        draft.holds.extend((*pieces, *(f"{name}{branch}" for name in ("libnvidia-compute", "libnvidia-cfg1", "nvidia-utils"))))
    elif draft.os.family == "rhel":
        draft.holds.extend(tables.EL_PIECES)


def other_driver_of_debian_goes(draft: Draft) -> None:
    """Debian's drivers can be installed side by side, and an alternative chooses one: here is one only. NVIDIA's goes, too."""
    if not draft.in_debian_archive:
        return
    names = ["nvidia-open-kernel-dkms", *_NVIDIA_ALONE]
    for driver in tables.DEBIAN_DRIVERS[draft.os.name]:
        names += [f"nvidia-{driver.infix}kernel-dkms", *_debian_libraries(driver)]
    _not_installed(draft, names)


def other_driver_of_nvidia_goes(draft: Draft) -> None:
    """The meta packages of another branch, and the modules of the other flavour."""
    if not draft.from_nvidia:
        return
    if draft.os.family == "ubuntu":
        named = [f"-{number}" for number in tables.BRANCHES if number < tables.NO_NAMED_BRANCHES]
        _not_installed(draft, [f"{meta}{branch}" for branch in ("", *named) for meta in ("nvidia-open", "cuda-drivers")])
    elif draft.os.family == "debian":
        other = ["cuda-drivers", "nvidia-kernel-dkms"] if draft.open else ["nvidia-open", "nvidia-kernel-open-dkms"]
        _not_installed(draft, [*other, *_DEBIAN_ALONE])
    else:
        _not_installed(draft, ["kmod-nvidia-open-dkms", "kmod-nvidia-latest-dkms"])


def _not_installed(draft: Draft, names: list[str]) -> None:
    """Have those removed that are not to be installed."""
    wanted = {package.name for package in draft.packages}
    draft.absent.extend(name for name in names if name not in wanted)


def left_over_from_precompiled(draft: Draft) -> None:
    """What belongs to precompiled modules on EL is in the way of DKMS."""
    if draft.os.family == "rhel" and draft.build == "dkms":
        draft.absent.append("nvidia-kmod-headers")


RULES = (
    nvidia_repository,
    debian_components,
    ubuntu_components,
    epel_for_dkms,
    other_source_is_kept_out,
    doca_brings_its_own_mft,
    pinning_package,
    module_stream,
    apt_headers,
    el_headers,
    no_kernel_given,
    ubuntu_names_with_branch,
    ubuntu_names_without_branch,
    debian_names,
    el_names,
    debian_archive_names,
    debian_archive_module_name,
    ubuntu_archive_names,
    kernels_stay,
    pieces_stay,
    other_driver_of_debian_goes,
    other_driver_of_nvidia_goes,
    left_over_from_precompiled,
)
