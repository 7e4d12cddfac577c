"""Rights of the office, cell by cell, and the moves of a submission's life."""

from __future__ import annotations

from itertools import product

import pytest

from sbrt_qa.office.rights import MATRIX, CaseFacts, Scope, may
from sbrt_qa.office.roles import ROLES, SEPARATE, Grant, Right, Role
from sbrt_qa.office.states import MOVES, OUTCOMES, State, moves, next_states

NOW = "2026-03-02T10:00:00.000Z"
ME = 7
CASE = CaseFacts(trial="T", site="S1", readers=frozenset({8}))
PERMITTED = CaseFacts(
    trial="T", site="S1", readers=frozenset({ME}), adjudicators=frozenset({ME}), complete=True,
    in_adjudication=True, sites_see_verdict=True, pool=True, coded=True,
)  # fmt: skip


def grant(role: Role, site: str = "*", account: int = ME, **others: object) -> Grant:
    return Grant(1, account, role, "T", site, "2026-01-01T00:00:00Z", **others)


def own(role: Role) -> Grant:
    return grant(role, "S1" if role in (Role.SUBMITTER, Role.PHYSICIST) else "*")


TABLE = """
upload                              y y - - y - - -
see own site's submissions          y y - - y - - y
see automatic review of own site    y y y y y y - y
answer query                        - y - - y - - -
withdraw submission                 - y - - y - - -
see case                            y y y y y y - y
see another reader's reading        - - y y y - - y
write reading                       - - y y - - - -
sign reading                        - - y y - - - -
send query                          - - y y y - - -
assign                              - - - - y - - -
take from pool                      - - y - y - - -
set due date                        - - - - y - - -
close query                         - - - - y - - -
reopen                              - - - - y - - -
view PHI                            - y - - y - - -
download DICOM                      y y y y y - - -
export tables                       - - - - y y - y
see arm                             - - - - - y - -
propose grant                       - - - - y - y -
accounts, grants, peers, settings   - - - - - - y -
see own actions                     - y y y y - y y
see audit trail of the trial        - - - - y - - y
see security part of the trail      - - - - - - y y
see access log                      - - - - y - - y
declare conflict of interest        - - y y y - - -
see conflicts of interest           - - y y y - - y
verify                              - - - - y - - y
"""
"""Written down by hand, not taken from the code: who may where all conditions hold."""

CELLS = [
    (Right(line[:36].strip()), role, cell == "y")
    for line in TABLE.strip().splitlines()
    for role, cell in zip(ROLES, line[36:].split(), strict=True)
]


def test_every_cell_is_written_down():
    assert {(right, role) for right, role, _ in CELLS} == set(product(Right, ROLES))
    assert all(set(MATRIX[right]) == set(ROLES) for right in Right)


@pytest.mark.parametrize(("right", "role", "allowed"), CELLS, ids=str)
def test_a_cell_of_the_matrix(right, role, allowed):
    grants = [own(role), *(grant(one) for one in SEPARATE)]
    found = may(grants, right, PERMITTED, at=NOW, account=ME, reason="asked by the site")
    assert bool(found) is allowed
    assert found.role is (role if allowed else None)
    assert allowed or found.why
    elsewhere = CaseFacts(**{**_fields(PERMITTED), "site": "S2"})
    if role in (Role.SUBMITTER, Role.PHYSICIST):
        assert not may(grants, right, elsewhere, at=NOW, account=ME, reason="x")
    other_trial = CaseFacts(**{**_fields(PERMITTED), "trial": "T2"})
    assert not may(grants, right, other_trial, at=NOW, account=ME, reason="x")
    late = [grant(role, own(role).site, until=NOW), *grants[1:]]
    early = [Grant(1, ME, role, "T", own(role).site, "2026-03-03T00:00:00Z")]
    waits = [grant(role, own(role).site, confirmed=False)]
    ended = [grant(role, own(role).site, ended=NOW)]
    for without in (late, early, waits, ended, []):
        assert not may(without, right, PERMITTED, at=NOW, account=ME, reason="x")


def _fields(facts: CaseFacts) -> dict[str, object]:
    return {name: getattr(facts, name) for name in CaseFacts.__dataclass_fields__}


@pytest.mark.parametrize(("right", "role", "allowed"), CELLS, ids=str)
def test_a_cell_with_a_condition_is_refused_without_it(right, role, allowed):
    scope = MATRIX[right][role]
    needs = {
        Scope.TRIAL_OPTION, Scope.WITH_REASON, Scope.ASSIGNED, Scope.IN_ADJUDICATION,
        Scope.AFTER_BOTH, Scope.OWN_READING, Scope.POOL, Scope.WITH_GRANT,
        Scope.OWN_SITE_WITH_GRANT, Scope.CODED,
    }  # fmt: skip
    found = may([own(role)], right, CASE, at=NOW, account=ME)
    assert bool(found) is (allowed and scope not in needs)


