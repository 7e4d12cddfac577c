"""Who is whom at an identity service, and what somebody went there for and came back with."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from sbrt_qa.web.session_tokens import stored_form
from sbrt_qa.web.working.working_store import WorkingStore
from sbrt_qa.web.working.working_tables import identities, identity_proofs, identity_visits

VISIT_SECONDS: Final = 600.0
PROOF_SECONDS: Final = 300.0


class Identities:
    """Accounts by what a service calls their owners; one subject is one account."""

    def __init__(self, store: WorkingStore) -> None:
        self._store = store

    def account_of(self, issuer: str, subject: str) -> str | None:
        """Return the account of somebody; None where there is none."""
        i = identities.c
        wanted = sa.select(i.account).where(i.issuer == issuer, i.subject == subject)
        with self._store.reading() as connection:
            found = connection.scalar(wanted)
        return None if found is None else str(found)

    def has(self, issuer: str, account: str) -> bool:
        """Tell whether the service knows the owner of an account."""
        i = identities.c
        wanted = sa.select(i.account).where(i.issuer == issuer, i.account == account)
        with self._store.reading() as connection:
            return connection.scalar(wanted) is not None

    def keep(self, issuer: str, subject: str, account: str) -> None:
        """Let a subject be an account, in place of who was that account before."""
        i = identities.c
        with self._store.writing() as connection:
            before = sa.or_(i.account == account, i.subject == subject)
            connection.execute(sa.delete(identities).where(i.issuer == issuer, before))
            row = {"issuer": issuer, "subject": subject, "account": account, "at": time.time()}
            connection.execute(sa.insert(identities).values(row))

    def drop(self, account: str) -> None:
        """Let nobody of any service be an account any more."""
        with self._store.writing() as connection:
            connection.execute(sa.delete(identities).where(identities.c.account == account))


@dataclass(frozen=True, slots=True)
class IdentityVisit:
    """What somebody went to the service for.

    Parameters
    ----------
    account
        Who went, where somebody was signed in; else empty.
    reading, challenge
        What is to be signed, and the token of signing; 0 and empty where somebody signs in.
    nonce, verifier
        Of the request.
    after
        Page to go on to.
    began
        s since 1970.
    """

    account: str
    reading: int
    challenge: str
    nonce: str
    verifier: str
    after: str
    began: float


class IdentityVisits:
    """What is under way, each under the hash of its state, for one browser, once."""

    def __init__(self, store: WorkingStore) -> None:
        self._store = store

    def keep(self, state: str, session_id: str, visit: IdentityVisit) -> None:
        """Note that somebody goes to the service."""
        table, now = identity_visits, time.time()
        row = {
            "state_sha256": stored_form(state), "session": stored_form(session_id),
            "account": visit.account, "reading": visit.reading, "challenge": visit.challenge,
            "nonce": visit.nonce, "verifier": visit.verifier, "after": visit.after,
            "began": visit.began,
        }  # fmt: skip
        with self._store.writing() as connection:
            connection.execute(sa.delete(table).where(table.c.began < now - VISIT_SECONDS))
            connection.execute(sa.insert(table).values(row))

    def take(self, state: str, session_id: str) -> IdentityVisit | None:
        """Return what a state is of, once; None where it is not of this browser, old, or used."""
        table, key = identity_visits, stored_form(state)
        with self._store.writing() as connection:
            row = connection.execute(sa.select(table).where(table.c.state_sha256 == key)).first()
            gone = connection.execute(sa.delete(table).where(table.c.state_sha256 == key))
        if row is None or gone.rowcount != 1 or row.session != stored_form(session_id):
            return None
        if not 0 <= time.time() - row.began < VISIT_SECONDS:
            return None
        return IdentityVisit(
            row.account, row.reading, row.challenge, row.nonce, row.verifier, row.after, row.began
        )


class IdentityProofs:
    """That somebody has just proved at the service who they are, to sign one thing, once."""

    def __init__(self, store: WorkingStore) -> None:
        self._store = store

    def keep(self, session_id: str, reading: int, challenge: str, at: str) -> None:
        """Note a proof; `at` is the time of it, UTC."""
        table, now = identity_proofs, time.time()
        row = {
            "session": stored_form(session_id), "reading": reading, "challenge": challenge,
            "at": at, "until": now + PROOF_SECONDS,
        }  # fmt: skip
        with self._store.writing() as connection:
            old = sa.or_(table.c.until < now, table.c.session == row["session"])
            connection.execute(sa.delete(table).where(old))
            connection.execute(sa.insert(table).values(row))

    def challenge_of(self, session_id: str, reading: int) -> str:
        """Return the token of signing that a proof is for; empty where there is none."""
        row = self._row(session_id, reading)
        return str(row.challenge) if row is not None else ""

    def take(self, session_id: str, reading: int, challenge: str) -> str | None:
        """Use a proof up, and return its time; None where there is none for this token."""
        row = self._row(session_id, reading)
        if row is None or row.challenge != challenge:
            return None
        table = identity_proofs
        with self._store.writing() as connection:
            gone = sa.delete(table).where(table.c.session == row.session, table.c.at == row.at)
            return str(row.at) if connection.execute(gone).rowcount == 1 else None

    def _row(self, session_id: str, reading: int) -> sa.Row[Any] | None:
        t = identity_proofs.c
        wanted = sa.select(identity_proofs).where(
            t.session == stored_form(session_id), t.reading == reading, t.until > time.time()
        )
        with self._store.reading() as connection:
            return connection.execute(wanted).first()
