"""Endpoints by arm: survival, cumulative incidence, the comparison that comes first, subgroups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from sbrt_qa.i18n.phrase import say, stated
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.figures.step_plot import StepCurve, step_plot
from sbrt_qa.reports.outcome.asked_report import AskedReport, screen
from sbrt_qa.reports.outcome.outcome_parts import (
    Block,
    Drawn,
    OutcomeGrid,
    ReportSection,
    Said,
    Titled,
    interval_text,
    number_text,
    p_text,
    percent_text,
)
from sbrt_qa.reports.outcome.supporting_numbers import supporting_blocks
from sbrt_qa.survival import (
    cox,
    cumulative_incidence,
    firth_cox,
    gray,
    kaplan_meier,
    logrank,
    reverse_kaplan_meier,
)
from sbrt_qa.trial.analysis_set import changed_share
from sbrt_qa.trial.endpoints import DAYS_PER_MONTH, EndpointTime

LANDMARKS: Final = (6.0, 12.0, 24.0, 36.0)
THIN_SHARE, THIN_LEAST = 0.1, 3
ANNIVERSARY: Final = 2.0 / DAYS_PER_MONTH
"""How far an anniversary may be from a multiple of the month shown: who reaches it is at risk."""

CHANGED_SHARE: Final = 0.01
"""Share of subjects above which a sensitivity analysis is marked."""


def shown_arms(asked: AskedReport) -> list[str]:
    """Return what the arms are called, the experimental one first; blind ones by their letters."""
    names = list(asked.arms.values())
    return sorted(names) if asked.role.arms == "blind" else names


def by_arm(asked: AskedReport, times: Sequence[EndpointTime]) -> dict[str, list[EndpointTime]]:
    """Return evaluable times by what their arm is called to the reader."""
    groups: dict[str, list[EndpointTime]] = {shown: [] for shown in shown_arms(asked)}
    for one in times:
        arm = asked.arms.get(asked.found.lists.by_subject[one.subject].arm)
        if arm is not None and one.time_days is not None:
            groups[arm].append(one)
    return groups


@screen("curves")
def curves_screen(asked: AskedReport) -> ReportSection:
    """Return every endpoint of the protocol, as randomised."""
    blocks: list[Block] = [Said(say(
        "As randomised. Intervals of survival are log-log; those of incidence, too, with the "
        "variance of Aalen. Curves are grey where fewer than 10 % (at least 3) are at risk."
    ))]  # fmt: skip
    for rule in asked.found.rules.endpoints:
        times = asked.found.endpoints[rule.id]
        groups = by_arm(asked, times)
        lost = [one for one in times if one.time_days is None]
        blocks.append(Titled(say("{0}: {1}", rule.id, stated(rule.title))))
        competing = rule.kind == "local_recurrence"
        blocks.append(_figure(groups, rule.horizon_months, rule.id, competing=competing))
        blocks += _comparison(asked, groups, competing=competing, primary=rule.primary)
        if lost:
            rows = tuple((one.subject, one.reason) for one in lost)
            heads = (say("subject"), say("reason"))
            blocks.append(OutcomeGrid(say("Not evaluable, and in no curve"), heads, rows))
        blocks += supporting_blocks(asked, rule, groups)
        blocks.append(_sensitivities(asked, rule.id, competing=competing))
    return ReportSection("curves", say("Endpoints"), tuple(blocks))


def _figure(
    groups: dict[str, list[EndpointTime]], horizon: int, name: str, *, competing: bool
) -> Block:
    step = 3 if horizon <= 12 else 6
    ticks = [float(month) for month in range(0, horizon + 1, step)]
    curves = [
        step_curve(arm, times, ticks, competing=competing) for arm, times in groups.items() if times
    ]
    what = say("cumulative incidence") if competing else say("Kaplan-Meier estimate")
    sentence = say("{0}: {1} in {2} groups, time in months since randomisation.", name, what,
                   len(curves))  # fmt: skip
    names = (say("months"), say("at risk"), say("events so far"))
    table = _landmarks(groups, horizon, competing=competing)
    return Drawn(step_plot, (tuple(curves), tuple(ticks), names, sentence), sentence, table)


def ticks_to(longest: float, ticks: Sequence[float]) -> tuple[float, ...]:
    """Return ticks up to the first that is no less than the longest time."""
    last = next((tick for tick in ticks if tick >= longest - ANNIVERSARY), ticks[-1])
    return tuple(tick for tick in ticks if tick <= last)


def step_curve(
    arm: str, times: list[EndpointTime], ticks: Sequence[float], *, competing: bool
) -> StepCurve:
    """Return the curve of one group, time in months: survival, or incidence of the event."""
    days = np.array([one.time_days for one in times], dtype=float)
    months = days / DAYS_PER_MONTH
    event = np.array([one.event for one in times])
    risk = tuple(int((months >= tick - ANNIVERSARY).sum()) for tick in ticks)
    events = tuple(int((event & (months <= tick + 1e-9)).sum()) for tick in ticks)
    ordered = np.sort(months)
    least = max(THIN_LEAST, math.ceil(THIN_SHARE * len(times)))
    thin = float(ordered[-least]) if len(ordered) >= least else 0.0
    last = float(ordered[-1])
    if competing:
        steps, band = _incidence_steps(times)
    else:
        found = kaplan_meier(days, event)
        steps = [(float(t) / DAYS_PER_MONTH, float(s))
                 for t, s in zip(found.time, found.survival, strict=True)]  # fmt: skip
        steps = [(0.0, 1.0), *steps]
        band = [(t / DAYS_PER_MONTH, low, high) for t, low, high in found.band()]
    censored = [(float(m), _value_at(steps, float(m)))
                for m, one in zip(months, times, strict=True) if one.cause == 0]  # fmt: skip
    steps.append((last, steps[-1][1]))
    return StepCurve(arm, tuple(steps), tuple(band), tuple(censored), risk, events, thin)


def _value_at(steps: Sequence[tuple[float, float]], at: float) -> float:
    return [value for start, value in steps if start <= at + 1e-9][-1]


Steps = list[tuple[float, float]]
Band = list[tuple[float, float, float]]


def _incidence_steps(times: list[EndpointTime]) -> tuple[Steps, Band]:
    days = [one.time_days or 0.0 for one in times]
    found = cumulative_incidence(days, [one.cause for one in times])
    steps: Steps = [(0.0, 0.0)]
    band: Band = []
    for t in found.time:
        value = found.incidence_at(1, float(t))
        limits = found.interval_at(1, float(t))
        if isinstance(value, float):
            steps.append((float(t) / DAYS_PER_MONTH, value))
        if not isinstance(limits, Reason):
            band.append((float(t) / DAYS_PER_MONTH, *limits))
    return steps, band


def _landmarks(
    groups: dict[str, list[EndpointTime]], horizon: int, *, competing: bool
) -> OutcomeGrid:
    rows = []
    for arm, times in groups.items():
        days = [one.time_days or 0.0 for one in times]
        events = sum(one.event for one in times)
        row = [arm, str(len(times)), str(events)]
        if not times:
            rows.append((*row, "-", *("-" for m in LANDMARKS if m <= horizon)))
            continue
        curve = kaplan_meier(days, [one.event for one in times])
        row.append("-" if competing else _median(curve.median, curve.median_interval))
        months = [m for m in LANDMARKS if m <= horizon]
        row += [landmark_text(times, month, competing=competing) for month in months]
        rows.append(tuple(row))
    at = [say("at {0} months (95 %)", f"{m:g}") for m in LANDMARKS if m <= horizon]
    heads = (say("group"), say("n"), say("events"), say("median, months (95 %)"), *at)
    title = say("Estimates at landmarks; a dash where nobody is at risk any more")
    return OutcomeGrid(title, heads, tuple(rows))


def landmark_text(times: list[EndpointTime], month: float, *, competing: bool) -> str:
    """Return survival, or the incidence of the event, at a month with its interval; else a dash."""
    days = [one.time_days or 0.0 for one in times]
    at = (
        min(month * DAYS_PER_MONTH, max(days))
        if max(days) >= month * DAYS_PER_MONTH - 2
        else month * DAYS_PER_MONTH
    )
    if competing:
        found = cumulative_incidence(days, [one.cause for one in times])
        value, limits = found.incidence_at(1, at), found.interval_at(1, at)
    else:
        curve = kaplan_meier(days, [one.event for one in times])
        value, limits = curve.survival_at(at), curve.interval_at(at)
    if isinstance(value, Reason):
        return "-"
    return say("{0} ({1})", percent_text(value), interval_text(limits, percent=True))


def _median(median: object, limits: tuple[object, object]) -> str:
    def shown(value: object) -> str:
        if isinstance(value, float):
            return number_text(value / DAYS_PER_MONTH, 1)
        return say("not reached")

    return say("{0} ({1})", shown(median), say("{0} to {1}", shown(limits[0]), shown(limits[1])))


def strata_of(asked: AskedReport, times: Sequence[EndpointTime]) -> list[str]:
    """Return the stratum of each subject, of the randomisation system where there is one."""
    found = []
    for one in times:
        rows = asked.found.cut.data.of_subject("strata", one.subject)
        ivrs = [row for row in rows if row.text("source") != "CRF"] or list(rows)
        found.append(" ".join(row.text("level") for row in ivrs))
    return found


def _comparison(
    asked: AskedReport, groups: dict[str, list[EndpointTime]], *, competing: bool, primary: bool
) -> list[Block]:
    full = {arm: times for arm, times in groups.items() if times}
    if len(full) != 2:
        return [Said(say("A comparison needs two arms."))]
    times = [one for arm in full for one in full[arm]]
    group = [arm for arm, one in full.items() for _ in one]
    days = [one.time_days or 0.0 for one in times]
    strata = strata_of(asked, times)
    first, second = list(full)
    is_first = [float(g == first) for g in group]
    name = say("hazard ratio, {0} against {1}", first, second)
    rows = [ratio_row(name, days, [one.event for one in times], is_first, strata)]
    if competing:
        rows.append(ratio_row(
            say("the same for death first"), days, [one.cause == 2 for one in times],
            is_first, strata,
        ))  # fmt: skip
        test = gray(days, [one.cause for one in times], group, strata).by_cause[1]
        rows.append((say("Gray's test, stratified"), "", "", p_text(test.p)))
    else:
        found = logrank(days, [one.event for one in times], group, strata)
        rows.append((say("log-rank test, stratified"), "", "", p_text(found.p)))
    heads = (say("quantity"), say("estimate"), say("95 % interval"), say("p"))
    caption = (
        say("The comparison that the protocol names first")
        if primary
        else say("A further endpoint: no conclusion rests on its p alone")
    )
    return [OutcomeGrid(caption, heads, tuple(rows))]


def ratio_row(
    name: str, days: list[float], event: list[bool], is_first: list[float], strata: list[str]
) -> tuple[str, str, str, str]:
    """Return a hazard ratio with interval and p as a row; Firth's where there is none else."""
    model = cox(days, event, is_first, strata)
    ratio = model.hazard_ratio()
    if isinstance(ratio, Reason):
        penalised = firth_cox(days, event, is_first, strata)
        shown = penalised.hazard_ratio()
        if isinstance(shown, Reason):
            return (name, say("not estimable"), "-", "-")
        text = say("not estimable; {0} with Firth's penalty", number_text(shown))
        return (name, text, interval_text(penalised.interval()), "-")
    return (name, number_text(ratio), interval_text(model.interval()), p_text(model.p()))


