"""Data of C-STORE messages to disk as they come, in place of memory.

pynetdicom collects the data of a message in memory, or in a file that it makes where the system
keeps such files, and a full disk ends the association without an answer. Here the data of a message
go to a file without a name beside where they will land, small ones into memory; what keeps them
from being kept is remembered, and answered for when the message is whole.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from weakref import WeakKeyDictionary

from pydicom.uid import UID
from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu_primitives import P_DATA

from sbrt_qa.intake.landing import LandingRefusedError, NoSpace, TooLarge, had_room

IN_MEMORY_BYTES: Final = 768 * 1024
"""A CT slice of 512 × 512 fits."""

LOG: Final = logging.getLogger("sbrt_qa.network")

INVALID_PDU: Final = "Evt19"
"""Event of the upper layer's state machine (PS3.8 table 9-6) upon which it aborts."""

WITHOUT_UID: Final = UID("0")
"""Stands for an empty UID, which the library takes for a request that is none. No UID itself."""

MOST_WAITING: Final = 4
"""Messages of one association that are whole and not answered; we offer one at a time."""


class Spool:
    """The data of one message.

    Parameters
    ----------
    folder
        On the disk where they will land.
    max_bytes
        Most that is kept.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._file: Any = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES, dir=str(folder))  # noqa: SIM115
        self._max = max_bytes
        self.size_bytes = 0
        self.trouble: LandingRefusedError | None = None
        """Why the data were not kept; then nothing of them is there."""

    def write(self, part: bytes) -> None:
        """Take the next data; after a trouble they are dropped."""
        if self.trouble is not None:
            return
        self.size_bytes += len(part)
        if self.size_bytes > self._max:
            self._give_up(TooLarge("more bytes than are taken"))
            return
        self._if_room(lambda: self._file.write(part))

    def settle(self) -> None:
        """Bring all data to where they are kept; that they do not fit is a trouble, too."""
        if self.trouble is None:
            self._if_room(self._file.flush)

    def head(self, size: int) -> bytes:
        """Return the first bytes."""
        self._file.seek(0)
        return cast("bytes", self._file.read(size))

    def after(self, head: bytes) -> BinaryIO:
        """Return a stream of some bytes and the data after them."""
        self._file.seek(0)
        return cast("BinaryIO", _Joined(head, self._file))

    def close(self) -> None:
        """Drop the data."""
        with contextlib.suppress(OSError):  # of a full disk, which has no room for what is dropped
            self._file.close()

    def _if_room(self, work: Callable[[], object]) -> None:
        if not had_room(work):
            self._give_up(NoSpace("the disk took no more"))

    def _give_up(self, trouble: LandingRefusedError) -> None:
        self.trouble = trouble
        self.close()


class _Joined:
    """Some bytes, and a file after them."""

    def __init__(self, head: bytes, file: BinaryIO) -> None:
        self._head, self._file = head, file

    def read(self, size: int) -> bytes:
        """Return the next bytes, none at the end."""
        if self._head:
            part, self._head = self._head, b""
            return part
        return self._file.read(size)


class _Requests(queue.Queue[Any]):
    """Requests that wait, each with its data; what no request may be ends the association."""

    def __init__(self, messages: SpoolingMessages) -> None:
        super().__init__()
        self._messages = messages

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: ANN401, FBT001, FBT002 - as the library calls it
        """Take a request; one without a UID gets one that is none, and so a status."""
        _, request = item
        if isinstance(request, C_STORE):
            if request.AffectedSOPInstanceUID is None:
                request.AffectedSOPInstanceUID = WITHOUT_UID
            SPOOLS[request] = self._messages.take_whole()
        if not request.is_valid_request:
            raise ValueError("a request that lacks something")
        super().put(item, block, timeout)


SPOOLS: Final[WeakKeyDictionary[C_STORE, Spool]] = WeakKeyDictionary()
"""Data of the requests that wait."""


class SpoolingMessages(DIMSEServiceProvider):
    """The messages of one association; the data of each go to a spool.

    Parameters
    ----------
    association
        Whose messages they are.
    folder
        Where data go.
    max_bytes
        Most of one message.
    """

    def __init__(self, association: Association, folder: Path, max_bytes: int) -> None:
        super().__init__(association)
        self._folder, self._max = folder, max_bytes
        self._filling: Spool | None = None
        self.msg_queue = _Requests(self)

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take fragments: data to the spool, commands to where they are read.

        What cannot be read ends the association; nothing is raised into the thread that reads.
        """
        try:
            self._receive(primitive)
        except Exception as error:  # noqa: BLE001 - a thread that ends would keep its place
            LOG.warning("a message that cannot be read: %s", type(error).__name__)
            self.dul.event_queue.put(INVALID_PDU)

    def _receive(self, primitive: P_DATA) -> None:
        for context, fragment in primitive.presentation_data_value_list:
            control = fragment[0]
            if not control & 1:
                self._spool(fragment[1:])
                if not control & 2:
                    continue
                fragment = bytes((control,))  # noqa: PLW2901 - the end of the message, without data
            alone = P_DATA()
            alone.presentation_data_value_list = [[context, fragment]]  # type: ignore[list-item]
            super().receive_primitive(alone)

    def take_whole(self) -> Spool:
        """Return the data of the message that became whole; none where it had none."""
        spool, self._filling = self._filling, None
        return spool or Spool(self._folder, self._max)

    def _spool(self, part: bytes) -> None:
        if self._filling is None:
            if self.msg_queue.qsize() >= MOST_WAITING:
                raise ValueError("more messages at once than we offered")
            self._filling = Spool(self._folder, self._max)
        self._filling.write(part)
