"""What tells that two submissions are of one plan or one patient, and further fingerprints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.chain import append
from sbrt_qa.audit.store.connection import writing
from sbrt_qa.audit.store.records import Mark, sha256
from sbrt_qa.audit.store.rows import insert_all, is_there

KNOWN_AS: Final = "known as"
"""Kind of the event of a further fingerprint."""

COLUMNS: Final = ("kind", "digest", "ordinal")


def add_marks(connection: Connection, submission: int, marks: Iterable[Mark]) -> dict[str, Any]:
    """Add the marks of a submission that has none; return what its event tells of them."""
    rows = [asdict(one) for one in sorted(set(marks))]
    if not rows or is_there(connection, t.marks, {"submission_id": submission}):
        return {}
    insert_all(connection, t.marks, [row | {"submission_id": submission} for row in rows])
    return {"marks": marks_hash(rows)}


def marks_hash(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the fingerprint of marks, whatever their order."""
    return sha256(json.dumps(sorted([row[name] for name in COLUMNS] for row in rows)))


def add_fingerprints(
    connection: Connection, submission: int, also: Iterable[str]
) -> dict[str, Any]:
    """Add fingerprints by which an input is known, too; return what its event tells of them."""
    rows = [{"submission_id": submission, "sha256": one} for one in sorted(set(also))]
    new = [row for row in rows if not is_there(connection, t.fingerprints, row)]
    insert_all(connection, t.fingerprints, new)
    return {"also": [row["sha256"] for row in new]} if new else {}


def known_as(engine: Engine, submission: int, digest: str, at: str) -> None:
    """Record that the input of a submission has a further fingerprint."""
    with writing(engine) as connection:
        if told := add_fingerprints(connection, submission, (digest,)):
            append(connection, at, KNOWN_AS, "", {"submission": submission, **told})


def known_by(connection: Connection, place_key: str, inputs: Sequence[str]) -> int | None:
    """Return the submission of a place that one of the fingerprints stands for."""
    s, f = t.submissions.c, t.fingerprints.c
    also = sa.select(f.submission_id).where(f.sha256.in_(inputs))
    query = sa.select(s.id).where(
        s.place_key == place_key, sa.or_(s.input_sha256.in_(inputs), s.id.in_(also))
    )
    found: int | None = connection.scalar(query.order_by(s.id.desc()).limit(1))
    return found
