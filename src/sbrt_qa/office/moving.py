"""Taking a step in the life of a submission."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.rows import insert
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.office.acting import Acting, MovedOnError
from sbrt_qa.office.case_standing import CaseStanding, last_transition
from sbrt_qa.office.roles import Role
from sbrt_qa.office.states import State, moves
from sbrt_qa.office.trail import tell

MOVED: Final = "submission moved"


def step(
    connection: Connection,
    case: CaseStanding,
    end: State,
    by: Acting,
    role: Role,
    reason: str = "",
) -> State:
    """Take a step within a transaction, with its row and event, and return the new state.

    Raises
    ------
    MovedOnError
        There is no such move from the state in which the submission is now.
    UsageError
        The move needs a reason.
    """
    last = last_transition(connection, case.submission)
    now = None if last is None else State(last.to_state)
    found = moves(now, end, role)
    if not found:
        got = f"{now or 'no state'} to {end} by {role}"
        raise MovedOnError("this step is not possible now", where=case.code, got=got)
    if all(one.needs_reason for one in found) and not reason.strip():
        raise UsageError("this step needs a reason", got=quoted(end.value))
    row = {
        "submission_id": case.submission, "from_state": "" if now is None else now.value,
        "to_state": end.value, "account_id": by.account, "role": role.value, "reason": reason,
        "at": by.at, "expected": 0 if last is None else last.id,
    }  # fmt: skip
    insert(connection, o.transitions, row)
    told = {"submission": case.submission, "round": case.round}
    before = "" if now is None else now.value
    tell(
        connection, MOVED, case.code, by, role, told,
        reason=reason, before=before, after=end.value,
    )  # fmt: skip
    return end


def refuse_moved_on(case: CaseStanding, expected: int | None) -> None:
    """Raise MovedOnError where a request was made on another state than that of now.

    Parameters
    ----------
    expected
        `CaseStanding.last` of what was shown; None does not ask.
    """
    if expected is not None and expected != case.last:
        raise MovedOnError("the submission has moved on since", where=case.code)


def history(connection: Connection, submission: int) -> list[sa.Row[tuple[object, ...]]]:
    """Return all steps of a submission, oldest first, each with who took it."""
    m, a = o.transitions, o.accounts
    query = (
        sa.select(m, a.c.code.label("account"), a.c.name.label("name"))
        .select_from(m.join(a, m.c.account_id == a.c.id))
        .where(m.c.submission_id == submission)
        .order_by(m.c.id)
    )
    return list(connection.execute(query))
