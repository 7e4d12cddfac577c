"""The receiver: one process that takes in what peers, servers and folders of sites have.

It parses nothing that it takes: what is landed is read later, in children with caps. It has a cap
on its own memory, so that its end is never that of the office.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ipaddress
import json
import os
import signal
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Final

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.intake.landing import Landing, sweep
from sbrt_qa.network.dicom_service import ASSOCIATIONS, MAX_PDU_BYTES, DicomService
from sbrt_qa.network.guard import Associations, Guard, GuardLimits
from sbrt_qa.network.orthanc_source import OrthancFeed, follow_until
from sbrt_qa.network.peers import Sources, refuse_without_tls
from sbrt_qa.network.storing import (
    MAX_OBJECT_BYTES,
    Record,
    Storing,
    Taken,
    no_record,
    nothing_taken,
)
from sbrt_qa.network.watched_folders import FolderWatch, watch_until
from sbrt_qa.pipeline.service_log import log_to_stderr

_resource: ModuleType | None
try:
    import resource as _resource
except ImportError:  # Windows
    _resource = None

MEMORY_BYTES: Final = 1024**3
ON_THE_WAY: Final = "receiving"
COUNTS: Final = "receiver.json"
COUNT_SECONDS: Final = 1.0
END_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class ReceiverPlace:
    """Where a receiver listens, and what it may take.

    Parameters
    ----------
    sources
        Who may send.
    address, port
        Where to listen; port 0 is any free one.
    certificate, key, peer_certificates
        For TLS: of this receiver, and a file with the certificates of peers or who signed them.
    idle_seconds
        Silence after which an association is ended.
    max_bytes
        Of one object.
    as_root
        Whether it may run as root where other machines reach it.
    """

    sources: Sources
    address: str = "127.0.0.1"
    port: int = 11112
    certificate: Path | None = None
    key: Path | None = None
    peer_certificates: Path | None = None
    idle_seconds: float = 30.0
    max_bytes: int = MAX_OBJECT_BYTES
    as_root: bool = False


@dataclass(slots=True)
class Receiver:
    """A receiver that is open.

    Parameters
    ----------
    place
        How it is served.
    landing
        Where things land.
    storing
        What becomes of objects.
    associations
        Is told of associations that begin and end.
    """

    place: ReceiverPlace
    landing: Landing
    storing: Storing
    associations: Associations | None = None
    guard: Guard = field(init=False)
    service: DicomService = field(init=False)

    def __post_init__(self) -> None:
        limits = GuardLimits(
            idle_seconds=self.place.idle_seconds, max_pdu_bytes=MAX_PDU_BYTES,
            max_object_bytes=max(4 * 1024**3, 2 * self.place.max_bytes),
        )  # fmt: skip
        folder = self.landing.root / ON_THE_WAY
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.service = DicomService(self.storing, folder, ASSOCIATIONS)
        self.guard = Guard(
            self.place.sources, self.service.take, limits, tls_context(self.place),
            self.associations,
        )  # fmt: skip

    def counts(self) -> dict[str, int]:
        """Return how often what happened: connections by the guard, answers by their status."""
        answers = {
            k if ":" in k else f"answered {k}": n for k, n in dict(self.storing.counts).items()
        }
        return dict(sorted({**self.guard.counts, **answers}.items()))

    async def serve(self, listening: socket.socket, stop: asyncio.Event) -> None:
        """Take in until told to stop; what is on its way then is ended."""
        counting = asyncio.create_task(self._count())
        try:
            await self.guard.serve(listening, stop)
        finally:
            counting.cancel()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_SECONDS):
                    while not self.service.is_idle():
                        await asyncio.sleep(0.05)
            self._write_counts(self.counts())

    async def _count(self) -> None:
        told: dict[str, int] | None = None
        while True:
            if (now := self.counts()) != told:
                told = now
                self._write_counts(now)
            await asyncio.sleep(COUNT_SECONDS)

    def _write_counts(self, counts: dict[str, int]) -> None:
        path = self.landing.root / COUNTS
        with contextlib.suppress(OSError):  # a full disk says so elsewhere
            part = path.with_suffix(".part")
            part.write_text(json.dumps(counts, indent=1), encoding="utf-8")
            part.replace(path)


def run_receiver(
    landing: Landing,
    place: ReceiverPlace,
    told: Callable[[str], None],
    record: Record = no_record,
    associations: Associations | None = None,
    taken: Taken = nothing_taken,
) -> dict[str, int]:
    """Receive until told to end by SIGTERM or SIGINT; return how often what happened.

    Parameters
    ----------
    landing
        Where things land.
    told
        Called with what whoever started it has to know, once peers can connect.
    record
        Records an arrival, before it is answered for.
    associations
        Is told of associations that begin and end.
    taken
        Tells what was taken from a site before, for its quota.

    Raises
    ------
    UsageError
        It would run as root, the address is taken, or certificates cannot be used.
    """
    refuse_root(place)
    refuse_without_tls(place.sources, tls=place.certificate is not None)
    os.umask(0o077)
    log_to_stderr("sbrt_qa.network")  # what goes wrong, without anything of what was sent
    cap_memory(MEMORY_BYTES)
    _drop_garbage_early()
    landing.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep(landing)
    storing = Storing(landing, record, place.max_bytes, taken)
    receiver = Receiver(place, landing, storing, associations)
    with listening_at(place.address, place.port) as listening:
        port = listening.getsockname()[1]
        for line in opening_lines(place, port):
            told(line)
        ended = threading.Event()
        threads = _beside(place.sources, receiver.storing, ended)
        for thread in threads:
            thread.start()
        try:
            asyncio.run(_until_told(receiver, listening))
        finally:
            ended.set()
            for thread in threads:
                thread.join(END_SECONDS)
    return receiver.counts()


def _beside(sources: Sources, storing: Storing, ended: threading.Event) -> list[threading.Thread]:
    """Return threads that take from servers and folders until an event is set."""
    feeds = [OrthancFeed.of(one, storing) for one in sources.orthancs]
    folders = [FolderWatch(one, storing) for one in sources.folders]
    return [
        *(threading.Thread(target=follow_until, args=(one, ended), daemon=True) for one in feeds),
        *(threading.Thread(target=watch_until, args=(one, ended), daemon=True) for one in folders),
    ]


async def _until_told(receiver: Receiver, listening: socket.socket) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    await receiver.serve(listening, stop)


def listening_at(address: str, port: int) -> socket.socket:
    """Return a socket that is bound to an address.

    Raises
    ------
    UsageError
        It cannot be.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name != "nt":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen()
    except OSError as error:
        sock.close()
        raise UsageError(
            "cannot listen there", got=quoted(f"{address}:{port}"), advice=error.strerror or ""
        ) from None
    return sock


