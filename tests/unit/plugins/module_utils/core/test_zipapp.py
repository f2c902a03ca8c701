# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Executables for nodes: the same bytes every time, everything that is imported and nothing else."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.zipapp import build_zipapp, closure

SOURCES = {
    "_tool.py": "from .core.deep.work import answer\n\ndef main(version):\n    print(version, answer())\n    return 3\n",
    "core/deep/work.py": "import json\nfrom ..base import ONE\nfrom . import other\n\ndef answer():\n    return json.dumps([ONE, other.TWO])\n",
    "core/deep/other.py": "TWO = 2\n",
    "core/base.py": "ONE = 1\n",
    "core/unused.py": "from .nowhere import X\n",
}


def test_runs_and_passes_the_exit_status_on(tmp_path: Path) -> None:
    path = tmp_path / "tool.pyz"
    path.write_bytes(build_zipapp(SOURCES, "_tool.py", "1.2.3"))
    done = subprocess.run([sys.executable, "-IS", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "")
    version, _blank, answer = done.stdout.partition(" ")
    assert (version.partition("+")[0], answer) == ("1.2.3", "[1, 2]\n")


def test_same_sources_give_the_same_bytes_in_any_order() -> None:
    first = build_zipapp(SOURCES, "_tool.py", "1")
    assert first == build_zipapp(dict(reversed(SOURCES.items())), "_tool.py", "1")
    assert first.startswith(b"#!/usr/bin/python3 -IS\n")


def test_a_source_that_is_not_imported_does_not_count_and_another_does() -> None:
    first = build_zipapp(SOURCES, "_tool.py", "1")
    assert first == build_zipapp({**SOURCES, "core/unused.py": "changed"}, "_tool.py", "1")
    assert first != build_zipapp({**SOURCES, "core/base.py": "ONE = 9\n"}, "_tool.py", "1")


def test_holds_what_is_imported_stored_and_without_dates() -> None:
    assert closure(SOURCES, "_tool.py") == ["_tool.py", "core/base.py", "core/deep/other.py", "core/deep/work.py"]
    with zipfile.ZipFile(io.BytesIO(build_zipapp(SOURCES, "_tool.py", "1"))) as archive:
        assert "railyard/core/unused.py" not in archive.namelist()
        assert {(info.compress_type, info.date_time) for info in archive.infolist()} == {(zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0))}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("_none.py", "_none.py: there is no source '_none.py' for the executable."),
        ("core/unused.py", "core/unused.py, line 1: it imports .nowhere.X, which is nowhere."),
    ],
)
def test_what_is_missing_is_named(entry: str, message: str) -> None:
    with pytest.raises(CoreError) as caught:
        build_zipapp(SOURCES, entry, "1")
    assert str(caught.value) == message
