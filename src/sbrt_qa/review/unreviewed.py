"""The result of a case whose review did not come to an end."""

from __future__ import annotations

from typing import Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Finding, Reason, ReasonCode, Verdict
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.review.case_review import CaseReview, EngineUsed, ProtocolUsed
from sbrt_qa.review.information import nothing_told

NOT_REVIEWED: Final = "NOT_REVIEWED"
"""Code of the one finding of such a result."""


def unreviewed(case: str, protocol: Protocol, why: str) -> CaseReview:
    """Return a review that is not evaluable as a whole.

    Parameters
    ----------
    case
        What the case is called, as far as that is known.
    protocol
        What it was to be held against.
    why
        A few words, such as ``exceeded 900 s``.
    """
    reason = Reason(ReasonCode.NOT_REVIEWED, say("not evaluable: {0}", why))
    finding = Finding(
        NOT_REVIEWED,
        Verdict.NOT_EVALUABLE,
        case,
        reason.detail,
        say("Export the case again; if that does not help, do not trust its files."),
    )
    return CaseReview(
        case=case,
        subject="",
        verdict=Verdict.NOT_EVALUABLE,
        protocol=ProtocolUsed.of(protocol),
        engine=EngineUsed(),
        plan=reason,
        dose=reason,
        structure_set=reason,
        image=None,
        structures=(),
        constraints=(),
        findings=(finding,),
        links=(),
        repairs=(),
        files=(),
        information=nothing_told(reason),
    )


def lost_review(where: str, why: str) -> Finding:
    """Return what is told of a review that broke off, which may succeed another time.

    Parameters
    ----------
    where
        What was reviewed.
    why
        A few words, such as ``exceeded 900 s``.
    """
    return Finding(
        NOT_REVIEWED,
        Verdict.NOT_EVALUABLE,
        where,
        say("not evaluable: the review {0}", why),
        say(
            "It is tried again in the next two runs; if that does not help, export the case again."
        ),
    )