def tls_context(place: ReceiverPlace) -> ssl.SSLContext | None:
    """Return the context for TLS; None where none is spoken.

    Raises
    ------
    UsageError
        A file is missing, or is no certificate or key.
    """
    if place.certificate is None and place.key is None and place.peer_certificates is None:
        return None
    if place.certificate is None or place.key is None:
        raise UsageError("TLS needs a certificate and its key", expected="--tls-cert and --tls-key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(place.certificate, place.key)
        if place.peer_certificates is not None:
            context.load_verify_locations(place.peer_certificates)
            context.verify_mode = ssl.CERT_REQUIRED
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        elif any(peer.certificate for peer in place.sources.peers):
            raise UsageError("peers with a certificate need --tls-peers FILE")
    except (OSError, ssl.SSLError):
        raise UsageError("a certificate or its key cannot be used for TLS") from None
    return context


def opening_lines(place: ReceiverPlace, port: int) -> list[str]:
    """Return what is said once peers can connect."""
    peers = place.sources.peers
    titles = ", ".join(sorted({peer.called for peer in peers})) or "nobody"
    spoken = "TLS" if place.certificate else "no TLS"
    lines = [f"receiving as {titles} at {place.address}:{port}, {spoken}"]
    lines += [
        f"  from {peer.calling} of site {peer.site}: "
        + (f"certificate {peer.certificate[:16]}…" if peer.certificate else "no certificate")
        + f", {', '.join(str(one) for one in peer.networks)}"
        for peer in peers
    ]
    lines += [f"  from an Orthanc of site {one.site}" for one in place.sources.orthancs]
    lines += [f"  from a folder of site {one.site}" for one in place.sources.folders]
    if any(not peer.certificate for peer in peers):
        lines.append(
            "An AE title is a label and no proof of who sends: peers without a certificate are "
            "taken from private networks only, and whoever is in these networks can pass for them."
        )
    return lines


def refuse_root(place: ReceiverPlace) -> None:
    """Refuse to run as root where other machines reach it.

    Raises
    ------
    UsageError
        It would.
    """
    try:
        here = ipaddress.ip_address(place.address).is_loopback
    except ValueError:
        here = place.address == "localhost"
    if here or place.as_root or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    raise UsageError(
        "a receiver that other machines reach does not run as root",
        advice="Start it as a user of its own, or say --as-root",
    )


def _drop_garbage_early() -> None:
    """Look for garbage often, among what is new: an association that is over leaves a circle."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 5, 5)


def cap_memory(most_bytes: int) -> None:
    """Let this process have no more memory of its own than this, where the system can."""
    if _resource is None:
        return
    kind = getattr(_resource, "RLIMIT_DATA", None)
    if kind is not None:
        _, hard = _resource.getrlimit(kind)
        most = most_bytes if hard == _resource.RLIM_INFINITY else min(most_bytes, hard)
        _resource.setrlimit(kind, (most, hard))
