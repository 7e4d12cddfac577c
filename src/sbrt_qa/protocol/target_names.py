"""Which names are names of targets, in any spelling: to find every target, never to match one.

A name that merely might be one counts: what is taken for a target and is none is asked about, what
is none and should be one would be passed over.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from sbrt_qa.protocol.folding import folded
from sbrt_qa.protocol.schema import Protocol

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


class TargetBook:
    """The names of targets of one protocol, on top of those that are known everywhere."""

    def __init__(self, protocol: Protocol) -> None:
        unclear = {folded(name) for name in protocol.unclear_names}
        self._kinds = {
            folded(name): s.name
            for s in protocol.structures
            if s.kind == "target"
            for name in (s.name, *(n for names in s.aliases.values() for n in names))
        }
        self._unclear = {key for key in self._kinds if key in unclear}
        self._others = {
            folded(name)
            for s in protocol.structures
            if s.kind != "target"
            for name in (s.name, *(n for names in s.aliases.values() for n in names))
        }

    def kind(self, name: str) -> str | None:
        """Return the kind of a target name, empty where it says none, None where it is no target.

        An alias may be followed by a number.
        """
        key = folded(name)
        if key in self._others:
            return None
        known = self._kinds.get(key) or self._kinds.get(key.rstrip("0123456789"))
        if known is not None:
            return "" if {key, key.rstrip("0123456789")} & self._unclear else known
        return kind_in_name(name)

    def is_other(self, name: str) -> bool:
        """Tell whether a name is that of an organ, or of the body, in the protocol."""
        return folded(name) in self._others
