"""HTTP to addresses that a setting names, and nowhere else.

No redirect is followed, the certificate is always checked, plain http stays on this machine and in
private networks, and a name is looked up once: what was looked at is what is connected to. So
neither a name nor an answer leads to an address of the machine's own link or its cloud.
"""

from __future__ import annotations

import base64
import http.client
import ipaddress
import json
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from sbrt_qa.errors import InputError, UsageError, quoted

ANSWER_SECONDS: Final = 60.0
MAX_JSON_BYTES: Final = 32 * 1024**2
LOST: Final = (OSError, http.client.HTTPException)


class HttpRefusedError(InputError):
    """A server answers with an error, with something else than was asked for, or not at all."""


@dataclass(frozen=True, slots=True)
class HttpAddress:
    """Where a server is.

    Parameters
    ----------
    secure
        Whether TLS is spoken.
    host, port, path
        As in its address; `path` begins what is asked for and has no slash at its end.
    ip
        Address that the name stands for.
    headers
        Sent with every request, such as Authorization.
    authority
        File with certificates that are trusted besides those of the system.
    """

    secure: bool
    host: str
    port: int
    path: str
    ip: str
    headers: Mapping[str, str] = field(default_factory=dict)
    authority: Path | None = None

    @contextmanager
    def asked(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: Iterable[bytes] | None = None,
    ) -> Iterator[http.client.HTTPResponse]:
        """Send a request and give the answer, whatever its status.

        Raises
        ------
        HttpRefusedError
            The server cannot be reached, or breaks off.
        """
        connection = self._connection()
        try:
            connection.request(
                method, self.path + path, body=body,
                headers={**self.headers, **(headers or {})},
            )  # fmt: skip
            yield connection.getresponse()
        except LOST as error:
            kind = type(error).__name__
            raise HttpRefusedError("the server cannot be reached", got=kind) from None
        finally:
            connection.close()

    def json(self, path: str) -> Any:  # noqa: ANN401 - what a server says
        """Return what a server answers to GET; None where there is no such thing.

        Raises
        ------
        HttpRefusedError
            Another status, or no JSON.
        """
        with self.asked("GET", path) as answer:
            if answer.status == http.HTTPStatus.NOT_FOUND:
                return None
            if answer.status != http.HTTPStatus.OK:
                raise HttpRefusedError("the server refuses", got=str(answer.status))
            text = answer.read(MAX_JSON_BYTES + 1)
        try:
            return json.loads(text[:MAX_JSON_BYTES])
        except (ValueError, RecursionError):
            raise HttpRefusedError("the answer of the server is not JSON") from None

    def _connection(self) -> http.client.HTTPConnection:
        if not self.secure:
            made: http.client.HTTPConnection = _Plain(self.host, self.port, timeout=ANSWER_SECONDS)
        else:
            context = ssl.create_default_context()
            if self.authority is not None:
                context.load_verify_locations(self.authority)
            made = _Secure(self.host, self.port, timeout=ANSWER_SECONDS, context=context)
            made.trusted = context
        made.ip = self.ip  # type: ignore[attr-defined]
        return made


class _Plain(http.client.HTTPConnection):
    """Connects to the address that was looked at."""

    ip = ""

    def connect(self) -> None:
        """Connect."""
        self.sock = socket.create_connection((self.ip, self.port), ANSWER_SECONDS)


class _Secure(http.client.HTTPSConnection):
    """Connects to the address that was looked at, and checks the certificate for the name."""

    ip = ""
    trusted: ssl.SSLContext

    def connect(self) -> None:
        """Connect and shake hands."""
        plain = socket.create_connection((self.ip, self.port), ANSWER_SECONDS)
        self.sock = self.trusted.wrap_socket(plain, server_hostname=self.host)


def read_address(
    url: str, headers: Mapping[str, str] | None = None, authority: Path | None = None
) -> HttpAddress:
    """Read the address of a server, and look up its name.

    Raises
    ------
    UsageError
        It is no http or https address, holds a password, or leads where nothing of a site is.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UsageError("not the address of a server", got=quoted(url)) from None
    host = parts.hostname or ""
    plain = parts.scheme in ("http", "https") and host and not (parts.query or parts.fragment)
    if not plain or parts.username or parts.password:
        raise UsageError(
            "not the address of a server",
            got=quoted(url),
            expected="such as https://orthanc.example",
        )
    secure = parts.scheme == "https"
    port = port or (443 if secure else 80)
    ip = _looked_up(host, port, secure=secure)
    path = parts.path.rstrip("/")
    return HttpAddress(secure, host, port, path, ip, dict(headers or {}), authority)


def _looked_up(host: str, port: int, *, secure: bool) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UsageError("there is no such server", got=quoted(host)) from None
    for *_, where in found:
        address = ipaddress.ip_address(str(where[0]).partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        if address.is_link_local or address.is_multicast or address.is_unspecified:
            continue
        if address.is_reserved and not address.is_loopback:
            continue
        if not secure and not (address.is_loopback or address.is_private):
            raise UsageError(
                "outside private networks the address must begin with https", got=quoted(host),
                expected="https://…",
            )  # fmt: skip
        return str(address)
    raise UsageError(
        "this address is not that of a server in a network (link-local, multicast or reserved)",
        got=quoted(host),
    )


def basic(user: str, password_file: Path | None) -> dict[str, str]:
    """Return the header for a name and the password in the first line of a file; none without.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    if not user:
        return {}
    password = first_line(password_file) if password_file else ""
    sealed = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    return {"Authorization": f"Basic {sealed}"}


def first_line(path: Path) -> str:
    """Return the first line of a file with a secret.

    Raises
    ------
    InputError
        It cannot be read, or is empty.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise InputError("a file with a secret cannot be read", where=path.name) from None
    if not lines or not lines[0].strip():
        raise InputError("a file with a secret is empty", where=path.name)
    return lines[0].strip()
