"""A reader's work on a submission: agreeing with what the program found, or overriding it.

Every word is a row of its own with what stood there before, so nothing is lost when a browser or a
machine ends, and the history of a reading is whole. What the program found is never changed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.connection import Database, reading, written
from sbrt_qa.audit.store.records import sha256
from sbrt_qa.audit.store.rows import insert
from sbrt_qa.audit.store.signed_content import (
    EngineItem,
    engine_items,
    last_judgements,
    reviews_of,
    standing_comments,
)
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.office.acting import Acting, MovedOnError, RightsError
from sbrt_qa.office.asking import ask, demand
from sbrt_qa.office.assigning import ADJUDICATOR, READER
from sbrt_qa.office.case_standing import CaseStanding, standing_in
from sbrt_qa.office.checklist import ContourQuestion, newest_checklist, questions_of
from sbrt_qa.office.deciding import CANNOT_JUDGE
from sbrt_qa.office.moving import step
from sbrt_qa.office.protocol_rules import reasons_in
from sbrt_qa.office.roles import Right, Role
from sbrt_qa.office.states import OUTCOMES, State
from sbrt_qa.office.trail import tell

OPENED: Final = "reading opened"
JUDGED: Final = "reading changed"
COMMENTED: Final = "comment written"

GRADES: Final = (*(one.value for one in State if one in OUTCOMES), CANNOT_JUDGE)
"""Grades of a case."""

ANSWERS: Final = ("acceptable", "acceptable variation", "unacceptable", "not judged")
"""Answers to a question of the checklist."""

SHORTEST_REASON: Final = 10
"""Characters of the justification of an override."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One word of a reader.

    Parameters
    ----------
    kind
        ``engine``, ``contour`` or ``grade``.
    item
        Key of the item; ``grade`` for the grade.
    after
        The verdict, answer or grade; empty takes it back.
    before
        What the reader saw there; None does not ask.
    """

    kind: str
    item: str
    after: str
    reason_code: str = ""
    justification: str = ""
    before: str | None = None


@dataclass(frozen=True, slots=True)
class ReadingItem:
    """An item of the program with what the reader said; `verdict` is empty where nothing yet."""

    item: EngineItem
    verdict: str
    reason_code: str
    justification: str

    @property
    def is_override(self) -> bool:
        """Whether the reader came to another verdict than the program."""
        return self.verdict not in ("", self.item.engine)


@dataclass(frozen=True, slots=True)
class ReadingForm:
    """Everything of a reading as it is now.

    Parameters
    ----------
    key
        Of the reading.
    unanswered
        Keys of what is still to be said before it can be signed.
    reasons
        Why an item can be overridden.
    """

    key: int
    case: CaseStanding
    account: int
    part: str
    items: tuple[ReadingItem, ...]
    questions: tuple[ContourQuestion, ...]
    answers: dict[str, str]
    checklist: int
    grade: str
    grade_words: str
    comments: tuple[sa.Row[Any], ...]
    signed: bool
    unanswered: tuple[str, ...]
    reasons: tuple[str, ...]


def open_reading(engine: Database, by: Acting, submission: int) -> int:
    """Open the form of a submission that one was assigned to, and return its key.

    The first time makes it, and moves an assigned submission into review.

    Raises
    ------
    RightsError
        It is not assigned to this account; or a conflict of interest stands against it.
    MovedOnError
        The submission is in no state to be read.
    """

    def work(connection: Connection) -> int:
        case = standing_in(connection, submission)
        role = demand(connection, by, Right.WRITE_READING, case.facts)
        part = ADJUDICATOR if by.account in case.facts.adjudicators else READER
        r = o.readings.c
        mine = sa.select(r.id).where(
            r.submission_id == submission, r.round == case.round, r.account_id == by.account
        )
        if (known := connection.scalar(mine)) is not None:
            return int(known)
        wanted = {State.ASSIGNED, State.IN_REVIEW} if part == READER else {State.ADJUDICATION}
        if case.state not in wanted:
            raise MovedOnError(
                "the case cannot be read in its present state", where=case.code, got=str(case.state)
            )
        checklist = newest_checklist(connection)
        row = {
            "submission_id": submission, "round": case.round, "part": part,
            "account_id": by.account, "role": role.value,
            "checklist_id": None if checklist is None else checklist.id, "at": by.at,
        }  # fmt: skip
        made = insert(connection, o.readings, row)
        told = {"submission": submission, "reading": made, "round": case.round, "part": part}
        tell(connection, OPENED, case.code, by, role, told)
        if case.state is State.ASSIGNED:
            step(connection, case, State.IN_REVIEW, by, Role.REVIEWER)
        return made

    return written(engine, work)


def judge(engine: Database, by: Acting, key: int, said: Sequence[Judgement]) -> None:
    """Record what a reader says of items: all of it, or nothing.

    Raises
    ------
    RightsError
        The reading is not one's own, or one may not read the submission any more.
    UsageError
        There is no such item, verdict, answer or reason; an override lacks its words.
    MovedOnError
        The reading is signed, is not to be written now, or an item has changed since it was shown.
    """

    def work(connection: Connection) -> None:
        row, case, role = own_reading(connection, by, key)
        known = {
            one.key: one
            for one in engine_items(
                connection, row.submission_id, reviews_of(connection, row.submission_id)
            )
        }
        asked = {one.key for one in questions_of(connection, row.checklist_id)}
        reasons = reasons_in(connection, row.submission_id)
        last = last_judgements(connection, key)
        told = []
        for one in said:
            verdict = _checked(one, known, asked, reasons)
            if row.part == ADJUDICATOR and one.after == CANNOT_JUDGE:
                raise UsageError("an adjudicator decides, or gives the case back")
            was = last.get((one.kind, one.item))
            before = "" if was is None else was.after
            if one.before is not None and one.before != before:
                raise MovedOnError("an item has changed since it was shown", where=quoted(one.item))
            insert(connection, o.judgements, {
                "reading_id": key, "kind": one.kind, "item": one.item, "engine": verdict,
                "before": before, "after": one.after, "reason_code": one.reason_code,
                "justification": one.justification, "account_id": by.account, "at": by.at,
            })  # fmt: skip
            told.append({
                "item": one.item, "engine": verdict, "before": before, "after": one.after,
                "why": sha256(one.justification) if one.justification else "",
            })  # fmt: skip
        if told:
            data = {"reading": key, "items": told}
            tell(connection, JUDGED, case.code, by, role, data)

    written(engine, work)


def _checked(
    one: Judgement, known: dict[str, EngineItem], asked: set[str], reasons: Sequence[str]
) -> str:
    """Return the program's verdict on an item; raise UsageError where a judgement is none."""
    if one.kind == "grade":
        if one.item != "grade" or one.after not in ("", *GRADES):
            raise UsageError("no such grade", got=quoted(one.after))
        return ""
    if one.kind == "contour":
        if one.item not in asked or one.after not in ("", *ANSWERS):
            raise UsageError("no such question or answer", got=quoted(one.item))
        return ""
    found = known.get(one.item) if one.kind == "engine" else None
    if found is None:
        raise UsageError("no such item", got=quoted(one.item))
    if one.after not in ("", *(verdict.value for verdict in Verdict)):
        raise UsageError("no such verdict", got=quoted(one.after))
    if one.after not in ("", found.engine):
        words = one.justification.strip()
        if one.reason_code not in reasons or len(words) < SHORTEST_REASON:
            expected = say("a reason, and at least {0} characters why", SHORTEST_REASON)
            raise UsageError("an override needs its reason", got=quoted(words), expected=expected)
    return found.engine


