"""What the office decided of submissions, beside what the program found; nothing is overwritten.

A decision counts as long as its signature stands for the reviews that are asked about. One that was
reopened, or whose plan was reviewed anew, stays visible with the word why it does not count any
more, and the program's verdicts are used again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.records import sha256
from sbrt_qa.audit.store.review_choice import current_reviews

VALID: Final = "valid"
NO_MATCH: Final = "what was signed is not what is recorded"
REOPENED: Final = "superseded: the case was reopened"
REVIEWED_ANEW: Final = "superseded: the plan was reviewed anew"
WITHDRAWN: Final = "superseded: the submission was withdrawn"
OTHER_PROTOCOL: Final = "of a review by another protocol"
"""Whether a decision counts, and why not."""

RANKS: Final = {"per_protocol": 0, "minor": 1, "not_evaluable": 2, "major": 3}
"""Verdicts from best to worst, as `sbrt_qa.model.outcome.Verdict.rank`."""

OF_OUTCOME: Final = {
    "accepted": "per_protocol", "accepted with deviation": "minor", "rejected": "major",
}  # fmt: skip
"""The best that a case can be with a grade."""

OF_CONTOUR: Final = {"acceptable variation": "minor", "unacceptable": "major"}
"""What an answer to a question about a contour amounts to."""


@dataclass(frozen=True, slots=True)
class DecisionColumns:
    """What was decided, in the columns of an answer; all empty without a decision.

    Parameters
    ----------
    decision
        ``accepted``, ``accepted with deviation`` or ``rejected``.
    decision_state
        ``valid``, or why the decision does not count.
    decided_verdict
        Of the submission or of the item that the row is about; empty where the decision does not
        count or says nothing of it.
    decided_by
        Code of the account whose signature brought the decision about.
    decided_at
        UTC.
    """

    decision: str = ""
    decision_state: str = ""
    decided_verdict: str = ""
    decided_by: str = ""
    decided_at: str = ""


UNDECIDED: Final = DecisionColumns()


@dataclass(frozen=True, slots=True)
class CaseDecision:
    """The newest decision of a submission.

    Parameters
    ----------
    how
        One reading, readings that agree, or adjudication.
    state
        `VALID`, or why it does not count.
    signature
        Key of the signature that brought it about.
    items
        Verdict of each limit and check, by its key: of several readings the worst.
    contours
        Answer to each question about a contour, likewise.
    """

    submission: int
    round: int
    outcome: str
    how: str
    by: str
    at: str
    state: str
    signature: int
    items: Mapping[str, str] = field(repr=False)
    contours: Mapping[str, str] = field(repr=False)

    @property
    def counts(self) -> bool:
        """Whether it is used."""
        return self.state == VALID

    def verdict(self, unjudged: Iterable[str] = ()) -> str:
        """Return the verdict of the case: the worst of the grade, the items and the contours.

        A case that was accepted with an item that its readers call major too stays major: who
        thinks otherwise overrides the item, with a reason.

        Parameters
        ----------
        unjudged
            Verdicts of what nobody was asked about.
        """
        told = [OF_OUTCOME.get(self.outcome, "not_evaluable"), *unjudged]
        told += [one for one in self.items.values() if one]
        told += [OF_CONTOUR[one] for one in self.contours.values() if one in OF_CONTOUR]
        return max(told, key=lambda one: RANKS.get(one, RANKS["not_evaluable"]))

    def told(self, verdict: str) -> DecisionColumns:
        """Return the columns of a row with this verdict of its item."""
        said = verdict if self.counts else ""
        return DecisionColumns(self.outcome, self.state, said, self.by, self.at)

    def of_item(self, key: str) -> DecisionColumns:
        """Return the columns of the row of a limit or finding."""
        return self.told(self.items.get(key, ""))


def used_verdict(engine: str, decided: DecisionColumns) -> str:
    """Return the verdict that counts: the decided one, else the program's."""
    return decided.decided_verdict or engine


def decisions_in(
    connection: Connection, protocol: str = "", submission: int = 0
) -> dict[int, CaseDecision]:
    """Return the newest decision of every submission that has one, by the submission.

    Parameters
    ----------
    protocol
        Hash of the protocol whose reviews are asked about; else the newest ones.
    submission
        Only of this one, when not 0.
    """
    rows = _rows(connection, submission)
    if not rows:
        return {}
    known = _Known.of(connection, protocol)
    return {row.submission_id: _decision(connection, row, known) for row in rows}


