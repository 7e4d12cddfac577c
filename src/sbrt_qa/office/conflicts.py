"""Conflicts of interest: who must not judge which site or subject, who said so, since when.

A declared conflict closes cases at once: none of them is assigned to the account, and those that it
has already are closed to it until the conflict is ended. It never changes what was signed before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.layout import is_code
from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import Database, reading, written
from sbrt_qa.audit.store.rows import insert
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.office.acting import Acting, RightsError
from sbrt_qa.office.asking import demand, grants_in
from sbrt_qa.office.case_standing import standing_in
from sbrt_qa.office.rights import MATRIX, Scope
from sbrt_qa.office.roles import Right, Role
from sbrt_qa.office.states import OPEN
from sbrt_qa.office.trail import tell

CONFLICT: Final = "conflict of interest declared"
CONFLICT_ENDED: Final = "conflict of interest ended"

JUDGING: Final = (Role.REVIEWER, Role.ADJUDICATOR)
"""Roles for which a conflict counts."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A declared conflict of interest.

    Parameters
    ----------
    account, who
        Key and name of the account that must not judge.
    site, subject
        Code of the site, and of its one subject; `subject` is empty where it is of the whole site.
    by, at, reason
        Name of who declared it, when (UTC, ISO 8601), and why.
    ended, ended_by, end_reason
        The same of its end; empty while it holds.
    known
        Whether a submission of the site, or of the subject, is here.
    open_cases
        Open submissions that are assigned to the account all the same, as key and code: they were
        before it was declared, and another reader has to be found.
    """

    id: int
    account: int
    who: str
    site: str
    subject: str
    by: str
    at: str
    reason: str
    ended: str = ""
    ended_by: str = ""
    end_reason: str = ""
    known: bool = True
    open_cases: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ConflictsSeen:
    """The conflicts that an account sees, newest first, and what it may do about them.

    Parameters
    ----------
    of_all
        Whether those of everybody are there; else its own.
    may_end
        Whether it may end those of others.
    judges
        For whom it may declare one, as key and name.
    sites
        Codes of the sites that sent something.
    """

    rows: tuple[Conflict, ...]
    of_all: bool
    may_end: bool
    judges: tuple[tuple[int, str], ...]
    sites: tuple[str, ...]


def conflicts_seen(engine: Database, by: Acting) -> ConflictsSeen:
    """Return the conflicts that an account sees: its own, or everybody's.

    Raises
    ------
    RightsError
        It sees none.
    """
    with reading(engine) as connection:
        demand(connection, by, Right.SEE_CONFLICTS)
        of_all = _for_all(connection, by, Right.SEE_CONFLICTS)
        ends = _for_all(connection, by, Right.DECLARE_CONFLICT)
        rows = _conflicts(connection, () if of_all else (by.account,))
        sites = connection.scalars(sa.select(t.sites.c.code).order_by(t.sites.c.code)).all()
        judges = _judges(connection, by)
        declares = judges if ends else tuple(one for one in judges if one[0] == by.account)
        return ConflictsSeen(rows, of_all, ends, declares, tuple(dict.fromkeys(sites)))


def _for_all(connection: Connection, by: Acting, right: Right) -> bool:
    """Tell whether a role of the account brings a right for everybody, not for itself alone."""
    holding = [one.role for one in grants_in(connection, by.account) if one.holds(by.at)]
    return any(MATRIX[right].get(role) is Scope.YES for role in holding)


def _judges(connection: Connection, by: Acting) -> tuple[tuple[int, str], ...]:
    holding = {g.account for g in grants_in(connection) if g.role in JUDGING and g.holds(by.at)}
    a = o.accounts.c
    query = sa.select(a.id, a.name).where(a.id.in_(holding)).order_by(a.name)
    return tuple((row.id, row.name) for row in connection.execute(query))


def _conflicts(connection: Connection, accounts: Iterable[int]) -> tuple[Conflict, ...]:
    c, e, b, i = o.conflicts, o.conflict_ends, t.subjects, t.sites
    joined = c.outerjoin(e, e.c.conflict_id == c.c.id).outerjoin(b, b.c.id == c.c.subject_id)
    joined = joined.outerjoin(i, i.c.id == b.c.site_id)
    columns: list[Any] = [
        *c.c, b.c.code.label("subject"), i.c.code.label("subject_site"), e.c.at.label("ended"),
        e.c.by_account_id.label("ended_by"), e.c.reason.label("end_reason"),
    ]  # fmt: skip
    query = sa.select(*columns).select_from(joined).order_by(c.c.id.desc())
    wanted = tuple(accounts)
    rows = connection.execute(query.where(c.c.account_id.in_(wanted)) if wanted else query).all()
    names = dict(connection.execute(sa.select(o.accounts.c.id, o.accounts.c.name)).all())
    here = set(connection.scalars(sa.select(t.sites.c.code)))
    return tuple(
        Conflict(
            row.id, row.account_id, names[row.account_id], row.site or row.subject_site,
            row.subject or "", names[row.by_account_id], row.at, row.reason, row.ended or "",
            names.get(row.ended_by, ""), row.end_reason or "", not row.site or row.site in here,
            () if row.ended else _open_cases(connection, row),
        )
        for row in rows
    )  # fmt: skip


def _open_cases(connection: Connection, conflict: sa.Row[Any]) -> tuple[tuple[int, str], ...]:
    """Return what a conflict closes to its account although it is assigned to it."""
    a, e, s, b, i = o.assignments, o.assignment_ends, t.submissions, t.subjects, t.sites
    joined = a.outerjoin(e, e.c.assignment_id == a.c.id).join(s, s.c.id == a.c.submission_id)
    joined = joined.join(b, b.c.id == s.c.subject_id).join(i, i.c.id == b.c.site_id)
    of = i.c.code == conflict.site if conflict.site else b.c.id == conflict.subject_id
    query = (
        sa.select(a.c.submission_id)
        .select_from(joined)
        .where(a.c.account_id == conflict.account_id, e.c.id.is_(None), of)
        .distinct()
        .order_by(a.c.submission_id)
    )
    cases = [standing_in(connection, key) for key in connection.scalars(query)]
    account = conflict.account_id
    return tuple(
        (one.submission, one.code)
        for one in cases
        if one.state in OPEN
        and account in one.facts.readers | one.facts.adjudicators
        and account not in one.facts.signed
    )


def declare_conflict(
    engine: Database, by: Acting, account: int, reason: str, *, site: str = "", subject: int = 0
) -> int:
    """Declare that an account must not judge a site, or one subject; return its key.

    Reviewers and adjudicators declare their own; a coordinator declares anybody's. A site that
    nothing came from yet may be named.

    Raises
    ------
    RightsError, UsageError
        It is neither; no reason, site or subject is given; the site is no code; it is declared.
    """
    if not reason.strip() or bool(site) == bool(subject):
        raise UsageError("a conflict needs a reason, and a site or a subject")
    if site and not is_code(site):
        raise UsageError("not the code of a site", got=quoted(site))

    def work(connection: Connection) -> int:
        allowed = demand(connection, by, Right.DECLARE_CONFLICT)
        if account != by.account:
            allowed = demand(connection, by, Right.ASSIGN)
        b = t.subjects.c.id
        if subject and connection.scalar(sa.select(b).where(b == subject)) is None:
            raise UsageError("no such subject")
        _refuse_twice(connection, account, site, subject)
        row = {
            "account_id": account, "site": site, "subject_id": subject or None, "reason": reason,
            "by_account_id": by.account, "at": by.at,
        }  # fmt: skip
        made = insert(connection, o.conflicts, row)
        told = {"conflict": made, "site": site, "subject_row": subject}
        code = _code(connection, account)
        tell(connection, CONFLICT, code, by, allowed, told, reason=reason)
        return made

    return written(engine, work, durable=True)


def _refuse_twice(connection: Connection, account: int, site: str, subject: int) -> None:
    c, e = o.conflicts, o.conflict_ends
    of = c.c.site == site if site else c.c.subject_id == subject
    query = (
        sa.select(c.c.id)
        .select_from(c.outerjoin(e, e.c.conflict_id == c.c.id))
        .where(c.c.account_id == account, e.c.id.is_(None), of)
    )
    if connection.scalar(query.limit(1)) is not None:
        raise UsageError("this conflict of interest is declared already")


def end_conflict(engine: Database, by: Acting, conflict: int, reason: str) -> None:
    """End a declared conflict; a coordinator does so.

    Raises
    ------
    RightsError, UsageError
        Who acts is none; no reason is given; there is no such conflict.
    """
    if not reason.strip():
        raise UsageError("this needs a reason")

    def work(connection: Connection) -> None:
        allowed = demand(connection, by, Right.ASSIGN)
        query = sa.select(o.conflicts.c.account_id).where(o.conflicts.c.id == conflict)
        account = connection.scalar(query)
        over = sa.select(o.conflict_ends.c.id).where(o.conflict_ends.c.conflict_id == conflict)
        if account is None or connection.scalar(over) is not None:
            raise UsageError("no such conflict is open")
        if account == by.account:
            raise RightsError("nobody ends their own conflict of interest")
        row = {
            "conflict_id": conflict, "reason": reason, "by_account_id": by.account, "at": by.at,
        }  # fmt: skip
        insert(connection, o.conflict_ends, row)
        code = _code(connection, account)
        tell(connection, CONFLICT_ENDED, code, by, allowed, {"conflict": conflict}, reason=reason)

    written(engine, work, durable=True)


def subject_named(engine: Database, site: str, subject: str) -> int:
    """Return the key of a subject of a site.

    Raises
    ------
    UsageError
        Nothing of it was sent.
    """
    b, i = t.subjects, t.sites
    query = sa.select(b.c.id).select_from(b.join(i, b.c.site_id == i.c.id))
    with reading(engine) as connection:
        found = connection.scalar(query.where(i.c.code == site, b.c.code == subject).limit(1))
    if found is None:
        raise UsageError("no submission of this subject is here", got=quoted(f"{site}/{subject}"))
    return int(found)


def _code(connection: Connection, account: int) -> str:
    wanted = o.accounts.c.id == account, o.accounts.c.kind == "person"
    code = connection.scalar(sa.select(o.accounts.c.code).where(*wanted))
    if code is None:
        raise UsageError("no such account")
    return str(code)
