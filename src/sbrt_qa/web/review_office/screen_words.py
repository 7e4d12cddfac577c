"""States, grades, answers and meanings of an office in words."""

from __future__ import annotations

from typing import Final

from sbrt_qa.audit.store.verify_office import NO_MATCH, REOPENED, REVIEWED_ANEW, VALID
from sbrt_qa.i18n.words import msg
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.office.states import State
from sbrt_qa.protocol.wording import OPERATORS
from sbrt_qa.reports.compose.verdict_words import SIGNS, WORDS
from sbrt_qa.reports.decision.decision_words import (
    ANSWER_WORDS,
    OUTCOME_WORDS,
    QUESTION_WORDS,
    REASON_WORDS,
)

STATE_WORDS: Final = {
    State.RECEIVED.value: msg("received"),
    State.INCOMPLETE.value: msg("incomplete, waits for the site"),
    State.QUARANTINED.value: msg("in quarantine"),
    State.AUTOMATIC_REVIEW.value: msg("in automatic review"),
    State.REVIEWED_BY_ENGINE.value: msg("waits for a reader"),
    State.ASSIGNED.value: msg("assigned"),
    State.IN_REVIEW.value: msg("in review"),
    State.QUERIED.value: msg("waits for an answer of the site"),
    State.ANSWERED.value: msg("answered by the site"),
    State.RESUBMITTED.value: msg("replaced by a newer version"),
    State.READ.value: msg("read"),
    State.ADJUDICATION.value: msg("in adjudication"),
    State.DECIDED.value: msg("decided"),
    State.ACCEPTED.value: msg("accepted"),
    State.ACCEPTED_WITH_DEVIATION.value: msg("accepted with deviation"),
    State.REJECTED.value: msg("rejected"),
    State.REOPENED.value: msg("reopened"),
    State.WITHDRAWN.value: msg("withdrawn"),
}

KIND_WORDS: Final = {
    "pre-treatment": msg("before treatment"),
    "timely retrospective": msg("timely retrospective"),
    "retrospective": msg("retrospective"),
    "benchmark case": msg("benchmark case"),
}

PART_WORDS: Final = {"reader": msg("reader"), "adjudicator": msg("adjudicator")}

SIGNATURE_WORDS: Final = {
    VALID: msg("valid"),
    REOPENED: msg("superseded: the case was reopened"),
    REVIEWED_ANEW: msg("superseded: the plan was reviewed anew"),
    NO_MATCH: msg("what was signed is not what is recorded"),
}

THREAD_WORDS: Final = {
    "open": msg("waits for an answer of the site"),
    "answered": msg("answered by the site"),
    "closed": msg("closed"),
}

PROFESSION_MEANING: Final = {"physics": "physics", "oncology": "contours"}

VERDICT_MARKS: Final = {one.value: (SIGNS[one], WORDS[one]) for one in Verdict}

BECAME_WORDS: Final = {
    "worse verdict": msg("worse verdict"),
    "better verdict": msg("better verdict"),
    "worse value": msg("worse, same verdict"),
    "better value": msg("better, same verdict"),
    "other value": msg("another value"),
    "other bounds": msg("another limit"),
    "in one version only": msg("in one version only"),
    "same": msg("as before"),
}
"""What became of a limit since the version before."""

EVERY_WORD: Final = {
    "states": STATE_WORDS, "grades": OUTCOME_WORDS, "kinds": KIND_WORDS, "answers": ANSWER_WORDS,
    "reasons": REASON_WORDS, "questions": QUESTION_WORDS, "parts": PART_WORDS,
    "signature_words": SIGNATURE_WORDS, "thread_words": THREAD_WORDS, "verdicts": VERDICT_MARKS,
    "ops": OPERATORS, "became": BECAME_WORDS,
}  # fmt: skip
"""What the pages of cases put into words."""
