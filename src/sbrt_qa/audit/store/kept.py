"""Stored reviews read back: the document, and what a regrading needs."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.answers import (
    BATCH,
    current_reviews,
    in_order,
    newest_submissions,
    of_submission,
)
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.audit.store.likeness import cross_findings
from sbrt_qa.audit.store.records import submission_code
from sbrt_qa.errors import ResultError
from sbrt_qa.model.outcome import Finding, Verdict

MAX_DOCUMENT: Final = 256 * 1024**2
"""Largest review that is unpacked."""


@dataclass(frozen=True, slots=True)
class KeptReview:
    """A stored review.

    Parameters
    ----------
    code, plan
        Submission, and which of its plans.
    protocol, engine
        Hash of the protocol and version of the engine that made it.
    document
        JSON of the review.
    facts
        JSON of what a regrading needs; empty for a regraded review and where nothing was read.
    source_id
        The review that a regraded one was made from.
    """

    id: int
    submission_id: int
    case_id: int
    code: str
    plan: int
    place_key: str
    input_sha256: str
    protocol: str
    engine: str
    sha256: str
    document: str
    facts: str
    source_id: int | None


def with_its_plan(rows: sa.Table) -> sa.Join:
    """Return rows about plans with the case, submission, subject, site and protocol of each."""
    c, s = t.cases, t.submissions
    return (
        rows.join(c, rows.c.case_id == c.c.id)
        .join(s, c.c.submission_id == s.c.id)
        .join(t.subjects, s.c.subject_id == t.subjects.c.id)
        .join(t.sites, t.subjects.c.site_id == t.sites.c.id)
        .join(t.protocol_versions, rows.c.protocol_version_id == t.protocol_versions.c.id)
    )


def reviews(
    engine: Database, submission: int = 0, protocol: str = "", *, made_from_files: bool = False
) -> Iterator[KeptReview]:
    """Return all stored reviews in the order in which they were made within each plan, streamed."""
    r, s, c, p = t.reviews, t.submissions, t.cases, t.protocol_versions
    query = (
        sa.select(
            r,
            c.c.submission_id,
            c.c.ordinal,
            s.c.version,
            s.c.revision,
            s.c.place_key,
            s.c.input_sha256,
            t.subjects.c.code.label("subject"),
            t.sites.c.code.label("site"),
            p.c.sha256.label("rules"),
        )
        .select_from(with_its_plan(r))
        .order_by(c.c.id, r.c.id)
    )
    if submission:
        query = query.where(s.c.id == submission)
    if protocol:
        query = query.where(p.c.sha256 == protocol)
    if made_from_files:
        query = query.where(r.c.source_id.is_(None))
    with reading(engine) as connection:
        for row in connection.execution_options(yield_per=BATCH // 10).execute(query):
            code = submission_code(row.site, row.subject, row.version, row.revision)
            yield KeptReview(
                row.id, row.submission_id, row.case_id, code, row.ordinal, row.place_key,
                row.input_sha256, row.rules, row.engine, row.sha256, unpacked(row.document),
                row.facts, row.source_id,
            )  # fmt: skip


def newest_reviews(
    engine: Database, place: tuple[str, str, str], version: int | None
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the inputs of a subject's newest two submissions, each with its current reviews.

    Parameters
    ----------
    place
        Codes of trial, site and subject.
    version
        The last version that is looked at; None for all.
    """
    s, b, i, c, r = t.submissions, t.subjects, t.sites, t.cases, t.reviews
    joined = s.join(b, s.c.subject_id == b.c.id).join(i, b.c.site_id == i.c.id)
    joined = joined.join(t.trials, i.c.trial_id == t.trials.c.id)
    codes = (t.trials.c.code, i.c.code, b.c.code)
    query = (
        sa.select(s.c.id, s.c.input_sha256)
        .select_from(joined)
        .where(*(column == code for column, code in zip(codes, place, strict=True)))
        .order_by(s.c.version.desc(), s.c.revision.desc())
        .limit(2)
    )
    if version is not None:
        query = query.where(s.c.version <= version)
    newest = sa.select(sa.func.max(r.c.id)).group_by(r.c.case_id)
    documents = sa.select(r.c.document).join(c, c.c.id == r.c.case_id).order_by(c.c.ordinal)
    with reading(engine) as connection:
        return tuple(
            (
                found.input_sha256,
                tuple(map(unpacked, connection.scalars(documents.where(
                    c.c.submission_id == found.id,
                    r.c.id.in_(newest.where(r.c.case_id == c.c.id).correlate(c)),
                )))),
            )
            for found in connection.execute(query).all()
        )  # fmt: skip


