# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kinds of captured output that can be explained. Values are modules of this package, by name: naming one loads none of the others.

Each has ``parse(text) -> dict``: the fields of its document, with ``complete``, ``warnings`` and ``faults``; it raises ``CoreError`` for a
text that is not of its kind.
"""

from __future__ import annotations

from collections.abc import Mapping

KINDS: Mapping[str, str] = {
    "capture": "capture",
}
