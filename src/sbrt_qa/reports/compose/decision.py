"""What a verdict rests on, said in one sentence, and what to do about it."""

from __future__ import annotations

import enum
from typing import Final

from sbrt_qa.i18n.words import msg
from sbrt_qa.model.outcome import ReasonCode, Verdict
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.review.case_review import CaseReview

DELIVERY: Final = "delivery"
"""Group of the checks that hold treatment records against the plan."""

STRANGERS: Final = frozenset(
    ("FRAME_OF_REFERENCE", "LINK_DANGLING", "LINK_MISSING", "PATIENT_DIFFERS")
)
"""Checks whose findings say that the files may be of different patients or plans."""


GRAVE: Final = (Verdict.MAJOR, Verdict.NOT_EVALUABLE)


class Basis(enum.Enum):
    """What decides about a case."""

    LIMITS = enum.auto()
    """A limit of the protocol has the verdict of the case."""
    CHECKS = enum.auto()
    """No limit has it, but a check of the plan."""
    DELIVERY = enum.auto()
    """Only checks of the delivered course have it."""
    SIZE = enum.auto()
    """Only limits that ask more volume of a structure than it has: a person decides about them."""
    DOUBT = enum.auto()
    """The files may not belong together: whatever else was found, no value holds."""


HEADLINES: Final = {
    Verdict.PER_PROTOCOL: msg("The plan meets every limit that decides."),
    Verdict.MINOR: msg("The plan deviates from the protocol, within what counts as minor."),
    Verdict.MAJOR: msg("The plan does not meet the protocol: at least one deviation is major."),
    Verdict.NOT_EVALUABLE: msg(
        "The plan cannot be judged: something that decides is missing or cannot be trusted."
    ),
}

NEXT_STEPS: Final = {
    Verdict.MINOR: msg("Next: the reviewer decides whether the minor deviations are accepted."),
    Verdict.MAJOR: msg(
        "Next: change the plan as described below, resubmit it, and explain what cannot change."
    ),
    Verdict.NOT_EVALUABLE: msg(
        "Next: send what is missing, or correct what is described below, and submit again."
    ),
}
"""What to do about a verdict."""

_MAYBE_STRANGERS: Final = msg(
    "The files may not belong together: no value below can be relied on until that is settled."
)
_SEND_ONE_STATE: Final = msg(
    "Next: find out whose files these are, and send plan, structure set, dose and images of one "
    "state of one plan together."
)

OTHER_HEADLINES: Final = {
    (Basis.CHECKS, Verdict.MAJOR): msg(
        "No limit decides here: a check of the plan found a major deviation."
    ),
    (Basis.CHECKS, Verdict.MINOR): msg(
        "No limit decides here: checks of the plan found what counts as minor."
    ),
    (Basis.DELIVERY, Verdict.MAJOR): msg(
        "The course was not delivered as planned: at least one deviation is major."
    ),
    (Basis.DELIVERY, Verdict.MINOR): msg(
        "The course was not delivered quite as planned, within what counts as minor."
    ),
    (Basis.DELIVERY, Verdict.NOT_EVALUABLE): msg(
        "What was delivered cannot be judged: records are missing or cannot be trusted."
    ),
    (Basis.SIZE, Verdict.NOT_EVALUABLE): msg(
        "A structure is smaller than the volume that a limit asks of it."
    ),
    (Basis.DOUBT, Verdict.MAJOR): _MAYBE_STRANGERS,
    (Basis.DOUBT, Verdict.NOT_EVALUABLE): _MAYBE_STRANGERS,
}
"""Where limits are not what decides."""

OTHER_STEPS: Final = {
    (Basis.CHECKS, Verdict.MAJOR): msg(
        "Next: resolve what the checks found, as described below, and submit again."
    ),
    (Basis.DELIVERY, Verdict.MAJOR): msg(
        "Next: ask the site what happened. The reviewer decides what it means for the case; "
        "another plan cannot settle it."
    ),
    (Basis.DELIVERY, Verdict.MINOR): msg(
        "Next: ask the site why. The reviewer decides whether it is accepted."
    ),
    (Basis.SIZE, Verdict.NOT_EVALUABLE): msg(
        "Next: the reviewer decides about these limits; nothing needs to be sent."
    ),
    (Basis.DOUBT, Verdict.MAJOR): _SEND_ONE_STATE,
    (Basis.DOUBT, Verdict.NOT_EVALUABLE): _SEND_ONE_STATE,
}


def basis(review: CaseReview) -> Basis:
    """Return what decides; what makes every value doubtful comes before the limits."""
    worst = review.verdict
    deciding = [f for f in review.findings if f.verdict is worst]
    strange = {f.code for f in review.findings if f.verdict in GRAVE}
    if worst in GRAVE and strange & STRANGERS:
        return Basis.DOUBT
    limits = [c for c in review.constraints if c.counts and c.verdict is worst]
    if limits and not deciding and all(_is_too_small(c) for c in limits):
        return Basis.SIZE
    if not deciding or limits:
        return Basis.LIMITS
    return Basis.DELIVERY if all(f.group == DELIVERY for f in deciding) else Basis.CHECKS


def _is_too_small(row: ConstraintResult) -> bool:
    """Tell whether a limit has no verdict only because the structure is smaller than it asks."""
    return row.reason is not None and row.reason.code is ReasonCode.SMALLER_THAN_ASKED


def headline(review: CaseReview) -> str:
    """Return what the verdict rests on, a sentence of the catalogue."""
    key = basis(review), review.verdict
    return OTHER_HEADLINES.get(key, HEADLINES[review.verdict])


def next_step(review: CaseReview) -> str:
    """Return what to do now, a sentence of the catalogue; empty where there is nothing to do."""
    key = basis(review), review.verdict
    return OTHER_STEPS.get(key, NEXT_STEPS.get(review.verdict, ""))
