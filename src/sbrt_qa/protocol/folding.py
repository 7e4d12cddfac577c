"""Folding of structure names: what two spellings of one name have in common.

Case, blanks, underscores, full-width forms and traditional characters do not matter. Signs of
subtraction do: a name that holds a minus in any form keeps it, so that ``Liver-GTV`` never
becomes ``LiverGTV``, which is a target.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

MINUS_WORDS: Final = ("minus", "减去", "减", "ohne", "sans")
"""Words for subtraction, folded to ``-``; the longer before the part of it."""

_MINUS_SIGNS: Final = "‐‑‒–—―−﹣－"
_SIMPLIFIED: Final = str.maketrans(
    "臟腎膽腸減腫術靜脈動門體輪側雙臨標劃區轉總",
    "脏肾胆肠减肿术静脉动门体轮侧双临标划区转总",
)
_TO_MINUS: Final = str.maketrans(dict.fromkeys(_MINUS_SIGNS, "-"))
_LOOK_ALIKES: Final = str.maketrans(
    "аеорсухіјѕԁһвкмнтАВЕКМНОРСТУХІЈЅαοινρυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijsdhbkmhtABEKMHOPCTYXIJSaoivpuABEZHIKMNOPTYX",
)
"""Cyrillic and Greek letters that look like Latin ones."""


@lru_cache(maxsize=8192)
def folded(name: str) -> str:
    """Return the form in which two spellings of one name are equal."""
    text = name if name.isascii() else _plain_characters(name)
    text = "".join(text.casefold().split())
    for word in MINUS_WORDS:
        text = text.replace(word, "-")
    return text.replace("_", "")


def as_it_looks(name: str) -> str:
    """Return a name as a reader takes it: look-alikes as Latin letters, nothing invisible.

    Only to say what a name may be mistaken for, never to match.
    """
    seen = (c for c in name.translate(_LOOK_ALIKES) if unicodedata.category(c) != "Cf")
    return "".join(seen)


def holds_minus(name: str) -> bool:
    """Tell whether a name subtracts something, in any notation."""
    return "-" in folded(name)


def _plain_characters(name: str) -> str:
    text = unicodedata.normalize("NFKC", name.translate(_TO_MINUS))
    return text.translate(_SIMPLIFIED)
