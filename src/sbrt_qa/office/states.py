"""The life of a submission: the states it can be in, and every move from one to another.

A move that is not in `MOVES` does not exist. The state of a submission is the last row of
`transitions`; a new row names the row that it follows, so two that follow the same one cannot both
be recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sbrt_qa.office.roles import Role


class State(StrEnum):
    """Where a submission stands."""

    RECEIVED = "received"
    INCOMPLETE = "incomplete"
    QUARANTINED = "quarantined"
    AUTOMATIC_REVIEW = "automatic review"
    REVIEWED_BY_ENGINE = "reviewed by engine"
    ASSIGNED = "assigned"
    IN_REVIEW = "in review"
    QUERIED = "queried"
    ANSWERED = "answered"
    RESUBMITTED = "resubmitted"
    READ = "read"
    ADJUDICATION = "adjudication"
    DECIDED = "decided"
    ACCEPTED = "accepted"
    ACCEPTED_WITH_DEVIATION = "accepted with deviation"
    REJECTED = "rejected"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"


OUTCOMES: Final = frozenset({State.ACCEPTED, State.ACCEPTED_WITH_DEVIATION, State.REJECTED})
"""States of a submission that was decided."""

OPEN: Final = frozenset(State) - OUTCOMES - {State.WITHDRAWN, State.RESUBMITTED}
"""States in which something is still to be done."""

WITH_SITE: Final = frozenset({State.INCOMPLETE, State.QUERIED})
"""States in which the site has the next word; the office's clock stands still."""

AT_OFFICE: Final = frozenset({
    State.REVIEWED_BY_ENGINE, State.ASSIGNED, State.IN_REVIEW, State.ANSWERED, State.READ,
    State.ADJUDICATION, State.DECIDED, State.REOPENED,
})  # fmt: skip
"""States that are one to a site: it learns neither how many read, nor whether they agree."""


def seen_by_site(state: State) -> State:
    """Return the state that a site is told: of all that happens at the office, in review."""
    if state is State.AUTOMATIC_REVIEW:
        return State.RECEIVED
    return State.IN_REVIEW if state in AT_OFFICE else state


@dataclass(frozen=True, slots=True)
class StateMove:
    """A step of a submission's life that may be taken.

    Parameters
    ----------
    number
        Of the row of the table of moves; several moves share one.
    begin
        States it starts from; None stands for a submission that has no state yet.
    end
        The state it leads to.
    roles
        Who may take it.
    needs_reason
        Whether it is refused without a word why.
    """

    number: int
    begin: frozenset[State | None]
    end: State
    roles: frozenset[Role]
    needs_reason: bool = False


def _move(
    number: int,
    begin: State | frozenset[State] | None,
    end: State,
    *roles: Role,
    needs_reason: bool = False,
) -> StateMove:
    starts: frozenset[State | None]
    starts = frozenset(begin) if isinstance(begin, frozenset) else frozenset({begin})
    return StateMove(number, starts, end, frozenset(roles), needs_reason)


_ENGINE, _C, _R, _J, _P = (
    Role.ENGINE, Role.COORDINATOR, Role.REVIEWER, Role.ADJUDICATOR, Role.PHYSICIST,
)  # fmt: skip
S = State

MOVES: Final = (
    _move(1, None, S.RECEIVED, _ENGINE),
    _move(2, S.RECEIVED, S.INCOMPLETE, _ENGINE),
    _move(3, S.INCOMPLETE, S.RECEIVED, _ENGINE),
    _move(4, S.RECEIVED, S.QUARANTINED, _ENGINE),
    _move(5, S.QUARANTINED, S.RECEIVED, _C, needs_reason=True),
    _move(6, S.RECEIVED, S.AUTOMATIC_REVIEW, _ENGINE),
    _move(7, S.AUTOMATIC_REVIEW, S.REVIEWED_BY_ENGINE, _ENGINE),
    _move(8, S.REVIEWED_BY_ENGINE, S.ASSIGNED, _C, _R, _ENGINE),
    _move(9, S.ASSIGNED, S.IN_REVIEW, _R),
    _move(10, S.IN_REVIEW, S.QUERIED, _R, _C),
    _move(10, S.ADJUDICATION, S.QUERIED, _J, _C),
    _move(11, S.QUERIED, S.ANSWERED, _P, _C),
    _move(12, S.ANSWERED, S.IN_REVIEW, _ENGINE),
    _move(12, S.ANSWERED, S.ADJUDICATION, _ENGINE),
    _move(13, OPEN, S.RESUBMITTED, _ENGINE),
    _move(14, S.IN_REVIEW, S.READ, _R),
    _move(15, S.READ, S.DECIDED, _ENGINE),
    _move(16, S.READ, S.ADJUDICATION, _ENGINE),
    _move(17, S.ADJUDICATION, S.DECIDED, _J),
    *(_move(18, S.DECIDED, one, _R, _J) for one in sorted(OUTCOMES)),
    _move(19, frozenset(State) - {S.WITHDRAWN}, S.WITHDRAWN, _C, _P, needs_reason=True),
    _move(20, OUTCOMES, S.REOPENED, _C, needs_reason=True),
    _move(20, S.REOPENED, S.IN_REVIEW, _ENGINE),
)
"""Every move. A coordinator who answers for a site (11) gives a reason. Moves 5 and 19 lead out of
quarantine; the site's physicist withdraws (19) only what
nobody has signed yet, which the use case holds to."""


def moves(begin: State | None, end: State, role: Role | None = None) -> tuple[StateMove, ...]:
    """Return the moves from one state to another that a role, or anybody, may take; often none."""
    return tuple(
        one
        for one in MOVES
        if begin in one.begin and one.end is end and (role is None or role in one.roles)
    )


def next_states(begin: State | None, role: Role) -> tuple[State, ...]:
    """Return the states that a role can move a submission to, in order of the moves."""
    found = (one.end for one in MOVES if begin in one.begin and role in one.roles)
    return tuple(dict.fromkeys(found))
