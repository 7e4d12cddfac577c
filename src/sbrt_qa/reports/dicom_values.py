"""A review as the plain values that DICOM documents are written from."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sbrt_qa import __version__
from sbrt_qa.dicom.write.documents import (
    DocumentHead,
    DoseMeasured,
    FindingReported,
    LimitReported,
    ReviewReported,
)
from sbrt_qa.dosimetry.metric_meaning import Compared
from sbrt_qa.errors import visible
from sbrt_qa.i18n.words import Words
from sbrt_qa.model.outcome import Finding
from sbrt_qa.model.patient import DocumentPatient
from sbrt_qa.protocol.limit_result import ConstraintResult, meaning_in
from sbrt_qa.reports.compose.case_page import TITLE
from sbrt_qa.review.case_review import CaseReview

if TYPE_CHECKING:
    from sbrt_qa.evidence.evidence import Reviewed


def document_head(reviewed: Reviewed, language: str) -> DocumentHead:
    """Return the head of a document made now.

    Raises
    ------
    DicomError
        The review does not say which objects it is about.
    """
    review = reviewed.review
    subject = DocumentPatient(review.subject, review.subject)
    content = f"{language} {review.to_json()}"
    return DocumentHead.of(
        review.files,
        reviewed.patient or subject,
        created=datetime.now(UTC),
        content_id=hashlib.sha256(content.encode()).hexdigest(),
        title=Words(language)(TITLE),
        software=__version__,
    )


def reported(review: CaseReview) -> ReviewReported:
    """Return what a structured report holds of a review; every text is safe to show."""
    protocol = review.protocol
    return ReviewReported(
        verdict=review.verdict,
        plan=visible(review.case),
        standing=visible(protocol.standing),
        protocol=visible(protocol.id),
        protocol_version=visible(protocol.version),
        protocol_sha256=visible(protocol.sha256),
        engine=visible(f"sbrt_qa {review.engine.version}; {review.engine.convention}"),
        limits=tuple(_limit(c) for c in review.constraints),
        findings=tuple(_finding(f) for f in (*review.findings, *review.passed)),
    )


_DOSES: Final = {
    Compared.MEAN_DOSE: DoseMeasured.MEAN,
    Compared.HIGHEST_DOSE: DoseMeasured.HIGHEST,
    Compared.LOWEST_DOSE: DoseMeasured.LOWEST,
    Compared.DOSE_AT_VOLUME: DoseMeasured.AT_VOLUME,
}


def _limit(c: ConstraintResult) -> LimitReported:
    match, reason, meaning = c.match, c.reason, meaning_in(c)
    return LimitReported(
        id=visible(c.id),
        structure=visible(c.structure),
        roi_names=tuple(visible(name) for name in match.plan_names) if match else (),
        roi_numbers=match.roi_numbers if match else (),
        metric=visible(c.metric),
        unit=c.unit,
        op=c.op,
        value=c.value,
        limit=c.per_protocol_limit,
        minor_limit=c.minor_limit,
        verdict=c.verdict,
        priority=c.priority,
        counts=c.counts,
        band=c.band,
        borderline=c.borderline,
        borderline_text=c.borderline_text,
        spread=c.spread,
        depends_on_convention=c.depends_on_convention,
        convention_text=c.convention_text,
        reason_code=reason.code.value if reason else "",
        reason=visible(reason.detail) if reason else "",
        dose=_DOSES.get(meaning.compared) if meaning and meaning.compared else None,
    )


def _finding(f: Finding) -> FindingReported:
    told = (f.where, f.title, f.message, f.found, f.expected, f.tolerance, f.advice)
    return FindingReported(visible(f.code), f.verdict, visible("; ".join(filter(None, told))))
