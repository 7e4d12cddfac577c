"""Why a value of the site differs from ours: each candidate is computed before it is named.

A cause is named only where the metric, computed in that way, gives the site's value within the
tolerance of the comparison. Where none does, the cause was not found, and that is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from sbrt_qa.dosimetry.bands import Views, subject_of
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricContext
from sbrt_qa.dosimetry.metrics import evaluate
from sbrt_qa.dosimetry.view_kinds import variants
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Measured, Reason
from sbrt_qa.model.plan import Plan
from sbrt_qa.model.structure import Structure
from sbrt_qa.second_opinion.second_opinion import Comparison

READ_OTHERWISE: Final = {
    "linear": say("with linear interpolation of the dose the result is the site's value"),
    "no ends": say("without end caps the result is the site's value"),
    "half slice": say("with end caps of half a slice the result is the site's value"),
    "slab": say("with straight walls from plane to plane the result is the site's value"),
}
"""Views of a case that other programs take as their default, and what is said where one agrees."""

LEAST_OUTSIDE: Final = 1e-3
"""Part of a structure outside the dose grid from which leaving it out can be the cause."""

Candidate = tuple[str, DVH, MetricContext]


def with_tested_causes(
    doses: CaseDoses, structure: Structure, rows: Sequence[Comparison]
) -> tuple[Comparison, ...]:
    """Return rows of one structure, those that differ with the first cause that explains them."""
    if not any(row.agrees is False and not row.cause for row in rows):
        return tuple(rows)
    ours = doses.dvh(structure)
    if isinstance(ours, Reason):
        return tuple(rows)
    candidates = list(_candidates(doses, structure, ours))
    return tuple(
        replace(row, cause=row.cause or _cause(row, candidates)) if row.agrees is False else row
        for row in rows
    )


def _cause(row: Comparison, candidates: Sequence[Candidate]) -> str:
    spec = parse_metric(row.metric)
    for text, dvh, context in candidates:
        found = evaluate(spec, dvh, context)
        if isinstance(found, Measured) and row.other is not None and row.tolerance is not None:
            moved = abs(found.value - (row.ours or 0.0)) > row.tolerance / 2
            if moved and abs(found.value - row.other) <= row.tolerance:
                return text
    return ""


def _candidates(doses: CaseDoses, structure: Structure, ours: DVH) -> Iterator[Candidate]:
    context = doses.context_of(structure)
    if LEAST_OUTSIDE < ours.outside_fraction < 1:
        inside = replace(ours, volume_cc=ours.volume_cc - ours.outside_grid_cc, outside_grid_cc=0.0)
        yield (
            say(
                "the site leaves out the {0} % outside the dose grid, which count as without dose "
                "here: the part inside alone gives its value",
                f"{100 * ours.outside_fraction:.1f}",
            ),
            inside, context,
        )  # fmt: skip
    views = Views(doses).of(subject_of(structure))
    for name, text in READ_OTHERWISE.items():
        for same in variants(name):
            if same in views:
                yield text, views[same], context
    for other_gy in _other_levels(doses):
        text = say("in per cent of {0} Gy the result is the site's value", f"{other_gy:g}")
        yield text, ours, replace(context, prescription_gy=other_gy)


def _other_levels(doses: CaseDoses) -> list[float]:
    """Return the doses that the plan prescribes, other than the one that metrics are related to."""
    plan, used = doses.case.plan, doses.metric_context.prescription_gy
    references = plan.dose_references if isinstance(plan, Plan) else ()
    levels = {r.target_prescription_gy for r in references if r.target_prescription_gy}
    return sorted(levels - {used})
