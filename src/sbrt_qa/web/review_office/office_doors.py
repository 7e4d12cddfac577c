"""The table of doors of an office: every address with the right that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from starlette.responses import Response

from sbrt_qa.audit.folder import AuditFolder
from sbrt_qa.audit.store.connection import Database
from sbrt_qa.web.doors import SIGNED_IN, Door
from sbrt_qa.web.page_templates import shown
from sbrt_qa.web.passwords import Passwords
from sbrt_qa.web.request_guard import ServedAt
from sbrt_qa.web.review_office import (
    account_pages,
    case_screen,
    chunk_doors,
    conflict_screen,
    dashboard_screen,
    export_screen,
    identity_screen,
    image_screen,
    intake_screen,
    job_screen,
    option_screen,
    question_screen,
    queue_screen,
    reading_screen,
    report_frame,
    second_factor_screen,
    sign_in_pages,
    signing_screen,
    site_screen,
    stow_door,
    token_screen,
    trail_screen,
)
from sbrt_qa.web.review_office.office_app import OfficeApp
from sbrt_qa.web.review_office.role_words import ROLE_WORDS
from sbrt_qa.web.visits import Visit
from sbrt_qa.web.working.working_store import WorkingStore


def home(_: OfficeApp, visit: Visit) -> Response:
    """Show what there is to do for who is signed in."""
    return shown(visit, "office_home.j2", words_of_roles=ROLE_WORDS)


DOORS: Final = (
    Door("GET", "/", SIGNED_IN, home),
    *sign_in_pages.DOORS,
    *identity_screen.DOORS,
    *second_factor_screen.DOORS,
    *account_pages.DOORS,
    *queue_screen.DOORS,
    *case_screen.DOORS,
    *report_frame.DOORS,
    *image_screen.DOORS,
    *reading_screen.DOORS,
    *signing_screen.DOORS,
    *question_screen.DOORS,
    *site_screen.DOORS,
    *chunk_doors.DOORS,
    *stow_door.DOORS,
    *intake_screen.DOORS,
    *token_screen.DOORS,
    *option_screen.DOORS,
    *conflict_screen.DOORS,
    *dashboard_screen.DOORS,
    *export_screen.DOORS,
    *trail_screen.DOORS,
    *job_screen.DOORS,
)


class OfficePages(OfficeApp):
    """An office with all its doors."""

    doors = DOORS


def office_app(
    place: ServedAt,
    audit: AuditFolder,
    engine: Database,
    store: WorkingStore,
    passwords: Passwords | None = None,
    database: str = "",
    submissions: Sequence[Path] = (),
) -> OfficeApp:
    """Return the application of an office.

    Parameters
    ----------
    database
        Where its address has a password.
    submissions
        Folders where the files of submissions lie, see `OfficeApp`.
    """
    return OfficePages(place, audit, engine, store, passwords, database, submissions)
