"""The first page of whoever is signed in, and the accounts of an office."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from sbrt_qa.audit.store.records import sha256
from sbrt_qa.audit.times import now
from sbrt_qa.errors import SbrtQaError
from sbrt_qa.i18n.phrase import said
from sbrt_qa.office.accounts import (
    PASSWORD_GIVEN,
    TIED,
    UNTIED,
    account_by_code,
    add_account,
    all_accounts,
    lock_account,
    tell_of_account,
    unlock_account,
)
from sbrt_qa.office.acting import RightsError
from sbrt_qa.office.granting import all_grants, confirm_grant, end_grant, grant_role
from sbrt_qa.office.roles import EVERYWHERE, Right, Role
from sbrt_qa.office.security_events import security_events
from sbrt_qa.web.doors import Door
from sbrt_qa.web.page_templates import shown
from sbrt_qa.web.review_office.office_app import PASSWORD_LINK, OfficeApp
from sbrt_qa.web.review_office.role_words import ROLE_WORDS
from sbrt_qa.web.visits import PageError, Visit, see_other

LINK_SECONDS: Final = 72 * 3600.0


def show_accounts(
    app: OfficeApp, visit: Visit, problem: object = "", link: str = "", code: str = ""
) -> Response:
    """Show accounts with their grants."""
    accounts = all_accounts(app.engine)
    at = now()
    grants = all_grants(app.engine)
    by = {a.key: [g for g in grants if g.account == a.key and not g.ended] for a in accounts}
    roles = [role for role in Role if role is not Role.ENGINE]
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    return shown(
        visit, "office_accounts.j2", status, accounts=accounts, grants=by, at=at, roles=roles,
        everywhere=EVERYWHERE, words_of_roles=ROLE_WORDS, problem=problem, link=link, code=code,
        ready={a.key: app.passwords.has(str(a.key)) for a in accounts},
        slowed=security_events(app.engine, app.acting(visit)),
        tied={a.key: app.knows_elsewhere(str(a.key)) for a in accounts},
        service=app.identity.settings.shown_name if app.identity is not None else "",
    )  # fmt: skip


def change_accounts(app: OfficeApp, visit: Visit) -> Response:
    """Do one step: add, lock, open, grant, confirm, take back, or make a link for a password.

    Raises
    ------
    PageError
        There is no such step, or the person may not take it.
    """
    step = STEPS.get(visit.said("step"))
    if step is None:
        raise PageError(HTTPStatus.BAD_REQUEST)
    try:
        return step(app, visit) or see_other("/accounts")
    except RightsError:
        raise PageError(HTTPStatus.NOT_FOUND) from None
    except SbrtQaError as error:
        return show_accounts(app, visit, problem=said(error))


def _account(app: OfficeApp, visit: Visit) -> int:
    found = account_by_code(app.engine, visit.said("code").strip())
    if found is None:
        raise PageError(HTTPStatus.NOT_FOUND)
    return found.key


def _add(app: OfficeApp, visit: Visit) -> Response:
    code = visit.said("code").strip()
    made = add_account(
        app.engine, app.acting(visit), code, visit.said("name").strip(),
        profession=visit.said("profession"), home_site=visit.said("home_site").strip(),
    )  # fmt: skip
    return _with_link(app, visit, str(made.key), code)


def _with_link(app: OfficeApp, visit: Visit, account: str, code: str) -> Response:
    token = app.links.make(PASSWORD_LINK, account, LINK_SECONDS)
    link = f"{visit.known.origin}/password?token={token}"
    return show_accounts(app, visit, link=link, code=code)


def _reset(app: OfficeApp, visit: Visit) -> Response:
    number = _account(app, visit)
    tell_of_account(app.engine, app.acting(visit), number, PASSWORD_GIVEN)
    key = str(number)
    app.passwords.forget(key)
    app.sessions.end_all_of(key)
    return _with_link(app, visit, key, visit.said("code"))


def _lock(app: OfficeApp, visit: Visit) -> None:
    key = _account(app, visit)
    lock_account(app.engine, app.acting(visit), key, visit.said("reason"))
    app.sessions.end_all_of(str(key))


def _open(app: OfficeApp, visit: Visit) -> None:
    unlock_account(app.engine, app.acting(visit), _account(app, visit), visit.said("reason"))


def _tie(app: OfficeApp, visit: Visit) -> None:
    """Let a subject of the identity service be an account; nobody, where no subject is given."""
    key, subject = _account(app, visit), visit.said("subject").strip()
    if app.identity is None:
        raise PageError(HTTPStatus.NOT_FOUND)
    issuer = app.identity.settings.issuer
    told = {"issuer": issuer, "identity": sha256(subject)} if subject else {"issuer": issuer}
    tell_of_account(app.engine, app.acting(visit), key, TIED if subject else UNTIED, told)
    if subject:
        app.identities.keep(issuer, subject, str(key))
    else:
        app.identities.drop(str(key))
    app.sessions.end_all_of(str(key))


def _grant(app: OfficeApp, visit: Visit) -> None:
    if visit.said("role") not in {role.value for role in Role}:
        raise PageError(HTTPStatus.BAD_REQUEST)
    grant_role(
        app.engine, app.acting(visit), _account(app, visit), Role(visit.said("role")),
        trial=visit.said("trial").strip() or EVERYWHERE,
        site=visit.said("site").strip() or EVERYWHERE, reason=visit.said("reason"),
    )  # fmt: skip


def _number(visit: Visit) -> int:
    text = visit.said("grant")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise PageError(HTTPStatus.BAD_REQUEST)
    return int(text)


def _confirm(app: OfficeApp, visit: Visit) -> None:
    confirm_grant(app.engine, app.acting(visit), _number(visit))


def _take_back(app: OfficeApp, visit: Visit) -> None:
    number = _number(visit)
    end_grant(app.engine, app.acting(visit), number, visit.said("reason"))
    account = next((g.account for g in all_grants(app.engine) if g.id == number), None)
    app.sessions.end_all_of(str(account))


STEPS: Final = {
    "add": _add, "reset": _reset, "lock": _lock, "open": _open, "grant": _grant,
    "confirm": _confirm, "tie": _tie, "take back": _take_back,
}  # fmt: skip

DOORS: Final = (
    Door("GET", "/accounts", Right.MANAGE_ACCOUNTS, show_accounts),
    Door("POST", "/accounts", Right.MANAGE_ACCOUNTS, change_accounts),
)
