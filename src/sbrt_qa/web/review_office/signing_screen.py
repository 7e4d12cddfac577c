"""Signing: exactly what is signed, the password once more, a token that works once.

Looking (GET) changes nothing. Asking to sign (POST without a token) gives a token for what is shown
then; the password comes with that token. What was shown is kept, so that a change in between can be
told item by item.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from sbrt_qa.audit.times import now
from sbrt_qa.errors import UsageError
from sbrt_qa.i18n.words import msg
from sbrt_qa.office.acting import MovedOnError, RightsError
from sbrt_qa.office.reader_forms import reading_form
from sbrt_qa.office.roles import Right
from sbrt_qa.office.signing import (
    CHALLENGE_MINUTES,
    MEANINGS,
    FreshProof,
    SigningView,
    begin_signing,
    sign,
    signing_view,
)
from sbrt_qa.web.doors import Door
from sbrt_qa.web.review_office.identity_screen import gone
from sbrt_qa.web.review_office.office_app import OfficeApp, Person
from sbrt_qa.web.review_office.reading_screen import item_words
from sbrt_qa.web.review_office.screen_frame import refusing, row_of, screen
from sbrt_qa.web.review_office.screen_words import PROFESSION_MEANING
from sbrt_qa.web.screen_keys import SIGN_KEYS
from sbrt_qa.web.visits import PageError, Visit, see_other
from sbrt_qa.web.working.identity_rows import IdentityVisit

WRONG: Final = msg("This is not your password. Nothing was signed; what you wrote is kept.")
WRONG_CODE: Final = msg("This code is not valid. Nothing was signed; what you wrote is kept.")
NOT_NOW: Final = msg("Your code cannot be checked now. Nothing was signed; what you wrote is kept.")
WAIT: Final = msg("Too many attempts. Wait {minutes} min; what you wrote is kept.")
CHANGED: Final = msg("This has changed since it was shown. Nothing was signed; look again.")
MOST_TOLD: Final = 12
PARTS: Final = ("grade", "grade_words", "items", "contours", "comments", "reviews", "checklist")


@refusing
def look(app: OfficeApp, visit: Visit) -> Response:
    """Show what would be signed, and what is still to be said.

    Raises
    ------
    PageError
        There is no such reading, or it is that of somebody else.
    """
    key = row_of(app, visit, "reading")
    proved = app.identity_proofs.challenge_of(visit.cookie, key)
    return _dialog(app, visit, key, _view(app, visit, key), challenge=proved, proved=bool(proved))


@refusing
def ask_or_sign(app: OfficeApp, visit: Visit) -> Response:
    """Ask for the password; or, with it, sign.

    Raises
    ------
    PageError
        There is no such reading, it is that of somebody else, or too many attempts failed a short
        while ago.
    """
    key = row_of(app, visit, "reading")
    if visit.said("step") == "prove":
        return _gone(app, visit, key)
    if visit.said("challenge"):
        return _signed(app, visit, key)
    view = _view(app, visit, key)
    if view.unanswered:
        return _dialog(app, visit, key, view)
    shown = visit.said("shown") or view.sha256
    if shown != view.sha256:
        return _dialog(app, visit, key, view, HTTPStatus.CONFLICT, problem=CHANGED)
    return _begin(app, visit, key, view)


def _begin(
    app: OfficeApp,
    visit: Visit,
    key: int,
    view: SigningView,
    status: HTTPStatus = HTTPStatus.OK,
    **told: Any,  # noqa: ANN401 - of the page
) -> Response:
    by, words = app.acting(visit), _language(visit)
    token = begin_signing(app.engine, by, key, _meaning(app, visit, key), view.sha256, words)
    app.drafts.keep(by.account, _shown_name(key), {"text": view.text})
    return _dialog(app, visit, key, view, status, challenge=token, **told)


def _gone(app: OfficeApp, visit: Visit, key: int) -> Response:
    """Send who signs to the identity service, to sign in there again."""
    person: Person = visit.who
    account, after = str(person.account.key), f"/readings/{visit.places['reading']}/sign"
    _view(app, visit, key)  # only who may sign this
    if not app.knows_elsewhere(account) or not visit.said("challenge"):
        raise PageError(HTTPStatus.NOT_FOUND)
    return gone(app, visit, IdentityVisit(account, key, visit.said("challenge"), "", "", after, 0))


def _signed(app: OfficeApp, visit: Visit, key: int) -> Response:
    person: Person = visit.who
    code, account = person.account.code, str(person.account.key)
    waits = app.throttle.wait_seconds(code, visit.known.address)
    if waits:
        minutes = max(1, round(waits / 60 + 0.49))
        status = HTTPStatus.TOO_MANY_REQUESTS
        return _again(app, visit, key, status, problem=WAIT, minutes=minutes)
    proved = app.identity_proofs.challenge_of(visit.cookie, key)
    elsewhere = bool(proved) and proved == visit.said("challenge")
    if not elsewhere and not app.passwords.holds(account, visit.said("password")):
        app.failed(code, visit)
        return _again(app, visit, key, HTTPStatus.FORBIDDEN, problem=WRONG)
    how = "identity service" if elsewhere else "password"
    if app.second.is_on(account):
        try:
            holds = app.second.holds(account, visit.said("second"))
        except UsageError:  # no wrong try of who signs
            return _again(app, visit, key, HTTPStatus.SERVICE_UNAVAILABLE, problem=NOT_NOW)
        if not holds:
            app.failed(code, visit)
            return _again(app, visit, key, HTTPStatus.FORBIDDEN, problem=WRONG_CODE)
        how += " and code"
    app.throttle.succeeded(code)
    by = app.acting(visit)
    at = app.identity_proofs.take(visit.cookie, key, proved) if elsewhere else now()
    proof = FreshProof(by.account, how, at or "")
    try:
        head = app.access.head()
        made = sign(app.engine, by, key, visit.said("challenge"), proof, local_time(), head)
    except MovedOnError:
        return _changed(app, visit, key)
    app.drafts.keep(by.account, _shown_name(key), {})
    case = app.address_of("case", made.submission)
    return see_other(f"/cases/{case}", signed=made.sha256[:12])


def _again(
    app: OfficeApp,
    visit: Visit,
    key: int,
    status: HTTPStatus,
    **told: Any,  # noqa: ANN401
) -> Response:
    """Show the dialog once more, with the token that it had: it has not been used."""
    view, challenge = _view(app, visit, key), visit.said("challenge")
    proved = bool(challenge) and app.identity_proofs.challenge_of(visit.cookie, key) == challenge
    return _dialog(app, visit, key, view, status, challenge=challenge, proved=proved, **told)


def _changed(app: OfficeApp, visit: Visit, key: int) -> Response:
    """Show what is different now from what was shown; raise again where nothing can be signed."""
    before = app.drafts.of(app.acting(visit).account, _shown_name(key)).get("text", "{}")
    view = _view(app, visit, key)
    different = differences(json.loads(before), view.content)
    status = HTTPStatus.CONFLICT
    return _dialog(app, visit, key, view, status, problem=CHANGED, different=different)


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return what differs between two contents: its name, and both values as text."""
    found: list[tuple[str, str, str]] = []
    for part in PARTS:
        old, new = _by_name(part, before.get(part)), _by_name(part, after.get(part))
        found += [
            (name, old.get(name, ""), new.get(name, ""))
            for name in sorted({*old, *new})
            if old.get(name, "") != new.get(name, "")
        ]
    return found


