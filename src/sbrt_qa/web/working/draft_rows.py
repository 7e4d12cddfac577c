"""Drafts: what somebody typed and could not be recorded yet, and what was last shown to sign."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import sqlalchemy as sa

from sbrt_qa.web.working.working_store import WorkingStore
from sbrt_qa.web.working.working_tables import drafts


class Drafts:
    """Texts by account and by what they belong to."""

    def __init__(self, store: WorkingStore) -> None:
        self._store = store

    def of(self, account: int, subject: str) -> dict[str, str]:
        """Return the fields that are kept; none where nothing is."""
        d = drafts.c
        wanted = sa.select(d.content).where(d.account == str(account), d.subject == subject)
        with self._store.reading() as connection:
            text = connection.scalar(wanted)
        return {str(k): str(v) for k, v in json.loads(text).items()} if text else {}

    def keep(self, account: int, subject: str, content: Mapping[str, str]) -> None:
        """Keep fields in place of those before; no fields take them away."""
        d = drafts.c
        row = {
            "account": str(account), "subject": subject, "content": json.dumps(dict(content)),
            "saved": time.time(),
        }  # fmt: skip
        with self._store.writing() as connection:
            gone = sa.delete(drafts).where(d.account == str(account), d.subject == subject)
            connection.execute(gone)
            if content:
                connection.execute(sa.insert(drafts).values(row))
