"""Rules of the timeline and of entry, held against each subject: verdicts as of any limit.

A rule is decided only where all possible dates agree. What need not be there, in the other arm or
not yet due, makes a rule not applicable; what should be there and is not makes it not evaluable.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Verdict, worst
from sbrt_qa.protocol.trial_rules import EligibilityRule, Span, TimelineRule, TrialRules
from sbrt_qa.trial.anchor_days import CHEMO, anchor_day, cycle_days, fraction_days
from sbrt_qa.trial.data_cut import DataCut
from sbrt_qa.trial.data_rules import randomised_on
from sbrt_qa.trial.partial_dates import PartialDate, add_months
from sbrt_qa.trial.trial_data import TrialRow

NOT_APPLICABLE: Final = "not_applicable"
HOURS: Final = 24.0
Bounds = tuple[float, float]
"""The least and the most that a value may be."""


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule says of one subject.

    Parameters
    ----------
    verdict
        One of a limit's, or ``not_applicable``.
    values
        The measured values, each as its least and most where dates are partial.
    """

    rule: str
    subject: str
    kind: Literal["eligibility", "timeline"]
    verdict: str
    values: tuple[Bounds, ...] = ()
    unit: str = ""
    priority: int = 2
    reason: str = ""

    @property
    def missed(self) -> bool:
        """Whether it is a deviation."""
        return self.verdict in (Verdict.MINOR, Verdict.MAJOR)


def rule_results(cut: DataCut, rules: TrialRules) -> tuple[RuleResult, ...]:
    """Return what every rule says of every subject that was randomised, by subject and rule."""
    found = []
    for row in cut.randomised:
        found += [_eligible(cut, row, rule) for rule in rules.eligibility]
        found += [timeline_result(cut, row, rule, rules) for rule in rules.timeline]
    return tuple(found)


# --- eligibility ----------------------------------------------------------------------------------


def _eligible(cut: DataCut, subject: TrialRow, rule: EligibilityRule) -> RuleResult:
    table, _, column = rule.field.partition(".")
    row = subject if table == "subjects" else cut.data.one(table, subject.subject)
    value = row.get(column) if row else None

    def result(verdict: str, reason: str = "") -> RuleResult:
        values = ((float(value), float(value)),) if isinstance(value, int | float) else ()
        return RuleResult(
            rule.id, subject.subject, "eligibility", verdict, values, "", rule.priority, reason
        )

    if rule.arm and subject.text("arm") != rule.arm:
        return result(NOT_APPLICABLE)
    if value is None:
        return result(Verdict.NOT_EVALUABLE, say("{0} is missing", rule.field))
    if isinstance(value, bool):
        value = "Y" if value else "N"
    if rule.op == "in":
        words = rule.value if isinstance(rule.value, tuple) else (rule.value,)
        return result(Verdict.PER_PROTOCOL if value in words else Verdict(rule.beyond))
    factor: float = 1.0
    if rule.times:
        found = row.number(rule.times.partition(".")[2]) if row else None
        if found is None:
            return result(Verdict.NOT_EVALUABLE, say("{0} is missing", rule.times))
        factor = found
    if not isinstance(value, int | float) or not isinstance(rule.value, int | float):
        same = rule.op == "==" and value == rule.value
        return result(Verdict.PER_PROTOCOL if same else Verdict(rule.beyond))
    if _holds(float(value), rule.op, float(rule.value) * factor):
        return result(Verdict.PER_PROTOCOL)
    minor = rule.minor
    if isinstance(minor, int | float) and _holds(float(value), rule.op, float(minor) * factor):
        return result(Verdict.MINOR)
    return result(Verdict(rule.beyond))


def _holds(value: float, op: str, bound: float) -> bool:
    slack = 1e-9 * max(1.0, abs(bound))
    if op == "==":
        return abs(value - bound) <= slack
    if op in ("<=", "<"):
        return value < bound or (op == "<=" and value <= bound + slack)
    return value > bound or (op == ">=" and value >= bound - slack)


# --- timeline -------------------------------------------------------------------------------------


