"""The page of a site: send a submission, see one's own, and what is asked; nothing of others."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sbrt_qa.audit.layout import is_code
from sbrt_qa.errors import UsageError
from sbrt_qa.i18n.phrase import said
from sbrt_qa.office.acting import RightsError
from sbrt_qa.office.queue_page import QueueRequest, queue_page
from sbrt_qa.office.queue_rows import QueueEntry
from sbrt_qa.office.roles import Right
from sbrt_qa.office.site_uploads import asked_of_site, refuse_upload, sites_of
from sbrt_qa.web.desk.desk_checks import MOST_FILE_BYTES, CheckState, DeskCheck
from sbrt_qa.web.doors import Door
from sbrt_qa.web.page_templates import words_of
from sbrt_qa.web.received_files import FormOfFiles
from sbrt_qa.web.review_office.intake_screen import studies_of_sites
from sbrt_qa.web.review_office.intake_work import SentBy
from sbrt_qa.web.review_office.office_app import OfficeApp
from sbrt_qa.web.review_office.screen_frame import refusing, screen
from sbrt_qa.web.review_office.site_words import SITE_STATES, UPLOAD_STATES
from sbrt_qa.web.screen_keys import SITE_KEYS
from sbrt_qa.web.upload_pages import (
    BUSY,
    UPLOAD_BYTES,
    add_file,
    form_with_files,
    refuse_full,
    unused_files,
)
from sbrt_qa.web.visits import PageError, Visit, data, see_other
from sbrt_qa.web.working.study_rows import Studies
from sbrt_qa.web.working.upload_rows import ChunkedUpload


@refusing
def show_site(app: OfficeApp, visit: Visit) -> Response:
    """Show what a site sent, what is asked of it, and where to send more."""
    return _site(app, visit)


def _site(app: OfficeApp, visit: Visit, problem: object = "") -> Response:
    by = app.acting(visit)
    sites = sites_of(app.engine, by)
    rows: tuple[QueueEntry, ...] = ()
    if sites:
        wanted = QueueRequest("all", {"site": sites}, order="received", falling=True)
        rows = queue_page(app.engine, app.store.engine, by, wanted).rows
    asked = {one.submission: one for one in reversed(asked_of_site(app.engine, by))}
    mine = [
        (check, owner)
        for check in app.checks.all()
        if (owner := app.checks.owner(check)) is not None
        and owner.account == by.account
        and check.state not in (CheckState.DONE, CheckState.RECEIVING, CheckState.HELD)
    ]
    status = HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK
    return screen(
        app, visit, "office_site.j2", status, keys=SITE_KEYS, sites=sites, rows=rows, asked=asked,
        codes={one.submission: one.code for one in rows},
        uploads=mine, studies=studies_of_sites(app, sites), coming=_coming(app, by.account),
        problem=problem, site_states=SITE_STATES, upload_states=UPLOAD_STATES,
        fields={"site": visit.said("site"), "subject": visit.said("subject")},
    )  # fmt: skip


def _coming(app: OfficeApp, account: int) -> list[tuple[ChunkedUpload, int]]:
    """Return uploads of an account that are not whole, with how many chunks are here."""
    return [(one, len(app.uploads.chunks(one))) for one in app.uploads.coming_of(account)]


@refusing
def begin_upload(app: OfficeApp, visit: Visit) -> Response:
    """Begin an upload; its files follow one by one.

    Raises
    ------
    PageError
        The person may not send for the site, or the disk is full.
    """
    owner = _owner(app, visit, visit.said("site"), visit.said("subject"))
    app.checks.drop_abandoned()
    refuse_full(app)
    check = _begun(app, owner)
    return data({"id": check.id, "address": f"/uploads/{check.id}"}, HTTPStatus.CREATED)


def _owner(app: OfficeApp, visit: Visit, site: str, subject: str) -> SentBy:
    """Return whose an upload is; for another site than one's own only a coordinator sends."""
    by, site, subject = app.acting(visit), site.strip(), subject.strip()
    sites = sites_of(app.engine, by)
    site = site or (sites[0] if len(sites) == 1 else "")
    if not is_code(site):
        raise UsageError("say which site this is for")
    refuse_upload(app.engine, by, app.audit.settings.trial, site, subject)
    return SentBy(by.account, site, subject)


def _begun(app: OfficeApp, owner: SentBy) -> DeskCheck:
    check = app.checks.begin()
    app.checks.keep_owner(check, owner)
    return check


