# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The attributes of a simulated adapter: those of a recorded machine, in its form."""

from __future__ import annotations

import re
from typing import Any

import pytest
import recordings

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.infiniband_tree import hca_files, port_files
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import make_profile


def nic(name: str = "h100_sxm_8") -> dict[str, Any]:
    return dict(make_profile(hardware_class(name), "node1", name)["nics"][0])


def test_attributes_have_the_form_of_the_recorded_ones() -> None:
    recorded = recordings.path("infiniband/sysfs-class-infiniband-8x-h100/mlx5_0")
    ours = hca_files(nic(), "node1")
    wanted = [path for path in recorded.rglob("*") if path.is_file() and "counters" not in path.parent.name]
    assert wanted
    for path in wanted:
        assert ours[path.relative_to(recorded).as_posix()].strip() == path.read_text().strip(), "a ConnectX-7 with an active port says the same"


def test_counters_are_some_of_the_recorded_ones() -> None:
    recorded = recordings.path("infiniband/sysfs-class-infiniband-8x-h100/mlx5_0")
    ours = {path for path in hca_files(nic(), "node1") if "counters/" in path}
    assert "ports/1/counters/symbol_error" in ours
    assert ours <= {path.relative_to(recorded).as_posix() for path in recorded.rglob("*") if path.is_file()}
    assert all((recorded / path).read_text().strip().isdecimal() for path in ours), "a number alone"


def test_identity() -> None:
    files = hca_files(nic(), "node1")
    words = files["node_guid"].strip()
    assert re.fullmatch(r"[0-9a-f]{4}(:[0-9a-f]{4}){3}", words)
    assert files["ports/1/gids/0"] == f"fe80:0000:0000:0000:{words}\n"
    assert f"0x{words.replace(':', '')}" == nic()["guid"]
    assert hca_files(nic("l40s_4"), "node1")["ports/1/gid_attrs/ndevs/0"] == "enp26s0np0\n"


@pytest.mark.parametrize(
    ("arguments", "state", "physical", "rate"),
    [
        ({}, "4: ACTIVE", "5: LinkUp", "400 Gb/sec (4X NDR)"),
        ({"state": "Down", "physical_state": "Polling", "rate_gbits_per_s": 10}, "1: DOWN", "2: Polling", "10 Gb/sec (4X SDR)"),
        ({"state": "Initializing"}, "2: INIT", "5: LinkUp", "400 Gb/sec (4X NDR)"),
        ({"rate_gbits_per_s": 200, "lanes": 2}, "4: ACTIVE", "5: LinkUp", "200 Gb/sec (2X NDR)"),
        ({"rate_gbits_per_s": 25, "lanes": 1}, "4: ACTIVE", "5: LinkUp", "25 Gb/sec (1X EDR)"),
    ],
)
def test_how_a_port_is(arguments: dict[str, Any], state: str, physical: str, rate: str) -> None:
    files = port_files(nic(), **arguments)
    assert [files[f"ports/1/{name}"].strip() for name in ("state", "phys_state", "rate")] == [state, physical, rate]
