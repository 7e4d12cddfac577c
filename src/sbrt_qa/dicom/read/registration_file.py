"""Spatial Registration objects: which frame of reference is taken into which, and how.

DICOM PS3.3, C.20.2: the object's own Frame of Reference UID is the registered space; each item of
the Registration Sequence names a frame and the matrices that take it there, in their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from sbrt_qa.dicom.files.dataset import open_bytes
from sbrt_qa.dicom.files.readable import find_files
from sbrt_qa.dicom.text.elements import Item
from sbrt_qa.errors import DicomError, GeometryError, quoted
from sbrt_qa.model.registration import (
    FrameMatrix,
    MovingFrame,
    Registration,
    RegistrationKind,
)

SPATIAL: Final = "1.2.840.10008.5.1.4.1.1.66.1"
DEFORMABLE: Final = "1.2.840.10008.5.1.4.1.1.66.3"


def load_registrations(paths: Sequence[Path]) -> tuple[Registration, ...]:
    """Return all registration objects in files and folders, in the order of their names.

    Raises
    ------
    DicomError
        A path does not exist, or a registration cannot be read.
    """
    found = []
    for path in paths:
        for file in find_files(path):
            try:
                opened = open_bytes(file.read(), file.name)
            except DicomError:
                if file.alone:
                    raise
                continue
            if opened.root.uid("SOPClassUID") in (SPATIAL, DEFORMABLE):
                if opened.problem:
                    raise DicomError(opened.problem, where=file.name)
                found.append(read_registration(opened.root, file.name))
            elif file.alone:
                raise DicomError(
                    "no registration object",
                    where=file.name,
                    got=quoted(opened.root.text("Modality")),
                    expected="a Spatial Registration (REG)",
                )
    return tuple(found)


def read_registration(root: Item, name: str) -> Registration:
    """Read one registration object.

    Raises
    ------
    DicomError
        It names no frame, or a matrix is missing or is not sixteen numbers.
    """
    frame = root.uid("FrameOfReferenceUID")
    if not frame:
        raise DicomError("the registration names no frame of reference", where=name)
    if root.uid("SOPClassUID") == DEFORMABLE:
        return Registration(name, frame, (), RegistrationKind.DEFORMABLE)
    moving = tuple(_moving(item, name) for item in root.items("RegistrationSequence"))
    if not moving:
        raise DicomError("the registration holds no matrices", where=name)
    return Registration(name, frame, moving)


def _moving(item: Item, name: str) -> MovingFrame:
    matrices = tuple(
        _matrix(one, name)
        for registration in item.items("MatrixRegistrationSequence")
        for one in registration.items("MatrixSequence")
    )
    return MovingFrame(item.uid("FrameOfReferenceUID"), matrices)


def _matrix(item: Item, name: str) -> FrameMatrix:
    values = item.numbers("FrameOfReferenceTransformationMatrix")
    if values is None or len(values) != 16:
        got = "none" if values is None else f"{len(values)} numbers"
        raise DicomError("a matrix is not sixteen numbers", where=name, got=got)
    kind = item.code("FrameOfReferenceTransformationMatrixType")
    try:
        return FrameMatrix(np.array(values).reshape(4, 4), kind)
    except GeometryError as error:
        raise DicomError(str(error), where=name) from None
