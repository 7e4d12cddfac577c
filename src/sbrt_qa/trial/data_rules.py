"""Rules that hold between rows of a trial's data. Each says what is wrong with which row.

A rule is a function on the rows of one subject, registered with its code and level; a new one is
written below and nothing else.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.trial.canonical import UNITS
from sbrt_qa.trial.cells import day_of_instant
from sbrt_qa.trial.problem import Level
from sbrt_qa.trial.trial_data import TrialData, TrialRow

DATED: Final = {
    "visits": "date", "assessments": "date", "cycles": "day1", "rt_fractions": "date",
    "adverse_events": "start", "labs": "date", "therapies": "start", "surgery": "date",
}  # fmt: skip
"""Tables whose rows happen on a day, and the column of that day."""

DOSE_PART: Final = 0.01
"""How far the sum of fractions may be from the dose given."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that breaks a rule."""

    row: TrialRow
    column: str
    message: str
    advice: str = ""


OfSubject = Callable[[TrialData, TrialRow], Iterator[Broken]]


@dataclass(frozen=True, slots=True)
class DataRule:
    """A rule on the rows of a subject."""

    code: str
    level: Level
    blocks: bool
    find: OfSubject


RULES: Final[list[DataRule]] = []


def rule(code: str, level: Level, *, blocks: bool = False) -> Callable[[OfSubject], OfSubject]:
    """Register a rule; `blocks` where the row is kept out of the analysis."""

    def register(find: OfSubject) -> OfSubject:
        RULES.append(DataRule(code, level, blocks, find))
        return find

    return register


def randomised_on(subject: TrialRow) -> dt.date | None:
    """Return the day of randomisation: as stated, else that of the time with offset at the site."""
    instant = subject.text("randomised_at")
    return subject.day("randomised") or (day_of_instant(instant) if instant else None)


