"""Adverse events by treatment received: patients once at their highest grade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason
from sbrt_qa.reports.figures.butterfly_plot import ButterflyBar, butterfly_plot
from sbrt_qa.reports.figures.step_plot import step_plot
from sbrt_qa.reports.outcome.asked_report import AskedReport, screen
from sbrt_qa.reports.outcome.curve_screens import step_curve, ticks_to
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
from sbrt_qa.survival import (
    clopper_pearson,
    cumulative_incidence,
    fisher_exact,
    newcombe,
    poisson_rate,
    rate_ratio,
)
from sbrt_qa.trial.endpoints import DAYS_PER_MONTH
from sbrt_qa.trial.toxicity_events import (
    GroupKey,
    ToxicEvent,
    attribution_matrix,
    highest_grades,
    toxic_events,
    toxicity_rates,
)
from sbrt_qa.trial.toxicity_onset import SEVERE, severe_onsets

SHARE: Final = 0.05
"""Terms below this share in both groups get no interval of the difference."""

YEAR: Final = 365.25
TICKS: Final = (0.0, 3.0, 6.0, 9.0, 12.0, 18.0, 24.0, 36.0, 48.0)
Members = Mapping[str, Sequence[str]]


@screen("toxicity")
def toxicity_screen(asked: AskedReport) -> ReportSection:
    """Return rates, the butterfly and table of classes and terms, onset and attribution.

    A blinded reader sees classes only: a term or an attribution would tell who was irradiated.
    """
    groups = treated_groups(asked)
    events = events_of(asked, groups)
    blind = asked.role.arms == "blind"
    counting = [one for one in events if one.counts]
    blocks: list[Block] = [
        Said(say(
            "Safety population by treatment received; events under treatment, of any cause. A "
            "patient counts once at the highest grade, so terms add up to more than their class."
        )),
        Said(say(
            "{0} events did not begin or grow worse under treatment, and are in no table.",
            len(events) - len(counting),
        )),
        _rates(events, groups, blind=blind),
        _exposure(asked, groups),
        Titled(say("By class and term")),
        _butterfly(counting, groups),
        _terms(counting, groups, blind=blind),
        Titled(say("Time to the first event of grade 3 or more")),
        *_onset(asked, groups),
    ]  # fmt: skip
    if not blind:
        blocks += [_attribution(events), _severe(asked, groups)]
    return ReportSection("toxicity", say("Adverse events"), tuple(blocks))


def treated_groups(asked: AskedReport) -> dict[str, list[str]]:
    """Return subjects by what they were treated with, as it is called to the reader."""
    names: dict[str, str] = {"SBRT": say("SBRT"), "CONTROL": say("control")}
    if asked.role.arms == "blind":
        names = {arm: asked.arms[arm] for arm in sorted(asked.arms, key=lambda a: asked.arms[a])}
    return {
        shown: [m.subject for m in asked.found.lists.members if m.treated == arm]
        for arm, shown in names.items()
    }


def events_of(asked: AskedReport, groups: Members) -> list[ToxicEvent]:
    """Return all adverse events of the subjects of groups."""
    by_code = {row.subject: row for row in asked.found.cut.randomised}
    return [
        one for members in groups.values() for code in members if code in by_code
        for one in toxic_events(asked.found.cut, by_code[code])
    ]  # fmt: skip


def _rates(events: Sequence[ToxicEvent], groups: Members, *, blind: bool) -> OutcomeGrid:
    """Return the rate as registered, by treatment received, and the counts beside it."""
    told = [toxicity_rates(events, members) for members in groups.values()]
    lines = [
        (say("related, grade 3 or 4, as registered; what nobody judged counts as related"),
         [one.registered for one in told]),
        (say("the same, only where somebody judged it related"),
         [one.registered_judged for one in told]),
        (say("the same, without starts known in part"), [one.registered_dated for one in told]),
        (say("grade 3, 4 or 5, of any cause"), [one.severe for one in told]),
        (say("grade 5, of any cause"), [one.fatal for one in told]),
    ]  # fmt: skip
    if blind:
        del lines[1]
    rows = []
    for line, numbers in lines:
        pairs = [(x, one.n) for x, one in zip(numbers, told, strict=True)]
        rows.append((line, *(share_text(x, n) for x, n in pairs), *_difference(pairs)))
    heads = (say("patients with an event under treatment"), *groups,
             say("difference (95 %, Newcombe)"), say("p, Fisher's exact test"))  # fmt: skip
    return OutcomeGrid(say("Rates of grade 3 and more"), heads, tuple(rows))


def _difference(pairs: Sequence[tuple[int, int]]) -> tuple[str, str]:
    (x1, n1), (x2, n2) = pairs
    if not n1 or not n2:
        return "-", "-"
    found = newcombe(x1, n1, x2, n2)
    interval = interval_text((found.low, found.high), percent=True)
    shown = say("{0} ({1})", percent_text(found.value), interval)
    return shown, p_text(fisher_exact(x1, n1, x2, n2).p)


def _exposure(asked: AskedReport, groups: Members) -> OutcomeGrid:
    """Return rates by person-time at risk to the first severe event, and their ratio."""
    rows, told = [], []
    for name, members in groups.items():
        inside = set(members)
        times = severe_onsets(asked.found.cut, [r for r in asked.found.cut.randomised
                                                if r.subject in inside])  # fmt: skip
        events = sum(one.event for one in times)
        years = sum(one.time_days or 0.0 for one in times) / YEAR
        told.append((events, years))
        rate = poisson_rate(events, years)
        rows.append((name, str(events), f"{years:.1f}", number_text(rate.value),
                     interval_text((rate.low, rate.high))))  # fmt: skip
    (x1, t1), (x2, t2) = told
    ratio = rate_ratio(x1, t1, x2, t2)
    name = say("ratio, {0} to {1}", *groups)
    shown = say("not estimable") if isinstance(ratio.value, Reason) else number_text(ratio.value)
    rows.append((name, "", "", shown, interval_text((ratio.low, ratio.high))))
    heads = (say("group"), say("patients"), say("person-years until it"), say("per person-year"),
             say("95 % interval, exact"))  # fmt: skip
    return OutcomeGrid(say("First event of grade 3 or more by exposure"), heads, tuple(rows))


def _butterfly(events: Sequence[ToxicEvent], groups: Members) -> Drawn:
    names = list(groups)
    bars = []
    for (soc, term), grades in highest_grades(events).items():
        if soc and not term:
            sides = [_shares(grades, members) for members in groups.values()]
            bars.append(ButterflyBar(soc, sides[0], sides[1]))
    bars.sort(key=lambda bar: (-max(bar.left[0], bar.right[0]), bar.name))
    sentence = say("Share of patients by class of events: {0} to the left, {1} to the right.",
                   names[0], names[1])  # fmt: skip
    kinds = (say("any grade"), say("grade 3 or more"))
    return Drawn(butterfly_plot, (tuple(bars), tuple(names), kinds, sentence), sentence)


def _shares(grades: Mapping[str, int], members: Sequence[str]) -> tuple[float, float]:
    mine = [grades[code] for code in members if code in grades]
    n = len(members) or 1
    return len(mine) / n, sum(grade >= SEVERE for grade in mine) / n


def _terms(events: Sequence[ToxicEvent], groups: Members, *, blind: bool) -> OutcomeGrid:
    counts: dict[tuple[GroupKey, str], int] = {}
    for one in events:
        for key in (("", ""), (one.soc, ""), (one.soc, one.term)):
            counts[key, one.subject] = counts.get((key, one.subject), 0) + 1
    rows = []
    for key, grades in highest_grades(events).items():
        if not (blind and key[1]):
            rows.append(_term_row(key, grades, groups, counts))
    sides = [
        head for name in groups
        for head in (say("{0}, any grade", name), say("{0}, grade 3 or more", name))
    ]  # fmt: skip
    heads = (say("class"), say("term"), *sides, say("difference of grade 3 or more (95 %)"))
    title = say("Patients with adverse events, and how many events they had")
    return OutcomeGrid(title, heads, tuple(rows))


def _term_row(
    key: GroupKey,
    grades: Mapping[str, int],
    groups: Members,
    counts: Mapping[tuple[GroupKey, str], int],
) -> tuple[str, ...]:
    cells: list[str] = [key[0] or say("any"), key[1] or say("any")]
    some_of, severe = [], []
    for members in groups.values():
        some = sum(subject in grades for subject in members)
        bad = sum(grades.get(subject, 0) >= SEVERE for subject in members)
        number = sum(counts.get((key, subject), 0) for subject in members)
        some_of.append(some / len(members) if members else 0.0)
        severe.append((bad, len(members)))
        cells += [say("{0}; {1} events", share_text(some, len(members)), number),
                  share_text(bad, len(members))]  # fmt: skip
    (x1, n1), (x2, n2) = severe
    if not n1 or not n2 or max(some_of) < SHARE:
        return (*cells, "-")
    found = newcombe(x1, n1, x2, n2)
    return (*cells, interval_text((found.low, found.high), percent=True))


def share_text(x: int, n: int) -> str:
    """Return x of n with the exact interval."""
    if not n:
        return "-"
    found = clopper_pearson(x, n)
    return say("{0} ({1})", f"{x}/{n}", interval_text((found.low, found.high), percent=True))


def _onset(asked: AskedReport, groups: Members) -> list[Block]:
    curves, rows = [], []
    longest = 0.0
    for name, members in groups.items():
        inside = set(members)
        mine = [r for r in asked.found.cut.randomised if r.subject in inside]
        times = list(severe_onsets(asked.found.cut, mine))
        if not times:
            continue
        longest = max(longest, *(one.time_days or 0.0 for one in times))
        curves.append((name, times))
        found = cumulative_incidence([t.time_days or 0.0 for t in times], [t.cause for t in times])
        at = [found.incidence_at(1, month * DAYS_PER_MONTH) for month in (3.0, 6.0, 12.0)]
        rows.append((name, str(len(times)), str(sum(t.event for t in times)),
                     *(percent_text(value) for value in at)))  # fmt: skip
    if not curves:
        return [Said(say("Nobody was treated."))]
    ticks = ticks_to(longest / DAYS_PER_MONTH, TICKS)
    drawn = tuple(step_curve(name, times, ticks, competing=True) for name, times in curves)
    sentence = say("Cumulative incidence of a first event of grade 3 or more, death competing.")
    names = (say("months"), say("at risk"), say("events so far"))
    heads = (say("group"), say("n"), say("events"),
             *(say("at {0} months", month) for month in (3, 6, 12)))  # fmt: skip
    table = OutcomeGrid(say("Incidence of a first event of grade 3 or more"), heads, tuple(rows))
    return [Drawn(step_plot, (drawn, ticks, names, sentence), sentence, table)]


def _attribution(events: Sequence[ToxicEvent]) -> OutcomeGrid:
    words = {True: say("related"), False: say("not related"), None: say("not judged")}
    rows = tuple(
        (words[chemo], words[sbrt], words[io], str(number))
        for (chemo, sbrt, io), number in sorted(
            attribution_matrix(events).items(), key=lambda item: -item[1]
        )
    )
    heads = (say("chemotherapy"), say("SBRT"), say("immunotherapy"), say("events"))
    return OutcomeGrid(say("What events are attributed to"), heads, rows)


def _severe(asked: AskedReport, groups: Members) -> OutcomeGrid:
    rows = []
    for subject in (one for members in groups.values() for one in members):
        rows += [
            (subject, row.text("term"), row.text("grade"), str(row.days("start") or ""),
             row.text("outcome"))
            for row in asked.found.cut.data.of_subject("adverse_events", subject)
            if row.yes("serious") or row.text("grade") == "5"
        ]  # fmt: skip
    heads = (say("subject"), say("term"), say("grade"), say("start"), say("outcome"))
    return OutcomeGrid(say("Serious events, and those of grade 5"), heads, tuple(rows))
