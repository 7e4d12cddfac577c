"""One plan through everything that a review is: the one path of every command.

The version of the protocol, the review, the second engine where it is asked for, what a report
draws, and the self-test of this machine. ``check`` and ``report`` come here, processes with caps,
the workers of an audit, and a server that reviews what was sent to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sbrt_qa.pipeline.requests import ReviewStage

if TYPE_CHECKING:
    from collections.abc import Callable

    from sbrt_qa.dosimetry.case_doses import CaseDoses
    from sbrt_qa.evidence.evidence import Reviewed
    from sbrt_qa.model.case import Case
    from sbrt_qa.model.setup_errors import Shifts
    from sbrt_qa.pipeline.requests import DvhRequest
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.protocol.versions import Chosen, ProtocolFamily
    from sbrt_qa.review.case_review import CaseReview
    from sbrt_qa.review.dvh_table import DvhTable
    from sbrt_qa.second_opinion.site_csv import SiteValue


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the review of a plan.

    Parameters
    ----------
    mapping
        Structure name in the plan -> name in the protocol.
    sent
        The site's own values.
    bands
        Say of every metric where it may lie, and flag borderline verdicts.
    second_engine
        Where the files of the case lie, for the second engine, which reads them itself; empty where
        it is not asked for.
    shifts
        How far the patient may lie elsewhere; as the protocol has it unless given.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    sent: tuple[SiteValue, ...] = ()
    bands: bool = True
    second_engine: tuple[Path, ...] = ()
    shifts: Shifts | None = None


def _tell_nobody(_: ReviewStage) -> None:
    """Tell nobody."""


def review_plan(
    case: Case,
    rules: ProtocolFamily | Chosen | Protocol,
    asked: Asked | None = None,
    *,
    doses: CaseDoses | None = None,
    tell: Callable[[ReviewStage], object] = _tell_nobody,
) -> CaseReview:
    """Review one plan, or one course.

    Parameters
    ----------
    rules
        The version of the protocol; of several, the one that holds for the case is chosen.
    doses
        The case's doses, where they are used again afterwards.
    tell
        Is told each stage as it begins.

    Raises
    ------
    UsageError
        The mapping leads to a name that the protocol does not have, or the second engine is not
        installed.
    """
    from sbrt_qa.review.review import review_case

    asked, chosen = asked or Asked(), version_for(case, rules)
    tell(ReviewStage.REVIEWING)
    review = review_case(
        case, chosen, mapping=asked.mapping, site_values=asked.sent, doses=doses,
        bands=asked.bands, shifts=asked.shifts,
    )  # fmt: skip
    if asked.second_engine:
        tell(ReviewStage.SECOND_ENGINE)
        review = with_second_engine(case, review, chosen, asked)
    return citing_self_test(review)


def review_and_gather(
    case: Case,
    rules: ProtocolFamily | Chosen | Protocol,
    asked: Asked | None = None,
    *,
    tell: Callable[[ReviewStage], object] = _tell_nobody,
) -> Reviewed:
    """Review one plan as :func:`review_plan` does, and gather what a report draws of it."""
    from sbrt_qa.dosimetry.case_doses import CaseDoses

    asked, doses, chosen = asked or Asked(), CaseDoses(case), version_for(case, rules)
    review = review_plan(case, chosen, asked, doses=doses, tell=tell)
    tell(ReviewStage.GATHERING)
    return gathered(doses, chosen, asked, review)


def gathered(
    doses: CaseDoses, version: Chosen | Protocol, asked: Asked, review: CaseReview
) -> Reviewed:
    """Return a review with what a report draws of it, from the doses that the review used."""
    from sbrt_qa.evidence.evidence import Reviewed
    from sbrt_qa.evidence.gather import gather
    from sbrt_qa.review.submission import occasion_of

    evidence = gather(doses, limits_of(version), asked.mapping, review)
    return Reviewed(review, evidence, occasion=occasion_of(doses.case))


def dvh_of_plan(case: Case, request: DvhRequest) -> DvhTable:
    """Compute what is asked of the structures of one plan.

    Raises
    ------
    DicomError
        There is no structure.
    MetricError, UsageError
        A metric or a structure is not known.
    """
    from sbrt_qa.review.dvh_table import dvh
    from sbrt_qa.selftest.state import latest_id

    _need_structures(case)
    table = dvh(
        case, request.structures, request.metrics, curve_bin_gy=request.curve_bin_gy,
        bands=request.bands,
    )  # fmt: skip
    return replace(table, self_test=latest_id())


def _need_structures(case: Case) -> None:
    """Check that there is something to compute a DVH of.

    Raises
    ------
    DicomError
        The case has no structure set, or an empty one.
    """
    from sbrt_qa.errors import DicomError
    from sbrt_qa.model.outcome import Reason

    structures = case.structures
    why = structures.detail if isinstance(structures, Reason) else "the structure set is empty"
    if isinstance(structures, Reason) or not structures.structures:
        raise DicomError(
            "no DVH: there is no structure to compute one of",
            got=why,
            advice="Export the plan, its structure set and its dose together",
        )


def version_for(case: Case, rules: ProtocolFamily | Chosen | Protocol) -> Chosen | Protocol:
    """Return the version of a protocol that a case is held against."""
    from sbrt_qa.protocol.versions import ProtocolFamily as Family

    return rules.of(case) if isinstance(rules, Family) else rules


def limits_of(version: Chosen | Protocol) -> Protocol:
    """Return a version without why it was chosen."""
    from sbrt_qa.protocol.versions import Chosen as Version

    return version.protocol if isinstance(version, Version) else version


def with_second_engine(
    case: Case, review: CaseReview, chosen: Chosen | Protocol, asked: Asked
) -> CaseReview:
    """Return a review with every metric from the second engine beside ours."""
    from sbrt_qa.second_opinion.crosscheck.agreement import cross_check

    rows = cross_check(
        case, limits_of(chosen), review.constraints, asked.second_engine, asked.mapping
    )
    return replace(review, cross_check=rows)


def citing_self_test(review: CaseReview) -> CaseReview:
    """Return a review that names the latest self-test of this machine."""
    from sbrt_qa.selftest.state import latest_id

    return replace(review, engine=replace(review.engine, self_test=latest_id()))
