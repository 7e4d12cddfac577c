"""Who may ask at all: host, origin and site of a request, and whose word on them counts.

A page on the same machine that is reached by a name which somebody else controls (DNS rebinding),
or a form on a foreign page, is refused here, before anything is looked up.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeAlias

from sbrt_qa.errors import UsageError, quoted

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
READING: Final = frozenset({"GET", "HEAD"})
OWN_SITES: Final = frozenset({"same-origin", "none"})
"""What browsers say of a request that our own page, or the person, began."""

CODE_CHARACTERS: Final = 255


@dataclass(frozen=True, slots=True)
class ServedAt:
    """Where the pages are: the names they may be asked for by, and who stands before them.

    Parameters
    ----------
    hosts
        Values of the Host header that are ours, in small letters, with the port where it is shown.
    secure
        Whether this process speaks TLS itself.
    proxies
        Networks whose X-Forwarded headers are believed; nobody's are unless given.
    """

    hosts: frozenset[str]
    secure: bool = False
    proxies: tuple[Network, ...] = ()

    def trusts(self, peer: str) -> bool:
        """Tell whether a peer is a proxy whose word counts."""
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self.proxies)


@dataclass(frozen=True, slots=True)
class RequestHead:
    """What is known of a request before it is read: the host, TLS, and the address it came from."""

    host: str
    secure: bool
    address: str

    @property
    def origin(self) -> str:
        """The origin that our own pages have."""
        return f"{'https' if self.secure else 'http'}://{self.host}"


def loopback_hosts(port: int) -> frozenset[str]:
    """Return the names by which this machine calls itself, with the port."""
    shown = {f"{host}:{port}" for host in LOOPBACK}
    return frozenset(shown | (set(LOOPBACK) if port == 80 else set()))


def read_network(text: str) -> Network:
    """Read a network such as ``10.0.0.0/8``.

    Raises
    ------
    UsageError
        It is none.
    """
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        expected = "a network such as 10.0.0.5/32"
        raise UsageError("no network", got=quoted(text), expected=expected) from None


def seen(headers: Mapping[str, str], peer: str, place: ServedAt) -> RequestHead:
    """Return what a request says of where it is from; forwarded words only of a known proxy."""
    host, secure, address = headers.get("host", "").lower(), place.secure, peer
    if place.trusts(peer):
        secure = headers.get("x-forwarded-proto", "").strip().lower() == "https"
        address = headers.get("x-forwarded-for", "").rpartition(",")[2].strip() or peer
    return RequestHead(host[:CODE_CHARACTERS], secure, address[:CODE_CHARACTERS])


def refusal(
    method: str, headers: Mapping[str, str], known: RequestHead, place: ServedAt
) -> HTTPStatus | None:
    """Return why a request is refused by its head alone; None where it may go on.

    400 where the host is not ours; 403 where another site began it: by the Origin of what changes
    something, and by Sec-Fetch-Site of everything but a link that somebody followed.
    """
    if known.host not in place.hosts:
        return HTTPStatus.BAD_REQUEST
    if place.proxies and not known.secure and not _is_loopback(known.address):
        return HTTPStatus.BAD_REQUEST
    site = headers.get("sec-fetch-site")
    if method in READING:
        followed = headers.get("sec-fetch-mode") == "navigate" and (
            headers.get("sec-fetch-dest", "document") == "document"
        )
        foreign = site is not None and site not in OWN_SITES and not followed
        return HTTPStatus.FORBIDDEN if foreign else None
    origin = headers.get("origin", known.origin).lower()
    # under no-referrer, which our pages ask for, browsers send null for the forms of our own pages,
    # and say in Sec-Fetch-Site, which no page can set, that it was one of them
    ours = origin == known.origin or (origin == "null" and site == "same-origin")
    if not ours or (site is not None and site not in OWN_SITES):
        return HTTPStatus.FORBIDDEN
    return None


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
