"""Reopening what was decided, and withdrawing a submission."""

from __future__ import annotations

from typing import Final

from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.connection import Database, written
from sbrt_qa.audit.store.rows import insert, is_there
from sbrt_qa.errors import UsageError
from sbrt_qa.office.acting import Acting, MovedOnError
from sbrt_qa.office.asking import demand
from sbrt_qa.office.case_standing import assigned, standing_in
from sbrt_qa.office.moving import refuse_moved_on, step
from sbrt_qa.office.roles import Right, Role
from sbrt_qa.office.states import OUTCOMES, State
from sbrt_qa.office.trail import as_engine, tell

REOPENED: Final = "case reopened"


def reopen(
    engine: Database, by: Acting, submission: int, reason: str, *, expected: int | None = None
) -> int:
    """Take a decided submission up again, with the same readers; return the new round's number.

    Old readings, signatures and the decision stay; they are marked as superseded from now on.

    Raises
    ------
    RightsError, UsageError, MovedOnError
        Who acts is no coordinator; no reason is given; it is not decided.
    """
    if not reason.strip():
        raise UsageError("this needs a reason")

    def work(connection: Connection) -> int:
        case = standing_in(connection, submission)
        refuse_moved_on(case, expected)
        role = demand(connection, by, Right.REOPEN, case.facts)
        if case.state not in OUTCOMES:
            raise MovedOnError("it is not decided", where=case.code, got=str(case.state))
        old = assigned(connection, submission, case.round)
        step(connection, case, State.REOPENED, by, role, reason)
        number = case.round + 1
        row = {
            "submission_id": submission, "round": number, "reason": reason,
            "by_account_id": by.account, "at": by.at,
        }  # fmt: skip
        insert(connection, o.reopenings, row)
        for one in old:
            if one.part == "reader":
                insert(connection, o.assignments, {
                    "submission_id": submission, "round": number, "part": one.part,
                    "account_id": one.account_id, "by_account_id": by.account,
                    "reason": reason, "at": by.at,
                })  # fmt: skip
        told = {"submission": submission}
        tell(
            connection, REOPENED, case.code, by, role, told,
            reason=reason, before=case.round, after=number,
        )  # fmt: skip
        program = as_engine(connection, by.at)
        again = standing_in(connection, submission)
        step(connection, again, State.IN_REVIEW, program, Role.ENGINE)
        return number

    return written(engine, work, durable=True)


def withdraw(
    engine: Database, by: Acting, submission: int, reason: str, *, expected: int | None = None
) -> None:
    """Withdraw a submission: its site as long as nobody has signed, a coordinator at any time.

    Nothing is deleted.

    Raises
    ------
    RightsError, UsageError, MovedOnError
        Who acts may not; no reason is given; it is withdrawn, or (site) somebody has signed.
    """
    if not reason.strip():
        raise UsageError("this needs a reason")

    def work(connection: Connection) -> None:
        case = standing_in(connection, submission)
        refuse_moved_on(case, expected)
        role = demand(connection, by, Right.WITHDRAW, case.facts, reason)
        if role is Role.PHYSICIST and is_there(
            connection, o.signatures, {"submission_id": submission}
        ):
            raise MovedOnError("a reader has signed; ask the office", where=case.code)
        step(connection, case, State.WITHDRAWN, by, role, reason)

    written(engine, work, durable=True)


def release_from_quarantine(engine: Database, by: Acting, submission: int, reason: str) -> None:
    """Let a submission out of quarantine: a coordinator who may see PHI, with a reason.

    Raises
    ------
    RightsError, UsageError, MovedOnError
        Who acts may not; no reason is given; it is not in quarantine.
    """

    def work(connection: Connection) -> None:
        case = standing_in(connection, submission)
        role = demand(connection, by, Right.ASSIGN, case.facts)
        demand(connection, by, Right.VIEW_PHI, case.facts)
        step(connection, case, State.RECEIVED, by, role, reason)

    written(engine, work, durable=True)
