# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What GPUs and the links between them are worth: the figures that every expectation is computed from, each with its source and how sure it is.

Bandwidths are GB/s (1e9 bytes) in one direction. Sources, named by these words:

- *NCCL*: the constants of NCCL's own topology search (src/graph/topo.h and topo.cc): what it takes a link to be worth, below the line rate.
- *nccl#812*: an issue of NVIDIA/nccl with this number; *nccl-tests#212* one of NVIDIA/nccl-tests. Measurements of users, or words of maintainers.
- *OCI*: the per-model NVLink table in Oracle's oci-hpc health checks.
- *Azure*: the acceptance limits of Azure/azurehpc-health-checks; *CVS*: those of ROCm/cvs; *CoreWeave*: results published in their nccl-tests repository.
- *data sheet*: the vendor's data sheet. *pci.ids*: the PCI ID database (pci-ids.ucw.cz).
- *derived*: our own computation from the figures beside it, not measured.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from ..facts.bus import GENERATIONS, bandwidth

Confidence = Literal["high", "medium", "low", "declared", "none"]
Topology = Literal["switch", "bridge", "hybrid", "mesh", "none"]


@dataclass(frozen=True)
class Figure:
    """A number, where it is from, and how sure it is."""

    value: float
    source: str
    confidence: Confidence = "high"


@dataclass(frozen=True)
class Platform:
    """What a GPU brings to the exchange of data with others."""

    name: str
    pci_ids: tuple[str, ...]
    architecture: str
    """The compute architecture: ``sm_90``, ``gfx942``."""
    topology: Topology
    """How the links join the GPUs of a node: each with each by switches (``switch``); pairs, by a bridge on top of the cards (``bridge``); a cube of eight
    (``hybrid``); one link to each other GPU (``mesh``); not at all (``none``)."""
    confidence: Confidence
    """How well the expected bus bandwidth of this platform is known from public measurements."""
    accepted: str
    """What was measured on healthy machines, and by whom."""
    links: Figure = Figure(0, "data sheet")
    """NVLinks (xGMI links) of each GPU."""
    line_gbytes_per_s: Figure = Figure(0, "data sheet")
    """Line rate of one link."""
    model_gbytes_per_s: Figure = Figure(0, "NCCL")
    """What one link is worth to a ring."""
    cap_gbytes_per_s: Figure | None = None
    """A limit of the library for all links together."""
    nvls_gain: Figure = Figure(1.0, "no NVLS: the switches don't reduce")
    """How much faster all_reduce in one node is with reductions in the switches (NVLS) than a ring. It is known for eight GPUs and more."""
    copy_gbytes_per_s: Figure | None = None
    """A copy from one GPU to another over all links (nvbandwidth)."""
    host_link: Literal["pcie", "c2c"] = "pcie"
    """How the GPU hangs on the processor: PCIe, or NVLink-C2C."""
    usual_rails: str = ""
    """The adapters that such a node mostly has."""


_NVLS_HOPPER = Figure(1.30, "nccl-tests#212, nccl-tests#290: 475-480 with NVLS where a ring gives 371")
_NVLS_BLACKWELL = Figure(1.16, "nccl#1807: 830 and more where a ring gives 722; CoreWeave: 835-847 on NVL72", "medium")
_SM80, _SM90, _SM100 = (Figure(rate, f"NCCL: SM{arch}_NVLINK_BW") for arch, rate in ((80, 20.0), (90, 20.6), (100, 40.1)))
_LINE_25, _LINE_50 = Figure(25, "OCI"), Figure(50, "OCI")
_COPY_HOPPER = Figure(380, "Azure: nvbandwidth, of which 335 must be reached")

