"""Asking an identity service: where its doors are, its keys, and what a code is worth.

Authorization code with PKCE (RFC 7636), OpenID Connect Discovery 1.0. No redirect is followed, no
answer is read beyond a size, and every address the service names has to be one that is not in the
clear.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urlsplit

from sbrt_qa.errors import UsageError
from sbrt_qa.web.identity.identity_settings import IdentitySettings, refuse_open
from sbrt_qa.web.identity.identity_tokens import (
    Expected,
    IdentityAwayError,
    IdentityRefusedError,
    ProvedIdentity,
    UnknownKeyError,
    proved_identity,
)

if TYPE_CHECKING:
    import httpx

KEPT_SECONDS: Final = 3600.0
"""How long it is believed where the doors of a service are, and what its keys are."""

NEW_KEYS_SECONDS: Final = 30.0
"""How soon a token with an unknown key makes us ask for keys again."""

PATIENCE_SECONDS: Final = 10.0
MOST_BYTES: Final = 512 * 1024
MOST_KEYS: Final = 100


@dataclass(frozen=True, slots=True)
class IdentityRequest:
    """What ties an answer of the service to the request that it answers; random each time."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def fresh(cls) -> IdentityRequest:
        """Return a new one."""
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))

    @property
    def challenge(self) -> str:
        """The S256 challenge of the verifier."""
        held = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(held).rstrip(b"=").decode()


class IdentityProvider:
    """An identity service as an office asks it.

    Parameters
    ----------
    settings
        Which service.
    now
        Clock; s since 1970.

    Raises
    ------
    UsageError
        The packages for it are not installed.
    """

    def __init__(self, settings: IdentitySettings, now: Callable[[], float] = time.time) -> None:
        try:
            import httpx
            import joserfc  # noqa: F401 - whether it is there
        except ModuleNotFoundError:
            raise UsageError(
                "an identity service needs packages that are not installed",
                advice="Install them: pip install 'sbrt-qa[oidc]'",
            ) from None
        self.settings, self._now = settings, now
        self._client = httpx.Client(timeout=PATIENCE_SECONDS, follow_redirects=False)
        self._changing = threading.Lock()
        self._known: tuple[float, Mapping[str, Any]] = (-KEPT_SECONDS, {})
        self._keys: tuple[float, Sequence[Mapping[str, Any]]] = (-KEPT_SECONDS, ())

    def close(self) -> None:
        """Let its connections go."""
        self._client.close()

    def address(self, request: IdentityRequest, language: str = "", *, anew: bool = False) -> str:
        """Return where to send somebody's browser.

        Parameters
        ----------
        language
            Of the page that the service shows, if it can.
        anew
            Whether somebody has to sign in again, although the service knows them already.

        Raises
        ------
        IdentityAwayError
            The service cannot be asked.
        """
        asked = {
            "response_type": "code", "client_id": self.settings.client_id,
            "redirect_uri": self.settings.return_address, "scope": "openid profile",
            "state": request.state, "nonce": request.nonce,
            "code_challenge": request.challenge, "code_challenge_method": "S256",
            **({"ui_locales": language} if language else {}),
            **({"prompt": "login", "max_age": "0"} if anew else {}),
        }  # fmt: skip
        door = self._door("authorization_endpoint")
        return f"{door}{'&' if urlsplit(door).query else '?'}{urlencode(asked)}"

    def proved(
        self, code: str, request: IdentityRequest, not_before: float | None = None
    ) -> ProvedIdentity:
        """Return whom a code stands for.

        Parameters
        ----------
        not_before
            When somebody has to have signed in at the earliest (s since 1970); None: whenever.

        Raises
        ------
        IdentityAwayError
            The service cannot be asked.
        IdentityRefusedError
            The code, or the token that it is worth, does not count.
        """
        token = self._token(code, request.verifier)
        issuer, client = self.settings.issuer, self.settings.client_id
        expected = Expected(issuer, client, request.nonce, not_before)
        try:
            return proved_identity(token, self._public_keys(), expected, self._now())
        except UnknownKeyError:
            return proved_identity(token, self._public_keys(again=True), expected, self._now())

    def _token(self, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code", "code": code, "code_verifier": verifier,
            "redirect_uri": self.settings.return_address,
        }  # fmt: skip
        who = None
        if self.settings.client_secret:
            who = quote(self.settings.client_id, ""), quote(self.settings.client_secret, "")
        else:
            form["client_id"] = self.settings.client_id
        status, found = self._asked("POST", self._door("token_endpoint"), form, who)
        if 400 <= status < 500 and status != 429:
            raise IdentityRefusedError("the service did not accept the code")
        token = found.get("id_token")
        if status != 200 or not isinstance(token, str):
            raise IdentityAwayError("the service gave no token")
        return token

    def _door(self, name: str) -> str:
        at, known = self._known
        if time.monotonic() - at > KEPT_SECONDS:
            with self._changing:
                known = self._read_doors()
                self._known = time.monotonic(), known
        found = known.get(name)
        try:
            refuse_open(str(found), name, loopback=self._is_here)
        except UsageError as error:
            raise IdentityAwayError("the service names an endpoint that cannot be used") from error
        return str(found)

    def _read_doors(self) -> Mapping[str, Any]:
        address = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
        status, found = self._asked("GET", address)
        if status != 200:
            raise IdentityAwayError("the service does not state its endpoints")
        if found.get("issuer") != self.settings.issuer:
            raise IdentityAwayError("the service that answers is not the issuer of the settings")
        return found

    @property
    def _is_here(self) -> bool:
        return urlsplit(self.settings.issuer).scheme == "http"

    def _public_keys(self, *, again: bool = False) -> Sequence[Mapping[str, Any]]:
        at, known = self._keys
        age = time.monotonic() - at
        if age < (NEW_KEYS_SECONDS if again else KEPT_SECONDS) and known:
            return known
        status, found = self._asked("GET", self._door("jwks_uri"))
        held = found.get("keys")
        if status != 200 or not isinstance(held, list):
            raise IdentityAwayError("the service does not give its keys")
        keys = tuple(key for key in held[:MOST_KEYS] if isinstance(key, dict))
        self._keys = time.monotonic(), keys
        return keys

    def _asked(
        self,
        method: str,
        address: str,
        form: Mapping[str, str] | None = None,
        who: tuple[str, str] | None = None,
    ) -> tuple[int, Mapping[str, Any]]:
        """Ask; return the status and the JSON object of the answer, empty where it is none."""
        import httpx

        try:
            with self._client.stream(
                method, address, data=form, auth=who or httpx.USE_CLIENT_DEFAULT,
                headers={"accept": "application/json"},
            ) as answer:  # fmt: skip
                return answer.status_code, _object(answer)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise IdentityAwayError("the service cannot be reached") from error


def _object(answer: httpx.Response) -> Mapping[str, Any]:
    read, begun = b"", time.monotonic()
    for part in answer.iter_bytes():
        read += part
        if len(read) > MOST_BYTES or time.monotonic() - begun > 3 * PATIENCE_SECONDS:
            raise IdentityAwayError("the answer of the service is too long, or took too long")
    try:
        found = json.loads(read)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
