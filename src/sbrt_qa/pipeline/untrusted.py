"""Untrusted files: each plan read and reviewed in a process of its own, with caps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbrt_qa import pipeline
from sbrt_qa.errors import ResultError, UsageError
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.setup_errors import Shifts
from sbrt_qa.model.stated import NOTHING_STATED, UserStatements
from sbrt_qa.pipeline.requests import DEFAULT_PROTOCOL, ReviewRequest

if TYPE_CHECKING:
    from sbrt_qa.review.case_review import CaseReview
    from sbrt_qa.sandbox import Limits, Outcome
    from sbrt_qa.second_opinion.second_opinion import Comparison


@dataclass(frozen=True, slots=True)
class PlanJob:
    """What a process does: review one plan of a request, which reaches it unchanged.

    `case` is the place of the plan among all of them, None for the only one.
    """

    request: ReviewRequest
    case: int | None = None


@dataclass(frozen=True, slots=True)
class PlanAnswer:
    """What a process answers: the review of one plan as JSON, or the labels of several."""

    review: str = ""
    labels: tuple[str, ...] = ()

    @classmethod
    def of(cls, value: Any) -> PlanAnswer:  # noqa: ANN401 - whatever a process sent
        """Return what a process sent; an empty answer where that is no answer."""
        found = value if isinstance(value, dict) else {}
        review, labels = found.get("review"), found.get("labels")
        return cls(
            review if isinstance(review, str) else "",
            tuple(map(str, labels)) if isinstance(labels, list) else (),
        )


def check_untrusted(
    paths: Sequence[Path],
    protocol_name: str = DEFAULT_PROTOCOL,
    mapping: Mapping[str, str] | None = None,
    site_values: Path | None = None,
    *,
    cross_check: bool = False,
    bands: bool = True,
    limits: Limits | None = None,
    prepare: Callable[[], None] | None = None,
    stated: UserStatements = NOTHING_STATED,
    shifts: Shifts | None = None,
) -> tuple[CaseReview, ...]:
    """Review every plan as `sbrt_qa.pipeline.check` does, each in a process of its own with caps.

    This process reads none of the files, that of the site's values included. A case whose process
    exceeds its caps, or is ended by what it reads, is not evaluable, and the others are reviewed
    all the same. The second engine gets a process more for each case, so that it can take nothing
    but its own values with it.

    Parameters
    ----------
    site_values, cross_check, bands, stated, shifts
        As for `sbrt_qa.pipeline.check`.
    limits
        Caps of each process.
    prepare
        What each process does first, outside its caps; `sbrt_qa.pipeline.warm_up` unless given.

    Raises
    ------
    DicomError, ProtocolError, UsageError
        As `sbrt_qa.pipeline.check`.
    """
    from sbrt_qa.pipeline.one_plan import citing_self_test
    from sbrt_qa.review.unreviewed import unreviewed
    from sbrt_qa.sandbox import preload, run_isolated

    preload([__name__, "sbrt_qa.dicom.load", "sbrt_qa.review.review"])
    rules = pipeline.protocol_family(protocol_name)
    request = ReviewRequest(
        tuple(paths), protocol_name, dict(mapping or {}), site_values, bands, stated=stated,
        shifts=shifts,
    ).absolute()  # fmt: skip

    def run(wanted: PlanJob) -> Outcome:
        return run_isolated(review_here, (wanted,), limits, prepare=prepare or pipeline.warm_up)

    job = PlanJob(request)
    first = run(job)
    if first.error is not None:
        raise first.error
    labels = PlanAnswer.of(first.value).labels
    found = [(", ".join(path.name for path in paths), job, first)]
    if labels:
        jobs = [replace(job, case=index) for index in range(len(labels))]
        found = [(label, one, run(one)) for label, one in zip(labels, jobs, strict=True)]
    reviews = []
    for label, done, outcome in found:
        review = _review_of(outcome)
        if review is not None and cross_check:
            asked = replace(done.request, bands=False, cross_check=True, shifts=Shifts())
            review = replace(review, cross_check=_second_values(run(replace(done, request=asked))))
        review = review or unreviewed(label, rules.latest, _why(outcome))
        reviews.append(citing_self_test(review))
    return tuple(reviews)


def review_here(job: PlanJob) -> dict[str, Any]:
    """Do one job: review a case by its place, or the only one; of several, list their labels."""
    from sbrt_qa.pipeline.reviewing import open_request

    opened = open_request(job.request)
    if job.case is None and len(opened.cases) > 1:
        return asdict(PlanAnswer(labels=tuple(one.label for one in opened.cases)))
    done = opened.review(opened.cases[job.case or 0])
    return asdict(PlanAnswer(done.review.to_json()))


def _second_values(outcome: Outcome) -> tuple[Comparison, ...]:
    """Return the values of the second engine, or the one row that says why there are none."""
    from sbrt_qa.model.outcome import Reason, ReasonCode
    from sbrt_qa.second_opinion.crosscheck.agreement import nothing_compared

    if isinstance(outcome.error, UsageError):
        raise outcome.error
    review = _review_of(outcome)
    if review is not None:
        return review.cross_check
    text = say("the process of the second engine {0}", _why(outcome))
    return (nothing_compared(Reason(ReasonCode.NOT_REVIEWED, text)),)


def _why(outcome: Outcome) -> str:
    """Say in a few words why a process gave no review."""
    return outcome.failure or str(outcome.error or "gave an answer that cannot be read")


def _review_of(outcome: Outcome) -> CaseReview | None:
    """Return the review that a process answered with, None when it is none."""
    from sbrt_qa.review.case_review import CaseReview

    found = PlanAnswer.of(outcome.value).review
    try:
        return CaseReview.from_json(found) if found else None
    except ResultError:
        return None
