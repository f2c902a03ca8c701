# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role slurm takes its topology from a saved discovery of the fabric, where a site says so."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from benchmark.fabric_generator import network

from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm.plan import plan

SYSTEM = [("Debian", "13.1")]
NODES = [f"gpu{number:04}.example.org" for number in range(1, 9)]
GROUPS = {"slurm_controller": ["ctl1"], "slurm_database": ["ctl2"], "slurm_compute": NODES, "first": NODES[:4], "second": NODES[4:]}
NODESETS = [{"name": "a", "group": "first"}, {"name": "b", "group": "second"}]
VARIABLES = "__slurm_variables"
TOPOLOGY = "__slurm_variables.topology"

Ask = t.Callable[..., t.Any]


@pytest.fixture
def ask(render: t.Callable[..., t.Any], tmp_path: pathlib.Path) -> Ask:
    """Evaluate an expression of the role, with the fabric of eight nodes in a file."""
    file = tmp_path / "ibnetdiscover.txt"
    file.write_text(network(units=2, hosts=4, rails=2, spines=2).text())

    def call(expression: str, **variables: t.Any) -> t.Any:
        site = {"groups": GROUPS, "slurm_nodesets": NODESETS, "slurm_fabric_files": [str(file)], **variables}
        (answer,) = render("slurm", systems=SYSTEM, variables=site, expressions=[expression])
        return answer["expressions"][expression]

    return call


def test_the_inventory_decides_unless_a_site_says_otherwise(ask: Ask) -> None:
    mine = {"plugin": "tree", "switches": [{"name": "all", "group": "slurm_compute"}]}
    assert ask(TOPOLOGY) == {}
    assert ask(TOPOLOGY, slurm_topology=mine) == mine


def test_topology_from_the_fabric(ask: Ask) -> None:
    variables = ask(VARIABLES, slurm_topology_from="fabric", railyard_hardware_class="h100_sxm_8")
    short = [node.split(".")[0] for node in NODES]
    assert variables["topology"] == {
        "plugin": "tree",
        "switches": [{"name": "su1", "nodes": short[:4]}, {"name": "su2", "nodes": short[4:]}, {"name": "spine", "switches": ["su1", "su2"]}],
    }
    files = plan(variables, GROUPS, class_of=lambda _host: "h100_sxm_8", hardware_classes={}, hosts=[])["entries"]
    (text,) = (entry["content"] for entry in files if entry["path"].endswith("/topology.conf"))
    assert "SwitchName=su2 Nodes=gpu[0005-0008]\nSwitchName=spine Switches=su[1-2]\n" in text


def test_blocks_from_the_fabric(ask: Ask) -> None:
    topology = ask(TOPOLOGY, slurm_topology_from="fabric", slurm_topology={"plugin": "block", "block_sizes": [2, 4]})
    assert (topology["plugin"], topology["block_sizes"], [block["name"] for block in topology["switches"]]) == ("block", [2, 4], ["su1", "su2"])


def test_two_sources_are_refused(ask: Ask) -> None:
    with pytest.raises(AssertionError, match="slurm_topology has switches, and slurm_topology_from is fabric"):
        ask(TOPOLOGY, slurm_topology_from="fabric", slurm_topology={"switches": []})


def test_a_discovery_that_is_not_there(ask: Ask) -> None:
    with pytest.raises(AssertionError, match=r"nowhere/ibnetdiscover\.txt"):
        ask(TOPOLOGY, slurm_topology_from="fabric", slurm_fabric_files=["/nowhere/ibnetdiscover.txt"])


def test_where_the_discovery_is_looked_for(ask: Ask, monkeypatch: pytest.MonkeyPatch, render: t.Callable[..., t.Any]) -> None:
    def default(**variables: t.Any) -> list[str]:
        (answer,) = render("slurm", systems=SYSTEM, variables=variables, expressions=["slurm_fabric_files"])
        return t.cast(list[str], answer["expressions"]["slurm_fabric_files"])

    monkeypatch.setenv("RAILYARD_STATE_DIR", "/state")
    assert default() == ["/state/fabric/ibnetdiscover.txt"]
    monkeypatch.delenv("RAILYARD_STATE_DIR")
    monkeypatch.setenv("HOME", "/home/me")
    assert default(inventory_dir="/etc/sites/north") == ["/home/me/.local/state/railyard/north/fabric/ibnetdiscover.txt"]
