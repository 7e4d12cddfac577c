"""How much a request may send, and how slowly: bytes are counted as they come.

A length that a client states is a promise only. What is larger ends with 413, what is slower than
`LEAST_RATE` after `GRACE_SECONDS` with 408, and more open bodies than `MOST_OPEN`, or than
`MOST_OF_ONE` from one address, with 429: nobody takes all places.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

FORM_BYTES: Final = 1_000_000
"""Of a form without files."""

PAUSE_SECONDS: Final = 20.0
"""Longest silence within a body."""

GRACE_SECONDS: Final = 20.0
LEAST_RATE: Final = 4_000.0
"""Bytes a second that a body must come with on average, after the grace."""

MOST_OPEN: Final = 64
MOST_OF_ONE: Final = 32
"""Bodies that are read at once, of all senders and of one address."""

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]


class BodyRefusedError(Exception):
    """A body is too large, too slow, or one too many."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class OpenBodies:
    """Counts the bodies that are being read."""

    def __init__(self, most: int = MOST_OPEN, most_of_one: int = MOST_OF_ONE) -> None:
        self._most, self._most_of_one = most, most_of_one
        self._open = Counter[str]()

    def enter(self, sender: str) -> None:
        """Begin one; raise BodyRefusedError where there are too many."""
        if self._open.total() >= self._most or self._open[sender] >= self._most_of_one:
            raise BodyRefusedError(HTTPStatus.TOO_MANY_REQUESTS)
        self._open[sender] += 1

    def leave(self, sender: str) -> None:
        """End one."""
        self._open[sender] -= 1
        if not self._open[sender]:
            del self._open[sender]


class LimitedBody:
    """The body of one request: hands on what comes, as long as it keeps to the limits.

    Parameters
    ----------
    receive
        What the server offers.
    headers
        Of the request.
    most_bytes
        Largest body.
    bodies
        Where open bodies are counted.
    sender
        Address that it comes from.
    """

    def __init__(
        self, receive: Receive, headers: Mapping[str, str], most_bytes: int, bodies: OpenBodies,
        sender: str,
    ) -> None:  # fmt: skip
        self._receive, self._most, self._bodies = receive, most_bytes, bodies
        self._sender = sender
        self._begun, self._got, self._counted, self._whole = time.monotonic(), 0, False, False
        stated = headers.get("content-length", "")
        if stated.isascii() and stated.isdigit() and int(stated[:20]) > most_bytes:
            raise BodyRefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    async def __call__(self) -> Message:
        """Return the next part.

        Raises
        ------
        BodyRefusedError
            It breaks a limit.
        """
        if self._whole:
            return await self._receive()
        if not self._counted:
            self._bodies.enter(self._sender)
            self._counted = True
        try:
            message = await asyncio.wait_for(self._receive(), PAUSE_SECONDS)
        except TimeoutError:
            raise BodyRefusedError(HTTPStatus.REQUEST_TIMEOUT) from None
        self._got += len(message.get("body", b""))
        if self._got > self._most:
            raise BodyRefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._whole = True
        elif too_slow(time.monotonic() - self._begun, self._got):
            raise BodyRefusedError(HTTPStatus.REQUEST_TIMEOUT)
        return message

    def end(self) -> None:
        """Give the place back."""
        if self._counted:
            self._counted = False
            self._bodies.leave(self._sender)


def too_slow(seconds: float, got: int) -> bool:
    """Tell whether a body that has come so far is slower than it may be."""
    return seconds > GRACE_SECONDS and got < LEAST_RATE * (seconds - GRACE_SECONDS)
