"""Set-up, sign-in, sign-out, and setting a password."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from sbrt_qa.audit.times import now
from sbrt_qa.errors import UsageError
from sbrt_qa.i18n.phrase import said
from sbrt_qa.i18n.words import msg
from sbrt_qa.office.accounts import OfficeAccount, account_by_code, account_by_key, found_office
from sbrt_qa.web.doors import ANYONE, SIGNED_IN, Door
from sbrt_qa.web.page_templates import shown
from sbrt_qa.web.passwords import refuse_weak
from sbrt_qa.web.review_office.office_app import PASSWORD_LINK, SECOND, SETUP, OfficeApp, Person
from sbrt_qa.web.visits import PageError, Visit, own_path, see_other

WRONG: Final = msg("The name or the password is wrong.")
WAIT: Final = msg(
    "Too many attempts. Wait {minutes} min and try again; your password was not checked."
)
NOT_THE_SAME: Final = msg("The two passwords are not the same.")
WRONG_CODE: Final = msg("This code is not valid, or was used already. Wait for the next one.")
NOT_NOW: Final = msg("Your code cannot be checked now. Ask your administrator.")
SECOND_SECONDS: Final = 300.0
LINK_OVER: Final = msg("This link is no longer valid.")
LINK_USED: Final = msg(
    "This link was used, or is over. If your password is set, sign in; if not, ask your"
    " administrator for a new one."
)


def _setup_token(app: OfficeApp, token: str) -> bool:
    return bool(token) and app.links.account_of(SETUP, token) is not None


def _is_here(visit: Visit) -> bool:
    return visit.known.address in ("127.0.0.1", "::1")


def _refuse(password: str, again: str, code: str, name: str) -> None:
    if password != again:
        raise UsageError(NOT_THE_SAME)
    refuse_weak(password, code, name)


def show_setup(app: OfficeApp, visit: Visit) -> Response:
    """Ask for the first account, whoever has the link; others are told where it is."""
    if app.is_set_up:
        return see_other("/login")
    link = visit.asked("token")
    held = _is_here(visit) and _setup_token(app, link)
    problem = LINK_OVER if link and not held else ""
    return shown(visit, "office_setup.j2", link=link if held else "", problem=problem, fields={})


def set_up(app: OfficeApp, visit: Visit) -> Response:
    """Make the first account, an admin, and sign it in.

    Raises
    ------
    PageError
        The office is set up, the link is not that of its set-up, or the request came from
        elsewhere.
    """
    link = visit.said("link")
    if app.is_set_up or not _is_here(visit) or not _setup_token(app, link):
        raise PageError(HTTPStatus.FORBIDDEN)
    code, name = visit.said("code").strip(), visit.said("name").strip()
    password = visit.said("password")
    kept = {"code": code, "name": name}
    try:
        _refuse(password, visit.said("again"), code, name)
        account = found_office(app.engine, code, name, now())
    except UsageError as error:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return shown(visit, "office_setup.j2", status, link=link, problem=said(error), fields=kept)
    app.links.use(SETUP, link)
    app.passwords.set(str(account.key), password)
    return app.sign_in(visit, str(account.key), see_other("/"))


def show_login(app: OfficeApp, visit: Visit) -> Response:
    """Ask for name and password."""
    if visit.session is not None:
        return see_other(own_path(visit.asked("next", "/")))
    return _login(app, visit, visit.asked("next", "/"))


def _login(
    app: OfficeApp,
    visit: Visit,
    after: str,
    problem: object = "",
    status: HTTPStatus = HTTPStatus.OK,
    *,
    minutes: int = 0,
    half: str = "",
) -> Response:
    return shown(
        visit, "office_login.j2", status, after=own_path(after), problem=problem, minutes=minutes,
        code=visit.said("code")[:64], half=half,
        service=app.identity.settings.shown_name if app.identity is not None else "",
    )  # fmt: skip


def waits_minutes(app: OfficeApp, code: str, visit: Visit) -> int:
    """Return for how many minutes who signs in has to wait; 0 where nobody has to."""
    waits = app.throttle.wait_seconds(code, visit.known.address)
    return max(1, round(waits / 60 + 0.49)) if waits else 0


def log_in(app: OfficeApp, visit: Visit) -> Response:
    """Check name and password; the same answer, in the same time, whatever of it is wrong."""
    code, after = visit.said("code").strip(), visit.said("next", "/")
    if visit.said("half"):
        return _second(app, visit, after)
    minutes = waits_minutes(app, code, visit)
    if minutes:
        return _login(app, visit, after, WAIT, HTTPStatus.TOO_MANY_REQUESTS, minutes=minutes)
    account = account_by_code(app.engine, code) if len(code) <= 64 else None
    usable = account is not None and account.is_person and not account.locked
    key = str(account.key) if account is not None and usable else ""
    if not app.passwords.holds(key, visit.said("password")) or account is None:
        app.failed(code, visit)
        return _login(app, visit, after, WRONG, HTTPStatus.FORBIDDEN)
    minutes = waits_minutes(app, code, visit)
    if minutes:  # others tried meanwhile; a burst of tries gets no further than one after the other
        return _login(app, visit, after, WAIT, HTTPStatus.TOO_MANY_REQUESTS, minutes=minutes)
    return after_first_proof(app, visit, account, after)


def after_first_proof(app: OfficeApp, visit: Visit, account: OfficeAccount, after: str) -> Response:
    """Sign somebody in who gave a first proof; or ask for the code of their authenticator."""
    key = str(account.key)
    if app.second.is_on(key):
        half = app.links.make(SECOND, key, SECOND_SECONDS)
        return _login(app, visit, after, half=half)
    app.throttle.succeeded(account.code)
    return app.sign_in(visit, key, see_other(own_path(after)))


def _second(app: OfficeApp, visit: Visit, after: str) -> Response:
    """Check the code of an authenticator, after the password; the session begins only then."""
    half = visit.said("half")
    key = app.links.account_of(SECOND, half)
    if key is None:
        return _login(app, visit, after, LINK_OVER, HTTPStatus.FORBIDDEN)
    account = account_by_key(app.engine, int(key))
    minutes = waits_minutes(app, account.code, visit)
    if minutes:
        return _login(app, visit, after, WAIT, HTTPStatus.TOO_MANY_REQUESTS, minutes=minutes)
    try:
        holds = not account.locked and app.second.holds(key, visit.said("second"))
    except UsageError:  # not the fault of who signs in: it is no wrong try
        return _login(app, visit, after, NOT_NOW, HTTPStatus.SERVICE_UNAVAILABLE, half=half)
    if not holds:
        app.failed(account.code, visit)
        return _login(app, visit, after, WRONG_CODE, HTTPStatus.FORBIDDEN, half=half)
    app.links.use(SECOND, half)
    app.throttle.succeeded(account.code)
    return app.sign_in(visit, key, see_other(own_path(after)))


def log_out(app: OfficeApp, visit: Visit) -> Response:
    """End this session; or all of this account, where that is asked."""
    if visit.session is not None and visit.said("everywhere"):
        app.sessions.end_all_of(visit.session.account)
    app.sessions.end(visit.cookie)
    answer = see_other("/login")
    answer.delete_cookie(app.cookie, path="/", secure=app.cookie_is_secure, httponly=True)
    return answer


def show_password(app: OfficeApp, visit: Visit) -> Response:
    """Ask for a new password: of who is signed in, or of who has a link."""
    link = visit.asked("token")
    key = app.links.account_of(PASSWORD_LINK, link) if link else None
    if visit.session is None and key is None:
        if link:
            return _login(app, visit, "/", LINK_USED, HTTPStatus.FORBIDDEN)
        return see_other("/login")
    return _password(app, visit, link, key)


def _password(
    app: OfficeApp,
    visit: Visit,
    link: str,
    key: str | None,
    problem: object = "",
) -> Response:
    """Show the form, with the name that its owner signs in with."""
    person: Person | None = visit.who
    account = person.account if person is not None else None
    if key:
        account = account_by_key(app.engine, int(key))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    code = account.code if account else ""
    return shown(visit, "office_password.j2", status, link=link, problem=problem, code=code)


def set_password(app: OfficeApp, visit: Visit) -> Response:
    """Set a password; every session of the account ends, and a fresh one begins.

    Raises
    ------
    PageError
        The link has ended, or the account is locked.
    """
    link, password = visit.said("link"), visit.said("password")
    person: Person | None = visit.who
    key = app.links.account_of(PASSWORD_LINK, link) if link else None
    account = account_by_key(app.engine, int(key)) if key else None
    if account is None and person is not None:
        account = person.account
    if account is None or account.locked:
        raise PageError(HTTPStatus.FORBIDDEN)
    try:
        if not key:
            _refuse_wrong(app, visit, account.code, str(account.key))
        _refuse(password, visit.said("again"), account.code, account.name)
    except UsageError as error:
        return _password(app, visit, link, key, said(error))
    if key and app.links.use(PASSWORD_LINK, link) is None:
        raise PageError(HTTPStatus.FORBIDDEN)
    app.passwords.set(str(account.key), password)
    app.sessions.end_all_of(str(account.key))
    if app.second.is_on(str(account.key)):
        return see_other("/login")  # a link alone is no second proof
    return app.sign_in(visit, str(account.key), see_other("/"))


def _refuse_wrong(app: OfficeApp, visit: Visit, code: str, key: str) -> None:
    """Check the password until now; failures count as those of signing in do."""
    if app.throttle.wait_seconds(code, visit.known.address):
        raise PageError(HTTPStatus.TOO_MANY_REQUESTS)
    if not app.passwords.holds(key, visit.said("now")):
        app.failed(code, visit)
        raise UsageError(WRONG)


DOORS: Final = (
    Door("GET", "/setup", ANYONE, show_setup),
    Door("POST", "/setup", ANYONE, set_up),
    Door("GET", "/login", ANYONE, show_login),
    Door("POST", "/login", ANYONE, log_in),
    Door("POST", "/logout", SIGNED_IN, log_out),
    Door("GET", "/password", ANYONE, show_password),
    Door("POST", "/password", ANYONE, set_password),
)
