# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What common GPU machines consist of: the hardware classes that Railyard ships.

A class says what a node *should* have; it is never read off a node. A site refines a class or adds its own in
``railyard_hardware_classes`` (see ``hardware_class.py`` for the rules), because processors, memory, adapters and
drives differ between vendors and orders. Where a figure is of one reference machine, its comment names that machine.

Sources, named in the comments by these words:

- *pci.ids*: the PCI ID database (pci-ids.ucw.cz); the same IDs are in NVIDIA's mig-parted device filters.
- *nvidia-smi*: total memory as the tool prints it for this card, and the fastest link that it reports on a real machine
  (NVIDIA's k8s-test-infra keeps such captures of B200, GB200, H100 and L40S).
- *DGX guide*: the table of components in NVIDIA's DGX user guide for that model (docs.nvidia.com/dgx).
- *data sheet*: the vendor's data sheet for the card or the platform.
- *OCI*: the per-model NVLink table in Oracle's oci-hpc health checks.
- *usual*: no reference machine. A common order, which a site corrects in a class of its own.

``gres_type`` is what Slurm's AutoDetect finds: it takes the card's name in lower case with ``_`` for blanks (gpu_common.c), and the configured
type that is a part of it, the longest first (``_find_type_in_gres_list`` in gres_gpu.c).

Units: memory in MiB, ``rate_gbits_per_s`` per rail, ``gbytes_per_s_per_link`` one direction of one link.
``rails`` counts the adapters of the compute network (one per GPU on most machines), not those for storage.
``nvme`` counts data drives, not the two that hold the operating system.
"""

from __future__ import annotations

from typing import Any

_A100 = {
    "vendor": "nvidia",
    "model": "NVIDIA A100-SXM4-80GB",
    "pci_id": "10de:20b2",  # pci.ids: GA100 [A100 SXM4 80GB]
    "gres_type": "a100",
    "memory_mib": 81920,  # nvidia-smi, drivers since 515 (older ones print 81251)
    "pcie_generation": 4,  # data sheet
    "pcie_width": 16,
}
_H100 = {
    "vendor": "nvidia",
    "model": "NVIDIA H100 80GB HBM3",
    "pci_id": "10de:2330",  # pci.ids: GH100 [H100 SXM5 80GB]
    "gres_type": "h100",
    "memory_mib": 81559,  # nvidia-smi
    "pcie_generation": 5,  # data sheet
    "pcie_width": 16,
}
_H100_PCIE = {
    "vendor": "nvidia",
    "model": "NVIDIA H100 PCIe",
    "pci_id": "10de:2331",  # pci.ids: GH100 [H100 PCIe]
    "gres_type": "h100_pcie",  # a type of its own: two thirds of the NVLink, half the power of the SXM card
    "memory_mib": 81559,  # nvidia-smi
    "pcie_generation": 5,  # data sheet
    "pcie_width": 16,
}
_H200 = {
    "vendor": "nvidia",
    "model": "NVIDIA H200",
    "pci_id": "10de:2335",  # pci.ids: GH100 [H200 SXM 141GB]
    "gres_type": "h200",
    "memory_mib": 143771,  # nvidia-smi
    "pcie_generation": 5,  # data sheet
    "pcie_width": 16,
}
_B200 = {
    "vendor": "nvidia",
    "model": "NVIDIA B200",
    "pci_id": "10de:2901",  # pci.ids: GB100 [B200]
    "gres_type": "b200",
    "memory_mib": 183359,  # nvidia-smi
    "pcie_generation": 5,  # nvidia-smi, and the processors have no more (DGX guide)
    "pcie_width": 16,
}
_GB200 = {
    "vendor": "nvidia",
    "model": "NVIDIA GB200",
    "pci_id": "10de:2941",  # pci.ids: GB100 [HGX GB200]
    "gres_type": "gb200",
    "memory_mib": 189471,  # nvidia-smi
    "pcie_generation": 5,  # nvidia-smi (the device alone: 6); what counts beside it is NVLink-C2C
    "pcie_width": 16,
}
_L40S = {
    "vendor": "nvidia",
    "model": "NVIDIA L40S",
    "pci_id": "10de:26b9",  # pci.ids: AD102GL [L40S]
    "gres_type": "l40s",
    "memory_mib": 46068,  # nvidia-smi with ECC on
    "pcie_generation": 4,  # data sheet
    "pcie_width": 16,
}
_MI300X = {
    "vendor": "amd",
    "model": "AMD Instinct MI300X",
    "pci_id": "1002:74a1",  # pci.ids: Aqua Vanjaram [Instinct MI300X]
    "gres_type": "mi300x",
    "memory_mib": 196592,  # rocm-smi prints 206141652992 bytes
    "pcie_generation": 5,  # data sheet
    "pcie_width": 16,
}

# NVLink per GPU, one direction. OCI: 12 x 25 (A100), 18 x 25 (H100, H200), 18 x 50 (B200, GB200).
_NVLINK_3 = {"links_per_gpu": 12, "gbytes_per_s_per_link": 25, "switches": 6}  # DGX guide: 6 NVSwitches, as lspci shows them on other HGX A100 too
_NVLINK_4 = {"links_per_gpu": 18, "gbytes_per_s_per_link": 25, "switches": 4}  # DGX guide: 4 NVSwitches
_NVLINK_5 = {"links_per_gpu": 18, "gbytes_per_s_per_link": 50, "switches": 2}  # DGX guide: 2 NVLink switches
_NVLINK_5_RACK = {"links_per_gpu": 18, "gbytes_per_s_per_link": 50, "switches": 0}  # the switches are in trays of their own
_NVLINK_NONE = {"links_per_gpu": 0, "gbytes_per_s_per_link": 0, "switches": 0}

CLASSES: dict[str, dict[str, Any]] = {
    "a100_sxm_8": {
        "gpus": {"count": 8, **_A100},
        "nvlink": _NVLINK_3,
        "rails": {"count": 8, "rate_gbits_per_s": 200, "link_layer": "infiniband"},  # DGX guide: 8 x ConnectX-6 HDR
        "cpu": {"sockets": 2, "cores_per_socket": 64, "threads_per_core": 2},  # DGX guide: 2 x EPYC 7742
        "memory_mib": 2097152,  # DGX guide: 2 TB (the 640 GB model)
        "nvme": {"count": 8},  # DGX guide: 8 x 3.84 TB
        "firmware": {},
    },
    "h100_sxm_8": {
        "gpus": {"count": 8, **_H100},
        "nvlink": _NVLINK_4,
        "rails": {"count": 8, "rate_gbits_per_s": 400, "link_layer": "infiniband"},  # DGX guide: 8 x ConnectX-7 NDR
        "cpu": {"sockets": 2, "cores_per_socket": 56, "threads_per_core": 2},  # DGX guide: 2 x Xeon Platinum 8480C
        "memory_mib": 2097152,  # DGX guide: 2 TB
        "nvme": {"count": 8},  # DGX guide: 8 x 3.84 TB
        "firmware": {},
    },
    "h200_sxm_8": {
        "gpus": {"count": 8, **_H200},
        "nvlink": _NVLINK_4,
        "rails": {"count": 8, "rate_gbits_per_s": 400, "link_layer": "infiniband"},  # DGX guide: 8 x ConnectX-7 NDR
        "cpu": {"sockets": 2, "cores_per_socket": 56, "threads_per_core": 2},  # DGX guide: 2 x Xeon Platinum 8480C
        "memory_mib": 2097152,  # DGX guide: 2 TB
        "nvme": {"count": 8},  # DGX guide: 8 x 3.84 TB
        "firmware": {},
    },
    "b200_sxm_8": {
        "gpus": {"count": 8, **_B200},
        "nvlink": _NVLINK_5,
        "rails": {"count": 8, "rate_gbits_per_s": 400, "link_layer": "infiniband"},  # DGX guide: 8 x ConnectX-7 NDR
        "cpu": {"sockets": 2, "cores_per_socket": 56, "threads_per_core": 2},  # DGX guide: 2 x Xeon Platinum 8570
        "memory_mib": 2097152,  # DGX guide: 2 TB, 4 TB as an option
        "nvme": {"count": 8},  # DGX guide: 8 x 3.84 TB
        "firmware": {},
    },
    "gb200_4": {
        "gpus": {"count": 4, **_GB200},
        "nvlink": _NVLINK_5_RACK,
        "rails": {"count": 4, "rate_gbits_per_s": 400, "link_layer": "infiniband"},  # DGX guide: 4 x ConnectX-7 400G a tray
        "cpu": {"sockets": 2, "cores_per_socket": 72, "threads_per_core": 1},  # data sheet: 2 x Grace with 72 cores
        "memory_mib": 983040,  # 960 GiB, as AWS gives it for p6e-gb200: 2 x 480 GB LPDDR5X
        "nvme": {"count": 4},  # NVIDIA's NVL72 reference architecture: 4 x E1.S beside one M.2; some vendors' trays have 8
        "firmware": {},
    },
    "h100_pcie_4": {
        "gpus": {"count": 4, **_H100_PCIE},
        "nvlink": _NVLINK_NONE,  # three bridges join a pair (12 links); count them in a class of the site where they are fitted
        "rails": {"count": 2, "rate_gbits_per_s": 400, "link_layer": "infiniband"},  # usual: one adapter per socket
        "cpu": {"sockets": 2, "cores_per_socket": 32, "threads_per_core": 2},  # usual: 2 x Xeon Gold 6430
        "memory_mib": 524288,  # usual
        "nvme": {"count": 2},  # usual
        "firmware": {},
    },
    "l40s_4": {
        "gpus": {"count": 4, **_L40S},
        "nvlink": _NVLINK_NONE,  # data sheet: none
        "rails": {"count": 2, "rate_gbits_per_s": 200, "link_layer": "ethernet"},  # usual; NVIDIA's pattern 2-4-3: three adapters, one of them for storage
        "cpu": {"sockets": 2, "cores_per_socket": 32, "threads_per_core": 2},  # usual: 2 x Xeon Gold 6448Y
        "memory_mib": 524288,  # usual
        "nvme": {"count": 2},  # usual
        "firmware": {},
    },
    "l40s_8": {
        "gpus": {"count": 8, **_L40S},
        "nvlink": _NVLINK_NONE,  # data sheet: none
        "rails": {"count": 4, "rate_gbits_per_s": 200, "link_layer": "ethernet"},  # usual; NVIDIA's pattern 2-8-5
        "cpu": {"sockets": 2, "cores_per_socket": 32, "threads_per_core": 2},  # usual
        "memory_mib": 1048576,  # usual: twice the cards' memory and more
        "nvme": {"count": 2},  # usual
        "firmware": {},
    },
    "mi300x_8": {
        "gpus": {"count": 8, **_MI300X},
        "nvlink": _NVLINK_NONE,
        "xgmi": {"links_per_gpu": 7, "gbytes_per_s_per_link": 64},  # amd-smi: 512 Gb/s to each of the other seven
        "rails": {"count": 8, "rate_gbits_per_s": 400, "link_layer": "infiniband"},  # usual, as on the 8-GPU machines above
        "cpu": {"sockets": 2, "cores_per_socket": 56, "threads_per_core": 2},  # usual: PowerEdge XE9680 takes up to 56 cores
        "memory_mib": 2097152,  # usual: PowerEdge XE9680 has 32 slots, 64 GB in each
        "nvme": {"count": 8},  # PowerEdge XE9680: 8 x U.2, or 16 x E3.S
        "firmware": {},
    },
}