def accept_automatic(engine: Database, by: Acting, key: int) -> int:
    """Agree with everything that the program found per protocol and that nothing was said of yet.

    Nothing is signed by this. Returns how many items there were.

    Raises
    ------
    RightsError, MovedOnError
        As in :func:`judge`.
    """
    form = reading_form(engine, by, key)
    said = [
        Judgement("engine", one.item.key, one.item.engine, before="")
        for one in form.items
        if one.item.engine == Verdict.PER_PROTOCOL and not one.verdict
    ]
    judge(engine, by, key, [one for one in said if one.after])
    return len(said)


def comment(
    engine: Database,
    by: Acting,
    key: int,
    text: str,
    *,
    visibility: str = "office",
    pin: dict[str, Any] | None = None,
    replaces: int = 0,
) -> int:
    """Write a comment, or another in its place; an empty text takes the old one back.

    Parameters
    ----------
    visibility
        ``office`` or ``site``; the site sees none before all readers have signed.
    pin
        What it is about: ``{"structure": NAME}``, ``{"item": KEY}`` or ``{"point_mm": [x, y, z]}``
        in patient coordinates; nothing for the case as a whole.

    Raises
    ------
    RightsError, UsageError, MovedOnError
        As in :func:`judge`; there is no such comment to replace, or no text.
    """
    if visibility not in ("office", "site") or (not text.strip() and not replaces):
        raise UsageError("a comment is a text for the office or for the site")

    def work(connection: Connection) -> int:
        _, case, role = own_reading(connection, by, key)
        there = {row.id: row for row in standing_comments(connection, key)}
        if replaces and replaces not in there:
            raise UsageError("no such comment", got=str(replaces))
        row = {
            "reading_id": key, "replaces_id": replaces or None, "text": text.strip(),
            "pin": json.dumps(pin, sort_keys=True) if pin else "", "visibility": visibility,
            "account_id": by.account, "at": by.at,
        }  # fmt: skip
        made = insert(connection, o.comments, row)
        before = sha256(there[replaces].text) if replaces else ""
        told = {"reading": key, "comment": made}
        tell(
            connection, COMMENTED, case.code, by, role, told,
            before=before, after=sha256(text.strip()),
        )  # fmt: skip
        return made

    return written(engine, work)


