"""STOW-RS (PS3.18 section 10.5): a site's program posts objects, each of which lands by itself.

The body is read as it comes. One part is one object: to a file beside where it lands, small ones
in memory, then landed and recorded, before the next one is read.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, BinaryIO, Final, cast

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from sbrt_qa.errors import SbrtQaError
from sbrt_qa.intake.first_elements import (
    HEAD_BYTES,
    FirstElements,
    is_uid,
    of_file,
)
from sbrt_qa.intake.landing import (
    ArrivalSource,
    Incomplete,
    NoSpace,
    TooLarge,
    had_room,
    land,
    refuse_full,
)
from sbrt_qa.office.roles import Right
from sbrt_qa.web.doors import Door
from sbrt_qa.web.review_office.office_app import OfficeApp, Person
from sbrt_qa.web.visits import PageError, Visit
from sbrt_qa.web.working.arrival_rows import record_arrival

MOST_BYTES: Final = 4 * 1024**3
MOST_OBJECT_BYTES: Final = 600 * 1024**2
MOST_PARTS: Final = 20_000
MOST_HEADER: Final = 4_000
IN_MEMORY_BYTES: Final = 768 * 1024

DICOM: Final = "application/dicom"
ANSWER: Final = "application/dicom+json"
STORED: Final = "00081199"
FAILED: Final = "00081198"

NO_RESOURCES: Final = 0xA700
NOT_UNDERSTOOD: Final = 0xC000
CONFLICT: Final = 0xC110
NO_UID: Final = 0xC111
"""Reasons of a failure (0008,1197), the same as statuses of C-STORE."""


@dataclass(slots=True)
class _Objects:
    """The objects of one request, and what became of each.

    Parameters
    ----------
    app
        Where they land.
    source
        Whose they are.
    """

    app: OfficeApp
    source: ArrivalSource
    stored: list[FirstElements] = field(default_factory=list)
    failed: list[tuple[FirstElements, int]] = field(default_factory=list)
    full: bool = False
    too_large: bool = False
    ended: bool = False
    _file: Any = None
    _size: int = 0
    _header: dict[str, bytes] = field(default_factory=dict)
    _name: bytes = b""
    _value: bytes = b""

    def parser(self, boundary: bytes) -> MultipartParser:
        """Return what finds the parts of a body."""
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._field,
                "on_header_value": self._valued,
                "on_header_end": self._header_end,
                "on_part_data": self._data,
                "on_part_end": self._land,
                "on_end": self._end,
            },
        )

    def close(self) -> None:
        """Drop what is not whole."""
        if self._file is not None:
            dropped(self._file)
            self._file = None

    def _begin(self) -> None:
        if len(self.stored) + len(self.failed) >= MOST_PARTS:
            raise PageError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        folder = self.app.vault.root
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._header, self._name, self._value, self._size = {}, b"", b"", 0
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES, dir=str(folder))  # noqa: SIM115

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._name = (self._name + data[start:end])[:MOST_HEADER]

    def _valued(self, data: bytes, start: int, end: int) -> None:
        self._value = (self._value + data[start:end])[:MOST_HEADER]

    def _header_end(self) -> None:
        self._header[self._name.decode("latin-1").lower()] = self._value
        self._name, self._value = b"", b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if self._size > MOST_OBJECT_BYTES or self.full:
            return
        self.full = not had_room(lambda: self._file.write(data[start:end]))

    def _end(self) -> None:
        self.ended = True

    def _land(self) -> None:
        """Land one object, record it, and note what became of it."""
        self.full = not had_room(self._file.flush) or self.full
        file, self._file = self._file, None
        with ExitStack() as ending:
            ending.callback(dropped, file)
            if self.full:
                self.failed.append((FirstElements(), NO_RESOURCES))
                return
            file.seek(0)
            told = of_file(file.read(HEAD_BYTES))
            file.seek(0)
            kind, _ = parse_options_header(self._header.get("content-type", b""))
            if told is None or kind not in (b"", DICOM.encode()):
                self.failed.append((FirstElements(), NOT_UNDERSTOOD))
                return
            try:
                reason = self._landed(told, cast("BinaryIO", file))
            except NoSpace:
                self.full, reason = True, NO_RESOURCES
            except TooLarge:
                self.too_large, reason = True, NO_RESOURCES
            except Incomplete:
                reason = NOT_UNDERSTOOD
            except SbrtQaError:  # it cannot be recorded now
                reason = NO_RESOURCES
        if reason:
            self.failed.append((told, reason))
        else:
            self.stored.append(told)

    def _landed(self, told: FirstElements, file: BinaryIO) -> int:
        if self._size > MOST_OBJECT_BYTES:
            raise TooLarge("more bytes than are taken")
        landed = land(self.app.vault, self.source, file, max_bytes=MOST_OBJECT_BYTES)
        named = told.sop_instance if is_uid(told.sop_instance) else ""
        arrival = record_arrival(self.app.store, self.source, landed, sop_uid=named)
        if not named:
            return NO_UID if told.sop_instance else NOT_UNDERSTOOD
        return CONFLICT if arrival.is_conflict else 0


def dropped(file: Any) -> None:  # noqa: ANN401 - a spooled file, which is no class of files
    """Close a file of which nothing is kept, though its disk has no room for what is left of it."""
    with suppress(OSError):
        file.close()


async def take_studies(app: OfficeApp, visit: Visit, request: Request) -> Response:
    """Take the objects of a request, of the site that its token is for.

    Returns
    -------
    Response
        200 all stored, 202 some, 409 none; each with the objects that were and were not.

    Raises
    ------
    PageError
        415 another type of content; 400 no token of a site, no boundary, or a body that breaks off;
        413 too much; 507 no space.
    """
    person = cast("Person", visit.who)
    if person.token is None:  # a browser sends by its page
        raise PageError(HTTPStatus.BAD_REQUEST)
    boundary = _boundary(request)
    try:
        await run_in_threadpool(refuse_full, app.vault)
    except NoSpace:
        raise PageError(HTTPStatus.INSUFFICIENT_STORAGE) from None
    source = ArrivalSource("stow", person.token.site, f"token {person.token.id}")
    objects = _Objects(app, source)
    try:
        parser = objects.parser(boundary)
        async for part in request.stream():
            await run_in_threadpool(parser.write, part)
    except (FormParserError, ClientDisconnect):
        raise PageError(HTTPStatus.BAD_REQUEST) from None
    finally:
        objects.close()
    if not objects.ended:  # what landed before it broke off stays, and is known when it comes again
        raise PageError(HTTPStatus.BAD_REQUEST)
    return _answer(objects)


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    inner = options.get(b"type", b"").lower()
    if kind.lower() != b"multipart/related" or inner != DICOM.encode():
        raise PageError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= 70:
        raise PageError(HTTPStatus.BAD_REQUEST)
    return boundary


def _answer(objects: _Objects) -> Response:
    if not objects.stored and objects.full:
        raise PageError(HTTPStatus.INSUFFICIENT_STORAGE)
    if not objects.stored and objects.too_large:
        raise PageError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if not objects.stored and not objects.failed:
        raise PageError(HTTPStatus.BAD_REQUEST)
    told: dict[str, Any] = {}
    if objects.stored:
        told[STORED] = {"vr": "SQ", "Value": [_item(one) for one in objects.stored]}
    if objects.failed:
        told[FAILED] = {
            "vr": "SQ",
            "Value": [
                {**_item(one), "00081197": {"vr": "US", "Value": [reason]}}
                for one, reason in objects.failed
            ],
        }
    status = HTTPStatus.OK if not objects.failed else HTTPStatus.ACCEPTED
    status = status if objects.stored else HTTPStatus.CONFLICT
    return JSONResponse(told, status, media_type=ANSWER)


def _item(one: FirstElements) -> dict[str, Any]:
    """Return an item that refers to an object, by what it says of itself where that is a UID."""
    named = {"00081150": one.sop_class, "00081155": one.sop_instance}
    return {tag: {"vr": "UI", "Value": [uid]} for tag, uid in named.items() if is_uid(uid)}


DOORS: Final = (
    Door("POST", "/dicom-web/studies", Right.UPLOAD, take_studies, streams=True,
         most_bytes=MOST_BYTES, bearer=True),
)  # fmt: skip
