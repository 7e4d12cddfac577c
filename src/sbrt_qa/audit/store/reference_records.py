"""A reviewer's contours: recorded in one transaction with one event, and given back as rows."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.chain import append
from sbrt_qa.audit.store.connection import Database, reading, written
from sbrt_qa.audit.store.kept import unpacked, with_its_plan
from sbrt_qa.audit.store.records import sha256, submission_code
from sbrt_qa.audit.store.row_values import COMPRESSION
from sbrt_qa.audit.store.rows import id_of, insert, insert_all
from sbrt_qa.compare.reference_measures import MEASURES
from sbrt_qa.errors import ResultError, StoreError
from sbrt_qa.model.actor import Doing

RECORDED: Final = "reference contours recorded"
"""Kind of the event of a reviewer's contours."""

_LIMIT: Final = (
    "limit_id", "structure", "metric", "unit", "value", "reference_value", "verdict",
    "reference_verdict",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReferenceEntry:
    """A second structure set of a plan, and what came of it.

    Parameters
    ----------
    case_id, protocol
        The plan, and the hash of the version of the protocol that it was held against.
    file_sha256
        Of the file that was compared.
    contours
        Canonical JSON of the outlines, see `sbrt_qa.audit.reference_contours`.
    structures, limits
        Rows without their key, as the tables have them.
    """

    case_id: int
    code: str
    plan: int
    protocol: str
    engine: str
    file_sha256: str
    verdict: str
    reference_verdict: str
    contours: str = field(repr=False)
    structures: Sequence[Mapping[str, Any]] = ()
    limits: Sequence[Mapping[str, Any]] = ()


def record_reference(engine: Database, entry: ReferenceEntry, at: str, by: Doing) -> bool:
    """Record it; return whether it is new: the same file of the same person is recorded once.

    Raises
    ------
    StoreError
        The version of the protocol is none of this store, or no reason is given.
    """
    if not by.reason.strip():
        raise StoreError("contours are recorded with a reason", expected='--reason "WORDS"')

    def work(connection: Connection) -> bool:
        rules = id_of(connection, t.protocol_versions, {"sha256": entry.protocol})
        if rules is None:
            raise StoreError("the protocol of the comparison is none of this store")
        mine = {
            "case_id": entry.case_id, "protocol_version_id": rules, "engine": entry.engine,
            "file_sha256": entry.file_sha256, "actor": by.actor.name,
        }  # fmt: skip
        if id_of(connection, t.reference_sets, mine) is not None:
            return False
        row = mine | {
            "at": at, "role": by.actor.role, "reason": by.reason, "verdict": entry.verdict,
            "reference_verdict": entry.reference_verdict,
            "contours": zlib.compress(entry.contours.encode(), COMPRESSION),
            "sha256": sha256(entry.contours),
        }  # fmt: skip
        key = insert(connection, t.reference_sets, row)
        for table, rows in (
            (t.reference_structures, entry.structures),
            (t.reference_limits, entry.limits),
        ):
            insert_all(connection, table, ({"reference_id": key, **one} for one in rows))
        told = {
            "reference": key, "plan": entry.plan, "file": entry.file_sha256,
            "contours": row["sha256"], "protocol": entry.protocol,
        }  # fmt: skip
        append(connection, at, RECORDED, entry.code, told, by)
        return True

    return written(engine, work, durable=True)


@dataclass(frozen=True, slots=True)
class KeptReference:
    """A recorded comparison: of which plan, whose, and its rows."""

    id: int
    submission_id: int
    code: str
    site: str
    subject: str
    plan: int
    protocol: str
    engine: str
    at: str
    actor: str
    role: str
    reason: str
    verdict: str
    reference_verdict: str
    structures: tuple[dict[str, Any], ...]
    limits: tuple[dict[str, Any], ...]


def references(engine: Database, protocol: str = "") -> Iterator[KeptReference]:
    """Return all that were recorded, the oldest first."""
    r, s, c, p = t.reference_sets, t.submissions, t.cases, t.protocol_versions
    query = (
        sa.select(
            r.c.id, r.c.engine, r.c.at, r.c.actor, r.c.role, r.c.reason, r.c.verdict,
            r.c.reference_verdict, c.c.submission_id, c.c.ordinal, s.c.version, s.c.revision,
            t.subjects.c.code.label("subject"), t.sites.c.code.label("site"),
            p.c.sha256.label("rules"),
        )
        .select_from(with_its_plan(r))
        .order_by(r.c.id)
    )  # fmt: skip
    if protocol:
        query = query.where(p.c.sha256 == protocol)
    with reading(engine) as connection:
        found = connection.execute(query).all()
        structures = _by_set(connection, t.reference_structures, ("structure", *MEASURES, "reason"))
        limits = _by_set(connection, t.reference_limits, _LIMIT)
    for row in found:
        code = submission_code(row.site, row.subject, row.version, row.revision)
        yield KeptReference(
            row.id, row.submission_id, code, row.site, row.subject, row.ordinal, row.rules,
            row.engine, row.at, row.actor, row.role, row.reason, row.verdict,
            row.reference_verdict, tuple(structures.get(row.id, ())), tuple(limits.get(row.id, ())),
        )  # fmt: skip


def _by_set(
    connection: Connection, table: sa.Table, names: Sequence[str]
) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    query = sa.select(table.c.reference_id, *(table.c[name] for name in names))
    for row in connection.execute(query.order_by(table.c.id)).mappings():
        found.setdefault(row["reference_id"], []).append({name: row[name] for name in names})
    return found


def submissions_with(
    engine: Database, contents: frozenset[str], modalities: Sequence[str]
) -> list[int]:
    """Return the submissions that have a file of these contents and modalities, oldest first."""
    f = t.files.c
    query = sa.select(f.submission_id, f.sha256).where(f.modality.in_(modalities))
    with reading(engine) as connection:
        return sorted(
            {row.submission_id for row in connection.execute(query) if row.sha256 in contents}
        )


def contours_of(engine: Database, reference: int) -> str:
    """Return the outlines of a recorded set as JSON.

    Raises
    ------
    ResultError
        There is none of this number, or it is not what it was.
    """
    r = t.reference_sets.c
    with reading(engine) as connection:
        row = connection.execute(sa.select(r.contours, r.sha256).where(r.id == reference)).first()
    if row is None:
        raise ResultError("there are no such contours", got=str(reference))
    text = unpacked(row.contours)
    if sha256(text) != row.sha256:
        raise ResultError("a reviewer's contours are not what they were", where=str(reference))
    return text
