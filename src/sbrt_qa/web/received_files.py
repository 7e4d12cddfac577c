"""Files as they come in: bytes to disk, part by part; nothing is looked at."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from sbrt_qa.web.visits import PageError

MOST_HEAD: Final = 4_000
"""Bytes of the head of one part of a form."""

MOST_PLAIN: Final = 4_000
"""Bytes of a field that is no file."""


async def receive_file(request: Request, path: Path, most_bytes: int) -> int:
    """Write the body of a request into a file that is there and empty; return its size.

    What breaks off, or is too large, is deleted.

    Raises
    ------
    PageError
        It is too large, or there is no space left.
    """
    got = 0
    try:
        with path.open("wb") as file:
            async for part in request.stream():
                got = _within(got + len(part), most_bytes)
                await run_in_threadpool(file.write, part)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise PageError(HTTPStatus.INSUFFICIENT_STORAGE) from None
        raise
    return got


def _within(size: int, most_bytes: int) -> int:
    if size > most_bytes:
        raise PageError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return size


class FormOfFiles:
    """A form with files, for a browser without script: each file goes to disk as it comes.

    Parameters
    ----------
    boundary
        Between the parts, from the head of the request.
    open_file
        Given the name of a file, returns where it goes.
    most_bytes, most_in_all
        Of one file, and of all together.
    """

    def __init__(
        self,
        boundary: bytes,
        open_file: Callable[[str], Path],
        most_bytes: int,
        most_in_all: int,
    ) -> None:
        self._open_file, self._most, self._most_in_all = open_file, most_bytes, most_in_all
        self.fields: dict[str, str] = {}
        self.size = 0
        self._head: dict[str, bytes] = {}
        self._name, self._value = b"", b""
        self._field, self._plain = "", b""
        self._file: Any = None
        self._file_size = 0
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._end,
            },
        )

    def feed(self, part: bytes) -> None:
        """Take the next bytes."""
        self._parser.write(part)

    def close(self) -> None:
        """Close the file that may be open."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self) -> None:
        self._head, self._name, self._value = {}, b"", b""
        self._field, self._plain, self._file_size = "", b"", 0

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name = (self._name + data[start:end])[:MOST_HEAD]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value = (self._value + data[start:end])[:MOST_HEAD]

    def _header_end(self) -> None:
        self._head[self._name.decode("latin-1").lower()] = self._value
        self._name, self._value = b"", b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._head.get("content-disposition", b""))
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        name = options.get(b"filename")
        if name:
            self._file = self._open_file(name.decode("utf-8", "replace")).open("wb")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            self._plain = (self._plain + data[start:end])[:MOST_PLAIN]
            return
        self._file_size += end - start
        self.size += end - start
        if self._file_size > self._most or self.size > self._most_in_all:
            raise PageError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        self._file.write(data[start:end])

    def _end(self) -> None:
        if self._file is None:
            self.fields[self._field] = self._plain.decode("utf-8", "replace")
        self.close()


def boundary_of(request: Request) -> bytes:
    """Return the boundary of a form with files, empty where the request is none."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    return options.get(b"boundary", b"") if kind == b"multipart/form-data" else b""


def free_bytes(folder: Path) -> int:
    """Return how much the disk of a folder still takes."""
    found = os.statvfs(folder) if hasattr(os, "statvfs") else None
    return found.f_bavail * found.f_frsize if found else 1 << 62
