"""Faults that are put into the written trial, and what must be found of each.

Each fault is one function that spoils the rows of one subject, registered with the number of its
case and the problems that must be told of it; nothing else may be told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sbrt_qa.testing.outcomes.written_trial import Row, Tables

Spoil = Callable[[Tables, str], None]
DAY: Final = dt.timedelta(1)


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """One fault.

    Parameters
    ----------
    case
        Number of the case, ``T1``.
    arm
        The arm of a subject that it is put into; empty for any.
    codes
        Problems that must be told, with how often.
    endpoints
        Endpoints that are not evaluable because of it.
    """

    case: str
    what: str
    arm: str
    codes: tuple[tuple[str, int], ...]
    endpoints: tuple[str, ...]
    blocks_subject: bool
    spoil: Spoil
    two_plans: bool = False


FAULTS: Final[list[PlantedFault]] = []


def plant(
    case: str, what: str, *codes: tuple[str, int], arm: str = "", endpoints: tuple[str, ...] = (),
    blocks: bool = False,
) -> Callable[[Spoil], Spoil]:  # fmt: skip
    """Register a fault."""

    def register(spoil: Spoil) -> Spoil:
        FAULTS.append(PlantedFault(case, what, arm, codes, endpoints, blocks, spoil))
        return spoil

    return register


def rows_of(tables: Tables, table: str, subject: str) -> list[Row]:
    """Return the rows of a subject."""
    return [row for row in tables.get(table, []) if row.get("subject") == subject]


def _one(tables: Tables, table: str, subject: str) -> Row:
    return rows_of(tables, table, subject)[0]


@plant("T1", "a day that is not in the calendar", ("DATE", 1), blocks=True)
def _no_such_day(tables: Tables, subject: str) -> None:
    _one(tables, "subjects", subject)["randomised"] = "2022-02-30"


@plant("T2", "a day that could be two", ("DATE", 1), blocks=True)
def _two_days(tables: Tables, subject: str) -> None:
    _one(tables, "subjects", subject)["randomised"] = "05/03/2022"


@plant("T6", "dead without a day", ("DEATH_DATE", 1), endpoints=("PFS12", "LRFS12", "OS36"))
def _dateless(tables: Tables, subject: str) -> None:
    row = _one(tables, "status", subject)
    row.pop("death", None)
    row["alive"] = "N"


@plant("T9", "a scan after death", ("AFTER_DEATH", 1))
def _after_death(tables: Tables, subject: str) -> None:
    status = _one(tables, "status", subject)
    last = dt.date.fromisoformat(status["last_contact"])
    status |= {"alive": "N", "death": str(last + DAY), "cause": "disease", "lost": "N"}
    tables["assessments"].append({
        "subject": subject, "scan": "90", "date": str(last + 20 * DAY), "modality": "CT",
        "covers": "liver;abdomen", "adequate": "Y", "result": "NED", "reader": "SITE",
    })  # fmt: skip


@plant("T10", "a day after the import", ("IN_THE_FUTURE", 1))
def _future(tables: Tables, subject: str) -> None:
    tables["therapies"] = [
        *tables.get("therapies", []),
        {"subject": subject, "no": "1", "start": "2099-01-01", "kind": "systemic"},
    ]


@plant("T20", "rows of one key that differ, and one that is the same",
       ("DUPLICATE_KEY", 2), ("REPEATED_ROW", 1))  # fmt: skip
def _doubles(tables: Tables, subject: str) -> None:
    surgery = _one(tables, "surgery", subject)
    tables["surgery"].append({**surgery, "margin": "R2"})
    tables["baseline"].append(dict(_one(tables, "baseline", subject)))


@plant("T22", "no arm", ("ARM_MISSING", 1))
def _no_arm(tables: Tables, subject: str) -> None:
    _one(tables, "subjects", subject).pop("arm")


@plant("T24", "a control subject with fractions", ("CROSSOVER", 1), arm="CONTROL")
def _crossover(tables: Tables, subject: str) -> None:
    origin = dt.date.fromisoformat(_one(tables, "subjects", subject)["randomised"])
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


@plant("T56", "grade 5 of a subject alive", ("GRADE_5", 1))
def _grade_5(tables: Tables, subject: str) -> None:
    _event(tables, subject, grade="5", outcome="FATAL")


@plant("T64", "an event that ends before it starts", ("ENDS_BEFORE", 1))
def _ends(tables: Tables, subject: str) -> None:
    row = _event(tables, subject)
    row["end"] = str(dt.date.fromisoformat(row["start"]) - 5 * DAY)


@plant("T66", "a laboratory value without its unit", ("REQUIRED", 1))
def _unit(tables: Tables, subject: str) -> None:
    origin = dt.date.fromisoformat(_one(tables, "subjects", subject)["randomised"])
    tables["labs"].append({
        "subject": subject, "date": str(origin + 9 * DAY), "test": "BILI", "value": "1.2",
    })  # fmt: skip


@plant("T57", "a grade in words", ("UNMAPPED", 1))
def _grade_words(tables: Tables, subject: str) -> None:
    _event(tables, subject, grade="Grade III")


@plant("T27", "a plan that is not in the audit", arm="SBRT")
def _no_plan(tables: Tables, subject: str) -> None:
    _one(tables, "rt_course", subject)["submission"] = "Z99/999/v7"


@plant("T71", "stopped after 3 of 5 fractions", arm="SBRT")
def _stopped(tables: Tables, subject: str) -> None:
    tables["rt_fractions"] = [
        row for row in tables["rt_fractions"]
        if row["subject"] != subject or int(row["fraction"]) <= 3
    ]  # fmt: skip
    _one(tables, "rt_course", subject).update(
        fractions_given="3", dose_given_gy="30", completed="N", stop_reason="toxicity"
    )


@plant("T72", "fractions 12 hours apart", arm="SBRT")
def _twice_a_day(tables: Tables, subject: str) -> None:
    first, second = rows_of(tables, "rt_fractions", subject)[:2]
    second.update(date=first["date"], time="22:30")


def _event(tables: Tables, subject: str, **cells: str) -> Row:
    origin = dt.date.fromisoformat(_one(tables, "subjects", subject)["randomised"])
    row = {
        "subject": subject, "ae": "90", "term": "Fatigue", "soc": "General disorders",
        "ctcae_version": "5.0", "grade": "2", "start": str(origin + 20 * DAY),
        "rel_chemo": "possible", "rel_sbrt": "none", "rel_io": "none", "serious": "N",
        "outcome": "UNKNOWN", **cells,
    }  # fmt: skip
    tables["adverse_events"].append(row)
    return row
