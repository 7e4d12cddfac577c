"""What a protocol file leaves open: numbers that nobody read, and what its limits do not say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import meaning_of
from sbrt_qa.errors import quoted, visible
from sbrt_qa.i18n.phrase import counted
from sbrt_qa.protocol.bounds import PROPOSAL, READ
from sbrt_qa.protocol.definition import ConformityLimit, Constraint, Protocol
from sbrt_qa.protocol.implausible_limits import implausible

_BOUNDS: Final[tuple[Literal["per_protocol", "minor"], ...]] = ("per_protocol", "minor")

NAMED: Final = 6
"""Limits that a warning names; further ones are counted."""


@dataclass(frozen=True, slots=True)
class UnreadNumber:
    """A bound that nobody read in the publication: proposals, recalled and transcribed numbers.

    Parameters
    ----------
    limit, structure, metric, bound
        Which number of the file: ``per_protocol`` or ``minor`` of a limit.
    value
        The number; None for a table of numbers by target volume.
    source, place, confidence
        Where it comes from, and how sure it is.
    """

    limit: str
    structure: str
    metric: str
    bound: str
    value: float | None
    source: str
    place: str
    confidence: str


def unread_numbers(protocol: Protocol) -> tuple[UnreadNumber, ...]:
    """Return every bound whose confidence does not say that it was read, as in the file."""
    return tuple(
        one for limit in _limits(protocol) for one in _numbers(limit) if one.confidence not in READ
    )


def _limits(protocol: Protocol) -> Iterator[Constraint | ConformityLimit]:
    yield from protocol.all_constraints
    yield from protocol.conformity


def _numbers(limit: Constraint | ConformityLimit) -> Iterator[UnreadNumber]:
    by_volume = isinstance(limit, ConformityLimit) and bool(limit.table)
    for bound in _BOUNDS:
        value: float | None = getattr(limit, bound)
        same = bound == "minor" and value == limit.per_protocol
        if (value is None or same) and not by_volume:
            continue
        origin = limit.origin(bound)
        yield UnreadNumber(
            limit=limit.id,
            structure=limit.structure if isinstance(limit, Constraint) else "PTV",
            metric=limit.metric,
            bound=bound,
            value=value,
            source=origin.source or "",
            place=origin.place,
            confidence=origin.confidence or "",
        )


def warnings(protocol: Protocol) -> tuple[str, ...]:
    """Return what a valid file should say and does not, or says with a doubt; one line each.

    Files written before these keys came lack them: that is a warning and no error.
    """
    bounded = [c for c in _limits(protocol) if c.op != "report"]
    placeless = [c.id for c in bounded if _lacks(c, "place")]
    told = [*implausible(protocol), *(_two_authors(c) for c in bounded)]
    told.append(
        _named("does not say where its bounds stand in the source (bounds: place)", placeless)
    )
    volumeless = [
        c.id for c in bounded if _is_at_volume(c.metric) and _lacks(c, "published_volume")
    ]
    what = "does not say the volume that its bounds were published for (bounds: published_volume)"
    told.append(_named(what, volumeless))
    if selected := [p.id for p in protocol.prescriptions if p.selection]:
        names = ", ".join(map(quoted, selected))
        told.append(f"selection of {names}: a text that nothing evaluates; write it as limits")
    if not protocol.approved_by:
        told.append("approved_by is empty: every output says that these are draft limits")
    return tuple(visible(text) for text in told if text)


def _is_at_volume(metric: str) -> bool:
    """Tell whether a metric is a physical dose at a volume that it names."""
    spec = parse_metric(metric)
    return spec.conversion is None and bool(meaning_of(spec).asked_volume(spec))


def _lacks(limit: Constraint | ConformityLimit, key: str) -> bool:
    """Tell whether a bound that no proposal made lacks a key of its origin."""
    by_volume = isinstance(limit, ConformityLimit) and bool(limit.table)
    for bound in _BOUNDS:
        value: float | None = getattr(limit, bound)
        same = bound == "minor" and value == limit.per_protocol
        if (value is None or same) and not by_volume:
            continue
        origin = limit.origin(bound)
        if origin.confidence != PROPOSAL and not getattr(origin, key):
            return True
    return False


def _two_authors(limit: Constraint | ConformityLimit) -> str:
    """Return that the bounds of a limit come from two publications, where that may be told.

    A file that gives no origins shows it by its several sources beside a minor band.
    """
    if limit.minor is None or limit.minor == limit.per_protocol:
        return ""
    first, second = limit.bounds.per_protocol, limit.bounds.minor
    if first is None or second is None:
        names = limit.source
        minor = f" {limit.minor_source}".split()
        if len(names) < 2 and (not minor or minor[0] in (*names, "PROP")):
            return ""
        return f"{limit.id}: bounds of several authors ({', '.join(names)}; minor: " + (
            f"{limit.minor_source or 'not said'})"
        )
    one, other = limit.origin("per_protocol"), limit.origin("minor")
    if one.source == other.source or other.confidence == PROPOSAL:
        return ""
    return f"{limit.id}: bounds of two authors, {one.source} and {other.source}"


def _named(what: str, names: list[str]) -> str:
    if not names:
        return ""
    shown = ", ".join(names[:NAMED])
    if len(names) > NAMED:
        shown += f" and {len(names) - NAMED} more"
    return f"{counted(len(names), 'limit')}: {shown}: {what}"
