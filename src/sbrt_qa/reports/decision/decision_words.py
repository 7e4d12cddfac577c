"""Decisions and signatures in words, the same in letters and records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sbrt_qa.errors import visible
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.reports.compose.verdict_words import mark_of
from sbrt_qa.reports.decision.printed_decision import PrintedDecision, PrintedSignature
from sbrt_qa.reports.sheet.sheet import Block, Heading, Paragraph

OUTCOME_WORDS: Final = {
    "accepted": msg("accepted"),
    "accepted with deviation": msg("accepted with deviation"),
    "rejected": msg("rejected"),
    "cannot judge": msg("cannot be judged"),
}

HOW_WORDS: Final = {
    "one reading": msg("one reading"),
    "readings agree": msg("two readings that agree"),
    "adjudication": msg("adjudication"),
}

ROLE_WORDS: Final = {"reviewer": msg("reviewer"), "adjudicator": msg("adjudicator")}

PROOF_WORDS: Final = {
    "password": msg("password"),
    "password and code": msg("password and code"),
    "identity service": msg("identity service"),
}

ANSWER_WORDS: Final = {
    "acceptable": msg("acceptable"),
    "acceptable variation": msg("acceptable variation"),
    "unacceptable": msg("unacceptable"),
    "not judged": msg("not judged"),
}

QUESTION_WORDS: Final = {
    "": msg("as a whole"),
    "cranial": msg("cranial end"),
    "caudal": msg("caudal end"),
    "laterality": msg("laterality"),
    "excluded organ": msg("excluded organ"),
}

REASON_WORDS: Final = {
    "clinically acceptable": msg("clinically acceptable"),
    "measurement artefact": msg("artefact of measurement"),
    "naming": msg("naming of structures"),
    "wrong limit": msg("this limit does not apply"),
    "data incomplete": msg("data incomplete"),
    "clinically unacceptable": msg("clinically unacceptable"),
    "other": msg("another reason"),
}
"""Reasons of an override; a protocol may state others, which are printed as they stand there."""

STATE_WORDS: Final = {
    "valid": msg("valid"),
    "superseded: the case was reopened": msg("superseded: the case was reopened"),
    "superseded: the plan was reviewed anew": msg("superseded: the plan was reviewed anew"),
    "superseded: the submission was withdrawn": msg("superseded: the submission was withdrawn"),
    "what was signed is not what is recorded": msg("what was signed is not what is recorded"),
}
"""Whether a signature or a decision counts."""


def word(known: dict[str, str], text: str, words: Words) -> str:
    """Return a word of a list in the language of a document; any other text as it stands."""
    return words(known[text]) if text in known else visible(text)


def in_a_row(text: str) -> str:
    """Return what somebody wrote, visible, as one paragraph: lines of it follow each other."""
    return visible(" ".join(text.split()))


def verdict_word(verdict: str, words: Words) -> str:
    """Return sign and word of a verdict; of none, that it is information."""
    mark = mark_of(Verdict(verdict) if verdict else None, words)
    return f"{mark.sign} {mark.word}"


def overrides(decision: PrintedDecision, labels: dict[str, str], words: Words) -> list[Block]:
    """Return what the office judged otherwise than the program.

    Parameters
    ----------
    labels
        What items are called, by key; the key where nothing is said.
    """
    said = msg("{item}: the program says {engine}; the office decided {verdict} ({reason}).")
    points = [
        words(
            said,
            item=visible(labels.get(one.key, one.key)),
            engine=verdict_word(one.engine, words),
            verdict=verdict_word(one.verdict, words),
            reason=word(REASON_WORDS, one.reason_code, words) or words(msg("no reason given")),
        )
        for one in decision.overrides
    ]
    return _section(words(msg("Judged otherwise than by the program")), points)


def contours(decision: PrintedDecision, words: Words) -> list[Block]:
    """Return the answers about contours that say something else than acceptable."""
    points = [
        f"{visible(structure)} ({word(QUESTION_WORDS, question, words)})"
        + words(msg(": "))
        + word(ANSWER_WORDS, answer, words)
        for structure, question, answer in decision.contours
    ]
    return _section(words(msg("Contours")), points)


def comments(decision: PrintedDecision, words: Words) -> list[Block]:
    """Return what the readers wrote to the site."""
    return _section(words(msg("Comments of the readers")), map(in_a_row, decision.comments))


def signatures(signed: Iterable[PrintedSignature], words: Words) -> list[Block]:
    """Return each signature: who, in which role, what it means, when, over which hash."""
    said = msg(
        "{name}, {role}: “{meaning}” Signed {at} (UTC), {local} on the clock of the office; "
        "identified by {proof}. Hash of what was shown: {hash}. This signature is: {state}."
    )
    points = [
        words(
            said,
            name=visible(one.name),
            role=word(ROLE_WORDS, one.role, words),
            meaning=visible(one.sentence),
            at=one.at,
            local=visible(one.local_at),
            proof=word(PROOF_WORDS, one.proof, words),
            hash=one.content_sha256,
            state=word(STATE_WORDS, one.state, words),
        )
        for one in signed
    ]
    return _section(words(msg("Electronic signatures")), points)


def _section(title: str, points: Iterable[str]) -> list[Block]:
    told: list[Block] = [Paragraph(text, is_point=True) for text in points]
    return [Heading(title), *told] if told else []
