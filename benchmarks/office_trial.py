"""The trial of an office: 99 submissions of 8 sites, with what goes wrong at an office planted.

Written by :func:`write_office`; `scripts/bench audit --office` audits it and holds what the audit
lists against what is planted. Everything is synthetic.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
from pydicom.uid import generate_uid

from sbrt_qa.testing.sample.trial import Planted, write_trial

SUBMISSIONS = 90
"""Of the trial that is written first; those below bring them to 99."""

SEVEN_ZIP = b"7z\xbc\xaf\x27\x1c" + bytes(200)
RAR = b"Rar!\x1a\x07\x01\x00" + bytes(200)

Fault = tuple[str, str, str]
"""Where, what, and with which verdict or for which reason."""


@dataclass
class Office:
    """What is planted, beside what the trial itself holds."""

    root: Path
    planted: tuple[Planted, ...]
    deviations: set[Fault] = field(default_factory=set)
    places: set[Fault] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)

    def sound(self, number: int) -> Path:
        """Return the folder of a submission with nothing wrong, by its number among these."""
        ones = [p for p in self.planted if not p.kind and p.version == 1]
        return self.root / ones[number].site / ones[number].subject / "v1"


def write_office(out: Path) -> Office:
    """Write the trial below OUT/submissions and plant everything."""
    office = Office(out / "submissions", write_trial(out, SUBMISSIONS))
    office.codes = {one.code for one in office.planted}
    for one in office.planted:
        for limit, verdict in one.limits.items():
            office.deviations.add((one.code, limit, verdict))
        office.deviations |= {(one.code, code, "") for code in one.findings}
    for plant in (_strays, _not_taken, _inside, _names, _archives, _copies, _alike, _systems):
        plant(office)
    return office


def _copy(office: Office, source: Path, *parts: str) -> Path:
    target = office.root.joinpath(*parts)
    shutil.copytree(source, target)
    office.codes.add("/".join(parts))
    return target


def _fresh(folder: Path, subject: str, *, shift: float = 0.0) -> None:
    """Give a copy new UIDs and another subject; move a contour unless it is to stay the same."""
    new: dict[str, str] = {}
    for file in sorted(folder.iterdir()):
        data = pydicom.dcmread(file)
        for element in data.iterall():
            if element.VR == "UI" and not str(element.value).startswith("1.2.840.10008."):
                element.value = new.setdefault(str(element.value), generate_uid())
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
        data.PatientID = data.ClinicalTrialSubjectID = subject
        data.PatientName = f"SBRTQA^{subject}"
        _moved(data, shift)
        data.save_as(file)


def _moved(data: pydicom.Dataset, shift: float) -> None:
    """Move the last structure of a structure set along y, in mm."""
    if shift and data.Modality == "RTSTRUCT":
        for contour in data.ROIContourSequence[-1].ContourSequence:
            numbers = [float(x) for x in contour.ContourData]
            contour.ContourData = [
                round(x + shift, 4) if n % 3 == 1 else x for n, x in enumerate(numbers)
            ]


def _strays(office: Office) -> None:
    plan = office.sound(0) / "RTPLAN.dcm"
    for place in ("", "S01", "S03/S03-001"):
        shutil.copy(plan, office.root / place / "stray.dcm")
        office.places.add(
            (f"{place}/stray.dcm".lstrip("/"), "not taken", "belongs to no submission")
        )


def _not_taken(office: Office) -> None:
    def put(place: str, reason: str, write: Callable[[Path], object]) -> None:
        path = office.root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)
        office.places.add((place, "not taken", reason))

    def data(content: bytes) -> Callable[[Path], object]:
        return lambda path: path.write_bytes(content)

    put("S03/S03-090/v1.7z", "a 7z archive, which is not opened", data(SEVEN_ZIP))
    put("S03/S03-091/v1.rar", "a rar archive, which is not opened", data(RAR))
    put("S03/S03-092/report.pdf", "not DICOM", data(b"%PDF-1.4 report"))
    put("S03/S03-093/v1", "empty", lambda path: path.mkdir())
    put("S03/S03-094", "a link, which is not followed",
        lambda path: path.symlink_to(office.sound(0)))  # fmt: skip
    put("S03/.hidden", "hidden", lambda path: shutil.copytree(office.sound(0), path))
    put("S03/S03-095/v1.zip.part", "a partial upload", data(b"PK\x03\x04"))
    put("S03/S03-096/v1.zip.bak", "a backup copy", data(b"PK\x03\x04"))
    put("S03/S03-097", "a link, which is not followed", lambda path: path.symlink_to(path))
    put("S03/pipe", "not a regular file", os.mkfifo)
    put("S03/S03-098/v1.zip", "empty", data(b""))
    for number in (90, 91, 92, 93, 95, 96, 98):
        office.places.add((f"S03/S03-0{number}", "not taken", "holds no submission"))


def _inside(office: Office) -> None:
    folder = office.sound(1)
    code = folder.relative_to(office.root).as_posix()
    for name, content, reason, finding in (
        ("empty.dcm", b"", "empty", "EMPTY_FILE"),
        ("plan.dcm.bak", (folder / "RTPLAN.dcm").read_bytes(), "a backup copy", "BACKUP_COPY"),
        ("readme.txt", b"hello", "not DICOM", "OTHER_FILE"),
        (".hidden.dcm", b"x", "hidden", "HIDDEN_FILE"),
        ("dose.dcm.part", b"x", "a partial upload", "PARTIAL_UPLOAD"),
    ):
        (folder / name).write_bytes(content)
        office.places.add((f"{code}/{name}", "not taken", reason))
        office.deviations.add((code, finding, ""))
    (folder / "link.dcm").symlink_to("/etc/hostname")
    office.places.add((f"{code}/link.dcm", "not taken", "a link, which is not followed"))
    office.deviations.add((code, "LINK_LEFT_OUT", ""))


def _names(office: Office) -> None:
    """A folder whose name is no UTF-8: the submission is reviewed under another code."""
    folder = os.fsencode(office.root / "S04") + b"/" + "受试者七".encode("gbk")
    Path(os.fsdecode(folder)).mkdir()
    target = office.root / "S04" / "moved"
    shutil.copytree(office.sound(2), target)
    _fresh(target, "S04-070", shift=0.3)
    target.rename(os.fsdecode(folder + b"/v1"))
    office.codes.add("S04/X-?/v1")
    office.deviations |= {("S04/X-?/v1", "NAME_IS_NO_CODE", ""),
                          ("S04/X-?/v1", "SUBJECT_DIFFERS", "")}  # fmt: skip


def _archives(office: Office) -> None:
    """Archives in the place of a version, or inside one, are opened; but for a locked one."""
    for number, (subject, name) in enumerate((("S05-080", "v1.tar.gz"), ("S05-081", "v1/all.zip"))):
        source = office.root.parent / f"packed{number}"
        shutil.copytree(office.sound(2), source)
        _fresh(source, subject, shift=0.31 + 0.01 * number)
        target = office.root / "S05" / subject / name
        target.parent.mkdir(parents=True)
        if name.endswith("zip"):
            with zipfile.ZipFile(target, "w") as pack:
                for file in source.iterdir():
                    pack.write(file, file.name)
        else:
            with tarfile.open(target, "w:gz") as pack:
                pack.add(source, "export")
        shutil.rmtree(source)
        office.codes.add(f"S05/{subject}/v1")
    locked = office.root / "S05" / "S05-082" / "v1.zip"
    locked.parent.mkdir()
    with zipfile.ZipFile(locked, "w") as pack:
        pack.writestr("plan.dcm", b"secret")
    data = bytearray(locked.read_bytes())
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    locked.write_bytes(data)
    office.codes.add("S05/S05-082/v1")
    office.deviations.add(("S05/S05-082/v1", "NOT_REVIEWED", "not_evaluable"))


def _both(office: Office, one: str, other: str, code: str, verdict: str) -> None:
    office.deviations |= {(one, code, verdict), (other, code, verdict)}


def _copies(office: Office) -> None:
    """The same plan for another subject, as it is and under new UIDs; a version sent twice."""
    source = office.sound(3)
    code = source.relative_to(office.root).as_posix()
    _copy(office, source, "S06", "S06-080", "v1")
    _both(office, code, "S06/S06-080/v1", "IDENTICAL_FILES", "major")
    office.deviations.add(("S06/S06-080/v1", "SUBJECT_DIFFERS", ""))
    source = office.sound(4)
    code = source.relative_to(office.root).as_posix()
    _fresh(_copy(office, source, "S08", "S08-080", "v1"), "S08-080")
    _both(office, code, "S08/S08-080/v1", "IDENTICAL_CONTENT", "major")
    again = source.parent / "v2"
    shutil.copytree(source, again)
    office.codes.add(f"{source.parent.relative_to(office.root).as_posix()}/v2")
    v2 = again.relative_to(office.root).as_posix()
    _both(office, code, v2, "RESUBMITTED_UNCHANGED", "minor")
    office.deviations.add((v2, "IDENTICAL_CONTENT", "major"))


def _alike(office: Office) -> None:
    """Codes that differ in case only, and one patient's UIDs under two codes."""
    source = office.sound(5)
    site, subject = source.parents[1].name, source.parent.name
    target = _copy(office, source, site, subject.lower(), "v1")
    _fresh(target, subject.lower(), shift=0.33)
    code = source.relative_to(office.root).as_posix()
    _both(office, code, f"{site}/{subject.lower()}/v1", "CODES_ALIKE", "minor")
    source = office.sound(6)
    target = _copy(office, source, "S01", "S01-080", "v1")
    code = source.relative_to(office.root).as_posix()
    for file in target.iterdir():
        data = pydicom.dcmread(file)
        data.PatientID = data.ClinicalTrialSubjectID = "S01-080"
        data.PatientName = "SBRTQA^S01-080"
        data.StudyDescription = "again"
        _moved(data, 0.4)
        data.save_as(file)
    _both(office, code, "S01/S01-080/v1", "UIDS_SHARED", "minor")


def _systems(office: Office) -> None:
    for place in (".DS_Store", "S01/Thumbs.db", "S02/desktop.ini", "S05/S05-081/v1/.DS_Store"):
        (office.root / place).write_bytes(b"of a system")
        office.places.add((place, "system file", ""))
    (office.root / "S01" / "__MACOSX").mkdir()
    (office.root / "S01" / "__MACOSX" / "._a.dcm").write_bytes(b"x")
    office.places.add(("S01/__MACOSX", "system file", ""))
