"""Single elements of a written file set to something else: faults that no writer makes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydicom import dcmread
from pydicom.dataset import Dataset

from sbrt_qa.errors import DicomError

Amendments = Mapping[str, object]
"""New value by path, such as ``BeamSequence/0/BeamName``; None takes the element out."""

_SEPARATOR: Final = "/"


def amend(path: Path, amendments: Amendments) -> None:
    """Set elements of a DICOM file, and write it again in its own encoding.

    Raises
    ------
    DicomError
        The file cannot be read or written, or has no such sequence item.
    """
    try:
        dataset = dcmread(path)
        for place, value in amendments.items():
            _set(dataset, place, value)
        dataset.save_as(path, enforce_file_format=True)
    except (OSError, AttributeError, IndexError, ValueError) as error:
        raise DicomError("the file cannot be amended", where=path.name) from error


def _set(dataset: Dataset, place: str, value: object) -> None:
    *steps, keyword = place.split(_SEPARATOR)
    item = dataset
    for sequence, index in zip(steps[::2], steps[1::2], strict=True):
        item = item[sequence].value[int(index)]
    if value is None:
        delattr(item, keyword)
    else:
        setattr(item, keyword, value)
