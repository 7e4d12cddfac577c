"""What a resubmission changes beside the submission before it; called in the child.

With the files of both at hand everything is compared; else what is recorded of the earlier one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sbrt_qa.errors import SbrtQaError
from sbrt_qa.model.stated import NOTHING_STATED, UserStatements

if TYPE_CHECKING:
    from sbrt_qa.compare.comparison import CaseComparison
    from sbrt_qa.dicom.load import Inventory
    from sbrt_qa.dicom.read.identifiers import Identity
    from sbrt_qa.model.case import Case
    from sbrt_qa.protocol.versions import Chosen
    from sbrt_qa.review.case_review import CaseReview

T = TypeVar("T")

LATER_PLAN = "that of the later plan"


@dataclass(frozen=True, slots=True)
class Before:
    """The submission before, as a worker is told of it.

    Parameters
    ----------
    path
        Its files; None when they are not at hand.
    recorded
        What is recorded of the newest submissions, the last one first: the fingerprint of the
        files, and the JSON of their reviews. One of them may be the very submission.
    stated, mapping, words
        What is stated of it, its map of names, and the hash of both, as in a job.
    """

    path: Path | None = None
    recorded: tuple[tuple[str, tuple[str, ...]], ...] = ()
    stated: UserStatements = NOTHING_STATED
    mapping: Mapping[str, str] = field(default_factory=dict)
    words: str = ""


class Earlier:
    """The submission before, read once for all plans of the later one.

    Parameters
    ----------
    told
        What a worker is told of it.
    later
        Fingerprint of the later submission, which is not compared with itself.
    """

    def __init__(self, told: Before, later: str) -> None:
        others = ((found, documents) for found, documents in told.recorded if found != later)
        self.input_sha256: str
        self._documents: Sequence[str]
        self.input_sha256, self._documents = next(others, ("", ()))
        self.inventory: Inventory | None = None
        self.identity: Identity | None = None
        self._mapping = told.mapping
        if told.path is not None:
            self._read(told.path, told.stated, told.words)

    def _read(self, path: Path, stated: UserStatements, words: str) -> None:
        from sbrt_qa.audit.entries import may_be_read
        from sbrt_qa.audit.fingerprints import seen
        from sbrt_qa.audit.stated_input import under_words
        from sbrt_qa.dicom.load import inspect_with_identity

        try:
            self.input_sha256 = under_words(seen(path).input_sha256, words)
            self.inventory, self.identity = inspect_with_identity(
                [path], stated, wanted=may_be_read
            )
        except SbrtQaError:
            self.inventory = self.identity = None  # there is nothing to compare with

    def compare(
        self,
        case: Case,
        review: CaseReview,
        chosen: Chosen,
        mapping: Mapping[str, str],
        *,
        alone: bool,
    ) -> CaseComparison | None:
        """Compare a plan with its counterpart: that of the same label, or the only one.

        Parameters
        ----------
        alone
            Whether the later submission has no other plan.
        """
        from sbrt_qa.audit.scanning import structure_names

        if self.inventory is not None:
            old = _counterpart(self.inventory.cases, case.label, lambda c: c.label, alone=alone)
            if old is None:
                return None
            there = structure_names(old)
            before = {name: to for name, to in self._mapping.items() if name in there}
            return _from_files(old, case, review, chosen, mapping, before)
        return self._from_record(review, alone=alone)

    def _from_record(self, review: CaseReview, *, alone: bool) -> CaseComparison | None:
        from sbrt_qa.compare.stored_reviews import compare_reviews
        from sbrt_qa.review.case_review import CaseReview as AnyReview

        stored = [AnyReview.from_json(text) for text in self._documents]
        old = _counterpart(stored, review.case, lambda r: r.case, alone=alone)
        return None if old is None else compare_reviews(old, review)


def _from_files(
    old: Case,
    new: Case,
    review: CaseReview,
    chosen: Chosen,
    mapping: Mapping[str, str],
    old_mapping: Mapping[str, str],
) -> CaseComparison:
    """Compare two cases under the protocol version of the later one."""
    from sbrt_qa.compare.side_by_side import compare_cases
    from sbrt_qa.model.setup_errors import NO_SHIFTS
    from sbrt_qa.pipeline.one_plan import Asked, review_plan
    from sbrt_qa.protocol.versions import Chosen as Version

    same = Version(chosen.protocol, LATER_PLAN)
    both = {**old_mapping, **mapping}
    asked = Asked({**mapping, **old_mapping}, bands=False, shifts=NO_SHIFTS)
    before = review_plan(old, same, asked)
    return compare_cases(old, new, chosen.protocol, mapping=both, reviews=(before, review))


def _counterpart(
    found: Sequence[T], label: str, label_of: Callable[[T], str], *, alone: bool
) -> T | None:
    same = [one for one in found if label_of(one) == label]
    if len(same) == 1:
        return same[0]
    return found[0] if alone and len(found) == 1 else None
