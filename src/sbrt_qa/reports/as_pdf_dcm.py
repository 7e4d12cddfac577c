"""The PDF as a DICOM object, which archives keep with the plan that it refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sbrt_qa.dicom.write.pdf_file import encapsulated_pdf
from sbrt_qa.reports.as_pdf import render_report as render_pdf
from sbrt_qa.reports.dicom_values import document_head

if TYPE_CHECKING:
    from sbrt_qa.evidence.evidence import Reviewed


def render_report(reviewed: Reviewed, language: str) -> bytes:
    """Return the report of one case in its DICOM object."""
    return encapsulated_pdf(render_pdf(reviewed, language), document_head(reviewed, language))
