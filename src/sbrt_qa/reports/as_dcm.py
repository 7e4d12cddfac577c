"""DICOM Structured Report (TID 1500): the numbers and verdicts, for archives and other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sbrt_qa.dicom.write.sr_file import structured_report
from sbrt_qa.reports.dicom_values import document_head, reported

if TYPE_CHECKING:
    from sbrt_qa.evidence.evidence import Reviewed


def render_report(reviewed: Reviewed, language: str) -> bytes:
    """Return the structured report of one case; its codes are English in every language."""
    return structured_report(reported(reviewed.review), document_head(reviewed, language))
