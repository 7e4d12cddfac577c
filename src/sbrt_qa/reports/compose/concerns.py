"""What is wrong with each structure: its deviations, in words, with picture and curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sbrt_qa.errors import visible
from sbrt_qa.evidence.evidence import Evidence, SlicePlace
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.outcome import Finding, Verdict, worst
from sbrt_qa.protocol.limit_result import ConstraintResult, value_text
from sbrt_qa.reports.compose import advice, clinical, meaning, plain, verdict_words
from sbrt_qa.reports.compose.for_readers import for_readers
from sbrt_qa.reports.compose.limit_points import markers
from sbrt_qa.reports.compose.report_tables import check_rows
from sbrt_qa.reports.compose.verdict_words import mark_of
from sbrt_qa.reports.page import Concern, Deviation, Marker
from sbrt_qa.review.case_review import CaseReview, PlanSummary

DEVIATES: Final = (Verdict.MAJOR, Verdict.MINOR)


def concerns(review: CaseReview, evidence: Evidence | None, words: Words) -> tuple[Concern, ...]:
    """Return the structures with deviations that count, worst first."""
    found = [
        _concern(results, of_structure(review, name), review, evidence, words)
        for name, results in deviating(review).items()
    ]
    return tuple(sorted(found, key=lambda c: c.mark.verdict is not Verdict.MAJOR))


def of_structure(review: CaseReview, name: str) -> list[Finding]:
    """Return what checks found about a structure of the protocol, and decides."""
    return [f for f in review.findings if f.verdict is not None and f.where == name]


def apart(review: CaseReview) -> list[Finding]:
    """Return what checks found and decides, and is about no structure with a deviation."""
    told = deviating(review)
    return [f for f in review.findings if f.verdict is not None and f.where not in told]


def deviating(review: CaseReview) -> dict[str, list[ConstraintResult]]:
    """Return the limits that are missed and count, by structure: those that harm most first."""
    groups: dict[str, list[ConstraintResult]] = {}
    for result in review.constraints:
        if result.counts and result.verdict in DEVIATES:
            groups.setdefault(result.structure, []).append(result)
    return dict(sorted(groups.items(), key=lambda group: _harm(group[1])))


def _harm(results: Sequence[ConstraintResult]) -> tuple[bool, tuple[int, float]]:
    worst_of_all = worst([r.verdict for r in results])
    return worst_of_all is not Verdict.MAJOR, min(map(clinical.harm_order, results))


def prescription_gy(review: CaseReview) -> float | None:
    """Return the prescribed dose where the plan states one."""
    plan = review.plan
    if isinstance(plan, PlanSummary) and isinstance(plan.prescription_gy, float | int):
        return plan.prescription_gy
    return None


def deviation(
    result: ConstraintResult,
    evidence: Evidence | None,
    words: Words,
    rx_gy: float | None = None,
) -> Deviation:
    """Return one missed limit in plain words; `rx_gy` is the prescription where one is stated."""
    source = visible(", ".join(result.source))
    return Deviation(
        limit=visible(result.key),
        mark=mark_of(result.verdict, words),
        metric=visible(result.metric),
        value=words.value(value_text(result)),
        bound=verdict_words.bound_text(result, words),
        minor=verdict_words.minor_text(result, words),
        statement=plain.statement(result, words),
        excess=plain.excess(result, evidence, words, rx_gy),
        off=plain.off(result, words),
        intervals=plain.intervals(result, words),
        unsure=plain.unsure(result, words) or plain.by_convention(result, words),
        borderline=result.borderline,
        source=words(
            msg("priority {priority}, source {source}"), priority=result.priority, source=source
        ),
    )


def _concern(
    results: Sequence[ConstraintResult],
    findings: Sequence[Finding],
    review: CaseReview,
    evidence: Evidence | None,
    words: Words,
) -> Concern:
    told = [f.verdict for f in findings if f.verdict is not None]
    place = _place(results, evidence)
    curve = _curve(results, evidence)
    limits, reached = _markers(results, review, evidence, curve)
    if not limits and not reached:  # an index: the isodose tells, the curve would not
        curve = ""
    return Concern(
        title=verdict_words.structure_text(results[0], words),
        mark=mark_of(worst([r.verdict for r in results] + told), words),
        deviations=tuple(deviation(r, evidence, words, prescription_gy(review)) for r in results),
        checks=check_rows(map(for_readers, findings), words, good=False),
        why=meaning.why(results, words),
        actions=advice.actions(results, findings, review, evidence, words),
        place="" if place is None else place.limit,
        picture="" if place is None else caption(place, words),
        curve=curve,
        limits=limits,
        reached=reached,
        notes=meaning.notes(results, words),
    )


def caption(place: SlicePlace, words: Words) -> str:
    """Return what a picture shows: slice, what is hatched, worst point."""
    point = ", ".join(f"{v:.0f}" for v in place.point_mm[:2])
    spot = msg("cross: hottest point of the structure here, {dose} Gy at ({point}) mm")
    if place.around:
        spot = msg("cross: hottest point outside the structure here, {dose} Gy at ({point}) mm")
    elif not place.too_hot:
        spot = msg("cross: coldest point of the structure here, {dose} Gy at ({point}) mm")
    where = words(msg("z = {z} mm"), z=f"{place.slice_mm:.1f}")
    hatched = msg("hatched: less than {level} Gy")
    if place.too_hot:
        hatched = msg("hatched: {level} Gy or more")
    level = words(hatched, level=f"{place.level_gy:g}") if place.level_gy else ""
    text = words(spot, dose=f"{place.dose_gy:.1f}", point=point)
    return words(msg("; ")).join(part for part in (where, level, text) if part)


def _place(results: Sequence[ConstraintResult], evidence: Evidence | None) -> SlicePlace | None:
    if evidence is None:
        return None
    return next((evidence.places[r.key] for r in results if r.key in evidence.places), None)


def _curve(results: Sequence[ConstraintResult], evidence: Evidence | None) -> str:
    if evidence is None:
        return ""
    return next((evidence.curve_of[r.key] for r in results if r.key in evidence.curve_of), "")


def _markers(
    results: Sequence[ConstraintResult],
    review: CaseReview,
    evidence: Evidence | None,
    curve: str,
) -> tuple[tuple[Marker, ...], tuple[Marker, ...]]:
    if evidence is None or not curve:
        return (), ()
    rx_gy, drawn = prescription_gy(review), evidence.curves[curve]
    found = [markers(r, drawn, rx_gy) for r in results if evidence.curve_of.get(r.key) == curve]
    return tuple(m for f in found for m in f[0]), tuple(m for f in found for m in f[1])
