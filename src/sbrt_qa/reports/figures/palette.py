"""Colours and dashes, the same in every picture. Colour never carries alone: dashes differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from sbrt_qa.model.structure import Structure
from sbrt_qa.model.target_kind import is_target_name

NAMED: Final = (
    (r"GTV|IGTV", "#b0307a"), (r"CTV|ITV", "#d4569f"), (r"PTV", "#d62f2f"),
    (r"EXTERNAL|BODY|SKIN", "#7d8794"), (r"LIVER", "#a5682a"), (r"STOMACH", "#a13fb5"),
    (r"DUODENUM", "#b58900"), (r"BOWEL_?SMALL|SMALLBOWEL|JEJUNUM|ILEUM", "#13a06f"),
    (r"BOWEL|COLON|RECTUM", "#2f7d43"), (r"KIDNEY", "#2a78c2"), (r"SPINAL|CORD", "#3b4cc0"),
    (r"HEART", "#cc4a4a"), (r"LUNG", "#4f9dc9"), (r"ESOPH|OESOPH", "#8a6d3b"),
    (r"GREATVES|AORTA|CAVA", "#5a5fd6"), (r"BILE|GALL", "#5f8f00"), (r"CHEST", "#c2703d"),
    (r"RIB", "#a08060"), (r"SPLEEN", "#7a4fbf"),
)  # fmt: skip
"""Colours by what a name holds, in this order. All stand out from white and from black."""

OTHERS: Final = (
    "#1f77b4", "#d2691e", "#2e8b57", "#9467bd", "#b8860b", "#c2185b", "#00838f", "#6d4c41",
    "#558b2f", "#5c6bc0", "#e64a19", "#00796b",
)  # fmt: skip

DASHES: Final = ("", "7 3", "2 3", "9 3 2 3", "12 4", "4 2")

ISODOSES: Final = (
    (107.0, "#b3002d"), (100.0, "#e5383b"), (95.0, "#f3722c"), (80.0, "#f9a825"),
    (60.0, "#4caf50"), (50.0, "#1e88e5"), (30.0, "#3949ab"), (20.0, "#6a5acd"),
)  # fmt: skip
"""Isodoses in % of the prescription, and their colours."""


UNKNOWN: Final = "#6b7280"
"""Of a curve whose name says nothing."""


def colour_of(key: str, known: Mapping[str, str]) -> str:
    """Return the colour of a structure, or of a combination by what its name starts with."""
    named = (c for name, c in NAMED if re.match(name, key.upper()))
    return known.get(key) or next(named, UNKNOWN)


def colours(structures: Mapping[str, Structure]) -> dict[str, str]:
    """Return a colour for every structure by key."""
    found: dict[str, str] = {}
    unnamed = 0
    for key in structures:
        named = next((c for name, c in NAMED if re.search(name, key.upper())), None)
        if named is None:
            named = OTHERS[unnamed % len(OTHERS)]
            unnamed += 1
        found[key] = named
    return found


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
