# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kinds of captured output that can be explained. Values are modules of this package, by name: naming one loads none of the others.

Each module has ``parse(text) -> Document``, and ``TABLES``: for each list of the document, the columns that a person is shown, as dotted
names. It raises ``CoreError`` for a text that is not of its kind. Kinds in ``FOLDERS`` are folders of files: their ``parse`` takes a mapping
of path (relative, with ``/``) to text.
"""

from __future__ import annotations

from collections.abc import Mapping

KINDS: Mapping[str, str] = {
    "amd-smi": "amd_smi",
    "capture": "capture",
    "dcgm-diag": "dcgm_diag",
    "dcgm-metrics": "dcgm_metrics",
    "dmidecode": "dmidecode",
    "iblinkinfo": "iblinkinfo",
    "ibnetdiscover": "ibnetdiscover",
    "ibqueryerrors": "ibqueryerrors",
    "ibstat": "ibstat",
    "iperf3": "iperf3",
    "lldp": "lldp",
    "lspci": "lspci",
    "nccl-tests": "nccl_tests",
    "nvbandwidth": "nvbandwidth",
    "nvidia-smi": "nvidia_smi",
    "nvidia-smi-topo": "nvidia_smi_topo",
    "nvlink": "nvlink",
    "perfquery": "perfquery",
    "perftest": "perftest",
    "rccl-tests": "nccl_tests",
    "redfish": "redfish",
    "rocm-smi": "amd_smi",
    "slurm-nodes": "slurm_nodes",
    "slurmd": "slurm_nodes",
    "xid": "xid",
}
FOLDERS: frozenset[str] = frozenset({"redfish"})
