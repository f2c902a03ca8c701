# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Recordings of real machines are read by tests where they lie; none of them is copied into the project."""

from __future__ import annotations

import hashlib
import pathlib

import recordings

# Shorter ones (a port's state, a counter) are equal by chance.
SHORTEST = 200


def digest(path: pathlib.Path) -> str:
    """Return a digest of a file's words: other line ends or indentation do not make another text."""
    return hashlib.sha256(b" ".join(path.read_bytes().split())).hexdigest()


def copies(project: list[pathlib.Path], recorded: list[pathlib.Path]) -> list[str]:
    """Return the files of the project that are a recording."""
    known = {digest(path): path.name for path in recorded if path.stat().st_size >= SHORTEST}
    found = [(path, known.get(digest(path))) for path in project if path.stat().st_size >= SHORTEST]
    return [f"{path} is a copy of {name}" for path, name in found if name]


def test_no_recording_is_copied(repository: pathlib.Path, project_files: list[pathlib.Path]) -> None:
    recorded = [path for path in recordings.path().rglob("*") if path.is_file()]
    assert recorded
    assert copies([repository / path for path in project_files], recorded) == []


def test_this_check_sees(tmp_path: pathlib.Path) -> None:
    recording, copy, other = (tmp_path / name for name in ("recording", "copy", "other"))
    recording.write_text("GPU 0 is fine\n" * 20)
    copy.write_text("GPU 0 is fine\r\n" * 20)
    other.write_text("GPU 1 is fine\n" * 20)
    assert copies([copy, other], [recording]) == [f"{copy} is a copy of recording"]
