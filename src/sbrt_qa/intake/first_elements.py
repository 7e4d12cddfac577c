"""What the first bytes of a DICOM object say: transfer syntax, SOP class, SOP instance, no more.

A door that takes objects in answers for what it was told they are, so it holds the first elements
against that. Everything else is read later, in a child with caps. Nothing here allocates by a
length that was read, follows a sequence, or looks beyond the bytes it is given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

PREAMBLE_BYTES: Final = 132
HEAD_BYTES: Final = 16 * 1024
"""How many first bytes are looked at."""

IMPLICIT: Final = "1.2.840.10008.1.2"
EXPLICIT: Final = "1.2.840.10008.1.2.1"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"

SOP_CLASS: Final = (0x0008, 0x0016)
SOP_INSTANCE: Final = (0x0008, 0x0018)
TRANSFER_SYNTAX: Final = (0x0002, 0x0010)
MEDIA_CLASS: Final = (0x0002, 0x0002)
MEDIA_INSTANCE: Final = (0x0002, 0x0003)

MAX_UID: Final = 64
_UID: Final = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+", re.ASCII)
_LONG: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)
"""Value representations with four bytes of length (PS3.5 7.1.2)."""


@dataclass(frozen=True, slots=True)
class FirstElements:
    """What an object says it is; empty where the first bytes do not say so.

    ``data_at`` is where its data set begins: 0 where there is no file meta information.
    """

    sop_class: str = ""
    sop_instance: str = ""
    transfer_syntax: str = ""
    data_at: int = 0


def is_uid(text: str) -> bool:
    """Tell whether a text is a UID as PS3.5 section 9.1 has it: at most 64 characters.

    Components have no leading zero, and there are two at least.
    """
    return len(text) <= MAX_UID and _UID.fullmatch(text) is not None


def of_data_set(head: bytes, transfer_syntax: str) -> FirstElements:
    """Return what the first bytes of a data set say it is.

    Empty for what is deflated or big endian, or begins with something else.
    """
    if transfer_syntax in (DEFLATED, BIG_ENDIAN):
        return FirstElements(transfer_syntax=transfer_syntax)
    found = _elements(head, 0, explicit=transfer_syntax != IMPLICIT, last=SOP_INSTANCE)
    return FirstElements(
        _text(found.get(SOP_CLASS)), _text(found.get(SOP_INSTANCE)), transfer_syntax
    )


def of_file(head: bytes) -> FirstElements | None:
    """Return what the first bytes of a file say it is; None where it is no DICOM file.

    A file has 128 bytes, ``DICM``, and file meta information, which is explicit little endian. It
    also says what the data set is, for where that cannot be read, such as what is deflated.
    """
    if head[128:PREAMBLE_BYTES] != b"DICM":
        return None
    meta = _elements(head, PREAMBLE_BYTES, explicit=True, last=(0x0002, 0xFFFF))
    syntax = _text(meta.get(TRANSFER_SYNTAX))
    at = _end_of_group_two(head)
    told = of_data_set(head[at:], syntax) if syntax and at else FirstElements()
    return FirstElements(
        told.sop_class or _text(meta.get(MEDIA_CLASS)),
        told.sop_instance or _text(meta.get(MEDIA_INSTANCE)), syntax, at,
    )  # fmt: skip


def _elements(
    data: bytes, at: int, *, explicit: bool, last: tuple[int, int]
) -> dict[tuple[int, int], bytes]:
    """Return the elements up to a tag; ends before what cannot be told, such as a sequence."""
    found: dict[tuple[int, int], bytes] = {}
    while (element := _element(data, at, explicit=explicit)) is not None:
        tag, value, at = element
        if tag > last or (found and tag <= max(found)):
            break
        found[tag] = value
    return found


def _element(data: bytes, at: int, *, explicit: bool) -> tuple[tuple[int, int], bytes, int] | None:
    """Return tag, value and end of one element; None where it is not whole."""
    if at + 8 > len(data):
        return None
    tag = (int.from_bytes(data[at : at + 2], "little"),
           int.from_bytes(data[at + 2 : at + 4], "little"))  # fmt: skip
    start, kind = at + 8, data[at + 4 : at + 6]
    if not explicit:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
    elif kind in _LONG:
        start = at + 12
        length = int.from_bytes(data[at + 8 : at + 12], "little")
        if len(data) < start:
            return None
    else:
        length = int.from_bytes(data[at + 6 : at + 8], "little")
    end = start + length
    return None if end > len(data) else (tag, data[start:end], end)


def _end_of_group_two(head: bytes) -> int:
    at = PREAMBLE_BYTES
    while (element := _element(head, at, explicit=True)) is not None and element[0][0] == 0x0002:
        at = element[2]
    return at if at > PREAMBLE_BYTES else 0


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode("ascii", "replace").rstrip("\0 ")


def file_head(sop_class: str, sop_instance: str, transfer_syntax: str) -> bytes:
    """Return preamble and file meta information for a data set that came without (PS3.10 7.1).

    The same for the same object, whoever sent it and when: no title, no time.
    """
    elements = b"".join(
        (
            _made(0x0001, b"OB", b"\0\1"),
            _made(0x0002, b"UI", _even(sop_class)),
            _made(0x0003, b"UI", _even(sop_instance)),
            _made(0x0010, b"UI", _even(transfer_syntax)),
            _made(0x0012, b"UI", _even("2.25.199913227660294590651877695492971707931")),
        )
    )
    length = _made(0x0000, b"UL", len(elements).to_bytes(4, "little"))
    return bytes(128) + b"DICM" + length + elements


def _made(element: int, kind: bytes, value: bytes) -> bytes:
    head = (0x0002).to_bytes(2, "little") + element.to_bytes(2, "little") + kind
    if kind in _LONG:
        return head + bytes(2) + len(value).to_bytes(4, "little") + value
    return head + len(value).to_bytes(2, "little") + value


def _even(text: str) -> bytes:
    raw = text.encode("ascii", "replace")
    return raw + bytes(len(raw) % 2)
