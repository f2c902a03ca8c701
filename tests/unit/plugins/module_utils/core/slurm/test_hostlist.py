# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Host lists: known pairs, round trips over arbitrary names, mistakes named, and cost that grows with the names alone."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm.hostlist import expand, fold

NODES = st.from_regex(r"[a-z]{1,3}(-?[0-9]{1,4}-?[a-z]{0,2}){0,3}", fullmatch=True)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["ctl"], "ctl"),
        (["node7"], "node7"),
        (["node1", "node2", "node3"], "node[1-3]"),
        (["node01", "node02", "node04", "node7"], "node[7,01-02,04]"),
        (["node8", "node9", "node10", "node11"], "node[8-11]"),
        (["node08", "node09", "node10", "node11"], "node[08-11]"),
        (["node099", "node100", "node101"], "node[099-101]"),
        (["n10", "n9", "n9"], "n[9-10]"),
        (["gpu2", "cpu1", "gpu1"], "cpu1,gpu[1-2]"),
        (["a1-ib", "a2-ib"], "a1-ib,a2-ib"),
        (["r1n1", "r1n2", "r2n1", "r2n2"], "r[1-2]n[1-2]"),
        (["r1n1", "r1n2", "r2n1"], "r1n[1-2],r2n1"),
        (["r09-n1", "r09-n2", "r10-n1", "r10-n2"], "r[09-10]-n[1-2]"),
    ],
)
def test_fold(names: list[str], text: str) -> None:
    assert fold(names) == text
    assert sorted(expand(text)) == sorted(set(names))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        ("node[01-03,7]", ["node01", "node02", "node03", "node7"]),
        ("a,b[2,1]", ["a", "b2", "b1"]),
        ("r[1-2]n[1-2]", ["r1n1", "r1n2", "r2n1", "r2n2"]),
        ("n[1-2]-ib", ["n1-ib", "n2-ib"]),
        (" a , b[1, 3] ", ["a", "b1", "b3"]),
        ("n[098-101]", ["n098", "n099", "n100", "n101"]),
    ],
)
def test_expand(text: str, names: list[str]) -> None:
    assert expand(text) == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("n[1-", "the host list 'n[1-' has a bracket that isn't closed."),
        ("n1]", "the brackets of the host list 'n1]' don't match at character 3."),
        ("n[1[2]]", "the brackets of the host list 'n[1[2]]' don't match at character 4."),
        ("n[3-1]", "the range '3-1' in the host list 'n[3-1]' runs backwards."),
        ("n[]", "'' in the host list 'n[]' is not a number or a range of numbers."),
        ("n[a]", "'a' in the host list 'n[a]' is not a number or a range of numbers."),
        ("a,,b", "the host list 'a,,b' has an empty name."),
        ("n[0-999999999]", "the host list 'n[0-999999999]' stands for more than 1000000 names."),
        ("n[1-2000]x[1-2000]", "the host list 'n[1-2000]x[1-2000]' stands for more than 1000000 names."),
    ],
)
def test_expand_names_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(CoreError) as caught:
        expand(text)
    assert str(caught.value) == message


@given(st.lists(NODES, max_size=40))
def test_round_trip(names: list[str]) -> None:
    text = fold(names)
    back = expand(text)
    assert sorted(back) == sorted(set(names))
    assert fold(reversed(back)) == text
    # slurm.conf(5): of several numeric expressions one must be at the end of the name.
    assert not re.search(r"\][^,\[\]]+(,|$)", text)


@given(st.text(alphabet="n[]-,01 9", max_size=12))
def test_expand_answers_or_refuses(text: str) -> None:
    try:
        names = expand(text)
    except CoreError:
        return
    assert all(name and "[" not in name for name in names)


def test_ten_thousand_names_take_no_time() -> None:
    names = [f"r{rack:03d}-n{node:02d}" for rack in range(500) for node in range(20)]
    start = time.process_time()
    text = fold(names)
    assert text == "r[000-499]-n[00-19]"
    assert sorted(expand(text)) == names
    assert time.process_time() - start < 2
