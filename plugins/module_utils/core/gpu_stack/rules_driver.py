# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which driver: its branch, open or proprietary modules, where from, built how. One decision per function, in the order of ``RULES``."""

from __future__ import annotations

from . import tables
from .draft import Draft, version_key


def default_branch(draft: Draft) -> None:
    """Without a wish: the LTS branch, never the newest; from Debian's archive what the suite has."""
    if draft.wished_branch is not None:
        return
    if draft.in_debian_archive:
        driver = tables.DEBIAN_DRIVERS[draft.os.name][0]
        draft.branch = tables.BRANCHES[driver.branch]
        draft.because(f"branch {driver.branch} is the one that {draft.os.title} packages.")
    else:
        draft.branch = tables.BRANCHES[tables.DEFAULT_BRANCH]
        draft.because(f"branch {draft.branch.number} is the {draft.branch.designation} branch, supported until {draft.branch.end}.")


def ended_branch(draft: Draft) -> None:
    """Warn of a branch that gets no fixes any more."""
    branch = draft.branch
    if branch.end and branch.end < draft.today[:7]:
        draft.warnings.append(f"NVIDIA ended branch {branch.number} by {branch.end}: it fixes nothing in it any more, security holes included.")


def grace_is_arm(draft: Draft) -> None:
    """A GPU on NVLink-C2C sits beside a Grace processor."""
    names = draft.names("grace", "nvl_tray")
    if names and draft.architecture != "sbsa":
        raise draft.refuse(f"{names} is on a module with a Grace processor, which is no {draft.architecture}.", "Give --arch sbsa.")


def last_branch_of_old_gpus(draft: Draft) -> None:
    """Maxwell, Pascal and Volta are in no branch after 580."""
    for gpu in draft.devices.gpus:
        last = gpu.generation.last_branch
        if last is not None and draft.branch.number > last:
            raise draft.refuse(f"{gpu.name} ({gpu.generation.name}) is not in branch {draft.branch.number}: the last one for it is {last}.")


def first_branch_of_new_gpus(draft: Draft) -> None:
    """A driver that is older than the GPU does not know it."""
    for gpu in draft.devices.gpus:
        first = gpu.generation.first_branch
        if draft.branch.number < first:
            raise draft.refuse(f"{gpu.name} ({gpu.generation.name}) is not in branch {draft.branch.number}: the first one for it is {first}.")


def first_version_of_hgx_b200(draft: Draft) -> None:
    """The first drivers of branch 570 don't run HGX B200."""
    first = tables.HGX_B200_VERSION
    if not draft.names("nvlink5") or draft.branch.number != int(first.split(".", maxsplit=1)[0]):
        return
    if draft.wish.version and version_key(draft.wish.version) < version_key(first):
        raise draft.refuse(f"HGX B200 needs driver {first} or newer, and {draft.wish.version} is older.")
    if not draft.wish.version:
        draft.warnings.append(f"HGX B200 needs driver {first} or newer: give the version.")


def mixed_generations(draft: Draft) -> None:
    """A node has one driver, and one flavour of modules."""
    if draft.must_open and not draft.can_open:
        old = ", ".join(gpu.name for gpu in draft.devices.gpus if gpu.generation.open == "no")
        new = ", ".join(gpu.name for gpu in draft.devices.gpus if gpu.generation.open == "only")
        raise draft.refuse(f"{old} runs with proprietary modules alone, and {new} with open ones alone.", "Put them into different nodes.")


def old_gpus_need_proprietary(draft: Draft) -> None:
    """The open modules need the GSP that GPUs have from Turing on. Without it they load and find no device."""
    if draft.can_open or draft.must_open:
        return
    old = ", ".join(gpu.name for gpu in draft.devices.gpus if gpu.generation.open == "no")
    if draft.wish.modules == "open":
        raise draft.refuse(f"the open modules don't run {old}: they would load and find no device.")
    draft.because(f"proprietary modules: the open ones don't run {old}.")


def open_from_turing_on(draft: Draft) -> None:
    """NVIDIA's default since branch 560, and what DMA-BUF needs."""
    if draft.can_open and draft.wish.modules != "proprietary":
        draft.flavour = "open"
        draft.because("open modules: every GPU here runs with them.")


def open_is_the_only_one(draft: Draft) -> None:
    """The proprietary modules don't run Grace Hopper, Blackwell, and what comes after them."""
    if draft.must_open and draft.wish.modules == "proprietary":
        names = ", ".join(gpu.name for gpu in draft.devices.gpus if gpu.generation.open == "only")
        raise draft.refuse(f"the open modules are the only ones that run {names}.")


def proprietary_is_gone(draft: Draft) -> None:
    """From branch 615 on there are no packages of proprietary modules."""
    if draft.wish.modules == "proprietary" and not draft.branch.proprietary:
        raise draft.refuse(f"branch {draft.branch.number} has no proprietary modules any more.")


