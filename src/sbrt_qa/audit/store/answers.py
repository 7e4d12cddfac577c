"""What the store answers: submissions, values, deviations, by the newest review of each plan."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.answer_rows import (
    OF_SITE,
    OPEN,
    REVIEWED,
    DeviationRow,
    SubmissionRow,
    ValueRow,
)
from sbrt_qa.audit.store.connection import Database, InByteOrder, reading
from sbrt_qa.audit.store.decided import OF_CONTOUR, RANKS, UNDECIDED, decisions_in
from sbrt_qa.audit.store.likeness import cross_findings
from sbrt_qa.audit.store.records import submission_code
from sbrt_qa.audit.store.review_choice import current_reviews
from sbrt_qa.review.handling import KIND as HANDLING
from sbrt_qa.review.handling import is_handling
from sbrt_qa.review.unreviewed import NOT_REVIEWED

__all__ = [
    "DECIDING", "OF_SITE", "OPEN", "RANKS", "REVIEWED", "DeviationRow", "SubmissionRow", "ValueRow",
    "current_reviews",
]  # fmt: skip

CONTOUR = "contour"
"""Kind of a deviation that only readers see."""

BATCH = 2000
"""Rows fetched at a time."""

DECIDING = ("minor", "major", "not_evaluable")
"""Verdicts that are not per protocol."""


def submissions(engine: Database, protocol: str = "") -> Iterator[SubmissionRow]:
    """Return every submission in order of site, subject and version, streamed."""
    review = current_reviews(protocol).subquery("current")
    s, per_submission, per_check = t.submissions, _sums(review), _checks(review)
    query = (
        sa.select(
            s,
            *_codes(),
            *_contents(),
            per_submission.c.rank,
            per_submission.c.read,
            per_submission.c.borderline,
            *_deciding(per_submission, per_check),
            _notices(review),
        )
        .select_from(
            _places()
            .outerjoin(per_submission, per_submission.c.submission_id == s.c.id)
            .outerjoin(per_check, per_check.c.submission_id == s.c.id)
        )
        .order_by(*in_order(), s.c.version, s.c.revision)
    )
    verdicts = {number: name for name, number in RANKS.items()}
    with reading(engine) as connection:
        newest, across = newest_submissions(connection), cross_findings(connection)
        decided = decisions_in(connection, protocol)
        for row in connection.execution_options(yield_per=BATCH).execute(query):
            told = [str(one.verdict) for one in across.get(row.id, ())]
            rank: int | None = max(
                [RANKS[name] for name in told] + ([] if row.rank is None else [row.rank]),
                default=None,
            )
            made = decided.get(row.id)
            yield SubmissionRow(
                row.id, row.trial, row.site, row.subject, row.version, row.revision,
                row.received, row.recorded, row.RTPLAN, row.RTSTRUCT, row.RTDOSE, row.CT,
                "not_evaluable" if rank is None else verdicts[rank],
                int(row.minor) + told.count("minor"), int(row.major) + told.count("major"),
                int(row.not_evaluable), int(row.borderline or 0), row.notices + len(told),
                row.id in newest,
                OPEN if row.rank is None else REVIEWED if row.read else OF_SITE,
                UNDECIDED if made is None else made.told(made.verdict(told)),
            )  # fmt: skip


def segmentations(engine: Database) -> dict[int, int]:
    """Return how many segmentations (DICOM SEG) submissions have, by id; none where it has none."""
    f = t.files.c
    query = sa.select(f.submission_id, sa.func.count()).where(f.modality == "SEG")
    with reading(engine) as connection:
        rows = connection.execute(query.group_by(f.submission_id))
        return {int(key): int(number) for key, number in rows}


def _contents() -> Iterator[sa.Label[int]]:
    """Count the parts of a submission: as it was recorded, or as a later attempt read it."""
    s, f = t.submissions.c, t.files.c
    counted = {"RTPLAN": s.plans, "RTSTRUCT": s.structure_sets, "RTDOSE": s.doses, "CT": s.images}
    nothing = sa.and_(*(number == 0 for number in counted.values()))
    for modality, number in counted.items():
        later = sa.select(sa.func.count()).where(f.submission_id == s.id, f.modality == modality)
        yield sa.case((nothing, later.scalar_subquery()), else_=number).label(modality)


def _deciding(limits: sa.Subquery, checks: sa.Subquery) -> Iterator[sa.Label[int]]:
    """Add up the limits and checks of each verdict that is not per protocol."""
    for name in DECIDING:
        both = (sa.func.coalesce(counted.c[name], 0) for counted in (limits, checks))
        yield sum(both, start=sa.literal(0)).label(name)


def _number(condition: sa.ColumnElement[bool]) -> sa.Label[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0).label(None)


def _checks(review: sa.Subquery) -> sa.Subquery:
    """Return numbers of checks by submission and verdict, each check by the worst it found."""
    f = t.findings.c
    told = sa.or_(of_submission(), f.review_id.in_(sa.select(review.c.id)))
    worst = (
        sa.select(f.submission_id, sa.func.max(sa.case(RANKS, value=f.verdict)).label("rank"))
        .where(f.verdict.is_not(None), told)
        .group_by(f.submission_id, f.review_id, f.code)
        .subquery("worst")
    )
    submission, rank = worst.c.submission_id, worst.c.rank
    numbers = (_number(rank == RANKS[name]).label(name) for name in DECIDING)
    return sa.select(submission, *numbers).group_by(submission).subquery("checks")


def _sums(review: sa.Subquery) -> sa.Subquery:
    """Return worst verdict and numbers of limits by submission."""
    v, c = t.metric_values.c, t.cases
    per_review = (
        sa.select(
            v.review_id,
            *(_number(sa.and_(v.verdict == name, v.counts)).label(name) for name in DECIDING),
            _number(sa.and_(v.borderline, v.counts)).label("borderline"),
        )
        .group_by(v.review_id)
        .subquery("limits")
    )
    rank = sa.case(RANKS, value=review.c.verdict, else_=RANKS["not_evaluable"])
    return (
        sa.select(
            c.c.submission_id,
            sa.func.max(rank).label("rank"),
            _number(sa.or_(review.c.facts != "", review.c.source_id.is_not(None))).label("read"),
            *(
                sa.func.coalesce(sa.func.sum(per_review.c[name]), 0).label(name)
                for name in (*DECIDING, "borderline")
            ),
        )
        .select_from(
            c.join(review, review.c.case_id == c.c.id).outerjoin(
                per_review, per_review.c.review_id == review.c.id
            )
        )
        .group_by(c.c.submission_id)
        .subquery("sums")
    )


def _notices(review: sa.Subquery) -> sa.Label[int]:
    """Count findings of a submission, those of older reviews left out."""
    f = t.findings.c
    here = sa.or_(of_submission(), f.review_id.in_(sa.select(review.c.id)))
    count = sa.select(sa.func.count()).where(f.submission_id == t.submissions.c.id, here)
    return count.scalar_subquery().label("notices")


def of_submission() -> sa.ColumnElement[bool]:
    """Tell findings of a submission as a whole.

    That its review broke off is one, the last time counts, until one came to its end.
    """
    f, of_cases = t.findings.c, sa.select(t.cases.c.submission_id)
    last = (
        sa.select(sa.func.max(f.id))
        .where(f.review_id.is_(None), f.code == NOT_REVIEWED)
        .group_by(f.submission_id)
    )
    open_loss = sa.and_(f.submission_id.not_in(of_cases), f.id.in_(last))
    return sa.and_(f.review_id.is_(None), sa.or_(f.code != NOT_REVIEWED, open_loss))


def _places() -> sa.Join:
    """Return submissions joined with what they belong to."""
    s, b, i, r = t.submissions, t.subjects, t.sites, t.trials
    joined = s.join(b, s.c.subject_id == b.c.id).join(i, b.c.site_id == i.c.id)
    return joined.join(r, i.c.trial_id == r.c.id)


def in_order() -> tuple[InByteOrder, InByteOrder]:
    """Return what rows are ordered by first: codes of site and subject, alike in every database."""
    return InByteOrder(t.sites.c.code), InByteOrder(t.subjects.c.code)


def _codes() -> tuple[sa.Label[str], ...]:
    codes = {"trial": t.trials, "site": t.sites, "subject": t.subjects}
    return tuple(table.c.code.label(name) for name, table in codes.items())


def newest_submissions(connection: Connection) -> set[int]:
    """Return the submissions that are the last of their subject."""
    s = t.submissions.c
    rows = connection.execute(
        sa.select(s.id, s.subject_id).order_by(s.subject_id, s.version, s.revision)
    )
    return set({subject: submission for submission, subject in rows}.values())


def values(engine: Database, protocol: str = "", submission: int = 0) -> Iterator[ValueRow]:
    """Return every limit's result, of one submission or of all, streamed."""
    review = current_reviews(protocol).subquery("current")
    v, s, c, p = t.metric_values, t.submissions, t.cases, t.protocol_versions
    query = (
        sa.select(
            v,
            *_codes(),
            s.c.id.label("of"),
            s.c.version,
            s.c.revision,
            s.c.received,
            c.c.ordinal,
            p.c.version.label("rules"),
            p.c.code.label("rules_code"),
        )
        .select_from(
            _places()
            .join(c, c.c.submission_id == s.c.id)
            .join(review, review.c.case_id == c.c.id)
            .join(p, p.c.id == review.c.protocol_version_id)
            .join(v, v.c.review_id == review.c.id)
        )
        .order_by(*in_order(), s.c.version, s.c.revision, v.c.id)
    )
    if submission:
        query = query.where(s.c.id == submission)
    with reading(engine) as connection:
        newest, decided = newest_submissions(connection), decisions_in(connection, protocol)
        for row in connection.execution_options(yield_per=BATCH).execute(query):
            made = decided.get(row.of)
            yield ValueRow(
                submission_code(row.site, row.subject, row.version, row.revision),
                row.site, row.subject, row.version, row.revision, row.received, row.of in newest,
                row.ordinal, row.limit_id.partition("#")[0], row.structure, row.metric, row.op,
                row.value, row.unit,
                row.reason, row.per_protocol_limit, row.minor_limit, row.margin, row.verdict,
                row.borderline, row.priority, row.counts, f"{row.rules_code} {row.rules}",
                UNDECIDED if made is None else made.of_item(f"limit:{row.ordinal}:{row.limit_id}"),
            )  # fmt: skip


