"""Passwords: argon2id, at most two computed at a time, so that signing in starves nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sbrt_qa.errors import UsageError
from sbrt_qa.web.visits import PageError
from sbrt_qa.web.working.password_rows import PasswordRows

T = TypeVar("T")

LEAST_CHARACTERS: Final = 12
MOST_CHARACTERS: Final = 512
LEAST_DIFFERENT: Final = 5
AT_A_TIME: Final = 2
MOST_WAITING: Final = 20
PATIENCE_SECONDS: Final = 60.0

COMMON: Final = frozenset(
    (
        "password", "passwort", "qwerty", "qwertz", "azerty", "asdfgh", "letmein", "welcome",
        "iloveyou", "admin", "administrator", "changeme", "secret", "monkey", "dragon", "sunshine",
        "princess", "football", "baseball", "superman", "trustno", "master", "login", "hospital",
        "radiotherapy", "radiation", "oncology", "physics", "sbrt", "stereotactic", "woaini",
    )
)  # fmt: skip
"""Words that passwords are made of most often; what is left besides them has to be long enough."""

ROWS: Final = ("1234567890", "0987654321", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl")


def refuse_weak(password: str, code: str, name: str) -> None:
    """Check that a password is worth being one.

    Raises
    ------
    UsageError
        It is short or long, like the name of its owner, or made of what everybody takes.
    """
    if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        raise UsageError(
            "the password is too short or too long", expected="12 to 512 characters, of any kind"
        )
    folded, own = password.casefold(), [code, name, code.partition("@")[0], *name.split()]
    rest = folded
    for word in sorted({*COMMON, *(w.casefold() for w in own if len(w) > 2)}, key=len)[::-1]:
        rest = rest.replace(word, "")
    for row in ROWS:
        rest = _without_runs(rest, row)
    if len(rest) < LEAST_CHARACTERS // 2 or len(set(folded)) < LEAST_DIFFERENT:
        raise UsageError(
            "the password is easily guessed",
            expected="several words that do not belong together, not your name",
        )


def _without_runs(text: str, row: str) -> str:
    for length in range(len(row), 3, -1):
        for start in range(len(row) - length + 1):
            text = text.replace(row[start : start + length], "")
    return text


class Passwords:
    """Checks and sets passwords.

    Parameters
    ----------
    rows
        Where hashes are kept.
    hasher
        The library's own parameters unless given.
    """

    def __init__(self, rows: PasswordRows, hasher: PasswordHasher | None = None) -> None:
        self._rows, self._hasher = rows, hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(AT_A_TIME)
        self._count = threading.Lock()
        self._waiting = 0
        self._nobodys = self._hasher.hash("nobody has this password")

    def set(self, account: str, password: str) -> None:
        """Set the password of an account; weak ones were refused before.

        Raises
        ------
        PageError
            Too many wait for a password to be computed.
        """
        self._rows.keep(account, self._turn(lambda: self._hasher.hash(password)), time.time())

    def has(self, account: str) -> bool:
        """Tell whether an account has a password."""
        return bool(self._rows.of(account))

    def forget(self, account: str) -> None:
        """Take the password of an account away."""
        self._rows.drop(account)

    def holds(self, account: str, password: str) -> bool:
        """Tell whether a password is that of an account; as long for one that there is not.

        Raises
        ------
        PageError
            Too many are being checked.
        """
        known = self._rows.of(account) if account else ""
        right = self._turn(lambda: self._verified(known or self._nobodys, password))
        if not (known and right):
            return False
        if self._hasher.check_needs_rehash(known):
            self.set(account, password)
        return True

    def _verified(self, known: str, password: str) -> bool:
        try:
            return self._hasher.verify(known, password[:MOST_CHARACTERS])
        except (VerificationError, InvalidHashError):
            return False

    def _turn(self, work: Callable[[], T]) -> T:
        with self._count:
            if self._waiting >= MOST_WAITING:
                raise PageError(HTTPStatus.TOO_MANY_REQUESTS)
            self._waiting += 1
        try:
            if not self._turns.acquire(timeout=PATIENCE_SECONDS):
                raise PageError(HTTPStatus.TOO_MANY_REQUESTS)
            try:
                return work()
            finally:
                self._turns.release()
        finally:
            with self._count:
                self._waiting -= 1
