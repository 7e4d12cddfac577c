"""Text as it was meant: without the signs that keyboards and word processors put in."""

from __future__ import annotations

import unicodedata
from typing import Final

_DASHES: Final = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")
_QUOTES: Final = "\u201c\u201d\u2018\u2019\u300c\u300d\"'"


def plain_signs(text: str) -> str:
    """Return a text with plain digits, letters, dashes and brackets, and without quotes around it.

    Full-width signs become those of ASCII, every dash and the minus of typesetting a hyphen.
    """
    return unicodedata.normalize("NFKC", text).translate(_DASHES).strip(_QUOTES + " ")
