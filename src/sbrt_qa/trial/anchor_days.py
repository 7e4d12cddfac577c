"""The days that rules of the timeline name: anchors, as intervals where a date is partial."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from sbrt_qa.trial.data_cut import DataCut
from sbrt_qa.trial.data_rules import randomised_on
from sbrt_qa.trial.partial_dates import PartialDate, whole_day
from sbrt_qa.trial.trial_data import TrialRow

CHEMO: Final = ("XELOX", "FOLFOX", "FOLFIRI", "CAPECITABINE", "5FU_LV", "OTHER")
"""Agents that ``CHEMO`` stands for; sintilimab is none."""

_CYCLE: Final = re.compile(
    r"cycle\.([A-Z0-9_]+)\.(\d+|last_before\(rt\.first\)|first_after\(rt\.last\))"
)


def anchor_day(cut: DataCut, subject: TrialRow, name: str) -> PartialDate | None:
    """Return the day of an anchor; None where it is not there."""
    code = subject.subject
    if name in ("consent", "screened"):
        return subject.days(name)
    if name == "randomised":
        return _day(randomised_on(subject))
    if name == "death":
        return cut.death(code)
    if name.startswith("surgery."):
        days = _sorted(cut, "surgery", code, "date")
        return _end(days, first=name.endswith("first"))
    if name.startswith("rt."):
        return _radiotherapy(cut, code, name)
    if name == "treatment.first":
        days = [*cycle_days(cut, code), *fraction_days(cut, code)]
        return min(days, default=None)
    if name.startswith("scan."):
        return _scan(cut, subject, name)
    return _cycle(cut, code, name)


def _day(day: dt.date | None) -> PartialDate | None:
    return None if day is None else whole_day(day)


def _end(days: list[PartialDate], *, first: bool) -> PartialDate | None:
    return (days[0] if first else days[-1]) if days else None


def _sorted(cut: DataCut, table: str, code: str, column: str) -> list[PartialDate]:
    return sorted(d for row in cut.data.of_subject(table, code) if (d := row.days(column)))


def fraction_days(cut: DataCut, code: str) -> list[PartialDate]:
    """Return the days of all fractions in order."""
    return sorted(d for row in cut.fractions(code) if (d := row.days("date")))


def cycle_days(cut: DataCut, code: str, agents: tuple[str, ...] = ()) -> list[PartialDate]:
    """Return the first days of the cycles of agents, of all where none is named, in order."""
    rows = cut.data.of_subject("cycles", code)
    return sorted(
        d for row in rows
        if (not agents or row.text("agent") in agents) and (d := row.days("day1"))
    )  # fmt: skip


def _radiotherapy(cut: DataCut, code: str, name: str) -> PartialDate | None:
    if name == "rt.approved":
        course = cut.course(code)
        return course.days("approved") if course else None
    return _end(fraction_days(cut, code), first=name == "rt.first_fraction")


def _scan(cut: DataCut, subject: TrialRow, name: str) -> PartialDate | None:
    origin = randomised_on(subject)
    rows = cut.data.of_subject("assessments", subject.subject)
    if name == "scan.last_before(randomised)":
        before = [d for row in rows if (d := row.days("date")) and origin and d.last <= origin]
        return max(before, default=None)
    number = int(name.partition(".")[2])
    return next((row.days("date") for row in rows if row.whole("scan") == number), None)


def _cycle(cut: DataCut, code: str, name: str) -> PartialDate | None:
    found = _CYCLE.fullmatch(name)
    if found is None:
        return None
    agents = CHEMO if found[1] == "CHEMO" else (found[1],)
    if found[2].isdigit():
        rows = cut.data.of_subject("cycles", code)
        mine = (r for r in rows if r.text("agent") in agents and r.whole("cycle") == int(found[2]))
        return next((row.days("day1") for row in mine), None)
    fractions = fraction_days(cut, code)
    if not fractions:
        return None
    days = cycle_days(cut, code, agents)
    if found[2].startswith("last"):
        return max((d for d in days if d.first < fractions[0].last), default=None)
    return min((d for d in days if d.last > fractions[-1].first), default=None)
