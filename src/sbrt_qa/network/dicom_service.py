"""Associations on sockets that the guard hands on: C-ECHO and C-STORE, by pynetdicom.

Nothing listens here, so nobody comes but through the guard. Storage classes are those of
radiotherapy and its images; a secondary capture is taken, and waits for a person.
"""

from __future__ import annotations

import logging
import socket
import threading
from pathlib import Path
from typing import Any, Final

import pydicom
from pydicom.dataset import Dataset
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.transport import AssociationServer, RequestHandler

from sbrt_qa.intake.first_elements import EXPLICIT, IMPLICIT
from sbrt_qa.network.guard import Connection
from sbrt_qa.network.spooled_messages import SPOOLS, SpoolingMessages
from sbrt_qa.network.storing import STORED, StoreTold, Storing

VERIFICATION: Final = "1.2.840.10008.1.1"
_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."
WITHOUT_PIXELS: Final = tuple(
    _STORAGE + end
    for end in (
        "481.3", "481.4", "481.5", "481.6", "481.7", "481.8", "481.9",  # RT objects
        "66.1", "66.3", "66.4", "66.5",  # registrations, segmentation surfaces
        "88.11", "88.22", "88.33", "88.34", "88.67",  # structured reports
    )
)  # fmt: skip
WITH_PIXELS: Final = tuple(
    _STORAGE + end
    for end in (
        "2", "2.1", "4", "4.1", "128", "130", "481.1", "481.2", "66.4",
        "7", "104.1",  # a secondary capture and a document in PDF, for a person to look at
    )
)  # fmt: skip
LOSSLESS: Final = (
    EXPLICIT, IMPLICIT,
    "1.2.840.10008.1.2.4.70",  # JPEG, lossless
    "1.2.840.10008.1.2.4.80",  # JPEG-LS, lossless
    "1.2.840.10008.1.2.4.90",  # JPEG 2000, lossless
    "1.2.840.10008.1.2.5",  # RLE
)  # fmt: skip

ASSOCIATIONS: Final = 25
ACSE_SECONDS: Final = 5
DIMSE_SECONDS: Final = 60
NETWORK_SECONDS: Final = 60
MAX_PDU_BYTES: Final = 131_072


class Quiet(logging.Handler):
    """Tells that something went wrong, and where; never what it was said with, which may be PHI."""

    def emit(self, record: logging.LogRecord) -> None:
        """Tell level, place and kind of error of a record."""
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        if not kind and isinstance(record.msg, BaseException):
            kind = type(record.msg).__name__
        LOG.warning("%s %s:%d %s", record.levelname, record.module, record.lineno, kind)


LOG: Final = logging.getLogger("sbrt_qa.network")


def quiet_library() -> None:
    """Let the library below tell no text of its own, take any UID, and log no message."""
    threading.excepthook = _quiet_thread
    log = logging.getLogger("pynetdicom")
    log.handlers, log.propagate = [Quiet()], False
    log.setLevel(logging.WARNING)
    _config.LOG_HANDLER_LEVEL = "none"
    _config.VALIDATORS["UI"] = lambda _: (True, "")  # answered with a status, see storing
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE


def _quiet_thread(ended: threading.ExceptHookArgs) -> None:
    """Tell that a thread ended by an error, without the error's text."""
    LOG.warning("a thread ended: %s", ended.exc_type.__name__)


class DicomService:
    """Serves associations of known peers.

    Parameters
    ----------
    storing
        Where objects go.
    folder
        For data on their way, on the disk where they land.
    associations
        Most at once.
    """

    def __init__(self, storing: Storing, folder: Path, associations: int = ASSOCIATIONS) -> None:
        quiet_library()
        self._storing, self._folder = storing, folder
        entity = AE("SBRTQA")
        entity.acse_timeout, entity.dimse_timeout = ACSE_SECONDS, DIMSE_SECONDS
        entity.network_timeout, entity.maximum_associations = NETWORK_SECONDS, associations
        entity.maximum_pdu_size = MAX_PDU_BYTES
        entity.add_supported_context(VERIFICATION, [EXPLICIT, IMPLICIT])
        for uid in WITHOUT_PIXELS:
            entity.add_supported_context(uid, [EXPLICIT, IMPLICIT])
        for uid in WITH_PIXELS:
            entity.add_supported_context(uid, list(LOSSLESS))
        self._server = UnlistenedServer(
            entity, ("127.0.0.1", 0), "SBRTQA", entity.supported_contexts
        )
        threading.stack_size(1024**2)

    def take(self, sock: socket.socket, connection: Connection) -> None:
        """Begin to serve an association on one end of a pair of sockets."""
        association = association_on(sock, connection, self._server)
        messages = SpoolingMessages(association, self._folder, self._storing.max_bytes)
        association.dimse = messages
        association.bind(evt.EVT_C_STORE, self._store, [connection])
        association.start()

    def _store(self, event: Any, connection: Connection) -> Dataset:  # noqa: ANN401 - theirs
        """Answer a C-STORE request."""
        request = event.request
        spool = SPOOLS.pop(request)
        peer = connection.peer
        if peer is None:  # no association without one
            raise RuntimeError("an association without a peer")
        told = StoreTold(
            str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID),
            str(event.context.transfer_syntax),
        )  # fmt: skip
        try:
            answer = self._storing.store(peer, told, spool)
        finally:
            spool.close()
        status = Dataset()
        status.Status = answer.status
        if answer.status != STORED:
            status.ErrorComment = answer.comment[:64]
        return status

    def is_idle(self) -> bool:
        """Tell whether no association is open."""
        return not self._server.active_associations


def association_on(
    sock: socket.socket, connection: Connection, server: UnlistenedServer
) -> Association:
    """Return the association of a socket that the guard hands on; its caller starts it."""
    sock.settimeout(NETWORK_SECONDS)
    return _Handler(sock, (str(connection.address), 0), server).made


class UnlistenedServer(AssociationServer):
    """What an association takes its settings from; it listens nowhere."""

    def server_bind(self) -> None:
        """Bind to nothing."""

    def server_activate(self) -> None:
        """Listen to nothing."""


class _Handler(RequestHandler):
    """Makes the association of a socket, and leaves it to its caller to start."""

    made: Association

    def handle(self) -> None:
        """Make the association."""
        self.made = self._create_association()
