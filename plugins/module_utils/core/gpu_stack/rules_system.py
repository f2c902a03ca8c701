# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the kernel must be told, and which way adapters reach the memory of GPUs."""

from __future__ import annotations

from . import tables
from .draft import Draft


def persistence(draft: Draft) -> None:
    """Keeps the driver initialized between jobs, and brings the memory of Grace's GPUs online."""
    draft.services.append("nvidia-persistenced")


def nouveau(draft: Draft) -> None:
    """The kernel's own driver would take the GPUs first. Debian's packages keep it out themselves."""
    if not draft.in_debian_archive:
        draft.modprobe.extend(("blacklist nouveau", "options nouveau modeset=0"))


def nova(draft: Draft) -> None:
    """Its successor in new kernels takes GPUs as well."""
    if max(draft.versions) >= tables.NOVA_KERNEL:
        draft.modprobe.append("blacklist nova_core")


def profiling(draft: Draft) -> None:
    """Performance counters are for root alone unless the module is told otherwise."""
    if draft.wish.profiling:
        draft.modprobe.append(f"options {draft.driver_module} NVreg_RestrictProfilingToAdminUsers=0")


def signed_by_the_distribution(draft: Draft) -> None:
    """Canonical signs its precompiled modules with a key that firmware knows through shim."""
    if draft.wish.secure_boot and draft.build == "precompiled" and draft.in_ubuntu_archive:
        draft.because("Secure Boot needs nothing more: Canonical signs these modules.")


def signed_by_nvidia(draft: Draft) -> None:
    """NVIDIA signs its precompiled modules for EL with a key that firmware does not know."""
    if draft.wish.secure_boot and draft.build == "precompiled" and not draft.in_ubuntu_archive:
        draft.warnings.append("Secure Boot: NVIDIA's certificate for its precompiled modules must be enrolled in the firmware first.")


def signed_by_dkms(draft: Draft) -> None:
    """DKMS signs what it builds with a key of the machine."""
    if not draft.wish.secure_boot or draft.build != "dkms":
        return
    draft.signing = tables.MOK_UBUNTU if draft.os.family == "ubuntu" else tables.MOK_DKMS
    draft.add("signing", "mokutil")
    draft.because(f"DKMS signs the modules for Secure Boot with {draft.signing[0]}.")
    draft.warnings.append(
        f"Secure Boot: enroll {draft.signing[1]} first, by mokutil --import and someone at the console at the next boot, or in the firmware by Redfish."
    )


def gpudirect_by_dma_buf(draft: Draft) -> None:
    """The kernel's own way; it needs the open modules, and no module beside them."""
    if draft.wish.rdma != "none" and draft.open and min(draft.versions) >= tables.DMA_BUF_KERNEL:
        draft.gpudirect = "dma_buf"
        draft.because("GPUDirect RDMA by DMA-BUF: open modules, and every kernel is 5.12 or newer.")


def gpudirect_by_peermem(draft: Draft) -> None:
    """nvidia-peermem works with the peer memory interface of DOCA alone, and loads after its ib_core."""
    if draft.wish.rdma == "doca" and draft.gpudirect == "none":
        draft.gpudirect = "peermem"
        draft.kernel_modules.append("nvidia_peermem")
        draft.because("GPUDirect RDMA by nvidia-peermem: DMA-BUF needs open modules and kernel 5.12.")


def gpudirect_by_nothing(draft: Draft) -> None:
    if draft.wish.rdma == "inbox" and draft.gpudirect == "none":
        draft.warnings.append("GPUDirect RDMA does not work here: DMA-BUF needs open modules and kernel 5.12, and nvidia-peermem needs DOCA.")


def initramfs(draft: Draft) -> None:
    """A module that is loaded early hears only of options that are in the initramfs."""
    draft.rebuild_initramfs = bool(draft.modprobe)


RULES = (
    persistence,
    nouveau,
    nova,
    profiling,
    signed_by_the_distribution,
    signed_by_nvidia,
    signed_by_dkms,
    gpudirect_by_dma_buf,
    gpudirect_by_peermem,
    gpudirect_by_nothing,
)
# After the rules of the fabric, which have module options, too.
LAST = (initramfs,)
