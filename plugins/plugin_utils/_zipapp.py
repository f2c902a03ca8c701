# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""Build the executables that Railyard carries out of the files of this collection."""

from __future__ import annotations

import functools
import json
import pathlib
import re

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.zipapp import build_zipapp

ENTRIES = {"lab_bmcs": "_lab/bmcs.py", "node_agent": "_node_agent.py", "simulator": "_simulator.py"}

_COLLECTION = pathlib.Path(__file__).resolve().parents[2]


@functools.cache
def build(name: str) -> bytes:
    """Return the executable called ``name``: one of ``ENTRIES``."""
    if name not in ENTRIES:
        raise CoreError(f"there is no executable {name!r}.", hint=f"There are: {', '.join(ENTRIES)}.")
    folder = _COLLECTION / "plugins" / "module_utils"
    paths = [path for path in folder.rglob("*.py") if path.parent == folder or path.relative_to(folder).parts[0] in ("core", "_lab")]
    return build_zipapp({path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}, ENTRIES[name], _version())


def _version() -> str:
    """Return the collection's version: galaxy.yml in a checkout, MANIFEST.json where it is installed."""
    manifest, galaxy = _COLLECTION / "MANIFEST.json", _COLLECTION / "galaxy.yml"
    if manifest.is_file():
        return str(json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"])
    found = re.search(r"^version: *(\S+)", galaxy.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise CoreError("it names no version.", where=str(galaxy))
    return found.group(1)
