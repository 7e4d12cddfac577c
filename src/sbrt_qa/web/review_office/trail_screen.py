"""The trail: who did what, when and why; and whether the records are what was recorded."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from sbrt_qa.office.roles import Right
from sbrt_qa.office.trail_view import trail_page, trail_verified
from sbrt_qa.web.doors import Door
from sbrt_qa.web.review_office.event_words import EVENT_KINDS, change_text
from sbrt_qa.web.review_office.office_app import OfficeApp
from sbrt_qa.web.review_office.screen_frame import refusing, screen, whole_number
from sbrt_qa.web.screen_keys import TRAIL_KEYS
from sbrt_qa.web.visits import Visit

TRAIL_FILTERS: Final = ("subject", "kind", "who")


@refusing
def show_trail(app: OfficeApp, visit: Visit) -> Response:
    """Show a page of events, newest first."""
    return _trail(app, visit, verified=None)


@refusing
def show_verified(app: OfficeApp, visit: Visit) -> Response:
    """Verify the records, and show the trail with the result above it."""
    return _trail(app, visit, verified=trail_verified(app.engine, app.acting(visit)))


def _trail(app: OfficeApp, visit: Visit, *, verified: object) -> Response:
    asked = {name: visit.asked(name).strip() for name in TRAIL_FILTERS}
    before = whole_number(visit.asked("before"))
    page = trail_page(app.engine, app.acting(visit), **asked, before=before)
    later = urlencode({**asked, "before": page.before}) if page.before else ""
    return screen(
        app, visit, "office_trail.j2",
        keys=TRAIL_KEYS, page=page, asked=asked, later=later, verified=verified,
        filtered=any(asked.values()), event_kinds=EVENT_KINDS, change_text=change_text,
    )  # fmt: skip


DOORS: Final = (
    Door("GET", "/trail", Right.SEE_TRIAL_TRAIL, show_trail),
    Door("GET", "/trail/verified", Right.VERIFY, show_verified),
)
