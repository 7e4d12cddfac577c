"""Case 140: nothing of a person stays anywhere in the folder of a pseudonymized audit.

Invented patients of five languages stand in every text element of every file, in file names and in
folders; then all that the audit, its letters and its exports leave is searched for them.
"""

from __future__ import annotations

import io
import json
import random
import re
import shutil
import sqlite3
import sys
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pypdf import PdfReader
from trials import Ran, run

from sbrt_qa.deid.pinyin import is_han
from sbrt_qa.testing.sample.trial import write_trial

sys.path.append(str(Path(__file__).parents[1] / "audit"))

from invented_names import Patient, patients, pinyin

LIMITS = {"LO": 64, "SH": 16, "LT": 300, "ST": 300, "UT": 300, "UC": 100, "PN": 64}
"""Value representations of free text, and how much of it is written."""

KEPT = {
    "ROIName", "ROIInterpreter", "Manufacturer", "ClinicalTrialSubjectID", "ClinicalTrialSiteID",
    "PatientName", "PatientID",
}  # fmt: skip
"""Elements that are set below, or that say nothing where people do not write."""

ADDED = {
    "RTPLAN": (
        "RTPlanName", "RTPlanDescription", "PrescriptionDescription", "TreatmentSites",
    ),
    "RTSTRUCT": ("StructureSetName", "StructureSetDescription"),
    "RTDOSE": ("DoseComment",),
    "CT": ("ImageComments", "ProtocolName"),
}  # fmt: skip
EVERYWHERE = (
    "SeriesDescription", "StudyDescription", "StudyID", "InstitutionName", "InstitutionAddress",
    "InstitutionalDepartmentName", "StationName", "OperatorsName", "ReferringPhysicianName",
    "PhysiciansOfRecord", "PerformingPhysicianName", "ReviewerName", "OtherPatientIDs",
    "PatientComments", "AccessionNumber", "ManufacturerModelName", "ClinicalTrialProtocolName",
    "ClinicalTrialSiteName", "PatientAddress", "AdditionalPatientHistory", "SoftwareVersions",
)  # fmt: skip
WITHIN = {
    "BeamSequence": ("BeamName", "BeamDescription", "TreatmentMachineName"),
    "DoseReferenceSequence": ("DoseReferenceDescription",),
    "FractionGroupSequence": ("FractionGroupDescription",),
    "StructureSetROISequence": ("ROIDescription", "ROIGenerationDescription"),
    "RTROIObservationsSequence": ("ROIObservationLabel", "ROIObservationDescription"),
    "ToleranceTableSequence": ("ToleranceTableLabel",),
}
CHARACTER_SETS = {
    "Chinese": ("GB18030", "ISO_IR 192", "GB18030"),
    "Cyrillic": ("ISO_IR 144", "ISO_IR 192", "ISO_IR 144"),
    "German": ("ISO_IR 100", "ISO_IR 192", "ISO_IR 100"),
    "Spanish": ("ISO_IR 100", "ISO_IR 100", "ISO_IR 192"),
    "French": ("ISO_IR 192", "ISO_IR 100", "ISO_IR 100"),
}
"""What the files of one submission declare, in the order of their names."""

ENCODINGS = ("utf-8", "gb18030", "latin-1", "iso8859_5", "cp1251", "utf-16-le")
"""In which the bytes of all files are searched."""
PEOPLE = patients(500)


def chosen() -> list[Patient]:
    """One patient of each language, whose name has parts long enough to be searched for."""
    return [
        next(
            p
            for p in PEOPLE
            if p.language == language
            and min(len(p.surname), len(p.given)) >= (1 if language == "Chinese" else 5)
            and len(p.given) >= 2
        )
        for language in dict.fromkeys(p.language for p in PEOPLE)
    ]


