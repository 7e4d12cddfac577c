"""Sessions on the server: signing out, or locking an account, ends them at once.

Only the SHA-256 of an id is stored. Ages are held against the clock and, within one process,
against a clock that nobody sets: moving the time of the machine back makes no session younger.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from sbrt_qa.web.session_tokens import is_session_id, new_session_id, stored_form
from sbrt_qa.web.working.working_store import WorkingStore
from sbrt_qa.web.working.working_tables import sessions

IDLE_SECONDS: Final = 30 * 60.0
LONGEST_SECONDS: Final = 12 * 3600.0

KEPT_EVERY_SECONDS: Final = 15.0
"""How often it is written that a session is used."""

BACKWARDS_SECONDS: Final = 60.0
"""By how much the time of the machine may seem to run backwards."""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that holds: whose, and its id as it is stored."""

    account: str
    stored_id: str
    begun: float


@dataclass(frozen=True, slots=True)
class Clocks:
    """The time of the machine in s, and one that only runs forward."""

    now: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic


class Sessions:
    """The sessions in a store.

    Parameters
    ----------
    store
        Where they are.
    idle_seconds, longest_seconds
        How long one holds without use, and in all.
    """

    def __init__(
        self,
        store: WorkingStore,
        idle_seconds: float = IDLE_SECONDS,
        longest_seconds: float = LONGEST_SECONDS,
        clocks: Clocks | None = None,
    ) -> None:
        self._store, self._idle, self._longest = store, idle_seconds, longest_seconds
        self._clocks = clocks or Clocks()
        self._steady: dict[str, tuple[float, float]] = {}

    def begin(self, account: str) -> str:
        """Begin one and return its id, which is new and only in the cookie."""
        fresh, now = new_session_id(), self._clocks.now()
        key = stored_form(fresh)
        with self._store.writing() as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.begun < now - self._longest))
            connection.execute(
                sa.insert(sessions).values(id_sha256=key, account=account, begun=now, seen=now)
            )
        steady = self._clocks.steady()
        self._steady[key] = (steady, steady)
        return fresh

    def of(self, session_id: str) -> OpenSession | None:
        """Return the session of an id, and note that it is used; None where it does not hold."""
        if not is_session_id(session_id):
            return None
        key = stored_form(session_id)
        with self._store.reading() as connection:
            row = connection.execute(sa.select(sessions).where(sessions.c.id_sha256 == key)).first()
        if row is None:
            self._steady.pop(key, None)
            return None
        now, steady = self._clocks.now(), self._clocks.steady()
        begun, used = self._steady.get(key, (steady, steady))
        age = max(now - row.begun, steady - begun)
        idle = max(now - row.seen, steady - used)
        backwards = now < row.begun - BACKWARDS_SECONDS and key not in self._steady
        if age > self._longest or idle > self._idle or backwards:
            self.end(session_id)
            return None
        self._steady[key] = (begun, steady)
        if abs(now - row.seen) > KEPT_EVERY_SECONDS:
            with self._store.writing() as connection:
                where = sessions.c.id_sha256 == key
                connection.execute(sa.update(sessions).where(where).values(seen=now))
        return OpenSession(row.account, key, row.begun)

    def end(self, session_id: str) -> None:
        """End one."""
        key = stored_form(session_id)
        self._steady.pop(key, None)
        with self._store.writing() as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.id_sha256 == key))

    def end_all_of(self, account: str) -> None:
        """End every session of an account."""
        with self._store.writing() as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.account == account))

    def end_everyones(self) -> None:
        """End every session there is."""
        with self._store.writing() as connection:
            connection.execute(sa.delete(sessions))
