"""The one structure set among some files, such as the contours of a follow-up scan."""

from __future__ import annotations

from pathlib import Path

from sbrt_qa.dicom.files.collect import collect
from sbrt_qa.dicom.read.rtstruct import read_structure_set
from sbrt_qa.errors import DicomError
from sbrt_qa.model.structure import StructureSet


def load_structure_set(path: Path) -> StructureSet:
    """Return the structure set of a file or folder that holds exactly one.

    Raises
    ------
    DicomError
        There is none, there are several, or it cannot be read.
    """
    found = collect([path]).of("RTSTRUCT")
    if len(found) != 1:
        raise DicomError(
            "one structure set with the recurrence is needed",
            got=", ".join(one.name for one in found) or "none",
            advice="Name the file itself",
        )
    if found[0].problem:
        raise DicomError(found[0].problem, where=found[0].name)
    return read_structure_set(found[0].root)
