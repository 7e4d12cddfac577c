"""Tokens of sites: made, shown once, listed, ended."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from sbrt_qa.errors import SbrtQaError, UsageError
from sbrt_qa.i18n.phrase import said
from sbrt_qa.office.accounts import account_by_code, account_by_key
from sbrt_qa.office.acting import RightsError
from sbrt_qa.office.intake_trail import tell_token_ended, tell_token_made
from sbrt_qa.office.roles import Right
from sbrt_qa.web.doors import Door
from sbrt_qa.web.review_office.office_app import OfficeApp
from sbrt_qa.web.review_office.screen_frame import refusing, screen, utc_text, whole_number
from sbrt_qa.web.visits import PageError, Visit, see_other

MOST_ROWS: Final = 200


@refusing
def show_tokens(app: OfficeApp, visit: Visit) -> Response:
    """Show which tokens there are, whose, and until when; never themselves."""
    return _tokens(app, visit)


def _tokens(app: OfficeApp, visit: Visit, token_made: str = "", problem: object = "") -> Response:
    tokens = [
        (one, account_by_key(app.engine, one.account).code, utc_text(one.until))
        for one in app.tokens.all()[:MOST_ROWS]
    ]
    status = HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK
    return screen(
        app, visit, "office_tokens.j2", status, tokens=tokens, token_made=token_made,
        problem=problem,
    )  # fmt: skip


@refusing
def change_tokens(app: OfficeApp, visit: Visit) -> Response:
    """Make a token of a site, which is shown once, or end one.

    Raises
    ------
    PageError
        There is no such token.
    """
    try:
        if visit.said("step") == "end":
            return _end(app, visit)
        account = account_by_code(app.engine, visit.said("code").strip())
        if account is None:
            raise UsageError("no such account")
        site, days = visit.said("site").strip(), whole_number(visit.said("days"))
        app.tokens.refuse_days(days)
        tell_token_made(app.engine, app.acting(visit), account.key, site, days)
        return _tokens(app, visit, app.tokens.make(account.key, site, days))
    except RightsError:
        raise
    except SbrtQaError as error:
        return _tokens(app, visit, problem=said(error))


def _end(app: OfficeApp, visit: Visit) -> Response:
    number = whole_number(visit.said("number"))
    mine = next((one for one in app.tokens.all() if one.id == number and not one.ended), None)
    if mine is None:
        raise PageError(HTTPStatus.NOT_FOUND)
    code = account_by_key(app.engine, mine.account).code
    tell_token_ended(app.engine, app.acting(visit), code, number)
    app.tokens.end(number)
    return see_other("/tokens")


DOORS: Final = (
    Door("GET", "/tokens", Right.MANAGE_ACCOUNTS, show_tokens),
    Door("POST", "/tokens", Right.MANAGE_ACCOUNTS, change_tokens),
)
