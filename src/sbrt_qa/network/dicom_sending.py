"""Objects to a peer by C-STORE, and the question whether it keeps them (storage commitment)."""

from __future__ import annotations

import asyncio
import ipaddress
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.uid import UID, generate_uid
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.presentation import build_role

from sbrt_qa.errors import InputError, UsageError, quoted
from sbrt_qa.intake.first_elements import EXPLICIT, HEAD_BYTES, IMPLICIT, of_file
from sbrt_qa.network.dicom_service import UnlistenedServer, association_on, quiet_library
from sbrt_qa.network.guard import Connection, Guard, GuardLimits
from sbrt_qa.network.pdu_frames import N_EVENT_REPORT_RQ
from sbrt_qa.network.peers import Peer, Sources

COMMITMENT: Final = "1.2.840.10008.1.20.1"
COMMITMENT_INSTANCE: Final = "1.2.840.10008.1.20.1.1"
REQUEST_COMMITMENT: Final = 1
"""Action type of an N-ACTION (PS3.4 J.3.2)."""

STORED: Final = 0x0000
SECONDS: Final = 60
REPORT_BYTES: Final = 4 * 1024**2
MOST_CLASSES: Final = 120
_TO: Final = re.compile(
    r"(?P<title>[!-?A-~]{1,16})@(?P<host>\[[0-9A-Fa-f:.]+\]|[^:@/]+):(?P<port>\d{1,5})"
)


class NotSentError(InputError):
    """A peer cannot be reached, or takes no association."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A file to send, and what it is."""

    path: Path
    sop_class: str
    sop_instance: str
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What a peer answered to one file.

    ``status`` is that of DIMSE, or a reason of STOW; None where there was no answer. ``committed``
    is None where it was not asked for, or nobody answered.
    """

    file: Outgoing
    status: int | None
    committed: bool | None = None

    @property
    def is_stored(self) -> bool:
        """Whether the peer says that it has it; a warning says so, too (PS3.4 B.2.3)."""
        return self.status is not None and (self.status == STORED or self.status >> 12 == 0xB)


@dataclass(frozen=True, slots=True)
class SendTo:
    """A peer that takes objects.

    Parameters
    ----------
    called, host, port, ip
        Its AE title and where it is.
    calling
        Our AE title.
    tls
        For TLS; plain goes to private networks only.
    """

    called: str
    host: str
    port: int
    ip: str
    calling: str = "SBRTQA"
    tls: ssl.SSLContext | None = None


def read_files(paths: Sequence[Path]) -> tuple[Outgoing, ...]:
    """Return what files are; folders stand for the files in them.

    Raises
    ------
    InputError
        A file cannot be read, or is not a DICOM file that states its SOP class and instance.
    """
    found = []
    for path in paths:
        inside = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for one in inside:
            try:
                with one.open("rb") as file:
                    told = of_file(file.read(HEAD_BYTES))
            except OSError:
                raise InputError("cannot be read", where=one.name) from None
            if told is None or not (told.sop_class and told.sop_instance):
                raise InputError(
                    "is not a DICOM file with a SOP class and a SOP instance UID",
                    where=quoted(one.name),
                )
            found.append(Outgoing(one, told.sop_class, told.sop_instance, told.transfer_syntax))
    if not found:
        raise InputError("there is nothing to send")
    return tuple(found)


def read_peer(text: str, calling: str, tls: ssl.SSLContext | None = None) -> SendTo:
    """Read a peer such as ``ARCHIVE@10.1.2.3:104``.

    Raises
    ------
    UsageError
        It is none, there is no such host, or it is beyond private networks and no TLS is spoken.
    """
    match = _TO.fullmatch(text)
    if match is None or not 0 < int(match["port"]) < 65_536:
        raise UsageError("no peer", got=quoted(text), expected="TITLE@HOST:PORT, or https://…")
    if not re.fullmatch(r"[!-\[\]-~]{1,16}", calling):
        raise UsageError("no AE title", got=quoted(calling))
    host, port = match["host"].strip("[]"), int(match["port"])
    try:
        ip = str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, UnicodeError):
        raise UsageError("there is no such host", got=quoted(host)) from None
    address = ipaddress.ip_address(ip.partition("%")[0])
    if tls is None and not (address.is_private or address.is_loopback):
        raise UsageError(
            "outside private networks the connection must use TLS",
            got=quoted(host),
            expected="--tls",
        )
    return SendTo(match["title"], host, port, ip, calling, tls)


def send_dicom(to: SendTo, files: Sequence[Outgoing]) -> list[Sent]:
    """Send files in one association; each is answered for by itself.

    Raises
    ------
    NotSentError
        The peer cannot be reached, or takes no association.
    """
    entity = _entity(to)
    for sop_class in sorted({file.sop_class for file in files})[:MOST_CLASSES]:
        syntaxes = {f.transfer_syntax for f in files if f.sop_class == sop_class}
        entity.add_requested_context(sop_class, sorted(syntaxes | {EXPLICIT, IMPLICIT}))
    sent = []
    with _associated(entity, to, []) as association:
        for file in files:
            try:
                status = association.send_c_store(file.path).get("Status")
            except (ValueError, AttributeError, RuntimeError, OSError):
                status = None  # no context was accepted, or the association ended
            sent.append(Sent(file, None if status is None else int(status)))
    return sent


def _entity(to: SendTo) -> AE:
    quiet_library()
    entity = AE(to.calling)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = SECONDS
    entity.connection_timeout = SECONDS
    return entity


@contextmanager
def _associated(
    entity: AE, to: SendTo, handlers: list[Any], roles: list[Any] | None = None
) -> Iterator[Association]:
    tls = None if to.tls is None else (to.tls, to.host)
    association = entity.associate(
        to.ip, to.port, ae_title=to.called, evt_handlers=handlers, tls_args=tls, ext_neg=roles
    )
    if not association.is_established:
        why = "it rejects us" if association.is_rejected else "nobody answers"
        raise NotSentError("the peer accepted no association", got=why)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


# --- storage commitment --------------------------------------------------------------------------


class CommitmentReports:
    """Listens, behind the guard, for what a peer reports of what it keeps.

    A peer may report within the association that asked, or begin one of its own, to the address
    that it knows us by.

    Parameters
    ----------
    to
        Who may report.
    port
        Where to listen; None where only reports within our association are heard.
    """

    def __init__(self, to: SendTo, port: int | None) -> None:
        self._reports: queue.Queue[Dataset] = queue.Queue()
        self._to, self._port = to, port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> CommitmentReports:
        if self._port is not None:
            entity = _entity(self._to)
            entity.add_supported_context(
                COMMITMENT, [EXPLICIT, IMPLICIT], scu_role=True, scp_role=True
            )
            server = UnlistenedServer(
                entity, ("127.0.0.1", 0), self._to.calling, entity.supported_contexts
            )
            try:
                listening = socket.create_server(("", self._port))
            except OSError:
                raise UsageError("cannot listen there", got=str(self._port)) from None
            ready = threading.Event()
            self._thread = threading.Thread(
                target=self._listen, args=(server, listening, ready), daemon=True
            )
            self._thread.start()
            ready.wait(SECONDS)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(SECONDS)

    def heard(self, event: Any) -> tuple[int, None]:  # noqa: ANN401 - of the library
        """Take a report."""
        self._reports.put(event.event_information)
        return STORED, None

    def of(self, transaction: str, seconds: float) -> Dataset | None:
        """Wait for the report of a transaction; None where none came."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                report = self._reports.get(timeout=left)
            except queue.Empty:
                return None
            if str(report.get("TransactionUID", "")) == transaction:
                return report
        return None

    def _listen(
        self, server: UnlistenedServer, listening: socket.socket, ready: threading.Event
    ) -> None:
        address = ipaddress.ip_network(self._to.ip.partition("%")[0])
        peer = Peer("", self._to.called, self._to.calling, (address,))
        limits = GuardLimits(max_object_bytes=REPORT_BYTES, with_data=N_EVENT_REPORT_RQ)

        def take(sock: socket.socket, connection: Connection) -> None:
            association = association_on(sock, connection, server)
            association.bind(evt.EVT_N_EVENT_REPORT, self.heard)
            association.start()

        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            ready.set()
            await Guard(Sources((peer,)), take, limits).serve(listening, self._stop)

        with listening:
            asyncio.run(serve())


