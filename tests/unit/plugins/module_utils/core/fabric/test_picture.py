# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The picture of a fabric is one sound SVG that needs nothing else, has a square for whatever there is, and shows each defect."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest
from benchmark.fabric_generator import DEFAULT_NAME, Network, large_network, network

from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.build import build
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.defects import find_defects
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.picture import draw
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.wiring import Neighbour, from_neighbours
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.fabric import Fabric

Make = Callable[[Network], Fabric]
SVG = "{http://www.w3.org/2000/svg}"


def shapes(text: str) -> list[tuple[str, str, str]]:
    """What is drawn: element, class and what it says when pointed at."""
    found = []
    for element in ET.fromstring(text):
        title = element.find(f"{SVG}title")
        found.append((element.tag.removeprefix(SVG), element.get("class", ""), (title.text or "") if title is not None else ""))
    return found


def texts(text: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(text).iter(f"{SVG}text")]


def of(drawn: list[tuple[str, str, str]], style: str) -> list[str]:
    return [words for _element, name, words in drawn if name == style]


def test_small_fabric(fabric_of: Make) -> None:
    fabric = fabric_of(network(units=2, hosts=2, rails=2, spines=2, cables=3))
    picture = draw(fabric, (), title="the lab")
    drawn = shapes(picture)
    assert of(drawn, "switch") == ["spine1", "spine2", "su1-leaf1", "su1-leaf2", "su2-leaf1", "su2-leaf2"]
    assert len(of(drawn, "unit")) == 2
    assert len(of(drawn, "frame")) == 1
    assert of(drawn, "host")[:2] == ["gpu0001 mlx5_0 to su1-leaf1 port 1", "gpu0001 mlx5_1 to su1-leaf2 port 1"]
    assert of(drawn, "cable")[0] == "spine1 – su1-leaf1: 3 cables"
    assert len(of(drawn, "cable")) == 8
    assert texts(picture)[:2] == ["the lab", "4 hosts, 2 scalable units, 4 leaves, 2 spines: no defects."]
    assert {"su1", "su2", "gpu0001", "gpu0004", "r0", "r1"} <= set(texts(picture))


def test_defects_are_coloured_and_listed(fabric_of: Make) -> None:
    made = network(units=2, hosts=4, rails=2, spines=2, cables=2)
    made.remove("gpu0003 mlx5_1")
    made.of("gpu0006 mlx5_0")[0].rate = "2xNDR"
    made.cut(made.between("su2-leaf2", "spine1")[0])
    fabric = fabric_of(made)
    defects = find_defects(fabric)
    picture = draw(fabric, defects)
    drawn = shapes(picture)
    assert [(element, words.splitlines()[0]) for element, style, words in drawn if style == "bad"] == [
        ("line", "su2-leaf2 – spine1: there is 1 of 2 cables from su2-leaf2 to spine1; most of the switches beside it have 2 cables there."),
        ("rect", "spine1"),
        ("rect", "su1-leaf2"),
        ("rect", "gpu0003 rail 1: no cable"),
        ("rect", "su2-leaf2"),
    ]
    assert [words.splitlines()[0] for words in of(drawn, "odd")] == ["su2-leaf1", "gpu0006 mlx5_0 to su2-leaf1 port 2"]
    assert texts(picture)[-3:] == [f"{defect.subject}: {defect.message}" for defect in defects]
    assert "2 spines: 3 defects." in texts(picture)[1]


def test_a_unit_without_one_of_its_leaves(fabric_of: Make) -> None:
    made = network(units=3, hosts=4, rails=4, spines=2)
    made.remove("su2-leaf3")
    fabric = fabric_of(made)
    assert len(of(shapes(draw(fabric, find_defects(fabric))), "unit bad")) == 1


def test_thousand_hosts(fabric_of: Make) -> None:
    made = large_network(8)
    made.remove("gpu0100 mlx5_3")
    fabric = fabric_of(made)
    picture = draw(fabric, find_defects(fabric))
    drawn = shapes(picture)
    assert len(of(drawn, "host")) == 999
    assert len(of(drawn, "switch")) == 999
    assert (len(of(drawn, "unit")), len(of(drawn, "frame")), of(drawn, "cable")) == (40, 8, [])
    assert [words.splitlines()[0] for words in of(drawn, "bad")] == ["su4-leaf4", "gpu0100: 9 cables"]
    # A page or two, and half a megabyte at most.
    width, height = (float(size) for size in re.search(r'viewBox="0 0 (\S+) (\S+)"', picture).groups())  # type: ignore[union-attr]
    assert width < 1600
    assert height < 2500
    assert len(picture) < 500_000


