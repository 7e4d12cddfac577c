"""Conflicts of interest: who must not judge what, since when and why; declared and ended here."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from sbrt_qa.errors import UsageError
from sbrt_qa.i18n.phrase import said
from sbrt_qa.office.conflicts import (
    ConflictsSeen,
    conflicts_seen,
    declare_conflict,
    end_conflict,
    subject_named,
)
from sbrt_qa.office.roles import Right
from sbrt_qa.web.doors import Door
from sbrt_qa.web.review_office.office_app import OfficeApp
from sbrt_qa.web.review_office.screen_frame import refusing, screen, whole_number
from sbrt_qa.web.visits import Visit, see_other


@refusing
def show_conflicts(app: OfficeApp, visit: Visit) -> Response:
    """Show the conflicts that somebody sees, and the forms for what they may do."""
    return _conflicts(app, visit)


def _conflicts(app: OfficeApp, visit: Visit, problem: object = "", of: int = 0) -> Response:
    seen = conflicts_seen(app.engine, app.acting(visit))
    status = HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK
    fields = {name: visit.said(name) for name in ("site", "subject", "reason")}
    return screen(
        app, visit, "office_conflicts.j2", status, seen=seen, problem=problem, problem_of=of,
        fields=fields, me=app.acting(visit).account, who=whole_number(visit.said("who")),
    )  # fmt: skip


@refusing
def change_conflicts(app: OfficeApp, visit: Visit) -> Response:
    """Declare a conflict, or end one; what is not taken is told beside its form."""
    by, ends = app.acting(visit), whole_number(visit.said("conflict"))
    try:
        if ends:
            end_conflict(app.engine, by, ends, visit.said("reason"))
        else:
            _declare(app, visit)
    except UsageError as error:
        return _conflicts(app, visit, said(error), ends)
    return see_other("/conflicts")


def _declare(app: OfficeApp, visit: Visit) -> None:
    """Declare a conflict: a reader's own, or that of whom a coordinator names."""
    by = app.acting(visit)
    seen = conflicts_seen(app.engine, by)
    account = whole_number(visit.said("who")) or (0 if seen.may_end else by.account)
    if not account:
        raise UsageError("say who has it")
    site = as_known(seen, visit.said("site").strip())
    subject = visit.said("subject").strip()
    key = subject_named(app.engine, site, subject) if subject else 0
    reason = visit.said("reason")
    declare_conflict(app.engine, by, account, reason, site="" if key else site, subject=key)


def as_known(seen: ConflictsSeen, site: str) -> str:
    """Return the code of a site as the office has it, however its letters were typed."""
    known = {one.casefold(): one for one in seen.sites}
    return known.get(site.casefold(), site)


DOORS: Final = (
    Door("GET", "/conflicts", Right.SEE_CONFLICTS, show_conflicts),
    Door("POST", "/conflicts", Right.DECLARE_CONFLICT, change_conflicts),
)
