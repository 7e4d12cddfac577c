"""Doors: what may be asked for, by whom, and how it is answered; one table for each application.

A door without a right cannot be made. Whoever is not allowed through gets the same page as for an
address that there is not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from sbrt_qa.web.body_limits import FORM_BYTES
from sbrt_qa.web.visits import Visit

ANYONE: Final = "anyone"
"""Right of pages before sign-in."""

SIGNED_IN: Final = "signed in"
"""Right of pages for everybody with an account, and of the one user of a desk."""

Page: TypeAlias = Callable[[Any, Visit], Response]
"""Answers a request; called in a thread of its own, with the application."""

Streaming: TypeAlias = Callable[[Any, Visit, Request], Awaitable[Response]]
"""Reads the body of a request itself, part by part."""


@dataclass(frozen=True, slots=True)
class Door:
    """One address.

    Parameters
    ----------
    method
        GET or what changes something: POST, PUT.
    path
        With open parts in braces, such as ``/checks/{check}``.
    right
        What somebody needs to come through; never empty.
    page
        What answers.
    streams
        Whether `page` reads the body itself.
    most_bytes
        Largest body.
    token_inside
        Whether the token of the form comes within a body that `page` reads, and `page` checks it.
    bearer
        Whether a program may come through with a token of its site in place of a session.
    is_part
        Whether it answers one of very many parts of a page, such as a slice of an image: that
        somebody looks at them is written down once, not for each.
    """

    method: str
    path: str
    right: str
    page: Page | Streaming
    streams: bool = False
    most_bytes: int = FORM_BYTES
    token_inside: bool = False
    bearer: bool = False
    is_part: bool = False

    def __post_init__(self) -> None:
        if not self.right:
            msg = f"the door {self.method} {self.path} declares no right"
            raise ValueError(msg)
