"""How submissions of an audit enter the office, and how an older version of one leaves it.

The audit records submissions and reviews; `take_in` gives each its state. It is run whenever an
audit has recorded something and may be run at any time: what is there already is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import Database, written
from sbrt_qa.audit.store.rows import insert, is_there
from sbrt_qa.errors import UsageError
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.asking import demand
from sbrt_qa.office.case_standing import standing_in
from sbrt_qa.office.protocol_rules import take_over_checklist
from sbrt_qa.office.roles import Right, Role
from sbrt_qa.office.states import State, moves
from sbrt_qa.office.trail import as_engine, tell

TAKEN_IN: Final = "submissions taken in"
SENT: Final = "submission sent"


@dataclass(frozen=True, slots=True)
class TakenIn:
    """How many submissions entered the office, went on, and gave way to a newer version."""

    entered: int
    went_on: int
    resubmitted: int


@dataclass(slots=True)
class _Life:
    """A submission on its way in: the last step it took."""

    submission: int
    state: State | None
    last: int
    before: State | None


def take_in(engine: Database, at: str) -> TakenIn:
    """Bring every submission of the audit to where it belongs; return what that changed.

    A submission with a review goes to ``reviewed by engine``, whether its review came to a verdict
    or not; one without waits as ``received``. An open one of which there is a newer version becomes
    ``resubmitted``. A checklist of contours that the newest protocol states is taken over.
    """

    def work(connection: Connection) -> TakenIn:
        take_over_checklist(connection, at)
        return _taken_in(connection, at)

    return written(engine, work)


def _taken_in(connection: Connection, at: str) -> TakenIn:
    lives, newest = _lives(connection)
    reviewed = set(connection.scalars(sa.select(t.cases.c.submission_id).distinct()))
    todo = [(one, _steps(one, reviewed, newest)) for one in lives]
    todo = [(one, steps) for one, steps in todo if steps]
    if not todo:
        return TakenIn(0, 0, 0)
    by = as_engine(connection, at)
    for one, steps in todo:
        for end in steps:
            _go(connection, one, end, by)
    told = {"submissions": {str(one.submission): one.state for one, _ in todo}}
    tell(connection, TAKEN_IN, "", by, Role.ENGINE, told)
    entered = sum(one.before is None for one, _ in todo)
    gone = sum(one.state is State.RESUBMITTED and one.before is not None for one, _ in todo)
    return TakenIn(entered, len(todo) - entered - gone, gone)


def _lives(connection: Connection) -> tuple[list[_Life], set[int]]:
    """Return the submissions with their states, and which are the newest of their subjects."""
    s, m = t.submissions.c, o.transitions.c
    last = sa.select(sa.func.max(m.id)).group_by(m.submission_id)
    states = {
        row.submission_id: (State(row.to_state), int(row.id))
        for row in connection.execute(sa.select(o.transitions).where(m.id.in_(last)))
    }
    query = sa.select(s.id, s.subject_id).order_by(s.subject_id, s.version, s.revision)
    lives, newest = [], {}
    for row in connection.execute(query):
        state, key = states.get(row.id, (None, 0))
        lives.append(_Life(row.id, state, key, state))
        newest[row.subject_id] = row.id
    return lives, set(newest.values())


def _steps(one: _Life, reviewed: set[int], newest: set[int]) -> list[State]:
    """Return the steps that a submission is to take now; often none."""
    steps, now = [], one.state
    wanted = [State.RECEIVED] if now is None else []
    if one.submission in reviewed:
        wanted += [State.AUTOMATIC_REVIEW, State.REVIEWED_BY_ENGINE]
    if one.submission not in newest:
        wanted.append(State.RESUBMITTED)
    for end in wanted:
        if moves(now, end, Role.ENGINE):
            steps.append(end)
            now = end
    return steps


def _go(connection: Connection, one: _Life, end: State, by: Acting) -> None:
    row = {
        "submission_id": one.submission, "from_state": "" if one.state is None else one.state.value,
        "to_state": end.value, "account_id": by.account, "role": Role.ENGINE.value, "reason": "",
        "at": by.at, "expected": one.last,
    }  # fmt: skip
    one.last = insert(connection, o.transitions, row)
    one.state = end


def name_sender(engine: Database, by: Acting, submission: int) -> None:
    """Record that an account sent a submission; it never reviews that one.

    Raises
    ------
    RightsError, UsageError
        The account may not upload for this site; somebody else sent it.
    """

    def work(connection: Connection) -> None:
        case = standing_in(connection, submission)
        role = demand(connection, by, Right.UPLOAD, case.facts)
        if is_there(connection, o.senders, {"submission_id": submission}):
            raise UsageError("the sender of this submission is known", where=case.code)
        row = {"submission_id": submission, "account_id": by.account, "at": by.at}
        insert(connection, o.senders, row)
        tell(connection, SENT, case.code, by, role, {"submission": submission})

    written(engine, work)
