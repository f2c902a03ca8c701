# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from collections.abc import Sequence

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.packages import TIMEOUT_S, check_names, lacking, names_for, parse_listing
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult


class Node:
    """A node whose package database says what it is told to."""

    def __init__(self, **answers: CommandResult) -> None:
        self.answers = {name.replace("_", "-"): answer for name, answer in answers.items()}
        self.asked: list[list[str]] = []

    def run(self, argv: Sequence[str], timeout_s: float) -> CommandResult:
        assert timeout_s == TIMEOUT_S
        self.asked.append(list(argv))
        return self.answers.get(argv[0], CommandResult(127, "", "not found"))


DPKG = "installed chrony 4.6.1-3\nconfig-files ntp 1.0\nnot-installed exim4 \ninstalled nftables 1.1.3-1\n"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["chrony", "nftables"], []),
        (["chrony", "tree"], ["tree"]),
        (["ntp"], ["ntp"]),
        (["exim4"], ["exim4"]),
        (["chrony=4.6.1-3"], []),
        (["chrony=4.7"], ["chrony=4.7"]),
        (["tree", "chrony", "exim4", "exim4=1"], ["tree", "exim4", "exim4=1"]),
        (["chron"], ["chron"]),
        ([], []),
    ],
)
def test_what_dpkg_lacks(names: list[str], expected: list[str]) -> None:
    node = Node(dpkg_query=CommandResult(1, DPKG, "dpkg-query: no packages found matching tree"))
    assert lacking(node, names) == ("apt", expected)


def test_what_rpm_lacks() -> None:
    node = Node(rpm=CommandResult(1, "installed chrony 4.5-1.el9\npackage tree is not installed\n", ""))
    assert lacking(node, ["chrony", "tree", "chrony=4.5-1.el9"]) == ("dnf", ["tree"])


def test_rpm_is_asked_only_where_dpkg_is_not() -> None:
    both = Node(dpkg_query=CommandResult(0, DPKG, ""), rpm=CommandResult(0, "installed tree 1-1\n", ""))
    assert lacking(both, ["tree"]) == ("apt", ["tree"])
    assert [argv[0] for argv in both.asked] == ["dpkg-query"]
    el = Node(rpm=CommandResult(0, "installed tree 2.1-1.el9\n", ""))
    assert lacking(el, ["tree"]) == ("dnf", [])
    assert el.asked[1] == ["rpm", "--query", "--queryformat", "installed %{NAME} %{VERSION}-%{RELEASE}\n", "tree"]


def test_a_database_that_does_not_answer_is_left_to_the_package_manager() -> None:
    assert lacking(Node(dpkg_query=CommandResult(124, "", "")), ["chrony"]) == ("apt", ["chrony"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("installed a 1.0\ninstalled b 2:1.0-1~bpo12+1\n", {"a": "1.0", "b": "2:1.0-1~bpo12+1"}),
        ("half-configured a 1.0\nunpacked b 1\nconfig-files c 1\n", {}),
        ("installed a\n\ninstalled\n", {}),
    ],
)
def test_a_listing(text: str, expected: dict[str, str]) -> None:
    assert parse_listing(text) == expected


def test_each_manager_s_way_to_write_a_version() -> None:
    names = ["chrony", "slurm=24.11.5-1.el9", "odd=1=2"]
    assert names_for("apt", names) == names
    assert names_for("dnf", names) == ["chrony", "slurm-24.11.5-1.el9", "odd-1=2"]


def test_a_version_is_not_part_of_the_question() -> None:
    node = Node(dpkg_query=CommandResult(0, DPKG, ""))
    lacking(node, ["chrony=4.6.1-3", "chrony"])
    assert node.asked[0][-1:] == ["chrony"]
    assert node.asked[0].count("chrony") == 1


def test_names_are_taken_as_they_are() -> None:
    assert check_names(["chrony", "libstdc++6", "slurm=24.11.5-1", "libc6:i386"]) == ["chrony", "libstdc++6", "slurm=24.11.5-1", "libc6:i386"]


def test_a_node_without_either() -> None:
    with pytest.raises(CoreError, match=r"this node has neither dpkg-query nor rpm\."):
        lacking(Node(), ["chrony"])


@pytest.mark.parametrize("name", ["", " ", "chrony*", "a b", "--purge", 7, None])
def test_what_is_no_name(name: object) -> None:
    with pytest.raises(CoreError, match=r"name\[1\]: .* (is not the name of a package|begins like an option)"):
        check_names(["chrony", name])
