"""Uploads in chunks: begun with a manifest, sent chunk by chunk, resumed, landed file by file.

A browser sends with its session and the token of its page; `sbrt-qa submit` with the token of its
site. A chunk counts once it is whole, has its hash and is on disk.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sbrt_qa.audit.layout import is_code
from sbrt_qa.errors import SbrtQaError, StoreError, UsageError
from sbrt_qa.i18n.phrase import msg, said, say
from sbrt_qa.intake.chunks import (
    CHUNK_BYTES,
    MANIFEST_BYTES,
    JoinedChunks,
    UploadManifest,
    WrongChunk,
    hash_of_hashes,
    read_manifest,
    refuse_chunk,
)
from sbrt_qa.intake.landing import (
    ArrivalSource,
    Incomplete,
    LandingRefusedError,
    NoSpace,
    TooLarge,
    Way,
    land,
    refuse_full,
)
from sbrt_qa.office.acting import RightsError
from sbrt_qa.office.roles import Right
from sbrt_qa.office.site_uploads import refuse_upload, sites_of
from sbrt_qa.office.trial_options import options_of
from sbrt_qa.web.doors import Door
from sbrt_qa.web.page_templates import words_of
from sbrt_qa.web.review_office.office_app import OfficeApp, Person
from sbrt_qa.web.review_office.sorting_work import ask_release
from sbrt_qa.web.visits import PageError, Visit, data
from sbrt_qa.web.working.arrival_rows import record_arrival
from sbrt_qa.web.working.job_rows import Jobs
from sbrt_qa.web.working.study_rows import CLOSED, Studies
from sbrt_qa.web.working.upload_rows import COMING, ChunkedUpload, OverQuotaError

HASH_HEADER: Final = "x-chunk-sha256"

IDENTIFIED: Final = msg(
    "this office takes files of identified patients from programs only where its admin allows it"
)


def told(work: Callable[[OfficeApp, Visit], Response]) -> Callable[[OfficeApp, Visit], Response]:
    """Answer refusals in JSON, with the status that says what kind they are."""

    @wraps(work)
    def page(app: OfficeApp, visit: Visit) -> Response:
        try:
            return work(app, visit)
        except SbrtQaError as error:
            return refused(error, visit)

    return page


def refused(error: SbrtQaError, visit: Visit) -> Response:
    """Return the answer to what is not taken; raise PageError for what is not there.

    Its sentence is in the language of who asks: a page shows it as it is.
    """
    if isinstance(error, RightsError):
        raise PageError(HTTPStatus.NOT_FOUND) from None
    kinds: tuple[tuple[type[SbrtQaError], HTTPStatus], ...] = (
        (WrongChunk, HTTPStatus.UNPROCESSABLE_ENTITY),
        (TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        (NoSpace, HTTPStatus.INSUFFICIENT_STORAGE),
        (Incomplete, HTTPStatus.CONFLICT),
        (OverQuotaError, HTTPStatus.TOO_MANY_REQUESTS),
        (UsageError, HTTPStatus.BAD_REQUEST),
    )
    status = next((code for kind, code in kinds if isinstance(error, kind)), None)
    if isinstance(error, StoreError) and "full" in str(error):  # as the database says it
        status = HTTPStatus.INSUFFICIENT_STORAGE
    if status is None:
        raise error
    return data({"error": words_of(visit.language).sentence(said(error))}, status)


async def begin_chunks(app: OfficeApp, visit: Visit, request: Request) -> Response:
    """Begin an upload: ``{"site", "subject", "files": [[name, bytes, sha256], ...]}``."""
    body = b"".join([part async for part in request.stream()])
    return await run_in_threadpool(_begin, app, visit, body)


def _begin(app: OfficeApp, visit: Visit, body: bytes) -> Response:
    try:
        upload = _begun(app, visit, body)
    except SbrtQaError as error:
        return refused(error, visit)
    return data(_standing(app, upload), HTTPStatus.CREATED)


def _begun(app: OfficeApp, visit: Visit, body: bytes) -> ChunkedUpload:
    try:
        asked = json.loads(body)
        site, subject = str(asked.get("site") or "").strip(), str(asked["subject"]).strip()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise UsageError("an upload names its subject and its files") from None
    by, person = app.acting(visit), cast("Person", visit.who)
    sites = sites_of(app.engine, by) if person.token is None else (person.token.site,)
    site = site or (sites[0] if len(sites) == 1 else "")
    if not is_code(site):
        raise UsageError("say for which site this is")
    if person.token is not None and site not in sites:
        raise RightsError("this token is of another site")
    refuse_upload(app.engine, by, app.audit.settings.trial, site, subject)
    manifest = read_manifest(asked.get("files"))
    identified = person.token is not None and asked.get("identified") is not False
    if identified and not options_of(app.engine).identified_by_token:
        raise UsageError(IDENTIFIED)
    app.uploads.drop_abandoned()
    refuse_full(app.vault, app.uploads.promised_bytes() + manifest.size_bytes)
    door: Way = "web" if person.token is None else "submit"
    return app.uploads.begin(by.account, site, subject, door, manifest)


def _mine(app: OfficeApp, visit: Visit) -> ChunkedUpload:
    """Return the upload of an address, to who began it and with the same kind of key."""
    person = cast("Person", visit.who)
    upload = app.uploads.find(visit.places["upload"])
    door = "web" if person.token is None else "submit"
    fits = upload is not None and upload.account == person.account.key and upload.door == door
    if upload is None or not fits or (person.token and person.token.site != upload.site):
        raise PageError(HTTPStatus.NOT_FOUND)
    return upload


def _standing(app: OfficeApp, upload: ChunkedUpload) -> dict[str, Any]:
    there = app.uploads.chunks(upload) if upload.state == COMING else {}
    count = upload.manifest.chunks
    found: dict[str, Any] = {
        "id": upload.id, "state": upload.state, "chunk_bytes": CHUNK_BYTES, "chunks": count,
        "missing": [n for n in range(count) if n not in there] if upload.state == COMING else [],
        "address": upload.address,
    }  # fmt: skip
    study = Studies(app.store).of_batch(upload.id)
    if study is not None:
        receipt = json.loads(study.receipt) if study.receipt else None
        found["study"] = {"state": study.state, "why": study.why, "receipt": receipt}
    return found


@told
def show_chunks(app: OfficeApp, visit: Visit) -> Response:
    """Tell which chunks are missing, and what became of the upload.

    Raises
    ------
    PageError
        There is no such upload of who asks.
    """
    return data(_standing(app, _mine(app, visit)))


async def take_chunk(app: OfficeApp, visit: Visit, request: Request) -> Response:
    """Take one chunk, which counts when it is whole.

    Raises
    ------
    PageError
        There is no such upload of who asks, or it is whole.
    """
    upload = await run_in_threadpool(_mine, app, visit)
    number, stated = visit.places["number"], request.headers.get(HASH_HEADER, "").lower()
    if not (number.isascii() and number.isdigit() and len(number) <= 6) or upload.state != COMING:
        raise PageError(HTTPStatus.CONFLICT if upload.state != COMING else HTTPStatus.NOT_FOUND)
    try:
        expected = upload.manifest.chunk_bytes(int(number))
        await run_in_threadpool(refuse_full, app.vault)
    except LandingRefusedError as error:
        return refused(error, visit)
    except WrongChunk as error:
        return refused(error, visit)
    part = app.uploads.folder(upload.id) / f"{secrets.token_hex(8)}.part"
    try:
        with await run_in_threadpool(part.open, "wb") as file:
            digest, size = await _written(request, file, expected)
            refuse_chunk(upload.manifest, int(number), size, digest, stated)
            await run_in_threadpool(_synced, file)
        return await run_in_threadpool(_kept, app, upload, int(number), digest, part)
    except SbrtQaError as error:
        return refused(error, visit)
    except OSError:
        return refused(NoSpace("the disk took no more"), visit)
    finally:
        part.unlink(missing_ok=True)


async def _written(request: Request, file: BinaryIO, expected: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    async for block in request.stream():
        size += len(block)
        if size > expected:
            raise WrongChunk(
                "the chunk is longer than it may be", expected=say("{0} bytes", expected)
            )
        digest.update(block)
        await run_in_threadpool(file.write, block)
    return digest.hexdigest(), size


def _synced(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _kept(app: OfficeApp, upload: ChunkedUpload, number: int, digest: str, part: Path) -> Response:
    with app.changing:
        before = app.uploads.chunks(upload).get(number)
        if before is not None and before != digest:
            raise Incomplete("another chunk came before under this number")
        part.replace(app.uploads.chunk_path(upload, number, digest))
        app.uploads.change(upload)
    return data({"number": number, "again": before is not None}, HTTPStatus.CREATED)


@told
def finish_chunks(app: OfficeApp, visit: Visit) -> Response:
    """Land the files of an upload whose chunks are all there; doing it twice is once.

    The form's `hash` is that over the hashes of all chunks.

    Raises
    ------
    PageError
        There is no such upload of who asks.
    Incomplete
        Chunks are missing, or a hash is another; answered in words.
    """
    upload = _mine(app, visit)
    with app.finishing:
        upload = app.uploads.find(upload.id) or upload
        if upload.state == COMING:
            upload = _finished(app, upload, visit.said("hash"))
    return data(_standing(app, upload))


def _finished(app: OfficeApp, upload: ChunkedUpload, stated: str) -> ChunkedUpload:
    there, manifest = app.uploads.chunks(upload), upload.manifest
    if len(there) != manifest.chunks:
        missing = manifest.chunks - len(there)
        raise Incomplete("not all chunks are there", got=say("{0} missing", missing))
    hashes = [there[n] for n in range(manifest.chunks)]
    if stated != hash_of_hashes(hashes):
        raise Incomplete("the hash of the upload is another than was announced")
    source = ArrivalSource(upload.door, upload.site, f"account {upload.account}")
    landed = _landed(app, upload, source, hashes, manifest)
    if upload.door == "web":
        address = f"/uploads/{app.look_at_landed(upload, landed)}"
    else:
        address = ""
        if (there_is := Studies(app.store).of_batch(upload.id)) is not None:
            ask_release(Jobs(app.store), there_is)  # it was cut off after this
            return app.uploads.landed(upload, address)
        arrivals = [record_arrival(app.store, source, one, batch=upload.id) for one in landed]
        study = Studies(app.store).begin(
            upload.site, [one.id for one in arrivals], state=CLOSED, batch=upload.id,
            account=upload.account, subject=upload.subject,
        )  # fmt: skip
        ask_release(Jobs(app.store), study)
    return app.uploads.landed(upload, address)


def _landed(
    app: OfficeApp,
    upload: ChunkedUpload,
    source: ArrivalSource,
    hashes: list[str],
    manifest: UploadManifest,
) -> list[Any]:
    paths = [app.uploads.chunk_path(upload, n, digest) for n, digest in enumerate(hashes)]
    joined = JoinedChunks(paths)
    try:
        return [
            land(
                app.vault, source, cast("BinaryIO", joined.part(one.size_bytes)),
                max_bytes=one.size_bytes, expect_bytes=one.size_bytes, expect_sha256=one.sha256,
            )
            for one in manifest.files
        ]  # fmt: skip
    finally:
        joined.close()


@told
def drop_chunks(app: OfficeApp, visit: Visit) -> Response:
    """Drop an upload that is not whole.

    Raises
    ------
    PageError
        There is no such upload of who asks, or it is whole.
    """
    upload = _mine(app, visit)
    if upload.state != COMING:
        raise PageError(HTTPStatus.CONFLICT)
    app.uploads.drop(upload)
    return data({"dropped": upload.id})


DOORS: Final = (
    Door("POST", "/upload", Right.UPLOAD, begin_chunks, streams=True, most_bytes=MANIFEST_BYTES,
         bearer=True),
    Door("GET", "/upload/{upload}", Right.UPLOAD, show_chunks, bearer=True),
    Door("PUT", "/upload/{upload}/{number}", Right.UPLOAD, take_chunk, streams=True,
         most_bytes=CHUNK_BYTES, bearer=True),
    Door("POST", "/upload/{upload}/finish", Right.UPLOAD, finish_chunks, bearer=True),
    Door("POST", "/upload/{upload}/drop", Right.UPLOAD, drop_chunks, bearer=True),
)  # fmt: skip