async def send_form(app: OfficeApp, visit: Visit, request: Request) -> Response:
    """Take a form with files, for a browser without script, and look at them.

    Raises
    ------
    PageError
        The site is not that of the person, or the form holds too much.
    """
    found: list[SentBy] = []

    def refuse(form: FormOfFiles) -> None:
        fields = form.fields
        found.append(_owner(app, visit, fields.get("site", ""), fields.get("subject", "")))

    try:
        check, _ = await form_with_files(app, visit, request, app.checks.begin, refuse)
    except RightsError:
        raise PageError(HTTPStatus.NOT_FOUND) from None
    except UsageError as error:
        return await run_in_threadpool(_site, app, visit, said(error))
    app.checks.keep_owner(check, found[0])
    await run_in_threadpool(app.work.look, check)
    return see_other(f"/uploads/{check.id}")


@refusing
def look_at_upload(app: OfficeApp, visit: Visit) -> Response:
    """Look what lies among the files of an upload.

    Raises
    ------
    PageError
        There is no such upload, or its files have been looked at, or there are none.
    """
    with app.changing:
        check = app.upload(visit)
        if check.state is not CheckState.RECEIVING or not check.files:
            raise PageError(HTTPStatus.CONFLICT)
        app.work.look(check)
    return see_other(f"/uploads/{check.id}")


@refusing
def show_upload(app: OfficeApp, visit: Visit) -> Response:
    """Show an upload: what was found, what is missing, and how far it is; in the end its case."""
    check = app.upload(visit)
    owner = app.owner_of(check)
    if check.state is CheckState.DONE:
        return see_other(f"/cases/{app.address_of('case', owner.submission)}")
    study = Studies(app.store).of_batch(check.id) if check.state is CheckState.HELD else None
    if study is not None and study.submission:  # a person let it through meanwhile
        return see_other(f"/cases/{app.address_of('case', study.submission)}")
    return screen(
        app, visit, "office_upload.j2", check=check, owner=owner, busy=check.state in BUSY,
        words=UPLOAD_STATES[check.state], unused=unused_files(app.checks, check, visit.language),
        progress=_progress(visit, check),
    )  # fmt: skip


def _progress(visit: Visit, check: DeskCheck) -> dict[str, object]:
    sentence = words_of(visit.language)(UPLOAD_STATES[check.state])
    return {"state": check.state.value, "sentence": sentence, "part": 0, "parts": 1, "plans": 0}


@refusing
def upload_state(app: OfficeApp, visit: Visit) -> Response:
    """Tell a script how far an upload is."""
    return data(_progress(visit, app.upload(visit)))


@refusing
def submit(app: OfficeApp, visit: Visit) -> Response:
    """Have an upload reviewed and recorded as the next version of its subject.

    Raises
    ------
    PageError
        There is no such upload, or it is not ready to be sent.
    """
    with app.changing:
        check = app.upload(visit)
        if check.state not in (CheckState.SEEN, CheckState.FAILED) or not check.seen.plans:
            raise PageError(HTTPStatus.CONFLICT)
        app.work.send(check, app.acting(visit))
    return see_other(f"/uploads/{check.id}")


@refusing
def drop_upload(app: OfficeApp, visit: Visit) -> Response:
    """Delete an upload that was not sent.

    Raises
    ------
    PageError
        There is no such upload, or it is at work.
    """
    with app.changing:
        check = app.upload(visit)
        if check.state in (*BUSY, CheckState.HELD):
            raise PageError(HTTPStatus.CONFLICT)
        app.checks.remove(check)
    return see_other("/site")


DOORS: Final = (
    Door("GET", "/site", Right.UPLOAD, show_site),
    Door("POST", "/uploads", Right.UPLOAD, begin_upload),
    Door("POST", "/uploads/form", Right.UPLOAD, send_form, streams=True, most_bytes=UPLOAD_BYTES,
         token_inside=True),
    Door("GET", "/uploads/{upload}", Right.UPLOAD, show_upload),
    Door("GET", "/uploads/{upload}/state", Right.UPLOAD, upload_state),
    Door("PUT", "/uploads/{upload}/files", Right.UPLOAD, add_file, streams=True,
         most_bytes=MOST_FILE_BYTES),
    Door("POST", "/uploads/{upload}/look", Right.UPLOAD, look_at_upload),
    Door("POST", "/uploads/{upload}/send", Right.UPLOAD, submit),
    Door("POST", "/uploads/{upload}/delete", Right.UPLOAD, drop_upload),
)  # fmt: skip