def deviations(engine: Database, protocol: str = "", submission: int = 0) -> Iterator[DeviationRow]:
    """Return limits that are not met and count, and every finding, submission by submission.

    A limit that the program finds met and a decision does not is one; so is a contour that was
    decided to be no better than an acceptable variation.
    """
    every = (
        _limits(engine, protocol, submission),
        _findings(engine, protocol, submission),
        _across(engine, protocol, submission),
        _contours(engine, protocol, submission),
    )
    return heapq.merge(*every, key=lambda r: (r.site, r.subject, r.version, r.revision))


def _limits(engine: Database, protocol: str, submission: int) -> Iterator[DeviationRow]:
    for one in values(engine, protocol, submission):
        if one.counts and {one.verdict, one.used_verdict} != {"per_protocol"}:
            unit = "" if one.unit in ("1", "bool") else f" {one.unit}"
            got = one.reason if one.value is None else f"{one.value:.6g}{unit}"
            text = f"{one.structure} {one.metric} {got}; limit {one.op} {one.per_protocol_limit:g}"
            yield DeviationRow(
                one.code, one.site, one.subject, one.version, one.revision, one.received,
                one.latest, one.plan, "limit", one.limit, one.verdict, one.structure, text,
                one.decided,
            )  # fmt: skip


def _findings(engine: Database, protocol: str, submission: int) -> Iterator[DeviationRow]:
    review = current_reviews(protocol).subquery("current")
    f, s, c = t.findings, t.submissions, t.cases
    query = (
        sa.select(
            f, *_codes(), s.c.id.label("of"), s.c.version, s.c.revision, s.c.received, c.c.ordinal
        )
        .select_from(
            _places()
            .join(f, f.c.submission_id == s.c.id)
            .outerjoin(review, review.c.id == f.c.review_id)
            .outerjoin(c, c.c.id == review.c.case_id)
        )
        .where(sa.or_(of_submission(), review.c.id.is_not(None)))
        .order_by(*in_order(), s.c.version, s.c.revision, f.c.id)
    )
    if submission:
        query = query.where(s.c.id == submission)
    with reading(engine) as connection:
        newest, decided = newest_submissions(connection), decisions_in(connection, protocol)
        seen = Counter[tuple[int, int, str]]()
        for row in connection.execution_options(yield_per=BATCH).execute(query):
            plan, made = row.ordinal or 0, decided.get(row.of)
            seen[row.of, plan, row.code] += 1
            key = f"finding:{plan}:{row.code}:{seen[row.of, plan, row.code]}"
            yield DeviationRow(
                submission_code(row.site, row.subject, row.version, row.revision),
                row.site, row.subject, row.version, row.revision, row.received, row.of in newest,
                plan,
                HANDLING if is_handling(row.code) else "finding", row.code,
                row.verdict or "", row.place, row.message,
                UNDECIDED if made is None else made.of_item(key),
            )  # fmt: skip


