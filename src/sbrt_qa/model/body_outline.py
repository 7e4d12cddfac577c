"""Which structure is the outline of the body: the one place that decides it without a protocol."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Structure

TYPE: Final = "EXTERNAL"
"""RT ROI Interpreted Type of the outline."""

NAME: Final = "external"
"""Its name in TG-263."""

OTHER_NAMES: Final = frozenset({
    "body", "skinext", "patient", "outercontour", "ext", "外轮廓", "体表", "身体轮廓",
    "contourexterne", "corps", "außenkontur", "aussenkontur", "körper", "koerper",
    "contornoexterno", "cuerpo",
})  # fmt: skip
"""What else it is called, folded."""


def is_outline_name(name: str) -> bool:
    """Tell whether a name is that of the outline of the body."""
    key = _folded(name)
    return key == NAME or key in OTHER_NAMES


def typed_outline(structures: Iterable[Structure]) -> Structure | Reason:
    """Return the one structure with contours that the file types EXTERNAL."""
    typed = [s for s in structures if s.interpreted_type == TYPE and s.contours]
    if len(typed) == 1:
        return typed[0]
    text = say("{0} structures of the plan have the type EXTERNAL; one is needed", len(typed))
    return Reason(ReasonCode.REFERENCE_MISSING, text)


def outline_among(structures: Iterable[Structure]) -> Structure | Reason:
    """Return the outline of the body: by its name, else the only structure typed so.

    A name goes before a type, as it does where a protocol gives the names: couches are often typed
    EXTERNAL as well.
    """
    there = [s for s in structures if s.contours]
    named = [s for s in there if _folded(s.name) == NAME]
    named = named or [s for s in there if _folded(s.name) in OTHER_NAMES]
    return named[0] if len(named) == 1 else typed_outline(there)


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in plain if letter.isalnum())
