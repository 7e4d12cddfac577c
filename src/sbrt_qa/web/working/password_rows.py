"""Hashes of passwords, counters of failures, and links that open once."""

from __future__ import annotations

import time

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from sbrt_qa.web.session_tokens import new_session_id, stored_form
from sbrt_qa.web.working.working_store import WorkingStore
from sbrt_qa.web.working.working_tables import failures, links, passwords


class PasswordRows:
    """Hashes by account."""

    def __init__(self, store: WorkingStore) -> None:
        self._store = store

    def of(self, account: str) -> str:
        """Return the hash of an account, empty where there is none."""
        wanted = sa.select(passwords.c.hash).where(passwords.c.account == account)
        with self._store.reading() as connection:
            return str(connection.scalar(wanted) or "")

    def keep(self, account: str, made: str, at: float) -> None:
        """Keep a hash in place of the one before."""
        with self._store.writing() as connection:
            connection.execute(sa.delete(passwords).where(passwords.c.account == account))
            row = {"account": account, "hash": made, "changed": at}
            connection.execute(sa.insert(passwords).values(row))

    def drop(self, account: str) -> None:
        """Take a hash away."""
        with self._store.writing() as connection:
            connection.execute(sa.delete(passwords).where(passwords.c.account == account))


class Failures:
    """How often something failed lately, by a key; what is older than `window_seconds` is over."""

    def __init__(self, store: WorkingStore, window_seconds: float = 3600.0) -> None:
        self._store, self._window = store, window_seconds

    def count(self, key: str) -> tuple[int, float]:
        """Return how often, and when last; none where that is long ago."""
        wanted = sa.select(failures.c.count, failures.c.last).where(failures.c.key == key)
        with self._store.reading() as connection:
            row = connection.execute(wanted).first()
        if row is None or time.time() - row.last > self._window:
            return 0, 0.0
        return int(row[0]), float(row[1])

    def add(self, key: str) -> int:
        """Count one more, and return how many there are; of several at once each counts."""
        now, f = time.time(), failures.c
        dialect = self._store.engine.dialect.name
        insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        counted = sa.case((f.last < now - self._window, 1), else_=f.count + 1)
        row = insert(failures).values(key=key, count=1, last=now)
        again = row.on_conflict_do_update(
            index_elements=[f.key], set_={"count": counted, "last": now}
        )
        with self._store.writing() as connection:
            return int(connection.scalar(again.returning(f.count)) or 1)

    def clear(self, key: str) -> None:
        """Begin anew."""
        with self._store.writing() as connection:
            connection.execute(sa.delete(failures).where(failures.c.key == key))


class OneTimeLinks:
    """Links that open once, for a while: set-up of an office, and of a password."""

    def __init__(self, store: WorkingStore) -> None:
        self._store = store

    def make(self, purpose: str, account: str, seconds: float) -> str:
        """Return a fresh token; those before for the same purpose and account end."""
        token = new_session_id()
        with self._store.writing() as connection:
            same = sa.and_(links.c.purpose == purpose, links.c.account == account)
            connection.execute(sa.delete(links).where(same))
            row = {
                "token_sha256": stored_form(token), "purpose": purpose, "account": account,
                "until": time.time() + seconds,
            }  # fmt: skip
            connection.execute(sa.insert(links).values(row))
        return token

    def account_of(self, purpose: str, token: str) -> str | None:
        """Return the account of a token that holds, without using it up; None of any other."""
        wanted = sa.select(links).where(links.c.token_sha256 == stored_form(token))
        with self._store.reading() as connection:
            row = connection.execute(wanted).first()
        holds = row is not None and row.purpose == purpose and time.time() < row.until
        return str(row.account) if row is not None and holds else None

    def use(self, purpose: str, token: str) -> str | None:
        """Use a token up and return its account; of two at once only one gets it."""
        account = self.account_of(purpose, token)
        if account is None:
            return None
        with self._store.writing() as connection:
            gone = sa.delete(links).where(links.c.token_sha256 == stored_form(token))
            return account if connection.execute(gone).rowcount == 1 else None
