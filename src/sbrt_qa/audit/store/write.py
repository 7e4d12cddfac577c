"""Recording: a reviewed submission, or a regraded case, in one transaction with its event."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.attempts import broken_checks, engine_of_next
from sbrt_qa.audit.store.chain import append
from sbrt_qa.audit.store.connection import written
from sbrt_qa.audit.store.failures import Failure, add_failure, end_failures
from sbrt_qa.audit.store.known import losses
from sbrt_qa.audit.store.marks import add_fingerprints, add_marks, known_by
from sbrt_qa.audit.store.records import (
    Entry,
    Place,
    Recorded,
    Regraded,
    ReviewedCase,
    files_hash,
    findings_hash,
    rules_hash,
    sha256,
    submission_code,
)
from sbrt_qa.audit.store.row_values import COMPRESSION, comparison_row, finding_row, value_row
from sbrt_qa.audit.store.rows import id_of, insert, insert_all, is_there
from sbrt_qa.errors import StoreError
from sbrt_qa.model.actor import Doing
from sbrt_qa.model.outcome import Finding
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.review.case_review import CaseReview


def note(
    engine: Engine,
    at: str,
    kind: str,
    data: dict[str, Any],
    subject: str = "",
    by: Doing | None = None,
) -> None:
    """Record an event that changes no other table, of whoever acts; else of the program."""
    written(engine, lambda connection: append(connection, at, kind, subject, data, by))


def add_protocol(engine: Engine, protocol: Protocol, at: str, by: Doing | None = None) -> int:
    """Record a protocol version, unless it is there, and return its row."""

    def work(connection: Connection) -> int:
        same = t.protocol_versions.c.sha256 == protocol.content_hash
        known = connection.scalar(sa.select(t.protocol_versions.c.id).where(same))
        if known is not None:
            return int(known)
        content = protocol.model_dump_json(by_alias=True)
        row = {"code": protocol.id, "version": protocol.version, "sha256": protocol.content_hash}
        data = {**row, "content": sha256(content)}
        made = insert(connection, t.protocol_versions, {**row, "content": content})
        append(connection, at, "protocol added", protocol.id, data, by)
        return made

    return written(engine, work)


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records submissions reviewed under the versions of one protocol by one engine version.

    ``protocols`` are the rows of these versions by content hash, see :func:`add_protocol`.
    """

    engine: Engine
    protocols: Mapping[str, int]
    version: str

    @property
    def rules_sha256(self) -> str:
        """What stands for all versions of the protocol."""
        return rules_hash(self.protocols)

    def record(self, entry: Entry, at: str) -> Recorded:
        """Record a submission and its reviews; what is there already stays as it is.

        Raises
        ------
        StoreError
            The database refuses.
        """
        return written(self.engine, lambda connection: self._record(connection, entry, at))

    def _record(self, connection: Connection, entry: Entry, at: str) -> Recorded:
        known = _same_input(connection, entry)
        made = known or _add_submission(connection, entry, at)
        if entry.lost is not None:
            self._record_loss(connection, made, entry, entry.lost, at)
            return made
        if known is None or not _has_contents(connection, made.submission_id):
            _add_contents(connection, made.submission_id, entry)
        there = _case_ids(connection, made.submission_id) if known else []
        for number, one in enumerate(entry.cases):
            if number >= len(there):
                there.append(_add_case(connection, made.submission_id, number + 1, one))
            self._add_attempt(connection, made.submission_id, there[number], one, at)
        told = add_marks(connection, made.submission_id, entry.marks)
        told |= add_fingerprints(connection, made.submission_id, _further(connection, made, entry))
        ids = self.protocols.values()
        why = broken_checks(connection, made.submission_id, self.version, ids)
        if not why:
            self._settle(connection, made.submission_id)
        else:
            told |= {"failure": add_failure(connection, self._failure(made, entry, "ours", why))}
        append(connection, at, "reviewed", made.code, self._event(made, entry) | told)
        end_failures(connection, entry.place.place_key, entry.input_sha256, at, whole=not why)
        return made

    def _failure(self, made: Recorded, entry: Entry, kind: str, why: str) -> Failure:
        place = entry.place
        return Failure(
            place.place_key, made.code, place.site, place.subject, entry.input_sha256, kind, why,
            self.rules_sha256, self.version,
        )  # fmt: skip

    def _record_loss(
        self, connection: Connection, made: Recorded, entry: Entry, lost: Finding, at: str
    ) -> None:
        """Record a review that broke off, which is open until one comes to its end."""
        key = {"submission_id": made.submission_id, "review_id": None}
        insert(connection, t.findings, finding_row(lost) | key)
        failure = self._failure(made, entry, entry.lost_kind, lost.message)
        data = {
            "submission": made.submission_id,
            "input": entry.input_sha256,
            "trial": entry.place.trial,
            "attempt": len(losses(connection, made.submission_id, lost.code)),
            "why": sha256(lost.message),
            "rules": "",
            "engine": self.version,
            "failure": add_failure(connection, failure),
        }
        append(connection, at, "lost", made.code, data)

    def _settle(self, connection: Connection, submission_id: int) -> None:
        row = {"submission_id": submission_id, "rules_sha256": self.rules_sha256}
        row |= {"engine": self.version}
        if not is_there(connection, t.settled, row):
            insert(connection, t.settled, row)

    def _has_review(
        self, connection: Connection, case_id: int, review: CaseReview, version: str
    ) -> bool:
        row = {"case_id": case_id, "protocol_version_id": self._protocol_id(review)}
        return is_there(connection, t.reviews, row | {"engine": version})

    def _add_attempt(
        self, connection: Connection, submission_id: int, case_id: int, one: ReviewedCase, at: str
    ) -> None:
        """Record a review, unless this version has one of the plan in which no check broke off."""
        digest = sha256(one.document)
        asked = case_id, self._protocol_id(one.review), self.version, digest
        engine = engine_of_next(connection, *asked)
        if engine is not None:
            self._add_review(connection, submission_id, case_id, one, at, engine=engine)

    def _protocol_id(self, review: CaseReview) -> int:
        known = self.protocols.get(review.protocol.sha256)
        if known is None:
            raise StoreError("a review by another protocol", got=review.protocol.sha256[:12])
        return known

    def _event(self, made: Recorded, entry: Entry) -> dict[str, Any]:
        return {
            "submission": made.submission_id,
            "input": entry.input_sha256,
            "trial": entry.place.trial,
            "files": files_hash(entry.files),
            "received": entry.place.received,
            "findings": findings_hash(finding_row(f) for f in entry.findings),
            "rules": self.rules_sha256,
            "engine": self.version,
            "cases": [_told(one) for one in entry.cases],
            **({"reports": list(entry.reports)} if entry.reports else {}),
        }

    def record_regrading(
        self, regraded: Sequence[Regraded], at: str, by: Doing | None = None
    ) -> None:
        """Record reviews of stored cases, all or none, of whoever has them regraded."""

        def work(connection: Connection) -> None:
            for one in regraded:
                if not self._has_review(connection, one.case_id, one.review, one.engine):
                    self._record_regraded(connection, one, at, by)

        written(self.engine, work, durable=True)

    def _record_regraded(
        self, connection: Connection, one: Regraded, at: str, by: Doing | None
    ) -> None:
        case = ReviewedCase(one.review, one.review.to_json())
        self._add_review(connection, one.submission_id, one.case_id, case, at, one)
        self._settle(connection, one.submission_id)
        data = {
            "submission": one.submission_id,
            "case": one.case_id,
            "source": one.source_id,
            "protocol": one.review.protocol.sha256,
            "engine": one.engine,
            "document": sha256(case.document),
            "verdict": one.review.verdict.value,
        }
        append(connection, at, "regraded", "", data, by)

    def _add_review(
        self,
        connection: Connection,
        submission_id: int,
        case_id: int,
        one: ReviewedCase,
        at: str,
        source: Regraded | None = None,
        engine: str = "",
    ) -> None:
        review = one.review
        row = {
            "case_id": case_id,
            "protocol_version_id": self._protocol_id(review),
            "engine": engine if source is None else source.engine,
            "source_id": None if source is None else source.source_id,
            "verdict": review.verdict.value,
            "made": at,
            "document": zlib.compress(one.document.encode(), COMPRESSION),
            "sha256": sha256(one.document),
            "facts": one.facts,
            "facts_sha256": one.facts_sha256,
        }
        key = {"review_id": insert(connection, t.reviews, row)}
        curves = ({"key": d.key, "name": d.name, "data": d.data} for d in one.dvhs)
        insert_all(connection, t.dvhs, [curve | key for curve in curves])
        insert_all(connection, t.metric_values, [value_row(c) | key for c in review.constraints])
        both = key | {"submission_id": submission_id}
        insert_all(connection, t.findings, [finding_row(f) | both for f in review.findings])
        if one.comparison is not None:
            insert(connection, t.comparisons, comparison_row(one.comparison) | key)


