"""What the page of a case holds for one account: all that it may see now, and nothing else.

A reader of a blind round gets no trace of the other one before all have signed: neither reading nor
signature, nor what the other asked the site. What is not to be seen is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.audit.store.signed_content import EngineItem, engine_items, reviews_of
from sbrt_qa.audit.store.verify_office import signature_state
from sbrt_qa.errors import UsageError
from sbrt_qa.office.acting import Acting, RightsError
from sbrt_qa.office.asking import ask, demand, grants_in
from sbrt_qa.office.case_standing import CaseStanding, assigned, signed_parts, standing_in
from sbrt_qa.office.replaced_codes import coded_items, coded_standing
from sbrt_qa.office.rights import conflict
from sbrt_qa.office.roles import OF_A_SITE, Right, Role
from sbrt_qa.office.signing import SignatureRow, signatures_in
from sbrt_qa.office.states import State, seen_by_site
from sbrt_qa.office.threads import Thread, threads_in
from sbrt_qa.office.trial_options import options_in
from sbrt_qa.office.version_changes import VersionChanges, changes_since

ASKED_OF_CASE: Final = (
    Right.SEE_AUTOMATIC_REVIEW, Right.WRITE_READING, Right.SEND_QUERY, Right.ANSWER_QUERY,
    Right.CLOSE_QUERY, Right.ASSIGN, Right.SET_DUE, Right.REOPEN, Right.SEE_OTHER_READING,
    Right.WITHDRAW,
)  # fmt: skip
"""Rights that decide what a page offers."""


@dataclass(frozen=True, slots=True)
class CaseStep:
    """A step of a submission's life; `who` and `role` are empty where they are not to be seen."""

    at: str
    state: str
    role: str
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class SeenReading:
    """A reading that may be seen; `grade` is what stands there now."""

    key: int
    name: str
    part: str
    round: int
    mine: bool
    signed: bool
    grade: str


@dataclass(frozen=True, slots=True)
class SeenSignature:
    """A signature with whether it still counts."""

    row: SignatureRow
    state: str


@dataclass(frozen=True, slots=True)
class AssignedReader:
    """An account that a submission is assigned to.

    Parameters
    ----------
    may_end
        True while it has not signed.
    barred
        Why it must not judge it any more, such as a conflict declared since; empty where it may.
    """

    key: int
    name: str
    part: str
    may_end: bool
    barred: str = ""


