# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A stack while the rules work on it. It begins as nobody would want it: the newest branch, proprietary modules, nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..errors import CoreError
from . import tables
from .gpus import Devices, identify
from .model import SOURCES, AptPin, Build, Flavour, GpuDirect, Manager, NodeHardware, Package, Reason, RefusalError, Stack, Wish
from .tables import ArchiveDriver, Branch, Os

_OS = re.compile(r"([a-z]+)([0-9]*)(?:\.[0-9]+)*")
_VERSION = re.compile(r"\d{3}(?:\.\d{2,3}){1,2}")
_KERNEL = re.compile(r"(\d+)\.(\d+)")
_CUDA = re.compile(r"\d{2}\.\d{1,2}")
_NCCL = re.compile(r"\d+\.\d+\.\d+(?:-\d+)?")


class Draft:
    """What the rules read and write. ``rule`` is the name of the one at work; it becomes that of the reasons given."""

    def __init__(self, node: NodeHardware, wish: Wish, today: str) -> None:
        if wish.source not in SOURCES:
            raise CoreError(f"{wish.source!r} is not a source of drivers.", hint=f"There are: {', '.join(SOURCES)}.")
        self.wish = wish
        self.today = today
        self.os = read_os(node.os)
        self.architecture = read_architecture(node.architecture)
        self.kernels = tuple(dict.fromkeys(node.kernels))
        self.versions = tuple(map(kernel_version, self.kernels)) or (self.os.kernel,)
        self.devices: Devices = identify(node.pci_ids, self.architecture)
        self.wished_branch = _wished_branch(wish)
        _check(_CUDA, wish.cuda, "a version of CUDA", "13.0")
        _check(_NCCL, wish.nccl, "a version of NCCL", "2.30.7-1")

        self.branch: Branch = tables.BRANCHES[self.wished_branch or max(tables.BRANCHES)]
        self.flavour: Flavour = "proprietary"
        self.build: Build = "dkms"
        self.repository_package = ""
        self.excludes: list[str] = []
        self.archive: list[str] = []
        self.module_stream = ""
        self.packages: list[Package] = []
        self.absent: list[str] = []
        self.holds: list[str] = []
        self.pins: list[AptPin] = []
        self.services: list[str] = []
        self.masked: list[str] = []
        self.kernel_modules: list[str] = []
        self.modprobe: list[str] = []
        self.rebuild_initramfs = False
        self.gpudirect: GpuDirect = "none"
        self.driver_module = "nvidia"
        self.signing = ("", "")
        self.reasons: list[Reason] = []
        self.warnings: list[str] = []
        self.rule = ""

    @property
    def manager(self) -> Manager:
        return "dnf" if self.os.family == "rhel" else "apt"

    @property
    def from_nvidia(self) -> bool:
        """Whether the packages have the names of NVIDIA's repository: a mirror is a copy of it."""
        return self.wish.source != "distribution"

    @property
    def debian_driver(self) -> ArchiveDriver | None:
        """The driver of the branch in Debian's archive, where that is the source."""
        drivers = tables.DEBIAN_DRIVERS.get(self.os.name, ()) if self.wish.source == "distribution" else ()
        return next((driver for driver in drivers if driver.branch == self.branch.number), None)

    @property
    def in_ubuntu_archive(self) -> bool:
        return self.wish.source == "distribution" and self.os.family == "ubuntu"

    @property
    def in_debian_archive(self) -> bool:
        return self.wish.source == "distribution" and self.os.family == "debian"

    @property
    def open(self) -> bool:
        return self.flavour == "open"

    @property
    def can_open(self) -> bool:
        """Whether the open modules run every GPU of the node."""
        return all(gpu.generation.open != "no" for gpu in self.devices.gpus)

    @property
    def must_open(self) -> bool:
        """Whether a GPU of the node runs with nothing but the open modules."""
        return any(gpu.generation.open == "only" for gpu in self.devices.gpus)

    def names(self, *boards: str) -> str:
        """Return the GPUs that are built in so, in words; empty for none."""
        return ", ".join(gpu.name for gpu in self.devices.gpus if gpu.board in boards)

    def because(self, sentence: str) -> None:
        self.reasons.append(Reason(self.rule, sentence))

    def refuse(self, sentence: str, hint: str = "") -> RefusalError:
        return RefusalError(sentence, hint=hint)

    def add(self, component: str, *names: str, version: str = "", lockstep: bool = False) -> None:
        self.packages.extend(Package(name, component, version, lockstep) for name in names)

    def finish(self) -> Stack:
        system = self.os
        uses_nvidia = self.from_nvidia and bool(system.repository)
        return Stack(
            vendor="nvidia",
            gpus=tuple(dict.fromkeys(gpu.name for gpu in self.devices.gpus)),
            os=system.name,
            architecture=self.architecture,
            source=self.wish.source,
            branch=self.branch.number,
            version=self.wish.version,
            modules=self.flavour,
            build=self.build,
            kernels=self.kernels,
            manager=self.manager,
            repository=f"{system.name}/{self.architecture}" if uses_nvidia else "",
            repository_package=self.repository_package,
            repository_excludes=_once(self.excludes),
            archive_components=_once(self.archive),
            module_stream=self.module_stream,
            packages=tuple(dict.fromkeys(self.packages)),
            absent=_once(self.absent),
            holds=_once(self.holds),
            pins=tuple(self.pins),
            services=_once(self.services),
            masked=_once(self.masked),
            kernel_modules=_once(self.kernel_modules),
            modprobe=_once(self.modprobe),
            rebuild_initramfs=self.rebuild_initramfs,
            gpudirect=self.gpudirect,
            signing_key=self.signing[0],
            signing_certificate=self.signing[1],
            cuda_major=self.branch.cuda_major,
            reasons=tuple(self.reasons),
            warnings=tuple(self.warnings),
        )


