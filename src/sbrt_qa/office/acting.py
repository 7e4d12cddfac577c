"""Who acts now, and the ways in which the office says no."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sbrt_qa.errors import SbrtQaError


class RightsError(SbrtQaError):
    """The account may not do this; to it, what it asks for is not there (answer 404)."""


class UnfitError(RightsError):
    """An account must not be given this work; who gives it out is told why (answer 409)."""


class MovedOnError(SbrtQaError):
    """What the request starts from is no longer so; look again and decide anew (answer 409)."""


@dataclass(frozen=True, slots=True)
class Acting:
    """An account at work.

    Parameters
    ----------
    account
        Key of the account.
    at
        Now: UTC, ISO 8601, as `sbrt_qa.audit.times.now` gives it.
    session
        Hash of the session, see :func:`session_hash`; empty on the command line.
    request
        Number of the request, for the trail.
    """

    account: int
    at: str
    session: str = ""
    request: str = ""


def session_hash(secret: str) -> str:
    """Return what stands for a session in the trail: nothing that opens it again."""
    return hashlib.sha256(f"session {secret}".encode()).hexdigest()
