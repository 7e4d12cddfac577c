"""What the records tell of attempts to get in: which account was slowed, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import Database, reading, written
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.asking import demand
from sbrt_qa.office.roles import Right, Role
from sbrt_qa.office.trail import as_engine, tell

SLOWED: Final = "sign-in slowed"
MOST_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """An event about an account."""

    at: str
    kind: str
    account: str


def tell_slowed(engine: Database, code: str, at: str) -> None:
    """Record that wrong tries slowed an account; nothing of what is no account."""

    def work(connection: sa.Connection) -> None:
        known = sa.select(o.accounts.c.id).where(o.accounts.c.code == code)
        if connection.scalar(known) is not None:
            tell(connection, SLOWED, code, as_engine(connection, at), Role.ENGINE, {})

    written(engine, work)


def security_events(engine: Database, by: Acting) -> tuple[SecurityEvent, ...]:
    """Return the newest attempts to get in.

    Raises
    ------
    RightsError
        The account does not see the security part of the trail.
    """
    e = t.audit_events.c
    with reading(engine) as connection:
        demand(connection, by, Right.SEE_SECURITY_TRAIL)
        query = sa.select(e.at, e.kind, e.subject).where(e.kind == SLOWED)
        rows = connection.execute(query.order_by(e.seq.desc()).limit(MOST_SHOWN))
        return tuple(SecurityEvent(row.at, row.kind, row.subject) for row in rows)
