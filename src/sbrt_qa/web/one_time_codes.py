"""Codes of an authenticator: RFC 6238 (TOTP) over RFC 4226 (HOTP), SHA-1, six digits, 30 s."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final
from urllib.parse import quote

STEP_SECONDS: Final = 30
DIGITS: Final = 6
DRIFT_STEPS: Final = 1
"""Steps by which the clock of an authenticator may differ."""

SECRET_BYTES: Final = 20
RECOVERY_CODES: Final = 10
_RECOVERY_BYTES: Final = 10


def new_secret() -> bytes:
    """Return a fresh secret of the length of the hash (RFC 4226, section 4)."""
    return secrets.token_bytes(SECRET_BYTES)


def code_of_step(secret: bytes, step: int) -> str:
    """Return the code of a step: dynamic truncation of RFC 4226, section 5.3."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[-1] & 0x0F
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_step(secret: bytes, code: str, seconds: float, last: int) -> int | None:
    """Return the step that a code is of, None where it does not count.

    Parameters
    ----------
    seconds
        Now, since 1970.
    last
        The newest step of which a code was used; no code of it or before counts again.
    """
    said = "".join(code.split())
    if len(said) != DIGITS or not (said.isascii() and said.isdigit()):
        return None
    now = int(seconds // STEP_SECONDS)
    found = None
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        is_same = hmac.compare_digest(code_of_step(secret, step), said)
        if is_same and step > last:
            found = step
    return found


def shown_secret(secret: bytes) -> str:
    """Return a secret as somebody types it: base 32, in groups of four."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def authenticator_address(secret: bytes, account: str, issuer: str) -> str:
    """Return the address that an authenticator takes a secret from."""
    text = base64.b32encode(secret).decode()
    label, name = quote(f"{issuer}:{account}", safe=":"), quote(issuer, safe="")
    return f"otpauth://totp/{label}?secret={text}&issuer={name}&digits={DIGITS}"


def new_recovery_codes() -> tuple[str, ...]:
    """Return codes that each stand in once for an authenticator that is lost."""
    made = (base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)) for _ in range(RECOVERY_CODES))
    return tuple("-".join((t[:4], t[4:8], t[8:12], t[12:16])) for t in (m.decode() for m in made))


def recovery_hash(code: str) -> str:
    """Return what is kept of a recovery code; blanks, dashes and case do not matter."""
    plain = "".join(one for one in code.upper() if one.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()