def test_nothing_is_drawn_outside_or_taken_from_elsewhere(fabric_of: Make) -> None:
    made = network(pods=3, units=3, hosts=20, rails=4, spines=5, cores=4)
    picture = draw(fabric_of(made))
    root = ET.fromstring(picture)
    for element in root.iter(f"{SVG}rect"):
        assert float(element.get("x", 0)) + float(element.get("width", 0)) <= float(root.get("width", 0))
        assert float(element.get("y", 0)) + float(element.get("height", 0)) <= float(root.get("height", 0))
    assert not re.search(r"href|url\(|@import|<script|<image", picture)


def test_boxes_do_not_overlap(fabric_of: Make) -> None:
    root = ET.fromstring(draw(fabric_of(network(pods=3, units=4, hosts=12, rails=4, spines=5, cores=4))))
    for style in ("frame", "unit"):
        boxes = [
            [float(element.get(name, 0)) for name in ("x", "y", "width", "height")] for element in root.iter(f"{SVG}rect") if element.get("class") == style
        ]
        for place, (x, y, width, height) in enumerate(boxes):
            for left, top, wide, high in boxes[place + 1 :]:
                assert x + width <= left or left + wide <= x or y + height <= top or top + high <= y


def test_names_are_only_text(fabric_of: Make) -> None:
    made = network(units=1, hosts=2, rails=1, spines=1)
    made.devices["spine1"].name = "<script>&\x01]]>"
    made.devices["su1-leaf1"].name = "x" * 250
    for name in ("gpu0001 mlx5_0", "gpu0002 mlx5_0"):
        made.devices[name].name = f'"{name[:7]}<b> mlx5_0'
    picture = draw(fabric_of(made), (), title="<&>")
    assert "<script" not in picture
    assert "<script>&?]]>" in of(shapes(picture), "switch")
    assert "<&>" in texts(picture)


def test_what_has_no_place_is_drawn_apart(fabric_of: Make) -> None:
    made = network(units=2, hosts=2, rails=1, spines=1)
    made.connect(made.devices["spine1"], made.adapter("login1 mlx5_0"))
    made.connect(made.switch("island1"), made.switch("island2"))
    picture = draw(fabric_of(made))
    assert {"other switches", "on no leaf: login1"} <= set(texts(picture))
    assert {"island1", "island2"} <= set(of(shapes(picture), "switch"))


def test_oversubscription_is_told(fabric_of: Make) -> None:
    assert "su1-leaf1\noversubscription 2.00" in of(shapes(draw(fabric_of(network(units=2, hosts=4, rails=1, spines=2)))), "switch")


def test_many_defects_are_not_all_listed(fabric_of: Make) -> None:
    made = network(units=2, hosts=30, rails=1, spines=1)
    for name, device in made.devices.items():
        if name.startswith("gpu"):
            device.name = DEFAULT_NAME
    fabric = fabric_of(made)
    assert texts(draw(fabric, find_defects(fabric)))[-1] == "and 20 more."


def test_fabrics_that_are_hardly_there() -> None:
    assert "0 hosts" in texts(draw(build(from_neighbours([]))))[1]
    rows = [Neighbour(f"gpu{host}", "eth0", f"leaf{host // 2}", f"swp{host}", None) for host in range(4)]
    assert of(shapes(draw(build(from_neighbours(rows)))), "switch") == ["leaf0", "leaf1"]


@pytest.mark.parametrize("name", ["infiniband/ibnetdiscover.ndr-dgx-fabric.txt", "infiniband/ibnetdiscover.qdr-cluster-sx6036.txt"])
def test_recorded_fabrics(name: str, recorded_fabric: Callable[[str], Fabric]) -> None:
    fabric = recorded_fabric(name)
    drawn = shapes(draw(fabric, find_defects(fabric)))
    told = {words.splitlines()[0] for _element, _style, words in drawn if words}
    assert {switch.label for switch in fabric.switches.values()} <= told