@dataclass(frozen=True, slots=True)
class _Known:
    """What decides whether decisions count: reviews, rounds and ends by submission."""

    asked: Mapping[int, list[tuple[str, str]]]
    newest: Mapping[int, list[tuple[str, str]]]
    rounds: Mapping[int, int]
    withdrawn: frozenset[int]

    @classmethod
    def of(cls, connection: Connection, protocol: str) -> _Known:
        newest = _hashes(connection, "")
        asked = _hashes(connection, protocol) if protocol else newest
        r, m = o.reopenings.c, o.transitions.c
        rounds = sa.select(r.submission_id, sa.func.max(r.round)).group_by(r.submission_id)
        last = sa.select(sa.func.max(m.id)).group_by(m.submission_id)
        gone = sa.select(m.submission_id).where(m.id.in_(last), m.to_state == "withdrawn")
        return cls(
            asked, newest, {row[0]: row[1] for row in connection.execute(rounds)},
            frozenset(connection.scalars(gone)),
        )  # fmt: skip


def _rows(connection: Connection, submission: int) -> list[sa.Row[Any]]:
    d, s, a = o.decisions, o.signatures, o.accounts
    newest = sa.select(sa.func.max(d.c.id)).group_by(d.c.submission_id)
    if submission:
        newest = newest.where(d.c.submission_id == submission)
    query = (
        sa.select(
            d, s.c.document, s.c.sha256.label("signed"), s.c.submission_id.label("of"),
            a.c.code.label("account"),
        )
        .select_from(
            d.join(s, d.c.signature_id == s.c.id).join(a, d.c.account_id == a.c.id)
        )
        .where(d.c.id.in_(newest))
        .order_by(d.c.id)
    )  # fmt: skip
    return list(connection.execute(query))


def _hashes(connection: Connection, protocol: str) -> dict[int, list[tuple[str, str]]]:
    """Return hash and engine of the reviews that count, in order, by submission."""
    current, c = current_reviews(protocol).subquery("current"), t.cases
    query = sa.select(c.c.submission_id, current.c.sha256, current.c.engine).select_from(
        c.join(current, current.c.case_id == c.c.id)
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for submission, digest, engine in connection.execute(query):
        found.setdefault(submission, []).append((digest, engine))
    return {submission: sorted(reviews) for submission, reviews in found.items()}


def _decision(connection: Connection, row: sa.Row[Any], known: _Known) -> CaseDecision:
    content, items = _content(row)
    said = {key: one["verdict"] for key, one in items.items()}
    contours = _contours(connection, row, content) if content else {}
    return CaseDecision(
        row.submission_id, row.round, row.outcome, row.how, row.account, row.at,
        _state(row, content, known), row.signature_id, said, contours,
    )  # fmt: skip


def _content(row: sa.Row[Any]) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """Return what was signed and decided; nothing where it is not what it was."""
    if (sha256(row.document), sha256(row.items), row.of) != (
        row.signed, row.sha256, row.submission_id,
    ):  # fmt: skip
        return {}, {}
    content = json.loads(row.document)["content"]
    return (content, json.loads(row.items)) if content["grade"] == row.outcome else ({}, {})


def _state(row: sa.Row[Any], content: Mapping[str, Any], known: _Known) -> str:
    if not content:
        return NO_MATCH
    if row.submission_id in known.withdrawn:
        return WITHDRAWN
    if known.rounds.get(row.submission_id, 1) > row.round:
        return REOPENED
    signed = sorted((one["sha256"], one["engine"]) for one in content["reviews"])
    if signed == known.asked.get(row.submission_id, []):
        return VALID
    is_newest = signed == known.newest.get(row.submission_id, [])
    return OTHER_PROTOCOL if is_newest else REVIEWED_ANEW


def _contours(
    connection: Connection, row: sa.Row[Any], content: Mapping[str, Any]
) -> dict[str, str]:
    """Return the answers about contours: of the adjudicator alone, or the worst of all readers."""
    contents = [content]
    if content["part"] != "adjudicator":
        s, r = o.signatures, o.readings
        query = (
            sa.select(s.c.document)
            .select_from(s.join(r, s.c.reading_id == r.c.id))
            .where(s.c.submission_id == row.submission_id, s.c.round == row.round,
                   r.c.part == "reader")
        )  # fmt: skip
        contents = [json.loads(text)["content"] for text in connection.scalars(query)]
    found: dict[str, str] = {}
    for one in contents:
        for said in one["contours"]:
            before = found.get(said["item"], "")
            found[said["item"]] = max(before, said["answer"], key=_how_bad)
    return found


def _how_bad(answer: str) -> int:
    return RANKS[OF_CONTOUR.get(answer, "per_protocol")] if answer else -1