@rule("DATES_OUT_OF_ORDER", "E", blocks=True)
def _order(_data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    days = [(name, subject.day(name)) for name in ("consent", "screened")]
    days.append(("randomised", randomised_on(subject)))
    known = [(name, day) for name, day in days if day is not None]
    for (first, before), (second, after) in itertools.pairwise(known):
        if after < before:
            yield Broken(subject, second, say("{0} is before {1}", second, first))


@rule("RANDOMISED_TWICE", "E", blocks=True)
def _instant(_data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    stated, instant = subject.day("randomised"), subject.text("randomised_at")
    if stated and instant and day_of_instant(instant) != stated:
        what = say("randomised says {0}, and the day at the site of randomised_at is {1}",
                   stated, day_of_instant(instant))  # fmt: skip
        yield Broken(subject, "randomised_at", what)


@rule("RANDOMISED_MISSING", "E", blocks=True)
def _no_date(_data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    if subject.text("arm") and randomised_on(subject) is None:
        yield Broken(subject, "randomised", say("an arm is stated, and no day of randomisation"))


@rule("FAILED_AND_RANDOMISED", "E", blocks=True)
def _failed(_data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    if subject.text("screen_result") == "failed" and randomised_on(subject):
        yield Broken(subject, "screen_result", say("failed screening, and was randomised"))


@rule("ARM_MISSING", "E")
def _no_arm(_data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    if randomised_on(subject) and not subject.text("arm"):
        yield Broken(
            subject, "arm", say("randomised, and no arm is stated"),
            say("It is counted as randomised and in no comparison of arms."),
        )  # fmt: skip


@rule("AGE", "W")
def _age(_data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    age, born, day = subject.whole("age"), subject.whole("birth_year"), subject.day("consent")
    if age is not None and born is not None and day and abs(day.year - born - age) > 1:
        yield Broken(subject, "age", say("age {0} does not go with the birth year {1}", age, born))


@rule("SURGERY_AFTER", "W")
def _surgery(data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    origin = randomised_on(subject)
    for row in data.of_subject("surgery", subject.subject):
        days = row.days("date")
        if origin and days and days.first > origin:
            yield Broken(row, "date", say("surgery after randomisation"))


@rule("TREATED_BEFORE", "E", blocks=True)
def _treated(data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    origin = randomised_on(subject)
    for table in ("cycles", "rt_fractions"):
        for row in data.of_subject(table, subject.subject):
            days = row.days(DATED[table])
            if origin and days and days.last < origin:
                yield Broken(row, DATED[table], say("treatment before randomisation"))


@rule("CROSSOVER", "W")
def _crossover(data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    rows = data.of_subject("rt_fractions", subject.subject)
    if subject.text("arm") == "CONTROL" and rows:
        what = say("a subject of the control arm with fractions of radiotherapy")
        yield Broken(subject, "arm", what, say("It stays in its arm; safety counts it as treated."))


@rule("STRATUM", "W")
def _strata(data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    by_factor: dict[str, list[TrialRow]] = {}
    for row in data.of_subject("strata", subject.subject):
        by_factor.setdefault(row.text("factor"), []).append(row)
    for factor, rows in by_factor.items():
        levels = dict.fromkeys(row.text("level") for row in rows)
        if len(levels) > 1:
            crf = next((row for row in rows if row.text("source") == "CRF"), rows[-1])
            what = say("{0} is {1} by different sources", factor, ", ".join(levels))
            yield Broken(crf, "level", what, say("That of the randomisation system is used."))


def _death_column(status: TrialRow | None) -> dt.date | None:
    days = status.days("death") if status else None
    return days.last if days else None


@rule("AFTER_DEATH", "E", blocks=True)
def _after_death(data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    death = _death_column(data.one("status", subject.subject))
    if death is None:
        return
    for table, column in DATED.items():
        for row in data.of_subject(table, subject.subject):
            days = row.days(column)
            if days and days.first > death:
                yield Broken(row, column, say("{0} is after the death on {1}", days, death))


@rule("DEATH_CONTRADICTED", "E", blocks=True)
def _contradicted(data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    status = data.one("status", subject.subject)
    death, alive = _death_column(status), last_known_alive(data, subject.subject)
    if status and death and alive and alive > death:
        what = say("known alive on {0}, and dead by {1} at the latest", alive, death)
        yield Broken(status, "death", what)
    elif status and status.yes("alive") and death:
        yield Broken(status, "death", say("alive, and a day of death is stated"))


def last_known_alive(data: TrialData, subject: str) -> dt.date | None:
    """Return the last day on which somebody saw a subject alive: last contact, or a visit."""
    status = data.one("status", subject)
    days = [status.days("last_contact") if status else None]
    days += [
        row.days("date") for row in data.of_subject("visits", subject)
        if row.yes("done") and row.yes("alive")
    ]  # fmt: skip
    return max((one.first for one in days if one), default=None)


@rule("DEATH_DATE", "E")
def _death_date(data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    status = data.one("status", subject.subject)
    if status and status.yes("alive") is False and status.days("death") is None:
        yield Broken(status, "death", say("dead, and no day of death is stated, not even a year"))


@rule("AFTER_WITHDRAWAL", "E", blocks=True)
def _after_withdrawal(data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    status = data.one("status", subject.subject)
    days = status.days("withdrawn") if status else None
    if status is None or days is None or status.text("withdrawal") != "consent_all":
        return
    for table, column in DATED.items():
        for row in data.of_subject(table, subject.subject):
            there = row.days(column)
            if there and there.first > days.last:
                what = say("{0} is after all consent was withdrawn on {1}", there, days)
                yield Broken(row, column, what, say("Data from after that day may not be kept."))


@rule("LAST_CONTACT", "W")
def _last_contact(data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    status = data.one("status", subject.subject)
    contact = status.days("last_contact") if status else None
    for row in data.of_subject("visits", subject.subject):
        days = row.days("date")
        if status and contact and days and row.yes("done") and days.first > contact.last:
            what = say("the last contact is before the visit {0}", row.text("visit"))
            yield Broken(status, "last_contact", what)


@rule("SCAN_MISSING", "E", blocks=True)
def _no_scan(data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    scans = {row.whole("scan") for row in data.of_subject("assessments", subject.subject)}
    for row in data.of_subject("recurrences", subject.subject):
        if row.whole("scan") not in scans:
            what = say("there is no scan {0} of this subject", row.whole("scan"))
            yield Broken(row, "scan", what)


@rule("PROGRESSION_BEFORE", "E")
def _progression(data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    origin = randomised_on(subject)
    for row in data.of_subject("assessments", subject.subject):
        days = row.days("date")
        if origin and days and days.last < origin and row.text("result") == "RECURRENCE":
            what = say("recurrence before randomisation")
            yield Broken(row, "date", what, say("The subject stays among those randomised."))


@rule("GRADE_5", "E", blocks=True)
def _grade_5(data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    status = data.one("status", subject.subject)
    death = status.days("death") if status else None
    for row in data.of_subject("adverse_events", subject.subject):
        if row.text("grade") != "5":
            continue
        end = row.days("end") or row.days("start")
        day = dt.timedelta(1)
        near = death and end and end.first - day <= death.last and death.first <= end.last + day
        if not near or row.text("outcome") != "FATAL":
            what = say("grade 5 needs the outcome FATAL and a death within 1 day")
            yield Broken(row, "grade", what)


@rule("ENDS_BEFORE", "E", blocks=True)
def _ends(data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    for row in data.of_subject("adverse_events", subject.subject):
        start, end = row.days("start"), row.days("end")
        if start and end and end.last < start.first:
            yield Broken(row, "end", say("ends before it starts"))


@rule("UNIT", "E", blocks=True)
def _units(data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    for row in data.of_subject("labs", subject.subject):
        known = UNITS[row.text("test")]
        if row.text("unit") not in known:
            what = say("{0} is no unit of {1}; expected {2}", row.text("unit"), row.text("test"),
                       ", ".join(known))  # fmt: skip
            yield Broken(row, "unit", what)


@rule("MORE_THAN_PLANNED", "W")
def _planned(data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    for row in data.of_subject("rt_course", subject.subject):
        given, planned = row.whole("fractions_given"), row.whole("fractions_planned")
        if given is not None and planned is not None and given > planned:
            yield Broken(row, "fractions_given", say("more fractions given than planned"))


@rule("DOSE_SUM", "W")
def _dose_sum(data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    for row in data.of_subject("rt_course", subject.subject):
        given = row.number("dose_given_gy")
        doses = [one.number("gy") for one in fractions_of(data, row)]
        known = [dose for dose in doses if dose is not None]
        whole = given and known and len(known) == len(doses)
        if given and whole and abs(sum(known) - given) > DOSE_PART * given:
            what = say("the fractions add up to {0} Gy, and {1} Gy were given",
                       f"{sum(known):g}", f"{given:g}")  # fmt: skip
            yield Broken(row, "dose_given_gy", what)


@rule("FRACTION_SOURCES", "W")
def _fraction_sources(data: TrialData, subject: TrialRow) -> Iterator[Broken]:
    by_number: dict[tuple[int | None, int | None], list[TrialRow]] = {}
    for row in data.of_subject("rt_fractions", subject.subject):
        by_number.setdefault((row.whole("course"), row.whole("fraction")), []).append(row)
    for rows in by_number.values():
        if len({(row.day("date"), row.number("gy")) for row in rows}) > 1:
            crf = next((row for row in rows if row.text("source") == "CRF"), rows[-1])
            what = say("the form and the treatment record differ")
            yield Broken(crf, "date", what, say("The treatment record is used."))


def fractions_of(data: TrialData, course: TrialRow) -> tuple[TrialRow, ...]:
    """Return the fractions of a course in order: of each the treatment record before the form."""
    found: dict[int, TrialRow] = {}
    for row in data.of_subject("rt_fractions", course.subject):
        number = row.whole("fraction")
        if row.whole("course") != course.whole("course") or number is None:
            continue
        if number not in found or row.text("source") == "RTRECORD":
            found[number] = row
    return tuple(found[number] for number in sorted(found))
