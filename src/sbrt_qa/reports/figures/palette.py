"""Colours and dashes, the same in every picture. Colour never carries alone: dashes differ.

Targets are rose, organs lie between orange and green, isodoses between violet and blue: three
ranges of hue that stay apart for who sees no red or no green, to whom the first looks grey, the
second yellow and the third blue. Within a range colours differ in lightness.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from sbrt_qa.model.structure import Structure
from sbrt_qa.model.target_kind import is_target_name

TARGETS: Final = ((r"GTV|IGTV", "#a80052"), (r"CTV|ITV", "#ff4f93"), (r"PTV", "#e0006e"))
"""Colours of targets by what a name holds, in this order."""

ORGANS: Final = (
    (r"EXTERNAL|BODY|SKIN", "#93803a"), (r"LIVER", "#a5682a"), (r"STOMACH", "#d98200"),
    (r"DUODENUM", "#b58900"), (r"BOWEL_?SMALL|SMALLBOWEL|JEJUNUM|ILEUM", "#5f8f00"),
    (r"BOWEL|COLON|RECTUM", "#4c8c1a"), (r"KIDNEY", "#8f4a14"), (r"SPINAL|CORD", "#707000"),
    (r"HEART", "#c2703d"), (r"LUNG", "#a3b300"), (r"ESOPH|OESOPH", "#8f7a2a"),
    (r"GREATVES|AORTA|CAVA", "#9c5a00"), (r"BILE|GALL", "#6b8e23"), (r"CHEST", "#e0a800"),
    (r"RIB", "#c9a227"), (r"SPLEEN", "#7a5c00"),
)  # fmt: skip
"""Colours of organs by what a name holds, in this order."""

NAMED: Final = (*TARGETS, *ORGANS)
"""All stand out from white and from black."""

OTHERS: Final = (
    "#b3622b", "#8a8a00", "#d98200", "#5f8f00", "#8f4a14", "#c9a227", "#4c8c1a", "#9c5a00",
    "#a3b300", "#8f7a2a", "#c2703d", "#707000",
)  # fmt: skip

DASHES: Final = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 2")

ISODOSES: Final = (
    (107.0, "#9d4edd"), (100.0, "#7c4dff"), (95.0, "#b18cff"), (80.0, "#6366f1"),
    (60.0, "#5b8cff"), (50.0, "#1d4ed8"), (30.0, "#3b82f6"), (20.0, "#4da6ff"),
)  # fmt: skip
"""Isodoses in % of the prescription, and their colours."""

LIMIT_ISODOSE, OTHER_ISODOSE = "#4da6ff", "#b18cff"
"""Of the isodose of a limit on a slice, and of any other there."""

DARKEST, LIGHTEST = 0.1, 0.3
"""Relative luminances with a contrast of 3 to black and to white."""

UNKNOWN: Final = "#8f7a2a"
"""Of a curve whose name says nothing."""


def colour_of(key: str, known: Mapping[str, str]) -> str:
    """Return the colour of a structure, or of a combination by what its name starts with."""
    named = (c for name, c in NAMED if re.match(name, key.upper()))
    return known.get(key) or next(named, UNKNOWN)


def colours(structures: Mapping[str, Structure], *, of_plan: bool = False) -> dict[str, str]:
    """Return a colour for every structure by key.

    Parameters
    ----------
    of_plan
        Take the colour of the structure set where it has one, as dark or as light as it has to be
        to stand out from white and from black.
    """
    found: dict[str, str] = {}
    unnamed = 0
    for key in structures:
        named = next((c for name, c in NAMED if re.search(name, key.upper())), None)
        if named is None:
            named = OTHERS[unnamed % len(OTHERS)]
            unnamed += 1
        found[key] = named
    if of_plan:
        found |= {key: legible(one.colour) for key, one in structures.items() if one.colour}
    return found


def legible(colour: str) -> str:
    """Return the nearest colour of a hue that has a contrast of 3 to white and to black.

    As WCAG 2.2 reckons it (1.4.11): contrast is the ratio of relative luminances, each with 0.05
    added. It is mixed with black, or with white, in steps of a hundredth.

    Parameters
    ----------
    colour
        ``#rrggbb``.
    """
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    towards = 0 if luminance(parts) > LIGHTEST else 255
    for step in range(101):
        mixed = [round(part + (towards - part) * step / 100) for part in parts]
        if DARKEST <= luminance(mixed) <= LIGHTEST:
            return "#" + bytes(mixed).hex()
    return UNKNOWN


def luminance(parts: Iterable[int]) -> float:
    """Return the relative luminance of red, green and blue (0 to 255), as WCAG 2.2 defines it."""
    shares = [part / 255 for part in parts]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return sum(weight * s for weight, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def dashes(keys: Iterable[str]) -> dict[str, str]:
    """Return a dash pattern for every curve by key; targets are drawn through."""
    found: dict[str, str] = {}
    others = 1
    for key in keys:
        if is_target_name(key):
            found[key] = ""
        else:
            found[key] = DASHES[others % len(DASHES)]
            others += 1
    return found
