"""What a letter is written from."""

from __future__ import annotations

from dataclasses import dataclass

from sbrt_qa.model.outcome import Finding, Verdict, worst
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.unreviewed import NOT_REVIEWED


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
    def is_refused(self) -> bool:
        """Whether nothing could be read, so that there is no plan to speak of."""
        return all(f.code == NOT_REVIEWED for r in self.reviews for f in r.findings) and any(
            r.findings for r in self.reviews
        )

    @property
    def asks(self) -> bool:
        """Whether the site has to do something; a letter that does not is no query."""
        return self.verdict is not Verdict.PER_PROTOCOL or bool(self.findings)
