"""What a trial allows in its office: options, each set by a person, with its history."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.connection import Database, reading, written
from sbrt_qa.audit.store.rows import insert
from sbrt_qa.audit.working_time import DUE_DAYS
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.asking import demand
from sbrt_qa.office.roles import ROLES, Right
from sbrt_qa.office.trail import tell

OPTION: Final = "office option set"

REVIEW_KINDS: Final = ("pre-treatment", "timely retrospective", "retrospective", "benchmark case")
"""Types of review."""


@dataclass(frozen=True, slots=True)
class OfficeOptions:
    """What the trial allows.

    Parameters
    ----------
    default_kind
        The type of review of a submission for which none was planned.
    readers
        Readers by type of review; one where the type is not named.
    blind
        Whether a second reader sees nothing of the first before both have signed.
    automatic_decision
        Whether readings that agree decide a case without an adjudicator.
    sites_see_verdict
        Whether a site sees the automatic review of its own submissions.
    statisticians_see_sites
        Whether a statistician, for whom the codes of subjects are replaced, sees those of sites.
    pool
        Whether reviewers may take cases that nobody was assigned to.
    second_confirmation
        Whether grants of PHI, admin and unblinding need a second account.
    due_days
        Days from the receipt to the due date, by type of review.
    holidays
        Dates (ISO 8601) on which the office does not work; working hours leave them out.
    second_factor_roles
        Roles whose accounts need an authenticator besides their password.
    keep_originals_days
        Days after the release of a submission when the files that a site sent are deleted.
    identified_by_token
        Whether `sbrt-qa submit --identified` may send such files.
    """

    default_kind: str = "timely retrospective"
    readers: dict[str, int] = field(default_factory=dict)
    blind: bool = True
    automatic_decision: bool = True
    sites_see_verdict: bool = False
    statisticians_see_sites: bool = False
    pool: bool = False
    second_confirmation: bool = True
    due_days: dict[str, int] = field(default_factory=lambda: dict(DUE_DAYS))
    holidays: list[str] = field(default_factory=list)
    second_factor_roles: list[str] = field(default_factory=list)
    keep_originals_days: int = 30
    identified_by_token: bool = False

    def __post_init__(self) -> None:
        named = {self.default_kind, *self.readers, *self.due_days}
        if not named <= set(REVIEW_KINDS):
            raise UsageError("no such type of review", expected=", ".join(REVIEW_KINDS))
        if not set(self.readers.values()) <= {1, 2} or min(self.due_days.values(), default=1) < 0:
            raise UsageError("a case has one or two readers, and not fewer than 0 days")
        if not {*self.second_factor_roles} <= {one.value for one in ROLES}:
            expected = ", ".join(ROLES)
            raise UsageError(
                "no such role", got=quoted(self.second_factor_roles), expected=expected
            )
        if not 0 <= self.keep_originals_days <= 36_500:
            raise UsageError("originals are kept for 0 to 36,500 days")
        for text in self.holidays:
            if not is_date(text):
                raise UsageError(
                    "a holiday must be a date", got=quoted(text), expected="2026-12-25"
                )


def is_date(text: object) -> bool:
    """Tell whether something is a day as ``2026-12-25``."""
    try:
        return isinstance(text, str) and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def options_in(connection: Connection) -> OfficeOptions:
    """Return the options as they are now."""
    s = o.office_settings.c
    rows = connection.execute(sa.select(s.name, s.value).order_by(s.id))
    known = {one.name for one in fields(OfficeOptions)}
    return OfficeOptions(**{row.name: json.loads(row.value) for row in rows if row.name in known})


def options_of(engine: Database) -> OfficeOptions:
    """Return the options as they are now."""
    with reading(engine) as connection:
        return options_in(connection)


@dataclass(frozen=True, slots=True)
class OptionSet:
    """One change of an option."""

    name: str
    value: Any
    who: str
    reason: str
    at: str


def option_history(engine: Database) -> tuple[OptionSet, ...]:
    """Return every change of an option, newest first."""
    s, a = o.office_settings, o.accounts
    query = sa.select(s, a.c.name.label("who")).select_from(s.join(a, s.c.by_account_id == a.c.id))
    with reading(engine) as connection:
        return tuple(
            OptionSet(row.name, json.loads(row.value), row.who, row.reason, row.at)
            for row in connection.execute(query.order_by(s.c.id.desc()))
        )


def set_option(engine: Database, by: Acting, name: str, value: Any, reason: str = "") -> None:  # noqa: ANN401
    """Set an option from now on.

    Raises
    ------
    RightsError, UsageError
        Who acts is no admin; there is no such option, or it has no such value.
    """
    if name not in {one.name for one in fields(OfficeOptions)}:
        raise UsageError("no such option", got=quoted(name))
    if type(value) is not type(getattr(OfficeOptions(), name)):
        raise UsageError("not a value of this option", where=name, got=quoted(value))

    def work(connection: Connection) -> None:
        allowed = demand(connection, by, Right.MANAGE_ACCOUNTS)
        now = options_in(connection)
        replace(now, **{name: value})
        row = {
            "name": name, "value": json.dumps(value, sort_keys=True), "by_account_id": by.account,
            "reason": reason, "at": by.at,
        }  # fmt: skip
        insert(connection, o.office_settings, row)
        was = getattr(now, name)
        tell(connection, OPTION, name, by, allowed, {}, reason=reason, before=was, after=value)

    written(engine, work, durable=True)
