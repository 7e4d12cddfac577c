"""Limits held against the site's curves alone, where there is no DICOM: the site's word.

It is no review: nothing was computed here from contours and dose. What needs them has a Reason.
The type is one of its own, so that no audit, rate or letter can take it for a review.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.dosimetry import metrics
from sbrt_qa.dosimetry.metric_registry import MetricContext, meaning_of
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode, Verdict
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.protocol.definition import PrescriptionLevel, Protocol
from sbrt_qa.protocol.expressions import Leaf
from sbrt_qa.protocol.goals import Goal, goals_of, level_of
from sbrt_qa.protocol.grading import verdict_within
from sbrt_qa.protocol.matching import Matched, Matcher
from sbrt_qa.second_opinion.curve_text import SiteCurve

BASIS: Final = say(
    "By the site's own curves: the site's word. Nothing was computed from contours and dose, and "
    "this is no review."
)
SOURCE: Final = say("site's curve")
"""Stands beside every value."""

SAME_DOSE: Final = 0.005
"""Part of a prescribed dose by which that of a text may differ from that of the limits."""

_CORNERS: Final = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])


@dataclass(frozen=True, slots=True)
class CurveRow:
    """One limit by the site's curve; `low` and `high` are what the width of its bins leaves open.

    `curve` is what the site calls the structure, empty where no curve was found.
    """

    id: str
    structure: str
    curve: str
    metric: str
    value: float | None
    unit: str
    low: float | None
    high: float | None
    limit: str
    verdict: Verdict
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the width of the bins alone could change the verdict."""
        return self.reason.startswith("bins: ")


def judge_curves(
    curves: Sequence[SiteCurve], protocol: Protocol, prescription: str, plan: str = ""
) -> tuple[CurveRow, ...]:
    """Hold the curves of one plan against the limits of one prescription.

    Raises
    ------
    UsageError
        The text holds several plans and `plan` names none, or the prescription is not the
        protocol's.
    """
    plans = list(dict.fromkeys(c.plan for c in curves))
    if plan:
        curves = [c for c in curves if c.plan == plan]
    elif len(plans) > 1:
        curves = []
    if not curves:
        raise UsageError("which plan?", got=quoted(plan), expected=", ".join(map(quoted, plans)))
    level = level_of(protocol, prescription)
    if level is None and protocol.prescriptions:
        known = ", ".join(p.id for p in protocol.prescriptions)
        raise UsageError("the prescription is needed", expected=f"--prescription {known}")
    there = StructureSet(
        tuple(Structure(n, c.structure, (Contour(0.0, _CORNERS),)) for n, c in enumerate(curves, 1))
    )
    matcher = Matcher(protocol, there, {})
    context = MetricContext(
        prescription_gy=level.total_gy if level else curves[0].prescribed_gy,
        fractions=float(level.fractions) if level else None,
    )
    return tuple(_row(goal, matcher, curves, context) for goal in goals_of(protocol, level))


def what_to_know(
    curves: Sequence[SiteCurve], level: PrescriptionLevel | None, plan: str = ""
) -> tuple[str, ...]:
    """Return what a reader must know of the curves that were judged, each a sentence."""
    curves = [c for c in curves if plan in ("", c.plan)]
    told = []
    for stated in dict.fromkeys(c.prescribed_gy for c in curves if c.prescribed_gy):
        if level and abs(stated - level.total_gy) > SAME_DOSE * level.total_gy:
            got, wanted = f"{stated:g}", f"{level.total_gy:g}"
            told.append(
                say("The text states {0} Gy as prescribed; the limits are of {1} Gy.", got, wanted)
            )
    whole = dict.fromkeys(f"{c.percent_of_gy:g}" for c in curves if c.percent_of_gy)
    alone = (say("Doses are told in per cent alone; 100 % is taken as {0} Gy.", of) for of in whole)
    return (*told, *alone)


def _row(
    goal: Goal, matcher: Matcher, curves: Sequence[SiteCurve], context: MetricContext
) -> CurveRow:
    found = matcher.find(goal.structure)
    curve = _curve_of(found, curves)
    outcome: Outcome = curve if isinstance(curve, Reason) else _value(goal, curve, context)
    ends: tuple[float | None, float | None] = (None, None)
    if isinstance(outcome, Measured) and not isinstance(curve, Reason):
        ends = _ends(goal, curve, context)
    verdict, reason = _verdict(goal, outcome, ends)
    name = curve.structure if isinstance(curve, SiteCurve) else ""
    bound = "" if goal.per_protocol is None else f"{goal.op} {goal.per_protocol:g}"
    band = "" if goal.bounds[1] is None else f" ({goal.bounds[1]:g})"
    when = f" when {goal.when}" if goal.when else ""
    return CurveRow(
        goal.id, goal.structure, name, goal.metric,
        outcome.value if isinstance(outcome, Measured) else None,
        goal.spec.unit if goal.spec else "", *ends, bound + band + when, verdict, reason,
    )  # fmt: skip


def _curve_of(found: Matched | Reason, curves: Sequence[SiteCurve]) -> SiteCurve | Reason:
    if isinstance(found, Reason):
        return found
    if not isinstance(found.tree, Leaf):
        why = say("made of several structures: curves cannot be combined")
        return Reason(ReasonCode.REFERENCE_MISSING, why)
    return curves[found.match.roi_numbers[0] - 1]


def _value(goal: Goal, curve: SiteCurve, context: MetricContext, shift_gy: float = 0.0) -> Outcome:
    spec = goal.spec
    if spec is None or not meaning_of(spec).from_histogram or spec.relative_to:
        return Reason(ReasonCode.REFERENCE_MISSING, say("needs contours and dose, not a curve"))
    if curve.volume_cc is None and "cc" in (spec.unit, spec.argument_unit):
        return Reason(ReasonCode.REFERENCE_MISSING, say("the curve states no volume in cc"))
    return metrics.evaluate(spec, curve.dvh(shift_gy), context)


def _ends(
    goal: Goal, curve: SiteCurve, context: MetricContext
) -> tuple[float | None, float | None]:
    """Return the value with all doses one bin lower and higher; None where there is none."""
    moved = [_value(goal, curve, context, s * curve.bin_gy) for s in (-1.0, 1.0)]
    values = sorted(o.value for o in moved if isinstance(o, Measured))
    return (values[0], values[-1]) if len(values) == len(moved) else (None, None)


def _verdict(
    goal: Goal, outcome: Outcome, ends: tuple[float | None, float | None]
) -> tuple[Verdict, str]:
    if isinstance(outcome, Reason):
        return Verdict.NOT_EVALUABLE, outcome.detail
    if goal.op == "report" or goal.per_protocol is None:
        if goal.op == "report":
            return Verdict.PER_PROTOCOL, ""
        return Verdict.NOT_EVALUABLE, goal.hindrance
    beyond = Verdict(goal.beyond)

    def at(value: float) -> Verdict:
        return verdict_within(goal.op, value, goal.per_protocol or 0.0, goal.minor, beyond)

    verdict = at(outcome.value)
    open_ends = [end for end in ends if end is not None and at(end) is not verdict]
    return verdict, say("the width of the bins could change it") if open_ends else ""
