"""What a protocol asks of the office: its checklist of contours, its reasons of overrides."""

from __future__ import annotations

import json
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.records import sha256
from sbrt_qa.audit.store.rows import insert
from sbrt_qa.audit.store.signed_content import reviews_of
from sbrt_qa.office.checklist import CHANGED, newest_checklist
from sbrt_qa.office.roles import Role
from sbrt_qa.office.trail import as_engine, tell

REASON_CODES: Final = (
    "clinically acceptable", "measurement artefact", "naming", "wrong limit", "data incomplete",
    "clinically unacceptable", "other",
)  # fmt: skip
"""Why an item is overridden, where the protocol states no reasons of its own."""


def reasons_in(connection: Connection, submission: int) -> tuple[str, ...]:
    """Return the reasons of an override that the protocol of a submission's reviews has."""
    r, p = t.reviews, t.protocol_versions
    query = (
        sa.select(p.c.content)
        .select_from(r.join(p, r.c.protocol_version_id == p.c.id))
        .where(r.c.id.in_(reviews_of(connection, submission)))
        .order_by(r.c.id.desc())
        .limit(1)
    )
    found = _content(connection.scalar(query)).get("override_reasons") or REASON_CODES
    return tuple(found)


def take_over_checklist(connection: Connection, at: str) -> bool:
    """Set the checklist of the newest protocol as the next version; tell whether it was new.

    One that was taken over once is not taken over again: a coordinator may have changed it since.
    """
    p, c = t.protocol_versions.c, o.checklists.c
    newest = sa.select(p.content, p.sha256).order_by(p.id.desc()).limit(1)
    row = connection.execute(newest).first()
    asked = {} if row is None else _content(row.content).get("contour_review") or {}
    if row is None or not asked:
        return False
    content = json.dumps(
        [{"structure": name, "questions": list(some)} for name, some in asked.items()],
        ensure_ascii=False,
    )
    digest = sha256(content)
    if connection.scalar(sa.select(c.id).where(c.sha256 == digest).limit(1)) is not None:
        return False
    last, by = newest_checklist(connection), as_engine(connection, at)
    made = {
        "version": 1 if last is None else last.version + 1, "content": content, "sha256": digest,
        "by_account_id": by.account, "at": by.at,
    }  # fmt: skip
    insert(connection, o.checklists, made)
    told = {"version": made["version"], "protocol": row.sha256}
    before = "" if last is None else last.sha256
    tell(connection, CHANGED, "", by, Role.ENGINE, told, before=before, after=digest)
    return True


def _content(text: object) -> dict[str, Any]:
    """Return a stored protocol; nothing where there is none."""
    found: dict[str, Any] = json.loads(str(text)) if text else {}
    return found
