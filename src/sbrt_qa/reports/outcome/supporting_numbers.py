"""What stands beside the comparison of an endpoint: other measures, checks, other populations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason
from sbrt_qa.protocol.trial_rules import EndpointRule
from sbrt_qa.reports.outcome.outcome_parts import (
    Block,
    OutcomeGrid,
    Said,
    interval_text,
    number_text,
    p_text,
    percent_text,
)
from sbrt_qa.survival import (
    cox,
    fine_gray,
    kaplan_meier,
    miettinen_nurminen,
    newcombe,
    proportional_hazards,
    rmst_comparison,
    survival_difference,
    turnbull,
)
from sbrt_qa.trial.data_rules import randomised_on
from sbrt_qa.trial.endpoints import DAYS_PER_MONTH, EndpointTime
from sbrt_qa.trial.scan_gaps import event_interval, median_gap

if TYPE_CHECKING:
    from sbrt_qa.reports.outcome.asked_report import AskedReport

Groups = Mapping[str, Sequence[EndpointTime]]
Row = tuple[str, ...]
GAP_DAYS: Final = 14
"""Difference of the median gaps between scans from which interval-censored curves are shown."""

CROSSING_P: Final = 0.05
"""Probability below which the hazard ratio is said not to describe the whole time."""


def supporting_blocks(asked: AskedReport, rule: EndpointRule, groups: Groups) -> list[Block]:
    """Return what stands beside the comparison of an endpoint by arm."""
    full = {arm: times for arm, times in groups.items() if times}
    if len(full) != 2:
        return []
    competing = rule.kind == "local_recurrence"
    rows = list(_competing(full) if competing else _surviving(full, rule))
    heads = (say("quantity"), say("estimate"), say("95 % interval"), say("p"))
    blocks: list[Block] = [OutcomeGrid(say("Beside the comparison"), heads, tuple(rows))]
    if not competing:
        check = _hazards_p(full)
        if isinstance(check, float) and check < CROSSING_P:
            blocks.append(Said(say(
                "The hazards are not proportional: the hazard ratio is an average over the time "
                "seen; the difference of restricted means describes it better."
            )))  # fmt: skip
    if rule.kind != "overall_survival":
        blocks += _intervals(asked, rule, full)
    blocks.append(_populations(asked, rule))
    return blocks


def joined_groups(groups: Groups) -> tuple[list[float], list[EndpointTime], list[str]]:
    """Return days, times and group of all, the first group first."""
    times = [one for arm in groups for one in groups[arm]]
    return [one.time_days or 0.0 for one in times], times, [a for a in groups for _ in groups[a]]


def _surviving(full: Groups, rule: EndpointRule) -> Iterator[Row]:
    days, times, group = joined_groups(full)
    event = [one.event for one in times]
    first, second = full
    found = rmst_comparison(days, event, [int(g == first) for g in group])
    name = say("restricted mean, {0} minus {1}, months", first, second)
    if isinstance(found, Reason):
        yield (name, "-", "-", "-")
    else:
        told = say("{0} (up to month {1})", _months(found.difference.value),
                   number_text(found.tau / DAYS_PER_MONTH, 1))  # fmt: skip
        limits = tuple(_in_months(one) for one in (found.difference.low, found.difference.high))
        yield (name, told, interval_text(limits), p_text(found.difference.p))
        yield (say("ratio of restricted means"), number_text(found.ratio),
               interval_text((found.ratio_low, found.ratio_high)), "")  # fmt: skip
    at = rule.horizon_months * DAYS_PER_MONTH
    curves = [
        kaplan_meier([t.time_days or 0.0 for t in full[arm]], [t.event for t in full[arm]])
        for arm in full
    ]
    landmark = min(at, *(max(t.time_days or 0.0 for t in full[arm]) for arm in full))
    if landmark >= at - 2:
        told_difference = survival_difference(curves[0], curves[1], landmark)
        pair = (told_difference.low, told_difference.high)
        yield (say("difference at {0} months", rule.horizon_months),
               percent_text(told_difference.value), interval_text(pair, percent=True),
               p_text(told_difference.p))  # fmt: skip
    else:
        yield (say("difference at {0} months", rule.horizon_months), "-", "-", "-")
    yield (say("check of proportional hazards (scaled Schoenfeld residuals)"), "", "",
           p_text(_hazards_p(full)))  # fmt: skip


def _months(days: object) -> str:
    return number_text(_in_months(days))


def _in_months(days: object) -> object:
    return days / DAYS_PER_MONTH if isinstance(days, float) else days


def _hazards_p(full: Groups) -> float | Reason:
    days, times, group = joined_groups(full)
    first = next(iter(full))
    found = proportional_hazards(days, [t.event for t in times], [float(g == first) for g in group])
    return found if isinstance(found, Reason) else found.together.p


def _competing(full: Groups) -> Iterator[Row]:
    days, times, group = joined_groups(full)
    first, second = full
    is_first = [float(g == first) for g in group]
    found = fine_gray(days, [one.cause for one in times], is_first)
    ratio = found.hazard_ratio()
    shown = say("not estimable") if isinstance(ratio, Reason) else number_text(ratio)
    yield (say("ratio of subdistribution hazards (Fine and Gray), {0} against {1}", first, second),
           shown, interval_text(found.interval()), p_text(found.p()))  # fmt: skip
    plain = cox(days, [one.event for one in times], is_first)
    yield (say("cause-specific hazard ratio, not stratified"), number_text(plain.hazard_ratio()),
           interval_text(plain.interval()), p_text(plain.p()))  # fmt: skip
    x1, n1 = sum(t.event for t in full[first]), len(full[first])
    x2, n2 = sum(t.event for t in full[second]), len(full[second])
    for name, rates in (
        (say("crude rates, {0} minus {1} (Newcombe)", first, second), newcombe(x1, n1, x2, n2)),
        (say("the same (Miettinen and Nurminen)"), miettinen_nurminen(x1, n1, x2, n2)),
    ):
        pair = (rates.low, rates.high)
        yield (name, percent_text(rates.value), interval_text(pair, percent=True), "")


def _intervals(asked: AskedReport, rule: EndpointRule, full: Groups) -> list[Block]:
    """Return the gaps between scans, and interval-censored curves where they differ."""
    cut = asked.found.cut
    origins = {row.subject: randomised_on(row) for row in cut.randomised}
    gaps = {arm: median_gap(cut, [t.subject for t in full[arm]], origins) for arm in full}
    told = ", ".join(f"{arm} {number_text(gap, 0)}" for arm, gap in gaps.items())
    said = Said(say("Median gap between scans, days: {0}", told))
    known = [gap for gap in gaps.values() if isinstance(gap, float)]
    if len(known) < 2 or abs(known[0] - known[1]) <= GAP_DAYS:
        return [said]
    rows = []
    months = [m for m in (3, 6, 9, 12, 24, 36) if m <= rule.horizon_months]
    for arm, times in full.items():
        pairs = [event_interval(cut, one, origins[one.subject]) for one in times]
        curve = turnbull([low for low, _ in pairs], [high for _, high in pairs])
        values = [curve.survival_at(month * DAYS_PER_MONTH) for month in months]
        rows.append((arm, *(percent_text(value) for value in values)))
    heads = (say("group"), *(say("{0} months", month) for month in months))
    title = say("Scans come at different gaps: without event by Turnbull's estimate, which knows "
                "the event only between two scans")  # fmt: skip
    return [said, OutcomeGrid(title, heads, tuple(rows))]


def _populations(asked: AskedReport, rule: EndpointRule) -> OutcomeGrid:
    """Return the hazard ratio in other populations: as supporting evidence, never first."""
    rows = []
    kinds = (
        (say("as randomised"), ("Y", "N", "U")),
        (say("per protocol"), ("Y",)),
        (say("per protocol, with what is not evaluable"), ("Y", "U")),
    )
    for name, kept in kinds:
        times = [
            one for one in asked.found.endpoints[rule.id] if one.time_days is not None
            and asked.found.lists.by_subject[one.subject].arm in asked.arms
            and asked.found.lists.by_subject[one.subject].per_protocol in kept
        ]  # fmt: skip
        arms = [asked.arms[asked.found.lists.by_subject[one.subject].arm] for one in times]
        if len(set(arms)) < 2:
            rows.append((name, str(len(times)), str(sum(t.event for t in times)), "-", "-"))
            continue
        first = sorted(asked.arms.values())[0] if asked.role.arms == "blind" else next(
            iter(asked.arms.values())
        )  # fmt: skip
        model = cox([t.time_days or 0.0 for t in times], [t.event for t in times],
                    [float(arm == first) for arm in arms])  # fmt: skip
        ratio = model.hazard_ratio()
        shown = say("not estimable") if isinstance(ratio, Reason) else number_text(ratio)
        rows.append((name, str(len(times)), str(sum(t.event for t in times)), shown,
                     interval_text(model.interval())))  # fmt: skip
    heads = (say("population"), say("n"), say("events"), say("hazard ratio, not stratified"),
             say("95 % interval"))  # fmt: skip
    return OutcomeGrid(say("The same in other populations"), heads, tuple(rows))
