"""Which changes were requested: ``structures:PTV,dose``.

Parts joined by commas; each is an area (`sbrt_qa.compare.comparison.Area`), or an area and one of
its items: a structure, a beam, an object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sbrt_qa.checks.registry import Group
from sbrt_qa.compare.comparison import Area, Change, FindingChange, FindingState
from sbrt_qa.errors import UsageError, quoted

NONE = "none"
"""The notation that asks for no change at all."""

ALWAYS = frozenset({Area.IDENTIFIERS})
"""Areas that no request needs to name: every export has new identifiers."""

WORSENED = frozenset({FindingState.NEW, FindingState.WORSE})
"""What must not become of a finding unasked. Where it only says something else, what changed is
judged itself; and a deviation put right needs no request."""

AREAS_OF: Mapping[str, tuple[Area, ...]] = {
    Group.LINKS: (Area.IDENTIFIERS, Area.PLAN),
    Group.PRESCRIPTION: (Area.PRESCRIPTION,),
    Group.BEAMS: (Area.BEAMS,),
    Group.GRID: (Area.DOSE,),
    Group.IMAGES: (Area.IMAGE,),
    Group.STRUCTURES: (Area.STRUCTURES,),
    Group.DELIVERY: (Area.DELIVERY,),
}
"""Areas of which one must be requested for a finding of these checks to count as asked for."""


@dataclass(frozen=True, slots=True)
class RequestedChange:
    """One part of an expectation; an empty item stands for the whole area."""

    area: Area
    item: str = ""

    def covers(self, change: Change) -> bool:
        """Tell whether it asks for a change."""
        same = not self.item or self.item.casefold() == change.item.casefold()
        return self.area is change.area and same

    def covers_finding(self, change: FindingChange) -> bool:
        """Tell whether it asks for something of which a finding may come: its area, and its item.

        What no check found (reading of files, names) comes with any request.
        """
        areas = AREAS_OF.get(change.shown.group, ())
        named = self.item.casefold() in change.shown.where.casefold()
        return not areas or (self.area in areas and named)

    def __str__(self) -> str:
        return f"{self.area}:{self.item}" if self.item else str(self.area)


@dataclass(frozen=True, slots=True)
class Expectation:
    """The changes that were requested."""

    requests: tuple[RequestedChange, ...]

    def covers(self, change: Change) -> bool:
        """Tell whether a change was requested, or never needs to be."""
        return change.area in ALWAYS or any(r.covers(change) for r in self.requests)

    def covers_finding(self, change: FindingChange) -> bool:
        """Tell whether a finding may be as it is: no worse than before, or of what was requested.

        Information decides nothing, so that it may always be new.
        """
        worse = change.state in WORSENED and change.shown.weight > 0
        return not worse or any(request.covers_finding(change) for request in self.requests)

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


def _request(part: str, whole: str) -> RequestedChange:
    area, colon, item = (piece.strip() for piece in part.partition(":"))
    if area.casefold() not in {str(a) for a in Area} or (colon and not item):
        raise UsageError(
            "--expect names no part of a submission",
            got=quoted(part or whole),
            expected=f"none, or {', '.join(Area)}, each with :NAME if only one item is meant",
            advice="Example: --expect structures:PTV,dose.",
        )
    return RequestedChange(Area(area.casefold()), item)
