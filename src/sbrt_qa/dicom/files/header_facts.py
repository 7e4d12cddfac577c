"""What the headers of received objects say of what belongs together; run in a child with caps.

Nothing that a patient goes by leaves the child: what names the patient comes as a keyed hash.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pydicom import dcmread
from pydicom.dataset import Dataset

from sbrt_qa.dicom.files.dataset import looks_like_dicom, warnings_as_notes
from sbrt_qa.dicom.quirks import Log

MOST_LINKS: Final = 20_000
MOST_UID: Final = 64
CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")

UNREADABLE: Final = "unreadable"
OTHER: Final = "other"
"""Kinds of what is no object of a study: broken, or no DICOM."""


def header_facts(paths: Sequence[str], key: str) -> list[dict[str, Any]]:
    """Return for each file what its header says: UIDs, modality, links, and the patient's hash.

    Parameters
    ----------
    key
        For the hash, in hexadecimal.

    Returns
    -------
    list of dict
        With ``code``, the code that the patient goes by where the file says that it was
        de-identified; ``trouble`` (empty, ``unreadable`` or ``other``) and the fields of
        :class:`sbrt_qa.intake.study_closing.InstanceFacts` but for the hash of the file.
    """
    return [_facts(Path(path), bytes.fromhex(key)) for path in paths]


def _facts(path: Path, key: bytes) -> dict[str, Any]:
    content = path.read_bytes()
    if not looks_like_dicom(content[:132]):
        return {"trouble": OTHER}
    try:
        with warnings_as_notes("file", Log()):
            dataset = dcmread(path, force=True, stop_before_pixels=True)
            return _read(dataset, key)
    except Exception:  # noqa: BLE001 - whatever a hostile file makes of the reader
        return {"trouble": UNREADABLE}


def _read(dataset: Dataset, key: bytes) -> dict[str, Any]:
    if "SOPClassUID" not in dataset or "SOPInstanceUID" not in dataset:
        return {"trouble": OTHER}
    patient = str(dataset.get("PatientID", "") or "").strip()
    return {
        "trouble": "",
        "sop_class": _uid(dataset.SOPClassUID),
        "sop_uid": _uid(dataset.SOPInstanceUID),
        "series_uid": _uid(dataset.get("SeriesInstanceUID")),
        "study_uid": _uid(dataset.get("StudyInstanceUID")),
        "modality": str(dataset.get("Modality", "") or "").strip()[:16],
        "patient": hmac.new(key, patient.encode(), hashlib.sha256).hexdigest() if patient else "",
        "code": patient if _is_pseudonym(dataset, patient) else "",
        "links": {kind: list(dict.fromkeys(uids)) for kind, uids in _links(dataset) if uids},
    }


def _is_pseudonym(dataset: Dataset, patient: str) -> bool:
    """Tell whether a file says that it was de-identified, and its patient goes by a code."""
    removed = str(dataset.get("PatientIdentityRemoved", "") or "").strip().upper() == "YES"
    return removed and CODE.fullmatch(patient) is not None and any(map(str.isdigit, patient))


def _links(dataset: Dataset) -> Iterator[tuple[str, list[str]]]:
    modality = str(dataset.get("Modality", "") or "").strip()
    if modality == "RTSTRUCT":
        yield "image", _some(_contour_images(dataset))
    if modality == "RTPLAN":
        yield "RTSTRUCT", _some(_named(dataset, "ReferencedStructureSetSequence"))
    if modality == "RTDOSE":
        yield "RTPLAN", _some(_named(dataset, "ReferencedRTPlanSequence"))
        yield "RTSTRUCT", _some(_named(dataset, "ReferencedStructureSetSequence"))


def _contour_images(dataset: Dataset) -> Iterator[str]:
    for frame in dataset.get("ReferencedFrameOfReferenceSequence") or ():
        for study in frame.get("RTReferencedStudySequence") or ():
            for series in study.get("RTReferencedSeriesSequence") or ():
                yield from _named(series, "ContourImageSequence")
    for roi in dataset.get("ROIContourSequence") or ():
        for contour in roi.get("ContourSequence") or ():
            yield from _named(contour, "ContourImageSequence")


def _named(item: Dataset, sequence: str) -> Iterator[str]:
    for one in item.get(sequence) or ():
        yield _uid(one.get("ReferencedSOPInstanceUID"))


def _some(uids: Iterable[str]) -> list[str]:
    found = []
    for uid in uids:
        if uid:
            found.append(uid)
        if len(found) >= MOST_LINKS:
            break
    return list(dict.fromkeys(found))


def _uid(value: object) -> str:
    """Return a UID as text; a longer one by its hash, so that two of them still tell apart."""
    text = str(value or "").strip(" \0")
    if len(text) <= MOST_UID:
        return text
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()[:48]
