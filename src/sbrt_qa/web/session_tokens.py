"""Random ids, and the token that ties a form to the session it was shown in."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Final

SESSION_BYTES: Final = 32
"""256 bits: the id of a session."""

_FORM: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def new_session_id() -> str:
    """Return a fresh id of a session, as its cookie holds it."""
    return secrets.token_urlsafe(SESSION_BYTES)


def new_object_id() -> str:
    """Return a random id of 128 bit for an address; it grants nothing by itself."""
    return secrets.token_hex(16)


def is_session_id(text: str) -> bool:
    """Tell whether a text has the form of an id that we gave."""
    return _FORM.fullmatch(text) is not None


def stored_form(session_id: str) -> str:
    """Return what is stored of an id: its SHA-256, from which nobody makes the cookie again."""
    return hashlib.sha256(session_id.encode()).hexdigest()


def form_token(session_id: str) -> str:
    """Return the token of the forms of a session: only who knows the id can make it."""
    return hmac.new(session_id.encode(), b"form", hashlib.sha256).hexdigest()


def is_form_token(session_id: str, token: str) -> bool:
    """Tell whether a token belongs to a session, in the same time for every token."""
    return bool(session_id) and hmac.compare_digest(
        form_token(session_id).encode(), token.encode("utf-8", "replace")
    )