def _sensitivities(asked: AskedReport, endpoint: str, *, competing: bool) -> OutcomeGrid:
    rows = []
    primary = asked.found.endpoints[endpoint]
    for one in asked.found.sensitivities:
        if one.endpoint != endpoint:
            continue
        moved = sum((a.time_days, a.code) != (b.time_days, b.code)
                    for a, b in zip(primary, one.times, strict=True))  # fmt: skip
        shares = [landmark_text(times, 12.0, competing=competing) if times else "-"
                  for times in by_arm(asked, one.times).values()]  # fmt: skip
        much = say("more than 1 %") if changed_share(primary, one.times) > CHANGED_SHARE else ""
        rows.append((one.title, str(moved), much, *shares))
    heads = (say("changed rule"), say("subjects that change"), "",
             *(say("{0} at 12 months", arm) for arm in shown_arms(asked)))  # fmt: skip
    return OutcomeGrid(say("Sensitivity: the same by other rules"), heads, tuple(rows), folded=True)


def median_follow_up(asked: AskedReport) -> str:
    """Return the median follow-up by the reverse Kaplan-Meier method, in months."""
    surviving = asked.found.times_of("overall_survival")
    times = [one for one in surviving if one.time_days is not None]
    if not times:
        return "-"
    curve = reverse_kaplan_meier([t.time_days or 0 for t in times], [t.event for t in times])
    return _median(curve.median, curve.median_interval)
