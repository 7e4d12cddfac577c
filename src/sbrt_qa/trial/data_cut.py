"""The data of a trial as they were known on a day: what came later does not count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sbrt_qa.trial.data_rules import DATED, fractions_of, randomised_on
from sbrt_qa.trial.partial_dates import PartialDate
from sbrt_qa.trial.problem import Problem
from sbrt_qa.trial.trial_data import TrialData, TrialRow, trial_data
from sbrt_qa.trial.validate import Imported


@dataclass(frozen=True)
class DataCut:
    """The data up to a day.

    Parameters
    ----------
    data
        Rows that begin after `cut` are left out already; see :func:`data_cut`.
    problems
        What was wrong with the import.
    blocked_subjects
        Subjects that were there and are not analysed.
    kept_out
        By subject the tables of which a row that could not be used was kept out.
    """

    data: TrialData
    cut: dt.date
    problems: tuple[Problem, ...] = ()
    blocked_subjects: tuple[str, ...] = ()
    kept_out: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def codes_of(self) -> dict[str, frozenset[str]]:
        """By subject the codes of the problems it has."""
        found: dict[str, set[str]] = {}
        for one in self.problems:
            if one.subject:
                found.setdefault(one.subject, set()).add(one.code)
        return {subject: frozenset(codes) for subject, codes in found.items()}

    @cached_property
    def randomised(self) -> tuple[TrialRow, ...]:
        """The rows of all subjects that were randomised by the cut."""
        return tuple(
            row for row in self.data.of("subjects")
            if (day := randomised_on(row)) is not None and day <= self.cut
        )  # fmt: skip

    def death(self, subject: str) -> PartialDate | None:
        """Return the days on which a subject may have died, by the cut."""
        status = self.data.one("status", subject)
        days = status.days("death") if status else None
        return days if days and days.first <= self.cut else None

    def last_alive(self, subject: str) -> dt.date | None:
        """Return the last day on which a subject was known to be alive, by the cut."""
        status = self.data.one("status", subject)
        days = [status.days("last_contact") if status else None]
        days += [
            row.days("date") for row in self.data.of_subject("visits", subject)
            if row.yes("done") and row.yes("alive")
        ]  # fmt: skip
        days += [row.days("date") for row in self.data.of_subject("assessments", subject)]
        known = [min(one.first, self.cut) for one in days if one]
        death = self.death(subject)
        if death is not None:
            known = [day for day in known if day <= death.last]
        return max(known, default=None)

    def course(self, subject: str) -> TrialRow | None:
        """Return the first course of radiotherapy of a subject."""
        return next(iter(self.data.of_subject("rt_course", subject)), None)

    def fractions(self, subject: str) -> tuple[TrialRow, ...]:
        """Return the fractions of its first course, of each the treatment record before the form.

        Fractions without a course are those of course 1.
        """
        course = self.course(subject)
        if course is None:
            rows = self.data.of_subject("rt_fractions", subject)
            if not rows:
                return ()
            course = TrialRow("rt_course", {"subject": subject, "course": 1})
        return fractions_of(self.data, course)


def data_cut(imported: Imported, cut: dt.date) -> DataCut:
    """Return the data as known on a day: rows that begin after it are left out."""
    kept = [
        row for table, rows in imported.data.rows.items() for row in rows
        if not _is_later(row, DATED.get(table, ""), cut)
    ]  # fmt: skip
    return DataCut(
        trial_data(kept), cut, imported.problems, imported.blocked_subjects,
        {subject: frozenset(tables) for subject, tables in imported.kept_out.items()},
    )  # fmt: skip


def _is_later(row: TrialRow, column: str, cut: dt.date) -> bool:
    days = row.days(column) if column else None
    return days is not None and days.first > cut
