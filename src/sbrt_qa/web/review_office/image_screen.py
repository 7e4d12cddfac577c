"""The images of a case: its viewer at the resolution of the files, another plan held against it."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Final

from starlette.responses import Response

from sbrt_qa.i18n.words import msg
from sbrt_qa.office.roles import Right
from sbrt_qa.office.stored_images import (
    RecordedPlan,
    may_see_images,
    other_plans,
    recorded_plan,
)
from sbrt_qa.reports.html.viewer_words import KEYS, ROOT_SCRIPT, VIEWER_SCRIPTS, labels
from sbrt_qa.web.doors import Door
from sbrt_qa.web.page_templates import words_of
from sbrt_qa.web.review_office.image_packs import PackState, part_of, plane_of, scene_of
from sbrt_qa.web.review_office.office_app import OfficeApp
from sbrt_qa.web.review_office.screen_frame import refusing, row_of, screen, whole_number
from sbrt_qa.web.visits import PageError, Visit, data

BINARY: Final = "application/octet-stream"


def _plan(app: OfficeApp, visit: Visit) -> RecordedPlan:
    """Return the plan of an address, to who may see it."""
    submission = row_of(app, visit, "case")
    return recorded_plan(app.engine, app.acting(visit), submission, _number(visit, "plan"))


def _number(visit: Visit, name: str) -> int:
    text = visit.places[name]
    if text != "0" and not whole_number(text):
        raise PageError(HTTPStatus.NOT_FOUND)
    return whole_number(text)


def _state(app: OfficeApp, visit: Visit) -> PackState:
    return app.images.state(_plan(app, visit))


def _folder(app: OfficeApp, visit: Visit) -> Path:
    """Return where the images of an address lie, to who may see them at this moment."""
    key = row_of(app, visit, "case"), _number(visit, "plan")
    may_see_images(app.engine, app.acting(visit), key[0])
    folder = app.images.shown.get(key) or _state(app, visit).folder
    if folder is None:
        raise PageError(HTTPStatus.NOT_FOUND)
    return folder


@refusing
def show_images(app: OfficeApp, visit: Visit) -> Response:
    """Show the page of a plan's images, which its script fills.

    Raises
    ------
    PageError
        There is no such plan, or who asks may not see it.
    """
    plan = _plan(app, visit)
    state = app.images.state(plan)
    if state.why:  # what failed is tried again by whoever comes anew
        app.images.forget(plan)
    submission = row_of(app, visit, "case")
    others = [
        (f"{app.address_of('case', one.submission)}-{one.plan}", f"{one.code} · {one.plan}")
        for one in other_plans(app.engine, app.acting(visit), submission, plan.plan)
    ]
    chosen = next((key for key, _ in others if key == visit.asked("beside")), "")
    case, _, number = chosen.rpartition("-")
    return screen(
        app, visit, "office_images.j2", plan=plan, why=state.why, others=others, chosen=chosen,
        beside=f"/cases/{case}/images/{number}" if chosen else "", here=visit.path,
        case_path=f"/cases/{visit.places['case']}", viewer_keys=KEYS,
        keys=(("b", msg("back to the case")), *KEYS),
        labels=labels(words_of(visit.language)), scripts=(ROOT_SCRIPT, *VIEWER_SCRIPTS),
    )  # fmt: skip


@refusing
def tell_scene(app: OfficeApp, visit: Visit) -> Response:
    """Tell what there is to show, that it is being made (202), or why there is nothing.

    Raises
    ------
    PageError
        There is no such plan, or who asks may not see it.
    """
    state = _state(app, visit)
    if state.folder is None:
        if state.why:
            return data({"state": "none", "why": words_of(visit.language)(state.why)})
        return data({"state": "making"}, HTTPStatus.ACCEPTED)
    app.images.shown[row_of(app, visit, "case"), _number(visit, "plan")] = state.folder
    return data({"state": "there", "scene": scene_of(state.folder)})


@refusing
def send_part(app: OfficeApp, visit: Visit) -> Response:
    """Send dose, contours or curves.

    Raises
    ------
    PageError
        There are none, or who asks may not see them.
    """
    found = part_of(_folder(app, visit), visit.places["part"])
    if found is None:
        raise PageError(HTTPStatus.NOT_FOUND)
    return Response(found, media_type=BINARY)


@refusing
def send_slice(app: OfficeApp, visit: Visit) -> Response:
    """Send one plane of the image.

    Raises
    ------
    PageError
        There is none, or who asks may not see it.
    """
    folder = _folder(app, visit)
    found = plane_of(folder, visit.places["axis"], _number(visit, "index"))
    if found is None:
        raise PageError(HTTPStatus.NOT_FOUND)
    mark = f'"{folder.name[-12:]}-{visit.places["axis"]}-{visit.places["index"]}"'
    return Response(found, media_type=BINARY, headers={"etag": mark})


SEE: Final = Right.SEE_AUTOMATIC_REVIEW
AT: Final = "/cases/{case}/images/{plan}"

DOORS: Final = (
    Door("GET", AT, SEE, show_images),
    Door("GET", f"{AT}/scene", SEE, tell_scene, is_part=True),
    Door("GET", f"{AT}/slice/{{axis}}/{{index}}", SEE, send_slice, is_part=True),
    Door("GET", f"{AT}/{{part}}", SEE, send_part, is_part=True),
)
