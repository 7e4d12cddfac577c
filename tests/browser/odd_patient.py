"""A patient that no symmetry helps: lopsided image and dose, cubes of no two equal edges.

Its files are stored head first supine, prone, feet first, or with a slanted dose; the patient is
the same in all of them. Values are known at every point in closed form.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

sys.path.append(str(Path(__file__).parents[1] / "dicom"))

import builders as b

X, Y, Z = -40.0 + 1.1 * np.arange(72), -50.0 + 1.7 * np.arange(60), -30.0 + 2.5 * np.arange(25)
"""Voxel centres of the image, mm."""

DOSE_STEP = np.array([2.3, 2.6, 3.0])
DOSE_SIZE = np.array([30, 34, 18])
DOSE_FIRST = np.array([-35.3, -47.1, -28.2])
"""Of the dose: shifted against the image by parts of a voxel along every axis."""

OFF_MM = 0.9
"""How far contours lie above their slices."""

CENTRE, RADIUS = (5.0, -8.0, 3.0), 14.0
HOSTILE = "<img src=x onerror=window.hacked=1>"
NAMES = ("PTV", "Liver", "肝脏左叶", HOSTILE, "Duodenum", "Cord ohne")
EMPTY = "Cord ohne"


def hu_at(x: Any, y: Any, z: Any) -> Any:
    """HU of the patient: brighter to the left, darker to the back, waves along y."""
    return np.rint(3.1 * x - 2.3 * y + 1.7 * z + 25 * np.sin(y / 7))


def gy_at(x: Any, y: Any, z: Any) -> Any:
    """Dose of the patient in Gy: an egg, higher to one side."""
    r2 = (x - 4) ** 2 + 1.4 * (y + 9) ** 2 + 0.8 * (z - 2) ** 2
    return 52 * np.exp(-r2 / 800) + 0.02 * (x + 60) + 0.01 * (z + 40)


def voxels(first: Any, step: Any, size: Any, row: Any, column: Any) -> np.ndarray:
    """Places [frame, row, column, xyz] of a grid that holds the same voxels in any orientation."""
    axes = np.stack([row, column, np.cross(row, column)]).astype(float)
    along = np.abs(axes).argmax(axis=1)
    middle = np.asarray(first) + (np.asarray(size) - 1) * step / 2
    n = np.asarray(size)[along]
    k, i, j = np.indices(n[::-1], dtype=float)
    steps = (np.stack([j, i, k], axis=-1) - (n - 1) / 2) * np.asarray(step)[along]
    return np.asarray(middle + steps @ axes)


def image(orientation: tuple[int, ...]) -> dict[str, Dataset]:
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    at = voxels((X[0], Y[0], Z[0]), np.array([1.1, 1.7, 2.5]), (72, 60, 25), row, column)
    found = {}
    for k, plane in enumerate(at):
        first = plane[0, 0]
        one = b.ct_slice(float(first[2]), orientation=orientation, position_xy=tuple(first[:2]))
        values = hu_at(*np.moveaxis(plane, -1, 0)).astype(np.int16)
        one.Rows, one.Columns = values.shape
        one.PixelSpacing = [1.7, 1.1]
        one.RescaleIntercept = 0
        b.raw(one, "PixelData", values.tobytes(), "OW")
        found[f"CT{k}"] = one
    return found


def dose(orientation: tuple[int, ...]) -> Dataset:
    """The dose in 32 bits, with a scaling of 1e-7: neither is usual."""
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    at = voxels(DOSE_FIRST, DOSE_STEP, DOSE_SIZE, row, column)
    values = np.rint(gy_at(*np.moveaxis(at, -1, 0)) * 1e7).astype(np.uint32)
    return b.dose(
        values, position=at[0, 0, 0].tolist(), orientation=orientation, spacing=(2.6, 2.3),
        offsets=(3.0 * np.arange(len(at))).tolist(), scaling="1e-7",
    )  # fmt: skip


def slanted_dose(degrees: float = 7.0) -> Dataset:
    """The dose on a grid that is turned about the patient's long axis."""
    angle = np.radians(degrees)
    row = np.array([np.cos(angle), np.sin(angle), 0.0])
    column = np.array([-np.sin(angle), np.cos(angle), 0.0])
    size = np.array([44, 46, 18])
    k, i, j = np.indices(size[::-1], dtype=float)
    steps = (np.stack([j, i, k], axis=-1) - (size - 1) / 2) * np.array([2.0, 2.2, 3.0])
    at = np.array([2.0, -5.0, 0.0]) + steps @ np.stack([row, column, [0.0, 0.0, 1.0]])
    values = np.rint(np.clip(gy_at(*np.moveaxis(at, -1, 0)), 0, None) * 1e4).astype(np.uint32)
    return b.dose(
        values, position=at[0, 0, 0].tolist(), orientation=[*row, *column], spacing=(2.2, 2.0),
        offsets=(3.0 * np.arange(18)).tolist(), scaling="1e-4",
    )  # fmt: skip


