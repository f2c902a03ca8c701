# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the inventory plugins share."""

from __future__ import annotations

import pathlib
import re

import pytest
from ansible.errors import AnsibleParserError

from ansible_collections.railyard.cluster.plugins.plugin_utils._inventory import RailyardInventoryPlugin, group_name, host_name, now, some


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("ABC123", "ABC123"),
        (" node1.example.org ", "node1.example.org"),
        ("a b/c", "a-b-c"),
        ("-x-", "x"),
        (7, "7"),
        ("", ""),
        (None, ""),
        ("all", ""),
        ("LOCALHOST", ""),
        ("localhost.localdomain", ""),
        ("ungrouped", ""),
        ("{{ x }}", "x"),
    ],
)
def test_names_of_hosts(value: object, name: str) -> None:
    assert host_name(value) == name


def test_names_of_groups() -> None:
    assert group_name("redfish", "gpu", "NVIDIA H100 PCIe") == "redfish_gpu_nvidia_h100_pcie"
    assert group_name("slurm", "gres", "10de:2330") == "slurm_gres_10de_2330"


def test_a_few_of_many() -> None:
    assert some(["a.", "b."]) == "a. b."
    assert some(["a.", "b.", "c.", "d.", "e."]) == "a. b. c. And 2 more."


def test_the_time_is_utc() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", now())


@pytest.fixture
def plugin(tmp_path: pathlib.Path) -> RailyardInventoryPlugin:
    found = RailyardInventoryPlugin()
    found._path = str(tmp_path / "x.railyard.yml")
    return found


def test_commands(plugin: RailyardInventoryPlugin) -> None:
    assert plugin.run(["sh", "-c", "echo $LC_ALL; echo noise >&2"], 5) == "C\n"
    for command, sentence in {
        ("nothere",): "nothere could not be started: No such file or directory.",
        ("sleep", "5"): "sleep 5 did not end within 0.2 s.",
        ("sh", "-c", "echo one; echo two >&2; exit 3"): "sh -c echo one; echo two >&2; exit 3 ended with status 3: two",
        ("false",): "false ended with status 1: it printed nothing",
    }.items():
        with pytest.raises(AnsibleParserError) as caught:
            plugin.run(command, 0.2)
        assert f"x.railyard.yml: {sentence}" in str(caught.value)


def test_files(plugin: RailyardInventoryPlugin, tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    assert plugin.read("a.txt") == plugin.read(str(tmp_path / "a.txt")) == "text"
    with pytest.raises(AnsibleParserError, match=r"nothere can't be read: No such file or directory\."):
        plugin.read("nothere")
