# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is taken away from a text before it is read, and lines whose indentation has a meaning."""

from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.values import indented, plain, without_prefixes


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("\x1b[4mGPU0\x1b[0m\tCPU\r\nX\r\n", "GPU0\tCPU\nX\n"),
        ("\ufeffGPU 0", "GPU 0"),
        ("GPU é\r\n".encode("utf-16").decode("utf-8", "replace"), "GPU \ufffd\n"),
    ],
)
def test_plain(text: str, wanted: str) -> None:
    assert plain(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("node1: a\nnode1: \nnode1:   b: c\n", "a\n\n  b: c\n"),
        ("[pod/x/c] a\n[pod/x/c] b", "a\nb"),
        ("2026-03-02T10:11:12.123456789Z a\n2026-03-02T10:11:13Z  b\n2026-03-02T10:11:13Z\n", "a\n b\n\n"),
        ("[2026-03-02 10:11:12,5] a\n\n[2026-03-02 10:11:12,5] b\n", "a\n\nb\n"),
        ("Mar  2 10:11:12 node1 smi[81]: a\nMar 12 10:11:12 node1 smi[81]:   b: c\nMar 12 10:11:12 node1 smi[81]:\n", "a\n  b: c\n\n"),
        # Not before every line, or not a collector's.
        ("node1: a\nnode2: b\n", "node1: a\nnode2: b\n"),
        ("node1: a\nnode1b: b\n", "node1: a\nnode1b: b\n"),
        ("ERROR: a\nERROR: b\n", "ERROR: a\nERROR: b\n"),
        ("node1: a\n", "node1: a\n"),
        ('node1: {"a": 1}\n', '{"a": 1}\n'),
        ('{"a": {"b": 1}}\n', '{"a": {"b": 1}}\n'),
        ("2026-03-02 a\n2026-03-02 b\n", "2026-03-02 a\n2026-03-02 b\n"),
        ("a\nb\n", "a\nb\n"),
        ("", ""),
    ],
)
def test_without_prefixes(text: str, wanted: str) -> None:
    assert without_prefixes(text) == wanted


def test_indented() -> None:
    text = "A\n  B : 1\n\n    C: x: y\n\tD\n  E:\nF : 2\n"
    assert list(indented(text, -1)) == [
        (("A",), None),
        (("A", "B"), "1"),
        (("A", "B", "C"), "x: y"),
        (("A", "B", "C", "D"), None),
        (("A", "E"), ""),
        (("F",), "2"),
    ]
    assert [path for path, _value in indented("  A\n    B\n  C\nD\n    E\n", 0)] == [("A",), ("A", "B"), ("C",)]