def read_os(text: str) -> Os:
    """Return the system that ``ubuntu2404``, ``Ubuntu 24.04``, ``rocky9.5`` or ``debian13`` names. Raises ``CoreError``."""
    match = _OS.fullmatch(re.sub(r"[\s_-]", "", text.lower()).replace("24.04", "2404").replace("22.04", "2204").replace("26.04", "2604"))
    kind, release = match.groups() if match else ("", "")
    name = ("rhel" if kind in tables.EL_KIN else kind) + release
    if name not in tables.SYSTEMS:
        raise CoreError(f"{text!r} is not a system that stacks are known for.", hint=f"There are: {', '.join(tables.SYSTEMS)}.")
    return tables.SYSTEMS[name]


def read_architecture(text: str) -> str:
    """Return ``x86_64`` or ``sbsa``. Raises ``CoreError``."""
    if text not in tables.ARCHITECTURES:
        raise CoreError(f"{text!r} is not an architecture that stacks are known for.", hint="There are: x86_64, sbsa.")
    return tables.ARCHITECTURES[text]


def kernel_version(text: str) -> tuple[int, int]:
    """Return (6, 8) for ``6.8.0-45-generic``. Raises ``CoreError``."""
    match = _KERNEL.match(text)
    if not match or not re.fullmatch(r"[A-Za-z0-9._+~-]+", text):
        raise CoreError(f"{text!r} is not a kernel.", hint="Write it as uname -r prints it: 6.8.0-45-generic.")
    return int(match[1]), int(match[2])


def kernel_flavour(kernel: str) -> str:
    """Return ``generic`` for ``6.8.0-45-generic``, ``amd64`` for ``6.12.38+deb13-amd64``, ``nvidia-64k`` for ``6.8.0-1018-nvidia-64k``."""
    match = re.search(r"-([a-z][a-z0-9-]*)$", kernel)
    return match[1] if match else ""


def version_key(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _wished_branch(wish: Wish) -> int | None:
    """Return the branch that the wish names, by itself or by its version. Raises ``CoreError``."""
    _check(_VERSION, wish.version, "a version of the driver", "580.173.02")
    of_version = int(wish.version.split(".")[0]) if wish.version else None
    if wish.branch is not None and of_version not in (None, wish.branch):
        raise RefusalError(f"driver {wish.version} is not of branch {wish.branch}.", hint=f"Leave the branch out, or ask for {of_version}.")
    branch = wish.branch if wish.branch is not None else of_version
    if branch is not None and branch not in tables.BRANCHES:
        near = min(tables.BRANCHES, key=lambda number: abs(number - branch))
        known = ", ".join(map(str, tables.BRANCHES))
        raise RefusalError(f"branch {branch} of the driver is not known.", hint=f"The nearest is {near}; there are {known}.")
    return branch


def _check(pattern: re.Pattern[str], text: str, what: str, example: str) -> None:
    if text and not pattern.fullmatch(text):
        raise CoreError(f"{text!r} is not {what}.", hint=f"Write it as in {example}.")


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