def ask_commitment(
    to: SendTo, sent: Sequence[Sent], reports: CommitmentReports, seconds: float
) -> list[Sent]:
    """Ask a peer to keep what it stored; return what it answers for each file.

    Where it does not offer that, or does not answer in time, nothing is committed.
    """
    stored = [one for one in sent if one.is_stored]
    if not stored:
        return list(sent)
    entity = _entity(to)
    entity.add_requested_context(COMMITMENT, [EXPLICIT, IMPLICIT])
    transaction = generate_uid(prefix=None)
    asked = Dataset()
    asked.TransactionUID = transaction
    asked.ReferencedSOPSequence = [_reference(one.file) for one in stored]
    handlers = [(evt.EVT_N_EVENT_REPORT, reports.heard)]
    roles = [build_role(COMMITMENT, scu_role=True)]
    report = None
    try:
        with _associated(entity, to, handlers, roles) as association:
            status, _ = association.send_n_action(
                asked, REQUEST_COMMITMENT, COMMITMENT, COMMITMENT_INSTANCE
            )
            if status.get("Status") == STORED:
                report = reports.of(str(transaction), seconds)
    except (NotSentError, ValueError, RuntimeError):
        return list(sent)  # the peer does not offer it
    return list(sent) if report is None else [_committed(one, report) for one in sent]


def _reference(file: Outgoing) -> Dataset:
    made = Dataset()
    made.ReferencedSOPClassUID = UID(file.sop_class)
    made.ReferencedSOPInstanceUID = UID(file.sop_instance)
    return made


def _committed(one: Sent, report: Dataset) -> Sent:
    """Return what a report says of one file; nothing where it does not name it."""
    for keyword, kept in (("FailedSOPSequence", False), ("ReferencedSOPSequence", True)):
        named = {str(i.get("ReferencedSOPInstanceUID", "")) for i in report.get(keyword) or ()}
        if one.file.sop_instance in named:
            return Sent(one.file, one.status, kept)
    return one
