# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Vendors' tools are found on PATH under their real names, so that the lab's stand-ins and other layouts work."""

from __future__ import annotations

import pathlib
import re

import pytest

TOOLS = (
    r"nvidia-[a-z-]+|nv-fabricmanager|dcgmi|dcgmproftester\d*|nvbandwidth|rocm-smi|rocminfo|amd-smi|nicctl|"
    r"ib(?:stat|status|stat|hosts|switches|netdiscover|linkinfo|queryerrors|diagnet|swinfo|v_[a-z]+|_[a-z_]+)|perfquery|sminfo|smpquery|opensm|"
    r"mst|flint|mstflint|mstconfig|mlxconfig|mlxlink|mlxfwmanager|mlxup|ofed_info|ipmitool|dmidecode|lspci|lshw|ethtool|nvme|[a-z_]+_perf"
)
ABSOLUTE = re.compile(rf"(?<![\w.}}])/(?:usr/|usr/local/|opt/[\w./-]*)?s?bin/(?:{TOOLS})(?![\w-])")
PLACES = ("plugins", "roles", "playbooks", "cli")
# The lab puts the stand-ins where their real counterparts would be found.
LAB = pathlib.PurePath("roles/lab")


def test_no_absolute_path_to_a_vendors_tool(repository: pathlib.Path, project_files: list[pathlib.Path]) -> None:
    problems = []
    for path in project_files:
        if path.parts[0] not in PLACES or LAB in path.parents:
            continue
        for number, line in enumerate((repository / path).read_text(errors="replace").splitlines(), 1):
            problems += [f"{path}:{number}: {found}" for found in ABSOLUTE.findall(line)]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    "text", ["/usr/bin/nvidia-smi", "/usr/sbin/ibstat -p", "'/opt/mellanox/iproute2/sbin/ethtool'", "/usr/bin/all_reduce_perf", "/bin/lspci"]
)
def test_this_check_sees(text: str) -> None:
    assert ABSOLUTE.search(text)


@pytest.mark.parametrize("text", ["/usr/sbin/slurmd", "nvidia-smi -q", "/usr/bin/systemctl", "/usr/bin/nvmefoo"])
def test_this_check_allows(text: str) -> None:
    assert not ABSOLUTE.search(text)
