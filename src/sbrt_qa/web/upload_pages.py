"""Taking files in: one by one as a page's script sends them, or all in one form without script.

A desk and an office take files the same way. Names lead nowhere, every size is counted, a disk is
never filled, and what breaks off is dropped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol

from python_multipart.exceptions import FormParserError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sbrt_qa.web.desk.desk_checks import (
    MOST_CHECK_BYTES,
    MOST_FILE_BYTES,
    MOST_FILES,
    CheckState,
    DeskCheck,
    DeskChecks,
)
from sbrt_qa.web.received_files import FormOfFiles, boundary_of, free_bytes, receive_file
from sbrt_qa.web.session_tokens import is_form_token
from sbrt_qa.web.visits import PageError, Visit, data

SPARE_BYTES: Final = 512 * 1024**2
"""Of the disk, which no upload takes."""

UPLOAD_BYTES: Final = MOST_CHECK_BYTES + 64 * 1024**2
"""Largest form with files."""

BUSY: Final = (CheckState.LOOKING, CheckState.REVIEWING)


class TakesFiles(Protocol):
    """An application that takes files: where they go, and which of them somebody may add to."""

    @property
    def checks(self) -> DeskChecks:
        """Where uploads are kept."""

    @property
    def changing(self) -> threading.RLock:
        """Held while a record of an upload is changed."""

    def upload(self, visit: Visit) -> DeskCheck:
        """Return the upload that the address of a request names; raise PageError where none."""


def refuse_full(app: TakesFiles) -> None:
    """Raise PageError where the disk has no room for an upload."""
    if free_bytes(app.checks.home("")) < SPARE_BYTES:
        raise PageError(HTTPStatus.INSUFFICIENT_STORAGE)


async def add_file(app: TakesFiles, visit: Visit, request: Request) -> Response:
    """Take one file of an upload."""
    check = await run_in_threadpool(_receiving, app, visit)
    name = visit.asked("name")
    path = await run_in_threadpool(_next_file, app, check, name)
    room = min(MOST_FILE_BYTES, MOST_CHECK_BYTES - check.size_bytes)
    size = await receive_file(request, path, room)
    await run_in_threadpool(_count, app, check.id, path.name, name, size)
    return data({"bytes": size}, HTTPStatus.CREATED)


def _receiving(app: TakesFiles, visit: Visit) -> DeskCheck:
    check = app.upload(visit)
    if check.state is not CheckState.RECEIVING:
        raise PageError(HTTPStatus.CONFLICT)
    if check.files >= MOST_FILES or free_bytes(app.checks.files(check)) < SPARE_BYTES:
        raise PageError(HTTPStatus.INSUFFICIENT_STORAGE)
    return check


def _next_file(app: TakesFiles, check: DeskCheck, name: str) -> Path:
    try:
        return app.checks.next_file(check, name)
    except OverflowError:
        raise PageError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE) from None


def _count(app: TakesFiles, check_id: str, stored: str, name: str, size: int) -> None:
    with app.changing:
        now = app.checks.find(check_id)
        if now is None:
            raise PageError(HTTPStatus.NOT_FOUND)
        app.checks.name_file(now, app.checks.files(now) / stored, name)
        app.checks.change(now, files=now.files + 1, size_bytes=now.size_bytes + size)
        if now.size_bytes + size > MOST_CHECK_BYTES:
            raise PageError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


async def form_with_files(
    app: TakesFiles,
    visit: Visit,
    request: Request,
    begin: Callable[[], DeskCheck],
    refuse: Callable[[FormOfFiles], None] = lambda _form: None,
) -> tuple[DeskCheck, FormOfFiles]:
    """Take a form with files whole, for a browser without script; return the upload and the form.

    Parameters
    ----------
    begin
        Makes the upload.
    refuse
        Raises where the other fields of the form are not as they have to be.

    Raises
    ------
    PageError
        The request is no form with files, or holds too much.
    """
    boundary = boundary_of(request)
    if not boundary:
        raise PageError(HTTPStatus.BAD_REQUEST)
    check = await run_in_threadpool(begin)
    kept: list[tuple[str, str]] = []

    def open_file(name: str) -> Path:
        path = _next_file(app, check, name)
        kept.append((path.name, name))
        return path

    form = FormOfFiles(boundary, open_file, MOST_FILE_BYTES, MOST_CHECK_BYTES)
    try:
        async for part in request.stream():
            await run_in_threadpool(form.feed, part)
        _refuse_form(visit, form, len(kept))
        await run_in_threadpool(refuse, form)
    except BaseException as error:
        form.close()
        await run_in_threadpool(app.checks.remove, check)
        if isinstance(error, FormParserError):
            raise PageError(HTTPStatus.BAD_REQUEST) from None
        raise
    for stored, name in kept:
        await run_in_threadpool(_count, app, check.id, stored, name, 0)
    now = app.checks.find(check.id)
    if now is None:
        raise PageError(HTTPStatus.NOT_FOUND)
    return app.checks.change(now, size_bytes=form.size), form


def _refuse_form(visit: Visit, form: FormOfFiles, files: int) -> None:
    if not files:
        raise PageError(HTTPStatus.BAD_REQUEST)
    if not is_form_token(visit.cookie, form.fields.get("token", "")):
        raise PageError(HTTPStatus.FORBIDDEN)


def unused_files(checks: DeskChecks, check: DeskCheck, language: str) -> list[tuple[str, str]]:
    """Return files that are not used, by the names they were dropped with, and why."""
    names = checks.names(check)
    found = []
    for stored, why in check.seen.unused.get(language, ()):
        first, _, rest = stored.partition("/")
        name = names.get(first, first) + (f"/{rest}" if rest else "")
        found.append((name, why.replace(stored, name)))
    return found
