"""Holding the rows of a trial's data against each other: what stays, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.trial.assemble import Assembled
from sbrt_qa.trial.data_rules import RULES, Broken, DataRule
from sbrt_qa.trial.problem import Level, Problem, in_order
from sbrt_qa.trial.trial_data import TrialData, TrialRow, trial_data

BEYOND: Final = ("AFTER_DEATH", "AFTER_WITHDRAWAL")
"""Rows that these keep out say nothing of what happened before."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The data of an import: rows that are analysed, and all problems.

    `blocked_subjects` were there and are not analysed; `kept_out` tells by subject the tables of
    which a row could not be used.
    """

    data: TrialData
    problems: tuple[Problem, ...]
    blocked_subjects: tuple[str, ...] = ()
    kept_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def errors(self) -> int:
        """The number of problems that keep something out."""
        return sum(one.level == "E" for one in self.problems)


def validate(read: Assembled) -> Imported:
    """Return what can be analysed of rows that were read, and all that is wrong."""
    problems = list(read.problems)
    rows, blocked = list(read.rows), set(read.blocked_subjects)
    _spellings(rows, problems, blocked)
    rows = [row for row in rows if row.subject not in blocked or not row.subject]
    data = trial_data(rows)
    rows = _without_orphans(data, problems)
    data = trial_data(rows)
    out: set[tuple[str, tuple[str, ...]]] = set()
    lost = set(read.kept_out)
    sites = {row.subject: row.text("site") for row in data.of("subjects")}
    for subject in data.of("subjects"):
        for rule, broken in _broken(data, subject):
            problems.append(_problem(rule, broken, sites))
            if rule.blocks and broken.row.table == "subjects":
                blocked.add(subject.subject)
            elif rule.blocks:
                out.add((broken.row.table, broken.row.key))
                if rule.code not in BEYOND:
                    lost.add((subject.subject, broken.row.table))
    kept = (
        row for row in rows
        if (row.table, row.key) not in out and (not row.subject or row.subject not in blocked)
    )  # fmt: skip
    placed = in_order(_placed(problems, sites))
    return Imported(trial_data(kept), placed, tuple(sorted(blocked)), _by_subject(lost))


def _by_subject(lost: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for subject, table in sorted(lost):
        found[subject] = (*found.get(subject, ()), table)
    return found


def _broken(data: TrialData, subject: TrialRow) -> Iterator[tuple[DataRule, Broken]]:
    for rule in RULES:
        for broken in rule.find(data, subject):
            yield rule, broken


def _problem(rule: DataRule, broken: Broken, sites: dict[str, str]) -> Problem:
    row = broken.row
    return Problem(
        rule.code, rule.level, broken.message, broken.advice, row.file, row.line, broken.column,
        row.table, sites.get(row.subject, ""), row.subject, rule.blocks,
    )  # fmt: skip


def _placed(problems: Iterable[Problem], sites: dict[str, str]) -> Iterator[Problem]:
    """Say of each problem whom to ask, where its subject tells."""
    for one in problems:
        if one.subject and not one.site and one.subject in sites:
            yield Problem(
                one.code, one.level, one.message, one.advice, one.file, one.row, one.column,
                one.table, sites[one.subject], one.subject, one.blocks,
            )  # fmt: skip
        else:
            yield one


def _spellings(rows: Sequence[TrialRow], problems: list[Problem], blocked: set[str]) -> None:
    """Find codes that may be one subject: ``001`` and ``1``. They are never merged."""
    spelled: dict[str, dict[str, TrialRow]] = {}
    for row in rows:
        if row.subject:
            plain = row.subject.casefold().lstrip("0") or "0"
            spelled.setdefault(plain, {}).setdefault(row.subject, row)
    for codes in spelled.values():
        if len(codes) < 2:
            continue
        shown = ", ".join(sorted(codes))
        blocked.update(codes)
        for code, row in codes.items():
            what = say("codes that may be one subject: {0}", shown)
            advice = say("Write the code the same everywhere; nothing is merged.")
            problems.append(_at(row, "SUBJECT_SPELLING", "E", what, advice, code))


def _at(row: TrialRow, code: str, level: Level, what: str, advice: str, subject: str) -> Problem:
    return Problem(
        code, level, what, advice, row.file, row.line, "subject", row.table, "", subject,
        blocks=True,
    )  # fmt: skip


def _without_orphans(data: TrialData, problems: list[Problem]) -> list[TrialRow]:
    """Return rows whose subject, and whose site, there is."""
    subjects = set(data.subjects)
    sites = {row.text("site") for row in data.of("sites")}
    kept = []
    for rows in data.rows.values():
        for row in rows:
            if row.subject and row.subject not in subjects:
                what = say("there is no subject {0}", row.subject)
                problems.append(_at(row, "ORPHAN", "E", what, "", row.subject))
                continue
            if row.table == "subjects" and sites and row.text("site") not in sites:
                what = say("there is no site {0}", row.text("site"))
                problems.append(_at(row, "ORPHAN_SITE", "W", what, "", row.subject))
            kept.append(row)
    return kept
