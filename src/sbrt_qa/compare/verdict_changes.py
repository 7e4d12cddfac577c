"""What became of the limits and of the findings, by the reviews of two versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sbrt_qa.compare.comparison import FindingChange, FindingState, MetricChange
from sbrt_qa.model.outcome import Finding
from sbrt_qa.protocol.limit_result import ConstraintResult

_STATES: Final = list(FindingState)


def metric_changes(
    before: Sequence[ConstraintResult], after: Sequence[ConstraintResult]
) -> Iterator[MetricChange]:
    """Pair limits by their ids and structures; those of the later review first."""
    old, new = ({(r.id, r.structure): r for r in x} for x in (before, after))
    for name in dict.fromkeys((*new, *old)):
        one, other = old.get(name), new.get(name)
        shown = other or one
        if shown is None:
            continue
        yield MetricChange(
            id=shown.id,
            structure=shown.structure,
            metric=shown.metric,
            unit=shown.unit,
            before=one.value if one else None,
            after=other.value if other else None,
            before_verdict=one.verdict if one else None,
            after_verdict=other.verdict if other else None,
            before_reason=one.reason if one else None,
            after_reason=other.reason if other else None,
        )


def finding_changes(
    before: Sequence[Finding], after: Sequence[Finding]
) -> tuple[FindingChange, ...]:
    """Pair findings by code and place; new and worse ones come first, the heaviest of each first.

    Where one check says several things of one place, equal ones are paired first and the rest in
    their order. Places that list several names, of which one is in both, are one place.
    """
    old, new = _by_place(before), _by_place(after)
    for place in [p for p in new if p not in old]:
        same = [p for p in old if p not in new and _overlap(p, place)]
        if len(same) == 1:
            old[place] = old.pop(same[0])
    pairs = [
        pair
        for place in dict.fromkeys((*new, *old))
        for pair in _paired(old.get(place, []), new.get(place, []))
    ]
    return tuple(sorted(pairs, key=lambda p: (_STATES.index(p.state), -p.shown.weight)))


def _overlap(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Tell whether two places of one check name a common thing."""
    return one[0] == other[0] and bool({*one[1].split(", ")} & {*other[1].split(", ")})


def _by_place(findings: Sequence[Finding]) -> dict[tuple[str, str], list[Finding]]:
    places: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        places.setdefault((finding.code, finding.where), []).append(finding)
    return places


def _paired(before: Sequence[Finding], after: Sequence[Finding]) -> Iterator[FindingChange]:
    """Pair what two reviews say of one place."""
    old, new = list(before), list(after)
    for finding in after:
        if finding in old:
            old.remove(finding)
            new.remove(finding)
            yield FindingChange(finding, finding)
    both = min(len(old), len(new))
    yield from map(FindingChange, old[:both], new[:both])
    yield from (FindingChange(finding, None) for finding in old[both:])
    yield from (FindingChange(None, finding) for finding in new[both:])
