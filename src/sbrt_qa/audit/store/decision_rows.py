"""What an office decided and signed of a submission, read for letters, records and answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.answers import submissions
from sbrt_qa.audit.store.chain import head_of
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.audit.store.decided import OF_CONTOUR, CaseDecision, decisions_in
from sbrt_qa.audit.store.records import sha256
from sbrt_qa.audit.store.verify_office import signature_state
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.reports.decision.decision_words import QUESTION_WORDS
from sbrt_qa.reports.decision.printed_decision import (
    DecisionRecord,
    Override,
    PrintedDecision,
    PrintedSignature,
)

TO_SITE = "site"
"""Visibility of comments that a site is shown."""


def decision_record(engine: Database, code: str) -> DecisionRecord:
    """Return what an office decided and signed of a submission, in every round.

    Raises
    ------
    UsageError
        There is no such submission.
    """
    row = next((one for one in submissions(engine) if one.code == code), None)
    if row is None:
        expected = "a code such as S01/S01-017/v2, see sbrt-qa query AUDIT submissions"
        raise UsageError("no such submission", got=quoted(code), expected=expected)
    with reading(engine) as connection:
        made = decisions_in(connection, submission=row.id).get(row.id)
        signed = signatures_in(connection, row.id)
        decision = None
        if made is not None:
            decision = _printed(made, signed)
            decision = replace(decision, verdict=row.decided.decided_verdict)
        return DecisionRecord(
            row.trial, code, row.verdict, _state(connection, row.id),
            "" if made is None else made.state, decision, tuple(signed), str(head_of(connection)),
        )  # fmt: skip


def counting_decision(engine: Database, submission: int) -> PrintedDecision | None:
    """Return the decision of a submission that counts now; None where there is none."""
    with reading(engine) as connection:
        made = decisions_in(connection, submission=submission).get(submission)
        if made is None or not made.counts:
            return None
        return _printed(made, signatures_in(connection, submission))


def signatures_in(
    connection: Connection, submission: int, *, held: bool = True
) -> list[PrintedSignature]:
    """Return the signatures under readings of a submission, oldest first.

    Parameters
    ----------
    held
        Whether each is held against what is recorded now; their states are empty when not.
    """
    s, r = o.signatures, o.readings
    query = (
        sa.select(s, r.c.part, o.accounts.c.code)
        .select_from(
            s.join(r, s.c.reading_id == r.c.id).join(o.accounts, s.c.account_id == o.accounts.c.id)
        )
        .where(s.c.submission_id == submission)
        .order_by(s.c.id)
    )
    return [
        PrintedSignature(
            row.name, row.code, row.role, row.sentence, row.part, row.at, row.local_at, row.proof,
            row.round, row.content_sha256, row.sha256,
            signature_state(connection, row.id) if held else "", _content(row),
        )
        for row in connection.execute(query).all()
    ]  # fmt: skip


def _content(row: sa.Row[Any]) -> Mapping[str, Any]:
    """Return what was signed; nothing where the document is not the one that was."""
    if sha256(row.document) != row.sha256:
        return {}
    found: dict[str, Any] = json.loads(row.document)["content"]
    return found


def _state(connection: Connection, submission: int) -> str:
    m = o.transitions.c
    last = sa.select(m.to_state).where(m.submission_id == submission).order_by(m.id.desc())
    return connection.scalar(last.limit(1)) or ""


def _printed(made: CaseDecision, signed: Iterable[PrintedSignature]) -> PrintedDecision:
    """Return a decision with the signatures of its round, and what readers wrote to the site."""
    round_ = [one for one in signed if one.round == made.round]
    contours = sorted(
        (*_question(item), answer) for item, answer in made.contours.items() if answer in OF_CONTOUR
    )
    comments = tuple(
        comment["text"]
        for one in round_ for comment in one.content.get("comments", ())
        if comment["visibility"] == TO_SITE
    )  # fmt: skip
    return PrintedDecision(
        made.outcome, made.how, made.at, made.round, made.verdict(), made.items,
        tuple(_overrides(made, round_)), tuple(contours), comments, tuple(round_),
    )  # fmt: skip


def _overrides(made: CaseDecision, signed: Iterable[PrintedSignature]) -> Iterable[Override]:
    """Yield the items that were decided otherwise than the program says, with the reason code."""
    said: dict[str, dict[str, str]] = {}
    codes: dict[tuple[str, str], str] = {}
    for one in signed:
        for item in one.content.get("items", ()):
            said[item["item"]] = item
            if item["reason_code"]:
                codes[item["item"], item["verdict"]] = item["reason_code"]
    for key, item in said.items():
        verdict = made.items.get(key, "")
        if verdict and verdict != item["engine"]:
            yield Override(key, item["engine"], verdict, codes.get((key, verdict), ""))


def _question(item: str) -> tuple[str, str]:
    """Return structure and question of an item such as ``contour:Liver:cranial``."""
    whole = item.removeprefix("contour:")
    name, _, question = whole.rpartition(":")
    return (name, question) if name and question in QUESTION_WORDS else (whole, "")
