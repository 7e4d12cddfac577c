"""The pages of a desk: drop files, see what they are, review them, read the report."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sbrt_qa.pipeline.requests import ReviewStage
from sbrt_qa.web.desk.desk_checks import MOST_FILE_BYTES, CheckState, DeskCheck, DeskChecks
from sbrt_qa.web.desk.desk_words import STAGES, STATES, VERDICTS
from sbrt_qa.web.desk.desk_work import DeskWork
from sbrt_qa.web.desk.protocol_choice import given_mapping, name_rows, offered
from sbrt_qa.web.doors import SIGNED_IN, Door
from sbrt_qa.web.page_templates import shown, words_of
from sbrt_qa.web.pages_app import PagesApp
from sbrt_qa.web.request_guard import ServedAt
from sbrt_qa.web.response_headers import REPORT_POLICY
from sbrt_qa.web.session_tokens import stored_form
from sbrt_qa.web.upload_pages import (
    BUSY,
    UPLOAD_BYTES,
    add_file,
    form_with_files,
    refuse_full,
    unused_files,
)
from sbrt_qa.web.visits import PageError, Visit, data, download, see_other
from sbrt_qa.web.working.session_rows import Sessions

LOCAL_USER: Final = "desk"


class DeskApp(PagesApp):
    """One local user, who comes by a one-time address and then has a cookie.

    Parameters
    ----------
    opening_token
        What the opening address holds; it opens once.
    """

    def __init__(
        self,
        place: ServedAt,
        sessions: Sessions,
        checks: DeskChecks,
        work: DeskWork,
        opening_token: str,
        cookie: str = "sbrtqa-desk",
    ) -> None:
        super().__init__(place, sessions, cookie)
        self.checks, self.work = checks, work
        self._opening: str | None = stored_form(opening_token)
        self._lock = threading.Lock()
        self.changing = threading.RLock()

    def allows(self, visit: Visit, right: str) -> bool:
        """Tell that the one user may do everything."""
        return visit.session is not None and right == SIGNED_IN

    def stranger(self, visit: Visit) -> Response:
        """Say where the address of a desk is to be found."""
        return shown(visit, "desk_closed.j2", HTTPStatus.FORBIDDEN)

    def before(self, visit: Visit) -> Response | None:
        """Take the one-time token of the opening address."""
        sent = visit.asked("token")
        if visit.method != "GET" or visit.path != "/" or not sent:
            return None
        with self._lock:
            if self._opening is None or stored_form(sent) != self._opening:
                return None if visit.session else self.stranger(visit)
            self._opening = None
        return self.sign_in(visit, LOCAL_USER, see_other("/"))

    def upload(self, visit: Visit) -> DeskCheck:
        """Return the check that an address names.

        Raises
        ------
        PageError
            There is no such check.
        """
        check = self.checks.find(visit.places["check"])
        if check is None:
            raise PageError(HTTPStatus.NOT_FOUND)
        return check


def _at(check: DeskCheck) -> Response:
    return see_other(f"/checks/{check.id}")


def home(app: DeskApp, visit: Visit) -> Response:
    """Show where files are dropped, and what was checked before."""
    return shown(visit, "desk_home.j2", checks=app.checks.all(), states=STATES, verdicts=VERDICTS)


def begin(app: DeskApp, _: Visit) -> Response:
    """Begin a check; its files follow one by one."""
    refuse_full(app)
    check = app.checks.begin()
    return data({"id": check.id, "address": f"/checks/{check.id}"}, HTTPStatus.CREATED)


async def add_form(app: DeskApp, visit: Visit, request: Request) -> Response:
    """Take a form with files, for a browser without script, and look at them."""
    check, _ = await form_with_files(app, visit, request, app.checks.begin)
    return _at(await run_in_threadpool(app.work.look, check))


def look(app: DeskApp, visit: Visit) -> Response:
    """Look what lies among the files of a check.

    Raises
    ------
    PageError
        There is no such check, or its files have been looked at, or there are none.
    """
    with app.changing:
        check = app.upload(visit)
        if check.state is not CheckState.RECEIVING or not check.files:
            raise PageError(HTTPStatus.CONFLICT)
        return _at(app.work.look(check))


def show(app: DeskApp, visit: Visit) -> Response:
    """Show a check: what was found, what to choose, how far it is, or its report."""
    check = app.upload(visit)
    names = tuple(dict.fromkeys(n for plan in check.seen.plans for n in plan.structures))
    wanted = visit.asked("protocol") or check.protocol
    protocol = next((one for one in offered() if one.name == wanted), offered()[0])
    again = visit.asked("again") == "yes" and check.state is CheckState.DONE
    choosing = bool(check.seen.plans) and not check.deleted and check.state not in BUSY
    return shown(
        visit, "desk_check.j2", check=check, states=STATES, verdicts=VERDICTS, names=names,
        protocols=offered(), protocol=protocol, rows=name_rows(protocol, names),
        given={v: k for k, v in check.mapping.items()},
        choosing=choosing and (again or check.state is not CheckState.DONE),
        busy=check.state in BUSY, progress=_progress(app, visit, check),
        unused=unused_files(app.checks, check, visit.language),
    )  # fmt: skip


def _progress(app: DeskApp, visit: Visit, check: DeskCheck) -> dict[str, Any]:
    words, told = words_of(visit.language), None
    if check.state is CheckState.REVIEWING:
        told = app.work.progress(check)
    stage = told.stage if told else ReviewStage.READING
    sentence = words(STAGES[stage] if told else STATES[check.state])
    stages = list(ReviewStage)
    return {
        "state": check.state.value,
        "sentence": sentence,
        "part": stages.index(stage) + 1 if told else 0,
        "parts": len(stages),
        "plan": told.number if told else 0,
        "plans": len(check.seen.plans),
    }


def state(app: DeskApp, visit: Visit) -> Response:
    """Tell a script how far a check is."""
    return data(_progress(app, visit, app.upload(visit)))


def review(app: DeskApp, visit: Visit) -> Response:
    """Review the plans of a check as the form says.

    Raises
    ------
    PageError
        There is no such check or protocol, or the check is not ready to be reviewed.
    """
    with app.changing:
        check = app.upload(visit)
        wanted = visit.said("protocol")
        protocol = next((one for one in offered() if one.name == wanted), None)
        if protocol is None:
            raise PageError(HTTPStatus.BAD_REQUEST)
        if visit.said("show"):  # without script: another protocol has other names
            return see_other(f"/checks/{check.id}", protocol=protocol.name, again="yes")
        if check.state in BUSY or check.deleted or not check.seen.plans:
            raise PageError(HTTPStatus.CONFLICT)
        names = [n for plan in check.seen.plans for n in plan.structures]
        mapping = given_mapping(visit.fields, protocol, names)
        asked = app.checks.change(check, protocol=protocol.name, mapping=mapping)
        return _at(app.work.review(asked))


def report(app: DeskApp, visit: Visit) -> Response:
    """Show a report in a frame, or give it as a file to keep.

    Raises
    ------
    PageError
        There is no such check or report.
    """
    check, kind = app.upload(visit), visit.places["kind"]
    number = visit.places["number"]
    content = app.checks.report(check, number, kind)
    if content is None:
        raise PageError(HTTPStatus.NOT_FOUND)
    if visit.asked("keep") or kind == "json":
        media = "application/json" if kind == "json" else "text/html; charset=utf-8"
        return download(content, f"report-{check.id[:8]}-{number}.{kind}", media)
    return HTMLResponse(content, headers=_framed())


def _framed() -> Mapping[str, str]:
    return {"content-security-policy": REPORT_POLICY}


def delete_files(app: DeskApp, visit: Visit) -> Response:
    """Delete the files of a check; its report stays.

    Raises
    ------
    PageError
        There is no such check, or it is at work.
    """
    with app.changing:
        check = app.upload(visit)
        if check.state in BUSY:
            raise PageError(HTTPStatus.CONFLICT)
        return _at(app.checks.delete_files(check))


def remove(app: DeskApp, visit: Visit) -> Response:
    """Remove a check with its report.

    Raises
    ------
    PageError
        There is no such check, or it is at work.
    """
    with app.changing, contextlib.suppress(OSError):
        check = app.upload(visit)
        if check.state in BUSY:
            raise PageError(HTTPStatus.CONFLICT)
        app.checks.remove(check)
    return see_other("/")


DeskApp.doors = (
    Door("GET", "/", SIGNED_IN, home),
    Door("POST", "/checks", SIGNED_IN, begin),
    Door("POST", "/upload", SIGNED_IN, add_form, streams=True, most_bytes=UPLOAD_BYTES,
         token_inside=True),
    Door("PUT", "/checks/{check}/files", SIGNED_IN, add_file, streams=True,
         most_bytes=MOST_FILE_BYTES),
    Door("POST", "/checks/{check}/look", SIGNED_IN, look),
    Door("GET", "/checks/{check}", SIGNED_IN, show),
    Door("GET", "/checks/{check}/state", SIGNED_IN, state),
    Door("POST", "/checks/{check}/review", SIGNED_IN, review),
    Door("GET", "/checks/{check}/report/{number}/{kind}", SIGNED_IN, report),
    Door("POST", "/checks/{check}/delete-files", SIGNED_IN, delete_files),
    Door("POST", "/checks/{check}/remove", SIGNED_IN, remove),
)  # fmt: skip