PLATFORMS: tuple[Platform, ...] = (
    Platform(
        name="V100 SXM2",
        pci_ids=("10de:1db1", "10de:1db5"),  # pci.ids: GV100GL [Tesla V100 SXM2 16GB], [Tesla V100 SXM2 32GB]
        architecture="sm_70",
        topology="hybrid",
        confidence="medium",
        accepted="110 to 130 on eight GPUs; Azure accepts from 110 (ND40rs)",
        links=Figure(6, "data sheet"),
        line_gbytes_per_s=Figure(25, "data sheet"),
        model_gbytes_per_s=Figure(20.0, "NCCL: SM70_NVLINK_BW"),
        usual_rails="1 to 4 x 100 Gb/s",
    ),
    Platform(
        name="A100 SXM4",
        pci_ids=("10de:20b0", "10de:20b2"),  # pci.ids: GA100 [A100 SXM4 40GB], [A100 SXM4 80GB]
        architecture="sm_80",
        topology="switch",
        confidence="high",
        accepted="228 to 235 on eight GPUs; 232.5 in nccl-tests#175; Azure accepts from 228",
        links=Figure(12, "OCI"),
        line_gbytes_per_s=_LINE_25,
        model_gbytes_per_s=_SM80,
        cap_gbytes_per_s=Figure(235, "NCCL: its tuner takes no more for Ampere"),
        copy_gbytes_per_s=Figure(270, "Azure: nvbandwidth, of which 238 must be reached"),
        usual_rails="8 x 200 Gb/s",
    ),
    Platform(
        name="A100 PCIe",
        pci_ids=("10de:20b1", "10de:20b5", "10de:20f1"),  # pci.ids: GA100 [A100 PCIe 40GB], [A100 PCIe 80GB], [A100 PCIe 40GB]
        architecture="sm_80",
        topology="bridge",
        confidence="low",
        accepted="about 25 on four GPUs in two pairs; Azure accepts from 25 (NC96ads)",
        links=Figure(12, "data sheet: three bridges of four links"),
        line_gbytes_per_s=Figure(25, "data sheet"),
        model_gbytes_per_s=_SM80,
        usual_rails="1 or 2 x 200 Gb/s",
    ),
    Platform(
        name="H100 SXM5",
        pci_ids=("10de:2330",),  # pci.ids: GH100 [H100 SXM5 80GB]
        architecture="sm_90",
        topology="switch",
        confidence="high",
        accepted="about 480 on eight GPUs with NVLS, about 370 with a ring (nccl-tests#212, nccl-tests#290); Azure accepts from 460",
        links=Figure(18, "OCI"),
        line_gbytes_per_s=_LINE_25,
        model_gbytes_per_s=_SM90,
        nvls_gain=_NVLS_HOPPER,
        copy_gbytes_per_s=_COPY_HOPPER,
        usual_rails="8 x 400 Gb/s",
    ),
    Platform(
        name="H200 SXM5",
        pci_ids=("10de:2335",),  # pci.ids: GH100 [H200 SXM 141GB]
        architecture="sm_90",
        topology="switch",
        confidence="high",
        accepted="475 to 480 on eight GPUs with NVLS (nccl-tests#272); Azure accepts from 431",
        links=Figure(18, "OCI"),
        line_gbytes_per_s=_LINE_25,
        model_gbytes_per_s=_SM90,
        nvls_gain=_NVLS_HOPPER,
        copy_gbytes_per_s=_COPY_HOPPER,
        usual_rails="8 x 400 Gb/s",
    ),
    Platform(
        name="H800 SXM5",
        pci_ids=("10de:2324",),  # pci.ids: GH100 [H800]
        architecture="sm_90",
        topology="switch",
        confidence="medium",
        accepted="215 on eight GPUs with NVLS (nccl#1374)",
        links=Figure(8, "data sheet: 400 GB/s in both directions"),
        line_gbytes_per_s=Figure(25, "data sheet"),
        model_gbytes_per_s=_SM90,
        nvls_gain=_NVLS_HOPPER,
        usual_rails="8 x 400 Gb/s",
    ),
    Platform(
        name="H20 SXM5",
        pci_ids=("10de:2329",),  # pci.ids: GH100 [H20]
        architecture="sm_90",
        topology="switch",
        confidence="medium",
        accepted="about as H100, which has the same links",
        links=Figure(18, "data sheet: 900 GB/s in both directions"),
        line_gbytes_per_s=Figure(25, "data sheet"),
        model_gbytes_per_s=_SM90,
        nvls_gain=Figure(1.30, "derived: that of H100, which has the same links and switches", "medium"),
        usual_rails="8 x 400 Gb/s",
    ),
    Platform(
        name="H100 PCIe",
        pci_ids=("10de:2331",),  # pci.ids: GH100 [H100 PCIe]
        architecture="sm_90",
        topology="bridge",
        confidence="low",
        accepted="208 and more on a pair with its bridges (Azure, of the NVL card)",
        links=Figure(12, "data sheet: three bridges of four links"),
        line_gbytes_per_s=Figure(25, "data sheet"),
        model_gbytes_per_s=_SM90,
    ),
    Platform(
        name="H100 NVL",
        pci_ids=("10de:2321",),  # pci.ids: GH100 [H100L 94GB]
        architecture="sm_90",
        topology="bridge",
        confidence="low",
        accepted="208 and more on a pair; Azure accepts from 208 (NC80adis)",
        links=Figure(12, "data sheet: three bridges of four links"),
        line_gbytes_per_s=Figure(25, "data sheet"),
        model_gbytes_per_s=_SM90,
    ),
    Platform(
        name="B200 SXM6",
        pci_ids=("10de:2901",),  # pci.ids: GB100 [B200]
        architecture="sm_100",
        topology="switch",
        confidence="medium",
        accepted="830 to 850 on eight GPUs (nccl#1807); 690 on two nodes (CoreWeave)",
        links=Figure(18, "OCI"),
        line_gbytes_per_s=_LINE_50,
        model_gbytes_per_s=_SM100,
        nvls_gain=_NVLS_BLACKWELL,
        usual_rails="8 x 400 Gb/s",
    ),
    Platform(
        name="B300 SXM6",
        pci_ids=("10de:3182",),  # pci.ids: GB110 [B300 SXM6 AC]
        architecture="sm_103",
        topology="switch",
        confidence="low",
        accepted="no public measurement; the links are those of B200",
        links=Figure(18, "data sheet"),
        line_gbytes_per_s=Figure(50, "data sheet"),
        model_gbytes_per_s=Figure(40.1, "NCCL: SM100_NVLINK_BW"),
        nvls_gain=Figure(1.16, "derived: that of B200", "low"),
        usual_rails="8 x 800 Gb/s",
    ),
    Platform(
        name="GB200",
        pci_ids=("10de:2941",),  # pci.ids: GB100 [HGX GB200]
        architecture="sm_100",
        topology="switch",
        confidence="medium",
        accepted="835 to 847 on the 72 GPUs of a rack at 8 GiB (CoreWeave); a tray of four alone gives less",
        links=Figure(18, "OCI"),
        line_gbytes_per_s=_LINE_50,
        model_gbytes_per_s=_SM100,
        nvls_gain=_NVLS_BLACKWELL,
        host_link="c2c",
        usual_rails="4 x 400 Gb/s a tray",
    ),
    Platform(
        name="L40S",
        pci_ids=("10de:26b9",),  # pci.ids: AD102GL [L40S]
        architecture="sm_89",
        topology="none",
        confidence="low",
        accepted="15 to 22, bound by processor and memory (nccl#1639)",
        usual_rails="1 to 4 x 200 to 400 Gb/s",
    ),
    Platform(
        name="RTX PRO 6000 Blackwell Server",
        pci_ids=("10de:2bb5",),  # pci.ids: GB202GL [RTX PRO 6000 Blackwell Server Edition]
        architecture="sm_120",
        topology="none",
        confidence="low",
        accepted="28 on eight cards of the same generation (nccl#1639), bound by processor and memory",
        usual_rails="1 to 4 x 200 to 400 Gb/s",
    ),
    Platform(
        name="MI300X",
        pci_ids=("1002:74a1",),  # pci.ids: Aqua Vanjaram [Instinct MI300X]
        architecture="gfx942",
        topology="mesh",
        confidence="medium",
        accepted="310 to 330 on eight GPUs; Azure accepts from 314; CVS from 330 on two nodes",
        links=Figure(7, "data sheet"),
        line_gbytes_per_s=Figure(64, "data sheet"),
        model_gbytes_per_s=Figure(48, "CVS and RCCL: what a link gives of its 64", "medium"),
        usual_rails="8 x 400 Gb/s",
    ),
)

