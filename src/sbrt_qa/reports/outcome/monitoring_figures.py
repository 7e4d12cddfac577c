"""Figures of monitoring: accrual against plan, pooled events and their date, conditional power."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.figures.measure_plot import (
    MeasureAxes,
    MeasuredLine,
    measure_plot,
    round_marks,
)
from sbrt_qa.reports.outcome.asked_report import AskedReport
from sbrt_qa.reports.outcome.curve_screens import strata_of
from sbrt_qa.reports.outcome.outcome_parts import (
    Block,
    Drawn,
    OutcomeGrid,
    Said,
    percent_text,
)
from sbrt_qa.survival import conditional_power, cox, schoenfeld_events
from sbrt_qa.trial.endpoints import DAYS_PER_MONTH, EndpointTime

SIMULATIONS, SEED = 2000, 20240630
"""Of predictions: the same numbers on every run."""

AHEAD_MONTHS: Final = 36
POWER: Final = (
    ("65 %", "0.4", "", "64 %", "76 %"),
    ("65 %", "0.5", "21 (15-28)", "47 %", "61 %"),
    ("65 %", "0.6", "", "33 %", "46 %"),
    ("55 %", "0.5", "28", "55 %", "70 %"),
)
"""Simulated: 40 + 40 subjects, 12 months, by the control's share without event and the ratio."""


def accrual_figure(
    asked: AskedReport, days: Sequence[dt.date], rows: tuple[tuple[str, ...], ...]
) -> Block:
    """Return accrual against what was planned, where the protocol says how fast it was to be."""
    plan = asked.found.rules.monitoring
    heads = (say("month"), say("new"), say("total"))
    table = OutcomeGrid(say("Accrual by month"), heads, rows, folded=True)
    if not days:
        return table
    start = days[0]
    seen = [(0.0, 0.0)]
    seen += [((day - start).days / DAYS_PER_MONTH, float(k)) for k, day in enumerate(days, 1)]
    end = max((asked.found.cut.cut - start).days / DAYS_PER_MONTH, 1.0)
    seen.append((end, float(len(days))))
    lines = [MeasuredLine(say("randomised"), tuple(seen), is_step=True)]
    most = float(len(days))
    sentence = say("Accrual by month; the protocol states no planned speed.")
    if plan is not None and plan.accrual_months is not None:
        points = ((0.0, 0.0), (float(plan.accrual_months), float(plan.planned_subjects)))
        lines.append(MeasuredLine(say("planned"), points))
        most, end = max(most, points[1][1]), max(end, points[1][0])
        sentence = say("Accrual by month against plan.")
    axes = MeasureAxes(say("months since the first subject"), say("randomised"),
                       round_marks(0, end), most, 0.0, end)  # fmt: skip
    return Drawn(measure_plot, (tuple(lines), (), axes, sentence), sentence, table)


def _primary(asked: AskedReport) -> tuple[str, list[EndpointTime]]:
    rule = next((r for r in asked.found.rules.endpoints if r.primary), None)
    if rule is None:
        return "", []
    times = [t for t in asked.found.endpoints[rule.id] if t.time_days is not None]
    return rule.id, times


