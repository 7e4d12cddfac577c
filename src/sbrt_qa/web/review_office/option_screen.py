"""The options of a trial's office: what each does, as it is now, who set it when and why."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from sbrt_qa.errors import UsageError
from sbrt_qa.i18n.phrase import said
from sbrt_qa.i18n.words import msg
from sbrt_qa.office.roles import ROLES, Right
from sbrt_qa.office.trial_options import (
    REVIEW_KINDS,
    OfficeOptions,
    option_history,
    options_of,
    set_option,
)
from sbrt_qa.web.doors import Door
from sbrt_qa.web.review_office.office_app import OfficeApp
from sbrt_qa.web.review_office.screen_frame import refusing, screen
from sbrt_qa.web.visits import Visit, see_other

OPTION_WORDS: Final[dict[str, tuple[str, str]]] = {
    "default_kind": (
        msg("Type of review"),
        msg("Of a submission for which no other type was planned."),
    ),
    "readers": (
        msg("Readers"),
        msg("How many read a case, by type of review; where nothing is said, one."),
    ),
    "blind": (
        msg("Blind reading"),
        msg("Whether a second reader sees nothing of the first before both have signed."),
    ),
    "automatic_decision": (
        msg("Decision where readers agree"),
        msg("Whether readings that agree decide a case; if not, an adjudicator does."),
    ),
    "sites_see_verdict": (
        msg("Sites see the automatic review"),
        msg("Whether a site sees what the program found in its own submissions."),
    ),
    "statisticians_see_sites": (
        msg("Statisticians see sites"),
        msg("Whether they see the codes of sites; those of subjects are always replaced."),
    ),
    "pool": (
        msg("Pool"),
        msg("Whether reviewers may take cases that nobody was assigned to."),
    ),
    "second_confirmation": (
        msg("Second confirmation"),
        msg(
            "Whether a second administrator confirms grants of administration, of seeing who"
            " patients are, and of the arm."
        ),
    ),
    "due_days": (
        msg("Days until a case is due"),
        msg("From the receipt, by type of review; where nothing is said, it is due at no time."),
    ),
    "holidays": (
        msg("Holidays"),
        msg("Days on which the office does not work, one to a line, such as 2026-12-25."),
    ),
    "second_factor_roles": (
        msg("Roles that need an authenticator"),
        msg("Who has one of them gets no further than setting it up until it is there."),
    ),
    "keep_originals_days": (
        msg("Days that originals are kept"),
        msg("After the release, the files that a site sent are deleted; their hashes stay."),
    ),
    "identified_by_token": (
        msg("Identified files by program"),
        msg("Whether a site may send files that are not de-identified with its token."),
    ),
}
"""What each option is called, and what it does."""

NO_REASON: Final = msg("this needs a reason")


@refusing
def show_options(app: OfficeApp, visit: Visit) -> Response:
    """Show all options with their history."""
    return _options(app, visit)


def _options(app: OfficeApp, visit: Visit, problem: object = "", of: str = "") -> Response:
    now = options_of(app.engine)
    status = HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK
    rows = [(name, *OPTION_WORDS[name], getattr(now, name)) for name in OPTION_WORDS]
    usual = OfficeOptions()
    return screen(
        app, visit, "office_options.j2", status, rows=rows, problem=problem, problem_of=of,
        review_kinds=REVIEW_KINDS, roles=ROLES, history=option_history(app.engine),
        usual={name: getattr(usual, name) for name in OPTION_WORDS},
    )  # fmt: skip


@refusing
def change_option(app: OfficeApp, visit: Visit) -> Response:
    """Set one option, with a reason.

    Raises
    ------
    UsageError
        There is no such option.
    """
    name = visit.said("name")
    if name not in OPTION_WORDS:
        raise UsageError("no such option")
    reason = visit.said("reason").strip()
    if not reason:
        return _options(app, visit, NO_REASON, name)
    try:
        set_option(app.engine, app.acting(visit), name, value_said(name, visit), reason)
    except UsageError as error:
        return _options(app, visit, said(error), name)
    app.options_changed()
    return see_other("/options")


def value_said(name: str, visit: Visit) -> Any:  # noqa: ANN401 - as its option
    """Return what a form says of an option, in the type of the option.

    Raises
    ------
    UsageError
        A number is none.
    """
    usual = getattr(OfficeOptions(), name)
    text = visit.said("value").strip()
    if isinstance(usual, bool):
        return text == "yes"
    if isinstance(usual, int):
        return _number(text)
    if isinstance(usual, str):
        return text
    if isinstance(usual, dict):
        told = {kind: visit.said(f"value.{kind}").strip() for kind in REVIEW_KINDS}
        return {kind: _number(number) for kind, number in told.items() if number}
    if name == "holidays":
        return text.split()
    return [one.value for one in ROLES if one.value in visit.fields.get("value", ())]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 7):
        raise UsageError("this is no whole number")
    return int(text)


DOORS: Final = (
    Door("GET", "/options", Right.MANAGE_ACCOUNTS, show_options),
    Door("POST", "/options", Right.MANAGE_ACCOUNTS, change_option),
)
