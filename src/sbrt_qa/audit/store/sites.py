"""What sites are called, beside their codes: in any script, the last name counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.chain import append
from sbrt_qa.audit.store.connection import Database, reading, written
from sbrt_qa.audit.store.records import sha256
from sbrt_qa.audit.store.rows import insert
from sbrt_qa.model.actor import Doing

NAMED: Final = "site named"


def site_names(engine: Database) -> dict[str, str]:
    """Return what sites are called by their codes; those without a name are not there."""
    with reading(engine) as connection:
        return {row.code: row.name for row in connection.execute(_names()) if row.name}


def name_sites(
    engine: Database, names: Mapping[str, str], at: str, by: Doing | None = None
) -> tuple[str, ...]:
    """Record what sites are called, and return the codes whose name is new.

    A site that is not in the store yet is passed over; it comes with its first submission.
    """

    def work(connection: Connection) -> tuple[str, ...]:
        changed = []
        for row in list(connection.execute(_names())):
            name = names.get(row.code, "").strip()
            if not name or name == row.name:
                continue
            insert(connection, t.site_names, {"site_id": row.id, "name": name})
            append(connection, at, NAMED, row.code, {"name": sha256(name)}, by)
            changed.append(row.code)
        return tuple(dict.fromkeys(changed))

    return written(engine, work)


def _names() -> sa.Select[Any]:
    """Return the query of all sites with their last names, in order of their codes."""
    n, i, every = t.site_names, t.sites, t.site_names.alias("every")
    newest = sa.select(sa.func.max(every.c.id)).group_by(every.c.site_id)
    named = i.outerjoin(n, sa.and_(n.c.site_id == i.c.id, n.c.id.in_(newest)))
    return sa.select(i.c.id, i.c.code, n.c.name).select_from(named).order_by(i.c.code)
