"""Authenticators of accounts: sealed secrets, the last step used, recovery codes by their hash."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa

from sbrt_qa.web.instance_key import InstanceKey
from sbrt_qa.web.one_time_codes import (
    matching_step,
    new_recovery_codes,
    new_secret,
    recovery_hash,
)
from sbrt_qa.web.working.working_store import WorkingStore
from sbrt_qa.web.working.working_tables import recovery_codes, second_factors

ABOUT: Final = "second factor "


class SecondFactors:
    """Checks codes of authenticators.

    Parameters
    ----------
    key
        Seals their secrets.
    clock
        The time in s since 1970.
    """

    def __init__(
        self, store: WorkingStore, key: InstanceKey, clock: Callable[[], float] = time.time
    ) -> None:
        self._store, self._key, self._clock = store, key, clock

    def is_on(self, account: str) -> bool:
        """Tell whether an account has an authenticator that was confirmed."""
        row = self._row(account)
        return row is not None and bool(row.confirmed)

    def begin(self, account: str) -> bytes:
        """Return a fresh secret for an account; it counts once a code of it was shown.

        An authenticator that counts stays until then.
        """
        secret = new_secret()
        sealed = self._key.sealed(secret, ABOUT + account)
        c = second_factors.c
        with self._store.writing() as connection:
            there = connection.scalar(sa.select(c.account).where(c.account == account))
            if there is None:
                row = {
                    "account": account, "sealed": "", "pending": sealed, "confirmed": False,
                    "last_step": 0,
                }  # fmt: skip
                connection.execute(sa.insert(second_factors).values(row))
            else:
                changed = sa.update(second_factors).where(c.account == account)
                connection.execute(changed.values(pending=sealed))
        return secret

    def pending(self, account: str) -> bytes | None:
        """Return the secret that waits for its first code."""
        row = self._row(account)
        if row is None or not row.pending:
            return None
        return self._key.opened(row.pending, ABOUT + account)

    def confirm(self, account: str, code: str) -> tuple[str, ...]:
        """Let a fresh secret count, by a code of it; return its recovery codes, none if wrong."""
        secret = self.pending(account)
        row = self._row(account)
        if secret is None or row is None:
            return ()
        step = matching_step(secret, code, self._clock(), 0)
        if step is None:
            return ()
        codes = new_recovery_codes()
        c = second_factors.c
        with self._store.writing() as connection:
            same = sa.and_(c.account == account, c.pending == row.pending)
            counts = {"sealed": row.pending, "pending": "", "confirmed": True, "last_step": step}
            if connection.execute(sa.update(second_factors).where(same).values(counts)).rowcount:
                gone = sa.delete(recovery_codes).where(recovery_codes.c.account == account)
                connection.execute(gone)
                rows = [{"account": account, "code_sha256": recovery_hash(one)} for one in codes]
                connection.execute(sa.insert(recovery_codes), rows)
                return codes
        return ()

    def holds(self, account: str, code: str) -> bool:
        """Check a code and use it up: no step, and no recovery code, counts twice.

        Raises
        ------
        UsageError
            The key of the installation cannot be used, so that nothing can be checked.
        """
        row = self._row(account)
        if row is None or not row.confirmed:
            return False
        secret = self._key.opened(row.sealed, ABOUT + account)
        step = matching_step(secret, code, self._clock(), row.last_step)
        c, r = second_factors.c, recovery_codes.c
        with self._store.writing() as connection:
            if step is not None:
                unused = sa.and_(c.account == account, c.last_step < step)
                used = sa.update(second_factors).where(unused).values(last_step=step)
                return connection.execute(used).rowcount == 1
            mine = sa.and_(r.account == account, r.code_sha256 == recovery_hash(code))
            return connection.execute(sa.delete(recovery_codes).where(mine)).rowcount == 1

    def recovery_left(self, account: str) -> int:
        """Return how many recovery codes an account has left."""
        mine = sa.select(sa.func.count()).where(recovery_codes.c.account == account)
        with self._store.reading() as connection:
            return int(connection.scalar(mine) or 0)

    def drop(self, account: str) -> None:
        """Take the authenticator of an account away, and its recovery codes."""
        with self._store.writing() as connection:
            for table in (second_factors, recovery_codes):
                connection.execute(sa.delete(table).where(table.c.account == account))

    def _row(self, account: str) -> sa.Row[Any] | None:
        query = sa.select(second_factors).where(second_factors.c.account == account)
        with self._store.reading() as connection:
            return connection.execute(query).first()