def plant(folder: Path, one: Patient, chance: random.Random) -> None:
    """Put a patient into everything that people write in a submission."""
    born = f"{one.born[6:]}.{one.born[4:6]}.{one.born[:4]}"
    texts = [
        f"{one.surname} {one.given}", f"Plan {one.surname} {one.given}", f"{one.given} PTV",
        f"{one.number} liver", f"SBRT {born}", f"{one.surname}_{one.given} {one.number} {born}",
        f"x\\y {one.surname}^{one.given} \u202e {'lang ' * 20}{one.surname}",
    ]  # fmt: skip

    declared = [""]

    def text(limit: int) -> str:
        fitting = [t for t in texts if len(t) <= limit and (limit > 64 or "\\" not in t)]
        found = chance.choice(fitting or [one.number])
        return found if "192" in declared[0] else found.replace("\u202e", "")

    def everywhere(data: Dataset) -> None:
        for element in data:
            if element.VR == "SQ":
                for item in element.value:
                    everywhere(item)
            elif element.VR in LIMITS and element.keyword not in KEPT:
                element.value = text(LIMITS[element.VR])

    for number, file in enumerate(sorted(folder.glob("*.dcm"))):
        data = pydicom.dcmread(file)
        declared[0] = data.SpecificCharacterSet = CHARACTER_SETS[one.language][number % 3]
        for keyword in (*EVERYWHERE, *ADDED.get(data.Modality, ())):
            setattr(data, keyword, text(16))
        for sequence, keywords in WITHIN.items():
            for item in data.get(sequence, ()):
                for keyword in keywords:
                    setattr(item, keyword, text(16))
        coded = Dataset()
        coded.CodeValue, coded.CodingSchemeDesignator = "1", "99SITE"
        coded.CodeMeaning = text(64)
        asked = Dataset()
        asked.RequestedProcedureDescription, asked.ScheduledProcedureStepDescription = text(64), "-"
        asked.RequestedProcedureCodeSequence = [coded]
        data.RequestAttributesSequence, data.ProcedureCodeSequence = [asked], [coded]
        everywhere(data)
        plant_private(data, one, text)
        for n, item in enumerate(data.get("StructureSetROISequence", ())):
            item.ROIName = f"{item.ROIName} {(one.surname, one.given, one.number)[n % 3]}"
        data.PatientName, data.PatientID = f"{one.surname}^{one.given}", one.number
        data.PatientBirthDate = one.born
        data.ClinicalTrialSubjectID = data.ClinicalTrialSiteID = one.surname
        below = folder / one.given
        below.mkdir(exist_ok=True)
        path = below / f"{one.surname} {one.given} {number}.dcm"
        data.save_as(path)
        if one.language == "Chinese":  # not in the encoding that the file declares
            path.write_bytes(path.read_bytes().replace(b"ISO_IR 192", b"ISO_IR 100"))
        file.unlink()
    first = min(below.iterdir())
    first.rename(first.with_name(f"{one.surname}.{one.born}.{one.number}.dcm"))
    (folder / f"{one.surname}.txt").write_text(f"{one.surname} {one.given}")
    (folder / f"{one.given} {one.number}.xlsx").write_bytes(b"PK")


def plant_private(data: Dataset, one: Patient, text: Callable[[int], str]) -> None:
    """Put a patient into private elements, their creators and their sequences."""
    block = data.private_block(0x3253, f"{one.surname} SYS", create=True)
    item = Dataset()
    item.add_new(0x00081030, "LO", text(64))
    inner = item.private_block(0x3255, "SITE SYSTEM", create=True)
    inner.add_new(1, "LT", f"{one.surname} {one.given}")
    for number, (vr, value) in enumerate(
        [
            ("LO", f"{one.surname} {one.given}"), ("LT", f"seen: {one.given} {one.surname}"),
            ("PN", f"{one.surname}^{one.given}"), ("SH", one.number), ("DA", one.born),
            ("SQ", [item]), ("OB", (f"<name>{one.surname}^{one.given}</name>" + " ").encode()),
            ("UN", f"{one.number} {one.surname} ".encode()),
        ],
        1,
    ):  # fmt: skip
        block.add_new(number, vr, value)


