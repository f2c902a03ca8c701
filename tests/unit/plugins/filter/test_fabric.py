# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters of the fabric are thin edges over the library: same results, its errors as Ansible's, what is missing as a warning."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from benchmark.fabric_generator import network

from ansible_collections.railyard.cluster.plugins.filter.fabric import FilterModule as Fabric
from ansible_collections.railyard.cluster.plugins.filter.fabric_changes import FilterModule as Changes
from ansible_collections.railyard.cluster.plugins.filter.fabric_labels import FilterModule as Labels
from ansible_collections.railyard.cluster.plugins.filter.fabric_picture import FilterModule as Picture
from ansible_collections.railyard.cluster.plugins.filter.fabric_topology import FilterModule as Topology

FABRIC, LABELS, TOPOLOGY = Fabric().filters()["fabric"], Labels().filters()["fabric_labels"], Topology().filters()["fabric_topology"]
CHANGES, PICTURE = Changes().filters()["fabric_changes"], Picture().filters()["fabric_picture"]
TEXT = network(units=2, hosts=2, rails=2, spines=2).text()
NODES = [f"gpu000{number}.example.org" for number in range(1, 5)]


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect what the filters warn of."""
    said: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda self, message, **kwargs: said.append(message))
    return said


def test_topology(warned: list[str]) -> None:
    assert TOPOLOGY(TEXT, NODES) == {
        "plugin": "tree",
        "switches": [
            {"name": "su1", "nodes": ["gpu0001", "gpu0002"]},
            {"name": "su2", "nodes": ["gpu0003", "gpu0004"]},
            {"name": "spine", "switches": ["su1", "su2"]},
        ],
    }
    assert TOPOLOGY([TEXT, TEXT], NODES, plugin="block", block_sizes=[2])["block_sizes"] == [2]
    assert warned == []


def test_what_is_missing_is_a_warning(warned: list[str]) -> None:
    assert TOPOLOGY(TEXT[: TEXT.rindex("vendid")], [*NODES, "other1", "other2"])["switches"][2]["nodes"] == ["other1", "other2"]
    assert warned == [
        "The discovery of the fabric: one cable is told by one end alone, such as port 2 of MF0;su2-leaf2:MQM9700/U1 to port 1 of gpu0004 mlx5_1.",
        "The discovery of the fabric: one node is named by others and not in the output, such as gpu0004 mlx5_1: it is not whole.",
        "The fabric does not know other[1-2]: no adapter in it has the name. Slurm places them apart from the others.",
    ]


def test_fabric() -> None:
    made = network(units=2, hosts=2, rails=2, spines=2)
    made.remove("gpu0003 mlx5_1")
    found = FABRIC(made.text(), ["gpu0001", "gpu0099"])
    assert {name: found[name] for name in ("complete", "warnings", "tiers", "hosts", "cables")} == {
        "complete": True,
        "warnings": [],
        "tiers": 2,
        "hosts": 4,
        "cables": 15,
    }
    assert found["units"][1] == {"name": "su2", "pod": "spine", "rails": 2, "leaves": ["su2-leaf1", "su2-leaf2"], "hosts": ["gpu0003", "gpu0004"]}
    assert found["pods"] == [{"name": "spine", "units": ["su1", "su2"], "spines": ["spine1", "spine2"]}]
    assert next(switch for switch in found["switches"] if switch["label"] == "su2-leaf2") == {
        "id": "0x00aa0000000000a0",
        "name": "MF0;su2-leaf2:MQM9700/U1",
        "label": "su2-leaf2",
        "model": "MQM9700",
        "tier": 1,
        "unit": "su2",
        "rail": 1,
        "host_cables": 1,
        "down_gbits_per_s": 400,
        "up_gbits_per_s": 800,
        "oversubscription": 0.5,
    }
    assert [(defect["id"], defect["subject"]) for defect in found["defects"]] == [("node_missing", "gpu0099"), ("rail_missing", "gpu0003 rail 1")]


def test_labels() -> None:
    assert LABELS(TEXT, NODES[2:3]) == {NODES[2]: {"fabric.topograph.run/tier-0": "su2", "fabric.topograph.run/tier-1": "spine"}}
    assert LABELS(TEXT, NODES[:1], prefix="x") == {NODES[0]: {"x/tier-0": "su1", "x/tier-1": "spine"}}


def test_picture() -> None:
    picture = PICTURE(TEXT, ["gpu0099"], title="Hall 2")
    assert picture.startswith("<svg ")
    assert ">Hall 2</text>" in picture
    assert "gpu0099: no adapter of the fabric names it." in picture


def test_changes() -> None:
    made = network(units=2, hosts=4, rails=3, spines=2)
    before = made.text()
    made.move("gpu0001 mlx5_0", "su2-leaf1")
    assert CHANGES(before, before) == []
    assert CHANGES(made.text(), before) == [
        {
            "id": "cable_moved",
            "subject": "gpu0001 mlx5_0",
            "message": "the cable of gpu0001 mlx5_0 goes to su2-leaf1 port 7 now, before to su1-leaf1 port 1.",
        }
    ]


@pytest.mark.parametrize(
    "use",
    [
        lambda text: TOPOLOGY(text, NODES),
        FABRIC,
        lambda text: LABELS(text, NODES),
        PICTURE,
        lambda text: CHANGES(text, TEXT),
        lambda text: CHANGES(TEXT, text),
    ],
)
def test_mistakes_become_filter_errors(use: object) -> None:
    assert callable(use)
    with pytest.raises(AnsibleFilterError, match="this is not what ibnetdiscover prints"):
        use("nonsense")
    with pytest.raises(AnsibleFilterError, match="discovery 2: this is not what ibnetdiscover prints"):
        use([TEXT, ""])
    with pytest.raises(AnsibleFilterError, match="there is no discovery to make a fabric of"):
        use([])
