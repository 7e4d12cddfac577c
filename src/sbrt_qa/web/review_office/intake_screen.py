"""What arrived, as the office and the sites see it: set aside, on its way, and receipts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final, cast

from starlette.responses import Response

from sbrt_qa.errors import UsageError
from sbrt_qa.i18n.phrase import counted, say
from sbrt_qa.i18n.words import msg
from sbrt_qa.intake.landing import is_stopped
from sbrt_qa.intake.receipt import Receipt, read_receipt
from sbrt_qa.intake.study_closing import MissingPart
from sbrt_qa.office.intake_trail import tell_decided
from sbrt_qa.office.roles import Right
from sbrt_qa.office.site_uploads import sites_of
from sbrt_qa.office.trial_options import options_of
from sbrt_qa.reports.sheet.receipt_sheet import receipt_sheet
from sbrt_qa.reports.sheet.sheet_render import sheet_pdf
from sbrt_qa.web.doors import Door
from sbrt_qa.web.page_templates import words_of
from sbrt_qa.web.review_office.office_app import OfficeApp, Person
from sbrt_qa.web.review_office.screen_frame import refusing, screen, utc_text, whole_number
from sbrt_qa.web.review_office.sorting_work import ask_release
from sbrt_qa.web.visits import PageError, Visit, download, see_other
from sbrt_qa.web.working.arrival_rows import Arrivals
from sbrt_qa.web.working.job_rows import Jobs
from sbrt_qa.web.working.study_rows import (
    CLOSED,
    INCOMPLETE,
    OPEN,
    QUARANTINED,
    RELEASED,
    WITHDRAWN,
    ReceivedStudy,
    Studies,
)

STUDY_STATES: Final = {
    OPEN: msg("more may come"),
    INCOMPLETE: msg("parts are missing"),
    CLOSED: msg("whole; waits to be de-identified and reviewed"),
    QUARANTINED: msg("set aside; a person of the office looks at it"),
    RELEASED: msg("reviewed by the engine"),
    WITHDRAWN: msg("given up"),
}
HOLDS: Final = {"hold": True, "let go": False}
"""Decisions on whether the originals of a study stay beyond their time."""

WAITS_FOR_DECISION: Final[dict[str, tuple[str, ...]]] = {
    "close": (OPEN, INCOMPLETE),
    **dict.fromkeys(("own", "withdraw", "release"), (QUARANTINED,)),
    **dict.fromkeys(HOLDS, (RELEASED,)),
}
"""States in which a study takes each decision."""

NOTHING_NEW: Final = msg("known already")
DAY_SECONDS: Final = 24 * 3600.0
MOST_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A study as a page shows it."""

    id: int
    address: str
    site: str
    subject: str
    revision: int
    door: str
    files_told: str
    words: str
    why: str
    owner: str
    age: str
    since: str
    last: str
    missing: tuple[str, ...]
    receipt: bool
    can_close: bool
    hold: bool
    until: str
    has_originals: bool


def _row(app: OfficeApp, study: ReceivedStudy, days_kept: int = 0) -> StudyRow:
    rows = Arrivals(app.store)
    first = rows.with_ids(study.members[:1])
    again = study.state == WITHDRAWN and bool(study.submission)
    days, rest = divmod(max(0.0, datetime.now(UTC).timestamp() - study.since), DAY_SECONDS)
    return StudyRow(
        study.id, app.address_of("study", study.id), study.site, study.subject, study.revision,
        first[0].source.door if first else "", counted(len(study.members), "file"),
        NOTHING_NEW if again else STUDY_STATES[study.state],
        study.why, study.owner, f"{days:.0f} d {rest // 3600:.0f} h", utc_text(study.since),
        utc_text(study.last), tuple(map(_missing, study.missing)), bool(study.receipt),
        study.state in (INCOMPLETE, OPEN), study.hold,
        utc_text(study.released + days_kept * DAY_SECONDS) if study.released else "",
        any(app.vault.path(one.sha256).exists() for one in first),
    )  # fmt: skip


def _missing(part: MissingPart) -> str:
    kind = say("images") if part.kind == "image" else part.kind
    if part.named_by:
        return say("{0}: {1} that {2} names did not come", kind, part.count, part.named_by)
    return say("{0}: none came", kind)


