# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CUDA, NCCL and DCGM for the CUDA that the driver and the GPUs run; then what holds all of it together."""

from __future__ import annotations

from dataclasses import replace

from . import tables
from .draft import Draft
from .model import AptPin

NEWEST_CUDA_12 = "12.9"


def _old(draft: Draft) -> str:
    """Return the GPUs that CUDA 13 dropped, in words; empty for none."""
    return ", ".join(gpu.name for gpu in draft.devices.gpus if gpu.generation.cuda12_only)


def _cuda_in_use(draft: Draft) -> str:
    """Return the CUDA that libraries must be built for, and its minor version where the wish has one: ``13.0``, ``13.``."""
    if draft.wish.cuda:
        return draft.wish.cuda
    return f"{min(draft.branch.cuda_major, 12) if _old(draft) else draft.branch.cuda_major}."


def cuda_dropped_old_gpus(draft: Draft) -> None:
    """CUDA 13 compiles nothing for Maxwell, Pascal and Volta."""
    if _old(draft) and draft.wish.cuda and int(draft.wish.cuda.split(".")[0]) > 12:
        raise draft.refuse(f"CUDA {draft.wish.cuda} does not know {_old(draft)} any more; the last one that does is {NEWEST_CUDA_12}.")


def cuda_toolkit(draft: Draft) -> None:
    """The toolkit of one version, which draws in no driver; the package cuda would."""
    if draft.wish.cuda and draft.from_nvidia:
        draft.add("cuda", "cuda-toolkit-" + draft.wish.cuda.replace(".", "-"))


def cuda_toolkit_of_debian(draft: Draft) -> None:
    """A suite has one."""
    if not draft.wish.cuda or not draft.in_debian_archive:
        return
    if draft.wish.cuda != tables.DEBIAN_CUDA[draft.os.name]:
        raise draft.refuse(f"{draft.os.title} packages CUDA {tables.DEBIAN_CUDA[draft.os.name]}, not {draft.wish.cuda}.")
    draft.add("cuda", "nvidia-cuda-toolkit")


def cuda_toolkit_of_ubuntu(draft: Draft) -> None:
    if draft.wish.cuda and draft.in_ubuntu_archive:
        raise draft.refuse(f"CUDA {draft.wish.cuda} comes from NVIDIA's repository, and its drivers don't mix with those of Ubuntu's archive.")


def cuda_compatibility(draft: Draft) -> None:
    """A CUDA of a newer major version runs on an older driver through a package, on GPUs for data centres alone."""
    if not draft.wish.cuda or int(draft.wish.cuda.split(".")[0]) <= draft.branch.cuda_major:
        return
    others = ", ".join(gpu.name for gpu in draft.devices.gpus if not gpu.data_centre)
    if others:
        raise draft.refuse(f"CUDA {draft.wish.cuda} on branch {draft.branch.number} needs cuda-compat, which {others} does not run with.")
    draft.add("cuda", "cuda-compat-" + draft.wish.cuda.replace(".", "-"))
    draft.because(f"cuda-compat: branch {draft.branch.number} by itself runs CUDA {draft.branch.cuda_major} at most.")


def nccl(draft: Draft) -> None:
    """NVIDIA's repository has each NCCL for several CUDAs, told apart at the end of the version. Without a pin the newest CUDA wins."""
    if not draft.from_nvidia:
        return
    built_for = f"+cuda{_cuda_in_use(draft)}"
    ending = built_for if draft.wish.cuda else f"{built_for}*"
    version = draft.wish.nccl if "-" in draft.wish.nccl or not draft.wish.nccl else f"{draft.wish.nccl}-1"
    if draft.manager == "dnf":
        draft.add("nccl", "libnccl", version=(version or "*") + ending)
        return
    draft.add("nccl", "libnccl2", version=version + ending if version else "")
    if not version:
        # apt-get takes a * at the end of a version only; apt_preferences takes it anywhere.
        draft.pins.append(AptPin("libnccl2 libnccl-dev", f"version *{ending}", 1001))


def nccl_of_debian(draft: Draft) -> None:
    """Debian 13 and sid have one."""
    if draft.os.name in tables.DEBIAN_NCCL and draft.in_debian_archive:
        draft.add("nccl", "libnccl2", version=f"{draft.wish.nccl.split('-')[0]}-*" if draft.wish.nccl else "")


def nccl_left_out(draft: Draft) -> None:
    if not draft.from_nvidia and draft.os.name not in tables.DEBIAN_NCCL:
        draft.warnings.append(f"NCCL is left out: {draft.os.title} packages none that is known to fit.")


def dcgm_for_cuda(draft: Draft) -> None:
    """DCGM has its plugins for each major version of CUDA in a package: that of the driver is needed, and what is not free software beside it."""
    if draft.wish.dcgm and draft.from_nvidia:
        major = draft.branch.cuda_major
        draft.add("dcgm", f"datacenter-gpu-manager-4-cuda{major}", f"datacenter-gpu-manager-4-proprietary-cuda{major}")
        draft.services.append("nvidia-dcgm")
        draft.because(f"DCGM for CUDA {major}, the major version of the driver.")


def dcgm_for_old_gpus(draft: Draft) -> None:
    """On a driver of CUDA 13, DCGM needs the plugins of CUDA 12, too, for GPUs that CUDA 13 dropped (NVIDIA/DCGM#254)."""
    if draft.wish.dcgm and draft.from_nvidia and _old(draft) and draft.branch.cuda_major > 12:
        draft.add("dcgm", "datacenter-gpu-manager-4-cuda12", "datacenter-gpu-manager-4-proprietary-cuda12")
        draft.because(f"DCGM for CUDA 12 beside it: CUDA 13 does not know {_old(draft)}.")


def dcgm_3_must_go(draft: Draft) -> None:
    """DCGM 3 is in the way of DCGM 4, which has another name."""
    if draft.wish.dcgm and draft.from_nvidia:
        draft.absent.append("datacenter-gpu-manager")


def dcgm_left_out(draft: Draft) -> None:
    if draft.wish.dcgm and not draft.from_nvidia:
        draft.warnings.append(f"DCGM is left out: {draft.os.title} does not package it.")


def one_version(draft: Draft) -> None:
    """Everything that is built with the driver has its version, to the last digit; without a wish at least its branch."""
    version = f"{draft.wish.version}-*" if draft.wish.version else f"{draft.branch.number}.*"
    draft.packages = [replace(package, version=version) if package.lockstep else package for package in draft.packages]


def version_is_open(draft: Draft) -> None:
    """A branch alone is another driver in each month. A Debian suite has one version of a branch."""
    if not draft.wish.version and not draft.in_debian_archive:
        draft.warnings.append("No exact version was given: nodes that are installed at different times get different drivers.")


def nothing_moves_alone(draft: Draft) -> None:
    """An upgrade of one package of the driver, or of NCCL, leaves the node with parts that don't fit."""
    draft.holds.extend(package.name for package in draft.packages if package.component in ("driver", "fabricmanager", "imex", "cuda", "nccl"))


RULES = (
    cuda_dropped_old_gpus,
    cuda_toolkit,
    cuda_toolkit_of_debian,
    cuda_toolkit_of_ubuntu,
    cuda_compatibility,
    nccl,
    nccl_of_debian,
    nccl_left_out,
    dcgm_for_cuda,
    dcgm_for_old_gpus,
    dcgm_3_must_go,
    dcgm_left_out,
    one_version,
    version_is_open,
    nothing_moves_alone,
)
