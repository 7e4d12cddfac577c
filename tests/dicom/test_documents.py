"""Reviews as DICOM documents: valid objects that refer to the plan and read back unchanged."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sr._concepts_dict import concepts as concepts_of
from pydicom.uid import UID, RTDoseStorage, RTPlanStorage, RTStructureSetStorage

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dicom.read.identity import document_patient
from sbrt_qa.dicom.write.anatomy_codes import finding_sites, structure_type
from sbrt_qa.dicom.write.documents import (
    SCHEME,
    DocumentHead,
    DoseMeasured,
    FindingReported,
    LimitReported,
    ReviewReported,
    long_string,
    person_name,
)
from sbrt_qa.dicom.write.pdf_file import encapsulated_pdf
from sbrt_qa.dicom.write.sr_codes import UCUM, metric_code
from sbrt_qa.dicom.write.sr_file import structured_report
from sbrt_qa.dicom.write.sr_read_back import read_structured_report, referred_uids
from sbrt_qa.errors import DicomError
from sbrt_qa.model.case import SourceFile
from sbrt_qa.model.outcome import Band, Driver, Verdict
from sbrt_qa.model.patient import DocumentPatient

from . import standard_tables

SAMPLE = Path(__file__).parents[2] / "sample_dicom" / "major"
PDF = b"%PDF-1.7 stands for a report\n%%EOF\n"
HOSTILE = "<script>\x1b[2J\\..\\x=SUM(A1)\u202eLeber^^胃 " * 4


def source(modality: str, sop_class: str, number: int) -> SourceFile:
    uid = f"1.2.3.{number}"
    return SourceFile(f"{modality}.dcm", modality, uid, "ab" * 32, sop_class, f"{uid}.1", "1.2.3")


FILES = (
    source("RTSTRUCT", RTStructureSetStorage, 1),
    source("RTDOSE", RTDoseStorage, 2),
    source("RTPLAN", RTPlanStorage, 3),
    source("CT", "1.2.840.10008.5.1.4.1.1.2", 4),
)

LIMIT = LimitReported(
    id="DUO5_D01",
    structure="Duodenum",
    roi_names=("Duodenum", "十二指肠"),
    roi_numbers=(7, 8),
    metric="D0.1cc[Gy]",
    unit="Gy",
    op="<=",
    value=33.699999999999996,
    limit=33.0,
    minor_limit=35.0,
    verdict=Verdict.MINOR,
    priority=1,
    counts=True,
    band=Band(33.1, 34.25, Driver.END_CAPS),
    borderline=False,
    dose=DoseMeasured.AT_VOLUME,
)
UNKNOWN = replace(
    LIMIT,
    id="KID_V20",
    value=None,
    band=None,
    minor_limit=None,
    verdict=Verdict.NOT_EVALUABLE,
    counts=False,
    reason_code="structure_missing",
    reason="no structure of the plan is a kidney",
    roi_names=(),
    roi_numbers=(),
)
REVIEW = ReviewReported(
    verdict=Verdict.MAJOR,
    plan="Liver SBRT",
    protocol="liver_sbrt",
    protocol_version="0.1",
    protocol_sha256="cd" * 32,
    engine="sbrt_qa 0.1.0; morph",
    limits=(LIMIT, UNKNOWN),
    findings=(
        FindingReported("GRID_COARSE", Verdict.MINOR, "dose grid of 4 mm"),
        FindingReported("NOTE", None, "for information"),
    ),
)


def head(**changes: object) -> DocumentHead:
    facts: dict[str, object] = {
        "patient": DocumentPatient("S-017", "S-017"),
        "created": datetime(2026, 1, 5, 12, 0),
        "content_id": "ab",
        "title": "Protocol review",
        "software": "0.1.0",
    } | changes
    patient = facts.pop("patient")
    files = facts.pop("files", FILES)
    return DocumentHead.of(files, patient, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "review",
    [
        pytest.param(REVIEW, id="values, reasons and findings"),
        pytest.param(replace(REVIEW, limits=(), findings=()), id="no limit at all"),
        pytest.param(
            replace(REVIEW, limits=tuple(replace(LIMIT, unit=u, value=1.0) for u in UCUM)),
            id="every unit",
        ),
        pytest.param(
            replace(REVIEW, limits=(replace(UNKNOWN, metric="Fog[furlong]", unit="furlong"),)),
            id="a metric that nobody knows, in a unit without code",
        ),
        pytest.param(
            replace(REVIEW, limits=(replace(LIMIT, value=1 / 3, limit=1e-17, minor_limit=-0.0),)),
            id="numbers that decimal strings would round",
        ),
        pytest.param(
            replace(REVIEW, limits=(replace(LIMIT, borderline=True, op="report", limit=None),)),
            id="borderline, without a bound",
        ),
        pytest.param(
            replace(
                REVIEW,
                limits=tuple(replace(LIMIT, id=f"L{n}", structure="A" * 99) for n in range(3)),
            ),
            id="names longer than a code may be",
        ),
    ],
)
def test_a_structured_report_reads_back_into_the_same_values(review: ReviewReported) -> None:
    assert read_structured_report(structured_report(review, head())) == review


def test_a_structured_report_is_a_measurement_report_in_ucum_units() -> None:
    document = dcmread(io.BytesIO(structured_report(REVIEW, head())))
    assert document.SOPClassUID.name == "Comprehensive 3D SR Storage"
    assert document.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    units = [e.value[0] for e in document.iterall() if e.keyword == "MeasurementUnitsCodeSequence"]
    assert {u.CodingSchemeDesignator for u in units} == {"UCUM"}


Codes = dict[tuple[str, str | None], list[Dataset]]


def concept(one: Dataset) -> tuple[str, str | None]:
    name = one.ConceptNameCodeSequence[0]
    return name.CodingSchemeDesignator, name.get("CodeValue")


def below(one: Dataset) -> Codes:
    """Return the content of an item by the codes of its names."""
    found: Codes = {}
    for part in one.get("ContentSequence", ()):
        found.setdefault(concept(part), []).append(part)
    return found


def groups_of(data: bytes) -> list[Codes]:
    (measured,) = below(dcmread(io.BytesIO(data)))["DCM", "126010"]
    return [below(group) for group in measured.ContentSequence]


def test_a_limit_names_each_roi_of_the_structure_set() -> None:
    _, drawn, undrawn, *_ = groups_of(structured_report(REVIEW, head()))
    (region,) = drawn["DCM", "130488"]
    refers = region.ReferencedSOPSequence[0]
    assert refers.ReferencedSOPInstanceUID == FILES[0].sop_instance_uid
    told = [
        (one.TextValue, below(one)["DCM", "125309"][0].TextValue) for one in drawn["DCM", "130489"]
    ]
    assert told == [("7", "Duodenum"), ("8", "十二指肠")]
    assert drawn["SCT", "363698007"][0].ConceptCodeSequence[0].CodeValue == "38848004"
    assert ("DCM", "130488") not in undrawn


@pytest.mark.parametrize("numbers", [(7, 8), (7,), ()])
def test_rois_are_named_without_a_structure_set_or_their_numbers(numbers: tuple[int, ...]) -> None:
    review = replace(REVIEW, limits=(replace(LIMIT, roi_numbers=numbers),))
    data = structured_report(review, head(files=FILES[1:]))
    assert ("DCM", "130488") not in groups_of(data)[1]
    assert read_structured_report(data) == review


def test_a_dose_has_a_public_name_and_its_uncertainty_beside_it() -> None:
    _, drawn, *_ = groups_of(structured_report(REVIEW, head()))
    (dose,) = drawn["DCM", "128513"]
    told = below(dose)
    assert told["DCM", "125309"][0].TextValue == LIMIT.metric
    sizes = [told["SCT", code][0].MeasuredValueSequence[0] for code in ("371885007", "371886008")]
    assert LIMIT.band is not None
    assert LIMIT.value is not None
    assert [s.FloatingPointValue for s in sizes] == [
        LIMIT.value - LIMIT.band.low,
        LIMIT.band.high - LIMIT.value,
    ]
    assert {s.MeasurementUnitsCodeSequence[0].CodeValue for s in sizes} == {"Gy"}


@pytest.mark.parametrize(
    ("metric", "unit", "dose", "code"),
    [
        ("Mean[Gy]", "Gy", DoseMeasured.MEAN, "128533"),
        ("Max[cGy]", "cGy", DoseMeasured.HIGHEST, "128531"),
        ("Min[Gy]", "Gy", DoseMeasured.LOWEST, "128532"),
        ("D0.03cc[Gy]", "Gy", DoseMeasured.AT_VOLUME, "128513"),
        ("D95%[%]", "%", DoseMeasured.AT_VOLUME, "METRIC D95%[%]"),
        ("V20Gy[cc]", "cc", None, "METRIC V20Gy[cc]"),
        ("D2cm[Gy]", "Gy", None, "METRIC D2cm[Gy]"),
    ],
)
def test_only_what_is_an_absorbed_dose_is_called_so(
    metric: str, unit: str, dose: DoseMeasured | None, code: str
) -> None:
    """A volume at a dose is not the volume of the structure, and a percentage is no dose."""
    assert metric_code(metric, unit, dose).value == code


def test_every_public_code_is_in_the_dictionaries_with_its_meaning() -> None:
    """And the private ones belong to the one scheme that the object identifies."""
    document = dcmread(io.BytesIO(structured_report(REVIEW, head())))
    own = [one.CodingSchemeDesignator for one in document.CodingSchemeIdentificationSequence]
    assert own == [SCHEME]
    concepts = [
        i for e in document.iterall() if e.VR == "SQ" for i in e.value if "CodeMeaning" in i
    ]
    assert len(concepts) > 50
    for one in concepts:
        scheme, value = one.CodingSchemeDesignator, one.get("CodeValue")
        if scheme in (SCHEME, "UCUM", "RFC5646"):
            continue
        meanings = {
            re.sub(r" \(.*\)$", "", listed[value][0]).casefold()
            for listed in concepts_of[scheme].values()
            if value in listed
        }
        assert one.CodeMeaning.casefold() in meanings, one


@pytest.mark.parametrize(
    ("structure", "code"),
    [
        ("PTV", "228793007"),
        ("PTV_5000", "228793007"),
        ("GTV", "228791009"),
        ("CTVp", "228792002"),
        ("ITV", "130056"),
        ("Liver-GTV", "130060"),
        ("SpinalCord_PRV05", "130057"),
        ("Duodenum", "130060"),
        ("External-PTV", ""),
        ("PTV + 2cm", ""),
        ("PTV-GTV", ""),
        ("NotAnOrgan", ""),
    ],
)
def test_what_a_structure_is(structure: str, code: str) -> None:
    found = structure_type(structure)
    assert (found.value if found else "") == code


@pytest.mark.parametrize(
    ("structure", "organ", "side"),
    [
        ("Liver-GTV", "10200004", ""),
        ("Kidney_L", "64033007", "7771000"),
        ("Kidneys", "64033007", "51440002"),
        ("SpinalCord_PRV05", "2748008", ""),
        ("Bowel_Small", "30315005", ""),
        ("PTV", "", ""),
        ("Bowel_Small + Bowel_Large", "", ""),
        ("Liver_Left", "", ""),
    ],
)
def test_where_a_structure_lies(structure: str, organ: str, side: str) -> None:
    sites = finding_sites(structure)
    assert [s.ConceptCodeSequence[0].CodeValue for s in sites] == ([organ] if organ else [])
    sides = [
        m.ConceptCodeSequence[0].CodeValue for s in sites for m in s.get("ContentSequence", ())
    ]
    assert sides == ([side] if side else [])


@pytest.mark.parametrize("data", [structured_report(REVIEW, head()), encapsulated_pdf(PDF, head())])
def test_documents_belong_to_the_plans_study_and_name_the_subject_only(data: bytes) -> None:
    document = dcmread(io.BytesIO(data))
    assert document.StudyInstanceUID == "1.2.3"
    assert (document.PatientID, str(document.PatientName)) == ("S-017", "S-017^")
    assert document.PatientIdentityRemoved == "YES"
    assert (document.ContentDate, document.ContentTime) == ("20260105", "120000")


def test_documents_refer_to_plan_dose_and_structure_set() -> None:
    reviewed = ["1.2.3.3", "1.2.3.2", "1.2.3.1"]
    assert list(referred_uids(structured_report(REVIEW, head()))) == reviewed
    held = dcmread(io.BytesIO(encapsulated_pdf(PDF, head())))
    assert [one.ReferencedSOPInstanceUID for one in held.SourceInstanceSequence] == reviewed
    assert held.SourceInstanceSequence[0].ReferencedSOPClassUID == RTPlanStorage


@pytest.mark.parametrize("pdf", [PDF, PDF + b"\n"], ids=["even", "odd"])
def test_an_encapsulated_pdf_gives_the_pdf_back(pdf: bytes) -> None:
    held = dcmread(io.BytesIO(encapsulated_pdf(pdf, head())))
    assert held.EncapsulatedDocument[: held.EncapsulatedDocumentLength] == pdf
    assert held.MIMETypeOfEncapsulatedDocument == "application/pdf"


def test_equal_content_gives_equal_bytes_and_other_content_another_uid() -> None:
    assert structured_report(REVIEW, head()) == structured_report(REVIEW, head())
    assert encapsulated_pdf(PDF, head()) == encapsulated_pdf(PDF, head())
    uids = {head().uid("SR"), head(content_id="cd").uid("SR"), head().uid("encapsulated PDF")}
    assert len(uids) == 3
    assert all(UID(uid).is_valid for uid in uids)


def test_hostile_text_stays_text() -> None:
    limit = replace(LIMIT, id=HOSTILE, structure=HOSTILE, roi_names=(HOSTILE,))
    review = replace(
        REVIEW, plan=HOSTILE, limits=(limit,), findings=(FindingReported("X", None, HOSTILE),)
    )
    about = head(patient=DocumentPatient(HOSTILE, HOSTILE), title=HOSTILE)
    document = dcmread(io.BytesIO(structured_report(review, about)))
    texts = [str(e.value) for e in document.iterall() if e.VR in ("UT", "LO", "PN", "SH", "UC")]
    assert not any("\x1b" in text or "\u202e" in text for text in texts)
    for keyword in ("PatientID", "SeriesDescription"):
        assert document[keyword].VM == 1
        assert len(document[keyword].value) <= 64
    back = read_structured_report(structured_report(review, about))
    assert back.limits[0].value == LIMIT.value
    assert "<script>" in back.limits[0].roi_names[0]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param((), id="none"),
        pytest.param(FILES[3:], id="images only"),
        pytest.param((replace(FILES[2], study_uid=""),), id="of an earlier version, without UIDs"),
        pytest.param((replace(FILES[2], sop_instance_uid="../../x"),), id="a UID that is none"),
        pytest.param((replace(FILES[2], sop_class_uid="1.2.3"),), id="a class that is no plan"),
    ],
)
def test_a_document_needs_something_to_refer_to(files: tuple[SourceFile, ...]) -> None:
    with pytest.raises(DicomError, match="refer to"):
        head(files=files)


@pytest.mark.parametrize(
    "data", [b"", b"text", encapsulated_pdf(PDF, head()), (SAMPLE / "RTPLAN.dcm").read_bytes()]
)
def test_what_is_no_report_of_ours_is_refused(data: bytes) -> None:
    with pytest.raises(DicomError):
        read_structured_report(data)


def test_only_pdfs_are_encapsulated() -> None:
    with pytest.raises(DicomError, match="PDF"):
        encapsulated_pdf(b"<html>", head())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("a\\b", "a/b"),
        ("a  b\n", "a b"),
        ("x" * 70, "x" * 63 + "…"),
    ],
)
def test_long_strings(text: str, shown: str) -> None:
    assert long_string(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"), [("", ""), ("S1", "S1^"), ("A^B", "A^B"), ("A=B", "A B^")]
)
def test_person_names(text: str, shown: str) -> None:
    assert person_name(text) == shown


class TestWhoIsNamed:
    def plan(self, folder: Path, **changes: str) -> str:
        plan = dcmread(SAMPLE / "RTPLAN.dcm")
        for keyword, value in changes.items():
            setattr(plan, keyword, value)
        plan.save_as(folder / "RTPLAN.dcm")
        (folder / "notes.txt").write_text("no DICOM")
        return str(plan.SOPInstanceUID)

    def test_the_subject_code_alone_where_there_is_one(self, tmp_path: Path) -> None:
        uid = self.plan(tmp_path)
        assert document_patient("S-1", [tmp_path], uid) == DocumentPatient("S-1", "S-1")

    def test_what_a_deidentified_export_says(self, tmp_path: Path) -> None:
        uid = self.plan(tmp_path, PatientID="PSEUDO7", PatientName="PSEUDO^7", PatientSex="F")
        found = document_patient("", [tmp_path], uid)
        assert found == DocumentPatient("PSEUDO7", "PSEUDO^7", "", "F")

    @pytest.mark.parametrize("removed", ["NO", ""])
    def test_nobody_where_the_identity_was_not_removed(self, tmp_path: Path, removed: str) -> None:
        uid = self.plan(tmp_path, PatientIdentityRemoved=removed, PatientName="Doe^Jane")
        assert document_patient("", [tmp_path], uid) == DocumentPatient()

    def test_nobody_where_the_plan_is_not_found(self, tmp_path: Path) -> None:
        self.plan(tmp_path)
        assert document_patient("", [tmp_path], "1.2.3.4") == DocumentPatient()


@pytest.fixture(params=["SR", "PDF"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    data = (
        structured_report(REVIEW, head())
        if request.param == "SR"
        else encapsulated_pdf(PDF, head())
    )
    path = tmp_path / f"{request.param}.dcm"
    path.write_bytes(data)
    return path


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="dciodvfy (dicom3tools) is not installed")
def test_dciodvfy_finds_no_error(written: Path) -> None:
    found = subprocess.run(["dciodvfy", written], capture_output=True, text=True, check=False)
    assert [line for line in found.stderr.splitlines() if line.startswith("Error")] == []
    assert {"SR": "Comprehensive3DSR", "PDF": "EncapsulatedPDF"}[written.stem] in found.stderr


@pytest.mark.skipif(not shutil.which("dsrdump"), reason="dsrdump (dcmtk) is not installed")
def test_dsrdump_reads_the_content_tree(tmp_path: Path) -> None:
    path = tmp_path / "sr.dcm"
    path.write_bytes(structured_report(REVIEW, head()))
    found = subprocess.run(["dsrdump", path], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert '"Assessment Category"' in found.stdout


@pytest.mark.parametrize("spoil", [None, "SOPInstanceUID", "StudyInstanceUID"])
def test_dicom_validator_finds_no_error(written: Path, spoil: str | None) -> None:
    """With the standard's tables from highdicom; what is spoilt on purpose it does find.

    The tables hold no conditions, so every item of a content tree seems to want the attributes of
    every kind of item: that module is left to dciodvfy and dsrdump.
    """
    validator = pytest.importorskip(
        "dicom_validator.validator.iod_validator", reason="dicom-validator is not installed"
    )
    dataset = dcmread(written)
    if spoil:
        delattr(dataset, spoil)
    found = validator.IODValidator(dataset, standard_tables.tables()).validate().module_errors
    found.pop("sr-document-content", None)
    assert bool(found) == bool(spoil), found


def test_a_case_has_the_trials_subject_code_and_its_files_say_where_they_belong() -> None:
    (case,) = load_cases(SAMPLE / "RTPLAN.dcm")
    assert case.subject == "SAMPLE03"
    (plan,) = case.provenance.files
    written = dcmread(SAMPLE / "RTPLAN.dcm")
    assert (plan.sop_class_uid, plan.series_uid, plan.study_uid) == (
        written.SOPClassUID,
        written.SeriesInstanceUID,
        written.StudyInstanceUID,
    )
