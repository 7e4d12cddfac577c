"""The record of a decision: who signed what, as a document and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from sbrt_qa.errors import visible
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.reports.compose.case_page import DISCLAIMER
from sbrt_qa.reports.decision import decision_words as said
from sbrt_qa.reports.decision.printed_decision import DecisionRecord, PrintedSignature
from sbrt_qa.reports.sheet.sheet import Block, Grid, Heading, Paragraph, Sheet

SCHEMA: Final = "sbrt_qa.decision/1"


def decision_sheet(record: DecisionRecord, words: Words) -> Sheet:
    """Return a record as a document, the same for text, HTML and PDF."""
    title = words(msg("Decision on submission {code}"), code=visible(record.code))
    blocks = tuple(_blocks(record, words))
    return Sheet(title, _facts(record, words), blocks, words(DISCLAIMER), words.language)


def _facts(record: DecisionRecord, words: Words) -> tuple[tuple[str, str], ...]:
    facts = [
        (words(msg("Trial")), visible(record.trial)),
        (words(msg("Submission")), visible(record.code)),
        (words(msg("Result of the program")), said.verdict_word(record.program, words)),
    ]
    made = record.decision
    if made is None:
        facts.append((words(msg("Decision")), words(msg("none yet"))))
    else:
        how = said.word(said.HOW_WORDS, made.how, words)
        outcome = said.word(said.OUTCOME_WORDS, made.outcome, words)
        state = said.word(said.STATE_WORDS, record.decision_state, words)
        facts += [
            (words(msg("Decision")), outcome),
            (words(msg("Came about by")), how),
            (words(msg("Decided at (UTC)")), made.at),
            (words(msg("It is")), state),
        ]
    return (*facts, (words(msg("Audit record")), record.head))


def _blocks(record: DecisionRecord, words: Words) -> Iterator[Block]:
    if record.decision is not None:
        yield from said.overrides(record.decision, {}, words)
        yield from said.contours(record.decision, words)
    if not record.signatures:
        yield Paragraph(words(msg("Nobody has signed this submission.")))
        return
    yield from said.signatures(record.signatures, words)
    for number, one in enumerate(record.signatures, 1):
        yield from _reading(number, one, words)


def _reading(number: int, one: PrintedSignature, words: Words) -> Iterator[Block]:
    """Yield what was signed: grade, overrides with their words, comments, reviews."""
    title = words(msg("Signature {number}: {name}"), number=number, name=visible(one.name))
    yield Heading(title)
    content = one.content
    grade = said.word(said.OUTCOME_WORDS, str(content.get("grade", "")), words)
    told = " · ".join(
        part for part in (grade, said.in_a_row(str(content.get("grade_words", "")))) if part
    )
    yield Paragraph(told)
    rows = tuple(
        (
            visible(item["item"]),
            said.verdict_word(item["engine"], words),
            said.verdict_word(item["verdict"], words),
            said.word(said.REASON_WORDS, item["reason_code"], words),
            said.in_a_row(item["justification"]),
        )
        for item in content.get("items", ())
        if item["verdict"] not in ("", item["engine"])
    )
    if rows:
        heads = (msg("item"), msg("program"), msg("reader"), msg("reason"), msg("reason in words"))
        yield Grid(tuple(words(head) for head in heads), rows)
    else:
        yield Paragraph(words(msg("No override: agreed with the program on every item.")))
    for comment in content.get("comments", ()):
        text = words(msg("Comment")) + words(msg(": ")) + said.in_a_row(comment["text"])
        yield Paragraph(text, is_point=True)
    for review in content.get("reviews", ()):
        told = words(msg("Review of plan {number}, engine {engine}: {hash}"), number=review["plan"],
                     engine=visible(review["engine"]), hash=review["sha256"])  # fmt: skip
        yield Paragraph(told, is_point=True)
    yield Paragraph(words(msg("Hash of the signed document: {hash}"), hash=one.sha256))


def decision_json(record: DecisionRecord) -> str:
    """Return a record as JSON: the same facts, and each signed content word for word."""
    made = record.decision
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "trial": record.trial,
        "submission": record.code,
        "state": record.state,
        "program": {"verdict": record.program},
        "decision": None if made is None else {
            "outcome": made.outcome,
            "how": made.how,
            "state": record.decision_state,
            "verdict": made.verdict,
            "round": made.round,
            "at": made.at,
            "items": dict(made.verdicts),
            "overrides": [asdict(one) for one in made.overrides],
            "contours": [
                {"structure": structure, "question": question, "answer": answer}
                for structure, question, answer in made.contours
            ],
        },
        "signatures": [asdict(one) for one in record.signatures],
        "head": record.head,
    }  # fmt: skip
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