def own_reading(
    connection: Connection, by: Acting, key: int, right: Right = Right.WRITE_READING
) -> tuple[sa.Row[Any], CaseStanding, Role]:
    """Return a reading that an account may write or sign now, with its case and role.

    Raises
    ------
    RightsError, MovedOnError
        It may not; or the reading is signed or of an earlier round, or not to be written now.
    """
    row = connection.execute(sa.select(o.readings).where(o.readings.c.id == key)).first()
    if row is None or row.account_id != by.account:
        raise RightsError("this is not there")
    case = standing_in(connection, row.submission_id)
    role = demand(connection, by, right, case.facts)
    signed = sa.select(o.signatures.c.id).where(o.signatures.c.reading_id == key)
    if connection.scalar(signed) is not None:
        raise MovedOnError("this reading is signed", where=case.code)
    wanted = {State.IN_REVIEW} if row.part == READER else {State.ADJUDICATION}
    if row.round != case.round or case.state not in wanted:
        raise MovedOnError(
            "the case cannot be read in its present state", where=case.code, got=str(case.state)
        )
    return row, case, role


def reading_form(engine: Database, by: Acting, key: int) -> ReadingForm:
    """Return a reading that an account may see: its own, or another's once that is allowed.

    Raises
    ------
    RightsError
        It may not see it, or there is none.
    """
    with reading(engine) as connection:
        row = connection.execute(sa.select(o.readings).where(o.readings.c.id == key)).first()
        if row is None:
            raise RightsError("this is not there")
        case = standing_in(connection, row.submission_id)
        right = Right.SEE_CASE if row.account_id == by.account else Right.SEE_OTHER_READING
        if row.round < case.round and ask(connection, by, Right.ASSIGN, case.facts):
            right = Right.SEE_CASE  # of a round that is over, after a reopening
        demand(connection, by, right, case.facts)
        return form_in(connection, row, case)


def form_in(connection: Connection, row: sa.Row[Any], case: CaseStanding) -> ReadingForm:
    """Return a reading as it is now; nobody's rights are asked."""
    last = last_judgements(connection, row.id)
    listed = engine_items(connection, row.submission_id, reviews_of(connection, row.submission_id))
    items = []
    for one in listed:
        said = last.get(("engine", one.key))
        if said is None or said.engine != one.engine:
            items.append(ReadingItem(one, "", "", ""))
        else:
            items.append(ReadingItem(one, said.after, said.reason_code, said.justification))
    questions = questions_of(connection, row.checklist_id)
    answers = {item: one.after for (kind, item), one in last.items() if kind == "contour"}
    grade = last.get(("grade", "grade"))
    profession = connection.scalar(
        sa.select(o.accounts.c.profession).where(o.accounts.c.id == row.account_id)
    )
    open_items = [one.item.key for one in items if one.item.asked and not one.verdict]
    if profession != "physics":
        open_items += [one.key for one in questions if one.asked and not answers.get(one.key)]
    if grade is None or not grade.after:
        open_items.append("grade")
    signed = sa.select(o.signatures.c.id).where(o.signatures.c.reading_id == row.id)
    return ReadingForm(
        row.id, case, row.account_id, row.part, tuple(items), questions, answers,
        row.checklist_id or 0, "" if grade is None else grade.after,
        "" if grade is None else grade.justification,
        tuple(standing_comments(connection, row.id)),
        connection.scalar(signed) is not None, tuple(open_items),
        reasons_in(connection, row.submission_id),
    )  # fmt: skip
