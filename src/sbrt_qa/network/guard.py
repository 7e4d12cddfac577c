"""The guard before the receiver: who connects, how many, how fast, and whether it is DICOM at all.

Connections are accepted, and PDUs held against their type and length, in one loop of our own.
Only an association request of a known peer is handed on, and after it only whole PDUs, over a pair
of sockets. So nobody who is silent, slow, or announces four gigabytes takes a place or memory from
the peers that are known.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from sbrt_qa.errors import SbrtQaError
from sbrt_qa.network.pdu_frames import (
    ABORT,
    C_STORE_RQ,
    HEADER_BYTES,
    MessageWatch,
    PduError,
    PduKind,
    announced,
    busy,
    rejection,
    titles,
)
from sbrt_qa.network.peers import Address, Peer, Sources

READ_BYTES: Final = 64 * 1024
BACKLOG: Final = 128
STILL_OPEN_SECONDS: Final = 60.0
WRONG_CALLING: Final = 3
"""Reason of a rejection: the calling AE title is not recognised."""


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """What a connection may take; seconds by the clock.

    Parameters
    ----------
    first_seconds
        Until the first PDU is whole, and for the handshake of TLS before it.
    idle_seconds
        Of silence on both sides.
    pdu_seconds
        From the first byte of a later PDU to its last.
    unproven
        Connections at once, of all addresses, that have not sent a whole first PDU of a peer.
    max_pdu_bytes
        What we offer for a P-DATA-TF.
    max_object_bytes
        Of the data of one message; more ends the connection. Less, and still too much to be kept,
        gets a status.
    with_data
        Command that data may follow: C-STORE, unless something else is listened for.
    """

    first_seconds: float = 5.0
    idle_seconds: float = 30.0
    pdu_seconds: float = 30.0
    unproven: int = 64
    max_pdu_bytes: int = 131_072
    max_object_bytes: int = 4 * 1024**3
    with_data: int = C_STORE_RQ


@dataclass(slots=True, eq=False)
class Connection:
    """One connection: where it is from, and whose it turned out to be."""

    address: Address
    certificate: str = ""
    peer: Peer | None = None
    task: asyncio.Task[None] | None = None
    begun: float = field(default_factory=time.monotonic)


Take = Callable[[socket.socket, Connection], None]
"""Given our end of a pair of sockets, serves an association on it, without waiting for its end."""


class Associations(Protocol):
    """Who has to know which associations are open: what comes in them may not be whole yet."""

    def begun(self, peer: Peer) -> int:
        """Note that a peer has one open; return its number."""

    def goes_on(self, number: int) -> None:
        """Note that it is still open."""

    def ended(self, number: int) -> None:
        """Note that it is over."""


class Guard:
    """Accepts connections and hands on the associations of known peers.

    Parameters
    ----------
    sources
        Peers that may come.
    take
        Serves an association.
    limits
        What a connection may take.
    tls
        Context of the server where TLS is spoken; then nothing else is.
    associations
        Is told of those that begin and end.
    """

    def __init__(
        self,
        sources: Sources,
        take: Take,
        limits: GuardLimits | None = None,
        tls: ssl.SSLContext | None = None,
        associations: Associations | None = None,
    ) -> None:
        self._associations = associations
        self._sources, self._take, self._tls = sources, take, tls
        self._limits = limits or GuardLimits()
        self._open: dict[Connection, None] = {}  # in the order in which they came
        self.counts: Counter[str] = Counter()
        """How often something happened: accepted, and refused by its reason."""

    async def serve(self, listening: socket.socket, stop: asyncio.Event) -> None:
        """Accept connections until told to stop, then end those that are open."""
        listening.setblocking(False)  # noqa: FBT003 - theirs
        listening.listen(BACKLOG)
        accepting = asyncio.create_task(self._accept(listening))
        await stop.wait()
        accepting.cancel()
        tasks = [one.task for one in self._open if one.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(accepting, *tasks, return_exceptions=True)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, where = await loop.sock_accept(listening)
            except OSError:  # no descriptor left, or the client went: let others end first
                self.counts["not accepted"] += 1
                await asyncio.sleep(0.05)
                continue
            address = _address(where)
            if not self._has_room(address):
                sock.close()
                continue
            one = Connection(address)
            self._open[one] = None
            one.task = asyncio.create_task(self._guarded(one, sock))
            await asyncio.sleep(0)  # it begins, and so ends what it has when it is cancelled

    # --- how many --------------------------------------------------------------------------------

    def _has_room(self, address: Address) -> bool:
        """Tell whether one more may come from an address; the oldest unproven makes room."""
        most = self._sources.connections(address)
        if not most:
            self.counts["refused: unknown address"] += 1
            return False
        same = [one for one in self._open if one.address == address]
        if len(same) >= most and not self._make_room(same):
            self.counts["refused: too many of one address"] += 1
            return False
        unproven = [one for one in self._open if one.peer is None]
        return len(unproven) < self._limits.unproven or self._make_room(unproven)

    def _make_room(self, among: list[Connection]) -> bool:
        """End the oldest connection that has not sent a whole request yet."""
        for one in among:
            if one.peer is None and one.task is not None:
                self.counts["ended: unproven, others waited"] += 1
                del self._open[one]
                one.task.cancel()
                return True
        return False

    # --- one connection --------------------------------------------------------------------------

    async def _guarded(self, one: Connection, sock: socket.socket) -> None:
        writer: asyncio.StreamWriter | None = None
        try:
            reader, writer = await self._streams(one, sock)
            async with asyncio.timeout(self._limits.first_seconds):
                header, body = await self._pdu(reader, first=True)
            if (peer := self._known(one, body)) is None:
                writer.write(rejection(WRONG_CALLING))
                await self._said(writer)
                return
            if self._count_of(peer) >= peer.connections:
                self.counts["refused: too many of one peer"] += 1
                writer.write(busy())
                await self._said(writer)
                return
            one.peer = peer
            self.counts["accepted"] += 1
            await self._relay(one, reader, writer, header + body)
        except PduError as error:
            self.counts[f"ended: {error}"] += 1
            if writer is not None:
                writer.write(ABORT)
        except TimeoutError:
            self.counts["ended: silent or slow"] += 1
        except (OSError, EOFError, ssl.SSLError):
            self.counts["ended: broken off"] += 1
        finally:
            self._open.pop(one, None)
            if writer is not None:
                writer.transport.abort() if one.peer is None else writer.close()
            else:
                sock.close()

    def _count_of(self, peer: Peer) -> int:
        return sum(other.peer is peer for other in self._open)

    async def _said(self, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(1.0):
                await writer.drain()
                writer.write_eof() if writer.can_write_eof() else None

    async def _streams(
        self, one: Connection, sock: socket.socket
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return the streams of a connection, after the handshake where TLS is spoken."""
        loop = asyncio.get_running_loop()
        sock.setblocking(False)  # noqa: FBT003 - theirs
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        reader = asyncio.StreamReader(limit=READ_BYTES)
        protocol = asyncio.StreamReaderProtocol(reader)
        handshake = {"ssl_handshake_timeout": self._limits.first_seconds} if self._tls else {}
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol, sock, ssl=self._tls, **handshake
        )
        secure: Any = transport.get_extra_info("ssl_object")
        if secure is not None:
            proved = secure.getpeercert(binary_form=True)
            one.certificate = hashlib.sha256(proved).hexdigest() if proved else ""
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    def _known(self, one: Connection, body: bytes) -> Peer | None:
        asked = titles(body)
        found = self._sources.of(asked.calling, asked.called, one.address, one.certificate)
        if found is None:
            self.counts["refused: unknown peer"] += 1
        return found

    async def _pdu(self, reader: asyncio.StreamReader, *, first: bool) -> tuple[bytes, bytes]:
        """Read one PDU, whose length is looked at before it is read."""
        header = await reader.readexactly(HEADER_BYTES)
        _, length = announced(header, self._limits.max_pdu_bytes, first=first)
        return header, await reader.readexactly(length)

    async def _relay(
        self,
        one: Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        request: bytes,
    ) -> None:
        """Hand on whole PDUs of a peer, and what is answered, until one side ends."""
        ours, theirs = socket.socketpair()
        inner: asyncio.StreamWriter | None = None
        try:
            answers, inner = await asyncio.open_connection(sock=ours, limit=READ_BYTES)
            await asyncio.to_thread(self._take, theirs, one)
            inner.write(request)
            heard = [time.monotonic()]
            inward = asyncio.create_task(self._inward(reader, inner, heard))
            noting = asyncio.create_task(self._note(one))
            outward = asyncio.create_task(_outward(answers, writer, heard))
            watch = asyncio.create_task(self._idle(heard))
            try:
                await _first_ends(inward, outward, watch)
            finally:
                noting.cancel()
                await asyncio.gather(noting, return_exceptions=True)
        finally:
            if inner is not None:
                inner.close()
            else:
                ours.close()
                theirs.close()

    async def _note(self, one: Connection) -> None:
        """Tell, as long as this lasts, that an association is open."""
        told, peer = self._associations, one.peer
        if told is None or peer is None:
            return
        number: int | None = None
        try:
            number = await asyncio.to_thread(told.begun, peer)
            while True:
                await asyncio.sleep(STILL_OPEN_SECONDS)
                await asyncio.to_thread(told.goes_on, number)
        except SbrtQaError:
            self.counts["an association could not be noted"] += 1
        finally:
            if number is not None:
                with contextlib.suppress(SbrtQaError):
                    await asyncio.to_thread(told.ended, number)

    async def _inward(
        self, reader: asyncio.StreamReader, inner: asyncio.StreamWriter, heard: list[float]
    ) -> None:
        watch = MessageWatch(self._limits.max_object_bytes, self._limits.with_data)
        while True:
            if not (header := await reader.read(1)):
                return
            async with asyncio.timeout(self._limits.pdu_seconds):
                header += await reader.readexactly(HEADER_BYTES - 1)
                kind, length = announced(header, self._limits.max_pdu_bytes, first=False)
                body = await reader.readexactly(length)
            heard[0] = time.monotonic()
            if kind is PduKind.DATA:
                watch.take(memoryview(body))
            inner.write(header + body)
            await inner.drain()
            heard[0] = time.monotonic()

    async def _idle(self, heard: list[float]) -> None:
        while (left := heard[0] + self._limits.idle_seconds - time.monotonic()) > 0:
            await asyncio.sleep(left)
        raise TimeoutError


async def _outward(
    answers: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: list[float]
) -> None:
    while part := await answers.read(READ_BYTES):
        writer.write(part)
        await writer.drain()
        heard[0] = time.monotonic()


async def _first_ends(*tasks: asyncio.Task[None]) -> None:
    """Wait until the first of some tasks ends, end the others, and raise what it raised."""
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


def _address(where: Any) -> Address:  # noqa: ANN401 - of the system
    """Return the address of a client; an IPv4 address as one also on an IPv6 socket."""
    address = ipaddress.ip_address(str(where[0]).partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
