"""A small identity service on this machine: discovery, codes with PKCE, tokens signed by its keys.

Each fault is one that a hostile or careless service would have; everything else stays right.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT, SECRET = "sbrt-qa", "a secret: with/odd%characters"


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class IdentityService:
    """The service.

    Parameters
    ----------
    claims
        What its tokens say in place of what is right; None leaves a claim out.
    signs
        ``right``, ``none``, ``hmac`` (with the public key as secret), ``other key``,
        ``other kid``, ``cut``.
    """

    subject: str = "person-1"
    claims: dict[str, Any] = field(default_factory=dict)
    signs: str = "right"
    down: bool = False
    document: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"

    def __post_init__(self) -> None:
        self.keys = {"RS256": RSAKey.generate_key(2048, {"kid": "one"}),
                     "ES256": ECKey.generate_key("P-256", {"kid": "two"})}  # fmt: skip
        self.other = RSAKey.generate_key(2048, {"kid": "one"})
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def reset(self) -> None:
        self.subject, self.claims, self.signs, self.down = "person-1", {}, "right", False
        self.document, self.algorithm = {}, "RS256"

    def authorize(self, address: str, at: float | None = None) -> str:
        """Sign the person in as a browser would see it; return where it leads back to."""
        asked = {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert (asked["client_id"], asked["code_challenge_method"]) == (CLIENT, "S256")
        code = _b64(hashlib.sha256(asked["state"].encode()).digest())
        self.codes[code] = {**asked, "at": str(at or time.time())}
        back = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        return f"{asked['redirect_uri']}?{back}"

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys",
            **self.document,
        }  # fmt: skip

    def jwks(self) -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in self.keys.values()]}

    def token(self, form: Mapping[str, str], given: str) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        name, _, word = base64.b64decode(given.partition(" ")[2]).decode().partition(":")
        proof = _b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        known = (unquote(name), unquote(word)) == (CLIENT, SECRET)
        if not known or asked is None or proof != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        assert form["redirect_uri"] == asked["redirect_uri"]
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": self.subject, "exp": now + 300, "iat": now,
            "nonce": asked["nonce"], "auth_time": int(float(asked["at"])), "name": "Rea Reader",
            "preferred_username": "rea.reader", **self.claims,
        }  # fmt: skip
        return 200, {
            "access_token": "x", "token_type": "Bearer",
            "id_token": self.signed({k: v for k, v in claims.items() if v is not None}),
        }  # fmt: skip

    def signed(self, claims: dict[str, Any]) -> str:
        key = self.keys[self.algorithm]
        body = _b64(json.dumps(claims).encode())
        if self.signs == "none":
            return f"{_b64(json.dumps({'alg': 'none'}).encode())}.{body}."
        if self.signs == "hmac":
            head = _b64(json.dumps({"alg": "HS256", "kid": "one"}).encode())
            known = key.as_pem(private=False)
            made = hmac.new(known, f"{head}.{body}".encode(), hashlib.sha256).digest()
            return f"{head}.{body}.{_b64(made)}"
        header = {"alg": self.algorithm, "kid": key.kid}
        if self.signs == "embedded key":
            header |= {"jwk": self.other.as_dict(private=False)}
        if self.signs == "other kid":
            header["kid"] = "three"
        hostile = self.signs in ("other key", "embedded key")
        made = str(jwt.encode(header, claims, self.other if hostile else key))
        if self.signs == "swapped":
            head, _, sign = made.split(".")
            return f"{head}.{_b64(json.dumps({**claims, 'sub': 'person-2'}).encode())}.{sign}"
        return made[:-9] if self.signs == "cut" else made


def _handler(service: IdentityService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            if self.path.startswith("/authorize?"):  # a browser that asks stays where it is
                self.send_response(204)
                self.end_headers()
                return
            found = {
                "/.well-known/openid-configuration": service.discovery, "/keys": service.jwks,
            }.get(self.path)  # fmt: skip
            self.answer(*(404, {}) if found is None else (200, found()))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {k: v[0] for k, v in parse_qs(body).items()}
            self.answer(*service.token(form, self.headers.get("authorization", "")))

        def answer(self, status: int, value: dict[str, Any]) -> None:
            service.asked.append(self.path)
            if service.down:
                status, value = 503, {}
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
