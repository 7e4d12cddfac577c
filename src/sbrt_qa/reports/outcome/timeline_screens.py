"""What happened when: the swimmer plot, the rules of the timeline, and the plans."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.reports.figures.lane_plot import SwimLane, lane_plot
from sbrt_qa.reports.outcome.asked_report import PROPOSED, AskedReport, screen
from sbrt_qa.reports.outcome.outcome_parts import (
    Drawn,
    FigureChoice,
    OutcomeGrid,
    ReportSection,
    Said,
)
from sbrt_qa.trial.anchor_days import CHEMO, anchor_day, cycle_days, fraction_days
from sbrt_qa.trial.data_rules import randomised_on
from sbrt_qa.trial.endpoints import DAYS_PER_MONTH
from sbrt_qa.trial.scan_history import scans_of
from sbrt_qa.trial.trial_data import TrialRow

MOST_LANES = 200


ORDERS: Final = (
    ("arm", say("by arm, from randomisation")),
    ("time", say("by length of follow-up")),
    ("site", say("by site")),
    ("surgery", say("by arm, from surgery")),
)
"""How lanes are sorted, and from what day they run."""


@screen("timeline")
def swimmer_screen(asked: AskedReport) -> ReportSection:
    """Return a lane for each subject, sorted as asked, from randomisation or surgery."""
    sentence = say(
        "Each lane is a subject: cycles above (chemotherapy) and below (sintilimab) the line, "
        "fractions as bars, scans as dots, recurrences as triangles by their site (M at the edge, "
        "L elsewhere in the liver, X outside it), events of grade 3 or more as squares, deaths as "
        "crosses; an arrow where alive, a ring where a rule of the timeline is missed."
    )
    options = tuple((told, _swimmer(asked, order, sentence)) for order, told in ORDERS)
    choice = FigureChoice(say("Lanes"), "lanes", options)
    return ReportSection("timeline", say("Timeline"), (choice,))


def _swimmer(asked: AskedReport, order: str, sentence: str) -> Drawn:
    lanes = []
    for row in asked.found.cut.randomised:
        zero = _surgery(asked, row) if order == "surgery" else randomised_on(row)
        if zero is not None:
            lanes.append((row.text("site"), _lane(asked, row, zero)))
    sort = {
        "arm": lambda one: (one[1].group, -one[1].end, one[1].name),
        "surgery": lambda one: (one[1].group, -one[1].end, one[1].name),
        "time": lambda one: (-one[1].end, one[1].name),
        "site": lambda one: (one[0], one[1].group, -one[1].end, one[1].name),
    }[order]
    lanes.sort(key=sort)
    shown = tuple(lane for _, lane in lanes[:MOST_LANES])
    end = max((lane.end for _, lane in lanes), default=12.0)
    axis = say("months since surgery") if order == "surgery" else say("months since randomisation")
    rows = tuple(
        (lane.name, site, lane.group, f"{lane.end:.1f}",
         say("alive") if lane.alive else say("dead"),
         str(sum(sign.startswith("recurrence") for _, sign in lane.marks)))
        for site, lane in lanes
    )  # fmt: skip
    heads = (say("subject"), say("site"), say("arm"), say("months"), say("status"),
             say("recurrences"))  # fmt: skip
    table = OutcomeGrid(say("Subjects and their follow-up"), heads, rows, folded=True)
    told = sentence
    if len(lanes) > MOST_LANES:
        told = say("{0} Only the first {1} of {2} are drawn.", sentence, MOST_LANES, len(lanes))
    return Drawn(lane_plot, (shown, end, axis, told), told, table)


def _surgery(asked: AskedReport, row: TrialRow) -> dt.date | None:
    found = anchor_day(asked.found.cut, row, "surgery.last")
    return found.first if found else None


PLACES: Final = {"MARGIN": "recurrence_edge", "LIVER_OTHER": "recurrence_liver"}


def _lane(asked: AskedReport, row: TrialRow, zero: dt.date) -> SwimLane:
    cut, code = asked.found.cut, row.subject
    origin = randomised_on(row) or cut.cut

    def month(day: dt.date) -> float:
        return (day - zero).days / DAYS_PER_MONTH

    marks = [(month(d.first), "chemo") for d in cycle_days(cut, code, CHEMO)]
    marks += [(month(d.first), "io") for d in cycle_days(cut, code, ("SINTILIMAB",))]
    marks += [(month(d.first), "fraction") for d in fraction_days(cut, code)]
    for scan in scans_of(cut.data, code, origin):
        signs = {PLACES.get(place, "recurrence") for place in scan.places}
        if scan.result != "RECURRENCE":
            signs = {"unclear" if scan.result in ("EQUIVOCAL", "NE") else "clear"}
        marks += [(month(scan.days.first), sign) for sign in sorted(signs or {"recurrence"})]
    for event in cut.data.of_subject("adverse_events", code):
        start = event.days("start")
        if start and event.text("grade") in ("3", "4", "5"):
            marks.append((month(start.first), "event"))
    death = cut.death(code)
    last = cut.last_alive(code) or origin
    if death:
        marks.append((month(death.first), "death"))
        last = death.first
    marks += [(at, "missed") for at in _missed_at(asked, row, month)]
    shown = asked.arms.get(row.text("arm"), "")
    return SwimLane(code, max(month(last), 0.0), death is None, tuple(marks), shown)


def _missed_at(
    asked: AskedReport, row: TrialRow, month: Callable[[dt.date], float]
) -> Iterator[float]:
    """Yield where the rules that a subject misses end: at their second anchor, else at entry."""
    rules = {rule.id: rule for rule in asked.found.rules.timeline}
    origin = randomised_on(row) or asked.found.cut.cut
    for one in asked.found.results:
        if one.subject != row.subject or not one.missed:
            continue
        rule = rules.get(one.rule)
        day = anchor_day(asked.found.cut, row, rule.to) if rule is not None and rule.to else None
        if day is None and rule is not None and rule.measure == "fraction_gaps":
            days = fraction_days(asked.found.cut, row.subject)
            day = days[0] if days else None
        yield month(day.first if day else origin)


@screen("rules")
def rules_screen(asked: AskedReport) -> ReportSection:
    """Return every rule with its verdicts, and every subject that misses one."""
    rules = asked.found.rules
    titles = {r.id: r.title for r in (*rules.eligibility, *rules.timeline)}
    terms = {r.id: f"{', '.join(r.source)}; {r.confidence}"
             for r in (*rules.eligibility, *rules.timeline)}  # fmt: skip
    counts = Counter((one.rule, str(one.verdict)) for one in asked.found.results)
    kinds = (*(str(v) for v in Verdict), "not_applicable")
    rows = tuple(
        (rule, titles[rule], *(str(counts[rule, kind]) for kind in kinds), terms[rule])
        for rule in titles
    )
    heads = (say("rule"), say("what"), say("per protocol"), say("minor"), say("not evaluable"),
             say("major"), say("not applicable"), say("source"))  # fmt: skip
    missed = tuple(
        (one.subject, one.rule, str(one.verdict), _values(one.values), one.reason)
        for one in asked.found.results if one.missed or one.verdict == Verdict.NOT_EVALUABLE
    )  # fmt: skip
    heads_2 = (say("subject"), say("rule"), say("verdict"), say("values"), say("reason"))
    return ReportSection("rules", say("Rules of entry and timeline"), (
        Said(PROPOSED),
        OutcomeGrid(say("Verdicts by rule"), heads, rows),
        OutcomeGrid(say("Subjects that miss a rule, or where it is not evaluable"), heads_2, missed,
             folded=True),
    ))  # fmt: skip


def _values(values: tuple[tuple[float, float], ...]) -> str:
    return ", ".join(f"{a:g}" if a == b else f"{a:g} to {b:g}" for a, b in values)


@screen("plans")
def plans_screen(asked: AskedReport) -> ReportSection:
    """Return the verdict of every submission, without any outcome."""
    rows = tuple(
        (one.submission, one.received[:10], one.verdict, " ".join(one.sources))
        for one in asked.plans
    )
    heads = (say("submission"), say("received"), say("verdict"), say("deviates"))
    title = say("Plans and their verdicts")
    return ReportSection("plans", title, (OutcomeGrid(title, heads, rows),))