def studies_of_sites(app: OfficeApp, sites: Sequence[str]) -> tuple[StudyRow, ...]:
    """Return what arrived from some sites, newest first: by every way in."""
    found = [
        one
        for one in Studies(app.store).of_sites(sites)
        if one.state != WITHDRAWN or one.submission
    ]
    return tuple(_row(app, one) for one in reversed(found[-MOST_ROWS:]))


@refusing
def show_intake(app: OfficeApp, visit: Visit) -> Response:
    """Show what is set aside, and what is on its way."""
    studies, person = Studies(app.store), cast("Person", visit.who)
    held = [_row(app, one) for one in studies.in_states(QUARANTINED)[:MOST_ROWS]]
    way = [_row(app, one) for one in studies.in_states(OPEN, INCOMPLETE, CLOSED)[:MOST_ROWS]]
    days, newest = options_of(app.engine).keep_originals_days, studies.in_states(RELEASED)
    kept = [_row(app, one, days) for one in reversed(newest[-MOST_ROWS:])]
    return screen(
        app, visit, "office_intake.j2", held=held, way=way, stopped=is_stopped(app.vault),
        may_release=person.might(Right.VIEW_PHI), days=days,
        kept=[one for one in kept if one.has_originals],
    )  # fmt: skip


@refusing
def decide_study(app: OfficeApp, visit: Visit) -> Response:
    """Record what a person decides of a study that is set aside or not whole.

    Raises
    ------
    PageError
        There is no such study.
    """
    number = app.number_of("study", visit.places["study"])
    if number is None:
        raise PageError(HTTPStatus.NOT_FOUND)
    studies, decision, reason = Studies(app.store), visit.said("decision"), visit.said("reason")
    study, by = studies.with_id(number), app.acting(visit)
    waits = WAITS_FOR_DECISION.get(decision, ())
    if study.state not in waits or (decision in HOLDS and study.hold is HOLDS[decision]):
        raise UsageError("this can no longer be decided of it")
    if not reason.strip():
        raise UsageError("say why")
    right = Right.VIEW_PHI if decision == "release" else Right.ASSIGN
    hashes = [one.sha256 for one in Arrivals(app.store).with_ids(study.members)]
    tell_decided(app.engine, by, right, study.site, decision, hashes, reason)
    code = cast("Person", visit.who).account.code
    if decision in HOLDS:
        studies.change(study, hold=HOLDS[decision])
    elif decision == "own":
        studies.change(study, owner=code)
    elif decision == "withdraw":
        studies.change(study, state=WITHDRAWN, owner=code)
    else:
        accepted = hashes if decision == "release" else ()
        closed = studies.change(study, state=CLOSED, owner=code, accepted=accepted, why="")
        ask_release(Jobs(app.store), closed)
    return see_other("/intake")


@refusing
def keep_receipt(app: OfficeApp, visit: Visit) -> Response:
    """Hand out a receipt of the own site as JSON.

    Raises
    ------
    PageError
        There is none of the own site.
    """
    receipt = _receipt(app, visit)
    return download(receipt.to_json().encode(), _name(receipt, "json"), "application/json")


@refusing
def print_receipt(app: OfficeApp, visit: Visit) -> Response:
    """Hand out a receipt of the own site as PDF.

    Raises
    ------
    PageError
        There is none of the own site.
    """
    receipt = _receipt(app, visit)
    told = receipt.told() | {"sha256": receipt.sha256}
    pdf = sheet_pdf(receipt_sheet(told, words_of(visit.language), visit.language))
    return download(pdf, _name(receipt, "pdf"), "application/pdf")


def _receipt(app: OfficeApp, visit: Visit) -> Receipt:
    try:
        study = Studies(app.store).with_id(whole_number(visit.places["study"]))
    except LookupError:
        raise PageError(HTTPStatus.NOT_FOUND) from None
    if study.site not in sites_of(app.engine, app.acting(visit)) or not study.receipt:
        raise PageError(HTTPStatus.NOT_FOUND)
    return read_receipt(study.receipt)


def _name(receipt: Receipt, suffix: str) -> str:
    return f"receipt-{receipt.submission.replace('/', '-')}.{suffix}"


DOORS: Final = (
    Door("GET", "/intake", Right.ASSIGN, show_intake),
    Door("POST", "/intake/{study}", Right.ASSIGN, decide_study),
    Door("GET", "/receipts/{study}", Right.UPLOAD, keep_receipt),
    Door("GET", "/receipts/{study}/pdf", Right.UPLOAD, print_receipt),
)
