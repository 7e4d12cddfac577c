"""Exit codes, a promise to scripts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from sbrt_qa.errors import OwnFault, SbrtQaError, UsageError
from sbrt_qa.model.outcome import Reason, ReasonCode, Verdict, worst

if TYPE_CHECKING:
    from sbrt_qa.review.case_review import CaseReview

UNREADABLE: Final = 1
USAGE: Final = 2
INTERNAL: Final = 70
INTERRUPTED: Final = 130

_OF_VERDICT: Final = {
    Verdict.PER_PROTOCOL: 0,
    Verdict.MINOR: 10,
    Verdict.MAJOR: 20,
    Verdict.NOT_EVALUABLE: 30,
}

_UNREADABLE_PARTS: Final = {ReasonCode.NO_DOSE, ReasonCode.DOSE_UNREADABLE}


def of_verdicts(verdicts: Iterable[Verdict]) -> int:
    """Return the code of the worst verdict: major, then not evaluable, minor, per protocol."""
    return _OF_VERDICT[worst(list(verdicts))]


def of_reviews(reviews: Sequence[CaseReview]) -> int:
    """Return the code of the worst verdict, or 1 where no case had a dose that could be read."""
    if reviews and all(unreadable_part(review.dose) for review in reviews):
        return UNREADABLE
    return of_verdicts(review.verdict for review in reviews)


def unreadable_part(part: object) -> Reason | None:
    """Return why a part of the input could not be read, None where it could."""
    return part if isinstance(part, Reason) and part.code in _UNREADABLE_PARTS else None


def of_error(error: SbrtQaError) -> int:
    """Return 2 where the request was wrong, 1 where the input was, 70 where this program failed."""
    if isinstance(error, OwnFault):
        return INTERNAL
    return USAGE if isinstance(error, UsageError) else UNREADABLE
