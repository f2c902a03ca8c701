# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.lab.fabric import make_fabric
from ansible_collections.railyard.cluster.plugins.module_utils.core.lab.spec import spec_from_dict
from ansible_collections.railyard.cluster.plugins.module_utils.core.lab.targets import Target, find_target

SPEC = spec_from_dict(
    {
        "name": "default",
        "index": 3,
        "nodes": [{"name": "ctl1", "number": 11}, {"name": "node1", "number": 101, "leaf": "leaf1", "hardware_class": "h"}],
        "leaves": [{"name": "leaf1", "uplink_gbits_per_s": 2}],
        "hardware": {"h": {"rails": {"count": 2, "rate_gbits_per_s": 200, "link_layer": "infiniband"}}},
    }
)
FABRIC = make_fabric(SPEC)


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("node1", "node", "node1:data0"),
        ("node1:data0", "link", "node1:data0"),
        ("leaf1", "link", "leaf1:spine"),
        ("leaf1:spine", "link", "leaf1:spine"),
        ("node1:mlx5_1", "cable", "node1:mlx5_1"),
        ("leaf1-rail1:spine2", "cable", "leaf1-rail1:spine2"),
        ("bmc:ctl1", "bmc", "bmc:ctl1"),
    ],
)
def test_what_a_user_means(text: str, kind: str, name: str) -> None:
    assert find_target(SPEC, FABRIC, text) == Target(kind, name)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("node1:mlx5_2", "Nearest: node1:mlx5_1, node1:mlx5_0, node1."),
        ("leaf1-rail0:spine3", "Nearest: leaf1-rail0:spine2, leaf1-rail0:spine1, leaf1-rail1:spine2."),
        ("bmc:node9", "Nearest: bmc:node1, "),
        ("xyz", "Nodes: ctl1, node1."),
    ],
)
def test_what_nobody_knows_is_answered_with_what_is_near(text: str, hint: str) -> None:
    with pytest.raises(CoreError) as error:
        find_target(SPEC, FABRIC, text)
    assert str(error.value).startswith(f"The lab 'default' has no node, leaf, link or BMC '{text}'. {hint}")
    assert str(error.value).endswith(" 'railyard lab status' lists all.")


def test_a_lab_without_bmcs_has_none_to_break() -> None:
    with pytest.raises(CoreError, match="has no node, leaf, link or BMC 'bmc:node1'"):
        find_target(dataclasses.replace(SPEC, bmcs=False), FABRIC, "bmc:node1")
