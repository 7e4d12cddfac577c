"""The report of a plan as it was written: its bytes, held against what the records say."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.case_reports import relative_path
from sbrt_qa.audit.published import WRITTEN, recorded_files
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.chain import Event
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.errors import UsageError
from sbrt_qa.i18n.words import msg
from sbrt_qa.office.acting import Acting, RightsError
from sbrt_qa.office.asking import demand
from sbrt_qa.office.case_standing import standing_in
from sbrt_qa.office.roles import Right, Role

NONE_WRITTEN: Final = msg("No report of this plan was written.")
GONE: Final = msg("The report of this plan is recorded, and its file is gone.")
OTHER: Final = msg("The file of this report is not as it was recorded, so it is not shown.")
"""Why a report is not shown."""


@dataclass(frozen=True, slots=True)
class KeptReport:
    """The report of one plan.

    Parameters
    ----------
    plan
        Number of the plan in its submission, from 1.
    content
        The file's bytes; None where they are not there, or are not those that were recorded.
    why
        Why there is no content; empty where there is.
    """

    plan: int
    content: bytes | None
    why: str = ""


def kept_report(
    audit: Path, engine: Database, by: Acting, submission: int, plan: int
) -> tuple[str, KeptReport]:
    """Return the code of a submission and the report of one of its plans.

    Parameters
    ----------
    audit
        The folder of the audit.
    plan
        From 1.

    Raises
    ------
    RightsError
        Who asks may not see what the program found, or there is no such plan.
    """
    code, reports = kept_reports(audit, engine, by, submission)
    if not 0 < plan <= len(reports):
        raise RightsError("this is not there")
    return code, reports[plan - 1]


def kept_reports(
    audit: Path, engine: Database, by: Acting, submission: int
) -> tuple[str, list[KeptReport]]:
    """Return the code of a submission, and the reports of all its plans by their numbers.

    Raises
    ------
    RightsError
        Who asks may not see what the program found of this submission, or there is none.
    """
    with reading(engine) as connection:
        try:
            case = standing_in(connection, submission)
        except UsageError:
            raise RightsError("this is not there") from None
        role = demand(connection, by, Right.SEE_AUTOMATIC_REVIEW, case.facts)
        if role is Role.STATISTICIAN:  # who sees replaced codes only, and a report shows the true
            raise RightsError("this is not there")
        known = _recorded(connection, case.code)
        c = t.cases.c
        query = sa.select(c.ordinal).where(c.submission_id == submission).order_by(c.ordinal)
        plans = list(connection.scalars(query))
    return case.code, [_kept(audit, case.code, plan, known) for plan in plans]


def _recorded(connection: Connection, code: str) -> dict[str, str]:
    e = t.audit_events
    told = sa.select(e).where(sa.or_(e.c.subject == code, e.c.kind == WRITTEN)).order_by(e.c.seq)
    return recorded_files(Event(**row) for row in connection.execute(told).mappings())


def _kept(audit: Path, code: str, plan: int, known: dict[str, str]) -> KeptReport:
    path = relative_path(code, plan)
    recorded = known.get(path, "")
    if not recorded:
        return KeptReport(plan, None, NONE_WRITTEN)
    try:
        content = (audit / path).read_bytes()
    except OSError:
        return KeptReport(plan, None, GONE)
    if hashlib.sha256(content).hexdigest() != recorded:
        return KeptReport(plan, None, OTHER)
    return KeptReport(plan, content)
