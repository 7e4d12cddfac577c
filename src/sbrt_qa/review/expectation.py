"""Which changes were requested: ``structures:PTV,dose``.

Parts joined by commas; each is an area (`sbrt_qa.review.comparison.Area`), or an area and one of
its items: a structure, a beam, an object.
"""

from __future__ import annotations

from dataclasses import dataclass

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.review.comparison import Area, Change

NONE = "none"
"""The notation that asks for no change at all."""

ALWAYS = frozenset({Area.IDENTIFIERS})
"""Areas that no request needs to name: every export has new identifiers."""


@dataclass(frozen=True, slots=True)
class Request:
    """One part of an expectation; an empty item stands for the whole area."""

    area: Area
    item: str = ""

    def covers(self, change: Change) -> bool:
        """Tell whether it asks for a change."""
        same = not self.item or self.item.casefold() == change.item.casefold()
        return self.area is change.area and same

    def __str__(self) -> str:
        return f"{self.area}:{self.item}" if self.item else str(self.area)


@dataclass(frozen=True, slots=True)
class Expectation:
    """The changes that were requested."""

    requests: tuple[Request, ...]

    def covers(self, change: Change) -> bool:
        """Tell whether a change was requested, or never needs to be."""
        return change.area in ALWAYS or any(r.covers(change) for r in self.requests)

    def __str__(self) -> str:
        return ",".join(map(str, self.requests)) or NONE


def parse_expectation(text: str) -> Expectation:
    """Read the notation of ``--expect``; ``none`` asks for no change at all.

    Raises
    ------
    UsageError
        A part is empty or names no area.
    """
    if text.strip().casefold() == NONE:
        return Expectation(())
    return Expectation(tuple(_request(part.strip(), text) for part in text.split(",")))


def _request(part: str, whole: str) -> Request:
    area, colon, item = (piece.strip() for piece in part.partition(":"))
    if area.casefold() not in {str(a) for a in Area} or (colon and not item):
        raise UsageError(
            "--expect names no part of a submission",
            got=quoted(part or whole),
            expected=f"none, or {', '.join(Area)}, each with :NAME if only one item is meant",
            advice="Example: --expect structures:PTV,dose.",
        )
    return Request(Area(area.casefold()), item)
