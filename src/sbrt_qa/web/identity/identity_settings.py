"""Which identity service an office believes, read from a file beside it."""

from __future__ import annotations

import ipaddress
import os
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from sbrt_qa.errors import UsageError, quoted

SECRET_VARIABLE: Final = "SBRT_QA_OIDC_SECRET"  # noqa: S105 - the name of a variable
RETURN_PATH: Final = "/identity/callback"
MOST_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """An identity service, and what the office is to it.

    Parameters
    ----------
    issuer
        Its address, exactly as it calls itself.
    client_id, client_secret
        What it knows the office by; a public client has no secret.
    office
        Address of the office as browsers see it; the service leads back to it.
    name
        What the service is called on the page.
    creates_accounts
        Whether somebody whom the service knows, and the office does not, gets an account; it can do
        nothing until somebody grants it a role.
    asks_second
        Whether the service itself asks for a second proof.

    Raises
    ------
    UsageError
        An address is none, or goes over a network in the clear.
    """

    issuer: str
    client_id: str
    office: str
    client_secret: str = ""
    name: str = ""
    creates_accounts: bool = False
    asks_second: bool = False

    def __post_init__(self) -> None:
        refuse_open(self.issuer, "issuer")
        refuse_open(self.office, "office")
        if self.office.rstrip("/") != self.office or urlsplit(self.office).path:
            raise UsageError("the address of the office must not have a path", where="office")
        if not self.client_id.strip():
            raise UsageError("the identity service needs a client_id", where="client_id")

    @property
    def return_address(self) -> str:
        """Where the service leads back to; it has to be told this address."""
        return self.office + RETURN_PATH

    @property
    def shown_name(self) -> str:
        """What the service is called on a page."""
        return self.name or urlsplit(self.issuer).netloc


def refuse_open(address: str, where: str, *, loopback: bool = True) -> SplitResult:
    """Check an address: https, or http on this machine; nothing hidden in it.

    Parameters
    ----------
    loopback
        Whether this machine counts.

    Raises
    ------
    UsageError
        It is another.
    """
    try:
        found = urlsplit(address)
        host, _ = found.hostname or "", found.port
    except ValueError:
        found, host = SplitResult("", "", "", "", ""), ""
    here = _is_here(host)
    plain = address.isascii() and address.isprintable() and not set(address) & {" ", "\\"}
    hides = bool(found.username or found.password or found.fragment)
    good = found.scheme == "https" or (found.scheme == "http" and here)
    if not (host and plain and good) or hides or (here and not loopback) or _is_link_local(host):
        expected = "https://..., or http on this machine alone"
        raise UsageError(
            "not the address of a service", got=quoted(address), expected=expected, where=where
        )
    return found


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_link_local(host: str) -> bool:
    """Tell whether a host is where machines keep what they know of themselves."""
    try:
        return ipaddress.ip_address(host).is_link_local
    except ValueError:
        return False


FIELDS: Final[dict[str, type]] = {
    "issuer": str, "client_id": str, "office": str, "client_secret": str, "name": str,
    "creates_accounts": bool, "asks_second": bool,
}  # fmt: skip


def read_identity_settings(path: Path) -> IdentitySettings:
    """Read the file of an identity service (TOML).

    Raises
    ------
    UsageError
        It cannot be read, says something else, or others may read the secret in it.
    """
    try:
        with path.open("rb") as file:
            found = tomllib.loads(file.read(MOST_BYTES).decode())
            mode = os.fstat(file.fileno()).st_mode
    except (OSError, ValueError) as error:
        what = "the file of the identity service cannot be read"
        raise UsageError(what, got=quoted(path.name)) from error
    _refuse_unknown(found)
    if found.get("client_secret") and os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        what = "others may read the secret of the identity service"
        raise UsageError(what, got=quoted(path.name), expected="mode 0600")
    given = os.environ.get(SECRET_VARIABLE, "")
    if given:
        found["client_secret"] = given
    return IdentitySettings(**found)


def _refuse_unknown(found: dict[str, Any]) -> None:
    for name, value in found.items():
        if name not in FIELDS:
            expected = ", ".join(FIELDS)
            raise UsageError("unknown setting", got=quoted(name), expected=expected)
        if not isinstance(value, FIELDS[name]):
            raise UsageError(
                "a setting has a value of the wrong type", where=name, got=quoted(str(value))
            )
    for name in ("issuer", "client_id", "office"):
        if not found.get(name):
            raise UsageError("a setting is missing", expected=name)
