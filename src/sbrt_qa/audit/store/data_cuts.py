"""Freezing a data cut: the import, the day, and the plan verdicts as they are now."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.chain import append
from sbrt_qa.audit.store.connection import Database, reading, writing
from sbrt_qa.audit.store.kept import unpacked
from sbrt_qa.audit.store.records import sha256
from sbrt_qa.audit.store.row_values import COMPRESSION
from sbrt_qa.audit.store.rows import insert
from sbrt_qa.model.actor import Doing
from sbrt_qa.trial.treated import PlanVerdict, frozen_text, plans_from_text

FROZEN: Final = "data cut frozen"
OPENED: Final = "closed report opened"
ANALYSED: Final = "data cut analysed"
UNLOCKED: Final = "arm labels unlocked"
"""Kinds of events around an analysis."""


@dataclass(frozen=True, slots=True)
class FrozenCut:
    """A data cut with the verdicts of plans as they were when it was frozen."""

    id: int
    import_id: int
    cut: str
    label: str
    at: str
    plans: tuple[PlanVerdict, ...]
    verdicts_sha256: str


def freeze_cut(
    engine: Database,
    import_id: int,
    cut: str,
    label: str,
    plans: tuple[PlanVerdict, ...],
    at: str,
    by: Doing | None = None,
) -> FrozenCut:
    """Record a data cut; one that is frozen already with the same verdicts is returned."""
    text = frozen_text(plans)
    digest = sha256(text)
    newest = [known for known in frozen_cuts(engine) if known.cut == cut][-1:]
    for known in newest:
        if (known.import_id, known.verdicts_sha256) == (import_id, digest):
            return known
    with writing(engine, durable=True) as connection:
        number = insert(connection, t.data_cuts, {
            "import_id": import_id, "cut_date": cut, "label": label, "at": at,
            "verdicts": zlib.compress(text.encode(), COMPRESSION), "verdicts_sha256": digest,
        })  # fmt: skip
        told = {"cut": number, "import": import_id, "date": cut, "verdicts": digest}
        append(connection, at, FROZEN, label, told, by)
    return FrozenCut(number, import_id, cut, label, at, plans, digest)


def frozen_cuts(engine: Database) -> tuple[FrozenCut, ...]:
    """Return all data cuts, oldest first."""
    with reading(engine) as connection:
        rows = connection.execute(sa.select(t.data_cuts).order_by(t.data_cuts.c.id)).all()
    return tuple(
        FrozenCut(
            row.id, row.import_id, row.cut_date, row.label, row.at,
            plans_from_text(unpacked(row.verdicts)), row.verdicts_sha256,
        )
        for row in rows
    )  # fmt: skip


def tell_of_report(
    engine: Database, kind: str, subject: str, data: dict[str, object], at: str, by: Doing | None
) -> None:
    """Add the event of a report that was opened, or of labels that were unlocked."""
    with writing(engine, durable=True) as connection:
        append(connection, at, kind, subject, data, by)


def record_analysis(
    engine: Database, cut_id: int, protocol_sha256: str, version: str, document: str, at: str,
    by: Doing | None,
) -> int:  # fmt: skip
    """Record what was derived of a cut; the same content is not recorded twice."""
    digest = sha256(document)
    with writing(engine, durable=True) as connection:
        a = t.analyses.c
        known = connection.scalar(
            sa.select(a.id).where(a.cut_id == cut_id, a.sha256 == digest).limit(1)
        )
        if known is not None:
            return int(known)
        number = insert(connection, t.analyses, {
            "cut_id": cut_id, "protocol_sha256": protocol_sha256, "engine": version, "made": at,
            "document": zlib.compress(document.encode(), COMPRESSION), "sha256": digest,
        })  # fmt: skip
        told = {"analysis": number, "cut": cut_id, "document": digest, "rules": protocol_sha256}
        append(connection, at, ANALYSED, "", told, by)
    return number
