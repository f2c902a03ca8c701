# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What NVLink needs beyond the driver: Fabric Manager, the subnet manager of NVLink 5, IMEX."""

from __future__ import annotations

from . import tables
from .draft import Draft, kernel_flavour

FABRIC_MANAGER = "nvidia-fabricmanager"
IMEX = "nvidia-imex"


def name_of(draft: Draft, base: str) -> str:
    """Return the name of a package that goes with the driver: with the branch in Canonical's archive always, in NVIDIA's before 580."""
    if not draft.in_ubuntu_archive and draft.branch.number >= tables.UNIFORM_EXTRAS:
        return base
    if base == FABRIC_MANAGER and draft.manager == "dnf":
        return "nvidia-fabric-manager"  # azhpc: EL's name until then
    return f"{base}-{draft.branch.number}"


def fabricmanager_in_debian(draft: Draft) -> None:
    """Debian has no Fabric Manager."""
    if draft.in_debian_archive and (draft.devices.nvswitches or draft.names("nvlink5", "nvl_tray")):
        raise draft.refuse("Debian packages neither Fabric Manager nor IMEX, and without them the GPUs of this board refuse CUDA (error 802).")


def fabricmanager_in_ubuntu(draft: Draft) -> None:
    """Canonical's Fabric Manager and IMEX go with the driver in its variant for servers."""
    if not draft.in_ubuntu_archive or not (draft.devices.nvswitches or draft.names("nvl_tray")):
        return
    if not tables.UBUNTU_BRANCHES.get(draft.branch.number, True):
        what = "Fabric Manager" if draft.devices.nvswitches else "IMEX"
        raise draft.refuse(f"Ubuntu's archive is not known to have {what} of branch {draft.branch.number}.")


def nvlsm_in_ubuntu(draft: Draft) -> None:
    """The subnet manager of NVLink 5 is in NVIDIA's repository."""
    if draft.in_ubuntu_archive and draft.names("nvlink5"):
        raise draft.refuse(f"{draft.names('nvlink5')} needs nvlsm, which Ubuntu's archive is not known to have.")


def fabricmanager_for_nvswitches(draft: Draft) -> None:
    """NVSwitches route nothing until Fabric Manager has set them up; its version is the driver's, exactly."""
    if draft.devices.nvswitches:
        draft.add("fabricmanager", name_of(draft, FABRIC_MANAGER), lockstep=True)
        draft.services.append(FABRIC_MANAGER)
        draft.because("Fabric Manager, exactly the driver's version: there are NVSwitches.")


def nscq_for_nvswitches(draft: Draft) -> None:
    """DCGM asks NVSwitches through this library."""
    if draft.devices.nvswitches:
        draft.add("fabricmanager", name_of(draft, "libnvidia-nscq"), lockstep=True)


def fabricmanager_for_nvlink5(draft: Draft) -> None:
    """The switches of an HGX B200 or B300 are not on the bus; the GPUs tell that they are there."""
    names = draft.names("nvlink5")
    if names:
        draft.add("fabricmanager", name_of(draft, FABRIC_MANAGER), lockstep=True)
        draft.services.append(FABRIC_MANAGER)
        draft.because(f"Fabric Manager, exactly the driver's version: the NVLink switches of {names} are managed by their node.")


def nvlsm_for_nvlink5(draft: Draft) -> None:
    """Fabric Manager starts it; its version is not the driver's."""
    if draft.names("nvlink5"):
        draft.add("fabricmanager", "nvlsm")
        draft.because("nvlsm: Fabric Manager sets up NVLink 5 switches through it.")


def nvsdm_for_nvlink5(draft: Draft) -> None:
    """DCGM asks NVLink 5 switches through this library."""
    if draft.names("nvlink5"):
        draft.add("fabricmanager", name_of(draft, "libnvsdm"), lockstep=True)


def umad_for_nvlink5(draft: Draft) -> None:
    """NVLink 5 switches are reached as InfiniBand devices. Without the modules Fabric Manager takes the node for one without switches."""
    if draft.names("nvlink5"):
        draft.kernel_modules.extend(("mlx5_ib", "ib_umad"))
        draft.because("mlx5_ib and ib_umad are loaded before Fabric Manager: it reaches the switches through them.")


def rdma_for_nvlink5(draft: Draft) -> None:
    """An RDMA stack is needed on such a node even where there is no InfiniBand fabric."""
    if draft.names("nvlink5") and draft.wish.rdma == "none":
        raise draft.refuse(f"{draft.names('nvlink5')} needs an RDMA stack for its NVLink switches, with or without an InfiniBand fabric.")


