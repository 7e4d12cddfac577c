"""Tokens of sites: for uploading and nothing else, hashed at rest, shown once, with an end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from sbrt_qa.errors import UsageError
from sbrt_qa.web.session_tokens import new_session_id, stored_form
from sbrt_qa.web.working.arrival_tables import site_tokens
from sbrt_qa.web.working.working_store import WorkingStore

DAY_SECONDS: Final = 24 * 3600.0
LONGEST_DAYS: Final = 400
PREFIX: Final = "sbrtqa-upload-"
"""Before every token, so that one is known for what it is where it should not lie."""


@dataclass(frozen=True, slots=True)
class SiteToken:
    """A token as it is kept: whose, for which site, and until when; never itself."""

    id: int
    account: int
    site: str
    made: float
    until: float
    ended: bool


class SiteTokens:
    """The tokens in a store."""

    def __init__(self, store: WorkingStore, clock: Callable[[], float] = time.time) -> None:
        self._store, self._clock = store, clock

    def make(self, account: int, site: str, days: int) -> str:
        """Make a token and return it; it is not to be had again.

        Raises
        ------
        UsageError
            It would hold for no day, or for more than `LONGEST_DAYS`.
        """
        self.refuse_days(days)
        token, now = PREFIX + new_session_id(), self._clock()
        row = {
            "token_sha256": stored_form(token), "account": account, "site": site, "made": now,
            "until": now + days * DAY_SECONDS, "ended": False,
        }  # fmt: skip
        with self._store.writing() as connection:
            connection.execute(sa.insert(site_tokens).values(row))
        return token

    @staticmethod
    def refuse_days(days: int) -> None:
        """Raise UsageError where a token would hold for no day, or for too many."""
        if not 1 <= days <= LONGEST_DAYS:
            raise UsageError("a token is valid for 1 to 400 days", got=str(days))

    def of(self, token: str) -> SiteToken | None:
        """Return what a token stands for; None where it does not hold."""
        if not token.startswith(PREFIX) or len(token) > 200:
            return None
        same = site_tokens.c.token_sha256 == stored_form(token)
        with self._store.reading() as connection:
            row = connection.execute(sa.select(site_tokens).where(same)).first()
        if row is None or row.ended or self._clock() >= row.until:
            return None
        return _token(row)

    def all(self) -> tuple[SiteToken, ...]:
        """Return all tokens, the newest first."""
        query = sa.select(site_tokens).order_by(site_tokens.c.id.desc())
        with self._store.reading() as connection:
            return tuple(map(_token, connection.execute(query)))

    def end(self, number: int) -> bool:
        """End a token; False where there is none that holds."""
        c = site_tokens.c
        held = sa.and_(c.id == number, c.ended.is_(False))
        with self._store.writing() as connection:
            ended = sa.update(site_tokens).where(held).values(ended=True)
            return connection.execute(ended).rowcount == 1


def _token(row: sa.Row[tuple[object, ...]]) -> SiteToken:
    return SiteToken(row.id, row.account, row.site, row.made, row.until, bool(row.ended))
