"""Asking the store for rights: the grants of an account as they are at this moment."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.office.acting import Acting, RightsError
from sbrt_qa.office.rights import CaseFacts, May, may
from sbrt_qa.office.roles import Grant, Right, Role


def grants_in(connection: Connection, *accounts: int) -> tuple[Grant, ...]:
    """Return all grants of accounts, or of all accounts: those that ended and wait as well."""
    g, c, e = o.grants, o.grant_confirmations, o.grant_ends
    joined = g.outerjoin(c, c.c.grant_id == g.c.id).outerjoin(e, e.c.grant_id == g.c.id)
    columns: list[Any] = [*g.c, c.c.id.label("confirmation"), e.c.at.label("ended")]
    query = sa.select(*columns).select_from(joined).order_by(g.c.id)
    if accounts:
        query = query.where(g.c.account_id.in_(accounts))
    return tuple(
        Grant(
            r.id, r.account_id, Role(r.role), r.trial, r.site, r.begin_at, r.until_at,
            r.by_account_id, not r.needs_second or r.confirmation is not None, r.ended or "",
        )
        for r in connection.execute(query)
    )  # fmt: skip


def ask(
    connection: Connection,
    by: Acting,
    right: Right,
    case: CaseFacts | None = None,
    reason: str = "",
) -> May:
    """Tell whether an account may do something; a locked one may nothing."""
    s = o.account_states.c
    last = sa.select(s.state).where(s.account_id == by.account).order_by(s.id.desc()).limit(1)
    if connection.scalar(last) == "locked":
        return May(None, "the account is locked")
    grants = grants_in(connection, by.account)
    return may(grants, right, case, at=by.at, account=by.account, reason=reason)


def demand(
    connection: Connection,
    by: Acting,
    right: Right,
    case: CaseFacts | None = None,
    reason: str = "",
) -> Role:
    """Return the role by which an account may do something.

    Raises
    ------
    RightsError
        It may not.
    """
    answer = ask(connection, by, right, case, reason)
    if answer.role is None:
        raise RightsError("this is not allowed", got=answer.why)
    return answer.role
