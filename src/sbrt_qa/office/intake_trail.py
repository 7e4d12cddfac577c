"""Tokens of sites and decisions of intake, as the records tell of them."""

from __future__ import annotations

import sqlalchemy as sa

from sbrt_qa.audit.layout import is_code
from sbrt_qa.audit.store.connection import Database, written
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.office.accounts import account_by_key
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.asking import demand, grants_in
from sbrt_qa.office.rights import CaseFacts
from sbrt_qa.office.roles import EVERYWHERE, OF_A_SITE, Right
from sbrt_qa.office.trail import tell

MADE = "upload token made"
ENDED = "upload token ended"
DECIDED = "arrival decided"


def tell_token_made(engine: Database, by: Acting, account: int, site: str, days: int) -> None:
    """Record that a token is made for an account.

    Raises
    ------
    RightsError, UsageError
        Who acts is no admin; the account does not send for this site.
    """
    code = account_by_key(engine, account).code

    def work(connection: sa.Connection) -> None:
        role = demand(connection, by, Right.MANAGE_ACCOUNTS)
        grants = [one for one in grants_in(connection, account) if one.holds(by.at)]
        sends = any(one.role in OF_A_SITE and one.site in (site, EVERYWHERE) for one in grants)
        if not is_code(site) or not sends:
            raise UsageError("this account does not send for this site", got=quoted(site))
        tell(connection, MADE, code, by, role, {"site": site, "days": days})

    written(engine, work)


def tell_token_ended(engine: Database, by: Acting, code: str, number: int) -> None:
    """Record that a token was ended; raise RightsError where who acts is no admin."""

    def work(connection: sa.Connection) -> None:
        role = demand(connection, by, Right.MANAGE_ACCOUNTS)
        tell(connection, ENDED, code, by, role, {"token": number})

    written(engine, work)


def tell_decided(
    engine: Database,
    by: Acting,
    right: Right,
    site: str,
    decision: str,
    hashes: list[str],
    reason: str,
) -> None:
    """Record what a person decided of files that were set aside; they go by their hashes.

    Raises
    ------
    RightsError
        Who acts may not decide this.
    """

    def work(connection: sa.Connection) -> None:
        role = demand(connection, by, right, CaseFacts("", site), reason)
        told = {"site": site, "decision": decision, "files": sorted(hashes)}
        tell(connection, DECIDED, "", by, role, told, reason=reason)

    written(engine, work)
