"""One organ on the raster of its case: its mask, and the quantities that ranges are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from sbrt_qa.checks.anatomy.scene import HuArray, Scene
from sbrt_qa.checks.anatomy.shells import core_of, grown, shrunk
from sbrt_qa.geometry.rasters import BoolArray
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.anatomy_ranges import OrganDef

MARGIN_CELLS: Final = 11
"""Cells around an organ that its window holds, along x and y."""

MARGIN_PLANES: Final = 6
"""The same along z."""

FAT_HU: Final = (-200, -40)
GAS_HU: Final = -200
BONE_HU: Final = 180
DENSE_HU: Final = 700
"""Bone and metal in an organ that may hold contrast agent."""

NOISE_HU: Final = (28.0, 60.0)
"""Least and largest difference from the middle of a tissue at which a cell is still of it."""


class BodyBox(NamedTuple):
    """The box of the body in the plane of an organ: middle and half width along x and y."""

    x_mm: float
    y_mm: float
    half_x_mm: float
    half_y_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A part of the raster: slices along (z, y, x)."""

    z: slice
    y: slice
    x: slice

    @property
    def cut(self) -> tuple[slice, slice, slice]:
        """What cuts it out of an array of the whole raster."""
        return self.z, self.y, self.x


def window_of(inside: BoolArray) -> Window:
    """Return the window around a mask of the whole raster."""
    spans = []
    for axis, margin in ((0, MARGIN_PLANES), (1, MARGIN_CELLS), (2, MARGIN_CELLS)):
        others = tuple(a for a in range(3) if a != axis)
        at = np.flatnonzero(inside.any(axis=others))
        spans.append(slice(max(int(at[0]) - margin, 0), int(at[-1]) + margin + 1))
    return Window(*spans)


