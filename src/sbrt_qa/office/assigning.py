"""Who reads what, by when: the plan of a round, assignments, due dates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.connection import Database, reading, written
from sbrt_qa.audit.store.rows import insert
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.i18n.phrase import counted, say
from sbrt_qa.office.acting import Acting, MovedOnError, UnfitError
from sbrt_qa.office.asking import demand, grants_in
from sbrt_qa.office.case_standing import CaseStanding, assigned, signed_parts, standing_in
from sbrt_qa.office.moving import refuse_moved_on, step
from sbrt_qa.office.rights import conflict
from sbrt_qa.office.roles import Right, Role
from sbrt_qa.office.states import OPEN, State
from sbrt_qa.office.trail import tell
from sbrt_qa.office.trial_options import REVIEW_KINDS

PLANNED: Final = "review planned"
ASSIGNED: Final = "reader assigned"
UNASSIGNED: Final = "assignment ended"
DUE: Final = "due date set"

READER: Final = "reader"
ADJUDICATOR: Final = "adjudicator"


def plan_review(
    engine: Database, by: Acting, submission: int, kind: str, readers: int, *, blind: bool
) -> None:
    """Say how this round is to be read, once and before its first reading begins.

    Raises
    ------
    RightsError, UsageError, MovedOnError
        Who acts is no coordinator; there is no such type, or number of readers; it was said.
    """
    if kind not in REVIEW_KINDS or readers not in (1, 2):
        raise UsageError("no such type of review, or number of readers", got=quoted(kind))

    def work(connection: Connection) -> None:
        case = standing_in(connection, submission)
        role = demand(connection, by, Right.ASSIGN, case.facts)
        p, r = o.review_plans.c, o.readings.c
        planned = sa.select(p.id).where(p.submission_id == submission, p.round == case.round)
        begun = sa.select(r.id).where(r.submission_id == submission, r.round == case.round)
        if any(connection.scalar(one.limit(1)) is not None for one in (planned, begun)):
            raise MovedOnError("how this round is read is settled already", where=case.code)
        row = {
            "submission_id": submission, "round": case.round, "kind": kind, "readers": readers,
            "blind": blind, "by_account_id": by.account, "at": by.at,
        }  # fmt: skip
        insert(connection, o.review_plans, row)
        told = {"submission": submission, "round": case.round}
        before = _plan_text(case.kind, case.wanted, blind=case.blind)
        after = _plan_text(kind, readers, blind=blind)
        tell(connection, PLANNED, case.code, by, role, told, before=before, after=after)

    written(engine, work)


def _plan_text(kind: str, readers: int, *, blind: bool) -> str:
    return f"{kind}, {counted(readers, 'reader')}, {'blind' if blind else 'open'}"


def assign(
    engine: Database,
    by: Acting,
    submissions: Iterable[int],
    account: int,
    *,
    part: str = READER,
    reason: str = "",
) -> None:
    """Assign submissions to a reader or adjudicator: all of them, or none.

    Raises
    ------
    RightsError
        Who acts is no coordinator.
    UnfitError
        The account may not judge one of them: it has no such role, belongs to the site, sent it,
        declared a conflict, or (adjudicator) has read it.
    MovedOnError
        One has all its readers, this one among them, or is in no state to be assigned.
    """
    listed = list(submissions)

    def work(connection: Connection) -> None:
        for submission in listed:
            case = standing_in(connection, submission)
            role = demand(connection, by, Right.ASSIGN, case.facts)
            add_assignment(connection, case, by, role, account, part, reason)

    written(engine, work)


@dataclass(frozen=True, slots=True)
class OfficeNames:
    """Names of accounts by their keys: of all, and of those who read somewhere, in order."""

    every: dict[int, str]
    readers: tuple[tuple[int, str], ...]


def office_names(engine: Database, at: str) -> OfficeNames:
    """Return the names of all accounts and of everybody who reads at a time, in one statement.

    Whether one of them may read a case is asked when it is assigned.
    """
    a, g, s = o.accounts.c, o.grants.c, o.account_states.c
    ended = sa.select(o.grant_ends.c.id).where(o.grant_ends.c.grant_id == g.id)
    reads = sa.select(g.account_id).where(
        g.role == Role.REVIEWER.value, g.begin_at <= at,
        sa.or_(g.until_at == "", g.until_at > at), ~ended.exists(),
    )  # fmt: skip
    state = sa.select(s.state).where(s.account_id == a.id).order_by(s.id.desc()).limit(1)
    last = sa.func.coalesce(state.scalar_subquery(), "")
    reads_now = sa.case((sa.and_(a.id.in_(reads), last != "locked"), 1), else_=0)
    query = sa.select(a.id, a.name, reads_now.label("reads")).order_by(a.name)
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    readers = tuple((row.id, row.name) for row in rows if row.reads)
    return OfficeNames({row.id: row.name for row in rows}, readers)


def take_case(
    engine: Database, by: Acting, submission: int, *, expected: int | None = None
) -> None:
    """Take a submission that nobody was assigned to, as its reader.

    Raises
    ------
    RightsError, MovedOnError
        The trial has no pool, or as in :func:`assign`.
    """

    def work(connection: Connection) -> None:
        case = standing_in(connection, submission)
        refuse_moved_on(case, expected)
        role = demand(connection, by, Right.TAKE_FROM_POOL, case.facts)
        add_assignment(connection, case, by, role, by.account, READER, "")

    written(engine, work)


def add_assignment(
    connection: Connection,
    case: CaseStanding,
    by: Acting,
    role: Role,
    account: int,
    part: str,
    reason: str,
) -> None:
    """Add an assignment within a transaction; the first one moves a reviewed submission on.

    Raises
    ------
    UnfitError, MovedOnError
        Who is assigned must not judge it; the account has it already, its state takes no
        assignment, or nobody more is needed.
    """
    _refuse_unfit(connection, case, by, account, part)
    holding = assigned(connection, case.submission, case.round)
    if any(one.account_id == account for one in holding):
        raise MovedOnError("this account is assigned to the submission already", where=case.code)
    fits = {State.REVIEWED_BY_ENGINE, State.ASSIGNED, State.IN_REVIEW, State.QUERIED}
    if part == ADJUDICATOR:
        fits |= {State.READ, State.ADJUDICATION}
    if case.state not in fits:
        got = str(case.state)
        raise MovedOnError("it cannot be assigned in its present state", where=case.code, got=got)
    same = [one for one in holding if one.part == part]
    if len(same) >= (case.wanted if part == READER else 1):
        raise MovedOnError("all who are needed are assigned", where=case.code)
    row = {
        "submission_id": case.submission, "round": case.round, "part": part,
        "account_id": account, "by_account_id": by.account, "reason": reason, "at": by.at,
    }  # fmt: skip
    made = insert(connection, o.assignments, row)
    told = {"submission": case.submission, "round": case.round, "assignment": made, "part": part}
    code = connection.scalar(sa.select(o.accounts.c.code).where(o.accounts.c.id == account))
    tell(connection, ASSIGNED, case.code, by, role, told, reason=reason, after=code)
    if case.state is State.REVIEWED_BY_ENGINE and part == READER:
        step(connection, case, State.ASSIGNED, by, role, reason)


def _refuse_unfit(
    connection: Connection, case: CaseStanding, by: Acting, account: int, part: str
) -> None:
    """Raise UnfitError where an account must not judge a submission."""
    wanted = {READER: Role.REVIEWER, ADJUDICATOR: Role.ADJUDICATOR}.get(part)
    s = o.account_states.c
    last = sa.select(s.state).where(s.account_id == account).order_by(s.id.desc()).limit(1)
    holding = [
        g for g in grants_in(connection, account)
        if g.holds(by.at) and g.covers(case.trial, case.site)
    ]  # fmt: skip
    if wanted is None or not any(g.role is wanted for g in holding):
        raise UnfitError("this account does not have this role here", where=case.code, got=part)
    if connection.scalar(last) == "locked":
        raise UnfitError("this account is locked", where=case.code)
    if why := conflict(account, case.facts, holding):
        raise UnfitError("this account must not judge it", where=case.code, got=why)
    has_read = case.facts.readers | set(signed_parts(connection, case.submission, case.round))
    if part == ADJUDICATOR and account in has_read:
        raise UnfitError("the adjudicator must be none of the readers", where=case.code)
    if part == READER and account in case.facts.adjudicators:
        raise UnfitError("a reader must not be the adjudicator", where=case.code)


def end_assignment(
    engine: Database, by: Acting, submission: int, account: int, reason: str
) -> None:
    """Take a submission from a reader who has not signed.

    Raises
    ------
    RightsError, UsageError, MovedOnError
        Who acts is no coordinator; no reason is given; the account does not have it, or has signed.
    """
    if not reason.strip():
        raise UsageError("this needs a reason")

    def work(connection: Connection) -> None:
        case = standing_in(connection, submission)
        role = demand(connection, by, Right.ASSIGN, case.facts)
        holding = assigned(connection, submission, case.round)
        mine = next((one for one in holding if one.account_id == account), None)
        if mine is None or account in signed_parts(connection, submission, case.round):
            what = "this account is not assigned to it, or has signed already"
            raise MovedOnError(what, where=case.code)
        row = {
            "assignment_id": mine.id, "by_account_id": by.account, "reason": reason, "at": by.at,
        }  # fmt: skip
        insert(connection, o.assignment_ends, row)
        code = connection.scalar(sa.select(o.accounts.c.code).where(o.accounts.c.id == account))
        told = {"submission": submission, "assignment": mine.id}
        tell(connection, UNASSIGNED, case.code, by, role, told, reason=reason, before=code)

    written(engine, work)


def set_due(engine: Database, by: Acting, submission: int, due: str, reason: str = "") -> None:
    """Say by when an open submission is to be decided: UTC, ISO 8601.

    Raises
    ------
    RightsError, UsageError, MovedOnError
        Who acts is no coordinator; it is no time; the submission is not open.
    """
    try:
        known = datetime.fromisoformat(due).tzinfo is not None and due.endswith("Z")
    except ValueError:
        known = False
    if not known:
        expected = say("UTC as 2026-02-03T12:00:00Z")
        raise UsageError("not a time", got=quoted(due), expected=expected)

    def work(connection: Connection) -> None:
        case = standing_in(connection, submission)
        role = demand(connection, by, Right.SET_DUE, case.facts)
        if case.state not in OPEN:
            raise MovedOnError("it is not open", where=case.code, got=str(case.state))
        row = {
            "submission_id": submission, "due": due, "reason": reason,
            "by_account_id": by.account, "at": by.at,
        }  # fmt: skip
        insert(connection, o.due_dates, row)
        told = {"submission": submission}
        tell(
            connection, DUE, case.code, by, role, told,
            reason=reason, before=case.due, after=due,
        )  # fmt: skip

    written(engine, work)