def pack(place: Path, one: Patient, kind: str) -> None:
    """Put a submission into an archive whose members, folders and comment name the patient."""
    files = sorted(path for path in place.rglob("*") if path.is_file())
    inside = f"{one.surname}_{one.given}"
    if kind == "zip":
        with zipfile.ZipFile(place.with_name(f"{place.name}.zip"), "w") as archive:
            archive.comment = f"{one.surname} {one.given}".encode()
            for path in files:
                archive.write(path, f"{inside}/{path.relative_to(place)}")
            archive.writestr(f"{inside}/{one.given}.txt", f"{one.surname} {one.number}")
    else:
        with tarfile.open(place.with_name(f"{place.name}.tar.gz"), "w:gz") as archive:
            for path in files:
                archive.add(path, f"{inside}/{path.relative_to(place)}")
    shutil.rmtree(place)


ARCHIVES = {1: "zip", 3: "tar"}
QUESTIONS = ("places", "completeness", "deviations", "unreviewed", "changes", "sites")


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[Ran]]]:
    """An audit of patients whose folders, too, are called by their names; and what was printed."""
    folder = tmp_path_factory.mktemp("pseudonymized")
    trial = write_trial(folder, 8)
    below = folder / "submissions"
    chance = random.Random(140)  # noqa: S311 - not a secret
    there = sorted(p.parent for p in below.rglob("RTPLAN.dcm"))
    for at, (one, source) in enumerate(zip(chosen(), there, strict=False)):
        names = [one.number, one.surname, f"{one.given} {one.surname}", one.given, one.born]
        place = below / f"C{at:02d}" / names[at] / "v1"
        place.parent.mkdir(parents=True, exist_ok=True)
        source.rename(place)
        plant(place, one, chance)
        if at in ARCHIVES:
            pack(place, one, ARCHIVES[at])
        broken = below / f"C{at:02d}" / f"{one.given}{one.number}" / "v1"
        broken.mkdir(parents=True)
        (broken / f"{one.surname}.dcm").write_bytes(f"{one.surname} {one.given}".encode())
        (below / f"C{at:02d}" / f"{one.surname} {one.given}.pdf").write_bytes(b"%PDF")
        (below / one.given / "empty").mkdir(parents=True)
    for code in {planted.code for planted in trial}:
        shutil.rmtree(below / code.partition("/")[0], ignore_errors=True)
    audit = folder / "left" / "AUDIT"
    audit.parent.mkdir()
    mapping: list[str] = []
    for one in chosen():
        for n, name in enumerate(("PTV", "Liver", "Duodenum", "Heart")):
            mapping += ["--map", f"{name} {(one.surname, one.given, one.number)[n % 3]}={name}"]
    key = ("--pseudonymize", folder / "key")
    ran = [run("audit", below, "-p", folder / "protocol_v1.yaml", "--out", audit, *key, *mapping)]
    rows = json.loads(run("query", audit, "submissions", "--format", "json").out)
    reader = sqlite3.connect(audit / "audit.db")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM audit_events").fetchone()  # keeps the write-ahead log
    out = audit.parent / "made"
    for number, row in enumerate(rows[:2]):
        files = [f"{out}-{number}.{suffix}" for suffix in ("pdf", "html", "txt")]
        ran += [run("letter", audit, row["code"], "--out", file) for file in files]
    ran += [run("export", audit, "--format", form, "--out", out) for form in ("csv", "json")]
    ran += [run("query", audit, about, "--format", "csv") for about in QUESTIONS]
    ran.append(run("verify", audit))
    yield audit, ran
    reader.close()


def contents(left: Path) -> Iterator[tuple[str, str]]:
    """Yield all texts below a folder, compressed and drawn ones too."""
    for path in left.rglob("*"):
        name = str(path.relative_to(left))
        yield f"name of {name}", name
        if not path.is_file():
            continue
        data = path.read_bytes()
        yield name, PICTURES.sub("", data.decode("utf-8", "replace"))
        if path.suffix == ".pdf":
            reader = PdfReader(io.BytesIO(data))
            yield f"text of {name}", "\n".join(page.extract_text() for page in reader.pages)
            yield f"metadata of {name}", str(reader.metadata)
        if path.name == "audit.db":
            yield from rows(path)


