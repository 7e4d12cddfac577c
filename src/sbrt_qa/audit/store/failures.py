"""Reviews that came to nothing for a reason that is not the site's, open until reviewed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.chain import append, next_number
from sbrt_qa.audit.store.connection import Database, reading, writing, written
from sbrt_qa.audit.store.records import sha256, submission_code
from sbrt_qa.audit.store.rows import insert, insert_all
from sbrt_qa.errors import StoreError
from sbrt_qa.model.actor import Doing

FAILED: Final = "not reviewed"
ENDED: Final = "failure ended"
"""Kinds of the events of a failure without a submission, and of the end of failures."""

REVIEWED: Final = "reviewed"
CHANGED: Final = "changed"
GONE: Final = "gone"
CLOSED: Final = "closed"
"""How a failure ends: its files were reviewed, others came in their place, or they went; or a
person closed it."""

COLUMNS: Final = (
    "place_key", "place", "site", "subject", "input_sha256", "kind", "why", "rules_sha256",
    "engine",
)  # fmt: skip

UNKNOWN_KIND: Final = "broke off"
"""What a review that broke off is called where nobody noted more."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A review that came to nothing, for a reason of ours or of the machines.

    Parameters
    ----------
    place_key, place, site, subject
        Where, as a code as far as it is known.
    input_sha256
        Fingerprint of the files; empty where they could not be read.
    kind
        ``cannot read``, ``worker lost``, ``other bytes``, ``time``, ``memory``, ``ours``...
    why
        A few words.
    """

    place_key: str
    place: str
    site: str
    subject: str
    input_sha256: str
    kind: str
    why: str
    rules_sha256: str
    engine: str


@dataclass(frozen=True, slots=True)
class OpenFailure:
    """A place that is still to be reviewed: why it was not, when first, and how often."""

    place_key: str
    place: str
    site: str
    subject: str
    kind: str
    why: str
    since: str
    attempts: int


def add_failure(connection: Connection, one: Failure) -> str:
    """Add the row of a failure that the next event tells of; return its fingerprint."""
    row = asdict(one)
    insert(connection, t.failures, row | {"event": next_number(connection)})
    return failure_hash(row)


def record_failure(engine: Database, one: Failure, at: str) -> None:
    """Record a failure of a place of which there is no submission (yet)."""
    with writing(engine) as connection:
        append(connection, at, FAILED, one.place, {"failure": add_failure(connection, one)})


def end_failures(
    connection: Connection, place_key: str, input_sha256: str, at: str, *, whole: bool = True
) -> None:
    """Record that the place of failures was reviewed; does nothing where none is open.

    Where a check broke off the review is not `whole`, and those of the same files stay open.
    """
    f = t.failures.c
    rows = connection.execute(_open().where(f.place_key == place_key)).all()
    same = ("", input_sha256)
    ends = {
        row.id: REVIEWED if row.input_sha256 in same else CHANGED
        for row in rows
        if whole or row.input_sha256 != input_sha256
    }
    _end(connection, ends, at)


def close_failures(engine: Database, place: str, at: str, by: Doing) -> int:
    """Record that a person closes the failures of a place, and return how many places that were.

    Parameters
    ----------
    place
        As `open_failures` tells it.
    by
        Who closes them, and why.

    Raises
    ------
    StoreError
        No reason is given.
    """
    if not by.reason.strip():
        raise StoreError(
            "closed without a reason", expected="why it is not to be reviewed any more"
        )
    mine = [one for one in open_failures(engine) if one.place == place]

    def work(connection: Connection) -> int:
        for one in mine:
            f = t.failures.c
            rows = connection.execute(_open().where(f.place_key == one.place_key)).all()
            _end(connection, dict.fromkeys((row.id for row in rows), CLOSED), at, by)
        return len(mine)

    return written(engine, work, durable=True)


def end_failures_of(engine: Database, places: Mapping[str, str], at: str) -> None:
    """Record how the failures of places ended, by their keys."""
    f = t.failures.c
    if not places:
        return
    with writing(engine) as connection:
        rows = connection.execute(_open().where(f.place_key.in_(places))).all()
        _end(connection, {row.id: places[row.place_key] for row in rows}, at)


def _end(connection: Connection, ends: Mapping[int, str], at: str, by: Doing | None = None) -> None:
    if not ends:
        return
    number = next_number(connection)
    rows = [{"failure_id": failure, "event": number, "how": how} for failure, how in ends.items()]
    insert_all(connection, t.failure_ends, rows)
    append(connection, at, ENDED, "", {"ends": [[one, how] for one, how in ends.items()]}, by)


def _open() -> sa.Select[Any]:
    f, e = t.failures, t.failure_ends
    query = sa.select(f).select_from(f.outerjoin(e, e.c.failure_id == f.c.id))
    return query.where(e.c.id.is_(None)).order_by(f.c.id)


def open_failures(engine: Database) -> tuple[OpenFailure, ...]:
    """Return every place that is still to be reviewed, the one that waits longest first."""
    with reading(engine) as connection:
        at = t.audit_events.c
        rows = connection.execute(_open()).all()
        numbers = sorted({row.event for row in rows})
        times = dict(
            tuple(row)
            for row in connection.execute(sa.select(at.seq, at.at).where(at.seq.in_(numbers)))
        )
        found: dict[str, OpenFailure] = {}
        for row in rows:
            first = found.get(row.place_key)
            found[row.place_key] = OpenFailure(
                row.place_key, row.place, row.site, row.subject, row.kind, row.why,
                first.since if first else times.get(row.event, ""),
                first.attempts + 1 if first else 1,
            )  # fmt: skip
        found |= {one.place_key: one for one in _older(connection) if one.place_key not in found}
    return tuple(found.values())


def _older(connection: Connection) -> Iterator[OpenFailure]:
    """Give submissions whose reviews broke off before failures had rows of their own."""
    s, b, i, f, c = t.submissions, t.subjects, t.sites, t.findings, t.cases
    failed, other = t.failures.c, s.alias("other")
    told = sa.select(f.c.submission_id).where(f.c.review_id.is_(None), f.c.code == "NOT_REVIEWED")
    later = sa.select(other.c.place_key).join(c, c.c.submission_id == other.c.id)
    query = (
        sa.select(s, b.c.code.label("subject"), i.c.code.label("site"))
        .select_from(s.join(b, s.c.subject_id == b.c.id).join(i, b.c.site_id == i.c.id))
        .where(
            s.c.id.in_(told),
            s.c.id.not_in(sa.select(c.c.submission_id)),
            s.c.place_key.not_in(sa.select(failed.place_key)),
            s.c.place_key.not_in(later),
        )
        .order_by(s.c.id)
    )
    for row in connection.execute(query):
        losses = sa.select(f.c.message).where(
            f.c.submission_id == row.id, f.c.review_id.is_(None), f.c.code == "NOT_REVIEWED"
        )
        texts = list(connection.scalars(losses.order_by(f.c.id)))
        code = submission_code(row.site, row.subject, row.version, row.revision)
        yield OpenFailure(
            row.place_key, code, row.site, row.subject, UNKNOWN_KIND, texts[-1], row.recorded,
            len(texts),
        )  # fmt: skip


def attempts(engine: Database, place_key: str, rules_sha256: str, version: str) -> dict[str, int]:
    """Return how often the review of each input of a place broke off, those that are open.

    Where files could not be read there is no input; such failures are not counted.
    """
    f = t.failures.c
    query = _open().where(
        f.place_key == place_key, f.rules_sha256 == rules_sha256, f.engine == version,
        f.input_sha256 != "",
    )  # fmt: skip
    found: dict[str, int] = {}
    with reading(engine) as connection:
        for row in connection.execute(query):
            found[row.input_sha256] = found.get(row.input_sha256, 0) + 1
    return found


def failure_hash(row: Mapping[str, Any]) -> str:
    """Return the fingerprint of a failure."""
    return sha256(json.dumps([row[name] for name in COLUMNS]))


def ends_of(rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """Return what the event of the end of failures tells of its rows."""
    return [[row["failure_id"], row["how"]] for row in rows]