def _across(engine: Database, protocol: str, submission: int) -> Iterator[DeviationRow]:
    """Return what is told of submissions because of others; no decision is about that."""
    with reading(engine) as connection:
        across, decided = cross_findings(connection), decisions_in(connection, protocol)
        for row, whose in _each(connection, submission):
            made = decided.get(row.id)
            for one in across.get(row.id, ()):
                yield DeviationRow(
                    *whose, 0, "finding", one.code, str(one.verdict), one.where, one.message,
                    UNDECIDED if made is None else made.told(""),
                )  # fmt: skip


def _contours(engine: Database, protocol: str, submission: int) -> Iterator[DeviationRow]:
    """Return contours that were decided to vary or to be unacceptable, where that counts."""
    with reading(engine) as connection:
        decided = decisions_in(connection, protocol)
        for row, whose in _each(connection, submission) if decided else ():
            made = decided.get(row.id)
            for item, answer in made.contours.items() if made and made.counts else ():
                if made and answer in OF_CONTOUR:
                    name = item.removeprefix("contour:")
                    yield DeviationRow(
                        *whose, 0, CONTOUR, item, "", name.partition(":")[0], f"{name}: {answer}",
                        made.told(OF_CONTOUR[answer]),
                    )  # fmt: skip


def _each(
    connection: Connection, submission: int
) -> Iterator[tuple[sa.Row[Any], tuple[str, str, str, int, int, str, bool]]]:
    """Return every submission, or one, with the first columns of its rows."""
    s = t.submissions.c
    query = sa.select(s.id, s.version, s.revision, s.received, *_codes()).select_from(_places())
    if submission:
        query = query.where(s.id == submission)
    newest = newest_submissions(connection)
    for row in connection.execute(query.order_by(*in_order(), s.version, s.revision)):
        code = submission_code(row.site, row.subject, row.version, row.revision)
        whose = (row.site, row.subject, row.version, row.revision, row.received, row.id in newest)
        yield row, (code, *whose)
