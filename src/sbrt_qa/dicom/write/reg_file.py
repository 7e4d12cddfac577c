"""A rigid registration to a Spatial Registration object (DICOM PS3.3 C.20.2)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import SpatialRegistrationStorage

from sbrt_qa.dicom.write.common import CaseIds, item, new_object, number, save
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.registration import RigidMotion


def write_registration(
    motion: RigidMotion, moving_frame_uid: str, path: Path, ids: CaseIds
) -> None:
    """Write the motion that takes a moving frame of reference onto that of `ids`.

    Raises
    ------
    DicomError
        The file cannot be written.
    """
    dataset = new_object(
        ids, sop_class=SpatialRegistrationStorage, sop_uid=ids.uid("REG"), modality="REG",
        series_uid=ids.uid("series REG"), number=7,
    )  # fmt: skip
    dataset.ContentDate, dataset.ContentTime = ids.date, ids.time
    dataset.Laterality = ""  # asked of every series that is of no named part of the body
    dataset.InstanceNumber, dataset.ContentLabel, dataset.ContentDescription = 1, "RIGID", ""
    dataset.RegistrationSequence = [
        _frame(ids.frame_uid, np.eye(4)), _frame(moving_frame_uid, motion.matrix),
    ]  # fmt: skip
    save(dataset, path)


def _frame(uid: str, matrix: FloatArray) -> Dataset:
    numbers = [number(round(float(value), 12)) for value in matrix.ravel()]
    told = item(
        FrameOfReferenceTransformationMatrixType="RIGID",
        FrameOfReferenceTransformationMatrix=numbers,
    )
    return item(
        FrameOfReferenceUID=uid,
        MatrixRegistrationSequence=[
            item(
                MatrixSequence=[told],
                RegistrationTypeCodeSequence=[],
                FrameOfReferenceTransformationComment="",
            )
        ],
    )
