"""A plan with something of the patient in every kind of place."""

from __future__ import annotations

import io
from pathlib import Path

from pydicom import dcmread, dcmwrite
from pydicom.datadict import DicomDictionary
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset

NAME = "Zyxwarth^Quillan"
WORDS = (
    "Zyxwarth",
    "Quillan",
    "zyxwarth",
    "ZYXWARTH",
    "ZYX-WARTH-QUILLAN",
    "nalliuQ",
    "HRN-90817263",
)
NUMBER = "90817263"
BIRTH = "19480312"

NAMES = {
    "ISO_IR 100": "Zyxwarth^Quillän",
    "ISO_IR 101": "Zyxwarth^Ľubomíra",
    "ISO_IR 144": "Зыксварт^Квиллан",
    "ISO_IR 192": "张晓曦^Zyxwarth",
    "GB18030": "张晓曦^Quillan",
    "GBK": "欧阳娜娜^Quillan",
}
"""The patient's name in the character set that a file declares."""

TEXT_VR = ("LO", "SH", "ST", "LT", "UT", "PN", "UC", "AE", "CS", "UR")


def kinds() -> list[tuple[int, str, str]]:
    """Return tags of every kind of text, number and date that the standard has: far over 200."""
    found = []
    for tag, (vr, _vm, _, retired, keyword) in DicomDictionary.items():
        if retired or not keyword or tag < 0x00080010 or keyword == "SpecificCharacterSet":
            continue
        if vr in (*TEXT_VR, "DS", "IS", "DA", "DT", "UN") and tag not in (0x00080060,):
            found.append((tag, vr, keyword))
    return found


def value_of(vr: str, name: str) -> object:
    """Return what is planted in an element of a value representation."""
    if vr == "UN":
        return WORDS[4].encode()
    if vr == "PN":
        return name
    if vr in ("DS", "IS"):
        return int(NUMBER)
    if vr in ("DA", "DT"):
        return BIRTH
    return f"{NUMBER} {WORDS[4]}" if vr != "CS" else "ZYXWARTH"


def plant(dataset: Dataset, charset: str, depth: int, share: int) -> int:
    """Plant every `share`-th kind in a dataset, and more within it; return how many places."""
    name, places = NAMES[charset], 0
    for n, (tag, vr, _) in enumerate(kinds()):
        if n % share == depth % share and tag not in dataset:
            dataset.add(DataElement(tag, vr, value_of(vr, name)))
            places += 1
    for n, word in enumerate(WORDS):
        block = dataset.private_block(0x0011 + 2 * n, f"ZYXWARTH {n}", create=True)
        block.add_new(0x01, "LO", word)
        block.add_new(0x02, "UN", word.encode("utf-16-le"))
        places += 2
    if depth > 0:
        inner = Dataset()
        places += plant(inner, charset, depth - 1, share)
        dataset.ReferencedStudySequence = [inner]
    return places


def planted_plan(plan: Path, charset: str) -> tuple[bytes, int]:
    """Return a plan with everything planted, six sequences deep, and how many places there are."""
    dataset = dcmread(plan)
    dataset.SpecificCharacterSet = charset
    dataset.PatientName, dataset.PatientID = NAMES[charset], f"HRN-{NUMBER}"
    dataset.PatientBirthDate = BIRTH
    dataset.RTPlanLabel = "Zyxwarth Liver"[:16]
    dataset.BeamSequence[0].BeamName = "Quillan 1"
    dataset.PrescriptionDescription = f"50 Gy {NAME}"
    dataset.DoseReferenceSequence[0].DoseReferenceDescription = "born 12.03.1948"
    dataset.add_new(0x60003000, "OW", WORDS[0].encode() + b"\0\0")
    places = plant(dataset, charset, 6, 7) + 5
    dataset.preamble = b"ZYXWARTH".ljust(128, b" ")
    dataset.file_meta.SourceApplicationEntityTitle = "ZYXWARTH_PC"
    dataset.file_meta.PrivateInformationCreatorUID = "1.2.3"
    dataset.file_meta.PrivateInformation = WORDS[0].encode()
    return bytes_of(dataset) + b"\0\0" + WORDS[0].encode(), places


def bytes_of(dataset: FileDataset) -> bytes:
    """Return a dataset as a file."""
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def traces(content: bytes, charset: str) -> list[str]:
    """Return what is left in a file of what was planted, in any encoding."""
    words = [*WORDS, NUMBER, BIRTH, "12.03.1948", "908-17-263", *NAMES[charset].split("^")]
    left = []
    for word in words:
        for encoding in (
            "utf-8",
            "utf-16-le",
            "utf-16-be",
            "latin-1",
            "gb18030",
            "iso8859-5",
            "iso8859-2",
        ):
            try:
                looked = word.encode(encoding)
            except UnicodeEncodeError:
                continue
            if looked.lower() in content.lower():
                left.append(f"{word} as {encoding}")
    return left
