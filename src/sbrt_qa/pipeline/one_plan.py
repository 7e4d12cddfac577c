"""One plan through everything that a review is: the one path of every command.

The version of the protocol, the review, the second engine where it is asked for, and the self-test
of this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sbrt_qa.dosimetry.case_doses import CaseDoses
    from sbrt_qa.evidence.evidence import Reviewed
    from sbrt_qa.model.case import Case
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.protocol.versions import Chosen, ProtocolFamily
    from sbrt_qa.review.case_review import CaseReview
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
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    sent: tuple[SiteValue, ...] = ()
    bands: bool = True
    second_engine: tuple[Path, ...] = ()


def review_plan(
    case: Case,
    rules: ProtocolFamily | Chosen | Protocol,
    asked: Asked | None = None,
    *,
    doses: CaseDoses | None = None,
) -> CaseReview:
    """Review one plan, or one course.

    Parameters
    ----------
    rules
        The version of the protocol; of several, the one that holds for the case is chosen.
    doses
        The case's doses, where they are used again afterwards.

    Raises
    ------
    UsageError
        The mapping leads to a name that the protocol does not have, or the second engine is not
        installed.
    """
    from sbrt_qa.review.review import review_case

    asked, chosen = asked or Asked(), version_for(case, rules)
    review = review_case(
        case, chosen, mapping=asked.mapping, site_values=asked.sent, doses=doses, bands=asked.bands
    )
    if asked.second_engine:
        review = with_second_engine(case, review, chosen, asked)
    return citing_self_test(review)


def review_and_gather(
    case: Case, rules: ProtocolFamily | Chosen | Protocol, asked: Asked | None = None
) -> Reviewed:
    """Review one plan as :func:`review_plan` does, and gather what a report draws of it."""
    from sbrt_qa.dosimetry.case_doses import CaseDoses
    from sbrt_qa.evidence.evidence import Reviewed
    from sbrt_qa.evidence.gather import gather
    from sbrt_qa.review.submission import occasion_of

    asked, doses, chosen = asked or Asked(), CaseDoses(case), version_for(case, rules)
    review = review_plan(case, chosen, asked, doses=doses)
    evidence = gather(doses, limits_of(chosen), asked.mapping, review)
    return Reviewed(review, evidence, occasion=occasion_of(case))


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
