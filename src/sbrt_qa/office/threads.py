"""Questions to the site: asked by the office, answered by the site's physicist, closed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.connection import Database, reading, written
from sbrt_qa.audit.store.records import sha256
from sbrt_qa.audit.store.rows import insert
from sbrt_qa.errors import UsageError
from sbrt_qa.office.acting import Acting, MovedOnError, RightsError
from sbrt_qa.office.asking import ask, demand
from sbrt_qa.office.case_standing import CaseStanding, standing_in
from sbrt_qa.office.moving import step
from sbrt_qa.office.roles import Right, Role
from sbrt_qa.office.states import OPEN, OUTCOMES, State
from sbrt_qa.office.trail import as_engine, tell

ASKED: Final = "question asked"
ANSWERED: Final = "question answered"
ADDED: Final = "message added"
CLOSED: Final = "question closed"

LONGEST: Final = 20_000
"""Characters of a message."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `side` is ``office`` or ``site``."""

    id: int
    account: int
    name: str
    side: str
    text: str
    attachment_sha256: str
    at: str


@dataclass(frozen=True, slots=True)
class Thread:
    """A question with all that was said to it; `closed` is empty as long as it is open."""

    id: int
    submission: int
    topic: str
    due: str
    query: int
    at: str
    messages: tuple[Message, ...]
    closed: str
    reason: str

    @property
    def state(self) -> str:
        """``open``, ``answered`` or ``closed``."""
        if self.closed:
            return "closed"
        return "answered" if self.messages[-1].side == "site" else "open"


def ask_site(
    engine: Database,
    by: Acting,
    submission: int,
    topic: str,
    text: str,
    due: str,
    *,
    query: int = 0,
) -> int:
    """Ask the site something; a submission in review waits for the answer. Returns the question.

    Parameters
    ----------
    due
        By when an answer is asked for, UTC.
    query
        The letter that it goes out with, where one does.

    Raises
    ------
    RightsError, UsageError
        Who acts may not; topic or text is empty or too long.
    MovedOnError
        There is an open question of this topic; or the submission is neither open nor decided.
    """
    _refuse_text(topic)
    _refuse_text(text)

    def work(connection: Connection) -> int:
        case = standing_in(connection, submission)
        role = demand(connection, by, Right.SEND_QUERY, case.facts)
        if case.state not in OPEN | OUTCOMES:
            raise MovedOnError("no question about it is open any more", where=case.code)
        if any(one.topic == topic for one in _open(connection, submission)):
            raise MovedOnError("a question of this topic is open", where=case.code)
        made = insert(connection, o.threads, {
            "submission_id": submission, "topic": topic, "due": due, "query_id": query or None,
            "account_id": by.account, "at": by.at,
        })  # fmt: skip
        _say(connection, made, by, "office", text, "")
        told = {"submission": submission, "question": made, "text": sha256(text), "due": due}
        tell(connection, ASKED, case.code, by, role, told)
        if case.state in (State.IN_REVIEW, State.ADJUDICATION):
            step(connection, case, State.QUERIED, by, role)
        return made

    return written(engine, work, durable=True)


def answer_thread(
    engine: Database,
    by: Acting,
    thread: int,
    text: str,
    *,
    attachment_sha256: str = "",
    reason: str = "",
) -> int:
    """Answer a question for the site; the last open one sends the submission back to its readers.

    Parameters
    ----------
    reason
        Why a coordinator answers for the site.

    Raises
    ------
    RightsError, UsageError, MovedOnError
        Who acts may not; the text is empty or too long; the question is closed.
    """
    _refuse_text(text)

    def work(connection: Connection) -> int:
        row, case = _thread(connection, thread)
        role = demand(connection, by, Right.ANSWER_QUERY, case.facts, reason)
        made = _say(connection, thread, by, "site", text, attachment_sha256)
        told = {
            "submission": row.submission_id, "question": thread, "message": made,
            "text": sha256(text), "attachment": attachment_sha256,
        }  # fmt: skip
        tell(connection, ANSWERED, case.code, by, role, told, reason=reason)
        waiting = [one for one in _open(connection, row.submission_id) if one.side == "office"]
        if case.state is State.QUERIED and not waiting:
            step(connection, case, State.ANSWERED, by, role, reason)
            _back(connection, row.submission_id, by.at)
        return made

    return written(engine, work, durable=True)


def write_to_site(engine: Database, by: Acting, thread: int, text: str) -> int:
    """Add a message of the office to an open question.

    Raises
    ------
    RightsError, UsageError, MovedOnError
        As in :func:`answer_thread`.
    """
    _refuse_text(text)

    def work(connection: Connection) -> int:
        row, case = _thread(connection, thread)
        role = demand(connection, by, Right.SEND_QUERY, case.facts)
        made = _say(connection, thread, by, "office", text, "")
        told = {"submission": row.submission_id, "question": thread, "text": sha256(text)}
        tell(connection, ADDED, case.code, by, role, told)
        if case.state in (State.IN_REVIEW, State.ADJUDICATION):
            step(connection, case, State.QUERIED, by, role)
        return made

    return written(engine, work, durable=True)