PICTURES = re.compile(r"[A-Za-z0-9+/=]{200,}")


def rows(path: Path) -> Iterator[tuple[str, str]]:
    base = sqlite3.connect(path)
    for (table,) in list(base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")):
        for row in base.execute(f"SELECT * FROM {table}"):  # noqa: S608 - names of our own
            for value in row:
                text = value
                if isinstance(value, bytes):
                    try:
                        text = zlib.decompress(value).decode()
                    except (zlib.error, UnicodeDecodeError):
                        text = value.decode("utf-8", "replace")
                yield f"table {table}", str(text)
    base.close()


def secrets(one: Patient) -> set[str]:
    """Return what must not be anywhere, folded; parts that are words of ours are left out."""
    born = one.born
    found = {one.number, f"{born[6:]}.{born[4:6]}.{born[:4]}", born, one.surname + one.given}
    found |= {text.encode().hex(" ") for text in (one.surname, one.given)}
    found |= {one.surname, one.given} if one.language != "Chinese" else {one.given}
    if one.language == "Chinese":
        found.add(pinyin(one.surname + one.given))
    return {
        folded(text) for text in found if len(text) >= 4 or (len(text) >= 2 and is_han(text[0]))
    }


def folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in plain if not unicodedata.combining(c))


def test_case_140__the_patients_were_reviewed(left):
    audit, ran = left
    assert ran[0].code == 0, ran[0].err
    assert all(one.code == 0 for one in ran[1:]), [one.err for one in ran if one.code]
    rows = json.loads(run("query", audit, "metrics", "--format", "json").out)
    values = [row["value"] for row in rows if row["limit"] == "LIVER_MEAN"]
    assert len(values) == len(chosen())
    assert all(value is not None for value in values)
    assert (audit / "audit.db-wal").stat().st_size > 0  # searched below, too


def test_case_140__nothing_of_a_patient_is_left_in_any_byte(left):
    audit, ran = left
    printed = [(f"printed by {n}", one.out + one.err) for n, one in enumerate(ran)]
    wanted = {(p.language, text) for p in chosen() for text in secrets(p)}
    found = {
        (where, language, text)
        for where, content in (*contents(audit.parent), *printed)
        for plain in [folded(content)]
        for language, text in wanted
        if text in plain
    }
    assert found == set()


def test_case_140__no_encoding_of_a_name_is_left_in_any_byte(left):
    audit, _ = left
    wanted = {
        (encoding, name.encode(encoding))
        for one in chosen()
        for name in (one.surname + one.given, one.given, one.surname)
        for encoding in ENCODINGS
        if can_be(name, encoding) and len(name.encode(encoding)) >= 4
    }
    searched = [path for path in audit.parent.rglob("*") if path.is_file()]
    assert {path.suffix for path in searched} >= {
        ".db",
        ".db-wal",
        ".html",
        ".pdf",
        ".csv",
        ".json",
    }
    found = {
        (path.name, encoding, name)
        for path in searched
        for encoding, name in wanted
        if name in path.read_bytes()
    }
    assert found == set()


def can_be(name: str, encoding: str) -> bool:
    try:
        return name.encode(encoding).decode(encoding) == name
    except UnicodeEncodeError:
        return False


def test_case_140__a_name_in_every_kind_of_field_is_told(left):
    audit, _ = left
    rows = json.loads(run("query", audit, "deviations", "--format", "json").out)
    told: dict[str, set[str]] = {}
    for row in rows:
        told.setdefault(row["code"], set()).add(row["what"])
    assert len(told) == 2 * len(chosen())  # and one of each that holds no DICOM
    for codes in (codes for codes in told.values() if "NOT_REVIEWED" not in codes):
        assert codes >= {
            "IDENTIFIER_PATIENT_NAME", "IDENTIFIER_PATIENT_ID", "IDENTIFIER_BIRTH_DATE",
            "IDENTIFIER_ELEMENTS", "IDENTIFIER_IN_ROI_NAME", "IDENTIFIER_IN_LABEL",
            "IDENTIFIER_IN_FILE_NAME",
        }  # fmt: skip
