"""What waits: how many cases the person who asks may see, and how many of them are theirs."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from sbrt_qa.office.queue_page import QueueRequest, queue_page
from sbrt_qa.office.roles import Right
from sbrt_qa.web.doors import Door
from sbrt_qa.web.review_office.office_app import OfficeApp
from sbrt_qa.web.review_office.screen_frame import refusing, screen
from sbrt_qa.web.visits import Visit


@refusing
def show_waiting(app: OfficeApp, visit: Visit) -> Response:
    """Show both numbers; what may be seen is decided by the use case, not here."""
    by = app.acting(visit)
    totals = {
        view: queue_page(app.engine, app.store.engine, by, QueueRequest(view)).total
        for view in ("mine", "all")
    }
    return screen(app, visit, "office_waiting.j2", totals=totals)


DOORS: Final = (Door("GET", "/waiting", Right.SEE_CASE, show_waiting),)
