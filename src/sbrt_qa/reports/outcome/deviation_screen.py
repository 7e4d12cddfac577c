"""Did deviation from protocol matter? Exploratory, interval first, and what so few can show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sbrt_qa.i18n.phrase import say, stated
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.reports.figures.forest_plot import ForestLine, forest_plot
from sbrt_qa.reports.figures.step_plot import step_plot
from sbrt_qa.reports.outcome.asked_report import EXPLORATORY, AskedReport, screen
from sbrt_qa.reports.outcome.curve_screens import step_curve, ticks_to
from sbrt_qa.reports.outcome.deviation_doses import dose_blocks
from sbrt_qa.reports.outcome.outcome_parts import (
    Block,
    Drawn,
    OutcomeGrid,
    ReportSection,
    Said,
    Titled,
    interval_text,
    number_text,
)
from sbrt_qa.survival import cox, cox_changing, firth_cox, poisson_rate
from sbrt_qa.trial.changing_class import class_rows
from sbrt_qa.trial.endpoints import Censored, EndpointTime
from sbrt_qa.trial.landmark import MAJOR, OTHER, LandmarkTime, landmark_set

FEWEST: Final = 5
YEAR: Final = 365.25
TICKS: Final = (0.0, 3.0, 6.0, 9.0, 12.0, 18.0, 24.0, 30.0, 36.0)
NAMES: Final = {MAJOR: say("major"), OTHER: say("per protocol or minor")}


@screen("deviation")
def deviation_screen(asked: AskedReport) -> ReportSection:
    """Return the landmark comparison of plans with and without a major deviation."""
    blocks: list[Block] = [
        Said(EXPLORATORY, strong=True),
        Said(say(
            "Time runs from the last fraction; who had an event before it is left out and counted. "
            "Nobody was randomised to a deviation: a tumour near the bowel causes both."
        )),
        Said(say(
            "What 40 irradiated subjects can show: with 8 major deviations and about 11 events, a "
            "hazard ratio of 2 is found in 24 of 100 such trials and one of 3 in 50; with 4 in 20 "
            "and 37. An interval that holds 1 shows no harmlessness."
        )),
        Said(say(
            "Pooled published hazard ratios of deviations for survival: 1.74 (1.28 to 2.35), Ohri "
            "2013; 1.99, Peters 2010."
        )),
        _classes(asked),
        _forest(asked),
    ]  # fmt: skip
    for rule in asked.found.rules.endpoints:
        found = landmark_set(asked.found, rule.id)
        blocks.append(Titled(say("{0} from the last fraction", rule.id)))
        competing = rule.kind == "local_recurrence"
        blocks += _curves(rule.id, found.times, competing=competing)
        blocks.append(_grid(asked, rule.id, found.times))
        if found.left_out:
            heads = (say("subject"), say("reason"))
            caption = say("{0}: left out of the comparison ({1})", rule.id, len(found.left_out))
            blocks.append(OutcomeGrid(caption, heads, found.left_out, folded=True))
    blocks += [*_by_source(asked), *dose_blocks(asked)]
    title = say("Deviation against outcome: exploratory, not randomised")
    return ReportSection("deviation", title, tuple(blocks))


def _classes(asked: AskedReport) -> OutcomeGrid:
    """Return how many treated plans are of which class, and which submission counts as treated."""
    rows = []
    for verdict in Verdict:
        mine = [one for one in asked.found.treated.values() if one.verdict == verdict]
        driven = sum(bool(one.plan and one.plan.organ_driven) for one in mine)
        named = sum(one.named for one in mine)
        rows.append((stated(verdict), str(len(mine)), str(named), str(driven)))
    heads = (say("verdict of the treated plan"), say("n"), say("named by the site"),
             say("coverage given up for an organ"))  # fmt: skip
    return OutcomeGrid(say("Classes of the treated plans"), heads, tuple(rows))


def _forest(asked: AskedReport) -> Drawn:
    lines = []
    for rule in asked.found.rules.endpoints:
        times = landmark_set(asked.found, rule.id).times
        for name, told in (
            (say("{0}, landmark", rule.id), _landmark(times)),
            (say("{0}, changing class", rule.id), _changing(asked, rule.id)),
        ):
            lines.append(_line(name, *told))
    sentence = say("Hazard ratio of a major deviation against the others, intervals first.")
    rows = tuple((one.name, one.counts, one.told) for one in lines)
    heads = (say("analysis"), say("events in n"), say("hazard ratio (95 %)"))
    table = OutcomeGrid(say("Two ways around immortal time"), heads, rows)
    ends = (say("better with a major deviation"), say("worse"))
    return Drawn(forest_plot, (tuple(lines), ends, sentence), sentence, table)


Told = tuple[object, object, int, int, str]
"""A ratio and its interval or reasons, numbers of subjects and events, and the method."""


def _line(name: str, ratio: object, limits: object, n: int, events: int, method: str) -> ForestLine:
    counts = f"{events}/{n}"
    if not isinstance(ratio, float) or not isinstance(limits, tuple):
        return ForestLine(name, counts, say("not estimable"))
    low, high = limits
    told = say("{0}; {1} {2}", interval_text(limits), number_text(ratio), method)
    return ForestLine(name, counts, told, ratio, low, high, events)


def _landmark(times: Sequence[LandmarkTime]) -> Told:
    days = [one.days for one in times]
    events = [one.cause == 1 for one in times]
    is_major = [float(one.group == MAJOR) for one in times]
    if len(set(is_major)) < 2 or not any(events):
        return None, None, len(times), sum(events), ""
    least = min(sum(e for e, m in zip(events, is_major, strict=True) if m == g) for g in (0.0, 1.0))
    few = least < FEWEST
    model = firth_cox(days, events, is_major) if few else cox(days, events, is_major)
    method = say("(Firth)") if few else ""
    return model.hazard_ratio(), model.interval(), len(times), sum(events), method


def _changing(asked: AskedReport, endpoint: str) -> Told:
    rows = class_rows(asked.found, endpoint)
    n, events = len({row.subject for row in rows}), sum(row.event for row in rows)
    if not any(row.major for row in rows) or not events:
        return None, None, n, events, ""
    least = min(
        sum(row.event for row in rows if row.finished and row.major is major)
        for major in (True, False)
    )
    few = least < FEWEST
    model = cox_changing(
        [row.start for row in rows], [row.stop for row in rows], [row.event for row in rows],
        [float(row.major) for row in rows], [str(row.finished) for row in rows], penalised=few,
    )  # fmt: skip
    method = say("(Firth)") if few else ""
    return model.hazard_ratio(), model.interval(), n, events, method


def _curves(name: str, times: Sequence[LandmarkTime], *, competing: bool) -> Iterator[Block]:
    curves = []
    longest = max((one.days for one in times), default=0.0) / (YEAR / 12)
    ticks = ticks_to(longest, TICKS)
    for group, shown in NAMES.items():
        mine = [_as_time(one) for one in times if one.group == group]
        if mine:
            curves.append(step_curve(shown, mine, ticks, competing=competing))
    if not curves:
        return
    what = say("cumulative incidence") if competing else say("Kaplan-Meier estimate")
    sentence = say("{0} by class of the treated plan: {1}, months from the last fraction. {2}.",
                   name, what, EXPLORATORY)  # fmt: skip
    names = (say("months"), say("at risk"), say("events so far"))
    yield Drawn(step_plot, (tuple(curves), ticks, names, sentence), sentence)


def _as_time(one: LandmarkTime) -> EndpointTime:
    code = {0: Censored.DATA_CUT, 1: Censored.EVENT, 2: Censored.COMPETING_DEATH}[one.cause]
    return EndpointTime("", one.subject, time_days=one.days, code=code)


def _grid(asked: AskedReport, endpoint: str, times: Sequence[LandmarkTime]) -> OutcomeGrid:
    rows: list[tuple[str, ...]] = []
    for group, name in NAMES.items():
        mine = [one for one in times if one.group == group]
        events = sum(one.cause == 1 for one in mine)
        years = sum(one.days for one in mine) / YEAR
        if not mine:
            rows.append((name, "0", "0", "-", "-", "-"))
            continue
        rate = poisson_rate(events, years)
        limits = interval_text((rate.low, rate.high))
        rows.append((name, str(len(mine)), str(events), f"{years:.1f}", limits,
                     number_text(rate.value)))  # fmt: skip
    for name, told in (
        (say("hazard ratio, major against the others"), _landmark(times)),
        (say("the same, class as it changes, from randomisation"), _changing(asked, endpoint)),
    ):
        ratio, limits_told, n, events, method = told
        shown: str = say("not estimable")
        if isinstance(ratio, float):
            shown = say("{0} {1}", number_text(ratio), method) if method else number_text(ratio)
        rows.append((name, str(n), str(events), "", interval_text(limits_told), shown))
    heads = (say("class of the plan"), say("n"), say("events"), say("person-years"),
             say("95 % interval"), say("events per person-year, or hazard ratio"))  # fmt: skip
    return OutcomeGrid(say("{0} from the last fraction", endpoint), heads, tuple(rows))


SOURCES: Final = {
    "coverage": say("coverage of the target"), "organ dose": say("dose of an organ"),
    "contour": say("contours"), "plan": say("plan and its data"),
    "timeline": say("timeline"), "completion": say("completion"),
}  # fmt: skip


def sources_of(asked: AskedReport) -> Mapping[str, set[str]]:
    """Return by what deviates the subjects of the SBRT arm in whom it does."""
    found: dict[str, set[str]] = {name: set() for name in SOURCES}
    for one in asked.found.treated.values():
        for kind in one.plan.kinds if one.plan else ():
            found.setdefault(kind, set()).add(one.subject)
    for result in asked.found.results:
        is_major = result.verdict == Verdict.MAJOR and result.kind == "timeline"
        if is_major and result.subject in asked.found.treated:
            kind = "completion" if result.rule == "COMPLETE" else "timeline"
            found[kind].add(result.subject)
    return found


def _by_source(asked: AskedReport) -> Iterator[Block]:
    """Yield events by what deviates: counts with exact rates, no test."""
    yield Titled(say("By what deviates"))
    rule = next((r for r in asked.found.rules.endpoints if r.primary), None)
    times = landmark_set(asked.found, rule.id).times if rule else ()
    rows = []
    driven = {one.subject for one in asked.found.treated.values()
              if one.plan and one.plan.organ_driven}  # fmt: skip
    for kind, subjects in (*sources_of(asked).items(), ("driven", driven)):
        mine = [one for one in times if one.subject in subjects]
        events, years = sum(one.cause == 1 for one in mine), sum(one.days for one in mine) / YEAR
        rate = poisson_rate(events, years)
        title = SOURCES.get(kind, say("coverage given up for an organ"))
        rows.append((title, str(len(subjects)), str(len(mine)), str(events),
                     interval_text((rate.low, rate.high)), number_text(rate.value)))  # fmt: skip
    heads = (say("what deviates"), say("subjects"), say("in the landmark analysis"),
             say("events"), say("95 % interval"), say("events per person-year"))  # fmt: skip
    caption = say("Primary endpoint by what deviates; a subject may stand in several rows")
    yield OutcomeGrid(caption, heads, tuple(rows))
    counts: dict[str, list[str]] = {}
    for one in asked.found.treated.values():
        for source in one.plan.sources if one.plan else ():
            counts.setdefault(source, []).append(one.subject)
    listed = tuple(
        (name, str(len(codes)), " ".join(codes)) for name, codes in sorted(counts.items())
    )
    listing = (say("limit or check"), say("n"), say("subjects"))
    yield OutcomeGrid(say("What deviates in the treated plans"), listing, listed, folded=True)
