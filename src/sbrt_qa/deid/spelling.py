"""Texts as letters without case, accents and separators, with where each letter stands."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sbrt_qa.deid.pinyin import SIMPLIFIED, is_han

_SPECIAL: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})

_CYRILLIC: Final = {
    "а": ("a",), "б": ("b",), "в": ("v", "w"), "г": ("g",), "д": ("d",), "е": ("e", "ye", "je"),
    "ё": ("e", "yo", "jo"), "ж": ("zh", "z", "sch"), "з": ("z", "s"), "и": ("i",),
    "й": ("y", "i", "j"), "к": ("k",), "л": ("l",), "м": ("m",), "н": ("n",), "о": ("o",),
    "п": ("p",), "р": ("r",), "с": ("s",), "т": ("t",), "у": ("u",), "ф": ("f",),
    "х": ("kh", "h", "ch"), "ц": ("ts", "c", "z"), "ч": ("ch", "c", "tsch"),
    "ш": ("sh", "s", "sch"), "щ": ("shch", "sc", "schtsch"), "ъ": ("",), "ы": ("y",), "ь": ("",),
    "э": ("e",), "ю": ("yu", "u", "ju"), "я": ("ya", "a", "ja"), "і": ("i",),
    "ї": ("yi", "i", "ji"),    "є": ("ye", "e", "je"), "ґ": ("g",),
}  # fmt: skip
"""Latin letters for Cyrillic ones, by English, scientific and German custom."""


def folded(text: str) -> str:
    """Return letters and digits only, without accents, in lower case, simplified characters."""
    return "".join(_of_character(c) for c in text)


def _of_character(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character.casefold().translate(_SPECIAL))
    kept = "".join(c for c in plain if c.isalnum())
    return kept.translate(SIMPLIFIED)


def spellings(word: str) -> tuple[str, ...]:
    """Return a word of a name folded, and as it is spelled without its special letters."""
    composed = unicodedata.normalize("NFC", word.casefold())
    found = [folded(word), folded(composed.translate(_UMLAUTS))]
    if any(c in _CYRILLIC for c in composed):
        found += [
            folded(
                "".join(
                    _CYRILLIC.get(c, (c,))[min(way, len(_CYRILLIC.get(c, (c,))) - 1)]
                    for c in composed
                )
            )
            for way in range(3)
        ]
        found += [one.replace("w", "v") for one in found]
    return tuple(dict.fromkeys(one for one in found if one))


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters of a text in a row.

    Parameters
    ----------
    text
        Letters only, folded.
    at
        Where each stands in the original.
    starts, ends
        Places in `text` where a word begins, and behind which one ends: at separators and digits,
        where capitals begin, and where the writing changes.
    """

    text: str
    at: tuple[int, ...]
    starts: frozenset[int]
    ends: frozenset[int]


def letters(text: str) -> Letters:
    """Return the letters of a text, and where its words begin and end."""
    found: list[str] = []
    at: list[int] = []
    starts, ends = set(), set()
    for begin, end in _words(text):
        starts.add(len(found))
        for place in range(begin, end):
            for c in _of_character(text[place]):
                if not c.isdigit():
                    found.append(c)
                    at.append(place)
        ends.add(len(found))
    return Letters("".join(found), tuple(at), frozenset(starts), frozenset(ends))


def _words(text: str) -> Iterator[tuple[int, int]]:
    begin = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or _parts(text, place):
            if any(c.isalpha() for c in text[begin:place]):
                yield begin, place
            begin = place


def _parts(text: str, place: int) -> bool:
    """Tell whether a new word begins at a place of a text."""
    before, here = text[place - 1], text[place]
    if unicodedata.combining(here):
        return False
    if _kind(before) != _kind(here):
        return True
    if here.isupper() and before.islower():
        return True
    after = text[place + 1 : place + 2]
    return before.isupper() and here.isupper() and after.islower()


def _kind(character: str) -> str:
    if is_han(character):
        return "han"
    if character.isdigit():
        return "digit"
    if not (character.isalpha() or unicodedata.combining(character)):
        return "other"
    name = unicodedata.name(character, "")
    return "cyrillic" if name.startswith("CYRILLIC") else "letter"
