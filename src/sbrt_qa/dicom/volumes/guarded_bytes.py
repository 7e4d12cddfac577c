"""Bytes of a volume's file, counted: no more are read or inflated than its header announces."""

from __future__ import annotations

import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sbrt_qa.errors import InputError

GZIP: Final = b"\x1f\x8b"
_CHUNK: Final = 1 << 20
_GZIP_WINDOW: Final = 31


def open_regular(path: Path) -> bytes:
    """Return the first bytes of a regular file.

    Raises
    ------
    InputError
        There is none, or it is a link, a folder or a device.
    """
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise InputError("no regular file", where=path.name)
        with path.open("rb") as file:
            return file.read(_CHUNK)
    except OSError as error:
        raise InputError("the file cannot be read", where=path.name) from error


def raw_bytes(path: Path, start: int, count: int) -> bytes:
    """Return bytes of a plain file, which must end with them.

    Raises
    ------
    InputError
        It has fewer or more.
    """
    size = path.stat().st_size
    if size != start + count:
        _refuse_size(path.name, size - start, count)
    with path.open("rb") as file:
        file.seek(start)
        return file.read(count)


def inflated_gzip(path: Path, count: int | None, at_least: int = 0) -> bytes:
    """Return what a gzip file inflates to: `count` bytes exactly, or the first `at_least`.

    Raises
    ------
    InputError
        It does not inflate, or not to so many bytes.
    """
    with path.open("rb") as file:
        return _inflated(
            iter(lambda: file.read(_CHUNK), b""), _GZIP_WINDOW, path.name, count, at_least
        )


def inflated_zlib(data: bytes, count: int, where: str) -> bytes:
    """Return what a zlib stream inflates to, `count` bytes exactly.

    Raises
    ------
    InputError
        As :func:`inflated_gzip`.
    """
    return _inflated(iter([data]), zlib.MAX_WBITS, where, count, 0)


def _inflated(
    pieces: Iterator[bytes], window: int, where: str, count: int | None, at_least: int
) -> bytes:
    wanted = at_least if count is None else count
    inflater, found = zlib.decompressobj(window), bytearray()
    try:
        for piece in pieces:
            rest = piece
            while rest and len(found) <= wanted and not inflater.eof:
                found += inflater.decompress(rest, wanted + 1 - len(found))
                rest = inflater.unconsumed_tail
            if len(found) > wanted or inflater.eof:
                break
    except zlib.error as error:
        raise InputError("the compressed data is damaged", where=where) from error
    if count is None:
        if len(found) < at_least:
            raise InputError("the file ends within its header", where=where)
        return bytes(found[:at_least])
    if len(found) != count or not inflater.eof:
        _refuse_size(where, len(found), count)
    return bytes(found)


def _refuse_size(where: str, got: int, count: int) -> None:
    more = "more than " if got > count else ""
    raise InputError(
        "the data is not as long as the header says", where=where,
        got=f"{more}{min(got, count)} bytes", expected=f"{count} bytes",
    )  # fmt: skip
