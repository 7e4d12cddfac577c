"""The month of an office in figures: what waits for whom, how long cases took, who agrees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Any, Final

from sbrt_qa.audit.office_answers import GRADES, turnaround_sums, turnarounds_of, workload_of
from sbrt_qa.audit.reader_agreement import ReaderAgreement, agreement
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.audit.store.office_history import OfficeLife, office_lives
from sbrt_qa.audit.what_can_be_asked import Row
from sbrt_qa.audit.working_time import AT_REST
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.asking import demand
from sbrt_qa.office.roles import Right
from sbrt_qa.office.states import WITH_SITE, State

MOST_PAIRS: Final = 20
"""Pairs of readers that are compared for a page, those with most cases first."""

OFFICE_WORK: Final = {
    State.QUARANTINED.value: "quarantine", State.REVIEWED_BY_ENGINE.value: "assign",
    State.RECEIVED.value: "program", State.AUTOMATIC_REVIEW.value: "program",
    State.ADJUDICATION.value: "adjudicate",
}  # fmt: skip
"""What waits by state, where it is neither a reader nor a site that it waits for."""


@dataclass(frozen=True, slots=True)
class WaitingWork:
    """Submissions that wait for somebody.

    Parameters
    ----------
    kind
        ``assign``, ``quarantine``, ``program``, ``adjudicate``, ``reader`` or ``site``.
    who
        Code of the reader or site; empty for the others.
    overdue
        How many of them are past their due date.
    due
        The earliest due date; empty where none is set.
    """

    kind: str
    who: str
    number: int
    overdue: int
    due: str


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """One site: submissions by where they stand, and hours until a decision; None without one."""

    site: str
    submissions: int
    open: int
    with_site: int
    overdue: int
    decided: Mapping[str, int]
    median_net_hours: float | None


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """How far two readers agree on the grade, of cases that both have signed."""

    one: str
    other: str
    told: ReaderAgreement


@dataclass(frozen=True, slots=True)
class OfficeFigures:
    """All of it; `by_kind` and `readers` are rows of the answers of the same names."""

    states: Mapping[str, int]
    waiting: tuple[WaitingWork, ...]
    sites: tuple[SiteFigures, ...]
    by_kind: tuple[Row, ...]
    readers: tuple[Row, ...]
    pairs: tuple[PairAgreement, ...]


def office_figures(engine: Database, by: Acting, now: str) -> OfficeFigures:
    """Return the figures of an office as they are now.

    What readers of a blind round said counts once all of them have signed.

    Raises
    ------
    RightsError
        Who asks neither coordinates nor audits.
    """
    with reading(engine) as connection:
        demand(connection, by, Right.SEE_TRIAL_TRAIL)
    lives = list(office_lives(engine, held=False))
    rows = list(turnarounds_of(engine, lives, now))
    readers = tuple(workload_of(lives, now))
    return OfficeFigures(
        Counter(row["state"] for row in rows),
        tuple(_waiting(rows, readers, _of_readers(lives, rows))),
        tuple(_site(code, rows) for code in sorted({row["site"] for row in rows})),
        tuple(turnaround_sums(rows)),
        tuple(row for row in readers if row["readings"] or row["to_read"]),
        tuple(_pairs(lives)),
    )


def _of_readers(lives: Sequence[OfficeLife], rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return what each reader has to read and has not signed, unless it waits for the site."""
    found: dict[str, list[Row]] = {}
    for life, row in zip(lives, rows, strict=True):
        number = max((work.round for work in life.readings), default=1)
        done = {w.account for w in life.readings if w.signature and w.round == number}
        if row["state"] not in AT_REST and row["state"] not in WITH_SITE:
            for code in dict.fromkeys(life.holders):
                if code not in done:
                    found.setdefault(code, []).append(row)
    return found


def _waiting(
    rows: Sequence[Row], readers: Iterable[Row], held: Mapping[str, Sequence[Row]]
) -> Iterable[WaitingWork]:
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        state = row["state"]
        if state in WITH_SITE:
            groups.setdefault(("site", row["site"]), []).append(row)
        elif kind := OFFICE_WORK.get(state):
            groups.setdefault((kind, ""), []).append(row)
    for (kind, who), some in sorted(groups.items()):
        due = min((row["due"] for row in some if row["due"]), default="")
        yield WaitingWork(kind, who, len(some), sum(row["overdue"] for row in some), due)
    for row in readers:
        if mine := held.get(row["reader"]):
            due = min((one["due"] for one in mine if one["due"]), default="")
            late = sum(one["overdue"] for one in mine)
            yield WaitingWork("reader", row["reader"], len(mine), late, due)


def _site(code: str, every: Iterable[Row]) -> SiteFigures:
    rows = [row for row in every if row["site"] == code]
    hours = [row["net_hours"] for row in rows if row["state"] in GRADES]
    still = [row for row in rows if row["state"] not in AT_REST]
    return SiteFigures(
        code, len(rows), len(still), sum(row["state"] in WITH_SITE for row in still),
        sum(bool(row["overdue"]) for row in still),
        {grade: sum(row["state"] == grade for row in rows) for grade in GRADES},
        round(median(hours), 1) if hours else None,
    )  # fmt: skip


def _pairs(lives: Iterable[OfficeLife]) -> Iterable[PairAgreement]:
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for life in lives:
        last = max((one.round for one in life.readings), default=0)
        said: dict[str, Any] = {
            one.account: one.signature.content.get("grade", "")
            for one in life.readings
            if one.signature and one.part == "reader" and one.round == last
        }
        for one, other in combinations(sorted(said), 2):
            found.setdefault((one, other), []).append((str(said[one]), str(said[other])))
    most = sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:MOST_PAIRS]
    for (one, other), grades in most:
        told = agreement([a for a, _ in grades], [b for _, b in grades], GRADES)
        yield PairAgreement(one, other, told)