def event_blocks(asked: AskedReport) -> list[Block]:
    """Return pooled events so far by the calendar, against expected ones, and what is predicted."""
    name, times = _primary(asked)
    ends = sorted(t.end for t in times if t.event and t.end is not None)
    starts = [t.start for t in times if t.start is not None]
    if not starts or not ends:
        return [Said(say("There is no event yet, so no date is predicted."))]
    first, cut = min(starts), asked.found.cut.cut
    now = (cut - first).days / DAYS_PER_MONTH
    points = [(0.0, 0.0)]
    points += [((day - first).days / DAYS_PER_MONTH, float(k)) for k, day in enumerate(ends, 1)]
    points.append((now, float(len(ends))))
    lines = [MeasuredLine(say("events, both arms"), tuple(points), is_step=True)]
    band = predicted_band(asked, times)
    plan = asked.found.rules.monitoring
    expected = _expected(asked, times)
    if expected:
        lines.append(MeasuredLine(say("expected from the plan"), expected))
    if band:
        middle = tuple((now + month, len(ends) + m) for month, _, m, _ in band)
        shade = tuple((now + month, len(ends) + lo, len(ends) + hi) for month, lo, _, hi in band)
        lines.append(MeasuredLine(say("predicted, with its 80 % interval"), middle, band=shade))
    end = max(line.points[-1][0] for line in lines)
    top = max([len(ends), *(p[1] for line in lines for p in line.points),
               *(b[2] for line in lines for b in line.band)])  # fmt: skip
    axes = MeasureAxes(say("months since the first subject"), say("events"), round_marks(0, end),
                       float(max(top, 1)), 0.0, end)  # fmt: skip
    sentence = say("{0}: events of both arms together, and those predicted of subjects still "
                   "followed (exponential, simulated with a fixed seed).", name)  # fmt: skip
    rows = tuple(
        (str(add_days(cut, month)), f"{len(ends) + m:.0f}", f"{len(ends) + lo:.0f}",
         f"{len(ends) + hi:.0f}")
        for month, lo, m, hi in band
    )  # fmt: skip
    heads = (say("by"), say("events predicted"), say("10 %"), say("90 %"))
    table = OutcomeGrid(say("Predicted events"), heads, rows)
    target = plan.target_events if plan else None
    said: str = say(
        "The protocol states no target number of events, so no date of it is predicted."
    )
    if target is not None:
        said = _target(asked, times, target)
    return [Drawn(measure_plot, (tuple(lines), (), axes, sentence), sentence, table), Said(said)]


def add_days(day: dt.date, months: float) -> dt.date:
    """Return the day so many months of 30.4375 days later."""
    return day + dt.timedelta(round(months * DAYS_PER_MONTH))


def waits_of(asked: AskedReport, times: Sequence[EndpointTime]) -> np.ndarray:
    """Return simulated waits (days) of subjects still followed, sorted; infinite past the horizon.

    Shape (simulations, subjects). The rate is that of both arms together.
    """
    rule = next(r for r in asked.found.rules.endpoints if r.primary)
    events = sum(t.event for t in times)
    exposure = sum(t.time_days or 0.0 for t in times)
    cut = asked.found.cut.cut
    rest = []
    for one in times:
        open_end = one.code in (2, 5) and one.start is not None and one.end is not None
        if open_end and one.start is not None and one.end is not None:
            horizon = rule.horizon_months * DAYS_PER_MONTH
            rest.append((float((cut - one.end).days), horizon - (one.end - one.start).days))
    if not rest or not events:
        return np.empty((SIMULATIONS, 0))
    random = np.random.default_rng(SEED)
    waits = random.exponential(exposure / events, (SIMULATIONS, len(rest)))
    late = np.array([one[1] for one in rest])
    gone = np.array([one[0] for one in rest])
    return np.sort(np.where(waits > late, np.inf, np.maximum(waits - gone, 0.0)), axis=1)


def predicted_band(
    asked: AskedReport, times: Sequence[EndpointTime]
) -> list[tuple[float, float, float, float]]:
    """Return months ahead with the 10th, 50th and 90th percentile of further events."""
    waits = waits_of(asked, times)
    if not waits.shape[1]:
        return []
    found = [(0.0, 0.0, 0.0, 0.0)]
    for month in (3, 6, 9, 12, 18, 24, 30, AHEAD_MONTHS):
        counts = (waits <= month * DAYS_PER_MONTH).sum(axis=1)
        low, middle, high = (float(q) for q in np.quantile(counts, (0.1, 0.5, 0.9)))
        found.append((float(month), low, middle, high))
        if (waits[:, -1][np.isfinite(waits[:, -1])] <= month * DAYS_PER_MONTH).all():
            break
    return found


def _target(asked: AskedReport, times: Sequence[EndpointTime], target: int) -> str:
    events = sum(t.event for t in times)
    if events >= target:
        return say("The target of {0} events is reached.", target)
    waits, missing = waits_of(asked, times), target - events
    if missing > waits.shape[1] or not np.isfinite(np.median(waits[:, missing - 1])):
        return say("Those who are followed will not reach the target of {0} events.", target)
    low, middle, high = np.quantile(waits[:, missing - 1], (0.1, 0.5, 0.9), method="higher")
    cut = asked.found.cut.cut
    last: str = say("later than can be told")
    if math.isfinite(high):
        last = str(cut + dt.timedelta(math.ceil(high)))
    return say("{0} events are likely on {1} (80 % interval {2} to {3}).", target,
               cut + dt.timedelta(math.ceil(middle)), cut + dt.timedelta(math.ceil(low)),
               last)  # fmt: skip