@dataclass(frozen=True, eq=False)
class OrganView:
    """One organ of the plan.

    Parameters
    ----------
    organ
        What it is, and its name in the file of ranges.
    key
        Its display key in the plan.
    mask
        Cells inside, within `window`; the margin of the window is empty.
    volume_cc
        As limits use it, where it is known.
    body
        Gives the box of the body at a height; None where there is no outline.
    parts
        Bodies that do not hang together, where known.
    liver_z_mm
        Height of the middle of the liver.
    left_out
        Cells of targets within the window: their tissue is not the organ's.
    cut
        Whether it reaches the lower, the upper end of what was scanned or drawn.
    """

    organ: OrganDef
    key: str
    structure: Structure
    scene: Scene
    window: Window
    mask: BoolArray
    volume_cc: float | None
    body: Callable[[float], BodyBox | None]
    parts: int | None = None
    liver_z_mm: float | None = None
    left_out: BoolArray | None = None
    cut: tuple[bool, bool] = (False, False)

    @property
    def name(self) -> str:
        """Its name in the file of ranges."""
        return self.organ.organ

    @cached_property
    def hu(self) -> HuArray | None:
        """The image within the window; None without one."""
        return None if self.scene.hu is None else self.scene.hu[self.window.cut]

    @cached_property
    def looked_at(self) -> BoolArray:
        """Cells inside that are looked at for tissue: no edge, no target, within the image."""
        inner = shrunk(self.mask)
        if self.left_out is not None:
            inner = inner & ~self.left_out
        return inner if np.count_nonzero(inner) >= 30 else self.mask

    @cached_property
    def core(self) -> BoolArray:
        """The middle of the organ, of whose tissue there is least doubt."""
        core = core_of(self.mask, 3)
        if self.left_out is not None and np.count_nonzero(core & ~self.left_out) > 30:
            core = core & ~self.left_out
        return core

    @cached_property
    def tissue(self) -> tuple[float, float]:
        """Middle CT number of the core, and how far a cell of the same tissue may be from it."""
        values = self._values(self.core)
        middle = float(np.median(values))
        spread = 1.4826 * float(np.median(np.abs(values - middle)))
        return middle, float(np.clip(2.5 * spread, *NOISE_HU))

    def alike(self, hu: HuArray) -> BoolArray:
        """Tell which cells look like the inside of this organ."""
        if self.organ.kind == "lung":
            return np.asarray(hu < -350)
        if self.organ.kind == "hollow":
            return np.asarray((hu > -30) & (hu < DENSE_HU) | (hu < GAS_HU))
        middle, within = self.tissue
        return np.asarray(np.abs(hu.astype(np.float32) - middle) <= within)

    @cached_property
    def like(self) -> BoolArray | None:
        """Cells of the window that look like the inside of this organ; None without an image."""
        return None if self.hu is None else self.alike(self.hu)

    def _values(self, where: BoolArray) -> FloatArray:
        if self.hu is None:
            return np.empty(0)
        return np.asarray(self.hu[where], dtype=np.float64)

    @cached_property
    def z_mm(self) -> FloatArray:
        """Heights of the planes of the window."""
        return self.scene.raster.z_mm[self.window.z]

    @cached_property
    def areas(self) -> npt.NDArray[np.int64]:
        """Cells inside in each plane of the window."""
        return np.asarray(np.count_nonzero(self.mask, axis=(1, 2)), dtype=np.int64)

    @cached_property
    def middle_mm(self) -> tuple[float, float, float]:
        """Middle of mass, (x, y, z)."""
        at = np.argwhere(self.mask).mean(axis=0)
        place = at + np.array([s.start for s in self.window.cut])
        x, y, z = self.scene.raster.at(place[None])[0].tolist()
        return x, y, z

    @cached_property
    def length_mm(self) -> float:
        """From the lowest to the highest plane, with a spacing."""
        planes = np.unique([c.z_mm for c in self.structure.contours])
        step = float(np.median(np.diff(planes))) if planes.size > 1 else 0.0
        return float(planes[-1] - planes[0]) + step

    @cached_property
    def facts(self) -> Mapping[str, float]:
        """Quantities by name, those that are known; see `protocols/anatomy.yaml`."""
        known: dict[str, float | None] = {
            "volume_cc": self.volume_cc,
            "length_mm": self.length_mm,
            "parts": None if self.parts is None else float(self.parts),
            **self._places(),
            **self._tissues(),
        }
        if self.volume_cc is not None and self.length_mm > 0:
            known["section_mm2"] = self.volume_cc * 1000 / self.length_mm
        return {name: value for name, value in known.items() if value is not None}

    def _places(self) -> dict[str, float | None]:
        x, y, z = self.middle_mm
        box = self.body(z)
        above = None if self.liver_z_mm is None else z - self.liver_z_mm
        if self.name == "Liver":
            above = None
        if box is None:
            return {"above_liver_mm": above}
        return {
            "side": (x - box.x_mm) / box.half_x_mm,
            "depth": (y - box.y_mm) / box.half_y_mm,
            "above_liver_mm": above,
        }

    def _tissues(self) -> dict[str, float | None]:
        if self.hu is None or self.like is None:
            return {}
        values = self._values(self.looked_at)
        if values.size < 5:
            return {}
        known: dict[str, float | None] = {"mean_hu": float(values.mean())}
        low, high = np.percentile(values, (10, 90)).tolist()
        known["spread_hu"] = (high - low) / 2.56
        known["other_tissue_percent"] = 100 * float(self.foreign(values).mean())
        if self.organ.kind == "solid":
            known["two_tissues_percent"] = 100 * float(1 - self.like[self.looked_at].mean())
        return known

    def foreign(self, values: FloatArray | HuArray) -> BoolArray:
        """Tell which CT numbers cannot be of this organ, whatever the contrast phase."""
        fat = (values > FAT_HU[0]) & (values < FAT_HU[1])
        if self.organ.kind == "solid":
            return np.asarray((values < FAT_HU[1]) | (values > DENSE_HU))
        if self.organ.kind == "hollow":
            return np.asarray(fat | (values > DENSE_HU))
        if self.organ.kind == "cord":
            return np.asarray((values < -150) | (values > BONE_HU))
        return np.asarray(values > -150)

    def worst_plane(self, wrong: BoolArray) -> float | None:
        """Return the height of the plane with most cells of a mask; None where there is none."""
        count = np.count_nonzero(wrong, axis=(1, 2))
        return float(self.z_mm[int(count.argmax())]) if count.any() else None


def around(mask: BoolArray, times: int) -> BoolArray:
    """Return the cells up to so many cells outside a mask, in its planes."""
    wide = mask
    for _ in range(times):
        wide = grown(wide)
    return wide & ~mask