@pytest.mark.parametrize(
    "facts",
    [
        {"submitters": frozenset({ME})},
        {"conflicted": frozenset({ME})},
        {"at_home": frozenset({ME})},
    ],
)
@pytest.mark.parametrize("role", [Role.REVIEWER, Role.ADJUDICATOR])
def test_p31__nobody_judges_their_own(facts, role):
    case = CaseFacts(**{**_fields(PERMITTED), **facts})
    for right in (Right.SEE_CASE, Right.WRITE_READING, Right.SIGN_READING, Right.SEND_QUERY):
        assert may([grant(role)], right, PERMITTED, at=NOW)
        assert not may([grant(role)], right, case, at=NOW)
    of_site = [grant(role), grant(Role.PHYSICIST, "S1")]
    assert not may(of_site, Right.SIGN_READING, PERMITTED, at=NOW)
    assert may([grant(role), grant(Role.PHYSICIST, "S2")], Right.SIGN_READING, PERMITTED, at=NOW)


def test_p32__seeing_reviewing_and_approving_are_three_rights():
    assert {Right.SEE_AUTOMATIC_REVIEW, Right.WRITE_READING, Right.SIGN_READING} <= set(MATRIX)
    physicist = [grant(Role.PHYSICIST, "S1")]
    assert may(physicist, Right.SEE_AUTOMATIC_REVIEW, PERMITTED, at=NOW)
    assert not may(physicist, Right.WRITE_READING, PERMITTED, at=NOW)


def test_grants_of_another_account_do_not_count():
    both = [grant(Role.COORDINATOR, account=8), grant(Role.REVIEWER)]
    assert not may(both, Right.ASSIGN, PERMITTED, at=NOW, account=ME)
    assert may(both, Right.ASSIGN, PERMITTED, at=NOW, account=8)


# --- moves ---------------------------------------------------------------------------------------

E, C, R, J, P = Role.ENGINE, Role.COORDINATOR, Role.REVIEWER, Role.ADJUDICATOR, Role.PHYSICIST
S = State
LISTED: set[tuple[State | None, State, Role]] = {
    (None, S.RECEIVED, E), (S.RECEIVED, S.INCOMPLETE, E), (S.INCOMPLETE, S.RECEIVED, E),
    (S.RECEIVED, S.QUARANTINED, E), (S.QUARANTINED, S.RECEIVED, C),
    (S.RECEIVED, S.AUTOMATIC_REVIEW, E), (S.AUTOMATIC_REVIEW, S.REVIEWED_BY_ENGINE, E),
    (S.REVIEWED_BY_ENGINE, S.ASSIGNED, C), (S.REVIEWED_BY_ENGINE, S.ASSIGNED, R),
    (S.REVIEWED_BY_ENGINE, S.ASSIGNED, E), (S.ASSIGNED, S.IN_REVIEW, R),
    (S.IN_REVIEW, S.QUERIED, R), (S.IN_REVIEW, S.QUERIED, C), (S.ADJUDICATION, S.QUERIED, J),
    (S.ADJUDICATION, S.QUERIED, C), (S.QUERIED, S.ANSWERED, P), (S.QUERIED, S.ANSWERED, C),
    (S.ANSWERED, S.IN_REVIEW, E), (S.ANSWERED, S.ADJUDICATION, E), (S.IN_REVIEW, S.READ, R),
    (S.READ, S.DECIDED, E), (S.READ, S.ADJUDICATION, E), (S.ADJUDICATION, S.DECIDED, J),
    (S.REOPENED, S.IN_REVIEW, E),
    *((S.DECIDED, one, role) for one in OUTCOMES for role in (R, J)),
    *((one, S.WITHDRAWN, role) for one in S if one is not S.WITHDRAWN for role in (C, P)),
    *((one, S.REOPENED, C) for one in OUTCOMES),
    *((one, S.RESUBMITTED, E) for one in S
      if one not in {*OUTCOMES, S.WITHDRAWN, S.RESUBMITTED}),
}  # fmt: skip


def test_exactly_the_listed_moves_exist():
    every = set(product((None, *State), State, Role))
    assert {(a, b, role) for a, b, role in every if moves(a, b, role)} == LISTED
    for begin, role in product((None, *State), Role):
        assert set(next_states(begin, role)) == {b for a, b, r in LISTED if (a, r) == (begin, role)}
    assert {one.number for one in MOVES} == set(range(1, 21))


def test_every_state_but_the_ends_leads_on():
    for one in State:
        assert (
            any(begin is one for begin, _, _ in LISTED)
            or one is S.WITHDRAWN
            or (one is S.RESUBMITTED)
        )
