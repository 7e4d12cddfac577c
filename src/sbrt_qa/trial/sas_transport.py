"""SAS transport files, version 5: the form in which trial data go to authorities.

Read and written by the published layout (SAS technical support document TS-140): records of 80
bytes, numbers as IBM floating point, names of at most 8 characters, texts of at most 200 bytes,
days counted from 1960-01-01. A missing number is no zero.
"""

from __future__ import annotations

import datetime as dt
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.errors import InputError, visible

EPOCH: Final = dt.date(1960, 1, 1)
RECORD: Final = 80
NAMESTR: Final = 140
LONGEST: Final = 200
DATE_FORMATS: Final = ("DATE", "YYMMDD", "DDMMYY", "MMDDYY", "E8601DA", "IS8601DA", "B8601DA")

_LIBRARY: Final = b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!" + b"0" * 30 + b"  "
_MEMBER: Final = b"HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!" + \
    b"0" * 17 + b"1600000000140  "  # fmt: skip
_DESCRIPTOR: Final = b"HEADER RECORD*******DSCRPTR HEADER RECORD!!!!!!!" + b"0" * 30 + b"  "
_NAMES: Final = b"HEADER RECORD*******NAMESTR HEADER RECORD!!!!!!!"
_OBSERVATIONS: Final = b"HEADER RECORD*******OBS     HEADER RECORD!!!!!!!" + b"0" * 30 + b"  "
_STAMP: Final = b"01JAN60:00:00:00"
"""The same time in every file, so that the same data make the same bytes."""

XptValue = str | float | None


@dataclass(frozen=True, slots=True)
class XptVariable:
    """One variable.

    Parameters
    ----------
    length
        Bytes of a text; 8 of a number.
    form
        Name of the SAS format, such as ``DATE``; empty for none.
    """

    name: str
    label: str
    numeric: bool
    length: int
    form: str = ""

    @property
    def is_date(self) -> bool:
        """Whether its numbers are days."""
        return self.numeric and self.form.rstrip("0123456789.") in DATE_FORMATS


@dataclass(frozen=True, slots=True)
class XptTable:
    """One data set. Texts are without trailing blanks; a number that is missing is None."""

    name: str
    variables: tuple[XptVariable, ...]
    rows: tuple[tuple[XptValue, ...], ...]


def write_xpt(table: XptTable) -> bytes:
    """Return a data set as a transport file.

    Raises
    ------
    ValueError
        A name is longer than 8 characters, or a text longer than 200 bytes.
    """
    head = b"SAS     SAS     SASLIB  9.4     " + b" " * 32 + _STAMP
    made = [_LIBRARY, head, _padded(_STAMP, RECORD), _MEMBER, _DESCRIPTOR]
    name = _ascii(table.name.upper(), 8)
    made.append(b"SAS     " + name + b"SASDATA 9.4     " + b" " * 32 + _STAMP)
    made.append(_STAMP + b" " * 16 + b" " * 40 + b" " * 8)
    made.append(_NAMES + f"{len(table.variables):010d}".encode() + b"0" * 20 + b"  ")
    names, at = b"", 0
    for number, variable in enumerate(table.variables, 1):
        names += _namestr(variable, number, at)
        at += variable.length
    made.append(_filled(names))
    made.append(_OBSERVATIONS)
    body = b"".join(
        _cell(variable, value)
        for row in table.rows for variable, value in zip(table.variables, row, strict=True)
    )  # fmt: skip
    return b"".join(made) + _filled(body)


def _namestr(variable: XptVariable, number: int, at: int) -> bytes:
    kind = 1 if variable.numeric else 2
    return (
        struct.pack(">hhhh", kind, 0, variable.length, number)
        + _ascii(variable.name.upper(), 8)
        + _padded(variable.label.encode("ascii", "replace")[:40], 40)
        + _ascii(variable.form, 8)
        + struct.pack(">hhh", 9 if variable.form else 0, 0, 0) + b"\x00\x00"
        + b" " * 8 + struct.pack(">hh", 0, 0) + struct.pack(">l", at) + b"\x00" * 52
    )  # fmt: skip


