"""An authenticator as second proof: set up, confirmed by a code, taken away again."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from sbrt_qa.errors import UsageError
from sbrt_qa.i18n.phrase import said
from sbrt_qa.i18n.words import msg
from sbrt_qa.web.doors import SIGNED_IN, Door
from sbrt_qa.web.one_time_codes import authenticator_address, shown_secret
from sbrt_qa.web.page_templates import shown
from sbrt_qa.web.review_office.office_app import SECOND_FACTOR, OfficeApp, Person
from sbrt_qa.web.visits import PageError, Visit, see_other

ISSUER: Final = "SBRT QA"
WRONG_CODE: Final = msg(
    "This code is not valid. Wait for the next one, and check the clock of your device."
)
WRONG_PASSWORD: Final = msg("This is not your password.")


def show_second_factor(app: OfficeApp, visit: Visit) -> Response:
    """Show whether the account has an authenticator."""
    return _page(app, visit)


def change_second_factor(app: OfficeApp, visit: Visit) -> Response:
    """Begin, confirm or end an authenticator; each with the password, or a code of it.

    Raises
    ------
    PageError
        Too many attempts failed a short while ago.
    """
    person: Person = visit.who
    key, step = str(person.account.key), visit.said("step")
    try:
        if step == "confirm":
            return _page(app, visit, codes=_confirmed(app, visit, key))
        _refuse_wrong(app, visit, key)
        if step == "begin":
            return _page(app, visit, secret=app.second.begin(key))
        if step == "end":
            app.second.drop(key)
    except UsageError as error:
        secret = app.second.pending(key) if step == "confirm" else None
        return _page(
            app, visit, HTTPStatus.UNPROCESSABLE_ENTITY, problem=said(error), secret=secret
        )
    return see_other(SECOND_FACTOR)


def _confirmed(app: OfficeApp, visit: Visit, key: str) -> tuple[str, ...]:
    """Let a fresh authenticator count; return its recovery codes."""
    codes = app.second.confirm(key, visit.said("second"))
    if not codes:
        _failed(app, visit)
        raise UsageError(WRONG_CODE)
    return codes


def _refuse_wrong(app: OfficeApp, visit: Visit, key: str) -> None:
    """Check the password, and the code of an authenticator that counts."""
    person: Person = visit.who
    if app.throttle.wait_seconds(person.account.code, visit.known.address):
        raise PageError(HTTPStatus.TOO_MANY_REQUESTS)
    if not app.passwords.holds(key, visit.said("password")):
        _failed(app, visit)
        raise UsageError(WRONG_PASSWORD)
    if app.second.is_on(key) and not app.second.holds(key, visit.said("second")):
        _failed(app, visit)
        raise UsageError(WRONG_CODE)


def _failed(app: OfficeApp, visit: Visit) -> None:
    person: Person = visit.who
    app.failed(person.account.code, visit)


def _page(
    app: OfficeApp,
    visit: Visit,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    problem: object = "",
    secret: bytes | None = None,
    codes: tuple[str, ...] = (),
) -> Response:
    person: Person = visit.who
    key = str(person.account.key)
    address = authenticator_address(secret, person.account.code, ISSUER) if secret else ""
    return shown(
        visit, "office_second.j2", status, problem=problem, is_on=app.second.is_on(key),
        left=app.second.recovery_left(key), secret=shown_secret(secret) if secret else "",
        address=address, codes=codes, asked=app.needs_second(person),
    )  # fmt: skip


DOORS: Final = (
    Door("GET", SECOND_FACTOR, SIGNED_IN, show_second_factor),
    Door("POST", SECOND_FACTOR, SIGNED_IN, change_second_factor),
)
