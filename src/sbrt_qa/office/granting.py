"""Granting roles, confirming and ending grants."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.connection import Database, reading, written
from sbrt_qa.audit.store.rows import insert
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.office.acting import Acting, RightsError
from sbrt_qa.office.asking import demand, grants_in
from sbrt_qa.office.roles import EVERYWHERE, OF_A_SITE, TO_BE_CONFIRMED, Grant, Right, Role
from sbrt_qa.office.trail import tell
from sbrt_qa.office.trial_options import options_in

GRANTED: Final = "role granted"
CONFIRMED: Final = "grant confirmed"
ENDED: Final = "grant ended"


def grant_role(
    engine: Database,
    by: Acting,
    account: int,
    role: Role,
    *,
    trial: str = EVERYWHERE,
    site: str = EVERYWHERE,
    begin: str = "",
    until: str = "",
    reason: str = "",
) -> Grant:
    """Grant a role; it begins now where no time is given.

    Of PHI, admin and unblinding it counts once a second account has confirmed it, see
    :func:`confirm_grant`, as soon as there are two admins and the trial's options ask for that.

    Raises
    ------
    RightsError
        Who acts is no admin, or grants itself something.
    UsageError
        There is no such account; a role of a site is granted for all sites; the end is before the
        beginning.
    """
    if account == by.account:
        raise RightsError("nobody may grant a role to themselves")
    if role is Role.ENGINE or (role in OF_A_SITE and site == EVERYWHERE):
        raise UsageError("this role is granted for one site", got=role.value)
    start = begin or by.at
    if until and until <= start:
        raise UsageError("the grant would end before it begins", got=quoted(until))

    def work(connection: Connection) -> int:
        allowed = demand(connection, by, Right.MANAGE_ACCOUNTS)
        code = _code(connection, account)
        second = role in TO_BE_CONFIRMED and _two_admins(connection, by.at)
        row = {
            "account_id": account, "role": role.value, "trial": trial, "site": site,
            "begin_at": start, "until_at": until, "by_account_id": by.account,
            "needs_second": second, "reason": reason, "at": by.at,
        }  # fmt: skip
        made = insert(connection, o.grants, row)
        told = {"grant": made, "trial": trial, "site": site, "waits": second}
        after = f"{role.value} from {start}" + (f" until {until}" if until else "")
        tell(connection, GRANTED, code, by, allowed, told, reason=reason, after=after)
        return made

    return _grant(engine, account, written(engine, work, durable=True))


def confirm_grant(engine: Database, by: Acting, grant: int) -> Grant:
    """Confirm a grant that waits for a second account.

    Raises
    ------
    RightsError
        Who acts is no admin, gave the grant, or would gain by it.
    UsageError
        It does not wait.
    """

    def work(connection: Connection) -> int:
        allowed = demand(connection, by, Right.MANAGE_ACCOUNTS)
        row = connection.execute(sa.select(o.grants).where(o.grants.c.id == grant)).first()
        known = {one.id: one for one in grants_in(connection)}.get(grant)
        if row is None or known is None or known.confirmed or known.ended:
            raise UsageError("no such grant waits for confirmation")
        if by.account in (row.by_account_id, row.account_id):
            raise RightsError("a second account confirms this")
        made = {"grant_id": grant, "by_account_id": by.account, "at": by.at}
        insert(connection, o.grant_confirmations, made)
        told = {"grant": grant}
        code = _code(connection, row.account_id)
        tell(connection, CONFIRMED, code, by, allowed, told, before="waits", after=row.role)
        return int(row.account_id)

    account = written(engine, work, durable=True)
    return _grant(engine, account, grant)


def end_grant(engine: Database, by: Acting, grant: int, reason: str) -> None:
    """Take a grant back, from now on; the caller ends the sessions of its account.

    Raises
    ------
    RightsError, UsageError
        Who acts is no admin; the grant is over; no reason is given.
    """
    if not reason.strip():
        raise UsageError("this needs a reason")

    def work(connection: Connection) -> None:
        allowed = demand(connection, by, Right.MANAGE_ACCOUNTS)
        known = {one.id: one for one in grants_in(connection)}.get(grant)
        if known is None or known.ended:
            raise UsageError("there is no such grant")
        row = {"grant_id": grant, "by_account_id": by.account, "reason": reason, "at": by.at}
        insert(connection, o.grant_ends, row)
        code = _code(connection, known.account)
        told = {"grant": grant}
        before = known.role.value
        tell(connection, ENDED, code, by, allowed, told, reason=reason, before=before, after="")

    written(engine, work, durable=True)


def grants_of(engine: Database, account: int) -> tuple[Grant, ...]:
    """Return all grants of an account, over or not; ask ``holds(at)`` of each."""
    with reading(engine) as connection:
        return grants_in(connection, account)


def all_grants(engine: Database) -> tuple[Grant, ...]:
    """Return all grants ever given, oldest first."""
    with reading(engine) as connection:
        return grants_in(connection)


def _two_admins(connection: Connection, at: str) -> bool:
    """Tell whether a second account has to confirm: the options ask for it, and two could."""
    if not options_in(connection).second_confirmation:
        return False
    holding = {g.account for g in grants_in(connection) if g.role is Role.ADMIN and g.holds(at)}
    return len(holding) >= 2


def _code(connection: Connection, account: int) -> str:
    wanted = o.accounts.c.id == account, o.accounts.c.kind == "person"
    code = connection.scalar(sa.select(o.accounts.c.code).where(*wanted))
    if code is None:
        raise UsageError("no such account")
    return str(code)


def _grant(engine: Database, account: int, grant: int) -> Grant:
    return next(one for one in grants_of(engine, account) if one.id == grant)
