# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from collections.abc import Sequence

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.packages import check_names, lacking
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult


class Node:
    """A node whose package database says what it is told to."""

    def __init__(self, **answers: CommandResult) -> None:
        self.answers = {name.replace("_", "-"): answer for name, answer in answers.items()}
        self.asked: list[list[str]] = []

    def run(self, argv: Sequence[str], timeout_s: float) -> CommandResult:
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
    ],
)
def test_what_dpkg_lacks(names: list[str], expected: list[str]) -> None:
    node = Node(dpkg_query=CommandResult(1, DPKG, "dpkg-query: no packages found matching tree"))
    assert lacking(node, names) == ("apt", expected)


def test_what_rpm_lacks() -> None:
    node = Node(rpm=CommandResult(1, "installed chrony 4.5-1.el9\npackage tree is not installed\n", ""))
    assert lacking(node, ["chrony", "tree", "chrony=4.5-1.el9"]) == ("dnf", ["tree"])


def test_a_version_is_not_part_of_the_question() -> None:
    node = Node(dpkg_query=CommandResult(0, DPKG, ""))
    lacking(node, ["chrony=4.6.1-3", "chrony"])
    assert node.asked[0][-1:] == ["chrony"]
    assert node.asked[0].count("chrony") == 1


def test_a_node_without_either() -> None:
    with pytest.raises(CoreError, match=r"this node has neither dpkg-query nor rpm\."):
        lacking(Node(), ["chrony"])


@pytest.mark.parametrize("name", ["", " ", "chrony*", "a b", "--purge", 7, None])
def test_what_is_no_name(name: object) -> None:
    with pytest.raises(CoreError, match=r"name\[1\]: .* (is not the name of a package|begins like an option)"):
        check_names(["chrony", name])
