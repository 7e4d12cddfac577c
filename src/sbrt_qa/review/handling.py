"""What concerns how a submission was put together and sent, and says nothing of its plan.

Such findings are in the letter and on the page; they have no part in a verdict, nor in any rate.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sbrt_qa.protocol.evaluate import overall
from sbrt_qa.review.case_review import CaseReview

KIND: Final = "handling"
"""What such a finding is called beside ``limit`` and ``finding``."""

OF_SUBMISSION: Final = frozenset(
    {
        "EMPTY_FILE", "LINK_LEFT_OUT", "HIDDEN_FILE", "SPECIAL_FILE", "PARTIAL_UPLOAD",
        "BACKUP_COPY", "OTHER_FILE", "NAME_IS_NO_CODE", "SUBJECT_UNKNOWN", "NESTED_VERSION",
    }
)  # fmt: skip
IDENTIFIER: Final = "IDENTIFIER_"
"""Findings about a submission as a whole, and how those of names begin."""

OF_PLAN: Final = frozenset(
    {
        "PATIENT_NAME", "IDENTIFIERS_LEFT", "IDENTITY_NOT_REMOVED", "PRIVATE_ELEMENTS",
        "SUBJECT_MISSING",
    }
)  # fmt: skip
"""Plan checks of what is left of a patient's identity."""


def is_handling(code: str) -> bool:
    """Tell whether a finding of this code concerns how a submission was sent."""
    return code in OF_SUBMISSION or code in OF_PLAN or code.startswith(IDENTIFIER)


def without_part_in_verdict(review: CaseReview) -> CaseReview:
    """Return a review in which what concerns handling is told and decides nothing."""
    findings = tuple(
        replace(one, verdict=None) if is_handling(one.code) else one for one in review.findings
    )
    if findings == review.findings:
        return review
    return replace(review, findings=findings, verdict=overall(review.constraints, findings))
