"""The dashboard of an office: what waits for whom, turnaround, agreement, figures by site."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from sbrt_qa.audit.reader_agreement import NO_PAIRS, NO_VARIATION
from sbrt_qa.audit.times import now
from sbrt_qa.i18n.words import msg
from sbrt_qa.office.accounts import all_accounts
from sbrt_qa.office.office_figures import office_figures
from sbrt_qa.office.roles import Right
from sbrt_qa.web.doors import Door
from sbrt_qa.web.review_office.office_app import OfficeApp
from sbrt_qa.web.review_office.screen_frame import refusing, screen
from sbrt_qa.web.visits import Visit

WAITS_FOR: Final = {
    "assign": msg("the office: a reader is to be assigned"),
    "quarantine": msg("the office: a decision on what is held back"),
    "adjudicate": msg("the adjudicator"),
    "program": msg("the automatic review"),
    "reader": msg("reader"),
    "site": msg("site"),
}

WHY_NOT: Final = {
    NO_VARIATION: msg("undefined: no variation"),
    NO_PAIRS: msg("undefined: no case was judged by both"),
}

QUEUE_OF: Final = {
    "assign": "state=reviewed+by+engine", "quarantine": "state=quarantined",
    "adjudicate": "state=adjudication", "program": "state=received",
}  # fmt: skip
"""Where the queue shows what waits."""


@refusing
def show_dashboard(app: OfficeApp, visit: Visit) -> Response:
    """Show the figures of the office as they are now."""
    figures = office_figures(app.engine, app.acting(visit), now())
    names = {one.code: one.name for one in all_accounts(app.engine)}
    return screen(
        app, visit, "office_dashboard.j2", names=names, figures=figures, waits_for=WAITS_FOR,
        queue_of=QUEUE_OF, at=now(), why_not=WHY_NOT,
    )  # fmt: skip


DOORS: Final = (Door("GET", "/dashboard", Right.SEE_TRIAL_TRAIL, show_dashboard),)