@dataclass(frozen=True, slots=True)
class SeenVersion:
    """Another version of the subject."""

    submission: int
    code: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that may be assigned."""

    key: int
    code: str
    name: str
    part: str


@dataclass(frozen=True, slots=True)
class Barred:
    """A reader or adjudicator that must not judge a submission, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as one account sees it.

    Parameters
    ----------
    role
        By which the account sees it.
    items
        What the program found; None where the account is not to see it.
    rights
        What the account may do with it.
    readers
        Those it is assigned to, as far as they are to be seen.
    versions
        The versions of the subject, this one too, oldest first.
    candidates, barred
        Who may be assigned, and who must not be and why; for who assigns.
    since
        What became of the limits since the version before; None where there is none, or the account
        is not to see what the program found.
    """

    case: CaseStanding
    role: Role
    items: tuple[EngineItem, ...] | None
    steps: tuple[CaseStep, ...]
    readings: tuple[SeenReading, ...]
    signatures: tuple[SeenSignature, ...]
    threads: tuple[Thread, ...]
    rights: frozenset[Right]
    readers: tuple[AssignedReader, ...]
    candidates: tuple[Candidate, ...]
    versions: tuple[SeenVersion, ...] = ()
    barred: tuple[Barred, ...] = ()
    since: VersionChanges | None = None

    @property
    def of_site(self) -> bool:
        """Whether who looks belongs to the site, and sees no names of the office."""
        return self.role in OF_A_SITE

    def may(self, right: str) -> bool:
        """Tell whether the account has a right on this case."""
        return Right(right) in self.rights


def case_view(engine: Database, by: Acting, submission: int, coding: bytes = b"") -> CaseView:
    """Return what an account sees of a submission.

    Parameters
    ----------
    coding
        Key by which codes are replaced for a statistician, who sees nothing without it.

    Raises
    ------
    RightsError
        It sees nothing of it, or there is none.
    """
    with reading(engine) as connection:
        try:
            case = standing_in(connection, submission)
        except UsageError:
            raise RightsError("this is not there") from None
        facts = replace(case.facts, coded=bool(coding))
        role = demand(connection, by, Right.SEE_CASE, facts)
        if case.state is None:
            raise RightsError("this is not there")
        if role is Role.STATISTICIAN:
            return _coded_view(connection, case, coding)
        allowed = frozenset(
            one for one in ASKED_OF_CASE if ask(connection, by, one, case.facts, "a reason")
        )
        hidden = hidden_accounts(case, by, allowed)
        names = dict(connection.execute(sa.select(o.accounts.c.id, o.accounts.c.name)).all())
        items = None
        if Right.SEE_AUTOMATIC_REVIEW in allowed:
            items = tuple(engine_items(connection, submission, reviews_of(connection, submission)))
        shows_names = role not in OF_A_SITE
        candidates, barred = _candidates(connection, case, by, allowed)
        shown = case if shows_names else replace(case, state=seen_by_site(case.state))
        known = {key: name for key, name in names.items() if shows_names and key not in hidden}
        steps = _steps(connection, case, known)
        return CaseView(
            shown, role, items, steps if shows_names else steps_of_site(steps),
            _readings(connection, case, by, allowed, known),
            _signatures(connection, case, by, allowed),
            _threads(connection, case, hidden), allowed,
            _assigned(connection, case, known),
            candidates, _versions(connection, case, by), barred,
            changes_since(connection, case, items) if items else None,
        )  # fmt: skip


def _coded_view(connection: Connection, case: CaseStanding, coding: bytes) -> CaseView:
    """Return a case with its codes replaced: where it stands and what the program found."""
    sites = options_in(connection).statisticians_see_sites
    key = case.submission
    found = engine_items(connection, key, reviews_of(connection, key))
    steps = tuple(replace(one, reason="") for one in _steps(connection, case, {}))
    return CaseView(
        coded_standing(case, coding, sites=sites), Role.STATISTICIAN, coded_items(found), steps, (),
        (), (), frozenset(), (), (),
    )  # fmt: skip


def hidden_accounts(case: CaseStanding, by: Acting, allowed: frozenset[Right]) -> frozenset[int]:
    """Return the accounts of which a blind reader gets no trace."""
    reads = by.account in case.facts.readers
    blind = reads and case.facts.blind and Right.SEE_OTHER_READING not in allowed
    return case.facts.readers - {by.account} if blind else frozenset()


def _steps(
    connection: Connection, case: CaseStanding, known: dict[int, str]
) -> tuple[CaseStep, ...]:
    m = o.transitions
    query = sa.select(m).where(m.c.submission_id == case.submission).order_by(m.c.id)
    return tuple(
        CaseStep(row.at, row.to_state, row.role, known.get(row.account_id, ""), row.reason)
        for row in connection.execute(query)
    )


def steps_of_site(steps: Sequence[CaseStep]) -> tuple[CaseStep, ...]:
    """Return steps as a site is told them: what happens at the office is one, and nobody's."""
    found: list[CaseStep] = []
    for one in steps:
        state = seen_by_site(State(one.state)).value
        if not found or found[-1].state != state:
            found.append(CaseStep(one.at, state, "", "", ""))
    return tuple(found)


def _readings(
    connection: Connection,
    case: CaseStanding,
    by: Acting,
    allowed: frozenset[Right],
    known: dict[int, str],
) -> tuple[SeenReading, ...]:
    r, s = o.readings, o.signatures
    query = (
        sa.select(r, s.c.id.label("signature"))
        .select_from(r.outerjoin(s, s.c.reading_id == r.c.id))
        .where(r.c.submission_id == case.submission)
        .order_by(r.c.id)
    )
    return tuple(
        SeenReading(
            row.id, known.get(row.account_id, ""), row.part, row.round,
            row.account_id == by.account, row.signature is not None, _grade(connection, row.id),
        )
        for row in connection.execute(query)
        if row.account_id == by.account
        or Right.SEE_OTHER_READING in allowed
        or is_past(row.round, case, by, allowed)
    )  # fmt: skip


