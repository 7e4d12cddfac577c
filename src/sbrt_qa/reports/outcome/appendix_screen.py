"""What a report stands on: definitions, every probability on it, hashes, and code to check it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sbrt_qa.i18n.phrase import say, stated
from sbrt_qa.model.outcome import Reason
from sbrt_qa.protocol.trial_rules import EndpointRule, TrialRules
from sbrt_qa.reports.outcome.asked_report import PROPOSED, AskedReport, screen
from sbrt_qa.reports.outcome.curve_screens import by_arm, strata_of
from sbrt_qa.reports.outcome.outcome_parts import (
    CodeLines,
    OutcomeGrid,
    ReportSection,
    Said,
    p_text,
    percent_text,
)
from sbrt_qa.reports.outcome.supporting_numbers import joined_groups
from sbrt_qa.survival import (
    cox,
    fine_gray,
    gray,
    kaplan_meier,
    logrank,
    proportional_hazards,
    rmst_comparison,
)
from sbrt_qa.trial.endpoints import DAYS_PER_MONTH

CODE: Final = (
    "library(survival); library(cmprsk); library(survRM2)",
    'a <- merge(read.csv("adtte.csv"), read.csv("adsl.csv")[, c("USUBJID", "STRAT1")])',
    "a$days <- pmax(a$AVAL - 1, 0.5 * (a$CNSR %in% c(0, 8)))  # AVAL = ADT - STARTDT + 1",
    "a$event <- a$CNSR == 0; a$cause <- ifelse(a$CNSR == 0, 1, ifelse(a$CNSR == 8, 2, 0))",
    "for (one in c({surviving})) {{",
    "  d <- subset(a, PARAMCD == one & !is.na(CNSR))",
    '  print(summary(survfit(Surv(days, event) ~ ARM, d, conf.type = "log-log")))',
    "  print(survdiff(Surv(days, event) ~ ARM + strata(STRAT1), d))",
    '  m <- coxph(Surv(days, event) ~ (ARM == "SBRT") + strata(STRAT1), d, ties = "efron")',
    '  print(summary(m)); print(cox.zph(update(m, . ~ . - strata(STRAT1)), transform = "km"))',
    '  print(rmst2(d$days, d$event, as.integer(d$ARM == "SBRT")))',
    "}}",
    "d <- subset(a, PARAMCD == {local} & !is.na(CNSR))",
    "print(cuminc(d$days, d$cause, d$ARM, d$STRAT1))",
    'print(crr(d$days, d$cause, as.integer(d$ARM == "SBRT")))',
)  # fmt: skip
"""R that reproduces the numbers from the export of the same data cut; ids are the protocol's."""


def r_code(rules: TrialRules) -> tuple[str, ...]:
    """Return the lines of R for the endpoints of a protocol."""
    ids = {
        competing: [f'"{r.id}"' for r in rules.endpoints
                    if (r.kind == "local_recurrence") is competing]
        for competing in (False, True)
    }  # fmt: skip
    told = {"surviving": ", ".join(ids[False]), "local": (ids[True] or ["NA"])[0]}
    return tuple(line.format(**told) for line in CODE)


@screen("appendix")
def appendix_screen(asked: AskedReport) -> ReportSection:
    """Return the definitions in force, all probabilities, hashes and code."""
    rules = asked.found.rules
    rows = tuple(
        (r.id, stated(r.title), r.kind, str(r.horizon_months), str(r.horizon_grace_days),
         r.missed_scans, r.new_therapy, say("{0}; {1}", ", ".join(r.source), stated(r.confidence)),
         stated(r.note))
        for r in rules.endpoints
    )  # fmt: skip
    heads = (say("endpoint"), say("title"), say("kind"), say("months"), say("days of grace"),
             say("missed scans"), say("new therapy"), say("source"), say("note"))  # fmt: skip
    hashes = tuple(asked.hashes.items())
    tests = tuple(row for rule in rules.endpoints for row in _tests(asked, rule))
    return ReportSection("appendix", say("Appendix"), (
        Said(PROPOSED),
        OutcomeGrid(say("Definitions in force"), heads, rows),
        OutcomeGrid(
            say("Every probability that was computed for endpoints; one of them was named first"),
            (say("endpoint"), say("test"), say("p"), say("standing")), tests,
        ),
        *(_overstated(asked, rule) for rule in rules.endpoints if rule.kind == "local_recurrence"),
        OutcomeGrid(say("What this report stands on"), (say("what"), say("value")), hashes),
        CodeLines(
            say("R code for the export of this data cut (sbrt-qa trial export)"), r_code(rules)
        ),
    ))  # fmt: skip


def _tests(asked: AskedReport, rule: EndpointRule) -> Iterator[tuple[str, ...]]:
    full = {arm: t for arm, t in by_arm(asked, asked.found.endpoints[rule.id]).items() if t}
    if len(full) != 2:
        return
    days, times, group = joined_groups(full)
    first = next(iter(full))
    is_first = [float(g == first) for g in group]
    event, strata = [t.event for t in times], strata_of(asked, times)
    stratified = cox(days, event, is_first, strata)
    found: list[tuple[str, object]] = [
        (say("Cox model, stratified, Wald"), stratified.p()),
        (say("the same, likelihood ratio"), stratified.likelihood_ratio.p),
        (say("the same, score"), stratified.score.p),
    ]
    if rule.kind == "local_recurrence":
        causes = [t.cause for t in times]
        found += [
            (say("Gray's test, stratified"), gray(days, causes, group, strata).by_cause[1].p
             if any(c == 1 for c in causes) else None),
            (say("Fine and Gray"), fine_gray(days, causes, is_first).p()),
        ]  # fmt: skip
        return_first = say("Gray's test, stratified")
    else:
        return_first = say("log-rank test, stratified")
        found.append((return_first, logrank(days, event, group, strata).p))
        check = proportional_hazards(days, event, is_first)
        found.append(
            (say("proportional hazards"), getattr(getattr(check, "together", None), "p", None))
        )
        means = rmst_comparison(days, event, [int(one) for one in is_first])
        by_means = None if isinstance(means, Reason) else means.difference.p
        found.append((say("difference of restricted means"), by_means))
    for name, p in found:
        named = rule.primary and name == return_first
        yield (rule.id, name, p_text(p), say("named first") if named else say("supporting"))


def _overstated(asked: AskedReport, rule: EndpointRule) -> OutcomeGrid:
    """Return 1 - Kaplan-Meier with deaths censored: an overstatement, for comparison only."""
    rows = []
    for arm, times in by_arm(asked, asked.found.endpoints[rule.id]).items():
        if times:
            curve = kaplan_meier([t.time_days or 0.0 for t in times], [t.event for t in times])
            at = min(rule.horizon_months * DAYS_PER_MONTH, max(t.time_days or 0.0 for t in times))
            value = curve.survival_at(at)
            rows.append((arm, percent_text(1.0 - value) if isinstance(value, float) else "-"))
    title = say("{0}: 1 - Kaplan-Meier with deaths censored, which overstates; only to compare "
                "with publications", rule.id)  # fmt: skip
    return OutcomeGrid(title, (say("group"), say("at the horizon")), tuple(rows), folded=True)
