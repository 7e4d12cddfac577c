"""What a letter is written from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from sbrt_qa.model.outcome import Finding, Verdict, worst
from sbrt_qa.reports.decision.printed_decision import PrintedDecision
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.unreviewed import NOT_REVIEWED

REJECTED = "rejected"
"""The outcome of a decision that asks for a correction."""


@dataclass(frozen=True, slots=True)
class LetterTop:
    """What a letter says of itself; what is empty is left out.

    Parameters
    ----------
    number
        Counts the letters of an audit; 0 for one that has none.
    sender, contact
        Who writes and how to reach them; lines of text.
    site_name
        What the site is called.
    head
        End of the audit's chain before the letter: number and hash of an event.
    """

    number: int = 0
    sender: str = ""
    contact: str = ""
    site_name: str = ""
    head: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A submission as it was reviewed, and the dates of a letter about it.

    Parameters
    ----------
    trial, code
        Trial and submission.
    reviews
        The newest review of each of its plans, at least one.
    findings
        What is to be told of the submission as a whole.
    written, due
        Dates (ISO); an answer is asked for by `due`.
    top
        Number, sender and the like.
    decision
        What the review office decided, where that counts; the program's verdicts stay beside it.
    plans
        Number of each review's plan within the submission; 1, 2, 3... when empty.

    Raises
    ------
    ValueError
        There is no review.
    """

    trial: str
    code: str
    reviews: tuple[CaseReview, ...]
    findings: tuple[Finding, ...]
    written: str
    due: str
    top: LetterTop = LetterTop()
    decision: PrintedDecision | None = None
    plans: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.reviews:
            msg = "a letter needs a review"
            raise ValueError(msg)

    @property
    def verdict(self) -> Verdict:
        """Worst of the plans, and of what is told of the submission as a whole."""
        told = [finding.verdict for finding in self.findings if finding.verdict]
        return worst([review.verdict for review in self.reviews] + told)

    @property
    def asks_for_plan(self) -> bool:
        """Whether a better plan is asked for: what the office decided, else what was found."""
        return self.decision is None or self.decision.outcome == REJECTED

    def numbered(self) -> Iterator[tuple[int, int, CaseReview]]:
        """Yield the plans: how the letter counts them, their number in the submission, review."""
        plans = self.plans or range(1, len(self.reviews) + 1)
        yield from zip(count(1), plans, self.reviews, strict=False)

    @property
    def is_refused(self) -> bool:
        """Whether nothing could be read, so that there is no plan to speak of."""
        return all(f.code == NOT_REVIEWED for r in self.reviews for f in r.findings) and any(
            r.findings for r in self.reviews
        )

    @property
    def asks(self) -> bool:
        """Whether the site has to do something; a letter that does not is no query.

        A decision settles it: only a rejected plan is asked for again.
        """
        if self.decision is not None:
            return self.asks_for_plan or bool(self.findings)
        return self.verdict is not Verdict.PER_PROTOCOL or bool(self.findings)
