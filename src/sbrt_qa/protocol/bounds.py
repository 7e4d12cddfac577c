"""Where each bound of a limit was published, and the volume it was published for.

A bound of 0.035 cc is no bound of 0.5 cc, and the mandatory limit of one publication is no minor
band of another: both stand in the file, so that the file can be held to it.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from sbrt_qa.dosimetry.metric_registry import MetricSpec, meaning_of
from sbrt_qa.protocol.part import FrozenPart, Id, Number

PROPOSAL: Final = "proposal"
"""The confidence term of a bound that no publication gives."""

READ: Final = ("read", "verified-primary")
"""Confidence terms of numbers that were read in the publication itself."""

_VOLUME: Final = re.compile(r"(coldest|DC|D)?(\d{1,6}(?:\.\d{1,6})?)(cc|%)", re.IGNORECASE)


class Origin(FrozenPart):
    """Where one bound comes from.

    Parameters
    ----------
    source
        The one publication; what is left out here is as the limit has it.
    place
        Table, row and column in it.
    published_volume
        The volume it was published for: ``0.1 cc``, ``66.67 %``, ``coldest 700 cc``; for other
        metrics their name, ``mean``, ``V10Gy``. A plain number is in cc.
    published_as
        What the publication calls it.
    confidence
        How sure the number is, one of the protocol's `confidence_terms`.
    """

    source: Id | None = None
    place: str = ""
    published_volume: str | Number = ""
    published_as: Literal["", "optimal", "mandatory", "limit"] = ""
    confidence: Id | None = None


class Bounds(FrozenPart):
    """The origins of both bounds of a limit."""

    per_protocol: Origin | None = None
    minor: Origin | None = None


def asked_volume(spec: MetricSpec) -> str:
    """Return the volume that a metric asks for, as `stated_volume` writes it."""
    return meaning_of(spec).asked_volume(spec) or spec.text.partition("[")[0].casefold()


def stated_volume(text: str | float) -> str:
    """Return a published volume in one spelling: ``0.1 cc``, ``coldest 700 cc``, ``mean``."""
    if not isinstance(text, str):
        return f"{text:g} cc"
    packed = "".join(text.split())
    found = _VOLUME.fullmatch(packed)
    if found is None:
        return packed.casefold()
    cold = "coldest " if (found[1] or "").casefold() in ("coldest", "dc") else ""
    return f"{cold}{float(found[2]):g} {found[3].casefold()}"
