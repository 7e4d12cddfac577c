"""What is a target: by its type in the file, and by its name in any spelling.

The one place that decides it, for `dvh` and `check`, for limits, checks and pictures alike. A name
that merely might be one counts: what is taken for a target and is none is asked about, what is none
and should be one would be passed over.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from sbrt_qa.model.structure import Structure

TYPES: Final = ("GTV", "CTV", "ITV", "PTV")
"""RT ROI Interpreted Types of targets."""

OUTER: Final = "PTV"
"""The kind of target that isodoses are shaped around, and that indices are of."""

PREFIXES: Final = {"igtv": "ITV", "ictv": "ITV", "iptv": "PTV", "gtv": "GTV", "ctv": "CTV",
                   "itv": "ITV", "ptv": "PTV", "pzv": "PTV", "vcp": "PTV", "vpt": "PTV",
                   "vtm": "GTV"}  # fmt: skip
"""How target names begin, longer ones first, and the kind each means."""

ANY_KIND: Final = ("target", "zielvolumen", "boost", "tumor", "tumour", "tumeur", "lesion",
            "lésion", "läsion", "metast", "靶", "肿瘤", "腫瘤", "病灶",
            "转移灶", "瘤床")  # fmt: skip
"""Words of targets that do not say which kind."""

_INSIDE: Final = re.compile(r"gtv|ctv|itv|ptv|pzv")
_NOT: Final = re.compile(r"(?:not|non|no|ohne|sans|sin)[ -]?(?:[icp]?[gcip]tv)")
_HELPER: Final = re.compile(
    r"(?<![a-z])(?:z|opt\w*|eval\w*|ring\w*|shell\w*|rind\w*|crop\w*|dvh\w*|help\w*|hilf\w*|"
    r"d2cm\w*|annulus|wall|tuning|dummy|ts|nt|ns|avoid\w*|push|build\w*|iso\w*|minus|sub)(?![a-z])"
    r"|环|環|优化|優化|辅助|[-−–]\s*(?:0\d|[^\d\s])|[-+−]\s*\d+\s*(?:mm|cm)"
)
_OLD: Final = re.compile(
    r"(?<![a-z])(?:pre|preop\w*|old|alt|prior|previous|backup|bak|test|dnu|initial|diag\w*|"
    r"obsolete|template)(?![a-z])|术前|旧"
)
_MINUS: Final = re.compile(r"[-−–]|\bminus\b|\bohne\b|\bsans\b|减|減")


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().replace("_", " ").strip()


@lru_cache(maxsize=4096)
def kind_in_name(name: str) -> str | None:
    """Return the kind of target that a name says; empty for one that says no kind; None for none.

    A name that takes a target away from something else (``Liver-PTV``) is none.
    """
    plain = _plain(name)
    start = plain.lstrip("z0123456789 .-!")
    for prefix, kind in PREFIXES.items():
        if start.startswith(prefix):
            return kind
    head = _MINUS.split(plain, maxsplit=1)[0]
    if found := _INSIDE.search(head):
        return None if _NOT.match(head) else PREFIXES[found[0]]
    return "" if any(word in head for word in ANY_KIND) else None


def is_helper_name(name: str) -> bool:
    """Tell whether a name says that a structure serves optimisation or evaluation only."""
    plain = _plain(name)
    for prefix in PREFIXES:
        plain = plain.replace(prefix, f"{prefix} ")
    return name.startswith(("z", "Z", "_")) or _HELPER.search(plain) is not None


def is_old_name(name: str) -> bool:
    """Tell whether a name says that a structure is of another time, or only a spare one."""
    return _OLD.search(_plain(name)) is not None


def is_target_name(name: str) -> bool:
    """Tell whether a name is that of a target, and not only of a help for planning it."""
    plain = _plain(name)
    if plain.startswith(tuple(PREFIXES)):
        return kind_in_name(name) is not None
    return kind_in_name(name) is not None and not is_helper_name(name)


def is_target(structure: Structure) -> bool:
    """Tell whether a structure is a target by its type in the file, else by its name."""
    return structure.interpreted_type in TYPES or is_target_name(structure.name)


def typed_outer(structures: Iterable[Structure]) -> tuple[Structure, ...]:
    """Return the structures with contours that the file types PTV."""
    return tuple(s for s in structures if s.interpreted_type == OUTER and s.contours)


def is_outer_target(structure: Structure) -> bool:
    """Tell whether a structure is a PTV, whose isodoses no other target may claim.

    One without a type is by its name, unless this says that it is a help for planning; a name of
    another time does not excuse it.
    """
    if structure.interpreted_type:
        return structure.interpreted_type == OUTER or (
            structure.interpreted_type not in TYPES and _is_outer_name(structure.name)
        )
    return _is_outer_name(structure.name)


def _is_outer_name(name: str) -> bool:
    return kind_in_name(name) == OUTER and not is_helper_name(name)
