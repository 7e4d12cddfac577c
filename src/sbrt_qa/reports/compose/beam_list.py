"""The beams of a plan in one sentence: what each was taken for, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import joined, say, stated
from sbrt_qa.model.plan import BeamKind
from sbrt_qa.review.case_review import BeamTaken, PlanSummary

MOST_NAMED: Final = 12
"""Beams of one kind that are listed with their names."""


def beams_text(plan: PlanSummary) -> str:
    """Return the beams by kind and reason; empty where a result does not hold them.

    Such as ``treatment: 1-9; setup field: 10 'CBCT' (its name, and no meterset)``. Treatment beams
    go by their numbers, others by number and name.
    """
    groups: dict[tuple[str, str], list[BeamTaken]] = {}
    for beam in plan.beams_taken:
        groups.setdefault((beam.kind, beam.why), []).append(beam)
    return joined("; ", (_group(kind, why, beams) for (kind, why), beams in groups.items()))


def _group(kind: str, why: str, beams: list[BeamTaken]) -> str:
    if kind == BeamKind.TREATMENT:
        listed = ranges(b.number for b in beams)
    else:
        listed = ", ".join(f"{b.number} {quoted(b.name)}" for b in beams[:MOST_NAMED])
        if len(beams) > MOST_NAMED:
            listed = say("{0} and {1} more", listed, len(beams) - MOST_NAMED)
    if not why:
        return say("{0}: {1}", stated(kind), listed)
    return say("{0}: {1} ({2})", stated(kind), listed, why)


def ranges(numbers: Iterable[int]) -> str:
    """Return numbers with neighbours drawn together: ``1-3, 5``."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ", ".join("-".join(map(str, run)) for run in runs)
