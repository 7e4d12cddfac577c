"""How the trial goes, both arms together: accrual, events, follow-up, and what comes next."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence

from sbrt_qa.i18n.phrase import say
from sbrt_qa.reports.figures.measure_plot import (
    MeasureAxes,
    MeasuredLine,
    measure_plot,
    round_marks,
)
from sbrt_qa.reports.outcome.asked_report import AskedReport, screen
from sbrt_qa.reports.outcome.curve_screens import median_follow_up
from sbrt_qa.reports.outcome.monitoring_figures import (
    accrual_figure,
    conditional_blocks,
    event_blocks,
    power_table,
)
from sbrt_qa.reports.outcome.outcome_parts import (
    Block,
    Drawn,
    OutcomeGrid,
    ReportSection,
    Said,
    percent_text,
)
from sbrt_qa.trial.data_rules import randomised_on
from sbrt_qa.trial.endpoints import DAYS_PER_MONTH

FEWEST = 3


@screen("monitoring")
def monitoring_screen(asked: AskedReport) -> ReportSection:
    """Return pooled accrual and events; nothing by arm."""
    found = asked.found
    days = sorted(d for row in found.cut.randomised if (d := randomised_on(row)))
    by_month = Counter(f"{day:%Y-%m}" for day in days)
    total, rows = 0, []
    for month, number in sorted(by_month.items()):
        total += number
        rows.append((month, str(number), str(total)))
    plan = found.rules.monitoring
    said = say("{0} randomised by {1}", len(days), found.cut.cut)
    if plan is not None:
        said = say("{0} of {1} planned randomised by {2}", len(days), plan.planned_subjects,
                   found.cut.cut)  # fmt: skip
    sites = Counter(row.text("site") for row in found.cut.randomised)
    small = sum(n for n in sites.values() if n < FEWEST)
    listed = [(site, str(n)) for site, n in sorted(sites.items()) if n >= FEWEST]
    if small:
        listed.append((say("sites of fewer than {0}", FEWEST), say("not shown")))
    blocks: list[Block] = [
        Said(said),
        accrual_figure(asked, days, tuple(rows)),
        *_accrual_of_sites(asked, days, {site for site, n in sites.items() if n >= FEWEST}),
        OutcomeGrid(say("Accrual by site"), (say("site"), say("n")), tuple(listed)),
        _events(asked),
        Said(say("Median follow-up (reverse Kaplan-Meier), months: {0}", median_follow_up(asked))),
        Said(_completeness(asked)),
        *event_blocks(asked),
    ]  # fmt: skip
    if asked.role.arms != "none":
        blocks.append(power_table())
    if asked.role.closed:
        blocks += conditional_blocks(asked)
    return ReportSection("monitoring", say("Monitoring"), tuple(blocks))


def _events(asked: AskedReport) -> OutcomeGrid:
    rows = []
    for rule in asked.found.rules.endpoints:
        times = asked.found.endpoints[rule.id]
        events = sum(one.event for one in times)
        out = sum(one.time_days is None for one in times)
        rows.append((rule.id, str(len(times)), str(events), str(out)))
    heads = (say("endpoint"), say("n"), say("events, pooled"), say("not evaluable"))
    return OutcomeGrid(say("Events of both arms together"), heads, tuple(rows))


def _completeness(asked: AskedReport) -> str:
    observed = potential = 0.0
    for row in asked.found.cut.randomised:
        origin = randomised_on(row)
        if origin is None:
            continue
        death = asked.found.cut.death(row.subject)
        last = asked.found.cut.last_alive(row.subject) or origin
        end = death.first if death else asked.found.cut.cut
        potential += max((end - origin).days, 0)
        observed += max((min(last, end) - origin).days, 0) if not death else (end - origin).days
    share = percent_text(observed / potential) if potential else "-"
    return say("Follow-up observed of follow-up possible: {0}", share)


def _accrual_of_sites(
    asked: AskedReport, days: Sequence[dt.date], shown: set[str]
) -> Iterator[Block]:
    """Yield the accrual of each site over time, small sites left out."""
    if not days or len(shown) < 2:
        return
    lines, first = [], days[0]
    end = (asked.found.cut.cut - first).days / DAYS_PER_MONTH
    for site in sorted(shown):
        mine = sorted(
            d for row in asked.found.cut.randomised
            if row.text("site") == site and (d := randomised_on(row))
        )  # fmt: skip
        points = [(0.0, 0.0), *(((d - first).days / DAYS_PER_MONTH, float(k))
                                for k, d in enumerate(mine, 1))]  # fmt: skip
        points.append((end, float(len(mine))))
        lines.append(MeasuredLine(site, tuple(points), is_step=True))
    most = max(line.points[-1][1] for line in lines)
    axes = MeasureAxes(say("months since the first subject"), say("randomised"),
                       round_marks(0, end), max(most, 1.0), 0.0, max(end, 1.0))  # fmt: skip
    sentence = say("Accrual of sites with {0} subjects or more.", FEWEST)
    yield Drawn(measure_plot, (tuple(lines), (), axes, sentence), sentence)
