"""Questions to the site and its answers, on the page of the case."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from sbrt_qa.office.case_view import case_view, thread_submission
from sbrt_qa.office.roles import Right
from sbrt_qa.office.threads import answer_thread, ask_site, close_thread, write_to_site
from sbrt_qa.web.doors import Door
from sbrt_qa.web.review_office.case_screen import due_time
from sbrt_qa.web.review_office.office_app import OfficeApp
from sbrt_qa.web.review_office.screen_frame import refusing, row_of
from sbrt_qa.web.visits import Visit, see_other


@refusing
def ask_question(app: OfficeApp, visit: Visit) -> Response:
    """Ask the site; the case waits for its answer."""
    ask_site(
        app.engine, app.acting(visit), row_of(app, visit, "case"), visit.said("topic").strip(),
        visit.said("text"), due_time(visit.said("due")),
    )  # fmt: skip
    return see_other(f"/cases/{visit.places['case']}")


@refusing
def answer(app: OfficeApp, visit: Visit) -> Response:
    """Answer for the site."""
    thread = _seen_thread(app, visit)
    by, reason = app.acting(visit), visit.said("reason")
    answer_thread(app.engine, by, thread, visit.said("text"), reason=reason)
    return _to_case(app, thread)


@refusing
def write(app: OfficeApp, visit: Visit) -> Response:
    """Add a message of the office."""
    thread = _seen_thread(app, visit)
    write_to_site(app.engine, app.acting(visit), thread, visit.said("text"))
    return _to_case(app, thread)


@refusing
def close(app: OfficeApp, visit: Visit) -> Response:
    """Close a question, with a reason."""
    thread = _seen_thread(app, visit)
    close_thread(app.engine, app.acting(visit), thread, visit.said("reason"))
    return _to_case(app, thread)


def _seen_thread(app: OfficeApp, visit: Visit) -> int:
    """Return a question that who asks may see: another blind reader's is not there."""
    thread, by = row_of(app, visit, "thread"), app.acting(visit)
    view = case_view(app.engine, by, thread_submission(app.engine, thread))
    if thread not in {one.id for one in view.threads}:
        thread = 0  # no question has this key
    return thread


def _to_case(app: OfficeApp, thread: int) -> Response:
    case = app.address_of("case", thread_submission(app.engine, thread))
    return see_other(f"/cases/{case}")


DOORS: Final = (
    Door("POST", "/cases/{case}/questions", Right.SEND_QUERY, ask_question),
    Door("POST", "/questions/{thread}/answer", Right.ANSWER_QUERY, answer),
    Door("POST", "/questions/{thread}/message", Right.SEND_QUERY, write),
    Door("POST", "/questions/{thread}/close", Right.CLOSE_QUERY, close),
)
