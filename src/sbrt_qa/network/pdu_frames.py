"""PDUs of the DICOM upper layer, as far as a guard has to know them before anything is read in.

PS3.8 section 9.3: a PDU is a type, a reserved byte, and the length of what follows, four bytes with
the highest first. A length is a promise of the sender, so it is held against its type before memory
is taken.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

HEADER_BYTES: Final = 6
MAX_ASSOCIATE_BYTES: Final = 256 * 1024
"""Of an A-ASSOCIATE-RQ. 128 contexts with 20 transfer syntaxes each take about 85 kB."""

SHORT_BYTES: Final = 4
"""Of a release and an abort, which have one length only."""

MAX_COMMAND_BYTES: Final = 16 * 1024
"""Of a command set, over all its fragments."""

PDV_HEADER_BYTES: Final = 6
"""Length of the item, the context, and the control header."""

C_STORE_RQ: Final = 0x0001
N_EVENT_REPORT_RQ: Final = 0x0100
NO_DATA_SET: Final = 0x0101


class PduKind(enum.IntEnum):
    """Types of PDU."""

    ASSOCIATE_RQ = 1
    ASSOCIATE_AC = 2
    ASSOCIATE_RJ = 3
    DATA = 4
    RELEASE_RQ = 5
    RELEASE_RP = 6
    ABORT = 7


class PduError(ValueError):
    """What a peer sent is no PDU that may come now."""


@dataclass(frozen=True, slots=True)
class Titles:
    """AE titles of an association request, without the spaces around them."""

    called: str
    calling: str


def announced(header: bytes, max_data_bytes: int, *, first: bool) -> tuple[PduKind, int]:
    """Return the type of a PDU and the length of what follows, from its first six bytes.

    Parameters
    ----------
    max_data_bytes
        Most that was negotiated for a P-DATA-TF.
    first
        Whether it is the first of a connection, which has to be an A-ASSOCIATE-RQ; it is never one
        afterwards.

    Raises
    ------
    PduError
        A requestor does not send this type now, or the type never has this length.
    """
    try:
        kind = PduKind(header[0])
    except ValueError:
        raise PduError("unknown type of PDU") from None
    length = int.from_bytes(header[2:HEADER_BYTES], "big")
    if kind in (PduKind.ASSOCIATE_AC, PduKind.ASSOCIATE_RJ):
        raise PduError("an answer to a request that was not sent")
    if (kind is PduKind.ASSOCIATE_RQ) is not first:
        raise PduError("no association request first, or a second one")
    if kind is PduKind.ASSOCIATE_RQ:
        fits = 68 <= length <= MAX_ASSOCIATE_BYTES
    elif kind is PduKind.DATA:
        fits = PDV_HEADER_BYTES <= length <= max_data_bytes
    else:
        fits = length == SHORT_BYTES
    if not fits:
        raise PduError("a length that this type of PDU cannot have")
    return kind, length


def titles(body: bytes) -> Titles:
    """Return the AE titles of an A-ASSOCIATE-RQ, from what follows its header.

    Raises
    ------
    PduError
        A title is empty, or holds a character that none may have (PS3.5: the default repertoire
        without backslash and control characters).
    """
    called, calling = (_title(body[start : start + 16]) for start in (4, 20))
    return Titles(called, calling)


def _title(raw: bytes) -> str:
    text = raw.decode("ascii", "replace").strip(" ")
    if len(raw) != 16 or not text or any(not " " <= c <= "~" or c == "\\" for c in text):
        raise PduError("no AE title")
    return text


def rejection(reason: int) -> bytes:
    """Return an A-ASSOCIATE-RJ: permanent, by the service user; 3: calling, 7: called title."""
    return bytes((PduKind.ASSOCIATE_RJ, 0, 0, 0, 0, 4, 0, 1, 1, reason))


def busy() -> bytes:
    """Return an A-ASSOCIATE-RJ: transient, a local limit is exceeded."""
    return bytes((PduKind.ASSOCIATE_RJ, 0, 0, 0, 0, 4, 0, 2, 3, 2))


ABORT: Final = bytes((PduKind.ABORT, 0, 0, 0, 0, 4, 0, 0, 2, 0))
"""An A-ABORT by the service provider."""


class MessageWatch:
    """Follows the fragments of messages, so that nothing grows in memory without a bound.

    Data follow one command only, of a C-STORE, whose data go to disk; a command is short. Whether
    its elements make sense is for who reads them.

    Parameters
    ----------
    max_object_bytes
        Most bytes of the data of one message. What is too large for us but within it is read and
        answered with a status; beyond it the connection ends.
    with_data
        Command that data may follow.
    """

    def __init__(self, max_object_bytes: int, with_data: int = C_STORE_RQ) -> None:
        self._max, self._with_data = max_object_bytes, with_data
        self._command = bytearray()
        self._data_bytes = 0
        self._awaits_data = False

    @property
    def is_between(self) -> bool:
        """Whether no message is on its way."""
        return not self._command and not self._awaits_data

    def take(self, body: memoryview) -> None:
        """Follow a P-DATA-TF, given what follows its header.

        Raises
        ------
        PduError
            Items that do not fill it, data without a C-STORE request, a command that is too long,
            or more data than may come.
        """
        at = 0
        while at < len(body):
            if len(body) - at < PDV_HEADER_BYTES:
                raise PduError("an item that is cut off")
            length = int.from_bytes(body[at : at + 4], "big")
            if length < 2 or at + 4 + length > len(body):
                raise PduError("an item that does not fit its PDU")
            context, control = body[at + 4], body[at + 5]
            if not context % 2:
                raise PduError("a context with an even number")
            self._fragment(control, body[at + PDV_HEADER_BYTES : at + 4 + length])
            at += 4 + length

    def _fragment(self, control: int, part: memoryview) -> None:
        is_last = bool(control & 2)
        if control & 1:
            if self._awaits_data:
                raise PduError("a command within data")
            self._command += part
            if len(self._command) > MAX_COMMAND_BYTES:
                raise PduError("a command that is too long")
            if is_last:
                self._awaits_data = _data_follow(bytes(self._command), self._with_data)
                self._command.clear()
                self._data_bytes = 0
            return
        if not self._awaits_data:
            raise PduError("data without a request to store them")
        self._data_bytes += len(part)
        if self._data_bytes > self._max:
            raise PduError("more data than may come")
        self._awaits_data = not is_last


def _data_follow(command: bytes, with_data: int) -> bool:
    """Tell whether data follow a command set, which is implicit little endian (PS3.7 6.3.1).

    Raises
    ------
    PduError
        It cannot be read, or data follow another command than they may.
    """
    field = kind = -1
    at = 0
    while at + 8 <= len(command):
        group = int.from_bytes(command[at : at + 2], "little")
        element = int.from_bytes(command[at + 2 : at + 4], "little")
        length = int.from_bytes(command[at + 4 : at + 8], "little")
        value = command[at + 8 : at + 8 + length]
        if group or len(value) != length:
            raise PduError("a command that cannot be read")
        if element == 0x0100:
            field = int.from_bytes(value, "little")
        elif element == 0x0800:
            kind = int.from_bytes(value, "little")
        at += 8 + length
    if at != len(command) or field < 0 or kind < 0:
        raise PduError("a command that cannot be read")
    if kind != NO_DATA_SET and field != with_data:
        raise PduError("data of something else than a request to store them")
    return kind != NO_DATA_SET