def timeline_result(
    cut: DataCut, subject: TrialRow, rule: TimelineRule, rules: TrialRules
) -> RuleResult:
    """Return what a rule of the timeline says of a subject."""

    def result(verdict: str, values: Iterable[Bounds] = (), reason: str = "") -> RuleResult:
        return RuleResult(
            rule.id, subject.subject, "timeline", verdict, tuple(values), rule.unit,
            rule.priority, reason,
        )  # fmt: skip

    if rule.arm and subject.text("arm") != rule.arm:
        return result(NOT_APPLICABLE, reason=say("of the other arm"))
    if rule.fractions is not None:
        course = cut.course(subject.subject)
        if course is None or course.whole("fractions_planned") != rule.fractions:
            return result(NOT_APPLICABLE, reason=say("of another number of fractions"))
        given = course.whole("fractions_given")
        if course.yes("completed") is False or (given is not None and given < rule.fractions):
            return result(NOT_APPLICABLE, reason=say("fewer fractions were given than planned"))
    found = _MEASURES[rule.measure](cut, subject, rule, rules)
    if isinstance(found, _Absent):
        return result(found.verdict, reason=found.reason)
    if not found.values:
        return result(NOT_APPLICABLE, reason=say("there is nothing to measure"))
    if found.per_protocol is None:
        return result(NOT_APPLICABLE, found.values, say("only reported"))
    verdicts = [_verdict(one, found.per_protocol, found.minor, rule.beyond) for one in found.values]
    verdict = worst(verdicts)
    unclear = say("partial dates leave it open") if verdict is Verdict.NOT_EVALUABLE else ""
    return result(verdict, found.values, unclear)


@dataclass(frozen=True, slots=True)
class _Measured:
    values: tuple[Bounds, ...]
    per_protocol: Span | None
    minor: Span | None


@dataclass(frozen=True, slots=True)
class _Absent:
    verdict: str
    reason: str


def _verdict(value: Bounds, inner: Span, outer: Span | None, beyond: str) -> Verdict:
    """Return the verdict where all possible values agree on it; not evaluable else."""
    found = {_of_value(end, inner, outer, beyond) for end in value}
    if len(found) == 1 and not _passes_through(value, inner):
        return found.pop()
    return Verdict.NOT_EVALUABLE


def _passes_through(value: Bounds, inner: Span) -> bool:
    """Tell whether values on both sides of an interval have it between them."""
    low, high = _ends(inner)
    return value[0] < low and value[1] > high


def _ends(span: Span) -> Bounds:
    low, high = span
    return (-math.inf if low is None else low, math.inf if high is None else high)


def _of_value(value: float, inner: Span, outer: Span | None, beyond: str) -> Verdict:
    low, high = _ends(inner)
    if low <= value <= high:
        return Verdict.PER_PROTOCOL
    if outer is not None:
        low, high = _ends(outer)
        if low <= value <= high:
            return Verdict.MINOR
    return Verdict(beyond)


def _days_between(start: PartialDate, end: PartialDate) -> Bounds:
    return (float((end.first - start.last).days), float((end.last - start.first).days))


def _interval(
    cut: DataCut, subject: TrialRow, rule: TimelineRule, _: TrialRules
) -> _Measured | _Absent:
    start, end = (anchor_day(cut, subject, name) for name in (rule.start, rule.to))
    for name, day in ((rule.start, start), (rule.to, end)):
        if day is None:
            return _absent(cut, subject, rule, name, start)
    assert start is not None  # noqa: S101 - both were looked at
    assert end is not None  # noqa: S101
    low, high = _days_between(start, end)
    factor = {"weeks": 1 / 7, "hours": HOURS}.get(rule.unit, 1.0)
    return _Measured(((low * factor, high * factor),), rule.per_protocol, rule.minor)


def _absent(
    cut: DataCut, subject: TrialRow, rule: TimelineRule, name: str, start: PartialDate | None
) -> _Absent:
    """Tell whether an anchor need not be there, is not yet due, or is missing."""
    if name.startswith("cycle.") and ("before" in name or "after" in name):
        return _Absent(NOT_APPLICABLE, say("there is no such cycle"))
    of_fractions = name.startswith("rt.") or rule.to.startswith("rt.")
    if of_fractions and not cut.fractions(subject.subject):
        return _Absent(NOT_APPLICABLE, say("no fraction was given"))
    if name == rule.to and start is not None and rule.per_protocol is not None:
        latest = _ends(rule.minor or rule.per_protocol)[1]
        days = latest * {"weeks": 7.0, "hours": 1 / HOURS}.get(rule.unit, 1.0)
        if (cut.cut - start.first).days <= days:
            return _Absent(NOT_APPLICABLE, say("not yet due"))
    return _Absent(Verdict.NOT_EVALUABLE, say("{0} is missing", name))


def _fraction_gaps(
    cut: DataCut, subject: TrialRow, rule: TimelineRule, _: TrialRules
) -> _Measured | _Absent:
    rows = cut.fractions(subject.subject)
    if not rows:
        return _Absent(NOT_APPLICABLE, say("no fraction was given"))
    moments = [_moment(row) for row in rows]
    if all(moment is not None for moment in moments):
        known = sorted(moment for moment in moments if moment is not None)
        gaps = [(b - a).total_seconds() / 3600 for a, b in itertools.pairwise(known)]
        values = tuple((gap, gap) for gap in gaps)
        return _Measured(values, rule.per_protocol, rule.minor)
    days = [d for row in rows if (d := row.day("date"))]
    gaps = [float((b - a).days) for a, b in itertools.pairwise(sorted(days))]
    return _Measured(tuple((g, g) for g in gaps), rule.per_protocol_days, rule.minor_days)


