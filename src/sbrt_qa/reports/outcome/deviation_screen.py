"""Did deviation from protocol matter? Exploratory, interval first, and what so few can show."""

from __future__ import annotations

from collections.abc import Sequence

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.outcome.asked_report import EXPLORATORY, AskedReport, screen
from sbrt_qa.reports.outcome.outcome_parts import (
    Block,
    OutcomeGrid,
    ReportSection,
    Said,
    interval_text,
    number_text,
)
from sbrt_qa.survival import cox, firth_cox, poisson_rate
from sbrt_qa.trial.landmark import MAJOR, OTHER, LandmarkTime, landmark_set

FEWEST = 5
YEAR = 365.25


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
    ]  # fmt: skip
    for rule in asked.found.rules.endpoints:
        found = landmark_set(asked.found, rule.id)
        blocks.append(_grid(rule.id, found.times))
        if found.left_out:
            heads = (say("subject"), say("reason"))
            caption = say("{0}: left out of the comparison ({1})", rule.id, len(found.left_out))
            blocks.append(OutcomeGrid(caption, heads, found.left_out, folded=True))
    blocks.append(_sources(asked))
    title = say("Deviation against outcome: exploratory, not randomised")
    return ReportSection("deviation", title, tuple(blocks))


def _grid(endpoint: str, times: Sequence[LandmarkTime]) -> OutcomeGrid:
    rows: list[tuple[str, ...]] = []
    for group, name in ((MAJOR, say("major")), (OTHER, say("per protocol or minor"))):
        mine = [one for one in times if one.group == group]
        events = sum(one.cause == 1 for one in mine)
        years = sum(one.days for one in mine) / YEAR
        if not mine:
            rows.append((name, "0", "0", "-", "-", "-"))
            continue
        rate = poisson_rate(events, years)
        limits = interval_text((rate.low, rate.high)) if not isinstance(rate.low, Reason) else "-"
        rows.append((name, str(len(mine)), str(events), f"{years:.1f}", limits,
                     number_text(rate.value)))  # fmt: skip
    rows.append(_ratio(times))
    heads = (say("class of the plan"), say("n"), say("events"), say("person-years"),
             say("95 % interval"), say("events per person-year, or hazard ratio"))  # fmt: skip
    return OutcomeGrid(say("{0} from the last fraction", endpoint), heads, tuple(rows))


def _ratio(times: Sequence[LandmarkTime]) -> tuple[str, ...]:
    name = say("hazard ratio, major against the others")
    days = [one.days for one in times]
    events = [one.cause == 1 for one in times]
    is_major = [float(one.group == MAJOR) for one in times]
    if len(set(is_major)) < 2 or not any(events):
        return (name, str(len(times)), str(sum(events)), "", "-", say("not estimable"))
    least = min(sum(e for e, m in zip(events, is_major, strict=True) if m == g) for g in (0.0, 1.0))
    model = firth_cox(days, events, is_major) if least < FEWEST else cox(days, events, is_major)
    ratio = model.hazard_ratio()
    method = say("with Firth's penalty") if least < FEWEST else ""
    shown = say("not estimable") if isinstance(ratio, Reason) else f"{number_text(ratio)} {method}"
    return (name, str(len(times)), str(sum(events)), "", interval_text(model.interval()), shown)


def _sources(asked: AskedReport) -> OutcomeGrid:
    counts: dict[str, list[str]] = {}
    for one in asked.found.treated.values():
        for source in one.plan.sources if one.plan else ():
            counts.setdefault(source, []).append(one.subject)
    rows = tuple((name, str(len(codes)), " ".join(codes)) for name, codes in sorted(counts.items()))
    heads = (say("what deviates"), say("n"), say("subjects"))
    return OutcomeGrid(say("What deviates in the treated plans"), heads, rows, folded=True)