def repository_of_the_system(draft: Draft) -> None:
    """NVIDIA has no repository for Debian on ARM, nor for Debian sid."""
    if draft.from_nvidia and draft.architecture not in draft.os.repository:
        raise draft.refuse(f"NVIDIA has no repository for {draft.os.title} on {draft.architecture}.")


def el_has_no_driver(draft: Draft) -> None:
    """EL itself packages no NVIDIA driver."""
    if draft.wish.source == "distribution" and draft.os.family == "rhel":
        raise draft.refuse(f"{draft.os.title} packages no NVIDIA driver.")


def debian_has_the_branch(draft: Draft) -> None:
    """A Debian suite has one branch, trixie and sid an older one beside it."""
    if draft.in_debian_archive and draft.debian_driver is None:
        known = " and ".join(str(driver.branch) for driver in tables.DEBIAN_DRIVERS[draft.os.name])
        raise draft.refuse(f"{draft.os.title} packages branch {known} of the driver, not {draft.branch.number}.")


def debian_on_x86_64(draft: Draft) -> None:
    """What was looked up of Debian's archive is its amd64."""
    if draft.in_debian_archive and draft.architecture != "x86_64":
        raise draft.refuse(f"Debian's driver is known on x86_64 only, not on {draft.architecture}.")


def debian_has_the_version(draft: Draft) -> None:
    """A suite has one version of a branch at a time."""
    driver = draft.debian_driver
    if driver and draft.wish.version and draft.wish.version != driver.version:
        draft.warnings.append(
            f"{draft.os.title} had driver {driver.version} in {tables.AS_OF[:7]}: the installation fails where {draft.wish.version} is not in the archive."
        )


def debian_tesla_is_proprietary(draft: Draft) -> None:
    """Debian builds the open modules of one version: that of its main driver."""
    driver = draft.debian_driver
    if driver is None or driver.open:
        return
    if draft.wish.modules == "open":
        raise draft.refuse(f"{draft.os.title} has no open modules of branch {driver.branch}.")
    draft.flavour = "proprietary"
    draft.because(f"proprietary modules: {draft.os.title} has no open ones of branch {driver.branch}.")


def ubuntu_has_the_branch(draft: Draft) -> None:
    """590 in Ubuntu's archive is an empty package that leads to 595."""
    if draft.in_ubuntu_archive and draft.branch.number not in tables.UBUNTU_BRANCHES:
        known = ", ".join(map(str, tables.UBUNTU_BRANCHES))
        raise draft.refuse(f"Ubuntu's archive has no branch {draft.branch.number}; it has {known}.")


def precompiled_where_signed(draft: Draft) -> None:
    """Canonical builds and signs modules for its kernels: no compiler on nodes, and Secure Boot works without a key of our own."""
    if draft.wish.build == "precompiled":
        draft.build = "precompiled"
        draft.because("precompiled modules: wished.")
    elif draft.wish.build == "auto" and draft.in_ubuntu_archive and draft.kernels:
        draft.build = "precompiled"
        draft.because("precompiled modules: Canonical builds and signs them for its kernels.")
    else:
        draft.because("DKMS builds the modules for each kernel.")


def precompiled_by_whom(draft: Draft) -> None:
    """Only Canonical, and NVIDIA for EL 8 and 9, have modules that are built already."""
    if draft.build != "precompiled" or draft.in_ubuntu_archive:
        return
    if not draft.os.streams or draft.architecture != "x86_64":
        raise draft.refuse(f"there are no precompiled modules for {draft.os.title} on {draft.architecture} from this source.")


def precompiled_on_el_is_proprietary(draft: Draft) -> None:
    """NVIDIA's precompiled streams for EL have the proprietary modules."""
    if draft.build != "precompiled" or draft.os.family != "rhel":
        return
    if draft.must_open or draft.wish.modules == "open" or not draft.branch.proprietary:
        raise draft.refuse(f"the precompiled modules for {draft.os.title} are proprietary ones.")
    draft.flavour = "proprietary"
    draft.warnings.append("Precompiled modules come later than kernels: a kernel that is newer boots without a driver.")


def precompiled_needs_kernels(draft: Draft) -> None:
    """Canonical's packages have the kernel in their names."""
    if draft.build == "precompiled" and draft.in_ubuntu_archive and not draft.kernels:
        raise draft.refuse("precompiled modules are of one kernel each, and no kernel was given.", "Give --kernel, as uname -r prints it.")


RULES = (
    default_branch,
    ended_branch,
    grace_is_arm,
    last_branch_of_old_gpus,
    first_branch_of_new_gpus,
    first_version_of_hgx_b200,
    mixed_generations,
    old_gpus_need_proprietary,
    open_from_turing_on,
    open_is_the_only_one,
    proprietary_is_gone,
    repository_of_the_system,
    el_has_no_driver,
    debian_on_x86_64,
    debian_has_the_branch,
    debian_has_the_version,
    debian_tesla_is_proprietary,
    ubuntu_has_the_branch,
    precompiled_where_signed,
    precompiled_by_whom,
    precompiled_on_el_is_proprietary,
    precompiled_needs_kernels,
)
