"""Fractions from RT treatment records (DICOM), which win over what a form says of them.

A record tells which fraction was given when, and how much of each beam. The dose of a fraction is
that of the prescription by the share of the monitor units that were delivered; where the course or
a beam does not say, the dose is missing. Dates of a de-identified record are moved: with the offset
of the crosswalk they are moved back, without it only the days between fractions are used, counted
from the first fraction that the form dates too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sbrt_qa.dicom.files.collect import FoundObject, collect
from sbrt_qa.dicom.read.rtrecord import in_time, read_session
from sbrt_qa.errors import DicomError
from sbrt_qa.i18n.phrase import say, stated
from sbrt_qa.model.delivery import BeamDelivered, Session
from sbrt_qa.trial.assemble import TextTable
from sbrt_qa.trial.problem import Problem

TABLE: Final = "rt_fractions"
SOURCE: Final = "RTRECORD"
COLUMNS: Final = ("subject", "course", "fraction", "date", "time", "gy", "source")
UNMOVED: Final = "UNMODIFIED"

Offsets = Callable[[str], int | None]
"""By how many days the dates of a subject were moved; None where nobody knows."""


@dataclass(frozen=True, slots=True)
class RecordedFraction:
    """One fraction of a subject, as its records tell it; `name` is that of the first."""

    subject: str
    number: int
    began: dt.datetime
    has_time: bool
    share: float | None
    moved: bool
    name: str


@dataclass(frozen=True, slots=True)
class TreatmentRecords:
    """The table of fractions from records, and the SHA-256 of their files."""

    table: TextTable
    files: Mapping[str, str]


def read_treatment_records(
    folder: Path, tables: Sequence[TextTable], offsets: Offsets
) -> TreatmentRecords:
    """Read the treatment records of a folder beside the tables of the data.

    Parameters
    ----------
    tables
        The data that came with them: their subjects, courses and forms.
    offsets
        The shift of a subject's dates, as the crosswalk has it.

    Raises
    ------
    DicomError
        There is no such folder.
    """
    problems: list[Problem] = []
    by_subject: dict[str, list[tuple[FoundObject, Session]]] = {}
    known = set(_cells(tables, "subjects", "subject"))
    found = collect([folder]).of("RTRECORD")
    for one in found:
        code = _subject_of(one, known)
        try:
            session = read_session(one.root)
        except DicomError as error:
            problems.append(_problem("RECORD_UNREADABLE", called(one), stated(error.what), code))
            continue
        if not code:
            what = say("a treatment record of nobody in the data; it is not taken")
            problems.append(_problem("RECORD_SUBJECT", called(one), what, ""))
            continue
        by_subject.setdefault(code, []).append((one, session))
    rows: list[Mapping[str, str]] = []
    for code, records in sorted(by_subject.items()):
        fractions = _fractions(code, records, problems)
        rows += _rows(code, fractions, tables, offsets(code), problems)
    table = TextTable(
        TABLE, SOURCE, COLUMNS, tuple(enumerate(rows, 1)), "", tuple(problems)
    )  # fmt: skip
    return TreatmentRecords(table, {called(one): one.source.sha256 for one in found})


def called(one: FoundObject) -> str:
    """Return what a record is called: by its hash, for the name of a file may tell who it is of."""
    return f"{SOURCE} {one.source.sha256[:12]}"


def _problem(code: str, file: str, what: str, subject: str, level: str = "W") -> Problem:
    advice = say("Ask the site for records with the subject code and the number of the fraction.")
    return Problem(code, level, what, advice, file, 0, "", TABLE, "", subject)  # type: ignore[arg-type]


def _subject_of(one: FoundObject, known: set[str]) -> str:
    """Return the code of a record's subject; empty for somebody who is not in the data."""
    told = (one.root.text("ClinicalTrialSubjectID").strip(), one.root.text("PatientID").strip())
    return next((code for code in told if code in known), "")


def _cells(tables: Sequence[TextTable], table: str, column: str) -> Iterable[str]:
    return (
        cells.get(column, "").strip()
        for one in tables if one.table == table for _, cells in one.rows
    )  # fmt: skip