def comparisons(engine: Database, protocol: str = "") -> Iterator[tuple[str, int, str]]:
    """Return the comparison of each plan with the submission before, streamed.

    They are those of the newest reviews, or of the reviews that a regraded one was made from:
    code, number of the plan, JSON.
    """
    current = current_reviews(protocol).subquery("current")
    made = sa.func.coalesce(current.c.source_id, current.c.id)
    m, s, b, i, c = t.comparisons, t.submissions, t.subjects, t.sites, t.cases
    query = (
        sa.select(
            m.c.document, s.c.version, s.c.revision, c.c.ordinal,
            b.c.code.label("subject"), i.c.code.label("site"),
        )
        .select_from(
            current.join(m, m.c.review_id == made)
            .join(c, c.c.id == current.c.case_id)
            .join(s, s.c.id == c.c.submission_id)
            .join(b, s.c.subject_id == b.c.id)
            .join(i, b.c.site_id == i.c.id)
        )
        .order_by(i.c.code, b.c.code, s.c.version, s.c.revision, c.c.ordinal)
    )  # fmt: skip
    with reading(engine) as connection:
        for row in connection.execution_options(yield_per=BATCH // 10).execute(query):
            code = submission_code(row.site, row.subject, row.version, row.revision)
            yield code, row.ordinal, unpacked(row.document)


def events_of_kind(engine: Database, kind: str) -> list[dict[str, Any]]:
    """Return what the events of one kind tell, oldest first."""
    e = t.audit_events.c
    query = sa.select(e.details).where(e.kind == kind).order_by(e.seq)
    with reading(engine) as connection:
        return [json.loads(details) for details in connection.scalars(query)]


def versions_by_rules(engine: Database) -> dict[str, tuple[str, ...]]:
    """Return the hashes of protocol versions that runs were made under, by what stands for all."""
    told = events_of_kind(engine, "audit begun")
    return {one["rules"]: tuple(one["protocols"]) for one in told if "rules" in one}


def rules_of(engine: Database, submission: int, version: str) -> str:
    """Return the rules under which an engine version last settled a submission, else nothing."""
    e = t.settled.c
    mine = sa.and_(e.submission_id == submission, e.engine == version)
    with reading(engine) as connection:
        query = sa.select(e.rules_sha256).where(mine).order_by(e.id.desc()).limit(1)
        return connection.scalar(query) or ""


def unpacked(document: bytes) -> str:
    """Return the JSON of a stored review.

    Raises
    ------
    ResultError
        It is damaged.
    """
    try:
        inflater = zlib.decompressobj()
        return inflater.decompress(document, MAX_DOCUMENT).decode()
    except (zlib.error, UnicodeDecodeError) as damage:
        raise ResultError("a stored review is broken") from damage


def newest_by_case(found: Iterator[KeptReview]) -> Iterator[KeptReview]:
    """Keep the last review of each plan."""
    last: KeptReview | None = None
    for one in found:
        if last is not None and one.case_id != last.case_id:
            yield last
        last = one
    if last is not None:
        yield last


def submission_findings(engine: Database, submission: int) -> tuple[Finding, ...]:
    """Return what is to be told of a submission as a whole: as recorded, and because of others."""
    f = t.findings.c
    query = sa.select(t.findings).where(f.submission_id == submission, of_submission())
    with reading(engine) as connection:
        recorded = tuple(
            Finding(
                r.code, None if r.verdict is None else Verdict(r.verdict), r.place, r.message,
                r.advice,
            )
            for r in connection.execute(query.order_by(f.id))
        )  # fmt: skip
        return recorded + cross_findings(connection).get(submission, ())


def histograms(engine: Database, review_id: int) -> dict[str, bytes]:
    """Return the packed histograms of a review by key."""
    d = t.dvhs.c
    query = sa.select(d.key, d.data).where(d.review_id == review_id)
    with reading(engine) as connection:
        return {key: bytes(data) for key, data in connection.execute(query)}


def protocol_content(engine: Database, sha256: str) -> str:
    """Return the JSON of a protocol version that reviews were made under.

    Raises
    ------
    ResultError
        It is not in the store.
    """
    p = t.protocol_versions.c
    with reading(engine) as connection:
        found = connection.scalar(sa.select(p.content).where(p.sha256 == sha256))
    if found is None:
        raise ResultError("the protocol of a stored review is missing")
    return str(found)


def protocols(engine: Database) -> list[str]:
    """Return the hashes of all protocol versions, oldest first."""
    p = t.protocol_versions.c
    with reading(engine) as connection:
        return list(connection.scalars(sa.select(p.sha256).order_by(p.id)))


@dataclass(frozen=True, slots=True)
class NamedHistogram:
    """The packed histogram of a structure of the protocol in one plan."""

    code: str
    site: str
    subject: str
    latest: bool
    plan: int
    data: bytes


def named_histograms(
    engine: Database, protocol: str = ""
) -> Iterator[tuple[str, Iterator[NamedHistogram]]]:
    """Return the histograms of each structure of the protocol, of the newest reviews.

    A regraded review has those of the review that it was made from. Plans come in order of site,
    subject and version; they are read while they are taken, so take them before the next structure.
    """
    current = current_reviews(protocol).subquery("current")
    d, c, s = t.dvhs, t.cases, t.submissions
    mine = sa.func.coalesce(current.c.source_id, current.c.id)
    tables = (
        s.join(t.subjects, s.c.subject_id == t.subjects.c.id)
        .join(t.sites, t.subjects.c.site_id == t.sites.c.id)
        .join(c, c.c.submission_id == s.c.id)
        .join(current, current.c.case_id == c.c.id)
        .join(d, d.c.review_id == mine)
    )
    codes = (t.sites.c.code.label("site"), t.subjects.c.code.label("subject"))
    columns = (s.c.id, s.c.version, s.c.revision, *codes, c.c.ordinal, d.c.data)
    order = (*in_order(), s.c.version, s.c.revision, c.c.ordinal, d.c.id)
    query = sa.select(*columns).select_from(tables).order_by(*order)
    names = sa.select(d.c.name).select_from(tables).where(d.c.name != "").distinct()
    with reading(engine) as connection:
        newest = newest_submissions(connection)
        for name in list(connection.scalars(names.order_by(d.c.name))):
            rows = connection.execution_options(yield_per=BATCH).execute(
                query.where(d.c.name == name)
            )
            yield name, (_named(row, newest) for row in rows)


def _named(row: Any, newest: set[int]) -> NamedHistogram:  # noqa: ANN401 - a row
    code = submission_code(row.site, row.subject, row.version, row.revision)
    latest = row.id in newest
    return NamedHistogram(code, row.site, row.subject, latest, row.ordinal, bytes(row.data))
