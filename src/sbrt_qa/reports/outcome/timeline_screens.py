"""What happened when: the swimmer plot, the rules of the timeline, and the plans."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from sbrt_qa.trial.timeline import RuleResult
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
    missed = _by_subject(one for one in asked.found.results if one.missed)
    followed = [
        _followed(asked, row, missed.get(row.subject, ())) for row in asked.found.cut.randomised
    ]
    options = tuple((told, _swimmer(followed, order, sentence)) for order, told in ORDERS)
    choice = FigureChoice(say("Lanes"), "lanes", options)
    return ReportSection("timeline", say("Timeline"), (choice,))


@dataclass(frozen=True, slots=True)
class _Followed:
    """What a lane shows of a subject, by day.

    Parameters
    ----------
    randomised, surgery
        Days that a lane may run from; None where unknown.
    last
        The day of death, else the last on which the subject was known alive.
    """

    code: str
    site: str
    arm: str
    randomised: dt.date | None
    surgery: dt.date | None
    last: dt.date
    alive: bool
    marks: tuple[tuple[dt.date, str], ...]

    def lane(self, zero: dt.date) -> SwimLane:
        """Return the lane that runs from a day."""
        marks = tuple((_months(day, zero), sign) for day, sign in self.marks)
        end = max(_months(self.last, zero), 0.0)
        return SwimLane(self.code, end, self.alive, marks, self.arm)


def _months(day: dt.date, zero: dt.date) -> float:
    return (day - zero).days / DAYS_PER_MONTH


def _by_subject(results: Iterable[RuleResult]) -> dict[str, list[RuleResult]]:
    found: dict[str, list[RuleResult]] = {}
    for one in results:
        found.setdefault(one.subject, []).append(one)
    return found


def _swimmer(followed: Sequence[_Followed], order: str, sentence: str) -> Drawn:
    lanes = []
    for one in followed:
        zero = one.surgery if order == "surgery" else one.randomised
        if zero is not None:
            lanes.append((one.site, one.lane(zero)))
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


def _followed(asked: AskedReport, row: TrialRow, missed: Iterable[RuleResult]) -> _Followed:
    cut, code = asked.found.cut, row.subject
    randomised = randomised_on(row)
    origin = randomised or cut.cut
    marks = [(d.first, "chemo") for d in cycle_days(cut, code, CHEMO)]
    marks += [(d.first, "io") for d in cycle_days(cut, code, ("SINTILIMAB",))]
    marks += [(d.first, "fraction") for d in fraction_days(cut, code)]
    for scan in scans_of(cut.data, code, origin):
        signs = {PLACES.get(place, "recurrence") for place in scan.places}
        if scan.result != "RECURRENCE":
            signs = {"unclear" if scan.result in ("EQUIVOCAL", "NE") else "clear"}
        marks += [(scan.days.first, sign) for sign in sorted(signs or {"recurrence"})]
    for event in cut.data.of_subject("adverse_events", code):
        start = event.days("start")
        if start and event.text("grade") in ("3", "4", "5"):
            marks.append((start.first, "event"))
    death = cut.death(code)
    last = cut.last_alive(code) or origin
    if death:
        marks.append((death.first, "death"))
        last = death.first
    marks += [(_missed_on(asked, row, one, origin), "missed") for one in missed]
    shown = asked.arms.get(row.text("arm"), "")
    return _Followed(code, row.text("site"), shown, randomised, _surgery(asked, row), last,
                     death is None, tuple(marks))  # fmt: skip


def _missed_on(asked: AskedReport, row: TrialRow, one: RuleResult, origin: dt.date) -> dt.date:
    """Return where a rule that a subject misses ends: at its second anchor, else at entry."""
    rule = next((r for r in asked.found.rules.timeline if r.id == one.rule), None)
    day = anchor_day(asked.found.cut, row, rule.to) if rule is not None and rule.to else None
    if day is None and rule is not None and rule.measure == "fraction_gaps":
        day = next(iter(fraction_days(asked.found.cut, row.subject)), None)
    return day.first if day else origin


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