def _by_name(part: str, value: object) -> dict[str, str]:
    if not isinstance(value, list):
        return {part: "" if value is None else _text(value)}
    rows: dict[str, str] = {}
    for number, row in enumerate(value):
        name = row.get("item") or f"{part} {row.get('plan') or row.get('id') or number}"
        told = [str(row[k]) for k in ("verdict", "answer", "justification", "text") if row.get(k)]
        rows[str(name)] = " · ".join(told) or _text(row)
    return rows


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _view(app: OfficeApp, visit: Visit, key: int) -> SigningView:
    by = app.acting(visit)
    return signing_view(app.engine, by, key, _meaning(app, visit, key), _language(visit))


def _language(visit: Visit) -> str:
    return visit.language if visit.language in MEANINGS["physics"] else "en"


def _meaning(app: OfficeApp, visit: Visit, key: int) -> str:
    """Return what the signature means: an adjudicator's decision, else by what one judges."""
    form = reading_form(app.engine, app.acting(visit), key)
    if form.part == "adjudicator":
        return "decision"
    person: Person = visit.who
    own = PROFESSION_MEANING.get(person.account.profession, "")
    meaning = own or visit.said("meaning") or visit.asked("meaning") or "physics"
    if meaning not in MEANINGS:
        raise UsageError("a signature has no such meaning")
    return meaning


def _dialog(
    app: OfficeApp,
    visit: Visit,
    key: int,
    view: SigningView,
    status: HTTPStatus = HTTPStatus.OK,
    **told: Any,  # noqa: ANN401 - of the page
) -> Response:
    by = app.acting(visit)
    form = reading_form(app.engine, by, key)
    if form.account != by.account:
        raise RightsError("this is not there")
    second = bool(told.get("challenge")) and app.second.is_on(str(by.account))
    known = app.identity is not None and app.knows_elsewhere(str(by.account))
    service = app.identity.settings.shown_name if app.identity is not None and known else ""
    shown = {
        "challenge": "",
        "problem": "",
        "minutes": 0,
        "different": [],
        "second": second,
        "proved": False,
        "has_password": app.passwords.has(str(by.account)),
        "service": service,
        **told,
    }
    return screen(
        app, visit, "office_sign.j2", status,
        keys=SIGN_KEYS, view=view, form=form, content=view.content, most=MOST_TOLD,
        item_words=item_words(form, visit.language),
        here=f"/readings/{visit.places['reading']}", valid_minutes=CHALLENGE_MINUTES, **shown,
    )  # fmt: skip


def _shown_name(key: int) -> str:
    return f"shown {key}"


def local_time() -> str:
    """Return the time of the office's machine, with its zone."""
    return datetime.now(UTC).astimezone().isoformat(timespec="seconds")


DOORS: Final = (
    Door("GET", "/readings/{reading}/sign", Right.SIGN_READING, look),
    Door("POST", "/readings/{reading}/sign", Right.SIGN_READING, ask_or_sign),
)