def loop(z_mm: float, x: Any, y: Any) -> Dataset:
    return b.contour(z_mm, np.column_stack([x, y]).tolist())


def ball(centre: tuple[float, float, float], radius: float, flat: float = 1.0) -> list[Dataset]:
    angle = np.linspace(0, 2 * np.pi, 97, endpoint=False)
    found = []
    for z in Z + OFF_MM:
        r2 = radius**2 - (z - centre[2]) ** 2
        if r2 > 1:
            r = np.sqrt(r2)
            found.append(
                loop(z, centre[0] + r * np.cos(angle), centre[1] + flat * r * np.sin(angle))
            )
    return found


def box(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float]) -> list[Dataset]:
    corners = [x[0], x[1], x[1], x[0]], [y[0], y[0], y[1], y[1]]
    return [loop(h, *corners) for h in Z + OFF_MM if z[0] <= h <= z[1]]


def structures() -> Dataset:
    liver = ball((-6.0, -12.0, 0.0), 25.0, 0.8)
    left = box((20.0, 32.0), (-20.0, 4.0), (-12.0, 15.0))
    two = [*box((-36, -28), (-45, -30), (-20, 10)), *box((-20, -12), (-45, -30), (-20, 10))]
    drawn = (ball(CENTRE, RADIUS), liver, left, two, ball((14.0, 12.0, -2.0), 9.0), None)
    rois = [b.roi(n, name, one) for n, (name, one) in enumerate(zip(NAMES, drawn, strict=True), 1)]
    return b.structure_set(*rois, SpecificCharacterSet="GB18030")


OTHERS = {
    "SR": "1.2.840.10008.5.1.4.1.1.88.22",
    "REG": "1.2.840.10008.5.1.4.1.1.66.1",
    "OT": "1.2.840.10008.5.1.4.1.1.7",
}
"""What may come with a plan and is not drawn: a report, a registration, a captured screen."""


def other(modality: str) -> Dataset:
    return b.item(
        SOPClassUID=OTHERS[modality], SOPInstanceUID=f"1.2.3.9{len(modality)}{ord(modality[0])}",
        Modality=modality, PatientID="anon", PatientName="anon", StudyInstanceUID=b.STUDY,
        SeriesInstanceUID=f"1.2.3.8{ord(modality[0])}",
    )  # fmt: skip


def write(folder: Path, position: str = "HFS", *, slanted: bool = False) -> Path:
    """Write the files of the patient in an orientation."""
    orientation = b.ORIENTATIONS[position]
    parts: dict[str, Dataset | None] = {**image(orientation)}
    parts |= {modality: other(modality) for modality in OTHERS}
    parts["RD"] = slanted_dose() if slanted else dose(orientation)
    parts["RS"] = structures()
    parts["RP"] = b.plan(beams=[b.beam(1)])
    return b.save_case(folder, **parts)
