"""The page of a case: what the program found, where it stands, and what one may do with it."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from sbrt_qa.errors import UsageError
from sbrt_qa.office.assigning import assign, end_assignment, plan_review, set_due
from sbrt_qa.office.case_view import case_view
from sbrt_qa.office.closing_steps import reopen, withdraw
from sbrt_qa.office.reader_forms import open_reading
from sbrt_qa.office.roles import Right
from sbrt_qa.office.states import OPEN, OUTCOMES, State
from sbrt_qa.office.trial_options import REVIEW_KINDS
from sbrt_qa.web.doors import Door
from sbrt_qa.web.review_office.office_app import OfficeApp
from sbrt_qa.web.review_office.report_frame import reports_for
from sbrt_qa.web.review_office.screen_frame import refusing, row_of, screen, whole_number
from sbrt_qa.web.review_office.site_words import SITE_STATES
from sbrt_qa.web.screen_keys import CASE_KEYS
from sbrt_qa.web.visits import Visit, see_other

READABLE: Final = frozenset({State.ASSIGNED, State.IN_REVIEW, State.ADJUDICATION})


@refusing
def show_case(app: OfficeApp, visit: Visit) -> Response:
    """Show a case to who may see it."""
    by, key = app.acting(visit), row_of(app, visit, "case")
    view = case_view(app.engine, by, key, app.coding_key)
    mine = [one for one in view.readings if one.mine and one.round == view.case.round]
    reads = view.may(Right.WRITE_READING) and view.case.state in READABLE
    reads = reads and not any(one.signed for one in mine)
    of_site: dict[str, Any] = {"states": SITE_STATES} if view.of_site else {}
    return screen(
        app, visit, "office_case.j2",
        keys=CASE_KEYS, reports=reports_for(app, by, key),
        view=view, case=view.case, mine=mine, reads=reads,
        here=visit.path, review_kinds=REVIEW_KINDS, outcomes=OUTCOMES,
        with_readers=OPEN, today=by.at[:10], **of_site,
    )  # fmt: skip


@refusing
def open_form(app: OfficeApp, visit: Visit) -> Response:
    """Open the reading of who asks, and go to it."""
    key = open_reading(app.engine, app.acting(visit), row_of(app, visit, "case"))
    return see_other(f"/readings/{app.address_of('reading', key)}")


@refusing
def assign_reader(app: OfficeApp, visit: Visit) -> Response:
    """Assign a reader or adjudicator."""
    part, _, account = visit.said("who").partition(":")
    assign(
        app.engine, app.acting(visit), [row_of(app, visit, "case")], whole_number(account),
        part=part, reason=visit.said("reason"),
    )  # fmt: skip
    return _back(visit)


@refusing
def plan_round(app: OfficeApp, visit: Visit) -> Response:
    """Say how this round is read."""
    plan_review(
        app.engine, app.acting(visit), row_of(app, visit, "case"), visit.said("kind"),
        whole_number(visit.said("readers")), blind=visit.said("blind") == "yes",
    )  # fmt: skip
    return _back(visit)


@refusing
def change_due(app: OfficeApp, visit: Visit) -> Response:
    """Set the due date: the end of a day, UTC."""
    by, due = app.acting(visit), due_time(visit.said("due"))
    set_due(app.engine, by, row_of(app, visit, "case"), due, visit.said("reason"))
    return _back(visit)


def due_time(day: str) -> str:
    """Return the end of a day, UTC, from what a field of a date holds.

    Raises
    ------
    UsageError
        It is no date.
    """
    parts = day.strip().split("-")
    if [len(part) for part in parts] != [4, 2, 2] or not all(map(str.isdecimal, parts)):
        raise UsageError("not a date", expected="2026-02-03")
    return f"{day.strip()}T23:59:59Z"


@refusing
def reopen_case(app: OfficeApp, visit: Visit) -> Response:
    """Reopen a decided case, with a reason."""
    reopen(app.engine, app.acting(visit), row_of(app, visit, "case"), visit.said("reason"))
    return _back(visit)


@refusing
def end_reader(app: OfficeApp, visit: Visit) -> Response:
    """Take the case from a reader who has not signed."""
    end_assignment(
        app.engine, app.acting(visit), row_of(app, visit, "case"),
        whole_number(visit.said("who")), visit.said("reason"),
    )  # fmt: skip
    return _back(visit)


@refusing
def withdraw_case(app: OfficeApp, visit: Visit) -> Response:
    """Withdraw a submission; nothing is deleted."""
    withdraw(app.engine, app.acting(visit), row_of(app, visit, "case"), visit.said("reason"))
    return _back(visit)


def _back(visit: Visit) -> Response:
    return see_other(f"/cases/{visit.places['case']}")


DOORS: Final = (
    Door("GET", "/cases/{case}", Right.SEE_CASE, show_case),
    Door("POST", "/cases/{case}/reading", Right.WRITE_READING, open_form),
    Door("POST", "/cases/{case}/assign", Right.ASSIGN, assign_reader),
    Door("POST", "/cases/{case}/plan", Right.ASSIGN, plan_round),
    Door("POST", "/cases/{case}/due", Right.SET_DUE, change_due),
    Door("POST", "/cases/{case}/reopen", Right.REOPEN, reopen_case),
    Door("POST", "/cases/{case}/unassign", Right.ASSIGN, end_reader),
    Door("POST", "/cases/{case}/withdraw", Right.WITHDRAW, withdraw_case),
)
