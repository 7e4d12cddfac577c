"""Accounts: who can act. They are made and locked, never renamed and never deleted.

What proves that somebody is an account's owner is kept elsewhere; here is no secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.connection import Database, reading, written
from sbrt_qa.audit.store.records import sha256
from sbrt_qa.audit.store.rows import insert
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.actor import LONGEST_NAME
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.asking import demand
from sbrt_qa.office.roles import EVERYWHERE, Right, Role
from sbrt_qa.office.trail import as_engine, tell

FOUNDED: Final = "office founded"
ADDED: Final = "account added"
LOCKED: Final = "account locked"
UNLOCKED: Final = "account opened again"
TIED: Final = "account tied to an identity"
UNTIED: Final = "account tied to no identity"
PASSWORD_GIVEN: Final = "link for a password made"  # noqa: S105 - a kind of event

PROFESSIONS: Final = ("", "physics", "oncology")
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")


@dataclass(frozen=True, slots=True)
class OfficeAccount:
    """An account.

    Parameters
    ----------
    code
        What its owner signs in with.
    profession
        ``physics``, ``oncology`` or empty: what its owner can judge.
    home_site
        Code of the site its owner works at, whose submissions it never judges; may be empty.
    """

    key: int
    code: str
    name: str
    profession: str
    home_site: str
    made: str
    locked: bool
    is_person: bool = True


def found_office(engine: Database, code: str, name: str, at: str) -> OfficeAccount:
    """Make the first account, an admin; the program gives that grant, once in an office's life.

    Raises
    ------
    UsageError
        There is a person's account already, or code or name is none.
    """

    def work(connection: Connection) -> int:
        person = sa.select(o.accounts.c.id).where(o.accounts.c.kind == "person").limit(1)
        if connection.scalar(person) is not None:
            raise UsageError("this office has accounts already")
        program = as_engine(connection, at)
        made = _add(connection, program, code, name, "", "")
        row = {
            "account_id": made, "role": Role.ADMIN.value, "trial": EVERYWHERE, "site": EVERYWHERE,
            "begin_at": at, "until_at": "", "by_account_id": program.account,
            "needs_second": False, "reason": "", "at": at,
        }  # fmt: skip
        insert(connection, o.grants, row)
        tell(connection, FOUNDED, code, program, Role.ENGINE, {"admin": code})
        return made

    return account_by_key(engine, written(engine, work, durable=True))


def add_account(
    engine: Database,
    by: Acting,
    code: str,
    name: str,
    *,
    profession: str = "",
    home_site: str = "",
) -> OfficeAccount:
    """Make an account; it can do nothing until it is granted a role.

    Raises
    ------
    RightsError
        Who acts is no admin.
    UsageError
        The code is taken or none; the name is none; the profession is not known.
    """

    def work(connection: Connection) -> int:
        allowed = demand(connection, by, Right.MANAGE_ACCOUNTS)
        made = _add(connection, by, code, name, profession, home_site)
        told = {"profession": profession, "home_site": home_site}
        tell(connection, ADDED, code, by, allowed, told, after=code)
        return made

    return account_by_key(engine, written(engine, work, durable=True))


def is_name(name: str) -> bool:
    """Tell whether a text can be the name of a person, and not of the program."""
    plain = name.strip() == name and name.isprintable() and 0 < len(name) <= LONGEST_NAME
    return plain and name.casefold().split()[0] != "engine"


def _add(
    connection: Connection, by: Acting, code: str, name: str, profession: str, home_site: str
) -> int:
    if not _CODE.fullmatch(code):
        expected = say("2 to 64 of a-z, 0-9, '.', '_', '@', '-'")
        raise UsageError("not a name to sign in with", got=quoted(code), expected=expected)
    if not is_name(name):
        raise UsageError("not a name of a person", got=quoted(name))
    if profession not in PROFESSIONS:
        raise UsageError("no such profession", got=quoted(profession))
    if connection.scalar(sa.select(o.accounts.c.id).where(o.accounts.c.code == code)) is not None:
        raise UsageError("this name to sign in with is taken", got=quoted(code))
    row = {
        "code": code, "name": name, "kind": "person", "profession": profession,
        "home_site": home_site, "made": by.at,
    }  # fmt: skip
    return insert(connection, o.accounts, row)


def account_of_identity(
    engine: Database, code: str, name: str, subject: str, at: str
) -> OfficeAccount:
    """Make the account of somebody whom an identity service knows; it has no role.

    Parameters
    ----------
    code, name
        What the service calls them; where that is no name to sign in with, or taken, one is made of
        the subject.
    """
    made_up = "id-" + sha256(subject)[:16]

    def work(connection: Connection) -> int:
        program = as_engine(connection, at)
        taken = sa.select(o.accounts.c.id).where(o.accounts.c.code == code)
        usable = _CODE.fullmatch(code) and connection.scalar(taken) is None
        chosen = code if usable else made_up
        made = _add(connection, program, chosen, name if is_name(name) else chosen, "", "")
        told = {"identity": sha256(subject)}
        tell(connection, ADDED, chosen, program, Role.ENGINE, told, after=chosen)
        return made

    return account_by_key(engine, written(engine, work, durable=True))


def tell_of_account(
    engine: Database, by: Acting, account: int, kind: str, told: Mapping[str, str] | None = None
) -> None:
    """Record a step that gives somebody a way to sign in, or takes it: `TIED`, `PASSWORD_GIVEN`.

    Raises
    ------
    RightsError
        Who acts is no admin.
    UsageError
        No person has this account.
    """

    def work(connection: Connection) -> None:
        allowed = demand(connection, by, Right.MANAGE_ACCOUNTS)
        query = sa.select(o.accounts.c.code).where(
            o.accounts.c.id == account, o.accounts.c.kind == "person"
        )
        code = connection.scalar(query)
        if code is None:
            raise UsageError("no such account")
        tell(connection, kind, code, by, allowed, dict(told or {}))

    written(engine, work, durable=True)


def lock_account(engine: Database, by: Acting, account: int, reason: str) -> None:
    """Lock an account: it has no right any more. The caller ends its sessions.

    Raises
    ------
    RightsError, UsageError
        Who acts is no admin, or locks itself; no reason is given.
    """
    _set_state(engine, by, account, "locked", reason)


def unlock_account(engine: Database, by: Acting, account: int, reason: str) -> None:
    """Open a locked account again.

    Raises
    ------
    RightsError, UsageError
        As for locking.
    """
    _set_state(engine, by, account, "active", reason)


def _set_state(engine: Database, by: Acting, account: int, state: str, reason: str) -> None:
    if not reason.strip():
        raise UsageError("this needs a reason")
    if account == by.account:
        raise UsageError("nobody locks or opens their own account")

    def work(connection: Connection) -> None:
        allowed = demand(connection, by, Right.MANAGE_ACCOUNTS)
        query = sa.select(o.accounts.c.code).where(
            o.accounts.c.id == account, o.accounts.c.kind == "person"
        )
        code = connection.scalar(query)
        if code is None:
            raise UsageError("no such account")
        row = {
            "account_id": account, "state": state, "by_account_id": by.account,
            "reason": reason, "at": by.at,
        }  # fmt: skip
        before = "locked" if is_locked(connection, account) else "active"
        insert(connection, o.account_states, row)
        kind = LOCKED if state == "locked" else UNLOCKED
        tell(connection, kind, code, by, allowed, {}, reason=reason, before=before, after=state)

    written(engine, work, durable=True)


def is_locked(connection: Connection, account: int) -> bool:
    """Tell whether an account is locked."""
    s = o.account_states.c
    last = sa.select(s.state).where(s.account_id == account).order_by(s.id.desc()).limit(1)
    return connection.scalar(last) == "locked"


def account_by_code(engine: Database, code: str) -> OfficeAccount | None:
    """Return the account that somebody signs in with; None where there is none."""
    return _one(engine, o.accounts.c.code == code)


def account_by_key(engine: Database, key: int) -> OfficeAccount:
    """Return an account by its key.

    Raises
    ------
    UsageError
        There is none.
    """
    found = _one(engine, o.accounts.c.id == key)
    if found is None:
        raise UsageError("no such account")
    return found


def all_accounts(engine: Database) -> tuple[OfficeAccount, ...]:
    """Return the accounts of persons in order of what they sign in with."""
    with reading(engine) as connection:
        query = sa.select(o.accounts).where(o.accounts.c.kind == "person")
        rows = connection.execute(query.order_by(o.accounts.c.code)).all()
        return tuple(_account(connection, row) for row in rows)


def _one(engine: Database, condition: sa.ColumnElement[bool]) -> OfficeAccount | None:
    with reading(engine) as connection:
        row = connection.execute(sa.select(o.accounts).where(condition)).first()
        return None if row is None else _account(connection, row)


def _account(connection: Connection, row: sa.Row[Any]) -> OfficeAccount:
    return OfficeAccount(
        row.id, row.code, row.name, row.profession, row.home_site, row.made,
        is_locked(connection, row.id), row.kind == "person",
    )  # fmt: skip
