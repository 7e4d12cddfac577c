"""Who may send: peers by AE titles, address and certificate; servers; folders. A TOML file."""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, TypeAlias

from sbrt_qa.errors import InputError, UsageError, quoted

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

CONNECTIONS: Final = 4
"""Connections at once from one address, unless a peer has a number of its own."""

MOST_CONNECTIONS: Final = 25
MAX_FILE_BYTES: Final = 1024**2

_SITE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_PRINT: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Peer:
    """A system that may send by C-STORE.

    Parameters
    ----------
    site
        Code of the site that it stands for.
    calling, called
        AE titles: its own, and the one that it has to ask for. A title is a label, no proof.
    networks
        Where it is. Without a certificate only private networks.
    certificate
        SHA-256 of its certificate, 64 hexadecimal digits; then it may come over TLS only.
    connections
        Most at once.
    quota_bytes
        Most in one day (UTC), 0 for no limit.
    """

    site: str
    calling: str
    called: str
    networks: tuple[Network, ...]
    certificate: str = ""
    connections: int = CONNECTIONS
    quota_bytes: int = 0

    def is_at(self, address: Address) -> bool:
        """Tell whether an address is in one of its networks."""
        return any(address in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class OrthancSource:
    """An Orthanc server from which studies are taken.

    Parameters
    ----------
    site
        Code of the site that it stands for.
    url
        Its address; nothing else is asked for.
    user, password_file
        For its own sign-in; the password is the first line of the file.
    """

    site: str
    url: str
    user: str = ""
    password_file: str = ""


@dataclass(frozen=True, slots=True)
class WatchedFolder:
    """A folder into which a site's files are copied by other means."""

    site: str
    folder: str


@dataclass(frozen=True, slots=True)
class Sources:
    """All of a file."""

    peers: tuple[Peer, ...] = ()
    orthancs: tuple[OrthancSource, ...] = ()
    folders: tuple[WatchedFolder, ...] = ()

    def at(self, address: Address) -> tuple[Peer, ...]:
        """Return the peers that may come from an address."""
        return tuple(peer for peer in self.peers if peer.is_at(address))

    def of(self, calling: str, called: str, address: Address, certificate: str) -> Peer | None:
        """Return the peer that a request comes from; None where it is nobody's.

        Parameters
        ----------
        certificate
            SHA-256 of what the client proved over TLS, empty without.
        """
        for peer in self.at(address):
            named = (peer.calling, peer.called) == (calling, called)
            if named and (not peer.certificate or peer.certificate == certificate):
                return peer
        return None

    def connections(self, address: Address) -> int:
        """Return how many connections an address may have."""
        return max((peer.connections for peer in self.at(address)), default=0)


def read_sources(path: Path) -> Sources:
    """Read a file of peers, Orthanc servers and folders.

    Raises
    ------
    InputError
        It cannot be read, or something in it is not as it has to be.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError("the file is too large for a list of peers", where=path.name)
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError("cannot be read", where=path.name, got=error.strerror or "") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError("is no TOML file", where=path.name, got=quoted(str(error))) from None
    unknown = set(content) - {"peer", "orthanc", "watch"}
    if unknown:
        raise InputError(
            "there is no such table", where=path.name, got=quoted(min(unknown)),
            expected="[[peer]], [[orthanc]] or [[watch]]",
        )  # fmt: skip
    found = Sources(
        tuple(_peer(row) for row in _rows(content, "peer")),
        tuple(_orthanc(row) for row in _rows(content, "orthanc")),
        tuple(_folder(row) for row in _rows(content, "watch")),
    )
    _refuse_doubles(found)
    return found


def is_private(network: Network) -> bool:
    """Tell whether all of a network is private, of this machine, or of this link."""
    return network.is_private or network.is_loopback or network.is_link_local


def _rows(content: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    rows = content.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError("is no table", got=quoted(name), expected=f"[[{name}]]")
    return rows


def _peer(row: Mapping[str, Any]) -> Peer:
    allowed = {"site", "calling", "called", "networks", "certificate", "connections", "quota_gb"}
    where = _known(row, allowed, "[[peer]]")
    site = _site(row, where)
    calling, called = (_text(row, name, where) for name in ("calling", "called"))
    for title in (calling, called):
        if len(title) > 16 or any(not " " <= c <= "~" or c == "\\" for c in title):
            raise InputError("no AE title", where=where, got=quoted(title))
    certificate = str(row.get("certificate", "")).replace(":", "").lower()
    if certificate and not _PRINT.fullmatch(certificate):
        raise InputError(
            "not the SHA-256 fingerprint of a certificate", where=where, got=quoted(certificate),
            expected="64 hexadecimal digits, as `openssl x509 -fingerprint -sha256` shows them",
        )  # fmt: skip
    networks = tuple(_network(text, where) for text in row.get("networks", ()))
    if not networks and not certificate:
        raise InputError(
            "a peer needs its networks, or a certificate", where=where,
            expected='networks = ["10.1.2.0/24"]',
        )  # fmt: skip
    if not networks:
        networks = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
    elif not certificate and not all(is_private(one) for one in networks):
        raise InputError(
            "beyond private networks a peer needs a certificate", where=where,
            advice="An AE title and an address are no proof of who sends",
        )  # fmt: skip
    connections = _number(row, "connections", CONNECTIONS, where)
    if not 1 <= connections <= MOST_CONNECTIONS or connections != int(connections):
        raise InputError(
            "not a number of connections", where=where, got=quoted(connections),
            expected=f"1 to {MOST_CONNECTIONS}",
        )  # fmt: skip
    quota = _number(row, "quota_gb", 0, where)
    return Peer(site, calling, called, networks, certificate, int(connections), int(quota * 1e9))


def _orthanc(row: Mapping[str, Any]) -> OrthancSource:
    where = _known(row, {f.name for f in fields(OrthancSource)}, "[[orthanc]]")
    url = _text(row, "url", where).rstrip("/")
    user, password = str(row.get("user", "")), str(row.get("password_file", ""))
    return OrthancSource(_site(row, where), url, user, password)


def _folder(row: Mapping[str, Any]) -> WatchedFolder:
    where = _known(row, {"site", "folder"}, "[[watch]]")
    return WatchedFolder(_site(row, where), _text(row, "folder", where))


def _known(row: Mapping[str, Any], allowed: set[str], table: str) -> str:
    unknown = set(row) - allowed
    if unknown:
        raise InputError(
            "there is no such key", where=table, got=quoted(min(unknown)),
            expected=", ".join(sorted(allowed)),
        )  # fmt: skip
    return f"{table} of {quoted(row.get('site', '?'))}"


def _site(row: Mapping[str, Any], where: str) -> str:
    site = _text(row, "site", where)
    if not _SITE.fullmatch(site):
        raise InputError("not a site code", where=where, got=quoted(site))
    return site


def _text(row: Mapping[str, Any], name: str, where: str) -> str:
    value = row.get(name, "")
    if not isinstance(value, str) or not value.strip():
        raise InputError("is missing", where=where, got=name)
    return value.strip()


def _number(row: Mapping[str, Any], name: str, default: float, where: str) -> float:
    value = row.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise InputError("is no number", where=where, got=f"{name} = {quoted(value)}")
    return value


def _network(text: object, where: str) -> Network:
    try:
        return ipaddress.ip_network(str(text))
    except ValueError:
        raise InputError(
            "no network", where=where, got=quoted(text), expected="such as 10.1.2.0/24"
        ) from None


def _refuse_doubles(found: Sources) -> None:
    """Refuse that one calling title stands for two sites in networks that meet."""
    for i, one in enumerate(found.peers):
        for other in found.peers[:i]:
            if (one.calling, one.called) != (other.calling, other.called):
                continue
            apart = one.certificate and other.certificate and one.certificate != other.certificate
            if not apart and any(
                a.version == b.version and a.overlaps(b)
                for a in one.networks
                for b in other.networks
            ):
                raise InputError(
                    "two peers cannot be told apart",
                    got=f"{quoted(one.calling)} of {one.site} and of {other.site}",
                )


def refuse_without_tls(found: Sources, *, tls: bool) -> None:
    """Refuse peers with a certificate where no TLS is spoken.

    Raises
    ------
    UsageError
        Their certificates could never be seen.
    """
    if not tls and any(peer.certificate for peer in found.peers):
        raise UsageError(
            "a peer has a certificate, but TLS is not switched on",
            expected="--tls-cert, --tls-key and --tls-peers",
        )
