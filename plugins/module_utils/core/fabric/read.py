# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what ibnetdiscover printed to a fabric, in one call, for the edges of the library."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import CoreError
from ..model.fabric import Fabric
from ..parse import ibnetdiscover
from .build import build
from .wiring import from_discovery


def read_fabric(source: str | Sequence[str]) -> tuple[Fabric, tuple[str, ...]]:
    """Return the fabric and what could not be read of it.

    ``source``: the text of a discovery, or of several where the rails are planes of their own.
    """
    texts = [source] if isinstance(source, str) else list(source)
    if not texts:
        raise CoreError("there is no discovery to make a fabric of.", hint="Give what ibnetdiscover prints.")
    discoveries = []
    for number, text in enumerate(texts, 1):
        try:
            discoveries.append(ibnetdiscover.parse(str(text)))
        except CoreError as error:
            where = f"discovery {number}" if len(texts) > 1 else ""
            raise CoreError(error.message, where=" ".join(part for part in (where, error.where) if part), hint=error.hint) from None
    return build(from_discovery(*discoveries)), tuple(warning for discovery in discoveries for warning in discovery.warnings)
