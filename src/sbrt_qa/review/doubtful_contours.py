"""Limits that rest on a contour which a plan check asks about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sbrt_qa.checks.registry import CHECKS, Group
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Finding
from sbrt_qa.protocol.limit_result import ConstraintResult


def with_doubts(
    limits: Sequence[ConstraintResult],
    findings: Sequence[Finding],
    numbers: Mapping[str, int],
) -> tuple[ConstraintResult, ...]:
    """Mark the limits of organs in question; their verdicts stay what they are.

    A finding of the group ``contours`` that is more than information makes an organ doubtful. A
    limit rests on it when the organ is among the structures that stand for it, in a difference or a
    union as well.

    Parameters
    ----------
    numbers
        ROI numbers of the structures of the plan, by display key.
    """
    doubts: dict[int, list[str]] = {}
    for found in findings:
        known = CHECKS.get(found.code)
        if known is None or known.group is not Group.CONTOURS or found.verdict is None:
            continue
        for key in _keys_in(found.where, numbers):
            doubts.setdefault(numbers[key], []).append(f"{key} ({found.code})")
    return tuple(_marked(row, doubts) for row in limits) if doubts else tuple(limits)


def _keys_in(where: str, known: Mapping[str, int]) -> list[str]:
    """Return the structures that a finding is about: one, or several with commas between."""
    return [where] if where in known else [k for k in where.split(", ") if k in known]


def _marked(row: ConstraintResult, doubts: Mapping[int, list[str]]) -> ConstraintResult:
    numbers = row.match.roi_numbers if row.match else ()
    told = list(dict.fromkeys(text for n in numbers for text in doubts.get(n, ())))
    if not told:
        return row
    text = say("rests on a doubtful contour: {0}", ", ".join(told))
    return replace(row, doubtful_contour=text)
