"""Which texts are made of words of the field alone, so that they may stay."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from sbrt_qa.deid.clinical_words import COMMON_CHARACTERS, WORDS
from sbrt_qa.deid.pinyin import is_han
from sbrt_qa.deid.policy import policy
from sbrt_qa.deid.spelling import folded
from sbrt_qa.protocol.protocol_files import library, load_family

LONGEST: Final = 64
"""Characters of a text that may stay."""

LONGEST_NUMBER: Final = 4
"""Digits of a number in it."""

_TOKEN: Final = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)?")
_CAMEL: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_PLAIN: Final = re.compile(r"[\w .,+\-~^!/%()&:#*<>=]*")
_CODE: Final = re.compile(r"(?=.{1,16}$)(?:[A-Z]{0,3}-?\d[0-9A-F.\-]*|[A-Z]-[0-9A-F]+)")
LONGEST_CODE: Final = 11
"""Digits of a code."""

_SCHEMES: Final = frozenset(
    [
        "DCM", "SCT", "SRT", "SNM3", "99SDM", "FMA", "NCIt", "NCIT", "RADLEX", "UMLS", "UCUM",
        "LN", "I10", "I10P", "I9C", "ICDO3", "IBSI", "BI", "99VMS_STRUCTCODE",
    ]
)  # fmt: skip
"""Designators of PS3.16, chapter 8, that structures and registrations are coded with."""

_SHORT: Final = frozenset(
    [
        "l", "r", "z", "x", "y", "p", "a", "s", "i", "m", "n", "d", "g", "gy", "cc", "mm",
        "cm", "pct", "sb", "prv", "lt", "rt", "ll", "rl", "eval", "nos", "v",
    ]
)  # fmt: skip
"""Letters beside a word of the field that say a side, a number or a unit."""


def is_structure(text: str) -> bool:
    """Tell whether a text is a name of a structure: of words of the field and short numbers."""
    words = _structure_words() | policy().words
    return _is_made_of(text, words | _SHORT) and _has_word(text, words)


def is_label(text: str) -> bool:
    """Tell whether a text is a label of words of the field and short numbers."""
    return _is_made_of(text, _structure_words() | _SHORT | policy().words)


def is_beam(text: str) -> bool:
    """Tell whether a text is the name of a beam."""
    return _is_made_of(text, policy().words | _SHORT)


def is_prescription(text: str) -> bool:
    """Tell whether a text is a prescription, such as ``50 Gy in 5 fractions to PTV``."""
    return _is_made_of(text, policy().words | _SHORT | _structure_words())


def is_code(text: str) -> bool:
    """Tell whether a text is the code of a coding scheme, such as ``T-62000``; no word is one."""
    return bool(_CODE.fullmatch(text)) and sum(c.isdigit() for c in text) <= LONGEST_CODE


def is_scheme(text: str) -> bool:
    """Tell whether a text designates a coding scheme that everybody has."""
    return text in _SCHEMES


RULES: Final = {
    "structure": is_structure,
    "label": is_label,
    "beam": is_beam,
    "prescription": is_prescription,
    "code": is_code,
    "scheme": is_scheme,
}
"""Rules of texts by their name in the policy; of any other name nothing stays."""


def _is_made_of(text: str, words: frozenset[str]) -> bool:
    if not text or len(text) > LONGEST or not _PLAIN.fullmatch(text):
        return False
    return all(_is_known(token, words) for token in _TOKEN.findall(text))


def _has_word(text: str, words: frozenset[str]) -> bool:
    return any(_is_known(token, words) for token in _TOKEN.findall(text) if not token[0].isdigit())


def _is_known(token: str, words: frozenset[str]) -> bool:
    if token[0].isdigit():
        return sum(c.isdigit() for c in token) <= LONGEST_NUMBER
    plain = folded(token)
    if plain in words:
        return True
    if any(is_han(c) for c in token):
        return all(c in COMMON_CHARACTERS for c in token if is_han(c))
    parts = [folded(part) for part in _CAMEL.findall(token)]
    return len(parts) > 1 and all(part in words for part in parts)


@cache
def _structure_words() -> frozenset[str]:
    """Return the words of names and aliases of the protocols, and of labels in radiotherapy."""
    found = set(WORDS)
    for stem in library():
        if "@" in stem:
            continue
        protocol = load_family(stem).latest
        for one in protocol.structures:
            listed = [one.name, *(a for names in one.aliases.values() for a in names)]
            for name in listed:
                found.add(folded(name))
                found |= {folded(w) for w in _TOKEN.findall(name) if not w[0].isdigit()}
                found |= {folded(w) for w in _CAMEL.findall(name)}
    return frozenset(w for w in found if len(w) > 1)
