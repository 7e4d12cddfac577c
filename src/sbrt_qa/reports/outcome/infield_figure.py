"""The figure of recurrences in the field by the dose of the bed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.figures.step_plot import step_plot
from sbrt_qa.reports.outcome.asked_report import EXPLORATORY, AskedReport
from sbrt_qa.reports.outcome.curve_screens import landmark_text, step_curve, ticks_to
from sbrt_qa.reports.outcome.outcome_parts import (
    Block,
    Drawn,
    OutcomeGrid,
    Said,
    Titled,
    number_text,
)
from sbrt_qa.trial.endpoints import DAYS_PER_MONTH, Censored
from sbrt_qa.trial.failure_schemes import FailureClass
from sbrt_qa.trial.infield import InFieldTimes, infield_times

TICKS: Final = (0.0, 3.0, 6.0, 9.0, 12.0, 18.0, 24.0, 30.0, 36.0, 48.0, 60.0)
MONTHS: Final = (12.0, 24.0, 36.0)


def infield_blocks(asked: AskedReport, classes: Mapping[str, FailureClass | Reason]) -> list[Block]:
    """Return incidence of recurrence in the field by dose, as figure and table."""
    found = infield_times(asked.found, classes)
    if found is None:
        return []
    title = Titled(say("Recurrence in the field against dose"))
    if found.split_gy is None:
        return [title, Said(say("Nobody irradiated has both a dose of the target and a time."))]
    blocks: list[Block] = [title, _drawn(found)]
    if found.left_out:
        caption = say("Left out of this figure ({0})", len(found.left_out))
        heads = (say("subject"), say("reason"))
        blocks.append(OutcomeGrid(caption, heads, found.left_out, folded=True))
    return blocks


def _drawn(found: InFieldTimes) -> Drawn:
    at = number_text(found.split_gy, 1)
    groups = {
        say("D98 below {0} Gy", at): list(found.below),
        say("D98 of {0} Gy or more", at): list(found.from_it),
    }
    longest = max(one.time_days or 0.0 for times in groups.values() for one in times)
    ticks = ticks_to(longest / DAYS_PER_MONTH, TICKS)
    curves = tuple(
        step_curve(name, times, ticks, competing=True) for name, times in groups.items() if times
    )
    sentence = say(
        "Cumulative incidence of a first local recurrence in the field, months from the last "
        "fraction, by the D98 of the target (split at its median). A recurrence elsewhere in the "
        "liver bed and death compete. {0}; so few events can show no relation to dose.", EXPLORATORY
    )  # fmt: skip
    names = (say("months"), say("at risk"), say("events so far"))
    rows = []
    for name, times in groups.items():
        inside = sum(one.code is Censored.EVENT for one in times)
        other = sum(one.code is Censored.COMPETING_DEATH for one in times)
        shown = [landmark_text(times, month, competing=True) if times else "-" for month in MONTHS]
        rows.append((name, str(len(times)), str(inside), str(other), *shown))
    heads = (say("group"), say("n"), say("in the field"), say("elsewhere in the bed, or death"),
             *(say("at {0} months (95 %)", f"{month:g}") for month in MONTHS))  # fmt: skip
    table = OutcomeGrid(say("Recurrence in the field by dose"), heads, tuple(rows))
    return Drawn(step_plot, (curves, ticks, names, sentence), sentence, table)
