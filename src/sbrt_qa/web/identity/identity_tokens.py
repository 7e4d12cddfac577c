"""Checks of an ID token: signature, who made it, for whom, for which request, and when.

Source: OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725 (which algorithms, which keys).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sbrt_qa.errors import SbrtQaError

ALGORITHMS: Final[Mapping[str, tuple[str, str]]] = {
    "RS256": ("RSA", ""), "RS384": ("RSA", ""), "RS512": ("RSA", ""),
    "PS256": ("RSA", ""), "PS384": ("RSA", ""), "PS512": ("RSA", ""),
    "ES256": ("EC", "P-256"), "ES384": ("EC", "P-384"), "ES512": ("EC", "P-521"),
}  # fmt: skip
"""Algorithms that are believed, each with the kind and curve of its keys; all with public keys, so
that nobody signs with what everybody can read, and never none."""

LEAST_RSA_BITS: Final = 2048
LEEWAY_SECONDS: Final = 60.0
"""By how much the clock of the service may be off."""

OLDEST_SECONDS: Final = 600.0
LONGEST_TEXT: Final = 255
MOST_TOKEN: Final = 65_536


class IdentityRefusedError(SbrtQaError):
    """What the service sent does not prove who somebody is."""


class IdentityAwayError(SbrtQaError):
    """The service cannot be asked now: nobody's fault who wants to sign in."""


class UnknownKeyError(IdentityRefusedError):
    """The token names a key that is not known; the service may have new ones."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to say.

    Parameters
    ----------
    issuer, client_id, nonce
        Exactly.
    not_before
        Time (s since 1970) at or after which somebody has to have signed in; None where a session
        of the service from before is good enough.
    """

    issuer: str
    client_id: str
    nonce: str
    not_before: float | None = None


@dataclass(frozen=True, slots=True)
class ProvedIdentity:
    """Whom the service knows: `subject` stays the same for one person, names may change."""

    issuer: str
    subject: str
    name: str = ""
    preferred: str = ""


def proved_identity(
    token: str, keys: Sequence[Mapping[str, Any]], expected: Expected, now: float
) -> ProvedIdentity:
    """Return whom a token proves.

    Parameters
    ----------
    keys
        Public keys of the service, as JSON Web Keys.
    now
        s since 1970.

    Raises
    ------
    UnknownKeyError
        No key of these is the one that the token names.
    IdentityRefusedError
        It proves nobody, or not to us, not for this request, or not now.
    """
    header = _header(token)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise IdentityRefusedError("the token is signed by an algorithm that is not accepted")
    fitting = [key for key in keys if _fits(key, header, algorithm)]
    if not fitting:
        raise UnknownKeyError("the token names a key that the service does not have")
    claims = _verified(token, fitting, algorithm)
    _refuse_claims(claims, expected, now)
    return ProvedIdentity(
        expected.issuer, claims["sub"], _text(claims, "name"), _text(claims, "preferred_username")
    )


def _header(token: str) -> dict[str, Any]:
    first, dot, rest = token.partition(".")
    if not dot or rest.count(".") != 1 or len(token) > MOST_TOKEN or not token.isascii():
        raise IdentityRefusedError("the service sent no signed token")
    try:
        found = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or "crit" in found:
        raise IdentityRefusedError("the header of the token cannot be read")
    return found


def _fits(key: Mapping[str, Any], header: Mapping[str, Any], algorithm: str) -> bool:
    kind, curve = ALGORITHMS[algorithm]
    return (
        key.get("kty") == kind
        and (not curve or key.get("crv") == curve)
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and ("kid" not in header or key.get("kid") == header["kid"])
    )


def _verified(token: str, keys: Sequence[Mapping[str, Any]], algorithm: str) -> dict[str, Any]:
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, RSAKey
    from joserfc.jws import JWSRegistry

    registry = JWSRegistry(strict_check_header=False, algorithms=[algorithm])
    for held in keys:
        public = {k: v for k, v in held.items() if k in ("kty", "n", "e", "crv", "x", "y")}
        try:
            key = (RSAKey if held["kty"] == "RSA" else ECKey).import_key(public)
            if isinstance(key, RSAKey) and key.public_key.key_size < LEAST_RSA_BITS:
                continue
            return dict(jwt.decode(token, key, [algorithm], registry).claims)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            continue
    raise IdentityRefusedError("the signature of the token is not valid")


def _refuse_claims(claims: Mapping[str, Any], expected: Expected, now: float) -> None:
    if claims.get("iss") != expected.issuer:
        raise IdentityRefusedError("the token was issued by another service")
    audience = claims.get("aud")
    several = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in several:
        raise IdentityRefusedError("the token is meant for another application")
    if ("azp" in claims or len(several) > 1) and claims.get("azp") != expected.client_id:
        raise IdentityRefusedError("the token was given to another application")
    if not expected.nonce or claims.get("nonce") != expected.nonce:
        raise IdentityRefusedError("the token answers another request")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject.strip() or len(subject) > LONGEST_TEXT:
        raise IdentityRefusedError("the token names nobody")
    _refuse_times(claims, expected, now)


def _refuse_times(claims: Mapping[str, Any], expected: Expected, now: float) -> None:
    until, made = _time(claims, "exp"), _time(claims, "iat")
    if until is None or until + LEEWAY_SECONDS <= now:
        raise IdentityRefusedError("the token has expired")
    if made is None or not now - OLDEST_SECONDS <= made <= now + LEEWAY_SECONDS:
        raise IdentityRefusedError("the token was issued too long ago, or in the future")
    begin = _time(claims, "nbf")
    if "nbf" in claims and (begin is None or begin > now + LEEWAY_SECONDS):
        raise IdentityRefusedError("the token is not valid yet")
    if expected.not_before is None:
        return
    signed_in = _time(claims, "auth_time")
    # seconds without a fraction: what happened within the same second is not older
    fresh = signed_in is not None and int(expected.not_before) <= signed_in
    if signed_in is None or not fresh or signed_in > now + LEEWAY_SECONDS:
        raise IdentityRefusedError("the sign-in at the service is not a new one")


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    found = claims.get(name)
    good = isinstance(found, int | float) and not isinstance(found, bool) and abs(found) < 1e12
    return float(found) if good and found is not None else None


def _text(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    return found if isinstance(found, str) and len(found) <= LONGEST_TEXT else ""
