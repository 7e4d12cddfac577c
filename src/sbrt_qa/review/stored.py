"""A reviewed case without its files: enough to hold it against another protocol.

What an evaluation asks of a case is little: what was prescribed, which structures there are, how
high the dose goes, and histograms. Kept with a review, it answers an amendment of the protocol in
milliseconds, with the numbers that a review from the files would give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from sbrt_qa.checks.disowned import rows_relied_on
from sbrt_qa.checks.registry import CHECKS, Group
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.surroundings import edge_max_gy
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.case import Case
from sbrt_qa.model.course import Course, CourseDecision
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Finding, Measured, Reason, ReasonCode, Verdict, worst_first
from sbrt_qa.model.plan import DoseReference, Plan
from sbrt_qa.model.stated import UserStatements
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.protocol.applicability import RX_NOT_IN_PROTOCOL
from sbrt_qa.protocol.definition import ConformityLimit, Constraint, Protocol
from sbrt_qa.protocol.evaluate import Evaluation, evaluate, overall
from sbrt_qa.protocol.expressions import Tree
from sbrt_qa.protocol.grading import is_borderline
from sbrt_qa.protocol.lesions import Lesions
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.protocol.not_drawn import FAR_CODES
from sbrt_qa.protocol.plan_targets import CODES, matcher_of, own_doses
from sbrt_qa.protocol.tree_doses import far_key
from sbrt_qa.protocol.tree_regions import tree_key
from sbrt_qa.protocol.versions import PROTOCOL_VERSION, Chosen
from sbrt_qa.review.case_review import CaseReview, ProtocolUsed, StructureSummary
from sbrt_qa.review.doubtful_contours import with_doubts
from sbrt_qa.review.missed_by import missed_by
from sbrt_qa.review.robustness import AtRadius, LimitRobustness
from sbrt_qa.review.stored_case import StoredCase, StoredDose, StoredStructure
from sbrt_qa.review.target_summaries import lesions_in, with_verdict

OF_EVALUATION: Final = (RX_NOT_IN_PROTOCOL, "MAP_UNUSED", PROTOCOL_VERSION, *CODES, *FAR_CODES)
"""Findings about what a case is held against; all others are about the files and stay."""

_SOMEWHERE: Final = Contour(0.0, np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
"""Stands for contours that are there; their shape is in the histograms."""


def stored(
    doses: CaseDoses,
    mapping: Mapping[str, str] | None = None,
    review: CaseReview | None = None,
) -> tuple[StoredCase, dict[str, DVH]]:
    """Return what is to be kept of a case that was reviewed with `doses` and a mapping.

    Parameters
    ----------
    review
        What was found, so that its targets are kept.
    """
    case, (dvhs, far) = doses.case, doses.computed
    plan = case.plan
    kept = StoredCase(
        label=case.label,
        no_plan=plan if isinstance(plan, Reason) else None,
        prescription=None if isinstance(plan, Reason) else plan.prescription,
        fractions=None if isinstance(plan, Reason) else plan.fractions,
        structures=_structures(case),
        dose=_dose(case),
        far_gy=dict(far),
        without_dvh={key: found for key, found in dvhs.items() if isinstance(found, Reason)},
        mapping=dict(mapping or {}),
        targets=None if review is None else lesions_in(review).all,
        own_doses=own_doses(case),
        stated=case.stated.to_values(),
    )
    return kept, {key: found for key, found in dvhs.items() if isinstance(found, DVH)}


def _structures(case: Case) -> tuple[StoredStructure, ...] | Reason:
    if isinstance(case.structures, Reason):
        return case.structures
    return tuple(
        StoredStructure(s.roi_number, s.name, s.interpreted_type, bool(s.contours), s.problem)
        for s in case.structures.structures
    )


def _dose(case: Case) -> StoredDose | Reason:
    if isinstance(case.dose, Reason):
        return case.dose
    return StoredDose(case.dose.max_gy, edge_max_gy(case.dose), case.dose.dose_type)


def regrade(
    kept: StoredCase,
    find_dvh: Callable[[str], DVH | None],
    review: CaseReview,
    protocol: Protocol | Chosen,
) -> CaseReview:
    """Hold a stored case against a protocol.

    A combination of structures that no review has computed yet has the Reason that its files are
    needed, and is not evaluable. So has a course of several plans, whose targets are held against
    other doses than its organs.

    Parameters
    ----------
    kept
        The case.
    find_dvh
        Gives the stored histogram of a key.
    review
        The review it was stored with; all that is not about limits stays as it was.
    protocol
        The limits; or the version that was chosen, and why.
    """
    chosen = protocol if isinstance(protocol, Chosen) else Chosen(protocol, "")
    protocol = chosen.protocol
    course = is_course(review.course)
    case = _skeleton(kept)
    mapping = {n: to for n, to in kept.mapping.items() if to in protocol.structure_names}
    lesions = None if kept.targets is None else Lesions(kept.targets)

    def dvh_for(tree: Tree[Structure]) -> DVH | Reason:
        return _not_kept() if course else _dvh(kept, find_dvh, tree)

    found = evaluate(
        protocol,
        case,
        dvh_for=dvh_for,
        far_dose=lambda target, body, mm: _far(kept, target, body, mm),
        mapping=mapping,
        lesions=lesions,
    )
    about_files = (f for f in review.findings if f.code not in OF_EVALUATION)
    findings = _in_order(found.findings, about_files)
    banded = tuple(_with_bands(found.results, review, protocol))
    limits = rows_relied_on(banded, findings)
    limits = with_doubts(limits, findings, {s.key: s.roi_number for s in review.structures})
    information = dict(review.information)
    if lesions is not None and "missed_by" in information:
        matcher = matcher_of(protocol, case, mapping, lesions)
        told = missed_by(CaseDoses(case), protocol, matcher, limits, dvh_for)
        information["missed_by"] = told
    return replace(
        review,
        targets=tuple(with_verdict(t, limits) for t in review.targets),
        verdict=overall(limits, findings),
        protocol=ProtocolUsed.of(protocol, chosen.why, chosen.basis),
        constraints=limits,
        findings=findings,
        structures=tuple(_matched(s, found) for s in review.structures),
        robustness=dict(_robustness(review, limits)),
        information=information,
    )


def _robustness(
    review: CaseReview, limits: Iterable[ConstraintResult]
) -> Iterator[tuple[str, LimitRobustness]]:
    """Yield what stays known with the patient elsewhere: of limits that are held as they were."""
    before = {c.key: c for c in review.constraints}
    radii = dict.fromkeys(r for one in review.robustness.values() for r in one.radius_mm)
    unknown = AtRadius(None, None, Verdict.NOT_EVALUABLE, 0, 0, _not_kept())
    for row in limits if review.robustness else ():
        old, known = before.get(row.key), review.robustness.get(row.key)
        same = old is not None and _bounds(old) == _bounds(row) and old.verdict is row.verdict
        yield (
            row.key,
            known
            if known and same
            else LimitRobustness(
                row.value if row.is_relied_on else None, dict.fromkeys(radii, unknown)
            ),
        )


def _bounds(row: ConstraintResult) -> tuple[object, ...]:
    return row.metric, row.op, row.value, row.per_protocol_limit, row.minor_limit, row.priority


def is_course(course: Course | None) -> bool:
    """Tell whether limits are those of a course of several plans, or may be."""
    return course is not None and (
        course.decision in (CourseDecision.PARTS, CourseDecision.UNTOLD)
        or course.lower_bound is not None
    )


def _in_order(told: Iterable[Finding], kept: Iterable[Finding]) -> tuple[Finding, ...]:
    """Join what the evaluation tells and what stays, in the order of a review.

    What a plan check passes on from the evaluation has that check's name.
    """
    groups = [str(group) for group in Group]
    named = (
        replace(f, title=c.title, source=c.source, group=str(c.group))
        if (c := CHECKS.get(f.code))
        else f
        for f in told
    )
    everything = [*named, *kept]
    of_checks = [f for f in everything if f.code in CHECKS and f.group in groups]
    others = [f for f in everything if not (f.code in CHECKS and f.group in groups)]
    of_checks.sort(key=lambda f: (groups.index(f.group), f.code))
    return worst_first((*others, *of_checks))


def _with_bands(
    results: Iterable[ConstraintResult], review: CaseReview, protocol: Protocol
) -> Iterator[ConstraintResult]:
    """Give each result the intervals that its value has in the stored review, if it is there."""
    known = {(c.match, c.metric, c.value): c for c in review.constraints if c.band}
    limits: dict[str, Constraint | ConformityLimit] = {c.id: c for c in protocol.all_constraints}
    limits |= {c.id: c for c in protocol.conformity}
    for one in results:
        there = known.get((one.match, one.metric, one.value))
        if there is None or one.value is None:
            yield one
            continue
        bounds = {"per_protocol": one.per_protocol_limit, "minor": one.minor_limit}
        limit = limits[one.id].model_copy(update=bounds)
        value = Measured(one.value, one.unit)  # type: ignore[arg-type]
        borderline = is_borderline(limit, value, there.band)
        depends = not borderline and is_borderline(limit, value, there.spread)
        yield replace(
            one, band=there.band, borderline=borderline, spread=there.spread,
            depends_on_convention=depends,
        )  # fmt: skip


def needs_files(review: CaseReview) -> tuple[str, ...]:
    """Return the limits of a regraded case that only its files can answer."""
    return tuple(
        c.id
        for c in review.constraints
        if c.reason is not None and c.reason.code is ReasonCode.NOT_STORED
    )


def _dvh(
    kept: StoredCase, find_dvh: Callable[[str], DVH | None], tree: Tree[Structure]
) -> DVH | Reason:
    key = tree_key(tree)
    return kept.without_dvh.get(key) or find_dvh(key) or _not_kept()


def _far(
    kept: StoredCase, target: Tree[Structure], body: Tree[Structure], distance_mm: float
) -> float | Reason:
    found = kept.far_gy.get(far_key(target, body, distance_mm))
    return _not_kept() if found is None else found


def _not_kept() -> Reason:
    text = say("this combination of structures was not stored: review the files again")
    return Reason(ReasonCode.NOT_STORED, text)


def _matched(structure: StructureSummary, found: Evaluation) -> StructureSummary:
    number = (structure.roi_number,)
    names = tuple(m.protocol_name for m in found.matches if m.roi_numbers == number)
    return replace(structure, matched=names)


def _skeleton(kept: StoredCase) -> Case:
    """Return a case whose parts answer what an evaluation asks, and have no geometry."""
    references = tuple(
        DoseReference(number, "SITE", "TARGET", roi_number=roi, target_prescription_gy=dose_gy)
        for number, (roi, dose_gy) in enumerate(kept.own_doses.items(), 1)
    )
    plan = Plan(
        "", kept.label, prescription=kept.prescription, fractions=kept.fractions,
        dose_references=references,
    )  # fmt: skip
    return Case(
        label=kept.label,
        plan=kept.no_plan or plan,
        structures=_structure_set(kept.structures),
        dose=kept.dose if isinstance(kept.dose, Reason) else _grid(kept.dose),
        stated=UserStatements.of_values(kept.stated),
    )


def _structure_set(found: tuple[StoredStructure, ...] | Reason) -> StructureSet | Reason:
    if isinstance(found, Reason):
        return found
    return StructureSet(
        tuple(
            Structure(
                s.roi_number,
                s.name,
                (_SOMEWHERE,) if s.has_contours else (),
                s.interpreted_type,
                problem=s.problem,
            )
            for s in found
        )
    )


def _grid(dose: StoredDose) -> DoseGrid:
    """Return a grid with the stored maximum inside and the stored maximum on its faces."""
    values = np.full((3, 3, 3), dose.edge_max_gy)
    values[1, 1, 1] = dose.max_gy
    axis_mm = np.array([-1.0, 0.0, 1.0])
    return DoseGrid(values, axis_mm, axis_mm, axis_mm, dose_type=dose.dose_type)