def is_past(number: int, case: CaseStanding, by: Acting, allowed: frozenset[Right]) -> bool:
    """Tell whether a round is over that a coordinator goes on seeing after a reopening."""
    reads = by.account in case.facts.readers | case.facts.adjudicators
    return number < case.round and Right.ASSIGN in allowed and not reads


def _grade(connection: Connection, key: int) -> str:
    """Return the verdict that stands in a reading; empty where there is none yet."""
    j = o.judgements.c
    query = sa.select(j.after).where(j.reading_id == key, j.kind == "grade")
    return connection.scalar(query.order_by(j.id.desc()).limit(1)) or ""


def _signatures(
    connection: Connection, case: CaseStanding, by: Acting, allowed: frozenset[Right]
) -> tuple[SeenSignature, ...]:
    rows = signatures_in(connection, o.signatures.c.submission_id == case.submission)
    return tuple(
        SeenSignature(row, signature_state(connection, row.id))
        for row in rows
        if row.account == by.account
        or Right.SEE_OTHER_READING in allowed
        or is_past(row.round, case, by, allowed)
    )


def _threads(
    connection: Connection, case: CaseStanding, hidden: frozenset[int]
) -> tuple[Thread, ...]:
    """Return the questions, without those of accounts that are hidden."""
    seen = []
    for one in threads_in(connection, case.submission):
        if one.messages[0].account in hidden:
            continue
        messages = tuple(said for said in one.messages if said.account not in hidden)
        seen.append(replace(one, messages=messages))
    return tuple(seen)


def _assigned(
    connection: Connection, case: CaseStanding, known: dict[int, str]
) -> tuple[AssignedReader, ...]:
    signed = signed_parts(connection, case.submission, case.round)
    found = []
    for one in assigned(connection, case.submission, case.round):
        key = one.account_id
        if key in known:
            own = [g for g in grants_in(connection, key) if g.covers(case.trial, case.site)]
            barred = "" if key in signed else conflict(key, case.facts, own)
            found.append(AssignedReader(key, known[key], one.part, key not in signed, barred))
    return tuple(found)


def _versions(connection: Connection, case: CaseStanding, by: Acting) -> tuple[SeenVersion, ...]:
    """Return the versions of the subject that the account sees."""
    s = t.submissions.c
    query = sa.select(s.id).where(s.subject_id == case.subject_id).order_by(s.version, s.revision)
    found = []
    for key in connection.scalars(query):
        one = standing_in(connection, key)
        if one.state is not None and ask(connection, by, Right.SEE_CASE, one.facts):
            found.append(SeenVersion(key, one.code))
    return tuple(found)


def _candidates(
    connection: Connection, case: CaseStanding, by: Acting, allowed: frozenset[Right]
) -> tuple[tuple[Candidate, ...], tuple[Barred, ...]]:
    """Return who may be assigned, and who has the role but must not judge it, for who assigns."""
    if Right.ASSIGN not in allowed:
        return (), ()
    parts = {Role.REVIEWER: "reader", Role.ADJUDICATOR: "adjudicator"}
    holding = [
        one for one in grants_in(connection)
        if one.holds(by.at) and one.covers(case.trial, case.site)
    ]  # fmt: skip
    rows = {row.id: row for row in connection.execute(sa.select(o.accounts))}
    busy = {
        "reader": case.facts.readers,
        "adjudicator": case.facts.adjudicators | case.facts.readers,
    }
    found: list[Candidate] = []
    barred: list[Barred] = []
    for one in holding:
        part = parts.get(one.role, "")
        row = rows[one.account]
        own = [grant for grant in holding if grant.account == one.account]
        if not part or one.account in busy[part]:
            continue
        if why := conflict(one.account, case.facts, own):
            barred.append(Barred(row.name, why))
        else:
            found.append(Candidate(one.account, row.code, row.name, part))
    return tuple(dict.fromkeys(found)), tuple(dict.fromkeys(barred))


def thread_submission(engine: Database, thread: int) -> int:
    """Return the submission that a question is about.

    Raises
    ------
    RightsError
        There is no such question.
    """
    with reading(engine) as connection:
        query = sa.select(o.threads.c.submission_id).where(o.threads.c.id == thread)
        found = connection.scalar(query)
    if found is None:
        raise RightsError("this is not there")
    return int(found)
