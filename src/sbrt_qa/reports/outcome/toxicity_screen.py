"""Adverse events by treatment received: patients once at their highest grade."""

from __future__ import annotations

from collections.abc import Iterable

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.outcome.asked_report import AskedReport, screen
from sbrt_qa.reports.outcome.outcome_parts import (
    Block,
    OutcomeGrid,
    ReportSection,
    Said,
    percent_text,
)
from sbrt_qa.survival import clopper_pearson, newcombe
from sbrt_qa.trial.toxicity_events import toxic_events, toxicity_rates
from sbrt_qa.trial.trial_data import TrialRow

SHARE = 0.05
"""Terms below this share in both groups get no interval of the difference."""


@screen("toxicity")
def toxicity_screen(asked: AskedReport) -> ReportSection:
    """Return the table of classes and terms, by treatment received."""
    groups = {
        arm: [m.subject for m in asked.found.lists.members if m.treated == arm]
        for arm in ("SBRT", "CONTROL")
    }
    worst: dict[tuple[str, str], dict[str, int]] = {}
    for members in groups.values():
        for subject in members:
            for row in asked.found.cut.data.of_subject("adverse_events", subject):
                for key in ((row.text("soc"), ""), (row.text("soc"), row.text("term")), ("", "")):
                    grades = worst.setdefault(key, {})
                    grades[subject] = max(grades.get(subject, 0), int(row.text("grade")))
    rows = [_row(key, grades, groups) for key, grades in sorted(worst.items())]
    heads = (say("class"), say("term"), say("SBRT, any grade"), say("SBRT, grade 3 or more"),
             say("control, any grade"), say("control, grade 3 or more"),
             say("difference of grade 3 or more (95 %)"))  # fmt: skip
    blocks: list[Block] = [
        Said(say(
            "Safety population by treatment received; a patient counts once at the highest grade, "
            "so terms add up to more than their class. All causes, whatever the attribution."
        )),
        _rates(asked, groups),
        OutcomeGrid(say("Patients with adverse events"), heads, tuple(rows)),
        _severe(asked, [one for members in groups.values() for one in members]),
    ]  # fmt: skip
    return ReportSection("toxicity", say("Adverse events"), tuple(blocks))


def _rates(asked: AskedReport, groups: dict[str, list[str]]) -> OutcomeGrid:
    """Return the rate as registered, by treatment received, and the counts beside it."""
    by_code = {row.subject: row for row in asked.found.cut.randomised}
    told = []
    for members in groups.values():
        events = [
            one for code in members if code in by_code
            for one in toxic_events(asked.found.cut, by_code[code])
        ]  # fmt: skip
        told.append(toxicity_rates(events, members))
    lines = (
        (say("related, grade 3 or 4, as registered; what nobody judged counts as related"),
         [one.registered for one in told]),
        (say("the same, only where somebody judged it related"),
         [one.registered_judged for one in told]),
        (say("the same, without starts known in part"), [one.registered_dated for one in told]),
        (say("grade 3, 4 or 5, of any cause"), [one.severe for one in told]),
        (say("grade 5, of any cause"), [one.fatal for one in told]),
    )  # fmt: skip
    rows = tuple(
        (line, *(_share(x, one.n) for x, one in zip(numbers, told, strict=True)))
        for line, numbers in lines
    )
    heads = (say("patients with an event under treatment"), say("SBRT"), say("control"))
    return OutcomeGrid(say("Rates of grade 3 and more"), heads, rows)


def _row(
    key: tuple[str, str], grades: dict[str, int], groups: dict[str, list[str]]
) -> tuple[str, ...]:
    cells: list[str] = [key[0] or say("any"), key[1] or say("any")]
    severe = []
    for members in groups.values():
        some = sum(subject in grades for subject in members)
        bad = sum(grades.get(subject, 0) >= 3 for subject in members)
        severe.append((bad, len(members)))
        cells += [_share(some, len(members)), _share(bad, len(members))]
    (x1, n1), (x2, n2) = severe
    if n1 and n2 and max(x1 / n1, x2 / n2) >= SHARE:
        found = newcombe(x1, n1, x2, n2)
        low, high = found.low, found.high
        shown = (
            "-"
            if isinstance(low, Reason) or isinstance(high, Reason)
            else f"{percent_text(low)} to {percent_text(high)}"
        )
        cells.append(shown)
    else:
        cells.append("-")
    return tuple(cells)


def _share(x: int, n: int) -> str:
    if not n:
        return "-"
    found = clopper_pearson(x, n)
    return f"{x}/{n} ({percent_text(found.low)} to {percent_text(found.high)})"


def _severe(asked: AskedReport, subjects: Iterable[str]) -> OutcomeGrid:
    rows = []
    for subject in subjects:
        events: tuple[TrialRow, ...] = asked.found.cut.data.of_subject("adverse_events", subject)
        rows += [
            (subject, row.text("term"), row.text("grade"), str(row.days("start") or ""),
             row.text("outcome"))
            for row in events if row.yes("serious") or row.text("grade") == "5"
        ]  # fmt: skip
    heads = (say("subject"), say("term"), say("grade"), say("start"), say("outcome"))
    return OutcomeGrid(say("Serious events, and those of grade 5"), heads, tuple(rows))
