"""Slowing down who guesses: by account and by address, without telling which accounts there are."""

from __future__ import annotations

import hashlib
import time
from typing import Final

from sbrt_qa.web.working.password_rows import Failures

FREE_TRIES: Final = 5
"""Failures of one account before it has to wait."""

LONGEST_WAIT_SECONDS: Final = 15 * 60.0
MOST_OF_AN_ADDRESS: Final = 30
ADDRESS_WINDOW_SECONDS: Final = 60.0


class Throttle:
    """Tells how long who signs in has to wait.

    A name to sign in with is counted whether or not there is an account of it.
    """

    def __init__(self, failures: Failures) -> None:
        self._failures = failures

    def wait_seconds(self, code: str, address: str) -> float:
        """Return how long to wait before a try counts; 0 where none is due.

        Without a code the address alone counts.
        """
        number, last = self._failures.count(_key("account", code)) if code else (0, 0.0)
        pause = account_pause_seconds(number)
        waits = max(0.0, last + pause - time.time())
        number, last = self._failures.count(_key("address", address))
        if number >= MOST_OF_AN_ADDRESS:
            waits = max(waits, last + ADDRESS_WINDOW_SECONDS - time.time())
        return waits

    def failed(self, code: str, address: str) -> bool:
        """Count a failure; tell whether the account has to wait from now on.

        Without a code the address alone is counted.
        """
        self._failures.add(_key("address", address))
        return bool(code) and self._failures.add(_key("account", code)) >= FREE_TRIES

    def succeeded(self, code: str) -> None:
        """Begin anew for an account; its address keeps its count."""
        self._failures.clear(_key("account", code))


def account_pause_seconds(failures: int) -> float:
    """Return the pause after so many failures: none, then 1, 2, 4 ... 15 minutes."""
    over = failures - FREE_TRIES
    return min(60.0 * 2.0**over, LONGEST_WAIT_SECONDS) if over >= 0 else 0.0


def _key(kind: str, text: str) -> str:
    """Return what is kept of a name or an address: nothing that can be read."""
    return f"{kind} {hashlib.sha256(text.casefold().encode()).hexdigest()}"
