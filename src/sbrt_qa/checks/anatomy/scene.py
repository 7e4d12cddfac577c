"""The raster on which organs are looked at, and the image on it, read slice by slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.errors import SbrtQaError
from sbrt_qa.geometry.rasters import CellRaster
from sbrt_qa.i18n.phrase import said, say
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.structure import Structure

CELL_MM: Final = 2.2
"""About the width of a cell; pixels of the image are joined to it."""

LEAST_STEP_MM: Final = 2.5
"""Planes are no nearer than this; slices between them are not read."""

AROUND_MM: Final = 25.0
"""What is looked at beyond the organs, in a plane; along z it is less."""

BEYOND_MM: Final = 16.0
"""The same along z."""

MOST_CELLS: Final = 12_000_000
"""Of a raster; beyond it, cells are joined further."""

HuArray = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """The raster, and what can be seen on it.

    Parameters
    ----------
    hu
        Hounsfield units, shape ``(nz, ny, nx)``; None where there is no image.
    why
        Why there is none.
    image_ends_mm
        z of the first and the last slice of the image; None without one.
    """

    raster: CellRaster
    hu: HuArray | None = None
    why: str = ""
    image_ends_mm: tuple[float, float] | None = None


def scene_of(organs: Sequence[Structure], image: ImageSeries | None, spacing_mm: float) -> Scene:
    """Lay a raster around organs that have contours, and put the image on it.

    Parameters
    ----------
    spacing_mm
        Of the contours, for a raster without an image.
    """
    box = _box(organs)
    usable = image is not None and image.modality == "CT" and image.z_mm.size > 2
    if image is not None and usable and _covers(image, box):
        planes = _planes(image.z_mm, box)
        raster, window, joined_pixels = _raster_of(image, box, planes)
        ends = float(image.z_mm[0]), float(image.z_mm[-1])
        try:
            return Scene(raster, _read(image, planes, window, joined_pixels), "", ends)
        except SbrtQaError as error:
            return Scene(raster, None, said(error), ends)
    if image is None:
        why = say("there is no image")
    elif not usable:
        why = say("there is no CT of several slices")
    else:
        why = say("the image lies elsewhere")
    return Scene(_bare(box, spacing_mm), None, why)


def _box(organs: Sequence[Structure]) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and the highest (x, y, z) of all contours."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for structure in organs:
        for contour in structure.contours:
            low[:2] = np.minimum(low[:2], contour.xy_mm.min(axis=0))
            high[:2] = np.maximum(high[:2], contour.xy_mm.max(axis=0))
        low[2] = min(low[2], structure.contours[0].z_mm)
        high[2] = max(high[2], structure.contours[-1].z_mm)
    return low, high


def _covers(image: ImageSeries, box: tuple[FloatArray, FloatArray]) -> bool:
    """Tell whether an image and the organs overlap at all."""
    low, high = box
    step = image.slice_spacing_mm
    return bool(low[2] <= image.z_mm[-1] + step and high[2] >= image.z_mm[0] - step)


def _planes(z_mm: FloatArray, box: tuple[FloatArray, FloatArray]) -> list[int]:
    """Return the slices to read: around the organs, no nearer than `LEAST_STEP_MM`."""
    low, high = box[0][2] - BEYOND_MM, box[1][2] + BEYOND_MM
    kept: list[int] = []
    for index in np.flatnonzero((z_mm >= low) & (z_mm <= high)).tolist():
        if not kept or z_mm[index] - z_mm[kept[-1]] >= LEAST_STEP_MM - 1e-3:
            kept.append(index)
    return kept


def _raster_of(
    image: ImageSeries, box: tuple[FloatArray, FloatArray], planes: list[int]
) -> tuple[CellRaster, tuple[slice, slice], tuple[int, int]]:
    """Return the raster, the window of pixels (rows, columns) it holds, and pixels per cell."""
    spacing, shape = image.spacing_mm, (image.shape[1], image.shape[0])
    joined_pixels = [max(1, round(CELL_MM / s)) for s in spacing]
    while _cells(joined_pixels, spacing, box) * len(planes) > MOST_CELLS:
        joined_pixels = [n * 2 for n in joined_pixels]
    starts, counts = [], []
    for axis in (0, 1):
        first = (box[0][axis] - AROUND_MM - image.origin_mm[axis]) / spacing[axis]
        last = (box[1][axis] + AROUND_MM - image.origin_mm[axis]) / spacing[axis]
        low = int(np.clip(np.floor(first), 0, shape[axis] - 1))
        high = int(np.clip(np.ceil(last), low + 1, shape[axis]))
        joined_pixels[axis] = min(joined_pixels[axis], high - low)
        starts.append(low)
        counts.append((high - low) // joined_pixels[axis])
    origin = [
        image.origin_mm[a] + (starts[a] + (joined_pixels[a] - 1) / 2) * spacing[a] for a in (0, 1)
    ]
    cell = [joined_pixels[a] * spacing[a] for a in (0, 1)]
    raster = CellRaster(
        image.z_mm[planes], (origin[0], origin[1]), (cell[0], cell[1]), (counts[1], counts[0])
    )
    stops = [starts[a] + counts[a] * joined_pixels[a] for a in (0, 1)]
    window = slice(starts[1], stops[1]), slice(starts[0], stops[0])
    return raster, window, (joined_pixels[1], joined_pixels[0])


def _cells(
    joined_pixels: list[int], spacing: tuple[float, float], box: tuple[FloatArray, FloatArray]
) -> float:
    width = box[1][:2] - box[0][:2] + 2 * AROUND_MM
    return float(np.prod(width / (np.array(joined_pixels) * spacing)))


def _read(
    image: ImageSeries,
    planes: list[int],
    window: tuple[slice, slice],
    joined_pixels: tuple[int, int],
) -> HuArray:
    """Return the means of the pixels of every cell, with one slice in memory at a time."""
    rows, columns = ((w.stop - w.start) // n for w, n in zip(window, joined_pixels, strict=True))
    hu = np.empty((len(planes), rows, columns), dtype=np.int16)
    for k, pixels in enumerate(image.slices_hu(planes)):
        cut = pixels[window]
        if joined_pixels != (1, 1):
            split = cut.reshape(rows, joined_pixels[0], columns, joined_pixels[1])
            cut = split.mean(axis=(1, 3), dtype=np.float32)
        hu[k] = cut
    return hu


def _bare(box: tuple[FloatArray, FloatArray], spacing_mm: float) -> CellRaster:
    """Return a raster around organs without an image."""
    low, high = box
    width = high - low
    cell = CELL_MM
    step = max(LEAST_STEP_MM, spacing_mm)
    while np.prod((width[:2] + 2 * AROUND_MM) / cell) * (width[2] / step + 10) > MOST_CELLS:
        cell, step = 2 * cell, 2 * step
    beyond = 3 * step
    z_mm = np.arange(low[2] - beyond, high[2] + beyond + step / 2, step)
    nx, ny = (int(np.ceil((w + 2 * AROUND_MM) / cell)) for w in width[:2])
    return CellRaster(z_mm, (low[0] - AROUND_MM, low[1] - AROUND_MM), (cell, cell), (ny, nx))