def _told(one: ReviewedCase) -> dict[str, str]:
    """Return what the event of a recording says of one case."""
    told = {
        "facts": one.facts_sha256,
        "document": sha256(one.document),
        "verdict": one.review.verdict.value,
        "protocol": one.review.protocol.sha256,
    }
    return told | ({"comparison": sha256(one.comparison.document)} if one.comparison else {})


def _add_submission(connection: Connection, entry: Entry, at: str) -> Recorded:
    place = entry.place
    subject_id = _subject(connection, place)
    version, revision = _next(connection, subject_id, place.version)
    kinds = [one.modality for one in entry.files]
    submission_id = insert(
        connection,
        t.submissions,
        {
            "subject_id": subject_id,
            "version": version,
            "revision": revision,
            "place_key": place.place_key,
            "input_sha256": entry.input_sha256,
            "received": place.received,
            "recorded": at,
            "plans": kinds.count("RTPLAN"),
            "structure_sets": kinds.count("RTSTRUCT"),
            "doses": kinds.count("RTDOSE"),
            "images": kinds.count("CT"),
        },
    )
    code = submission_code(place.site, place.subject, version, revision)
    return Recorded(submission_id, code, version, revision)


def _add_contents(connection: Connection, submission_id: int, entry: Entry) -> None:
    """Record what a submission consists of, and what is to be said of it as a whole."""
    key = {"submission_id": submission_id}
    files = [{"sha256": f.sha256, "modality": f.modality} | key for f in entry.files]
    insert_all(connection, t.files, files)
    found = [finding_row(f) | key | {"review_id": None} for f in entry.findings]
    insert_all(connection, t.findings, found)


