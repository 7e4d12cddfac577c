"""Whether everything is still as it was recorded: hashes, rows and the chain of events."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import covered
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.chain import START, Event, Head, events, first_break, head_of
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.audit.store.kept import unpacked
from sbrt_qa.audit.store.records import (
    StoredFile,
    facts_hash,
    files_hash,
    findings_hash,
    sha256,
    submission_code,
)
from sbrt_qa.audit.store.row_values import finding_row, value_row
from sbrt_qa.audit.store.verify_database import (
    damage,
    schema_differences,
    trigger_differences,
    unclaimed_places,
)
from sbrt_qa.audit.store.verify_office import office_differences
from sbrt_qa.audit.store.verify_places import ToldPlaces, place_differences
from sbrt_qa.audit.store.verify_queries import ToldQueries, query_differences
from sbrt_qa.errors import ResultError, StoreError
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.unreviewed import NOT_REVIEWED


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at, and the first thing that is not as it was recorded; empty if all is.

    Numbers are None where the database could not be read, or no files were looked at.
    """

    events: int | None
    submissions: int | None
    reviews: int | None
    head: str
    difference: str = ""
    files: int | None = None


def verify(engine: Database) -> Verified:
    """Recompute every hash and compare every row with the document it came from.

    A database that is damaged, or cannot be read to its end, is a difference.
    """
    try:
        with reading(engine) as connection:
            if broken := damage(connection):
                return Verified(None, None, None, START, broken)
            return _verified(connection)
    except StoreError as error:
        return Verified(None, None, None, START, str(error))


def _verified(connection: Connection) -> Verified:
    difference, head = first_break(events(connection))
    recorded = _number(connection, t.audit_events)
    submissions = _number(connection, t.submissions)
    reviews = _number(connection, t.reviews)
    if not difference:
        difference = next(_differences(connection), "")
    return Verified(recorded, submissions, reviews, head, difference)


def last_event(engine: Database) -> tuple[int, str]:
    """Return number and hash of the last event, unverified."""
    found = head(engine)
    return found.seq, found.hash


def head(engine: Database) -> Head:
    """Return the end of the chain, unverified."""
    with reading(engine) as connection:
        return head_of(connection)


def _number(connection: Connection, table: sa.Table) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


