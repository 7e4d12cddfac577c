"""What hides a patient where nobody looks: no sibling passes, and no number changes."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import planted_here as planted
import pytest
from pydicom import dcmread, dcmwrite
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_sequence
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from sbrt_qa.deid.dates_in_texts import holds_a_date
from sbrt_qa.deid.identifier_search import IdentifierFinder, Identifiers
from sbrt_qa.deid.patient_names import NameSearch
from sbrt_qa.deid.pixel_risks import pixel_risk
from sbrt_qa.deid.policy import policy
from sbrt_qa.deid.received_release import verify_here
from sbrt_qa.deid.recognised import is_code, is_scheme
from sbrt_qa.deid.release import deidentify_files
from sbrt_qa.deid.verifier import doubts_of
from sbrt_qa.dicom.files.deid_account import MANIFEST
from sbrt_qa.errors import UsageError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # spoilt values, planted by pydicom

SAMPLE = Path(__file__).parents[2] / "sample_dicom" / "minor"
KEY = "5a" * 32


def run(folder: Path, out: Path, **asked: object) -> dict[str, Any]:
    return deidentify_files([str(folder)], str(out), KEY, {}, {"subject": "SUB-1", **asked})


def released(tmp_path: Path, *files: FileDataset | bytes, **asked: object) -> list[FileDataset]:
    """De-identify files; return what is written, in the order of its names."""
    folder = tmp_path / "in"
    folder.mkdir()
    for n, one in enumerate(files):
        content = one if isinstance(one, bytes) else planted.bytes_of(one)
        (folder / f"{n}.dcm").write_bytes(content)
    report = run(folder, tmp_path / "out", **asked)
    assert report["refused"] == report["held"] == []
    assert len(report["released"]) == len(files)
    return [dcmread(path) for path in sorted((tmp_path / "out").glob("*.dcm"))]


@pytest.fixture
def plan() -> FileDataset:
    found = dcmread(SAMPLE / "RTPLAN.dcm")
    found.PatientName, found.PatientID = planted.NAME, f"HRN-{planted.NUMBER}"
    return found


@pytest.fixture(scope="module")
def drawn_file() -> bytes:
    drawn = dcmread(SAMPLE / "RTSTRUCT.dcm")
    drawn.StructureSetROISequence = drawn.StructureSetROISequence[:3]
    drawn.ROIContourSequence = drawn.ROIContourSequence[:3]
    drawn.RTROIObservationsSequence = drawn.RTROIObservationsSequence[:3]
    return planted.bytes_of(drawn)


@pytest.fixture
def drawn(drawn_file: bytes) -> FileDataset:
    return dcmread(io.BytesIO(drawn_file))


def an_image(**elements: object) -> FileDataset:
    image = dcmread(next(iter(sorted(SAMPLE.rglob("CT*.dcm")))))
    for keyword, value in elements.items():
        setattr(image, keyword, value)
    return image


# --- places ----------------------------------------------------------------------------------

PEOPLE = (
    "ReviewerName", "OperatorsName", "ContentCreatorName", "PerformingPhysicianName",
    "ResponsiblePerson", "PatientMotherBirthName", "ScheduledPerformingPhysicianName",
)  # fmt: skip
TEXTS = (
    "StudyDescription", "SeriesDescription", "LUTExplanation", "ProtocolName", "ImageComments",
    "RTPlanDescription", "BeamDescription", "PatientComments", "DocumentTitle", "ContentLabel",
    "TreatmentMachineName", "DeviceSerialNumber", "InstitutionName", "RequestedProcedureID",
)  # fmt: skip


def hide(dataset: Dataset, word: str) -> None:
    """Put a word to every place of an item where siblings hide it."""
    for keyword in (*PEOPLE, *TEXTS):
        setattr(dataset, keyword, word[:16] if keyword != "PatientComments" else word * 9)
    other = Dataset()
    other.PatientID, other.PatientName, other.TypeOfPatientID = planted.NUMBER, word, "TEXT"
    dataset.OtherPatientIDsSequence = [other]
    signature = Dataset()
    signature.DigitalSignatureUID, signature.CertificateOfSigner = "1.2.3", word.encode() * 2
    signature.DigitalSignatureDateTime = "20240312101500"
    dataset.DigitalSignaturesSequence = [signature]
    dataset.EncapsulatedDocument, dataset.MIMETypeOfEncapsulatedDocument = b"%PDF" + b"x", "a/b"
    dataset.add_new(0xFFFCFFFC, "OB", word.encode() * 2)  # DataSetTrailingPadding
    for group in (0x5000, 0x6000, 0x6002):
        dataset.add_new(group << 16 | 0x22, "LO", word)
        dataset.add_new(group << 16 | 0x3000, "OW", word.encode() * 2)
    block = dataset.private_block(0x3253, f"{word} private", create=True)
    block.add_new(1, "PN", word)
    inner = Dataset()
    inner.PatientName = word
    block.add_new(2, "SQ", Sequence([inner]))


@pytest.mark.parametrize("syntax", ["", DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_no_hiding_place_is_left_and_no_number_changes(
    tmp_path: Path, plan: FileDataset, syntax: str
) -> None:
    before = copy.deepcopy(plan)
    for item in (plan, plan.BeamSequence[0], plan.BeamSequence[0].ControlPointSequence[0],
                 plan.FractionGroupSequence[0], plan.DoseReferenceSequence[0]):  # fmt: skip
        hide(item, "Zyxwarth Quillan"[:16])
    plan.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID = f"1.2.{planted.NUMBER}.7"
    plan.file_meta.TransferSyntaxUID = UID(syntax) if syntax else plan.file_meta.TransferSyntaxUID
    content = planted.bytes_of(plan)
    if syntax == DeflatedExplicitVRLittleEndian:
        content += b"ZYXWARTH"
    (after,) = released(tmp_path, content)
    assert planted.traces(planted.bytes_of(after), "ISO_IR 100") == []
    assert b"Zyxwarth" not in (tmp_path / "out" / "RTPLAN_0001.dcm").read_bytes()
    assert numbers_in(after) == numbers_in(before)


def numbers_in(dataset: Dataset) -> list[tuple[str, object]]:
    """Return every number of a plan, in order."""
    found: list[tuple[str, object]] = []
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                found += numbers_in(item)
        elif element.VR in ("DS", "IS", "FL", "FD"):
            found.append((element.keyword, element.value))
    return found


def test_what_an_archive_hands_on_as_unknown_is_read_as_what_it_is(
    tmp_path: Path, plan: FileDataset
) -> None:
    """A sequence, a number and a text of representation UN stay; a name within them does not."""
    before = numbers_in(plan)
    beams = copy.deepcopy(plan.BeamSequence)
    beams[0].OperatorsName = planted.NAME
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, True
    write_sequence(buffer, DataElement(0x300A00B0, "SQ", beams), ["iso8859"])
    raw = buffer.getvalue()
    plan[Tag("BeamSequence")] = RawDataElement(
        Tag("BeamSequence"), "UN", len(raw), raw, 0, False, True
    )
    plan[Tag("RTPlanLabel")] = RawDataElement(
        Tag("RTPlanLabel"), "UN", 10, b"Liver SBRT", 0, False, True
    )
    assert b"UN" in planted.bytes_of(plan)
    (after,) = released(tmp_path, plan)
    assert after.RTPlanLabel == "Liver SBRT"
    assert numbers_in(after) == before
    assert planted.traces(planted.bytes_of(after), "ISO_IR 100") == []


# --- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "label"),
    [
        ("Huang^Ping", "黄平"),
        ("HUANG PING", "肝 黄平"),
        ("黄^平安", "黄平安 PTV"),
        ("Jin^Chengren", "金成人"),
        ("Head^Max", "MAX HEAD"),
        ("Head^Max", "PTV headMAX"),
    ],
)
def test_a_name_made_of_words_of_the_field_is_found(header: str, label: str) -> None:
    known = Identifiers(names={header})
    assert IdentifierFinder(known).repeats(label)
    assert not IdentifierFinder(known).repeats("Liver")
    assert NameSearch([header], frozenset()).spans("肝脏 左肾") == []


@pytest.mark.parametrize("syntax", ["", ImplicitVRLittleEndian])
def test_a_name_that_only_a_sequence_has_is_known(
    tmp_path: Path, drawn: FileDataset, syntax: str
) -> None:
    """In files without representations sequences are only known by the standard."""
    other = Dataset()
    other.PatientID, other.PatientName = "HRN-4711", "Head^Max"
    holder = Dataset()
    holder.OtherPatientIDsSequence = [other]
    drawn.ReferencedStudySequence = [holder]
    drawn.StructureSetROISequence[0].ROIName = "Max Head"
    drawn.StructureSetROISequence[1].ROIName = "PTV 4711"
    drawn.StructureSetLabel = "Liver 4711"
    drawn.file_meta.TransferSyntaxUID = UID(syntax or drawn.file_meta.TransferSyntaxUID)
    (after,) = released(tmp_path, drawn)
    numbers = [item.ROINumber for item in drawn.StructureSetROISequence]
    names = [item.ROIName for item in after.StructureSetROISequence]
    assert names[:2] == [f"ROI_{numbers[0]}", f"ROI_{numbers[1]}"]
    assert after.StructureSetLabel == "Structures"
    for a, b in zip(drawn.ROIContourSequence, after.ROIContourSequence, strict=True):
        for c, d in zip(a.ContourSequence, b.ContourSequence, strict=True):
            assert c.ContourData == d.ContourData


def test_staff_and_hospitals_do_not_hide_in_codes(tmp_path: Path, drawn: FileDataset) -> None:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = "WANGWEI1", "99STMARYS"
    code.CodeMeaning = "Dr Wang"
    drawn.RTROIObservationsSequence[0].RTROIIdentificationCodeSequence = [code]
    good = Dataset()
    good.CodeValue, good.CodingSchemeDesignator, good.CodeMeaning = "T-62000", "SRT", "Liver"
    drawn.RTROIObservationsSequence[1].RTROIIdentificationCodeSequence = [good]
    (after,) = released(tmp_path, drawn)
    told = [
        (one.CodeValue, one.CodingSchemeDesignator, one.CodeMeaning)
        for item in after.RTROIObservationsSequence[:2]
        for one in item.RTROIIdentificationCodeSequence
    ]
    assert told == [("0", "99", "see code"), ("T-62000", "SRT", "see code")]
    assert [c for c in ("7197", "C12392", "G-A101", "RID58", "10200004") if not is_code(c)] == []
    assert [c for c in ("SMITH1", "DrFoo7", "A1b", "123456789012") if is_code(c)] == []
    assert is_scheme("SCT")
    assert not is_scheme("99SMITH")


def test_a_code_is_not_the_name_of_the_patient(tmp_path: Path, plan: FileDataset) -> None:
    (tmp_path / "in").mkdir()
    plan.save_as(tmp_path / "in" / "plan.dcm")
    for code in ("zyxwarth", "Quillan", "ZyxwarthQuillan"):
        with pytest.raises(UsageError, match="name of the patient"):
            run(tmp_path / "in", tmp_path / "out", subject=code)


# --- dates -----------------------------------------------------------------------------------

DATED = (
    "Liver 2024-03-12", "PTV 12.03.2024", "Plan 12/03/24", "SBRT 240312 x 1", "2024 0312",
    "Plan 03-2024", "2024年3月", "3月12日", "Liver 12.03.24", "24-03-12",
)  # fmt: skip
UNDATED = (
    "PTV 50 Gy", "PTV_2000", "PTV 2000 cGy 5 fx", "Ring 10_20_30", "PTV 12.5 x 3", "v1.2.3",
    "Kidney_L 10", "50 Gy in 5 fractions", "CTV 2000-2500",
)  # fmt: skip


def test_dates_in_texts_are_seen() -> None:
    assert [text for text in UNDATED if holds_a_date(text)] == []
    assert [text for text in DATED if not holds_a_date(text)] == ["SBRT 240312 x 1"]


@pytest.mark.parametrize("label", [*DATED, "Liver 12_03_24", "PTV 3 12 24"])
def test_a_true_date_in_a_label_does_not_undo_the_shift(
    tmp_path: Path, plan: FileDataset, label: str
) -> None:
    plan.RTPlanDate, plan.RTPlanLabel = "20240312", label
    plan.BeamSequence[0].BeamName = label[:16]
    plan.SeriesNumber = 20240312
    (after,) = released(tmp_path, plan)
    assert after.RTPlanLabel == "Plan"
    assert after.BeamSequence[0].BeamName == f"Beam {plan.BeamSequence[0].BeamNumber}"
    assert "SeriesNumber" not in after


# --- what a file says of itself ----------------------------------------------------------------


def test_a_transfer_syntax_that_is_none_is_refused(tmp_path: Path, plan: FileDataset) -> None:
    content = planted.bytes_of(plan)
    own = str(plan.file_meta.TransferSyntaxUID).encode()
    spoilt = content.replace(own.ljust(20, b"\0"), b"1.2.840.90817263.77".ljust(20, b"\0"), 1)
    assert spoilt != content
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "plan.dcm").write_bytes(spoilt)
    report = run(tmp_path / "in", tmp_path / "out")
    assert report["released"] == []
    assert len(report["refused"]) == 1
    assert planted.NUMBER not in json.dumps(report["refused"])


def test_numbers_that_are_letters_are_not_numbers(tmp_path: Path) -> None:
    image = an_image()
    image[Tag("SmallestImagePixelValue")] = RawDataElement(
        Tag("SmallestImagePixelValue"), "US", 8, b"ZYXWARTH", 0, False, True
    )
    image[Tag("Modality")] = RawDataElement(
        Tag("Modality"), "CS", 8, b"\x1b(BCT\x1b(B"[:8], 0, False, True
    )
    (after,) = released(tmp_path, image)
    assert "SmallestImagePixelValue" not in after
    assert after.PixelData == image.PixelData


@pytest.mark.parametrize(
    ("one", "other"),
    [({"PatientBirthDate": "19500101"}, {"PatientBirthDate": "19510101"}),
     ({"PatientSex": "M"}, {"PatientSex": "F"})],
)  # fmt: skip
def test_two_people_under_one_number_are_held(
    tmp_path: Path,
    plan: FileDataset,
    drawn: FileDataset,
    one: dict[str, str],
    other: dict[str, str],
) -> None:
    """After de-identification nobody could see it any more."""
    (tmp_path / "in").mkdir()
    for name, dataset, said in (("a", plan, one), ("b", drawn, other)):
        dataset.PatientID = "HRN-1"
        for keyword, value in said.items():
            setattr(dataset, keyword, value)
        dataset.save_as(tmp_path / "in" / f"{name}.dcm")
    report = run(tmp_path / "in", tmp_path / "out")
    assert report["released"] == []
    assert {row["why"] for row in report["held"]} == {
        "files of one case disagree on the patient's date of birth or sex"
    }
    assert "19500101" not in json.dumps(report)


def test_sequences_without_end_are_refused_and_nothing_falls(tmp_path: Path) -> None:
    deep = b""
    for _ in range(3_000):
        item = b"\xfe\xff\x00\xe0" + len(deep).to_bytes(4, "little") + deep
        deep = b"\x08\0\x10\x11" + len(item).to_bytes(4, "little") + item  # implicit
    plan = dcmread(SAMPLE / "RTPLAN.dcm")
    plan.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    if "ReferencedStudySequence" in plan:
        del plan.ReferencedStudySequence
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "plan.dcm").write_bytes(planted.bytes_of(plan) + deep)
    report = run(tmp_path / "in", tmp_path / "out")
    assert len(report["refused"]) + len(report["released"]) == 1
    for path in (tmp_path / "out").glob("*"):
        assert path.stat().st_size < len(deep)


# --- pixels ------------------------------------------------------------------------------------

JPEG_LS = bytes.fromhex("ffd8fff7000b080001000101011100ffda0008010100000000")
END = b"\xff\xd9"
COMMENT = b"\xff\xfe\x00\x0aZYXWARTH"


def compressed(stream: bytes, syntax: str = JPEGLSLossless, **elements: object) -> FileDataset:
    image = an_image(Rows=1, Columns=1, BitsAllocated=8, BitsStored=8, HighBit=7, **elements)
    image.file_meta.TransferSyntaxUID = UID(syntax)
    image.PixelData = encapsulate([stream])
    image["PixelData"].is_undefined_length = True
    image["PixelData"].VR = "OB"
    return image


def j2k(comment: bytes = b"", tile: bytes = b"", behind: bytes = b"") -> bytes:
    def marker(code: bytes, text: bytes) -> bytes:
        return b"\xff" + code + (len(text) + 2).to_bytes(2, "big") + text

    def said(text: bytes) -> bytes:
        return marker(b"\x64", b"\0\1" + text) if text else b""

    body = said(tile) + b"\xff\x93\x01\x02"
    sot = marker(b"\x90", b"\0\0" + (12 + len(body)).to_bytes(4, "big") + b"\0\1")
    return b"\xff\x4f" + marker(b"\x51", bytes(38)) + said(comment) + sot + body + END + behind


def rle(behind: bytes = b"") -> bytes:
    header = (1).to_bytes(4, "little") + (64).to_bytes(4, "little") + bytes(56)
    return header + b"\x00\x07" + behind


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (compressed(JPEG_LS + b"\x01\x02" + END), ""),
        (compressed(JPEG_LS[:2] + COMMENT + JPEG_LS[2:] + b"\x01\x02" + END), "beside the pixels"),
        (compressed(JPEG_LS[:2] + b"\xff\xe1\x00\x0aExif\0\0ZY" + JPEG_LS[2:] + END), "beside"),
        (compressed(JPEG_LS + b"\x01\x02" + END + b"ZYXWARTH"), "beside the pixels"),
        (compressed(JPEG_LS + b"\x01\x02"), "beside the pixels"),
        (compressed(b"ZYXWARTH"), "beside the pixels"),
        (compressed(j2k(), JPEG2000Lossless), ""),
        (compressed(j2k(b"Created by OpenJPEG version 2.5.0"), JPEG2000Lossless), ""),
        (compressed(j2k(b"ZYXWARTH"), JPEG2000Lossless), "beside the pixels"),
        (compressed(j2k(tile=b"ZYXWARTH"), JPEG2000Lossless), "beside the pixels"),
        (compressed(j2k(behind=b"ZYXWARTH"), JPEG2000Lossless), "beside the pixels"),
        (compressed(rle(), RLELossless), ""),
        (compressed(rle(b"ZYXWARTH"), RLELossless), "beside the pixels"),
        (compressed(JPEG_LS + END, "1.2.840.10008.1.2.4.102"), ""),
        (an_image(ConversionType="WSD"), "a screen or a document"),
        (an_image(ImageType=["DERIVED", "PRIMARY", "SCREEN SAVE"]), "a screen or a document"),
        (an_image(ImageType=["ORIGINAL", "PRIMARY", "AXIAL", "SECONDARY"]), "derived secondary"),
        (an_image(SamplesPerPixel=3), "a screen or a document"),
        (an_image(BurnedInAnnotation="Y"), "burnt-in"),
        (an_image(RecognizableVisualFeatures="YES"), "a face"),
        (an_image(), ""),
    ],
)  # fmt: skip
def test_pixels_that_only_a_person_can_judge(image: FileDataset, why: str) -> None:
    again = dcmread(io.BytesIO(planted.bytes_of(image)))
    found = pixel_risk(again)
    assert why in found
    assert bool(why) == bool(found)


def test_bits_beyond_those_of_pixels_are_seen() -> None:
    """Where overlays were kept once; bits that extend a sign are none."""
    pixels = np.full(100, 1_000, "<u2")
    image = an_image(Rows=10, Columns=10, BitsStored=12, HighBit=11, PixelRepresentation=0)
    image.PixelData = pixels.tobytes()
    assert pixel_risk(image) == ""
    pixels[7] |= 0x4000
    image.PixelData = pixels.tobytes()
    assert "bits beyond" in pixel_risk(image)
    image.PixelRepresentation = 1
    image.PixelData = np.array([-1_000, 900] * 50, "<i2").tobytes()
    assert pixel_risk(image) == ""
    image.HighBit, image.PixelData = 15, (np.full(100, 0x3E8, "<u2") << 4).tobytes()
    assert pixel_risk(image) == ""
    image.PixelData = (np.full(100, 0x3E8, "<u2") << 4 | 1).tobytes()
    assert "bits beyond" in pixel_risk(image)


# --- what a site says that it de-identified ------------------------------------------------------


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, dict[str, Any]]:
    """A released plan, and the account that came with it."""
    folder = tmp_path_factory.mktemp("sent")
    (folder / "in").mkdir()
    (folder / "in" / "plan.dcm").write_bytes((SAMPLE / "RTPLAN.dcm").read_bytes())
    report = run(folder / "in", folder / "out")
    account = {
        "schema": "sbrt_qa.deidentified/1", "policy": {"id": "sbrt_qa", "version": "3"},
        "subject": "SUB-1", "site": "S1", "trial": "", "dates_shifted": True, "held": 0, "left": 0,
        "protocols": [{"id": "liver_sbrt", "version": "0.2"}], "files": report["released"],
    }  # fmt: skip
    return (folder / "out" / "RTPLAN_0001.dcm").read_bytes(), account


def judged(tmp_path: Path, content: bytes, account: dict[str, Any], **asked: bool) -> str:
    """Return why a file with its account is not taken as it is."""
    from hashlib import sha256

    rows = [{**account["files"][0], "sha256": sha256(content).hexdigest()}]
    (tmp_path / "plan.dcm").write_bytes(content)
    (tmp_path / MANIFEST).write_text(json.dumps({**account, "files": rows}), encoding="utf-8")
    return str(verify_here(str(tmp_path), "SUB-1", ["S1"], **asked)["why"])


def nested(dataset: Dataset) -> None:
    dataset.ReferencedStructureSetSequence[0].PatientName = "Smith^John"


def in_meta(dataset: FileDataset) -> None:
    dataset.file_meta.ImplementationVersionName = "ZHANGWEI"


LIES = {
    "label": lambda d: setattr(d, "RTPlanLabel", "Smith Liver"),
    "dated": lambda d: setattr(d, "RTPlanLabel", "Liver 12.03.24"),
    "hanzi": lambda d: setattr(d, "RTPlanName", "王晓伟"),
    "maker": lambda d: setattr(d, "Manufacturer", "St Mary's Hospital"),
    "operator": lambda d: setattr(d, "OperatorsName", "Wang^Wei"),
    "birth": lambda d: setattr(d, "PatientBirthDate", "19500101"),
    "method": lambda d: setattr(d, "DeidentificationMethod", "Dr Wang"),
    "meaning": lambda d: setattr(
        d.DeidentificationMethodCodeSequence[0], "CodeMeaning", "Wang Wei"
    ),
    "more method": lambda d: setattr(
        d.DeidentificationMethodCodeSequence[0], "CodingSchemeVersion", "Wang"
    ),
    "site name": lambda d: setattr(d, "ClinicalTrialSiteName", "St Mary's"),
    "sponsor": lambda d: setattr(d, "ClinicalTrialSponsorName", "Dr Wang Wei"),
    "term": lambda d: setattr(d, "ApprovalStatus", "WANG WEI"),
    "uid": lambda d: setattr(d, "StudyInstanceUID", "2.25.90817263"),
    "age": lambda d: setattr(d, "PatientAge", "101Y"),
    "date": lambda d: setattr(d, "RTPlanTime", "at noon"),
    "nested": nested,
    "meta": in_meta,
    "number": lambda d: d.__setitem__(
        Tag("SeriesNumber"),
        RawDataElement(Tag("SeriesNumber"), "IS", 8, b"WANG WEI", 0, False, True),
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_a_site_says_that_it_deidentified_is_held_against_the_policy(
    tmp_path: Path, sent: tuple[bytes, dict[str, Any]], lie: str
) -> None:
    """Nothing is known of the originals there: whatever the policy does not let through is told."""
    content, account = sent
    assert judged(tmp_path, content, account) == ""
    plan = dcmread(io.BytesIO(content))
    LIES[lie](plan)
    buffer = io.BytesIO()
    dcmwrite(buffer, plan)
    why = judged(tmp_path, buffer.getvalue(), account)
    assert why.startswith("the verifier doubts: ")
    assert "Wang" not in why


@pytest.mark.parametrize("behind", [b"Wang", b"Wang Wei", b"\xfc\xff\xfc\xffOB\0\0\4\0\0\0Wang"])
def test_nothing_stands_behind_the_data_of_a_file(
    tmp_path: Path, sent: tuple[bytes, dict[str, Any]], behind: bytes
) -> None:
    content, account = sent
    assert judged(tmp_path, content + behind, account).startswith("the verifier doubts: ")
    plan = dcmread(io.BytesIO(content))
    plan.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    buffer = io.BytesIO()
    dcmwrite(buffer, plan)
    assert judged(tmp_path, buffer.getvalue(), account) == ""
    assert judged(tmp_path, buffer.getvalue() + behind, account).startswith("the verifier doubts")


@pytest.mark.parametrize(
    "more",
    [
        {"comment": "Wang Wei"}, {"site": "St Mary's"}, {"held": "Wang Wei"},
        {"protocols": [{"id": "Wang Wei", "version": "1"}]}, {"policy": {"by": "Wang"}},
        {"protocols": ["Wang Wei"]}, {"policy": None},
    ],
)  # fmt: skip
def test_an_account_says_no_more_than_one_does(
    tmp_path: Path, sent: tuple[bytes, dict[str, Any]], more: dict[str, object]
) -> None:
    content, account = sent
    assert "says more" in judged(tmp_path, content, {**account, **more})


def test_pixels_that_a_site_released_are_for_a_person_of_the_office(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    an_image(BurnedInAnnotation="YES").save_as(tmp_path / "in" / "ct.dcm")
    digest = run(tmp_path / "in", tmp_path / "out")["held"][0]["sha256"]
    report = run(tmp_path / "in", tmp_path / "out", accepted=[digest])
    account = {
        "schema": "sbrt_qa.deidentified/1", "policy": {}, "subject": "SUB-1", "protocols": [],
        "files": report["released"],
    }  # fmt: skip
    (tmp_path / "sent").mkdir()
    content = (tmp_path / "out" / "CT_0001.dcm").read_bytes()
    assert "burnt-in" in judged(tmp_path / "sent", content, account)
    assert judged(tmp_path / "sent", content, account, accepted=True) == ""
    assert doubts_of(content, policy(), IdentifierFinder(Identifiers(), ["SUB-1"])) == ()
