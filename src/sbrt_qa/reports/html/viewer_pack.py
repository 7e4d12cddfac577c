"""What the viewer shows of a case, whole and as its files have it, in a folder: for a server.

``scene.json`` says what there is; ``dose``, ``contours`` and ``curves`` are deflated as in a
report. The image stands twice, slice by slice and column by column, so that a cut along any axis is
read from few places.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.errors import visible
from sbrt_qa.evidence.evidence import CtStack, Evidence, Reviewed
from sbrt_qa.reports.html.viewer_contours import contour_block
from sbrt_qa.reports.html.viewer_dose import whole_dose_block
from sbrt_qa.reports.html.viewer_payload import axes_told, curve_data, curves, dose_told, scene

PART: Final = 64
"""Slices, or columns, in one file."""

SCENE: Final = "scene.json"
PARTS: Final = ("dose", "contours", "curves")
AXES: Final = ("axial", "coronal", "sagittal")

HuPlane = npt.NDArray[np.int16]


def write_pack(reviewed: Reviewed, folder: Path, received: Mapping[str, int]) -> dict[str, Any]:
    """Write what there is to show of a case and return the scene, which is written last.

    Parameters
    ----------
    received
        Number of objects of every modality that came with the case.
    """
    evidence = reviewed.evidence
    if evidence is None:
        return {}
    contours = contour_block(evidence.structures, most_bytes=1 << 40)
    (folder / "contours").write_bytes(contours.data)
    (folder / "curves").write_bytes(curve_data(evidence))
    told: dict[str, Any] = {
        **scene(reviewed, evidence, contours.planes),
        "curves": curves(evidence),
        "contours": contours.told(),
        "notes": list(map(str, evidence.notes)),
        "received": {visible(kind): number for kind, number in sorted(received.items())},
        "frame": _frame(evidence),
    }
    if evidence.dose is not None and 1 not in evidence.dose.dose_gy.shape:
        block = whole_dose_block(evidence.dose)
        (folder / "dose").write_bytes(block.data)
        told["dose"] = dose_told(block)
    if evidence.image is not None:
        told["image"] = _write_image(evidence.image, folder)
    (folder / SCENE).write_text(json.dumps(told, allow_nan=False), encoding="utf-8")
    return told


def _frame(evidence: Evidence) -> str:
    """Return what stands for the frame of reference of the dose; empty where none is stated."""
    uid = "" if evidence.dose is None else evidence.dose.frame_of_reference_uid
    return hashlib.sha256(uid.encode()).hexdigest()[:16] if uid else ""


def _write_image(image: CtStack, folder: Path) -> dict[str, Any]:
    for first in range(0, image.hu.shape[0], PART):
        part = np.ascontiguousarray(image.hu[first : first + PART], dtype="<i2")
        (folder / f"slices-{first // PART}").write_bytes(part.tobytes())
    for first in range(0, image.hu.shape[2], PART):
        cut = image.hu[:, :, first : first + PART]
        part = np.ascontiguousarray(cut.transpose(2, 0, 1), dtype="<i2")
        (folder / f"columns-{first // PART}").write_bytes(part.tobytes())
    return axes_told(image.x_mm, image.y_mm, image.z_mm)


def read_plane(folder: Path, shape: tuple[int, int, int], axis: str, index: int) -> HuPlane:
    """Return one plane of HU, rows at ascending v: y of an axial one, z of the others.

    Parameters
    ----------
    shape
        (nz, ny, nx).
    axis, index
        One of `AXES`, and which slice, row (y) or column (x).

    Raises
    ------
    IndexError
        There is no such plane.
    """
    nz, ny, nx = shape
    count = {"axial": nz, "coronal": ny, "sagittal": nx}[axis]
    if not 0 <= index < count:
        raise IndexError(index)
    if axis == "coronal":
        parts = [_part(folder, "slices", k, nz, (ny, nx)) for k in range(-(-nz // PART))]
        return np.concatenate([part[:, index] for part in parts])
    kind, rest = ("slices", (ny, nx)) if axis == "axial" else ("columns", (nz, ny))
    part = _part(folder, kind, index // PART, count, rest)
    return np.asarray(part[index % PART])


def _part(folder: Path, kind: str, n: int, count: int, rest: tuple[int, int]) -> HuPlane:
    here = min(PART, count - n * PART)
    return np.memmap(folder / f"{kind}-{n}", dtype="<i2", mode="r", shape=(here, *rest))


def packed_plane(hu: HuPlane) -> bytes:
    """Return a plane as the browser gets it: differences along rows, zigzag, low bytes first."""
    change = hu.astype(np.uint16)
    change[:, 1:] -= hu.astype(np.uint16)[:, :-1]
    turned = ((change << 1) ^ -(change >> 15)).astype(np.uint16)
    return zlib.compress(np.stack([turned & 0xFF, turned >> 8]).astype(np.uint8).tobytes(), 1)
