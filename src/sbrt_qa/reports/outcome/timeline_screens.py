"""What happened when: the swimmer plot, the rules of the timeline, and the plans."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.reports.figures.lane_plot import SwimLane, lane_plot
from sbrt_qa.reports.outcome.asked_report import PROPOSED, AskedReport, screen
from sbrt_qa.reports.outcome.outcome_parts import Drawn, OutcomeGrid, ReportSection, Said
from sbrt_qa.trial.anchor_days import CHEMO, cycle_days, fraction_days
from sbrt_qa.trial.data_rules import randomised_on
from sbrt_qa.trial.endpoints import DAYS_PER_MONTH
from sbrt_qa.trial.scan_history import scans_of
from sbrt_qa.trial.trial_data import TrialRow

MOST_LANES = 200


@screen("timeline")
def swimmer_screen(asked: AskedReport) -> ReportSection:
    """Return a lane for each subject, sorted by arm and length of follow-up."""
    lanes = [_lane(asked, row) for row in asked.found.cut.randomised]
    lanes.sort(key=lambda lane: (lane.group, -lane.end, lane.name))
    end = max((lane.end for lane in lanes), default=12.0)
    sentence = say(
        "Each lane is a subject from randomisation on: cycles above (chemotherapy) and below "
        "(sintilimab) the line, fractions as bars, scans as dots, recurrences as triangles, events "
        "of grade 3 or more as squares, deaths as crosses; an arrow where alive, a ring where a "
        "rule of the timeline is missed."
    )
    rows = tuple(
        (lane.name, lane.group, f"{lane.end:.1f}", say("alive") if lane.alive else say("dead"),
         str(sum(sign == "recurrence" for _, sign in lane.marks)))
        for lane in lanes
    )  # fmt: skip
    heads = (say("subject"), say("arm"), say("months"), say("status"), say("recurrences"))
    table = OutcomeGrid(say("Subjects and their follow-up"), heads, rows, folded=True)
    svg = lane_plot(lanes[:MOST_LANES], end, say("months since randomisation"), sentence)
    return ReportSection("timeline", say("Timeline"), (Drawn(svg, sentence, table),))


def _lane(asked: AskedReport, row: TrialRow) -> SwimLane:
    cut, code = asked.found.cut, row.subject
    origin = randomised_on(row) or cut.cut

    def month(day: dt.date) -> float:
        return (day - origin).days / DAYS_PER_MONTH

    marks = [(month(d.first), "chemo") for d in cycle_days(cut, code, CHEMO)]
    marks += [(month(d.first), "io") for d in cycle_days(cut, code, ("SINTILIMAB",))]
    marks += [(month(d.first), "fraction") for d in fraction_days(cut, code)]
    for scan in scans_of(cut.data, code, origin):
        sign = "recurrence" if scan.result == "RECURRENCE" else "clear"
        marks.append((month(scan.days.first), sign))
    for event in cut.data.of_subject("adverse_events", code):
        start = event.days("start")
        if start and event.text("grade") in ("3", "4", "5"):
            marks.append((month(start.first), "event"))
    death = cut.death(code)
    last = cut.last_alive(code) or origin
    if death:
        marks.append((month(death.first), "death"))
        last = death.first
    if any(one.missed for one in asked.found.results if one.subject == code):
        marks.append((0.0, "missed"))
    shown = asked.arms.get(row.text("arm"), "")
    return SwimLane(code, max(month(last), 0.0), death is None, tuple(marks), shown)


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