def close_thread(engine: Database, by: Acting, thread: int, reason: str) -> None:
    """Close a question, answered or not; a submission that waited for it alone goes on.

    Raises
    ------
    RightsError, UsageError, MovedOnError
        Who acts is no coordinator; no reason is given; it is closed.
    """
    if not reason.strip():
        raise UsageError("this needs a reason")

    def work(connection: Connection) -> None:
        row, case = _thread(connection, thread)
        role = demand(connection, by, Right.CLOSE_QUERY, case.facts)
        ended = {"thread_id": thread, "reason": reason, "account_id": by.account, "at": by.at}
        insert(connection, o.thread_ends, ended)
        told = {"submission": row.submission_id, "question": thread}
        tell(connection, CLOSED, case.code, by, role, told, reason=reason)
        waiting = [one for one in _open(connection, row.submission_id) if one.side == "office"]
        if case.state is State.QUERIED and not waiting:
            step(connection, case, State.ANSWERED, by, role, reason)
            _back(connection, row.submission_id, by.at)

    written(engine, work, durable=True)


def threads_of(engine: Database, by: Acting, submission: int) -> tuple[Thread, ...]:
    """Return the questions about a submission, oldest first.

    Raises
    ------
    RightsError
        The account sees neither the case nor the submissions of its site.
    """
    with reading(engine) as connection:
        case = standing_in(connection, submission)
        if not ask(connection, by, Right.SEE_SITE_SUBMISSIONS, case.facts):
            demand(connection, by, Right.SEE_CASE, case.facts)
        return threads_in(connection, submission)


def threads_in(connection: Connection, submission: int) -> tuple[Thread, ...]:
    """Return the questions about a submission; nobody's rights are asked."""
    h, e, m, a = o.threads, o.thread_ends, o.thread_messages, o.accounts
    joined = m.join(a, m.c.account_id == a.c.id).join(h, m.c.thread_id == h.c.id)
    said: dict[int, list[Message]] = {}
    query = sa.select(m, a.c.name).select_from(joined).where(h.c.submission_id == submission)
    for r in connection.execute(query.order_by(m.c.id)):
        one = Message(r.id, r.account_id, r.name, r.side, r.text, r.attachment_sha256, r.at)
        said.setdefault(r.thread_id, []).append(one)
    ends = sa.select(h, e.c.at.label("closed"), e.c.reason).select_from(
        h.outerjoin(e, e.c.thread_id == h.c.id)
    )
    return tuple(
        Thread(
            r.id, r.submission_id, r.topic, r.due, r.query_id or 0, r.at, tuple(said[r.id]),
            r.closed or "", r.reason or "",
        )
        for r in connection.execute(ends.where(h.c.submission_id == submission).order_by(h.c.id))
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _OpenThread:
    topic: str
    side: str


def _open(connection: Connection, submission: int) -> list[_OpenThread]:
    """Return the open questions, each with who wrote last."""
    return [
        _OpenThread(one.topic, one.messages[-1].side)
        for one in threads_in(connection, submission)
        if not one.closed
    ]


def _thread(connection: Connection, thread: int) -> tuple[sa.Row[tuple[object]], CaseStanding]:
    query = sa.select(o.threads).where(o.threads.c.id == thread)
    row = connection.execute(query).first()
    if row is None:
        raise RightsError("this is not there")
    case = standing_in(connection, row.submission_id)
    over = sa.select(o.thread_ends.c.id).where(o.thread_ends.c.thread_id == thread)
    if connection.scalar(over) is not None:
        raise MovedOnError("this question is closed", where=case.code)
    return row, case


def _say(
    connection: Connection, thread: int, by: Acting, side: str, text: str, attachment: str
) -> int:
    return insert(connection, o.thread_messages, {
        "thread_id": thread, "account_id": by.account, "side": side, "text": text.strip(),
        "attachment_sha256": attachment, "at": by.at,
    })  # fmt: skip


def _back(connection: Connection, submission: int, at: str) -> None:
    """Send an answered submission back to where it came from: its readers, or the adjudicator."""
    case = standing_in(connection, submission)
    end = State.ADJUDICATION if case.facts.in_adjudication else State.IN_REVIEW
    step(connection, case, end, as_engine(connection, at), Role.ENGINE)


def _refuse_text(text: str) -> None:
    if not text.strip() or len(text) > LONGEST:
        raise UsageError("a text of 1 to 20,000 characters is needed")
