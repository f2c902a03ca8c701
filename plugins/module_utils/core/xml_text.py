# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text in XML and HTML: what has a meaning there is escaped, what has no place there becomes a question mark."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

# XML 1.0 has no place for these.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def clean(words: str) -> str:
    """Return the text without characters that XML has no place for."""
    return _CONTROL.sub("?", words)


def xml_text(words: str) -> str:
    """Return the text as it stands in an element or, between double quotes, in an attribute."""
    return escape(clean(words), {'"': "&quot;"})
