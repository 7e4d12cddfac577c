"""Dose to the body as a whole: integral dose, and the effective dose to immune cells."""

from __future__ import annotations

from typing import Final

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.immune_dose import edic_gy
from sbrt_qa.dosimetry.metric_meaning import Direction, Meaning, Quantity
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, metric
from sbrt_qa.dosimetry.metrics.conversions import fractions_of
from sbrt_qa.dosimetry.metrics.meanings import saying
from sbrt_qa.dosimetry.whole_case import WholeCase, integral_gy_cc
from sbrt_qa.i18n.phrase import msg, say
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode

SAME_BODY: Final = 0.05
"""Part by which two readings of one outline may differ in volume."""

ORGANS: Final = ("Lungs", "Heart", "Liver")
"""Organs of EDIC, in the order of its formula."""


def _of_body(says: str) -> Meaning:
    return Meaning(
        Quantity.DOSE, Direction.TOO_HOT, Direction.TOO_COLD, rises=True, says=saying(says)
    )


@metric(
    "IntegralDose",
    units=("Gy cc",),
    example="IntegralDose",
    needs_whole=False,
    convertible=False,
    meaning=_of_body(msg("The integral dose is {value}")),
)
def integral_dose(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """Mean dose times volume at density 1, Gy cc, of what was scanned and has a dose."""
    case = whole_case_of(context)
    if isinstance(case, Reason):
        return case
    edge = case.edge_max_gy
    found = edge if isinstance(edge, Reason) else integral_gy_cc(dvh, edge)
    return found if isinstance(found, Reason) else Measured(found, "Gy cc")


@metric(
    "EDIC",
    units=("Gy",),
    example="EDIC",
    needs_whole=False,
    convertible=False,
    validity=say("Xu 2020, with 45 in the last root; lungs, heart and liver scanned whole"),
    meaning=_of_body(msg("The effective dose to immune cells is {value}")),
)
def effective_dose_to_immune_cells(
    spec: MetricSpec,  # noqa: ARG001
    dvh: DVH,
    context: MetricContext,
) -> Outcome:
    """EDIC of the outline of the body (Xu 2020, Radiother Oncol 146:180)."""
    case, fractions = whole_case_of(context), fractions_of(context)
    if isinstance(case, Reason):
        return case
    body, edge = case.body(), case.edge_max_gy
    if isinstance(body, Reason):
        return body
    if isinstance(edge, Reason):
        return edge
    if abs(body.volume_cc - dvh.volume_cc) > SAME_BODY * body.volume_cc:
        return Reason(ReasonCode.NOT_APPLICABLE, say("EDIC is asked of the outline of the body"))
    means = [case.mean_gy(name) for name in ORGANS]
    integral = integral_gy_cc(dvh, edge)
    known = [k for k in (*means, integral, fractions) if not isinstance(k, Reason)]
    if len(known) < len(means) + 2:
        return next(k for k in (*means, integral, fractions) if isinstance(k, Reason))
    return Measured(edic_gy(*known), "Gy")


def whole_case_of(context: MetricContext) -> WholeCase | Reason:
    """Return the case of a structure, or that only its histogram is known."""
    if context.whole_case is None:
        text = say("only the histogram of the structure is known, not the case around it")
        return Reason(ReasonCode.REFERENCE_MISSING, text)
    return context.whole_case