def umad_on_cloud_kernels(draft: Draft) -> None:
    """Ubuntu's kernels for clouds have ib_umad in a package of its own."""
    if draft.os.family == "ubuntu" and draft.names("nvlink5"):
        cloud = [kernel for kernel in draft.kernels if kernel_flavour(kernel) in tables.CLOUD_FLAVOURS]
        draft.add("fabricmanager", *(f"linux-modules-extra-{kernel}" for kernel in cloud))


def board_is_guessed(draft: Draft) -> None:
    for gpu in draft.devices.gpus:
        if not gpu.certain:
            what = "a tray of an NVLink rack" if gpu.board == "nvl_tray" else "a board with NVLink switches"
            draft.warnings.append(f"{gpu.pci_id} is in no table: on {draft.architecture} it is taken for a GPU of {what}.")


def sxm_without_nvswitches(draft: Draft) -> None:
    """Boards of four have none; boards of eight have, and don't work without Fabric Manager."""
    missing = [gpu for gpu in draft.devices.gpus if gpu.board == "sxm" and not draft.devices.nvswitches]
    for gpu in missing:
        switch = tables.NVSWITCHES.get(gpu.generation.name)
        draft.warnings.append(f"No NVSwitch was given: a board with eight {gpu.name} has them, and needs Fabric Manager. Then give --pci {switch}, too.")


def imex_for_racks(draft: Draft) -> None:
    """A tray of an NVLink rack shares memory with the others by IMEX. Its switches are managed in their own trays: Fabric Manager finds nothing to do."""
    names = draft.names("nvl_tray")
    if names:
        draft.add("imex", name_of(draft, IMEX), lockstep=True)
        draft.services.append(IMEX)
        draft.because(f"IMEX and no Fabric Manager: {names} is in a tray, and the rack's switches are managed in trays of their own.")


def other_fabric_goes(draft: Draft) -> None:
    """What has the branch in its name is not replaced by what has another, or none: two Fabric Managers would be there at once."""
    wanted = {package.name for package in draft.packages if package.component in ("fabricmanager", "imex")}
    numbers = [number for number in tables.BRANCHES if draft.in_ubuntu_archive or number < tables.UNIFORM_EXTRAS]
    for base in (FABRIC_MANAGER, "libnvidia-nscq", "libnvsdm", IMEX):
        if name_of(draft, base) in wanted:
            names = [base, *(f"{base}-{number}" for number in numbers)]
            if base == FABRIC_MANAGER and draft.manager == "dnf":
                names = [base, "nvidia-fabric-manager"]
            draft.absent.extend(name for name in names if name not in wanted)


def imex_by_kubernetes(draft: Draft) -> None:
    """Kubernetes' driver for ComputeDomains starts IMEX itself: the node's unit must not run."""
    if draft.names("nvl_tray") and draft.wish.scheduler == "kubernetes":
        draft.services = [service for service in draft.services if service != IMEX]
        draft.masked.append(IMEX)
        draft.because("the unit nvidia-imex is masked: Kubernetes' ComputeDomains start IMEX by themselves.")


def imex_channel(draft: Draft) -> None:
    """Where no scheduler makes channels, all jobs share channel 0."""
    if draft.names("nvl_tray") and draft.wish.scheduler == "none":
        draft.modprobe.append(f"options {draft.driver_module} NVreg_CreateImexChannel0=1")


def coherent_memory_by_driver(draft: Draft) -> None:
    """On Grace, Kubernetes takes the GPU's memory for the node's unless the driver keeps it."""
    if draft.names("nvl_tray", "grace") and draft.wish.scheduler == "kubernetes":
        draft.modprobe.append(f"options {draft.driver_module} NVreg_CoherentGPUMemoryMode=driver")


RULES = (
    fabricmanager_in_debian,
    fabricmanager_in_ubuntu,
    nvlsm_in_ubuntu,
    rdma_for_nvlink5,
    board_is_guessed,
    sxm_without_nvswitches,
    fabricmanager_for_nvswitches,
    nscq_for_nvswitches,
    fabricmanager_for_nvlink5,
    nvlsm_for_nvlink5,
    nvsdm_for_nvlink5,
    umad_for_nvlink5,
    umad_on_cloud_kernels,
    imex_for_racks,
    other_fabric_goes,
    imex_by_kubernetes,
    imex_channel,
    coherent_memory_by_driver,
)