def _has_contents(connection: Connection, submission_id: int) -> bool:
    """Tell whether a submission was ever read; one whose reviews all broke off was not."""
    return is_there(connection, t.cases, {"submission_id": submission_id})


def _add_case(connection: Connection, submission_id: int, ordinal: int, one: ReviewedCase) -> int:
    case_id = insert(
        connection,
        t.cases,
        {
            "submission_id": submission_id,
            "ordinal": ordinal,
            "label": one.review.case,
        },
    )
    repairs = one.review.repairs
    rows = [{"quirk": r.quirk, "place": r.where, "detail": r.detail} for r in repairs]
    insert_all(connection, t.repairs, [row | {"case_id": case_id} for row in rows])
    return case_id


def _subject(connection: Connection, place: Place) -> int:
    trial_id = _get_or_add(connection, t.trials, {"code": place.trial})
    site_id = _get_or_add(connection, t.sites, {"trial_id": trial_id, "code": place.site})
    return _get_or_add(connection, t.subjects, {"site_id": site_id, "code": place.subject})


def _get_or_add(connection: Connection, table: sa.Table, row: dict[str, Any]) -> int:
    known = id_of(connection, table, row)
    return insert(connection, table, row) if known is None else known


def _next(connection: Connection, subject_id: int, version: int | None) -> tuple[int, int]:
    """Return version and revision of a new submission: nothing is ever replaced."""
    last_version, last_revision = _newest_queries()
    if version is None:
        return (connection.scalar(last_version, {"subject": subject_id}) or 0) + 1, 1
    wanted = {"subject": subject_id, "number": version}
    return version, (connection.scalar(last_revision, wanted) or 0) + 1


@functools.cache
def _newest_queries() -> tuple[sa.Select[Any], sa.Select[Any]]:
    """Return the queries of a subject's last version, and of a version's last revision."""
    s = t.submissions.c
    of_subject = s.subject_id == sa.bindparam("subject")
    of_version = s.version == sa.bindparam("number")
    return (
        sa.select(sa.func.max(s.version)).where(of_subject),
        sa.select(sa.func.max(s.revision)).where(of_subject, of_version),
    )


@functools.cache
def _input_query() -> sa.Select[Any]:
    s, b, i = t.submissions, t.subjects, t.sites
    joined = s.join(b, s.c.subject_id == b.c.id).join(i, b.c.site_id == i.c.id)
    columns = (s.c.id, s.c.version, s.c.revision, b.c.code.label("subject"), i.c.code.label("site"))
    query = sa.select(*columns).select_from(joined)
    return query.where(s.c.id == sa.bindparam("number"))


def _same_input(connection: Connection, entry: Entry) -> Recorded | None:
    """Return the submission that these very files of this place are already."""
    inputs = (entry.input_sha256, *entry.also)
    number = known_by(connection, entry.place.place_key, inputs)
    if number is None:
        return None
    row = connection.execute(_input_query(), {"number": number}).one()
    code = submission_code(row.site, row.subject, row.version, row.revision)
    return Recorded(row.id, code, row.version, row.revision)


def _further(connection: Connection, made: Recorded, entry: Entry) -> set[str]:
    """Return the fingerprint of an input, unless its submission is recorded by it."""
    s = t.submissions.c
    query = sa.select(s.input_sha256).where(s.id == made.submission_id)
    return {entry.input_sha256} - {connection.scalar(query)}


def _case_ids(connection: Connection, submission_id: int) -> list[int]:
    mine = t.cases.c.submission_id == submission_id
    known = connection.scalars(sa.select(t.cases.c.id).where(mine).order_by(t.cases.c.ordinal))
    return [int(case_id) for case_id in known]
