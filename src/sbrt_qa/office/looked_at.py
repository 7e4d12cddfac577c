"""What the access log tells of the records, and what the records tell of it."""

from __future__ import annotations

import sqlalchemy as sa

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.access_log import HEAD_TOLD
from sbrt_qa.audit.store.connection import Database, reading, written
from sbrt_qa.errors import UsageError
from sbrt_qa.office.case_standing import code_in
from sbrt_qa.office.roles import Role
from sbrt_qa.office.trail import as_engine, tell


def code_of(engine: Database, kind: str, number: int) -> str:
    """Return the code of a submission (``case``), or of the one of a ``reading``; else empty."""
    with reading(engine) as connection:
        submission: int | None = number
        if kind == "reading":
            r = o.readings.c
            submission = connection.scalar(sa.select(r.submission_id).where(r.id == number))
        try:
            return "" if submission is None else code_in(connection, submission)
        except UsageError:
            return ""


def tell_access_head(engine: Database, at: str, seq: int, sha256: str) -> None:
    """Tell the end of the access log to the chain of the records."""
    data = {"event": seq, "sha256": sha256}
    written(
        engine, lambda c: tell(c, HEAD_TOLD, "", as_engine(c, at), Role.ENGINE, data), durable=True
    )
