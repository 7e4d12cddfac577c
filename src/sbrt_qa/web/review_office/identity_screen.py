"""Signing in, and proving once more who signs, at an identity service.

A form of ours makes what ties the answer to this browser, and shows a page that goes on to the
service; the service leads back with a code. Coming back to sign changes no record: it shows the
dialog again, and who signs presses the button of it.
"""

from __future__ import annotations

import logging
import time
from http import HTTPStatus
from typing import Final

from starlette.responses import Response

from sbrt_qa.audit.times import now
from sbrt_qa.i18n.words import msg
from sbrt_qa.office.accounts import account_by_key, account_of_identity
from sbrt_qa.web.doors import ANYONE, Door
from sbrt_qa.web.identity.identity_provider import IdentityProvider, IdentityRequest
from sbrt_qa.web.identity.identity_settings import RETURN_PATH
from sbrt_qa.web.identity.identity_tokens import (
    IdentityAwayError,
    IdentityRefusedError,
    ProvedIdentity,
)
from sbrt_qa.web.page_templates import shown
from sbrt_qa.web.review_office.office_app import IDENTITY, OfficeApp, Person
from sbrt_qa.web.review_office.sign_in_pages import WAIT, after_first_proof, waits_minutes
from sbrt_qa.web.visits import PageError, Visit, own_path, see_other
from sbrt_qa.web.working.identity_rows import IdentityVisit

LOG: Final = logging.getLogger("sbrt_qa.web")

AWAY: Final = msg(
    "The identity service cannot be asked now. Nothing is wrong with you or your password; try "
    "again in a while."
)
NOT_PROVED: Final = msg("The identity service did not prove who you are. Begin again.")
NOT_BEGUN: Final = msg("This was not begun in this browser, is too old, or was used. Begin again.")
NO_ACCOUNT: Final = msg(
    "The identity service knows you, but this office has no account for you. An administrator can "
    "link yours to this:"
)
SOMEBODY_ELSE: Final = msg("The identity service proved somebody else. Nothing was signed.")


def go_to_sign_in(app: OfficeApp, visit: Visit) -> Response:
    """Send a browser to the service, to sign in."""
    return gone(app, visit, IdentityVisit("", 0, "", "", "", own_path(visit.said("next", "/")), 0))


def gone(app: OfficeApp, visit: Visit, about: IdentityVisit) -> Response:
    """Note what somebody goes to the service for, and show the page that goes there.

    Raises
    ------
    PageError
        The office has no service for signing in.
    """
    service, request = _service(app), IdentityRequest.fresh()
    try:
        address = service.address(request, visit.language, anew=bool(about.reading))
    except IdentityAwayError as error:
        return _told(app, visit, AWAY, HTTPStatus.SERVICE_UNAVAILABLE, error.what)
    tied = IdentityVisit(
        about.account, about.reading, about.challenge, request.nonce, request.verifier,
        about.after, time.time(),
    )  # fmt: skip
    app.identity_visits.keep(request.state, visit.cookie, tied)
    return shown(visit, "office_identity.j2", address=address, name=service.settings.shown_name,
                 problem="", subject="")  # fmt: skip


def come_back(app: OfficeApp, visit: Visit) -> Response:
    """Take what the service says, and sign in, or go back to what is signed.

    Raises
    ------
    PageError
        The office has no service for signing in.
    """
    service = _service(app)
    minutes = waits_minutes(app, "", visit)
    if minutes:
        return _told(app, visit, WAIT, HTTPStatus.TOO_MANY_REQUESTS, minutes=minutes)
    about = app.identity_visits.take(visit.asked("state"), visit.cookie)
    if about is None:
        return _told(app, visit, NOT_BEGUN, HTTPStatus.FORBIDDEN)
    request = IdentityRequest(visit.asked("state"), about.nonce, about.verifier)
    try:
        _refuse_other(service, visit)
        not_before = about.began if about.reading else None
        found = service.proved(visit.asked("code"), request, not_before)
    except IdentityAwayError as error:
        return _told(app, visit, AWAY, HTTPStatus.SERVICE_UNAVAILABLE, error.what)
    except IdentityRefusedError as error:
        app.failed("", visit)
        return _told(app, visit, NOT_PROVED, HTTPStatus.FORBIDDEN, error.what)
    return (
        _back_to_sign(app, visit, about, found) if about.reading else _in(app, visit, about, found)
    )


def _refuse_other(service: IdentityProvider, visit: Visit) -> None:
    """Check that the service led back with a code, and that it was this one (RFC 9207)."""
    if visit.asked("error") or not visit.asked("code"):
        raise IdentityRefusedError("the service gave no code")
    if visit.asked("iss", service.settings.issuer) != service.settings.issuer:
        raise IdentityRefusedError("the answer comes from another service")


def _in(app: OfficeApp, visit: Visit, about: IdentityVisit, found: ProvedIdentity) -> Response:
    key = app.identities.account_of(found.issuer, found.subject)
    if key is None and _service(app).settings.creates_accounts:
        made = account_of_identity(app.engine, found.preferred, found.name, found.subject, now())
        key = str(made.key)
        app.identities.keep(found.issuer, found.subject, key)
        app.after_form()
    account = account_by_key(app.engine, int(key)) if key else None
    if account is None or account.locked or not account.is_person:
        return _told(app, visit, NO_ACCOUNT, HTTPStatus.FORBIDDEN, subject=found.subject)
    return after_first_proof(app, visit, account, about.after)


def _back_to_sign(
    app: OfficeApp, visit: Visit, about: IdentityVisit, found: ProvedIdentity
) -> Response:
    person: Person | None = visit.who
    mine = app.identities.account_of(found.issuer, found.subject)
    if person is None or str(person.account.key) != about.account or mine != about.account:
        app.failed("", visit)
        return _told(app, visit, SOMEBODY_ELSE, HTTPStatus.FORBIDDEN)
    app.identity_proofs.keep(visit.cookie, about.reading, about.challenge, now())
    return see_other(about.after)


def _service(app: OfficeApp) -> IdentityProvider:
    if app.identity is None:
        raise PageError(HTTPStatus.NOT_FOUND)
    return app.identity


def _told(
    app: OfficeApp,
    visit: Visit,
    problem: str,
    status: HTTPStatus,
    why: str = "",
    *,
    subject: str = "",
    minutes: int = 0,
) -> Response:
    """Say what came of it; `why` is for the log alone, and has no word of the service in it."""
    if why:
        LOG.warning("%s identity: %s", visit.number, why)
    name = _service(app).settings.shown_name
    return shown(
        visit, "office_identity.j2", status, address="", name=name, problem=problem,
        subject=subject, minutes=minutes,
    )  # fmt: skip


DOORS: Final = (
    Door("POST", IDENTITY, ANYONE, go_to_sign_in),
    Door("GET", RETURN_PATH, ANYONE, come_back),
)
