"""What the working screens have in common: refusals, addresses of rows, words."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus

from starlette.responses import Response

from sbrt_qa.errors import SbrtQaError, UsageError
from sbrt_qa.i18n.phrase import said
from sbrt_qa.office.acting import MovedOnError, RightsError, UnfitError
from sbrt_qa.web.page_templates import shown
from sbrt_qa.web.review_office.office_app import OfficeApp
from sbrt_qa.web.review_office.role_words import ROLE_WORDS
from sbrt_qa.web.review_office.screen_words import EVERY_WORD
from sbrt_qa.web.visits import PageError, Visit, page_of

OfficePage = Callable[[OfficeApp, Visit], Response]


def refusing(page: OfficePage) -> OfficePage:
    """Answer what the office refuses: 404 for what may not be seen, 409, and 400 with the words."""

    @functools.wraps(page)
    def answered(app: OfficeApp, visit: Visit) -> Response:
        try:
            return page(app, visit)
        except UnfitError as error:
            return told(visit, HTTPStatus.CONFLICT, error)
        except RightsError:
            raise PageError(HTTPStatus.NOT_FOUND) from None
        except MovedOnError as error:
            return told(visit, HTTPStatus.CONFLICT, error)
        except UsageError as error:
            return told(visit, HTTPStatus.BAD_REQUEST, error)

    return answered


def told(visit: Visit, status: HTTPStatus, error: SbrtQaError) -> Response:
    """Answer with the sentence of a refusal, and the way back."""
    back = page_of(visit.path)
    return shown(visit, "office_refused.j2", status, problem=said(error), back=back)


def row_of(app: OfficeApp, visit: Visit, kind: str) -> int:
    """Return the row that the address of a request stands for.

    Raises
    ------
    PageError
        There is none.
    """
    found = app.number_of(kind, visit.places[kind])
    if found is None:
        raise PageError(HTTPStatus.NOT_FOUND)
    return found


def whole_number(text: str) -> int:
    """Return a number of a form or address, 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def utc_text(seconds: float) -> str:
    """Return a time in s since 1970 as texts of the records have it."""
    made = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    return made.replace("+00:00", "Z")


def screen(
    app: OfficeApp,
    visit: Visit,
    template: str,
    status: HTTPStatus = HTTPStatus.OK,
    **values: object,
) -> Response:
    """Answer with a working screen: it knows the words of cases and makes addresses of rows.

    A value takes the place of a word that every screen knows.
    """
    known = {"address": app.address_of, "words_of_roles": ROLE_WORDS, **EVERY_WORD}
    return shown(visit, template, status, **{**known, **values})
