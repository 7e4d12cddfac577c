"""The trail of an office in pages: who did what, when and why, newest first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.audit.store.verify_records import Verified, verify
from sbrt_qa.errors import UsageError
from sbrt_qa.office.acting import Acting, RightsError
from sbrt_qa.office.asking import demand, grants_in
from sbrt_qa.office.assigning import ASSIGNED, DUE, PLANNED, UNASSIGNED
from sbrt_qa.office.moving import MOVED
from sbrt_qa.office.roles import EVERYWHERE, Right, Role

TRAIL_PAGE: Final = 100
LONGEST_FILTER: Final = 64
LONGEST_CHANGE: Final = 120

OF_NO_READING: Final = frozenset({MOVED, ASSIGNED, UNASSIGNED, DUE, PLANNED})
"""Kinds of events whose change tells nothing of what a reader said."""


@dataclass(frozen=True, slots=True)
class TrailEvent:
    """One event.

    `details` is its JSON, empty for who is not to see what readers said; `before` and `after` are
    what it changed, for everybody where it is about no reading.
    """

    seq: int
    at: str
    kind: str
    subject: str
    who: str
    role: str
    reason: str
    hash: str
    details: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class TrailPage:
    """At most 100 events, and the number before which the next page begins; 0 at the end."""

    events: tuple[TrailEvent, ...]
    before: int


def trail_page(
    engine: Database, by: Acting, subject: str = "", kind: str = "", who: str = "", before: int = 0
) -> TrailPage:
    """Return a page of the trail of the whole trial.

    Parameters
    ----------
    subject
        Beginning of what it is about.
    kind, who
        The kind of event, and the name of who did it; all when empty.
    before
        Number of the event before which the page begins; the newest when 0.

    Raises
    ------
    RightsError
        The account sees no trail of the whole trial.
    UsageError
        A filter is too long.
    """
    if max(map(len, (subject, kind, who))) > LONGEST_FILTER:
        raise UsageError("a filter is too long")
    e = t.audit_events
    with reading(engine) as connection:
        role = demand_trail(connection, by, Right.SEE_TRIAL_TRAIL)
        query = sa.select(e).order_by(e.c.seq.desc())
        if subject:
            query = query.where(e.c.subject.startswith(subject, autoescape=True))
        if kind:
            query = query.where(e.c.kind == kind)
        if before:
            query = query.where(e.c.seq < before)
        found: list[TrailEvent] = []
        for row in connection.execute(query):
            told = json.loads(row.details)
            by_whom = told.get("by") or {}
            name = str(by_whom.get("actor", ""))
            if who and name != who:
                continue
            details = row.details if role is Role.AUDITOR else ""
            found.append(TrailEvent(
                row.seq, row.at, row.kind, row.subject, name, str(by_whom.get("role", "")),
                str(by_whom.get("reason", "")), row.hash, details,
                *(_changed(told) if details or row.kind in OF_NO_READING else ("", "")),
            ))  # fmt: skip
            if len(found) > TRAIL_PAGE:
                break
    more = len(found) > TRAIL_PAGE
    return TrailPage(tuple(found[:TRAIL_PAGE]), found[TRAIL_PAGE - 1].seq if more else 0)


def _changed(told: dict[str, Any]) -> tuple[str, str]:
    """Return what an event changed, each shortened to what a row of a table holds."""
    both = (told.get("before"), told.get("after"))
    texts = [
        "" if one is None else one if isinstance(one, str) else json.dumps(one) for one in both
    ]
    return (texts[0][:LONGEST_CHANGE], texts[1][:LONGEST_CHANGE])


def trail_verified(engine: Database, by: Acting) -> Verified:
    """Hold the records against their chain and signatures; it walks all of them.

    Raises
    ------
    RightsError
        The account may not.
    """
    with reading(engine) as connection:
        demand_trail(connection, by, Right.VERIFY)
    return verify(engine)


def refuse_part_of_trail(engine: Database, by: Acting, right: Right) -> None:
    """Check that an account sees something of everything, as :func:`demand_trail` does.

    Raises
    ------
    RightsError
        It does not.
    """
    with reading(engine) as connection:
        demand_trail(connection, by, right)


def demand_trail(connection: Connection, by: Acting, right: Right) -> Role:
    """Return the role by which an account sees the trail of everything, not of some sites only.

    Raises
    ------
    RightsError
        No grant of it is for all sites of all trials that there are.
    """
    role = demand(connection, by, right)
    trials = set(connection.scalars(sa.select(t.trials.c.code)))
    whole = [
        one.role for one in grants_in(connection, by.account)
        if one.holds(by.at) and one.site == EVERYWHERE
        and (one.trial == EVERYWHERE or trials <= {one.trial})
        and one.role in (Role.AUDITOR, Role.COORDINATOR)
    ]  # fmt: skip
    if not whole:
        raise RightsError("this is not allowed")
    return Role.AUDITOR if Role.AUDITOR in whole else role