@dataclass(slots=True)
class _ToldEvents:
    """What the events say: of each submission its input, files and documents; what is settled."""

    inputs: dict[int, str] = field(default_factory=dict)
    files: dict[int, str] = field(default_factory=dict)
    documents: dict[int, set[str]] = field(default_factory=dict)
    facts: set[str] = field(default_factory=set)
    comparisons: set[str] = field(default_factory=set)
    settled: set[tuple[int, str, str]] = field(default_factory=set)
    codes: dict[int, str] = field(default_factory=dict)
    trials: dict[int, str] = field(default_factory=dict)
    received: dict[int, str] = field(default_factory=dict)
    findings: dict[int, str] = field(default_factory=dict)
    losses: dict[int, list[str]] = field(default_factory=dict)
    queries: ToldQueries = field(default_factory=ToldQueries)
    places: ToldPlaces = field(default_factory=ToldPlaces)
    covers: list[covered.Cover] = field(default_factory=list)
    events: dict[int, str] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Take in one event."""
        data = event.data
        self.queries.add(event)
        self.places.add(event)
        if "covers" in data:
            self.covers += covered.covers_of(event.seq, data)
            self.events[event.seq] = " ".join(filter(None, (event.kind, event.subject)))
        if event.kind not in ("reviewed", "regraded", "lost"):
            return
        submission = data["submission"]
        if rules := data.get("rules", data.get("protocol")):
            self.settled.add((submission, rules, data["engine"]))
        if event.kind == "regraded":
            self.documents.setdefault(submission, set()).add(data["document"])
            return
        self.inputs.setdefault(submission, data["input"])
        self.codes.setdefault(submission, event.subject)
        if "trial" in data:
            self.trials.setdefault(submission, data["trial"])
        if event.kind == "lost":
            self.losses.setdefault(submission, []).append(data["why"])
        if event.kind == "reviewed":
            self.files.setdefault(submission, data["files"])
            for name in ("received", "findings"):
                if name in data:
                    getattr(self, name).setdefault(submission, data[name])
            self.facts |= {case["facts"] for case in data["cases"]}
            documents = {case["document"] for case in data["cases"]}
            self.documents.setdefault(submission, set()).update(documents)
            self.comparisons |= {c["comparison"] for c in data["cases"] if "comparison" in c}


def _differences(connection: Connection) -> Iterator[str]:
    """Tell everything that does not agree, in the order of the events."""
    told = _ToldEvents()
    for event in events(connection):
        told.add(event)
        if event.kind == "protocol added":
            yield from _protocol(connection, event)
    yield from _submissions(connection, told)
    for row in connection.execute(sa.select(t.reviews).order_by(t.reviews.c.id)):
        yield from _review(connection, row, told)
    yield from _without_review(connection, told)
    yield from _comparisons(connection, told)
    yield from _settled(connection, told)
    yield from query_differences(connection, told.queries)
    yield from place_differences(connection, told.places)
    yield from unclaimed_places(connection)
    yield from office_differences(connection)
    yield from trigger_differences(connection)
    yield from covered.differences(connection, told.covers, told.events)
    yield from schema_differences(connection)


def _protocol(connection: Connection, event: Event) -> Iterator[str]:
    p = t.protocol_versions.c
    content = connection.scalar(sa.select(p.content).where(p.sha256 == event.data["sha256"]))
    if content is None or sha256(content) != event.data["content"]:
        yield f"the protocol of event {event.seq} is not what was recorded"


def _submissions(connection: Connection, told: _ToldEvents) -> Iterator[str]:
    f = t.files.c
    rows = list(connection.execute(_places()))
    if missing := sorted(set(told.inputs) - {row.id for row in rows}):
        yield f"submission {missing[0]} was recorded and is not there"
    for row in rows:
        if row.id not in told.inputs:
            yield f"submission {row.id} is there and was never recorded"
            continue
        files = connection.execute(sa.select(f.sha256, f.modality).where(f.submission_id == row.id))
        made = files_hash(StoredFile(one.sha256, one.modality) for one in files)
        recorded = told.inputs[row.id], told.files.get(row.id, files_hash(()))
        if (row.input_sha256, made) != recorded:
            yield f"the files of submission {row.id} are not what was recorded"
        code = submission_code(row.site, row.subject, row.version, row.revision)
        if code != told.codes[row.id]:
            yield f"submission {row.id} was recorded as {told.codes[row.id]} and is {code}"
        if row.trial != told.trials.get(row.id, row.trial):
            yield f"the trial of submission {row.id} is not what was recorded"
        if row.received != told.received.get(row.id, row.received):
            yield f"the date of receipt of submission {row.id} is not what was recorded"
        yield from _findings(connection, row.id, told)


def _places() -> sa.Select[Any]:
    """Return a query of submissions and whose they are."""
    s, b, i, r = t.submissions, t.subjects, t.sites, t.trials
    codes = (b.c.code.label("subject"), i.c.code.label("site"), r.c.code.label("trial"))
    columns: list[Any] = [*s.c, *codes]
    joined = s.join(b, s.c.subject_id == b.c.id).join(i, b.c.site_id == i.c.id)
    joined = joined.join(r, i.c.trial_id == r.c.id)
    return sa.select(*columns).select_from(joined).order_by(s.c.id)


def _findings(connection: Connection, submission: int, told: _ToldEvents) -> Iterator[str]:
    """Compare what is told of a submission as a whole with its events."""
    f = t.findings
    mine = sa.and_(f.c.submission_id == submission, f.c.review_id.is_(None))
    found = connection.execute(sa.select(f).where(mine).order_by(f.c.id))
    rows = [dict(row) for row in found.mappings()]
    lost = [sha256(row["message"]) for row in rows if row["code"] == NOT_REVIEWED]
    made = findings_hash(row for row in rows if row["code"] != NOT_REVIEWED)
    if lost != told.losses.get(submission, []) or made != told.findings.get(submission, made):
        yield f"the findings of submission {submission} are not what was recorded"


def _without_review(connection: Connection, told: _ToldEvents) -> Iterator[str]:
    """Tell of documents that were recorded and that no review of their submission has."""
    r, c = t.reviews.c, t.cases.c
    joined = t.reviews.join(t.cases, r.case_id == c.id)
    there: dict[int, set[str]] = {}
    for row in connection.execute(sa.select(c.submission_id, r.sha256).select_from(joined)):
        there.setdefault(row.submission_id, set()).add(row.sha256)
    for submission, documents in sorted(told.documents.items()):
        if documents - there.get(submission, set()):
            yield f"a review of submission {submission} was recorded and is not there"


def _comparisons(connection: Connection, told: _ToldEvents) -> Iterator[str]:
    found: set[str] = set()
    for row in connection.execute(sa.select(t.comparisons).order_by(t.comparisons.c.id)):
        name = f"the comparison of review {row.review_id}"
        try:
            made = sha256(unpacked(row.document))
        except ResultError:
            yield f"{name} cannot be read"
            continue
        found.add(made)
        if made != row.sha256 or made not in told.comparisons:
            yield f"{name} is not what was recorded"
    if told.comparisons - found:
        yield "a comparison with the submission before was recorded and is not there"


def _settled(connection: Connection, told: _ToldEvents) -> Iterator[str]:
    e = t.settled.c
    rows = connection.execute(sa.select(e.submission_id, e.rules_sha256, e.engine).order_by(e.id))
    for row in rows:
        if tuple(row) not in told.settled:
            yield f"submission {row.submission_id} is settled and was never recorded so"


def _review(connection: Connection, row: sa.Row[Any], told: _ToldEvents) -> Iterator[str]:
    name = f"review {row.id}"
    c = t.cases.c
    submission = connection.scalar(sa.select(c.submission_id).where(c.id == row.case_id))
    try:
        document = unpacked(row.document)
        review = CaseReview.from_json(document)
    except (ResultError, zlib.error):
        yield f"the document of {name} cannot be read"
        return
    if sha256(document) != row.sha256 or row.sha256 not in told.documents.get(submission or 0, ()):
        yield f"the document of {name} is not what was recorded"
    if row.verdict != review.verdict.value:
        yield f"the verdict of {name} is not that of its document"
    d = t.dvhs.c
    curves = connection.execute(sa.select(d.key, d.data).where(d.review_id == row.id))
    made = facts_hash(row.facts, [(key, bytes(data)) for key, data in curves])
    if made != row.facts_sha256 or (row.source_id is None and made not in told.facts):
        yield f"the histograms of {name} are not what was recorded"
    yield from _rows(connection, row.id, review)


def _rows(connection: Connection, review_id: int, review: CaseReview) -> Iterator[str]:
    """Compare the rows of a review with its document."""
    expected = {c.key: value_row(c) for c in review.constraints}
    found = connection.execute(
        sa.select(t.metric_values).where(t.metric_values.c.review_id == review_id)
    )
    rows = {row["limit_id"]: dict(row) for row in found.mappings()}
    for limit in sorted({*expected, *rows}):
        one, other = expected.get(limit), rows.get(limit)
        if one is None or other is None or any(other[key] != one[key] for key in one):
            yield f"the value of {limit} in review {review_id} is not that of its document"
    listed = [finding_row(f) for f in review.findings]
    f = t.findings
    there = connection.execute(sa.select(f).where(f.c.review_id == review_id).order_by(f.c.id))
    keys = ("code", "verdict", "place", "message", "advice")
    kept = [{key: getattr(row, key) for key in keys} for row in there]
    if kept != listed:
        yield f"the findings of review {review_id} are not those of its document"
