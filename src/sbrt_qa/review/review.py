"""One case held against one protocol: a pure function, no file, clock or network."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from sbrt_qa import plugins
from sbrt_qa.checks.context import CheckContext, Find
from sbrt_qa.checks.disowned import finds_relied_on, passed_relied_on, rows_relied_on, silenced
from sbrt_qa.checks.registry import CHECKS
from sbrt_qa.checks.run_checks import ChecksDone, run_checks
from sbrt_qa.dosimetry.bands import BandSubject, Views
from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.integrate import method_text
from sbrt_qa.dosimetry.interpolation import Interpolation
from sbrt_qa.dosimetry.metrics import extremes_of, not_whole
from sbrt_qa.dosimetry.view_kinds import VIEWS
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.case import Case, one_case
from sbrt_qa.model.outcome import Finding, Reason, ReasonCode, worst_first
from sbrt_qa.model.setup_errors import Shifts
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.evaluate import Evaluation, evaluate, overall
from sbrt_qa.protocol.expressions import Tree
from sbrt_qa.protocol.lesions import Lesions
from sbrt_qa.protocol.limit_result import ConstraintResult, StructureMatch
from sbrt_qa.protocol.matching import Matcher
from sbrt_qa.protocol.plan_targets import lesions_of, matcher_of
from sbrt_qa.protocol.sources import DvhSource, FarDose, SourceSeen
from sbrt_qa.protocol.tree_doses import dvh_source, far_dose_source, parts_source, volume_source
from sbrt_qa.protocol.tree_regions import region_of_tree, tree_key
from sbrt_qa.protocol.versions import Chosen
from sbrt_qa.protocol.whole_organs import WholeOrgans
from sbrt_qa.review.case_review import CaseReview, EngineUsed, ProtocolUsed, StructureSummary
from sbrt_qa.review.course_eqd2 import with_eqd2
from sbrt_qa.review.course_rows import among, evaluate_course, is_of_course, once
from sbrt_qa.review.doubtful_contours import with_doubts
from sbrt_qa.review.missed_by import told_beside
from sbrt_qa.review.robust_limits import has_value, under_shifts
from sbrt_qa.review.robustness import LimitRobustness, SetupDrawn
from sbrt_qa.review.setup_chance import chances
from sbrt_qa.review.summaries import (
    dose_summary,
    image_summary,
    plan_summary,
    structure_set_label,
)
from sbrt_qa.review.target_summaries import target_summaries, targets_relied_on
from sbrt_qa.review.words_of_user import words_of
from sbrt_qa.second_opinion.second_opinion import Comparison
from sbrt_qa.second_opinion.site_csv import SiteValue
from sbrt_qa.second_opinion.site_values import (
    FindDvh,
    compare_sent,
    compare_stored,
    differing,
    structures_named,
    with_verdicts,
)


def review_case(
    case: Case,
    protocol: Protocol | Chosen,
    *,
    mapping: Mapping[str, str] | None = None,
    site_values: Sequence[SiteValue] = (),
    doses: CaseDoses | None = None,
    bands: bool = True,
    shifts: Shifts | None = None,
) -> CaseReview:
    """Review one case.

    Parameters
    ----------
    case
        What was submitted.
    protocol
        The limits; or the version chosen for this case, so that the review says why it was.
    mapping
        Structure name in the plan -> name in the protocol, where names do not say it themselves.
    site_values
        The site's own numbers, to be shown beside ours.
    doses
        Regions and DVHs of this case, for who wants to use them afterwards; made when not given.
    bands
        Compute every metric in other plausible readings as well, which takes about three times as
        long, and flag verdicts that depend on the reading.
    shifts
        Hold every limit against the patient lying elsewhere, too; what the protocol asks for
        unless given.

    Raises
    ------
    UsageError
        The mapping leads to a name that the protocol does not have.
    ProtocolError
        The protocol says something of a plan check that there is not.
    """
    plugins.load()
    chosen = _chosen(case, protocol)
    protocol = chosen.protocol
    doses = (doses or CaseDoses(case)).reading(Interpolation(protocol.dose_reading))
    structures = structures_of(case)
    doses.prepare(structures.values())
    lesions = lesions_of(protocol, case, mapping or {}, volume_source(doses))
    evaluation = _evaluated(doses, protocol, mapping or {}, lesions, bands=bands)
    matcher = matcher_of(protocol, case, mapping or {}, lesions)
    sent = compare_sent(doses, site_values, _named(doses, matcher))
    plans = [doses.with_case(part) for part in case.parts] or [doses]
    stored = tuple(row for one in plans for row in compare_stored(one, evaluation.results))
    site_rows = (*stored, *sent)
    find = _finder(matcher)
    context = _context(doses, plans[0], protocol, find, evaluation, site_rows)
    done = _checked(plans, context)
    about_version = () if chosen.finding is None else (chosen.finding,)
    told = (f for f in evaluation.findings if f.code not in CHECKS)
    findings = worst_first(finds_relied_on((*told, *about_version, *done.findings)))
    limits = _limits(evaluation, findings, structures)
    moved, drawn = _elsewhere(doses, protocol, limits, shifts, mapping or {}, lesions)
    source = case.provenance
    return CaseReview(
        case=case.label,
        subject=case.subject,
        site=case.site,
        verdict=overall(limits, findings),
        protocol=ProtocolUsed.of(protocol, chosen.why, chosen.basis),
        engine=EngineUsed(convention=method_text(doses.convention, doses.settings)),
        plan=plan_summary(case.plan),
        dose=dose_summary(case.dose),
        structure_set=structure_set_label(case.structures),
        image=image_summary(case.image),
        structures=_summaries(doses, evaluation, context),
        constraints=limits,
        targets=targets_relied_on(target_summaries(doses, lesions, limits), findings),
        stated=words_of(case.stated, mapping),
        findings=findings,
        passed=passed_relied_on(done.passed, findings),
        not_told=(*done.not_told, *silenced(done.passed, findings)),
        links=source.links,
        repairs=source.repairs,
        files=source.files,
        notes=source.notes,
        site_values=with_verdicts(site_rows, [r for r in limits if r.is_relied_on]),
        course=case.course,
        robustness=moved,
        setup=drawn,
        information=told_beside(doses, protocol, matcher, find, limits),
    )


def _elsewhere(
    doses: CaseDoses,
    protocol: Protocol,
    limits: Sequence[ConstraintResult],
    asked: Shifts | None,
    mapping: Mapping[str, str],
    lesions: Lesions,
) -> tuple[dict[str, LimitRobustness], SetupDrawn | None]:
    """Return every limit with the patient elsewhere, and what its chances rest on.

    `asked` is what the protocol asks for where it is None.
    """
    asked = protocol.shifts_asked if asked is None else asked
    if not asked:
        return {}, None

    def run(one: CaseDoses, rules: Protocol) -> Evaluation:
        return _evaluated(one, rules, mapping, lesions, bands=False, told=False)

    shifted = under_shifts(doses, protocol, limits, asked.radii_mm, run)
    chance, drawn = (
        chances(doses, protocol, limits, asked.setup, run) if asked.setup else ({}, None)
    )
    found = {
        row.key: LimitRobustness(
            row.value if has_value(row) else None, shifted[row.key], chance.get(row.key)
        )
        for row in limits
    }
    return found, drawn


def _context(
    doses: CaseDoses,
    first: CaseDoses,
    protocol: Protocol,
    find: Find,
    evaluation: Evaluation,
    site_rows: Sequence[Comparison],
) -> CheckContext:
    """Return what checks look at, for the first plan of a case; regions are those of the whole."""
    return CheckContext(
        first,
        frozenset(n for m in _matches(evaluation) for n in m.roi_numbers),
        protocol,
        find,
        lambda tree: region_of_tree(doses, tree),
        evaluation.results,
        evaluation.findings,
        differing(site_rows),
    )


def _checked(plans: Sequence[CaseDoses], context: CheckContext) -> ChecksDone:
    """Make every check on each plan of a case."""
    if len(plans) == 1:
        return run_checks(context)
    each = [(one.case.label, run_checks(dataclasses.replace(context, doses=one))) for one in plans]
    found = once(((label, f) for label, done in each for f in done.findings), len(plans))
    passed = once(((label, f) for label, done in each for f in done.passed), len(plans))
    told = {f.code for f in (*found, *passed)}
    silent = (f for _, done in each for f in done.not_told if f.code not in told)
    return ChecksDone(worst_first(found), passed, tuple(dict.fromkeys(silent)))


def _chosen(case: Case, protocol: Protocol | Chosen) -> Chosen:
    """Return the version to review a case under, with why; what is no case or protocol is told."""
    one_case(case)
    if isinstance(protocol, str | Path):
        raise UsageError(
            "a review needs a protocol, not its name", got=quoted(str(protocol)),
            advice="Load it: sbrt_qa.load_protocol(name or file)",
        )  # fmt: skip
    return protocol if isinstance(protocol, Chosen) else Chosen(protocol, "")


def _evaluated(
    doses: CaseDoses,
    protocol: Protocol,
    mapping: Mapping[str, str],
    lesions: Lesions,
    *,
    bands: bool,
    told: bool = True,
) -> Evaluation:
    """Hold a case against a protocol: one plan, or the plans of a course.

    `told` adds to the notes what they say beside the verdicts.
    """
    if not is_of_course(doses.case):
        return _evaluate(doses, protocol, mapping, lesions, bands=bands)
    views: dict[int, Views] = {}

    def run(one: CaseDoses, rules: Protocol, base: CaseDoses | None = None) -> Evaluation:
        seen = views.setdefault(id(base or one), Views(base or one))
        there = among(lesions, one.case)
        return _evaluate(one, rules, mapping, there, bands=bands, views=seen)

    found = evaluate_course(doses, protocol, lesions, run)
    return with_eqd2(doses, protocol, mapping, found, dvh_source) if told else found


def _finder(matcher: Matcher | Reason) -> Find:
    """Return what finds structures of the protocol in the plan."""
    return (lambda _: matcher) if isinstance(matcher, Reason) else matcher.find


def _evaluate(
    doses: CaseDoses,
    protocol: Protocol,
    mapping: Mapping[str, str],
    lesions: Lesions,
    *,
    bands: bool,
    views: Views | None = None,
) -> Evaluation:
    """Hold a case against a protocol; with bands, once more in other views of what was used."""
    used: dict[str, Tree[Structure]] = {}
    default = dvh_source(doses)

    def noting(tree: Tree[Structure]) -> DVH | Reason:
        used[tree_key(tree)] = tree
        return default(tree)

    far = functools.cache(far_dose_source(doses))
    whole = WholeOrgans(doses, _finder(matcher_of(protocol, doses.case, mapping, lesions)))
    run = functools.partial(
        evaluate, protocol, doses.case, far_dose=far, mapping=mapping, lesions=lesions,
        probe=default, parts_of=parts_source(doses), whole_of=whole.around,
    )  # fmt: skip
    first = run(dvh_for=noting)
    if not bands or not used:
        return first
    views = views or Views(doses)
    subjects = [_subject(tree) for tree in used.values()]
    views.prepare(subjects)
    # What no structure has in a view is what it is by default.
    there = set().union(*(views.of(subject) for subject in subjects))
    seen = [
        SourceSeen(view, *_sources(views, name, default, far))
        for name, view in VIEWS.items()
        if name in there
    ]
    return run(dvh_for=default, views=seen)


def _sources(
    views: Views, name: str, default: DvhSource, default_far: FarDose
) -> tuple[DvhSource, FarDose]:
    """Return what gives doses in one view, those of the default where it changes nothing."""

    def dvh_for(tree: Tree[Structure]) -> DVH | Reason:
        return views.of(_subject(tree)).get(name) or default(tree)

    def far_dose(
        target: Tree[Structure], body: Tree[Structure], distance_mm: float
    ) -> float | Reason:
        other = views.read_otherwise(name, _subject(target))
        if other is None:
            return default_far(target, body, distance_mm)
        regions = region_of_tree(other, target), region_of_tree(views.base, body)
        return other.highest_beyond_gy(*regions, distance_mm)

    return dvh_for, far_dose


def _subject(tree: Tree[Structure]) -> BandSubject:
    return BandSubject(tree_key(tree), lambda doses: region_of_tree(doses, tree))


def _named(doses: CaseDoses, matcher: Matcher | Reason) -> FindDvh:
    """Return what gives the DVH by a name of the plan, else of the protocol."""

    def find(name: str) -> DVH | Reason:
        if isinstance(matcher, Reason):
            return matcher
        named = structures_named(doses, name)
        if len(named) == 1:
            return doses.dvh(named[0])
        try:
            found = matcher.find(name)
        except UsageError:
            what = say("several structures are") if named else say("no structure is")
            return Reason(ReasonCode.STRUCTURE_MISSING, say("{0} called {1}", what, quoted(name)))
        return found if isinstance(found, Reason) else dvh_source(doses)(found.tree)

    return find


def _matches(evaluation: Evaluation) -> list[StructureMatch]:
    return [r.match for r in evaluation.results if r.match] + list(evaluation.matches)


def _limits(
    evaluation: Evaluation, findings: Sequence[Finding], structures: Mapping[str, Structure]
) -> tuple[ConstraintResult, ...]:
    """Return the limits as they are to be shown: what is disowned, and what is doubtful, marked."""
    limits = rows_relied_on(evaluation.results, findings)
    return with_doubts(limits, findings, {k: s.roi_number for k, s in structures.items()})


def _summaries(
    doses: CaseDoses, evaluation: Evaluation, context: CheckContext
) -> tuple[StructureSummary, ...]:
    seen = {v.key: v.facts for v in context.organs.organs.values()}
    return tuple(
        dataclasses.replace(
            _summary(doses, key, s, evaluation), features=_rounded(seen.get(key, {}))
        )
        for key, s in structures_of(doses.case).items()
    )


def _rounded(facts: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in facts.items()}


def _summary(
    doses: CaseDoses, key: str, structure: Structure, evaluation: Evaluation
) -> StructureSummary:
    histogram = doses.dvh(structure)
    matched = [
        m.protocol_name for m in evaluation.matches if m.roi_numbers == (structure.roi_number,)
    ]
    facts = (key, structure.name, structure.roi_number, structure.interpreted_type)
    if isinstance(histogram, Reason):
        volume = doses.volume_cc(structure)
        volume_cc = None if isinstance(volume, Reason) else volume
        return StructureSummary(
            *facts, volume_cc, None, None, None, None, tuple(matched), histogram
        )
    volumes = histogram.volume_cc, histogram.outside_grid_cc
    doses_gy, why = extremes_of(histogram), not_whole(histogram)
    return StructureSummary(*facts, *volumes, *doses_gy, tuple(matched), why)