_BY_PCI_ID = {pci_id: platform for platform in PLATFORMS for pci_id in platform.pci_ids}

NET_GBYTES_PER_GBIT = Figure(0.12, "NCCL: NET_BW is 12 GB/s for 100 Gb/s; nccl-tests#119: 24 for HDR, nccl-tests#290: 46 to 49 for NDR")
PCIE_GEN3_X16_GBYTES_PER_S = Figure(12.0, "NCCL: PCI_BW; each generation doubles it")
INTEL_OVERHEAD = Figure(1.2, "NCCL: INTEL_P2P_OVERHEAD; an Intel root complex splits what GPUs send into packets of 64 bytes")
TWO_NODES_NVLS = Figure(0.92, "derived: H100 gives 440 on two nodes where one gives 480", "medium")
NVLS_GPUS = 8
"""From how many GPUs on the gain by NVLS is known."""

# Generation of a x16 link -> what copies between host and GPU reach. Azure's limits are 0.87 of it: 21 and 48.
HOST_COPY_X16: dict[int, Figure] = {
    4: Figure(24, "Azure: nvbandwidth, of which 21 must be reached"),
    5: Figure(55, "Azure: nvbandwidth, of which 48 must be reached"),
}

# A write carries 256 bytes of data (the usual maximum) and 24 of framing, header and checksum (PCIe base specification).
RDMA_PCIE_EFFICIENCY = Figure(256 / 280, "derived: PCIe packets of 256 bytes with 24 bytes around them", "medium")

