"""Subgroups of the primary endpoint: a forest, with the test of interaction for each factor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.i18n.phrase import say, stated
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.figures.forest_plot import ForestLine, forest_plot
from sbrt_qa.reports.outcome.asked_report import AskedReport, screen
from sbrt_qa.reports.outcome.curve_screens import shown_arms, strata_of
from sbrt_qa.reports.outcome.outcome_parts import (
    Drawn,
    OutcomeGrid,
    ReportSection,
    Said,
    interval_text,
    number_text,
    p_text,
)
from sbrt_qa.survival import cox
from sbrt_qa.survival.chi_square import chi_square_test
from sbrt_qa.trial.endpoints import EndpointTime
from sbrt_qa.trial.subgroups import subgroup_levels

FEWEST_EVENTS: Final = 5
"""Below so many events in a subgroup no effect is shown."""

NOT_KNOWN: Final = say("not known")


@dataclass(frozen=True, slots=True)
class _Factor:
    name: str
    level: tuple[str, ...]


@screen("forest")
def forest_screen(asked: AskedReport) -> ReportSection:
    """Return the primary endpoint in all, by stratum and by the protocol's subgroups."""
    rule = next((r for r in asked.found.rules.endpoints if r.primary), None)
    title = say("Subgroups")
    if rule is None or len(asked.arms) != 2:
        return ReportSection("forest", title, (Said(say("A comparison needs two arms.")),))
    times = [one for one in asked.found.endpoints[rule.id] if one.time_days is not None
             and asked.found.lists.by_subject[one.subject].arm in asked.arms]  # fmt: skip
    first, second = shown_arms(asked)
    is_first = [float(_arm(asked, one) == first) for one in times]
    lines, rows = [], []
    for line, row in _lines(asked, times, is_first):
        lines.append(line)
        rows.append(row)
    sentence = say(
        "{0}: hazard ratio of {1} against {2} in subgroups. No subgroup was powered; an interval "
        "that holds 1 says nothing of a difference between subgroups, the interaction does.",
        rule.id, first, second,
    )  # fmt: skip
    heads = (say("subgroup"), say("n and events, {0}", first), say("n and events, {0}", second),
             say("hazard ratio"), say("95 % interval"), say("p of interaction"))  # fmt: skip
    table = OutcomeGrid(say("Primary endpoint by subgroup"), heads, tuple(rows))
    ends = (say("in favour of {0}", first), say("in favour of {0}", second))
    drawn = Drawn(forest_plot, (tuple(lines), ends, sentence), sentence, table)
    return ReportSection("forest", title, (drawn,))


def _arm(asked: AskedReport, one: EndpointTime) -> str:
    return asked.arms[asked.found.lists.by_subject[one.subject].arm]


def _factors(asked: AskedReport, times: Sequence[EndpointTime]) -> Iterator[_Factor]:
    if any(strata := strata_of(asked, times)):
        yield _Factor(say("stratum of randomisation"), tuple(strata))
    for rule in asked.found.rules.subgroups:
        levels = subgroup_levels(asked.found.cut, rule, [one.subject for one in times])
        yield _Factor(stated(rule.title), tuple(level or NOT_KNOWN for level in levels))


def _lines(
    asked: AskedReport, times: Sequence[EndpointTime], is_first: Sequence[float]
) -> Iterator[tuple[ForestLine, tuple[str, ...]]]:
    everybody = [True] * len(times)
    yield _one(say("all"), times, is_first, everybody, "", strong=True)
    for factor in _factors(asked, times):
        p = p_text(interaction_p(times, is_first, factor.level))
        yield (ForestLine(factor.name, "", say("p of interaction {0}", p), strong=True),
               (factor.name, "", "", "", "", p))  # fmt: skip
        for level in sorted(set(factor.level), key=lambda one: (one == NOT_KNOWN, one)):
            inside = [one == level for one in factor.level]
            yield _one(say("- {0}", level), times, is_first, inside, "")


def _one(
    name: str, times: Sequence[EndpointTime], is_first: Sequence[float], inside: Sequence[bool],
    p: str, *, strong: bool = False,
) -> tuple[ForestLine, tuple[str, ...]]:  # fmt: skip
    mine = [(t, x) for t, x, keep in zip(times, is_first, inside, strict=True) if keep]
    sides = [[t for t, x in mine if x == side] for side in (1.0, 0.0)]
    events = sum(t.event for t, _ in mine)
    counts = [f"{sum(t.event for t in side)}/{len(side)}" for side in sides]
    model = None
    if events >= FEWEST_EVENTS and all(sides):
        model = cox([t.time_days or 0.0 for t, _ in mine], [t.event for t, _ in mine],
                    [x for _, x in mine])  # fmt: skip
    ratio = model.hazard_ratio() if model else None
    limits = model.interval() if model else None
    if not isinstance(ratio, float) or not isinstance(limits, tuple):
        why = say("fewer than {0} events", FEWEST_EVENTS)
        if events >= FEWEST_EVENTS:
            why = say("not estimable")
        return (ForestLine(name, "  ".join(counts), why, strong=strong),
                (name, *counts, why, "-", p))  # fmt: skip
    told = say("{0} ({1})", number_text(ratio), interval_text(limits))
    line = ForestLine(name, "  ".join(counts), told, ratio, *limits, events, strong)
    return line, (name, *counts, number_text(ratio), interval_text(limits), p)


def interaction_p(
    times: Sequence[EndpointTime], is_first: Sequence[float], levels: Sequence[str]
) -> float | Reason | None:
    """Return the probability of the likelihood ratio test of arm by level, known levels only.

    None where a level has fewer than `FEWEST_EVENTS` events, or there are no two levels.
    """
    known = [(t, x, level) for t, x, level in zip(times, is_first, levels, strict=True)
             if level != NOT_KNOWN]  # fmt: skip
    names = sorted({level for _, _, level in known})
    least = [sum(t.event for t, _, level in known if level == name) for name in names]
    if len(names) < 2 or min(least) < FEWEST_EVENTS:
        return None
    days, events = [t.time_days or 0.0 for t, _, _ in known], [t.event for t, _, _ in known]
    main = [[x, *(float(level == n) for n in names[1:])] for _, x, level in known]
    full = [[*row, *(row[0] * one for one in row[1:])] for row in main]
    without, with_it = cox(days, events, main), cox(days, events, full)
    if isinstance(without.log_likelihood, Reason):
        return without.log_likelihood
    if isinstance(with_it.log_likelihood, Reason):
        return with_it.log_likelihood
    gain = 2.0 * (with_it.log_likelihood[1] - without.log_likelihood[1])
    return chi_square_test(gain, len(names) - 1).p
