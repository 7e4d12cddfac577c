"""Small tools that oddities share: voxels, contours and elements pydicom would not write."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from sbrt_qa.model.grid import FloatArray

Voxels = npt.NDArray[np.unsignedinteger]


def put_raw(dataset: Dataset, keyword: str, value: bytes, vr: str) -> None:
    """Set an element to bytes that pydicom would not write by itself."""
    tag = Tag(keyword)
    value += b" " * (len(value) % 2)
    dataset[tag] = RawDataElement(
        tag, vr, len(value), value, 0, is_implicit_VR=False, is_little_endian=True
    )


def voxels(dose: Dataset) -> Voxels:
    """Return stored voxels, [frame, row, column]."""
    shape = (int(dose.NumberOfFrames), int(dose.Rows), int(dose.Columns))
    kind = np.dtype(f"<u{int(dose.BitsAllocated) // 8}")
    return np.frombuffer(dose.PixelData, kind, count=int(np.prod(shape))).reshape(shape)


def put_voxels(dose: Dataset, values: Voxels) -> None:
    """Set stored voxels and what describes them."""
    dose.NumberOfFrames, dose.Rows, dose.Columns = values.shape
    dose.BitsAllocated = dose.BitsStored = 8 * values.itemsize
    dose.HighBit = dose.BitsStored - 1
    data = np.ascontiguousarray(values).tobytes()
    dose["PixelData"].value = data + b"\0" * (len(data) % 2)


def contours(structures: Dataset) -> list[Dataset]:
    """Return the contours of the first ROI that has any."""
    drawn = (r.ContourSequence for r in structures.ROIContourSequence if "ContourSequence" in r)
    return list(next(drawn))


def points(contour: Dataset) -> FloatArray:
    """Return the points of a contour, shape (n, 3)."""
    return np.array(contour.ContourData, dtype=np.float64).reshape(-1, 3)


def put_points(contour: Dataset, xyz: FloatArray) -> None:
    """Set the points of a contour and their number."""
    contour.NumberOfContourPoints = len(xyz)
    put_raw(contour, "ContourData", "\\".join(f"{v:.10g}" for v in xyz.ravel()).encode(), "DS")


def points_text(contour: Dataset) -> bytes:
    """Return Contour Data as text."""
    return "\\".join(str(v) for v in contour.ContourData).encode()
