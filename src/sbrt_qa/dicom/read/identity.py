"""Whom a document may name: a trial's subject code, else what a de-identified export names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from sbrt_qa.dicom.files.collect import FoundObject
from sbrt_qa.dicom.files.dataset import open_bytes
from sbrt_qa.dicom.files.readable import FoundFile, find_files
from sbrt_qa.dicom.text.elements import Item
from sbrt_qa.errors import DicomError
from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.model.patient import DocumentPatient


def document_patient(subject: str, paths: Sequence[Path], plan_uid: str) -> DocumentPatient:
    """Return whom a document of a review names.

    Parameters
    ----------
    subject
        Subject code in the trial; when there is one, it alone is used.
    paths
        Files and folders that were reviewed.
    plan_uid
        SOP Instance UID of an object whose patient module is taken, and only if that object says
        that its patient's identity has been removed (0012,0062). Otherwise nobody is named.
    """
    if subject:
        return DocumentPatient(subject, subject)
    for file in (file for path in paths for file in find_files(path)):
        root = _root(file)
        if root is not None and root.uid("SOPInstanceUID") == plan_uid:
            return _as_deidentified(root)
    return DocumentPatient()


def _root(file: FoundFile) -> Item | None:
    try:
        return open_bytes(file.read(), file.name).root
    except DicomError:
        return None


def _as_deidentified(root: Item) -> DocumentPatient:
    if root.code("PatientIdentityRemoved") != "YES":
        return DocumentPatient()
    birth_date, sex = root.code("PatientBirthDate"), root.code("PatientSex")
    return DocumentPatient(
        identifier=root.text("PatientID"),
        name=root.text("PatientName"),
        birth_date=birth_date if len(birth_date) == 8 and birth_date.isdigit() else "",
        sex=sex if sex in ("M", "F", "O") else "",
    )


def identity_notes(used: Iterable[FoundObject]) -> list[str]:
    """Say so when the files of one case name different patients, without naming them."""
    first: dict[str, FoundObject] = {}
    for one in used:
        first.setdefault(one.patient_key, one)
    if len(first) < 2:
        return []
    names = joined(" and ", (one.name for one in first.values()))
    return [say("patient name or number differs between {0}", names)]
