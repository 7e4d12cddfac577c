"""Whether the database itself is sound, and its rows of places belong to what was recorded."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.store import tables as t
from sbrt_qa.store.triggers import broken_trigger


def damage(connection: Connection) -> str:
    """Return the first thing that SQLite's own check finds broken; empty when nothing is.

    PostgreSQL has no such check; what it cannot read it refuses to give.
    """
    if connection.dialect.name != "sqlite":
        return ""
    found = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar())
    return "" if found == "ok" else f"the database is damaged ({' '.join(found.split())})"


def unclaimed_places(connection: Connection) -> Iterator[str]:
    """Tell trials, sites and subjects that stand for no submission: they come only with one."""
    levels = ((t.trials, t.sites.c.trial_id), (t.sites, t.subjects.c.site_id),
              (t.subjects, t.submissions.c.subject_id))  # fmt: skip
    for table, owner in levels:
        alone = sa.select(table.c.code).where(table.c.id.not_in(sa.select(owner)))
        for code in connection.scalars(alone.order_by(table.c.id)):
            yield f"{code} of the table {table.name} is there and was never recorded"


def trigger_differences(connection: Connection) -> Iterator[str]:
    """Tell that rows are not kept any more as they were written."""
    if name := broken_trigger(connection):
        yield f"the trigger {name}, which refuses changes, is missing or not what it was"
