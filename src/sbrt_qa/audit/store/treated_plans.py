"""What the store knows of the plans of subjects, for the data of the trial."""

from __future__ import annotations

import sqlalchemy as sa

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import Database, reading


def subject_codes(engine: Database) -> frozenset[str]:
    """Return the codes of all subjects with a submission."""
    with reading(engine) as connection:
        return frozenset(connection.scalars(sa.select(t.subjects.c.code)))