def _moment(row: TrialRow) -> dt.datetime | None:
    day, time = row.day("date"), row.text("time")
    return dt.datetime.combine(day, dt.time.fromisoformat(time)) if day and time else None


def _cycle_gaps(
    cut: DataCut, subject: TrialRow, rule: TimelineRule, _: TrialRules
) -> _Measured | _Absent:
    """Measure from one cycle to the next; where fractions lie between, other rules hold."""
    days = cycle_days(cut, subject.subject, (rule.agent or "",))
    chemo = rule.agent in CHEMO
    fractions = fraction_days(cut, subject.subject) if chemo else []
    values = tuple(
        _days_between(a, b) for a, b in itertools.pairwise(days)
        if not any(a.first < fraction.first < b.first for fraction in fractions)
    )  # fmt: skip
    return _Measured(values, rule.per_protocol, rule.minor)


def _dose_given(
    cut: DataCut, subject: TrialRow, rule: TimelineRule, _: TrialRules
) -> _Measured | _Absent:
    course = cut.course(subject.subject)
    if course is None:
        if cut.fractions(subject.subject):
            return _Absent(Verdict.NOT_EVALUABLE, say("{0} is missing", "rt_course"))
        return _Absent(NOT_APPLICABLE, say("no fraction was given"))
    doses = [row.number("gy") for row in cut.fractions(subject.subject)]
    summed = sum(d for d in doses if d is not None) if doses and None not in doses else None
    given, asked = (
        summed if summed is not None else course.number("dose_given_gy"),
        course.number("rx_gy"),
    )
    if given is None or not asked:
        return _Absent(Verdict.NOT_EVALUABLE, say("the dose given or prescribed is missing"))
    if course.yes("completed") is None and course.whole("fractions_given") is None:
        return _Absent(NOT_APPLICABLE, say("not yet due"))
    share = 100 * given / asked
    return _Measured(((share, share),), rule.per_protocol, rule.minor)


def _overlap(
    cut: DataCut, subject: TrialRow, rule: TimelineRule, rules: TrialRules
) -> _Measured | _Absent:
    fractions = fraction_days(cut, subject.subject)
    if not fractions:
        return _Absent(NOT_APPLICABLE, say("no fraction was given"))
    rows = cut.data.of_subject("cycles", subject.subject)
    low = high = 0.0
    for fraction in fractions:
        certain = possible = False
        for row in rows:
            regimen = rules.regimen(row.text("agent"))
            day1 = row.days("day1")
            holds = (
                regimen is not None and (rule.agent or "").casefold() in regimen.drugs.casefold()
            )
            if regimen is None or day1 is None or not holds:
                continue
            hits = [day1.first <= fraction.first - dt.timedelta(n - 1) <= day1.last
                    for n in regimen.given_days]  # fmt: skip
            possible = possible or any(hits)
            certain = certain or (any(hits) and day1.exact)
        low, high = low + certain, high + possible
    return _Measured(((low, high),), rule.per_protocol, rule.minor)


def _nearest(
    cut: DataCut, subject: TrialRow, rule: TimelineRule, _: TrialRules
) -> _Measured | _Absent:
    fractions = fraction_days(cut, subject.subject)
    values = []
    for day in cycle_days(cut, subject.subject, (rule.agent or "",)):
        gaps = [_days_between(day, fraction) for fraction in fractions]
        if gaps:
            values.append(min(gaps, key=lambda gap: abs(gap[0])))
    return _Measured(tuple(values), rule.per_protocol, rule.minor)


def _schedule(
    cut: DataCut, subject: TrialRow, rule: TimelineRule, rules: TrialRules
) -> _Measured | _Absent:
    """Measure how many days each scan lies off the nearest day of the schedule."""
    origin, schedule = randomised_on(subject), rules.schedule
    if origin is None or schedule is None:
        return _Absent(Verdict.NOT_EVALUABLE, say("there is no schedule of scans"))
    end = add_months(origin, schedule.until_months)
    rows = cut.data.of_subject("assessments", subject.subject)
    days = sorted({d for row in rows if (d := row.days("date")) and origin < d.first <= end})
    values = []
    for day in days:
        number = max(1, round((day.first - origin).days / schedule.every_days))
        due = origin + dt.timedelta(number * schedule.every_days)
        values.append((float((day.first - due).days), float((day.last - due).days)))
    return _Measured(tuple(values), rule.per_protocol, rule.minor)


_MEASURES: Final = {
    "interval": _interval, "fraction_gaps": _fraction_gaps, "cycle_gaps": _cycle_gaps,
    "dose_given": _dose_given, "overlap": _overlap, "nearest_fraction": _nearest,
    "scan_schedule": _schedule,
}  # fmt: skip
