"""Recording a step of the office: its rows, and the event that tells who took it and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.chain import append
from sbrt_qa.audit.store.rows import id_of, insert
from sbrt_qa.model.actor import Actor, ActorKind, Doing, engine_actor
from sbrt_qa.office.acting import Acting, RightsError
from sbrt_qa.office.roles import Role

ENTERED: Final = "engine at work in the office"


def engine_account(connection: Connection, at: str) -> int:
    """Return the account of this version of the program, made at its first step."""
    actor = engine_actor()
    known = id_of(connection, o.accounts, {"code": actor.name})
    if known is not None:
        return known
    row = {
        "code": actor.name, "name": actor.name, "kind": "engine", "profession": "",
        "home_site": "", "made": at,
    }  # fmt: skip
    made = insert(connection, o.accounts, row)
    append(connection, at, ENTERED, "", {"account": actor.name})
    return made


def as_engine(connection: Connection, at: str) -> Acting:
    """Return the program as the one who acts."""
    return Acting(engine_account(connection, at), at)


def tell(
    connection: Connection,
    kind: str,
    subject: str,
    by: Acting,
    role: Role | str,
    data: Mapping[str, Any],
    *,
    reason: str = "",
    before: object = None,
    after: object = None,
) -> None:
    """Add the event of a step: who, in which role, session and request, why, and what changed.

    Raises
    ------
    RightsError
        No account acts.
    """
    query = sa.select(o.accounts).where(o.accounts.c.id == by.account)
    account = connection.execute(query).first()
    if account is None:
        raise RightsError("no account acts")
    if account.kind == "engine":
        actor = Actor(account.name, "engine", ActorKind.ENGINE)
    else:
        actor = Actor(account.name, str(role))
    told: dict[str, Any] = {**data, "account": account.code}
    if before is not None or after is not None:
        told |= {"before": before, "after": after}
    doing = Doing(actor, reason, by.session) if by.session else Doing(actor, reason)
    if by.request:
        told["request"] = by.request
    append(connection, by.at, kind, subject, told, doing)
