"""The limits of a course: organs and hot spots on the sum of its parts, targets on their own plans.

Where the dose is only a lower bound, a limit that it already breaks is broken; any other that more
dose could break is not evaluable. The number of fractions depends on whether parts are given on the
same days, which no file says: limits are held against both numbers, and the worse verdict stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol as Shape

from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import meaning_of
from sbrt_qa.errors import MetricError
from sbrt_qa.i18n.phrase import counted, joined, say
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Finding, Reason, ReasonCode, Verdict
from sbrt_qa.protocol.applicability import RX_NOT_IN_PROTOCOL
from sbrt_qa.protocol.definition import Constraint, Protocol, TargetBlock
from sbrt_qa.protocol.evaluate import Evaluation, overall
from sbrt_qa.protocol.expressions import leaves, parse_expression
from sbrt_qa.protocol.lesions import Lesions
from sbrt_qa.protocol.limit_result import ConstraintResult, rests_on_dose
from sbrt_qa.protocol.plan_targets import CODES, target_findings
from sbrt_qa.review.course_targets import benches, of_plans_beside


class Run(Shape):
    """Holds a case against the limits of a protocol."""

    def __call__(
        self, doses: CaseDoses, protocol: Protocol, /, base: CaseDoses | None = None
    ) -> Evaluation:
        """Return the evaluation; `base` has the doses where only the plan differs."""
        ...


def is_of_course(case: Case) -> bool:
    """Tell whether the limits of a case are those of a course of several plans."""
    return case.course is not None and bool(case.parts or case.course.lower_bound)


def among(lesions: Lesions, case: Case) -> Lesions:
    """Return the targets that a case has; the same object where it has all."""
    if isinstance(case.structures, Reason):
        return lesions
    there = {s.roi_number for s in case.structures.structures}
    if all(one.roi_number in there for one in lesions.all):
        return lesions
    return Lesions(tuple(one for one in lesions.all if one.roi_number in there))


def evaluate_course(doses: CaseDoses, protocol: Protocol, lesions: Lesions, run: Run) -> Evaluation:
    """Hold a course against a protocol; findings on targets are those of all of them together."""
    course = doses.case.course
    counts = course.fraction_counts if course else ()
    shared, own = split(protocol)
    runs = [(n, run(_given_in(doses, n), shared, doses)) for n in counts or (0,)]
    rows = list(_worse_of_counts([(n, found.results) for n, found in runs]))
    rows = list(_with_ends(rows, doses, shared, run))
    rows = list(_bounded(rows, doses, shared, run))
    covered = [run(bench, own) for bench in benches(doses)]
    covered_rows = [row for found in covered for row in found.results]
    covered_rows = list(_not_even_in_sum(covered_rows, doses, own, run))
    covered_rows = list(_of_other_plans(covered_rows, doses))
    results = tuple(sorted(_each_named((*covered_rows, *rows)), key=_worst_first))
    told = [f for _, found in runs for f in found.findings if f.code not in CODES]
    told += [f for found in covered for f in found.findings if f.code == RX_NOT_IN_PROTOCOL]
    told += target_findings(protocol, doses.case, lesions)
    findings = tuple(dict.fromkeys(told))
    matches = runs[0][1].matches
    return Evaluation(results, matches, findings, overall(results, findings), lesions)


def _each_named(rows: Sequence[ConstraintResult]) -> Iterator[ConstraintResult]:
    """Yield rows with keys of their own: a limit that several plans meet says of which target."""
    times = Counter(row.key for row in rows)
    seen: set[str] = set()
    for row in rows:
        if row.match is None and row.key in seen:
            continue  # what no plan has is missing once
        seen.add(row.key)
        names = "+".join(row.match.plan_names) if row.match else ""
        yield row if times[row.key] == 1 else replace(row, target=row.target or names)


def split(protocol: Protocol) -> tuple[Protocol, Protocol]:
    """Return the limits that hold for the sum, and those that each target's own plan must meet.

    A target's own plan must give it enough, and follow it closely; all else concerns what the
    patient receives in total.
    """
    kinds = {s.name: s.kind for s in protocol.structures}

    def own(limit: Constraint) -> bool:
        names = leaves(parse_expression(limit.structure, protocol.structure_names))
        targets = all(kinds[name] == "target" for name in names)
        return targets and worse_with_dose(limit.metric, limit.op) is not True

    def only(limits: Iterable[Constraint], *, wanted: bool) -> tuple[Constraint, ...]:
        return tuple(limit for limit in limits if own(limit) is wanted)

    def targets(*, wanted: bool) -> TargetBlock:
        limits = only(protocol.targets.limits, wanted=wanted)
        return protocol.targets.model_copy(update={"limits": limits})

    options = {
        wanted: tuple(
            o.model_copy(update={"constraints": only(o.constraints, wanted=wanted)})
            for o in protocol.options
        )
        for wanted in (True, False)
    }
    shared = protocol.model_copy(
        update={
            "targets": targets(wanted=False),
            "conformity": (),
            "prescriptions": (),
            "options": options[False],
        }
    )
    coverage = protocol.model_copy(
        update={
            "targets": targets(wanted=True),
            "options": tuple(o for o in options[True] if o.constraints),
        }
    )
    return shared, coverage


def worse_with_dose(metric: str, op: str) -> bool | None:
    """Tell whether more dose can only break a limit; None where dose does not matter or may help.

    False where more dose can only help.
    """
    try:
        return meaning_of(parse_metric(metric)).worse_with_dose(op)
    except MetricError:
        return None


def _given_in(doses: CaseDoses, fractions: int) -> CaseDoses:
    """Return the same doses of a plan that is given in a number of fractions; 0 as it says."""
    plan = doses.case.plan
    if not fractions or isinstance(plan, Reason):
        return doses
    return doses.with_plan(replace(plan, fractions=fractions))


def _worse_of_counts(
    runs: Sequence[tuple[int, Sequence[ConstraintResult]]],
) -> Iterator[ConstraintResult]:
    """Yield each limit once: the worse of its verdicts, with a note on the number of fractions."""
    if len(runs) == 1:
        yield from runs[0][1]
        return
    found: dict[tuple[str, object], list[tuple[int, ConstraintResult]]] = {}
    for count, rows in runs:
        for row in rows:
            found.setdefault((row.id, row.match), []).append((count, row))
    for same in found.values():
        count, worst = max(same, key=lambda pair: pair[1].verdict.rank)
        alike = len({(r.verdict, r.value, r.per_protocol_limit) for _, r in same}) == 1
        if alike and len(same) == len(runs):
            yield worst
        else:
            yield _noted(worst, say("held against {0}", counted(count, "fraction")))


def _noted(row: ConstraintResult, *notes: str) -> ConstraintResult:
    return replace(row, note=joined("; ", (row.note, *notes)))


def _is_final(row: ConstraintResult) -> bool:
    """Tell whether more dose cannot make a broken limit any worse."""
    if row.value is None or worse_with_dose(row.metric, row.op) is not True:
        return False
    return row.verdict is not Verdict.PER_PROTOCOL and row.verdict in (row.beyond, Verdict.MAJOR)


def _with_ends(
    rows: Sequence[ConstraintResult], doses: CaseDoses, protocol: Protocol, run: Run
) -> Iterator[ConstraintResult]:
    """Yield rows with what is known where the dose of a part ends: there it is a lower bound."""
    at_least = doses.case.course_doses.at_least
    if at_least is None:
        yield from rows
        return
    bench = doses.with_dose(at_least)
    course = doses.case.course
    counts = course.fraction_counts if course else ()
    lower = {
        (row.id, row.match): row
        for row in _worse_of_counts(
            [(n, run(_given_in(bench, n), protocol, bench).results) for n in counts or (0,)]
        )
    }
    for row in rows:
        other = lower.get((row.id, row.match))
        if other is not None and _is_final(other) and other.verdict.rank > _known_rank(row):
            yield _noted(other, say("at least: the dose grid of a part ends inside the structure"))
        elif other is not None and other.value is not None and _ends_inside(row):
            known = say("; it is at least {0} {1}", f"{other.value:.4g}", row.unit)
            text = say("the dose grid of a part ends inside the structure{0}", known)
            reason = Reason(ReasonCode.OUTSIDE_DOSE_GRID, text)
            yield replace(row, reason=reason) if worse_with_dose(row.metric, row.op) else row
        else:
            yield row


def _known_rank(row: ConstraintResult) -> int:
    return -1 if row.value is None else row.verdict.rank


def _ends_inside(row: ConstraintResult) -> bool:
    return row.reason is not None and row.reason.code is ReasonCode.OUTSIDE_DOSE_GRID


def _bounded(
    rows: Sequence[ConstraintResult], doses: CaseDoses, protocol: Protocol, run: Run
) -> Iterator[ConstraintResult]:
    """Yield rows as far as a dose decides them that is only a lower bound."""
    course, together = doses.case.course, doses.case.course_doses.together
    why = course.lower_bound if course else None
    if why is None:
        yield from rows
        return
    with_others: dict[tuple[str, object], ConstraintResult] = {}
    if together is not None:
        found = run(doses.with_dose(together), protocol).results
        with_others = {(r.id, r.match): r for r in found}
    for row in rows:
        if row.value is None or _free_of_dose(row):
            yield row
        elif _is_final(row):
            yield _noted(row, say("by this plan alone; other plans can only add"))
        else:
            yield _unknown(row, why, with_others.get((row.id, row.match)))


def _free_of_dose(row: ConstraintResult) -> bool:
    return not rests_on_dose(row)


def _unknown(
    row: ConstraintResult, why: Reason, other: ConstraintResult | None
) -> ConstraintResult:
    """Return a row without a verdict; its reason tells what is known."""
    known = say("; known is {0} {1}", f"{row.value:.4g}", row.unit)
    if other is not None and other.value is not None:
        known += say(", with the others it would be {0}", f"{other.value:.4g}")
    return replace(
        row, value=None, reason=Reason(why.code, say("{0}{1}", why.detail, known)), margin=None,
        verdict=Verdict.NOT_EVALUABLE, counts=row.counts and row.priority < 3, band=None,
        borderline=False, spread=None, depends_on_convention=False,
    )  # fmt: skip


def _not_even_in_sum(
    rows: Sequence[ConstraintResult], doses: CaseDoses, protocol: Protocol, run: Run
) -> Iterator[ConstraintResult]:
    """Yield rows of targets; one without a dose of its own is broken where even the sum fails.

    The dose of its own plan is never more than the sum.
    """
    course = doses.case.course
    lacking = [r for r in rows if r.reason is not None and r.reason.code is ReasonCode.NO_DOSE]
    complete = course is not None and course.lower_bound is None and bool(course.site_sum)
    if not lacking or not complete or not isinstance(doses.case.dose, DoseGrid):
        yield from rows
        return
    summed = {(r.id, r.match): r for r in run(doses, protocol).results}
    for row in rows:
        other = summed.get((row.id, row.match))
        if row not in lacking or other is None or worse_with_dose(row.metric, row.op) is not False:
            yield row
        elif other.value is not None and other.verdict in (other.beyond, Verdict.MAJOR):
            yield _noted(other, say("not even the sum of all parts reaches it"))
        else:
            yield row


def _of_other_plans(
    rows: Sequence[ConstraintResult], doses: CaseDoses
) -> Iterator[ConstraintResult]:
    """Yield rows of targets; those of plans beside wait until it is told how the plans belong.

    Were the plans parts, each would answer for its own targets; were they alternatives, this one
    would not cover the other's.
    """
    theirs = of_plans_beside(doses)
    for row in rows:
        others = [theirs[n] for n in (row.match.roi_numbers if row.match else ()) if n in theirs]
        if not others or row.value is None or _free_of_dose(row):
            yield row
            continue
        names = joined(", ", dict.fromkeys(others))
        text = say(
            "this is a target of {0}, and nothing tells whether that plan is a part of the course "
            "or an alternative",
            names,
        )
        yield _unknown(row, Reason(ReasonCode.COURSE_UNKNOWN, text), None)


def _worst_first(result: ConstraintResult) -> tuple[bool, int, int]:
    return (not result.counts, -result.verdict.rank, result.priority)


def once(findings: Iterable[tuple[str, Finding]], parts: int) -> tuple[Finding, ...]:
    """Return findings of several plans: what all of them share once, others with the plan's label.

    Parameters
    ----------
    findings
        Label of the plan, and what a check found there.
    parts
        Number of the plans.
    """
    where: dict[Finding, list[str]] = {}
    for label, finding in findings:
        where.setdefault(finding, []).append(label)
    return tuple(
        finding
        if len(labels) == parts
        else replace(finding, where=say("{0}: {1}", ", ".join(labels), finding.where))
        for finding, labels in where.items()
    )