def _expected(asked: AskedReport, times: Sequence[EndpointTime]) -> tuple[tuple[float, float], ...]:
    """Return the events that the plan's control rate would give in both arms."""
    plan = asked.found.rules.monitoring
    rule = next((r for r in asked.found.rules.endpoints if r.primary), None)
    if plan is None or plan.control_rate_at_horizon is None or rule is None:
        return ()
    hazard = -math.log1p(-plan.control_rate_at_horizon) / (rule.horizon_months * DAYS_PER_MONTH)
    starts = [t.start for t in times if t.start is not None]
    first = min(starts)
    months = math.ceil((asked.found.cut.cut - first).days / DAYS_PER_MONTH)
    horizon = rule.horizon_months * DAYS_PER_MONTH
    points = []
    for month in range(months + 1):
        day = add_days(first, month)
        seen = [min(max((day - s).days, 0), horizon) for s in starts]
        points.append((float(month), sum(1.0 - math.exp(-hazard * d) for d in seen)))
    return tuple(points)


def power_table() -> OutcomeGrid:
    """Return what 80 subjects can and cannot show, as simulated before any result."""
    heads = (say("control without event at 12 months"), say("true hazard ratio"),
             say("events (5 to 95 %)"), say("power, one-sided 5 %"),
             say("power, one-sided 10 %"))  # fmt: skip
    needed = ", ".join(
        f"{ratio}: {math.ceil(schoenfeld_events(ratio, one_sided_alpha=0.05, power=0.8))} / "
        f"{math.ceil(schoenfeld_events(ratio, one_sided_alpha=0.1, power=0.8))}"
        for ratio in (0.5, 0.6)
    )
    title = say("What 80 subjects can and cannot show; for a power of 80 % at one-sided 5 % / 10 % "
                "these ratios need so many events (Schoenfeld): {0}", needed)  # fmt: skip
    return OutcomeGrid(title, heads, POWER)


def conditional_blocks(asked: AskedReport) -> list[Block]:
    """Return conditional power; only in the closed report, and with the protocol's own alpha."""
    plan = asked.found.rules.monitoring
    alpha = plan.one_sided_alpha if plan else None
    target = plan.target_events if plan else None
    if plan is None or alpha is None or target is None:
        return [Said(say(
            "Conditional power: the protocol states no level of the test or no target number of "
            "events, and none is invented."
        ))]  # fmt: skip
    _, times = _primary(asked)
    mine = [t for t in times if asked.found.lists.by_subject[t.subject].arm in asked.arms]
    events = sum(t.event for t in mine)
    if not 0 < events < target or len(asked.arms) != 2:
        return [Said(say("Conditional power cannot be told at {0} of {1} events.", events, target))]
    is_first = [float(asked.found.lists.by_subject[t.subject].arm == "SBRT") for t in mine]
    model = cox([t.time_days or 0.0 for t in mine], [t.event for t in mine], is_first,
                strata_of(asked, mine))  # fmt: skip
    score = model.score.chi2
    if isinstance(score, Reason) or isinstance(model.coef, Reason):
        return [Said(say("Conditional power cannot be told at {0} of {1} events.", events, target))]
    z = math.copysign(math.sqrt(score), -float(model.coef[0]))
    share = events / target
    rows = [(say("as seen so far"), percent_text(
        conditional_power(z, share, one_sided_alpha=alpha)
    ))]  # fmt: skip
    if plan.design_hazard_ratio is not None:
        drift = -math.log(plan.design_hazard_ratio) * math.sqrt(target / 4.0)
        power = conditional_power(z, share, one_sided_alpha=alpha, drift=drift)
        rows.append((say("as designed, hazard ratio {0}", plan.design_hazard_ratio),
                     percent_text(power)))  # fmt: skip
    power = conditional_power(z, share, one_sided_alpha=alpha, drift=0.0)
    rows.append((say("no effect from now on"), percent_text(power)))
    title = say("Conditional power at {0} of {1} events, one-sided {2}: no rule to stop",
                events, target, percent_text(float(alpha)))  # fmt: skip
    return [OutcomeGrid(title, (say("what comes"), say("conditional power")), tuple(rows))]
