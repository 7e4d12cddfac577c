"""The queue: submissions in rows, most urgent first, in pages of 50."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from sbrt_qa.audit.times import now
from sbrt_qa.errors import UsageError
from sbrt_qa.office.assigning import OfficeNames, assign, office_names, take_case
from sbrt_qa.office.exported_tables import EXPORTED_TABLES
from sbrt_qa.office.queue_page import FILTERS, ORDERS, PAGE, QueueRequest, queue_page
from sbrt_qa.office.roles import OF_A_SITE, Right, Role
from sbrt_qa.office.states import State, seen_by_site
from sbrt_qa.office.trial_options import options_of
from sbrt_qa.web.doors import Door
from sbrt_qa.web.review_office.office_app import OfficeApp
from sbrt_qa.web.review_office.screen_frame import refusing, row_of, screen, whole_number
from sbrt_qa.web.review_office.screen_words import STATE_WORDS
from sbrt_qa.web.review_office.site_words import SITE_STATES
from sbrt_qa.web.screen_keys import QUEUE_KEYS
from sbrt_qa.web.visits import PageError, Visit, own_path, see_other

VIEWS: Final = ("mine", "pool", "all")


@refusing
def show_queue(app: OfficeApp, visit: Visit) -> Response:
    """Show a page of the queue as the address asks for it."""
    wanted = asked_of_queue(app, visit)
    page = queue_page(app.engine, app.store.engine, app.acting(visit), wanted, app.coding_key)
    kept = {
        name: values[-1] for name, values in visit.query.items() if name not in ("after", "at")
    }  # fmt: skip
    later = ""
    if page.last is not None:
        value, key = page.last
        later = urlencode({**kept, "after": value, "at": app.address_of("case", key)})
    names = _names(app, visit)
    orders = {
        name: urlencode({**kept, "order": name, "falling": _turned(wanted, name)})
        for name in ORDERS
    }  # fmt: skip
    return screen(
        app, visit, "office_queue.j2",
        keys=QUEUE_KEYS, page=page, wanted=wanted, later=later, orders=orders,
        readers=names.readers if visit.who.might(Right.ASSIGN) else (), reader_names=names.every,
        tables=EXPORTED_TABLES,
        coded=Role.STATISTICIAN in visit.who.roles,
        at=now(), size=PAGE, first=not visit.query, again=urlencode(kept),
        **_as_told(app, visit),
    )  # fmt: skip


def _names(app: OfficeApp, visit: Visit) -> OfficeNames:
    """Return the names of accounts to who sees all of them; nothing to others."""
    sees = {Role.COORDINATOR, Role.AUDITOR} & set(visit.who.roles)
    return office_names(app.engine, now()) if sees else OfficeNames({}, ())


def _as_told(app: OfficeApp, visit: Visit) -> dict[str, Any]:
    """Return what a site is offered: its words of states, and no verdict that it is not told."""
    if not set(visit.who.roles) <= OF_A_SITE:
        return {"of_site": False, "tells_verdict": True, "offered_states": STATE_WORDS}
    told = {one.value: SITE_STATES[one.value] for one in State if seen_by_site(one) is one}
    shows = options_of(app.engine).sites_see_verdict
    return {
        "of_site": True, "tells_verdict": shows, "offered_states": told, "states": SITE_STATES,
    }  # fmt: skip


def _turned(wanted: QueueRequest, name: str) -> str:
    return "yes" if wanted.order == name and not wanted.falling else ""


def asked_of_queue(app: OfficeApp, visit: Visit) -> QueueRequest:
    """Read what is wanted of the queue; names that there are not are refused.

    Raises
    ------
    UsageError
        There is no such view, filter, order or place.
    """
    filters = {}
    for name in FILTERS:
        values = tuple(one.strip() for one in visit.query.get(name, ()) if one.strip())
        if values:
            filters[name] = values
    after = None
    if visit.asked("at"):
        key = app.number_of("case", visit.asked("at"))
        if key is None:
            raise UsageError("the queue has no such place")
        after = (visit.asked("after"), key)
    return QueueRequest(
        visit.asked("view", "all"), filters, visit.asked("search").strip(),
        visit.asked("order") or "urgency", visit.asked("falling") == "yes", after,
    )  # fmt: skip


@refusing
def take(app: OfficeApp, visit: Visit) -> Response:
    """Take a case from the pool, and go to it."""
    submission = row_of(app, visit, "case")
    take_case(app.engine, app.acting(visit), submission)
    return see_other(f"/cases/{visit.places['case']}")


@refusing
def assign_several(app: OfficeApp, visit: Visit) -> Response:
    """Assign the submissions that were chosen to one reader: all of them, or none.

    Raises
    ------
    PageError, UsageError
        One of them is not there, or chosen twice; none is chosen, or more than a page holds.
    """
    chosen = [app.number_of("case", one) for one in visit.fields.get("case", ())]
    known = [one for one in chosen if one is not None]
    if len(known) != len(chosen) or len(set(known)) != len(known):
        raise PageError(HTTPStatus.NOT_FOUND)
    if not 0 < len(known) <= PAGE:
        raise UsageError("choose the submissions that are to be assigned", expected="1 to 50")
    reason, who = visit.said("reason"), whole_number(visit.said("who"))
    assign(app.engine, app.acting(visit), known, who, reason=reason)
    return see_other(own_path(visit.said("next", "/queue")))


DOORS: Final = (
    Door("GET", "/queue", Right.SEE_CASE, show_queue),
    Door("POST", "/queue/assign", Right.ASSIGN, assign_several),
    Door("POST", "/cases/{case}/take", Right.TAKE_FROM_POOL, take),
)