def _ascii(text: str, length: int) -> bytes:
    made = text.encode("ascii")
    if len(made) > length:
        raise ValueError(f"{text}: longer than {length} characters")
    return _padded(made, length)


def _padded(content: bytes, length: int) -> bytes:
    return content + b" " * (length - len(content))


def _filled(content: bytes) -> bytes:
    return content + b" " * (-len(content) % RECORD)


def _cell(variable: XptVariable, value: XptValue) -> bytes:
    if variable.numeric:
        return ibm_bytes(None if value is None or value == "" else float(value))
    made = str(value or "").encode()
    if len(made) > variable.length:
        raise ValueError(f"{variable.name}: a text longer than {variable.length} bytes")
    return _padded(made, variable.length)


def ibm_bytes(value: float | None) -> bytes:
    """Return a number as IBM floating point; a missing one as the missing value of SAS."""
    if value is None:
        return b"." + b"\x00" * 7
    if value == 0:
        return b"\x00" * 8
    mantissa, exponent = math.frexp(abs(value))
    shift = -exponent % 4
    power = (exponent + shift) // 4 + 64
    whole = int(mantissa * 2.0**56) >> shift
    sign = 0x80 if value < 0 else 0
    return bytes([sign | power]) + whole.to_bytes(7, "big")


def ibm_number(content: bytes) -> float | None:
    """Return the number of IBM floating point; None for any missing value of SAS."""
    if not any(content[1:]) and content[0] != 0:
        return None
    whole = int.from_bytes(content[1:], "big")
    if not whole:
        return 0.0
    value = math.ldexp(whole, 4 * ((content[0] & 0x7F) - 64) - 56)
    return -value if content[0] & 0x80 else value


def read_xpt(content: bytes, name: str) -> XptTable:
    """Read the first data set of a transport file.

    Raises
    ------
    InputError
        It is no transport file of version 5, or is broken.
    """
    where = visible(name)
    if not content.startswith(b"HEADER RECORD*******LIBRARY HEADER"):
        raise InputError("no SAS transport file of version 5", where=where)
    try:
        start = content.index(_NAMES)
        count = int(content[start + 48 : start + 58])
        table = content[content.index(b"HEADER RECORD*******DSCRPTR") + RECORD :][8:16]
        names = content[start + RECORD :]
        variables = [_variable(names[i * NAMESTR : (i + 1) * NAMESTR]) for i in range(count)]
        body = content[content.index(b"HEADER RECORD*******OBS     ", start) + RECORD :]
        text = table.decode("ascii").strip()
        return XptTable(text, tuple(variables), _rows(variables, body))
    except (ValueError, IndexError, struct.error, UnicodeDecodeError) as error:
        raise InputError("a broken SAS transport file", where=where) from error


def _variable(namestr: bytes) -> XptVariable:
    kind, _, length, _ = struct.unpack(">hhhh", namestr[:8])
    if kind not in (1, 2) or not 0 < length <= LONGEST:
        raise ValueError("no variable")
    texts = [
        namestr[a:b].decode("ascii", "replace").strip() for a, b in ((8, 16), (16, 56), (56, 64))
    ]
    return XptVariable(texts[0], texts[1], kind == 1, length, texts[2].strip("\x00"))


def _rows(variables: Sequence[XptVariable], body: bytes) -> tuple[tuple[XptValue, ...], ...]:
    width = sum(variable.length for variable in variables)
    count = len(body) // width if width else 0
    rows = []
    for number in range(count):
        row = body[number * width : (number + 1) * width]
        left = len(body) - number * width
        if (
            left <= RECORD + width
            and not row.strip(b" ")
            and not body[number * width :].strip(b" ")
        ):
            break
        rows.append(_values(variables, row))
    return tuple(rows)


def _values(variables: Sequence[XptVariable], row: bytes) -> tuple[XptValue, ...]:
    found: list[XptValue] = []
    at = 0
    for variable in variables:
        cell = row[at : at + variable.length]
        at += variable.length
        if variable.numeric:
            found.append(ibm_number(cell + b"\x00" * (8 - len(cell))))
        else:
            found.append(cell.decode("utf-8").rstrip(" "))
    return tuple(found)
