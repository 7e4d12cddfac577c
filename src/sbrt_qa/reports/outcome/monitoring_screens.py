"""How the trial goes: accrual, events, follow-up, what comes next; and what all of it stands on."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from sbrt_qa.i18n.phrase import say
from sbrt_qa.reports.outcome.asked_report import PROPOSED, AskedReport, screen
from sbrt_qa.reports.outcome.curve_screens import median_follow_up
from sbrt_qa.reports.outcome.outcome_parts import (
    Block,
    OutcomeGrid,
    ReportSection,
    Said,
    percent_text,
)
from sbrt_qa.trial.data_rules import randomised_on
from sbrt_qa.trial.endpoints import DAYS_PER_MONTH

FEWEST = 3
SIMULATIONS, SEED = 2000, 20240630


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
        OutcomeGrid(say("Accrual by month"), (say("month"), say("new"), say("total")), tuple(rows),
             folded=True),
        OutcomeGrid(say("Accrual by site"), (say("site"), say("n")), tuple(listed)),
        _events(asked),
        Said(say("Median follow-up (reverse Kaplan-Meier), months: {0}", median_follow_up(asked))),
        Said(_completeness(asked)),
        Said(_prediction(asked)),
    ]  # fmt: skip
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


def _prediction(asked: AskedReport) -> str:
    """Return when a target number of pooled events is likely, by simulation of a fixed seed."""
    plan = asked.found.rules.monitoring
    rule = next((r for r in asked.found.rules.endpoints if r.primary), None)
    if plan is None or plan.target_events is None or rule is None:
        return say("The protocol states no target number of events, so no date is predicted.")
    times = [t for t in asked.found.endpoints[rule.id] if t.time_days is not None]
    events = sum(t.event for t in times)
    at_risk = sum(t.cause == 0 for t in times)
    exposure = sum(t.time_days or 0 for t in times)
    if events >= plan.target_events:
        return say("The target of {0} events is reached.", plan.target_events)
    missing = plan.target_events - events
    if not events or missing > at_risk:
        return say("The target of {0} events cannot be predicted.", plan.target_events)
    random = np.random.default_rng(SEED)
    waits = np.sort(random.exponential(exposure / events, (SIMULATIONS, at_risk)), axis=1)
    low, middle, high = np.quantile(waits[:, missing - 1], (0.1, 0.5, 0.9)) / DAYS_PER_MONTH
    return say("{0} events are likely in {1} months (80 % interval {2} to {3}).",
               plan.target_events, math.ceil(middle), math.ceil(low), math.ceil(high))  # fmt: skip


@screen("failure")
def failure_screen(_asked: AskedReport) -> ReportSection:
    """Return where recurrences lie, as far as they were mapped onto the treated plans."""
    what = say("Recurrences are mapped onto treated plans by: sbrt-qa trial failure")
    return ReportSection("failure", say("Pattern of failure"), (Said(what),))


@screen("appendix")
def appendix_screen(asked: AskedReport) -> ReportSection:
    """Return the definitions in force and the hashes that the report stands on."""
    rules = asked.found.rules
    rows = tuple(
        (r.id, r.title, r.kind, str(r.horizon_months), r.missed_scans, r.new_therapy,
         f"{', '.join(r.source)}; {r.confidence}")
        for r in rules.endpoints
    )  # fmt: skip
    heads = (say("endpoint"), say("title"), say("kind"), say("months"), say("missed scans"),
             say("new therapy"), say("source"))  # fmt: skip
    hashes = tuple(asked.hashes.items())
    code = say("R: survfit(Surv(days, cnsr == 0) ~ arm, conf.type = 'log-log'); coxph(Surv(days, "
               "cnsr == 0) ~ arm + strata(stratum), ties = 'efron'); cmprsk::cuminc(days, cause, "
               "arm, strata); days = AVAL - 1 of ADTTE")  # fmt: skip
    return ReportSection("appendix", say("Appendix"), (
        Said(PROPOSED),
        OutcomeGrid(say("Definitions in force"), heads, rows),
        OutcomeGrid(say("What this report stands on"), (say("what"), say("value")), hashes),
        Said(code),
    ))  # fmt: skip
