"""Reviews become DICOM documents that hold the same numbers and refer to what was reviewed."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom import dcmread

from sbrt_qa.cli.main import run
from sbrt_qa.dicom.write.sr_read_back import read_structured_report, referred_uids
from sbrt_qa.errors import DicomError
from sbrt_qa.evidence.evidence import Reviewed
from sbrt_qa.model.outcome import Band, Driver
from sbrt_qa.model.patient import DocumentPatient
from sbrt_qa.pipeline import reporting
from sbrt_qa.reports.dicom_values import reported
from sbrt_qa.reports.registry import format_of, render_report
from sbrt_qa.review.case_review import CaseReview

from .samples import sample

SAMPLES = Path(__file__).parents[2] / "sample_dicom"


def reviewed(name: str) -> Reviewed:
    return sample(name, bands=name == "major")


@pytest.mark.parametrize("name", ["major", "missing_organ"])
def test_a_structured_report_holds_the_numbers_of_the_review(name: str) -> None:
    review = reviewed(name).review
    back = read_structured_report(render_report("dcm", reviewed(name), "en"))
    assert back == reported(review)
    for limit, result in zip(back.limits, review.constraints, strict=True):
        assert (limit.value, limit.limit, limit.minor_limit, limit.verdict) == (
            result.value,
            result.per_protocol_limit,
            result.minor_limit,
            result.verdict,
        )


def test_a_structured_report_says_why_a_verdict_is_borderline() -> None:
    whole = reviewed("major")
    first = next(c for c in whole.review.constraints if c.value is not None)
    band = Band(first.value or 0.0, first.value or 0.0, Driver.GRID)
    unsure = replace(first, band=band, borderline=True)
    changed = replace(whole, review=replace(whole.review, constraints=(unsure,)))
    (limit,) = read_structured_report(render_report("dcm", changed, "en")).limits
    assert limit.borderline_text == unsure.borderline_text
    assert "how far apart the voxels of the dose are decides" in limit.borderline_text


def test_it_refers_to_the_files_that_were_reviewed() -> None:
    files = [dcmread(SAMPLES / "major" / f"{m}.dcm") for m in ("RTPLAN", "RTDOSE", "RTSTRUCT")]
    data = render_report("dcm", reviewed("major"), "en")
    assert list(referred_uids(data)) == [one.SOPInstanceUID for one in files]
    assert dcmread(io.BytesIO(data)).StudyInstanceUID == files[0].StudyInstanceUID


def test_the_encapsulated_pdf_is_the_pdf() -> None:
    held = dcmread(io.BytesIO(render_report("pdf_dcm", reviewed("minor"), "zh")))
    pdf = held.EncapsulatedDocument[: held.EncapsulatedDocumentLength]
    assert pdf == render_report("pdf", reviewed("minor"), "zh")
    assert held.PatientID == "SAMPLE02"


def test_without_a_subject_code_the_identity_of_a_deidentified_export_is_used() -> None:
    review = replace(reviewed("minor").review, subject="")
    known = Reviewed(review, patient=DocumentPatient("PSEUDO7", "PSEUDO^7"))
    assert dcmread(io.BytesIO(render_report("dcm", known, "en"))).PatientID == "PSEUDO7"
    nobody = dcmread(io.BytesIO(render_report("dcm", Reviewed(review), "en")))
    assert (nobody.PatientID, str(nobody.PatientName)) == ("", "")


def test_no_identity_leaves_an_export_that_was_not_deidentified(tmp_path: Path) -> None:
    for name in ("RTPLAN", "RTDOSE", "RTSTRUCT"):
        one = dcmread(SAMPLES / "minor" / f"{name}.dcm")
        one.PatientName, one.PatientID = "Surname-Of-One^Jane", "HOSPITAL-17"
        one.PatientIdentityRemoved = "NO"
        del one.ClinicalTrialSubjectID
        one.save_as(tmp_path / f"{name}.dcm")
    found = reporting.report([tmp_path], bands=False)
    for form in ("dcm", "pdf_dcm", "pdf", "json", "csv"):
        data = render_report(form, found, "en")
        assert b"Surname-Of" not in data
        assert b"HOSPITAL-17" not in data


def test_a_review_that_does_not_know_its_objects_is_refused(review: CaseReview) -> None:
    with pytest.raises(DicomError, match="refer to"):
        render_report("dcm", Reviewed(review), "en")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.dcm", "dcm"),
        ("a.pdf.dcm", "pdf_dcm"),
        ("a.b.pdf", "pdf"),
        ("A.PDF.DCM", "pdf_dcm"),
        ("a", ""),
        ("a.xyz", ""),
        ("a.pdf.xyz", ""),
    ],
)
def test_the_suffixes_name_the_format(name: str, form: str) -> None:
    assert format_of(Path(name)) == form


@pytest.mark.parametrize("name", ["r.dcm", "r.pdf.dcm"])
@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy (dicom3tools) is not installed")
def test_the_command_writes_valid_documents(name: str, tmp_path: Path) -> None:
    out = tmp_path / name
    assert run(["report", str(SAMPLES / "minor"), "--no-bands", "--out", str(out)]) == 10
    assert pydicom.dcmread(out).Modality in ("SR", "DOC")
    found = subprocess.run(["dciodvfy", out], capture_output=True, text=True, check=False)
    assert [line for line in found.stderr.splitlines() if line.startswith("Error")] == []
