"""Faults that are put into the written trial, and what must be found of each.

Each fault is one function that spoils the rows of a subject, registered with the number of its case
and what must be told of it; nothing else may be told. Courses of which nothing is wrong with the
data are in `planted_courses`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sbrt_qa.testing.outcomes.true_endpoints import anniversary
from sbrt_qa.testing.outcomes.written_trial import Row, Tables
from sbrt_qa.trial.data_rules import DATED

Times = dict[str, tuple[float, int]]
"""Days and code of endpoints that are other than without the fault."""

Spoil = Callable[[Tables, str], Times | None]
DAY: Final = dt.timedelta(1)


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """One fault, or one course that is told apart only with care.

    Parameters
    ----------
    case
        Number of the case, ``T1``.
    arm
        The arm of a subject that it is put into; empty for any.
    codes
        Problems that must be told, with how often; none where nothing is wrong with the data.
    endpoints
        Endpoints that are not evaluable because of it.
    rules
        Rules of entry and timeline whose verdict it changes, with the new one.
    blocks_subject
        Whether the subject is not analysed.
    alive
        Whether it needs a subject to whom nothing happens until the cut, before the last horizon.
    two_plans
        Whether the site sends a second version of the plan.
    shares
        Faults with the same word are put into one subject.
    """

    case: str
    what: str
    arm: str
    codes: tuple[tuple[str, int], ...]
    endpoints: tuple[str, ...]
    rules: tuple[tuple[str, str], ...]
    blocks_subject: bool
    alive: bool
    two_plans: bool
    shares: str
    spoil: Spoil


FAULTS: Final[list[PlantedFault]] = []


def plant(
    case: str, what: str, *codes: tuple[str, int], arm: str = "", endpoints: tuple[str, ...] = (),
    rules: tuple[tuple[str, str], ...] = (), blocks: bool = False, alive: bool = False,
    two_plans: bool = False, shares: str = "",
) -> Callable[[Spoil], Spoil]:  # fmt: skip
    """Register a fault."""

    def register(spoil: Spoil) -> Spoil:
        FAULTS.append(PlantedFault(
            case, what, arm, codes, endpoints, rules, blocks, alive, two_plans, shares, spoil
        ))  # fmt: skip
        return spoil

    return register


def rows_of(tables: Tables, table: str, subject: str) -> list[Row]:
    """Return the rows of a subject."""
    return [row for row in tables.get(table, []) if row.get("subject") == subject]


def one_row(tables: Tables, table: str, subject: str) -> Row:
    """Return the first row of a subject."""
    return rows_of(tables, table, subject)[0]


@plant("T1", "a day that is not in the calendar", ("DATE", 1), blocks=True)
def _no_such_day(tables: Tables, subject: str) -> None:
    one_row(tables, "subjects", subject)["randomised"] = "2022-02-30"


@plant("T2", "a day that could be two", ("DATE", 1), blocks=True)
def _two_days(tables: Tables, subject: str) -> None:
    one_row(tables, "subjects", subject)["randomised"] = "05/03/2022"


@plant("T6", "dead without a day", ("DEATH_DATE", 1), endpoints=("PFS12", "LRFS12", "OS36"))
def _dateless(tables: Tables, subject: str) -> None:
    row = one_row(tables, "status", subject)
    row.pop("death", None)
    row["alive"] = "N"


@plant("T9", "a scan after death", ("AFTER_DEATH", 1), alive=True)
def _after_death(tables: Tables, subject: str) -> Times:
    status = one_row(tables, "status", subject)
    last = dt.date.fromisoformat(status["last_contact"])
    status |= {"alive": "N", "death": str(last + DAY), "cause": "disease", "lost": "N"}
    tables["assessments"].append({
        "subject": subject, "scan": "90", "date": str(last + 20 * DAY), "modality": "CT",
        "covers": "liver;abdomen", "adequate": "Y", "result": "NED", "reader": "SITE",
    })  # fmt: skip
    return survival(tables, subject, last + DAY)


@plant("T10", "a day after the import", ("IN_THE_FUTURE", 1))
def _future(tables: Tables, subject: str) -> None:
    row = {"subject": subject, "no": "1", "start": "2099-01-01", "kind": "systemic"}
    tables["therapies"].append(row)


@plant("T20", "rows of one key that differ, and one that is the same",
       ("DUPLICATE_KEY", 2), ("REPEATED_ROW", 1), rules=(("EXC_SURG", "not_evaluable"),),
       arm="CONTROL")  # fmt: skip
def _doubles(tables: Tables, subject: str) -> None:
    surgery = one_row(tables, "surgery", subject)
    tables["surgery"].append({**surgery, "margin": "R2"})
    tables["baseline"].append(dict(one_row(tables, "baseline", subject)))


@plant("T22", "no arm", ("ARM_MISSING", 1))
def _no_arm(tables: Tables, subject: str) -> None:
    one_row(tables, "subjects", subject).pop("arm")


@plant("T24", "a control subject with fractions", ("CROSSOVER", 1), arm="CONTROL")
def _crossover(tables: Tables, subject: str) -> None:
    origin = origin_of(tables, subject)
    for number in range(1, 4):
        tables["rt_fractions"].append({
            "subject": subject, "course": "1", "fraction": str(number),
            "date": str(origin + (40 + 2 * number) * DAY), "gy": "10", "source": "CRF",
        })  # fmt: skip


@plant("T26", "strata that differ", ("STRATUM", 1))
def _strata(tables: Tables, subject: str) -> None:
    row = next(row for row in rows_of(tables, "strata", subject) if row["source"] == "CRF")
    row["level"] = "R1" if row["level"] == "R0" else "R0"


@plant("T7", "a recurrence before randomisation", ("PROGRESSION_BEFORE", 1),
       endpoints=("PFS12", "LRFS12"))  # fmt: skip
def _progressed(tables: Tables, subject: str) -> None:
    row = next(row for row in rows_of(tables, "assessments", subject) if row["scan"] == "0")
    row["result"] = "RECURRENCE"


@plant("T56", "grade 5 of a subject alive", ("GRADE_5", 1), shares="events")
def _grade_5(tables: Tables, subject: str) -> None:
    event_row(tables, subject, grade="5", outcome="FATAL")


@plant("T64", "an event that ends before it starts", ("ENDS_BEFORE", 1), shares="events")
def _ends(tables: Tables, subject: str) -> None:
    row = event_row(tables, subject)
    row["end"] = str(dt.date.fromisoformat(row["start"]) - 5 * DAY)


@plant("T66", "a laboratory value without its unit", ("REQUIRED", 1), shares="labs")
def _unit(tables: Tables, subject: str) -> None:
    origin = origin_of(tables, subject)
    tables["labs"].append({
        "subject": subject, "date": str(origin + 9 * DAY), "test": "BILI", "value": "1.2",
    })  # fmt: skip


@plant("T57", "a grade in words", ("UNMAPPED", 1), shares="events")
def _grade_words(tables: Tables, subject: str) -> None:
    event_row(tables, subject, grade="Grade III")


@plant("T57", "a grade with a point, told with the other words of its column", shares="events")
def _grade_point(tables: Tables, subject: str) -> None:
    event_row(tables, subject, grade="3.0")


@plant("T58", "grade 0, told with the other words of its column", shares="events")
def _grade_0(tables: Tables, subject: str) -> None:
    event_row(tables, subject, grade="0")


@plant("T68", "another version of CTCAE", ("UNMAPPED", 1), shares="events")
def _version(tables: Tables, subject: str) -> None:
    event_row(tables, subject, ctcae_version="4.0")


@plant("T4", "a last contact after the latest possible death", ("DEATH_CONTRADICTED", 1),
       endpoints=("PFS12", "LRFS12", "OS36"), alive=True)  # fmt: skip
def _contradicted(tables: Tables, subject: str) -> None:
    last = max(dt.date.fromisoformat(row["date"]) for row in rows_of(tables, "visits", subject))
    contact = (last.replace(day=1) + 32 * DAY).replace(day=2)
    one_row(tables, "status", subject).update(
        alive="N", death=f"UN-{last:%b}-{last:%Y}".upper(), cause="other", last_contact=str(contact)
    )


@plant("T19", "a scan after all consent was withdrawn", ("AFTER_WITHDRAWAL", 1), alive=True)
def _withdrawn(tables: Tables, subject: str) -> Times:
    origin = origin_of(tables, subject)
    first, second = scans_of(tables, subject)[:2]
    day = origin + 150 * DAY
    kept = dict(second)
    without_after(tables, subject, day)
    tables["assessments"].append(kept)
    one_row(tables, "status", subject).update(
        last_contact=str(day), withdrawn=str(day), withdrawal="consent_all"
    )
    seen = float((dt.date.fromisoformat(first["date"]) - origin).days)
    return {"PFS12": (seen, 4), "LRFS12": (seen, 4), "OS36": (150.0, 4)}


@plant("T21", "one subject under two spellings of its code", ("SUBJECT_SPELLING", 2), blocks=True)
def _two_spellings(tables: Tables, subject: str) -> None:
    tables["labs"].append({
        "subject": subject.lstrip("0"), "date": str(origin_of(tables, subject) + 9 * DAY),
        "test": "ALT", "value": "30", "unit": "U/L", "uln": "40",
    })  # fmt: skip


@plant("T23", "an arm in a word that is not mapped", ("UNMAPPED", 1), blocks=True)
def _arm_word(tables: Tables, subject: str) -> None:
    one_row(tables, "subjects", subject)["arm"] = "Arm A"


@plant("T37", "a number where a day belongs", ("DATE", 1))
def _serial(tables: Tables, subject: str) -> None:
    tables["therapies"].append({"subject": subject, "no": "1", "start": "46027", "kind": "other"})


def scans_of(tables: Tables, subject: str) -> list[Row]:
    """Return the scans after randomisation, by date."""
    rows = (row for row in rows_of(tables, "assessments", subject) if row["scan"] != "0")
    return sorted(rows, key=lambda row: row["date"])


def without_after(tables: Tables, subject: str, day: dt.date) -> None:
    """Take out the rows of a subject that happened after a day."""
    for table, column in DATED.items():
        tables[table] = [
            row for row in tables.get(table, [])
            if row["subject"] != subject or row.get(column, "") <= day.isoformat()
        ]  # fmt: skip
    left = {row["scan"] for row in rows_of(tables, "assessments", subject)}
    tables["recurrences"] = [
        row for row in tables["recurrences"] if row["subject"] != subject or row["scan"] in left
    ]


def survival(tables: Tables, subject: str, death: dt.date) -> Times:
    """Return overall survival with a death; nothing where it is beyond the horizon."""
    origin = origin_of(tables, subject)
    if death > anniversary(origin, 3):
        return {}
    return {"OS36": (float((death - origin).days), 0)}


def origin_of(tables: Tables, subject: str) -> dt.date:
    """Return the day of randomisation."""
    return dt.date.fromisoformat(one_row(tables, "subjects", subject)["randomised"])


def event_row(tables: Tables, subject: str, **cells: str) -> Row:
    """Add an adverse event, 20 days after randomisation where `cells` do not say; return it."""
    origin = origin_of(tables, subject)
    number = 90 + len(rows_of(tables, "adverse_events", subject))
    row = {
        "subject": subject, "ae": str(number), "term": "Fatigue", "soc": "General disorders",
        "ctcae_version": "5.0", "grade": "2", "start": str(origin + 20 * DAY),
        "rel_chemo": "possible", "rel_sbrt": "none", "rel_io": "none", "serious": "N",
        "outcome": "UNKNOWN", "baseline_grade": "0", **cells,
    }  # fmt: skip
    tables["adverse_events"].append(row)
    return row