# How processors are named, and the digit in it that gives the generation -> what the link between two sockets is worth.
_SOCKETS: tuple[tuple[re.Pattern[str], dict[str, Figure]], ...] = (
    (
        re.compile(r"Xeon\(R\) (?:Platinum|Gold|Silver|Bronze) \d(\d)\d\d", re.IGNORECASE),
        {
            **dict.fromkeys("123", Figure(10, "NCCL: SKL_QPI_BW")),  # Skylake, Cascade Lake, Ice Lake
            "4": Figure(22, "NCCL: SRP_QPI_BW"),  # Sapphire Rapids
            "5": Figure(40, "NCCL: ERP_QPI_BW"),  # Emerald Rapids
        },
    ),
    (
        re.compile(r"EPYC \d\w\w(\d)", re.IGNORECASE),
        {
            **dict.fromkeys("12", Figure(16, "NCCL: AMD_BW")),
            **dict.fromkeys("34", Figure(24, "NCCL: Zen 3 and Zen 4")),
            "5": Figure(32, "NCCL: Zen 5"),
        },
    ),
)


def platform_of(pci_id: str | None) -> Platform | None:
    """Return what is known of a GPU by its PCI ID (``10de:2330``), or ``None``."""
    return _BY_PCI_ID.get((pci_id or "").lower())


def socket_link(cpu_model: str | None) -> Figure | None:
    """Return what the link between two sockets is worth (GB/s), or ``None`` for a processor that is not in the table."""
    for pattern, figures in _SOCKETS:
        match = pattern.search(cpu_model or "")
        if match:
            return figures.get(match[1])
    return None


def is_intel(cpu_model: str | None) -> bool:
    """Say whether GPUs that talk through this processor pay ``INTEL_OVERHEAD``."""
    return "intel" in (cpu_model or "").lower()


def pcie_gbytes_per_s(generation: int, width: int) -> float:
    """Return what NCCL takes a PCIe link to be worth: 12.0 for Gen4 x8."""
    return PCIE_GEN3_X16_GBYTES_PER_S.value * width / 16 * math.pow(2, generation - 3)


def pcie_rdma_gbytes_per_s(generation: int, width: int) -> float:
    """Return what RDMA can move over a PCIe link: its line rate less encoding and packet headers, nearer to the wire than NCCL's figure."""
    speed = {number: speed for speed, number in GENERATIONS.items()}[generation]
    return (bandwidth(speed, width) or 0.0) * RDMA_PCIE_EFFICIENCY.value
