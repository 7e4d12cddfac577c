"""The names of AAPM TG-263: its list, what its rules make of it, and which listed name is nearest.

Listed are the names of the worksheet of the report (``tg263_names.txt``), in either order
(``Kidney_L``, ``L_Kidney``). Its rules make more of them: planning risk volumes
(``Stomach_PRV05``), a part (``Lung~_L``), one less another (``Liver-GTV``), the physician's own
text after ``^``, and targets with number, image, place, dose, fractions and crop.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib import resources
from typing import Final

from sbrt_qa.model.target_kind import kind_in_name
from sbrt_qa.protocol.folding import folded, holds_minus

FILE_NAME: Final = "tg263_names.txt"

ALSO: Final = ("LN_Iliac_Int_R",)
"""Names that the worksheet has misspelt, as they are meant."""

_MILLIMETRES: Final = re.compile(r"xx(?:xx)?|(?<=PRV)x")
_PRV: Final = re.compile(r"_PRV(?:\d{1,2})?(?=$|_[LR]$)")
_PART: Final = re.compile(r"~(?=$|_)")
_TARGET: Final = re.compile(
    r"(?:[GCIP]TV|I[GC]TV|PTV!)(?:par|vas|sb|n|p|v)?\d{0,2}"
    r"(?:_(?:(?:CT|PT|MR|SP)\d{0,2})+)?"
    r"(?:_(?P<place>(?!High|Mid|Low)[A-Z][A-Za-z]+(?:_[A-Z][A-Za-z]*)*?))?"
    r"(?:_(?:High|Low|Mid(?:\d\d)?|\d{3,5}(?:cGy)?|\d{1,3}(?:p\d{1,2})?Gy))?"
    r"(?:x\d{1,2})?(?:-\d\d)?"
)
"""Targets: type, classifier, number, images, place, dose, fractions, crop from the skin."""

_SIDES: Final = {"l": "L", "lt": "L", "left": "L", "li": "L", "links": "L", "gauche": "L",
                 "r": "R", "rt": "R", "right": "R", "re": "R", "rechts": "R", "droit": "R",
                 "左": "L", "右": "R"}  # fmt: skip
_BETWEEN_WORDS: Final = re.compile(r"[\s_.,()]+|(?<=[左右])|(?=[左右])")
_NEAR: Final = 0.84
"""Likeness of spellings from which one is taken for a slip of the other."""


@cache
def listed_names() -> tuple[str, ...]:
    """Return the names of the list in its own order, ``xx`` for millimetres as it stands there."""
    text = (resources.files("sbrt_qa.protocol") / FILE_NAME).read_text(encoding="ascii")
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    ends = ((stem, rest or ["."]) for stem, *rest in lines)
    return tuple(stem if end == "." else f"{stem}_{end}" for stem, rest in ends for end in rest)


@lru_cache(maxsize=4096)
def is_name(name: str) -> bool:
    """Tell whether a name is in the list of TG-263, or made from one that is by its rules.

    Case and underscores matter: ``LIVER`` is not the name, ``Liver`` is.
    """
    plain = _PART.sub("", name.split("^", maxsplit=1)[0])
    if plain in _in_any_order() or _patterns().fullmatch(plain):
        return True
    if (target := _TARGET.fullmatch(plain)) is not None:
        return target["place"] is None or _is_place(target["place"])
    if (organ := _PRV.sub("", plain)) != plain:
        return is_name(organ)
    whole, minus, taken = plain.partition("-")
    return bool(minus) and is_name(whole) and is_name(taken)


@lru_cache(maxsize=4096)
def nearest_name(name: str) -> str | None:
    """Return the listed name that one which is not most likely means; None where none is near.

    A name spelled differently, a kind of target, or a slip of a letter or two. Never one of the
    other side or of both, and never the whole for what is left of it.
    """
    if found := respelled(name):
        return found
    if "-" not in folded(name) and (kind := kind_in_name(name)):
        return kind
    rest, side = _without_side(name)
    return _slip(folded(rest), side, minus=holds_minus(name))


def respelled(name: str) -> str | None:
    """Return the listed name of which this is another spelling, or has its side in words."""
    rest, side = _without_side(name)
    return _by_fold().get(folded(name)) or _by_fold().get(folded(f"{rest}{side or ''}"))


def _slip(rest: str, side: str | None, *, minus: bool) -> str | None:
    """Return the listed name of the same side of which this is a slip of a letter or two."""
    from difflib import get_close_matches  # start-up: only a name that is not listed needs it

    like = {
        folded(stem): name
        for name in listed_names()
        for stem, its in (_without_side(name),)
        if its == side and holds_minus(name) == minus and kind_in_name(name) is None
    }
    like.pop(f"{rest}s", None)  # both for one: a kidney is not both kidneys
    found = get_close_matches(rest, like, 1, _NEAR)
    return like[found[0]] if found else None


@cache
def _in_any_order() -> frozenset[str]:
    names = (*(n for n in listed_names() if not _MILLIMETRES.search(n)), *ALSO)
    return frozenset((*names, *map(_reversed, names)))


@cache
def _by_fold() -> dict[str, str]:
    return {folded(n): n for n in (*listed_names(), *ALSO) if not _MILLIMETRES.search(n)}


@cache
def _patterns() -> re.Pattern[str]:
    """Return what matches the names that stand in the list with ``xx`` for millimetres or cGy."""
    names = [n for n in listed_names() if _MILLIMETRES.search(n)]
    names += [_reversed(n) for n in names]
    return re.compile("|".join(_MILLIMETRES.sub(lambda x: rf"\d{{{len(x[0])}}}", n) for n in names))


def _is_place(place: str) -> bool:
    """Tell whether a word in a target's name is an organ, or the stem of one with two sides."""
    return place in _in_any_order() or any(n.startswith(f"{place}_") for n in listed_names())


def _reversed(name: str) -> str:
    """Return a name in the worksheet's other order: ``L_Kidney-GTV`` of ``Kidney_L-GTV``."""
    return "-".join("_".join(reversed(part.split("_"))) for part in name.split("-"))


def _without_side(name: str) -> tuple[str, str | None]:
    """Return a name without the word for its side, and the side."""
    words = [w for w in _BETWEEN_WORDS.split(name) if w]
    sides = [w for w in words if w.casefold() in _SIDES]
    if len(sides) != 1 or len(words) == 1:
        return name, None
    return "_".join(w for w in words if w is not sides[0]), _SIDES[sides[0].casefold()]
