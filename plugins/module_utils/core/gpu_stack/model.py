# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the resolver is asked (``NodeHardware``, ``Wish``) and what it answers (``Stack``, or a ``RefusalError``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import CoreError

Source = Literal["nvidia", "distribution", "mirror"]
Flavour = Literal["open", "proprietary"]
Build = Literal["dkms", "precompiled"]
Manager = Literal["apt", "dnf"]
GpuDirect = Literal["dma_buf", "peermem", "none"]

SOURCES: tuple[Source, ...] = ("nvidia", "distribution", "mirror")


class RefusalError(CoreError):
    """No stack meets the wish on this node. ``hint`` has the nearest wish that can be met."""


@dataclass(frozen=True)
class NodeHardware:
    """The node that the stack is for."""

    pci_ids: tuple[str, ...]
    """Vendor and device of its GPUs and NVSwitches, ``10de:2330``: each device or each kind once. Of other devices none."""
    os: str
    """``ubuntu2404``, ``debian13``, ``debiansid``, ``rhel9``; ``rocky9`` and the like are taken, too."""
    architecture: str = "x86_64"
    """``x86_64``, or ``sbsa`` (ARM servers) as NVIDIA's repository calls it; ``amd64`` and ``aarch64`` are taken, too."""
    kernels: tuple[str, ...] = ()
    """The kernels to build for, as ``uname -r`` prints them; not only the one that happens to run."""


@dataclass(frozen=True)
class Wish:
    """What the site wants. What is left at its default is decided by the hardware."""

    branch: int | None = None
    """Of the driver: 580."""
    version: str = ""
    """Of the driver: ``580.173.02``. Without one the newest of the branch is taken, which is not the same everywhere and always."""
    source: Source = "nvidia"
    """``nvidia``, NVIDIA's repository; ``mirror``, the site's copy of it; ``distribution``, what the distribution packages itself."""
    modules: Literal["auto", "open", "proprietary"] = "auto"
    build: Literal["auto", "dkms", "precompiled"] = "auto"
    secure_boot: bool = False
    rdma: Literal["inbox", "doca", "none"] = "inbox"
    """Whose RDMA stack the node has: the distribution's, DOCA-OFED, or none."""
    scheduler: Literal["slurm", "kubernetes", "none"] = "slurm"
    """Who makes IMEX channels on trays of an NVLink rack: Slurm's switch/nvidia_imex, Kubernetes' ComputeDomains, or the driver."""
    profiling: bool = False
    """Whether users who are not root may read performance counters."""
    cuda: str = ""
    """CUDA toolkit to have: ``13.0``. Empty: none."""
    nccl: str = ""
    """Version of NCCL: ``2.30.7-1``. Empty: the newest that is built for the CUDA in use."""
    dcgm: bool = True


@dataclass(frozen=True)
class Package:
    """A package to install."""

    name: str
    component: str
    """What it is for: pinning, headers, driver, fabricmanager, imex, cuda, nccl, dcgm, signing. Roles take their part by it."""
    version: str = ""
    """As apt and dnf take it: exact, or a beginning with a ``*`` at its end. Empty: none is asked for."""
    lockstep: bool = False
    """Whether it has the driver's version number, and must have exactly the driver's."""

    def spec(self, manager: Manager) -> str:
        """Return what ``apt-get install`` or ``dnf install`` is given: ``name=580.173.02-*``, ``name-580.173.02-*``."""
        return f"{self.name}{'=' if manager == 'apt' else '-'}{self.version}" if self.version else self.name


@dataclass(frozen=True)
class AptPin:
    """A stanza of apt_preferences(5)."""

    packages: str
    pin: str
    priority: int


@dataclass(frozen=True)
class Reason:
    """Why something is as it is."""

    rule: str
    """The rule that decided, by the name of its function."""
    sentence: str


@dataclass(frozen=True)
class Stack:
    """The packages and settings that belong together on a node. Lists are in the order in which they are to be applied."""

    vendor: str
    gpus: tuple[str, ...]
    """The kinds of GPUs that it is for, in words."""
    os: str
    architecture: str
    source: Source
    branch: int
    version: str
    """Empty where the wish named none."""
    modules: Flavour
    build: Build
    kernels: tuple[str, ...]
    manager: Manager
    repository: str
    """Folder of NVIDIA's repository (or of the mirror's copy): ``ubuntu2404/x86_64``. Empty: none is used."""
    repository_package: str
    """The package that sets that repository up, with its key: it comes from the same folder. Empty: a .repo file does."""
    repository_excludes: tuple[str, ...]
    """Packages that must not come from it."""
    archive_components: tuple[str, ...]
    """Components of the distribution's archive that must be on (apt), or repositories beside it (dnf)."""
    module_stream: str
    """To reset and then to enable (dnf): ``nvidia-driver:580-open``. Empty: there are no streams."""
    packages: tuple[Package, ...]
    absent: tuple[str, ...]
    """Packages to remove first."""
    holds: tuple[str, ...]
    """Packages to hold back from upgrades (apt-mark hold, dnf versionlock), those of them that are installed."""
    pins: tuple[AptPin, ...]
    services: tuple[str, ...]
    """Units to enable, in the order in which they start."""
    masked: tuple[str, ...]
    """Units that must never start."""
    kernel_modules: tuple[str, ...]
    """For modules-load.d."""
    modprobe: tuple[str, ...]
    """Lines for modprobe.d."""
    rebuild_initramfs: bool
    gpudirect: GpuDirect
    """How adapters reach the memory of GPUs."""
    signing_key: str
    """With what DKMS signs modules for Secure Boot; its certificate must be enrolled. Empty: nothing is to be signed here."""
    signing_certificate: str
    cuda_major: int
    """The newest CUDA that the driver runs as it is."""
    reasons: tuple[Reason, ...]
    warnings: tuple[str, ...]

    @property
    def specs(self) -> tuple[str, ...]:
        """Return the packages as the package manager takes them."""
        return tuple(package.spec(self.manager) for package in self.packages)