def _fractions(
    code: str, records: Sequence[tuple[FoundObject, Session]], problems: list[Problem]
) -> list[RecordedFraction]:
    """Return the fractions of a subject: sessions of one number are one fraction."""
    by_number: dict[int, list[tuple[FoundObject, Session]]] = {}
    objects = {session.name: (one, session) for one, session in records}
    for session in in_time([session for _, session in records]):
        one = objects[session.name][0]
        numbers = {beam.fraction for beam in _given(session)} - {None}
        if session.began is None or len(numbers) != 1:
            what = say("a treatment record without a day, or without one number of a fraction")
            problems.append(_problem("RECORD_UNCLEAR", called(one), what, code))
            continue
        number = next(n for n in numbers if n is not None)
        by_number.setdefault(number, []).append((one, session))
    found = []
    for number, parts in sorted(by_number.items()):
        (one, session), beams = parts[0], [b for _, s in parts for b in _given(s)]
        assert session.began is not None  # noqa: S101 - looked at above
        time = session.began.time
        began = dt.datetime.combine(session.began.date, time or dt.time())
        found.append(
            RecordedFraction(
                code, number, began, time is not None, _share(beams), _is_moved(one), called(one)
            )
        )
    return found


def _given(session: Session) -> list[BeamDelivered]:
    return [beam for beam in session.beams if not beam.is_setup]


def _share(beams: Sequence[BeamDelivered]) -> float | None:
    """Return delivered by specified monitor units; a beam that is continued is specified once."""
    specified: dict[int | None, float] = {}
    delivered = 0.0
    for beam in beams:
        if beam.meterset_specified is None or beam.meterset_delivered is None:
            return None
        number = beam.beam_number
        specified[number] = max(specified.get(number, 0.0), beam.meterset_specified)
        delivered += beam.meterset_delivered
    total = sum(specified.values())
    return delivered / total if total > 0 else None


def _is_moved(one: FoundObject) -> bool:
    """Tell whether dates may be moved: said so, or de-identified without saying they are not."""
    told = one.root.code("LongitudinalTemporalInformationModified")
    removed = one.root.code("PatientIdentityRemoved") == "YES"
    return told == "MODIFIED" or (removed and told != UNMOVED)


def _rows(
    code: str,
    fractions: Sequence[RecordedFraction],
    tables: Sequence[TextTable],
    offset: int | None,
    problems: list[Problem],
) -> list[Mapping[str, str]]:
    back = dt.timedelta(0)
    if any(one.moved for one in fractions):
        by_form = None if offset is None else dt.timedelta(-offset)
        move = by_form if by_form is not None else _by_form(code, fractions, tables)
        name = fractions[0].name
        if move is None:
            what = say("the dates of the treatment records are shifted, and nothing says by how "
                       "much: they are not taken")  # fmt: skip
            problems.append(_problem("RECORD_SHIFTED", name, what, code))
            return []
        if offset is None:
            what = say("the dates of the treatment records are shifted: only the days between "
                       "fractions are used, counted from the form")  # fmt: skip
            problems.append(_problem("RECORD_SHIFTED", name, what, code, "I"))
        back = move
    dose = _planned_gy(code, tables)
    rows: list[Mapping[str, str]] = []
    for one in fractions:
        began = one.began + back if one.moved else one.began
        gy = "" if dose is None or one.share is None else f"{dose * one.share:.6g}"
        rows.append({
            "subject": code, "course": "1", "fraction": str(one.number),
            "date": began.date().isoformat(), "gy": gy, "source": SOURCE,
            "time": f"{began:%H:%M}" if one.has_time else "",
        })  # fmt: skip
    return rows


def _by_form(
    code: str, fractions: Sequence[RecordedFraction], tables: Sequence[TextTable]
) -> dt.timedelta | None:
    """Return how far records lie off the form at the first fraction that both have."""
    forms: dict[int, dt.date] = {}
    for one in tables:
        for _, cells in one.rows if one.table == TABLE else ():
            if cells.get("subject", "").strip() != code or cells.get("source") == SOURCE:
                continue
            try:
                number, day = int(cells.get("fraction", "")), cells.get("date", "").strip()
                forms[number] = dt.date.fromisoformat(day)
            except ValueError:
                continue  # told as a problem of the form itself
    for fraction in fractions:
        if fraction.number in forms:
            return forms[fraction.number] - fraction.began.date()
    return None


def _planned_gy(code: str, tables: Sequence[TextTable]) -> float | None:
    """Return the dose of a fraction of the first course, as the data plan it."""
    for one in tables:
        for _, cells in one.rows if one.table == "rt_course" else ():
            if cells.get("subject", "").strip() == code and cells.get("course", "").strip() == "1":
                try:
                    return float(cells["rx_gy"]) / int(cells["fractions_planned"])
                except (KeyError, ValueError, ZeroDivisionError):
                    return None
    return None
