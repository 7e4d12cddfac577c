"""What a worker answers and writes about files full of identifiers names nobody."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from sbrt_qa.audit.job import SubmissionJob
from sbrt_qa.audit.one_submission import review_submission
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.testing.sample.trial import write_trial

SECRETS = ("muster", "erika", "19630812", "12.08.1963", "4711")
PICTURES = re.compile(r"[A-Za-z0-9+/=]{100,}")


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """A submission that names its patient wherever it can."""
    write_trial(tmp_path, 1)
    folder = tmp_path / "submissions" / "S01" / "S01-001" / "v1"
    for file in folder.iterdir():
        data = pydicom.dcmread(file)
        data.PatientName, data.PatientID = "Muster^Erika", "4711-99"
        data.PatientBirthDate, data.ClinicalTrialSubjectID = "19630812", "Muster Erika"
        data.OperatorsName = "Meier^Max"
        if data.Modality == "RTPLAN":
            data.RTPlanLabel, data.RTPlanName = "ERIKA SBRT", "Muster 12.08.1963"
            data.BeamSequence[0].BeamName = "MusterAP"
            data.BeamSequence[0].private_block(0x3253, "VENDOR", create=True).add_new(
                0x00, "LO", "Muster"
            )
        if data.Modality == "RTSTRUCT":
            data.StructureSetLabel = "4711-99"
            data.StructureSetROISequence[0].ROIName = "PTV Muster"
            data.StructureSetROISequence[-1].ROIName = "PTV Erika"
        data.save_as(folder / f"{data.Modality}_Muster.dcm")
        file.unlink()
    return folder


def job(folder: Path, report: Path, **more: object) -> SubmissionJob:
    rules = load_protocol(folder.parents[3] / "protocol_v1.yaml").model_dump_json(by_alias=True)
    return SubmissionJob(folder, (rules,), {"PTV Muster": "PTV"}, report=report, **more)  # type: ignore[arg-type]


def test_nothing_that_leaves_a_worker_names_anybody(spoilt, tmp_path):
    answer = review_submission(job(spoilt, tmp_path / "page", codes=("S01", "S01-001")))
    (case,) = answer.contents.plans
    assert case.unwritten == ""
    page = PICTURES.sub("", (tmp_path / "page-1.html").read_text(encoding="utf-8"))
    assert answer.contents.refused_codes == ("Muster Erika",)
    for_others = replace(
        answer.contents, subject=None, refused_codes=(), plans=(replace(case, dvhs=()),)
    )  # the parent replaces what is left out by keyed hashes
    told = json.dumps(replace(answer, contents=for_others).to_values())
    for secret in SECRETS:
        assert secret not in told.casefold(), secret
        assert secret not in page.casefold(), secret
    assert "PTV [removed]" in page


def test_every_kind_of_identifier_is_found(spoilt, tmp_path):
    answer = review_submission(job(spoilt, tmp_path / "page"))
    found = {one.code: one for one in answer.contents.findings}
    assert set(found) == {
        "IDENTIFIER_PATIENT_NAME", "IDENTIFIER_PATIENT_ID", "IDENTIFIER_BIRTH_DATE",
        "IDENTIFIER_ELEMENTS", "IDENTIFIER_PRIVATE_TAGS", "IDENTIFIER_IN_ROI_NAME",
        "IDENTIFIER_IN_LABEL", "IDENTIFIER_IN_FILE_NAME",
    }  # fmt: skip
    assert found["IDENTIFIER_ELEMENTS"].where == "OperatorsName, ClinicalTrialSubjectID"
    assert found["IDENTIFIER_PRIVATE_TAGS"].message.endswith("1 in RTPLAN")
    assert found["IDENTIFIER_IN_FILE_NAME"].message.startswith("3 file names")


def test_a_name_in_the_place_of_a_code_is_searched_for_too(spoilt, tmp_path):
    for file in spoilt.iterdir():
        data = pydicom.dcmread(file)
        data.PatientName = data.PatientID = data.PatientBirthDate = ""
        data.save_as(file)
    answer = review_submission(job(spoilt, tmp_path / "page"))
    document = answer.contents.plans[0].document.casefold()
    assert "muster" not in document
    assert "erika" not in document


def test_a_page_of_a_pseudonymized_audit_has_no_code_and_no_uid(tmp_path):
    write_trial(tmp_path, 1)
    folder = tmp_path / "submissions" / "S01" / "S01-001" / "v1"
    renamed = {"S01-001": "P-0123456789"}
    review_submission(job(folder, tmp_path / "page", renamed=renamed))
    page = (tmp_path / "page-1.html").read_text(encoding="utf-8")
    assert "P-0123456789" in page
    assert "S01-001" not in page
    assert pydicom.dcmread(folder / "RTPLAN.dcm").SOPInstanceUID not in page
