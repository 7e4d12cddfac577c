"""A modelled photon dose: static conformal fields with depth dose, penumbra and divergence.

Per field: fluence through an aperture that follows the target in the beam's eye view, attenuated
along the radiological depth, with build-up and the inverse square law. Simple, yet the isodoses
bend where they should: at the skin, in lung, between the fields.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from scipy.special import erf

from sbrt_qa.model.grid import FloatArray
from sbrt_qa.testing.phantoms.liver_solids import Point, Tube, capsule_depth

SOURCE_AXIS_MM: Final = 1000.0
ATTENUATION_PER_MM: Final = 0.0048
"""Of a 6 MV flattening-filter-free beam in water, apart from the inverse square law."""
BUILD_UP_PER_MM: Final = 0.22
LEAKAGE: Final = 0.012
"""Relative fluence outside the aperture: leaf transmission and far scatter."""

PENUMBRA: Final = ((0.84, 2.8), (0.16, 9.0))
"""Share and width (standard deviation in mm) of the two parts of the penumbra."""

BEV_HALF_MM: Final = 90.0
BEV_STEP_MM: Final = 1.0
RAY_STEP_MM: Final = 3.0
RAY_LENGTH_MM: Final = 240.0
DEPTH_NODES_MM: Final = 6.0
"""Radiological depths are traced on this raster and interpolated between its nodes."""


@dataclass(frozen=True, slots=True)
class LiverField:
    """One static field: IEC angles in degrees, relative weight at the isocentre."""

    gantry_deg: float
    couch_deg: float = 0.0
    weight: float = 1.0

    def axes(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return unit vectors in LPS of a supine, head-first patient: to source, BEV x, BEV y."""
        g, c = math.radians(self.gantry_deg), math.radians(self.couch_deg)
        source = _turned(math.sin(g), -math.cos(g), 0.0, c)
        across = _turned(math.cos(g), math.sin(g), 0.0, c)
        return source, across, _turned(0.0, 0.0, 1.0, c)


def _turned(x: float, y: float, z: float, couch: float) -> FloatArray:
    cos, sin = math.cos(couch), math.sin(couch)
    return np.array([x * cos + z * sin, y, -x * sin + z * cos])


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """Relative electron density on a raster; beyond its end slices the patient goes on."""

    relative: FloatArray
    x_mm: FloatArray
    y_mm: FloatArray
    z_mm: FloatArray

    def at(self, points_mm: FloatArray) -> FloatArray:
        """Density at points ``(..., 3)``, of the nearest voxel; 0 beside the raster."""
        found, inside = [], np.ones(points_mm.shape[:-1], dtype=bool)
        for axis, centres in enumerate((self.x_mm, self.y_mm, self.z_mm)):
            step = centres[1] - centres[0]
            i = np.rint((points_mm[..., axis] - centres[0]) / step).astype(np.intp)
            if axis < 2:
                inside &= (i >= 0) & (i < centres.size)
            found.append(np.clip(i, 0, centres.size - 1))
        return np.where(inside, self.relative[found[2], found[1], found[0]], 0.0)


def density_of(hu: FloatArray) -> FloatArray:
    """Relative electron density of Hounsfield units, by two straight lines."""
    return np.where(hu < 0, np.maximum(1 + hu / 1000, 0.0), 1 + np.minimum(hu, 1500) / 1700)


@dataclass(frozen=True, slots=True, eq=False)
class FieldOpening:
    """Fluence of one field on a raster in the isocentre plane, and how far it opens."""

    fluence: FloatArray
    edge_mm: FloatArray
    """Distance inside the aperture's edge, on the same raster."""


def bev_raster() -> FloatArray:
    """Positions of the beam's eye view raster along either axis, in mm."""
    n = int(2 * BEV_HALF_MM / BEV_STEP_MM) + 1
    return np.arange(n, dtype=np.float64) * BEV_STEP_MM - BEV_HALF_MM


def opening(
    field: LiverField, target: Tube, isocentre: Point, peak: float, tilt_per_mm: FloatArray
) -> FieldOpening:
    """Open a field to the outline of a target.

    Parameters
    ----------
    peak
        Extra fluence in the middle of the target, relative: lets the dose rise inside.
    tilt_per_mm
        Relative slope of the fluence, a vector in patient coordinates: works as a wedge.
    """
    source, across, along = field.axes()
    relative = target.points_mm - np.asarray(isocentre)
    scale = SOURCE_AXIS_MM / (SOURCE_AXIS_MM - relative @ source)
    u, v, r = relative @ across * scale, relative @ along * scale, target.radii_mm * scale
    axis = bev_raster()
    edge = np.full((axis.size, axis.size), -math.inf)
    outline = np.column_stack([u, v, np.zeros_like(u)])
    for (a, b), radii in zip(pairwise(outline), pairwise(r.tolist()), strict=True):
        depth = capsule_depth(a, b, radii, axis[None, :], axis[:, None], 0.0)
        edge = np.maximum(edge, -depth)
    profile = sum(w * 0.5 * (1 + erf(edge / (math.sqrt(2) * s))) for w, s in PENUMBRA)
    middle = np.clip(edge / float(r.max()), 0.0, 1.0)
    wedge = 1 + _dot(across, tilt_per_mm) * axis[None, :] + _dot(along, tilt_per_mm) * axis[:, None]
    shaped = profile * (1 + peak * middle * middle) * np.clip(wedge, 0.5, 1.5)
    return FieldOpening(np.asarray(LEAKAGE + (1 - LEAKAGE) * shaped), edge)


def levelling_tilt(fields: Sequence[LiverField], slope_per_mm: FloatArray) -> FloatArray:
    """Tilt of all fluences that takes a relative `slope_per_mm` out of the summed dose.

    A field can tilt only across its own axis, hence the small system of equations.
    """
    projector = np.zeros((3, 3))
    for field in fields:
        _, across, along = field.axes()
        projector += field.weight * (np.outer(across, across) + np.outer(along, along))
    projector /= sum(f.weight for f in fields)
    return np.asarray(np.linalg.solve(projector, -slope_per_mm))


def _dot(a: FloatArray, b: FloatArray) -> float:
    return float(a[0] * b[0] + a[1] * b[1] + a[2] * b[2])


def field_dose(
    field: LiverField,
    opened: FieldOpening,
    isocentre: Point,
    density: Density,
    axes_mm: tuple[FloatArray, FloatArray, FloatArray],
) -> FloatArray:
    """Relative dose of one field on a grid given by its (x, y, z) axes; shape ``(nz, ny, nx)``.

    Scaled to the field's weight at 100 mm radiological depth in the isocentre plane.
    """
    source, across, along = field.axes()
    x, y, z = (a - c for a, c in zip(axes_mm, isocentre, strict=True))
    project = [
        x[None, None, :] * e[0] + y[None, :, None] * e[1] + z[:, None, None] * e[2]
        for e in (source, across, along)
    ]
    magnified = SOURCE_AXIS_MM / (SOURCE_AXIS_MM - project[0])
    fluence = _sampled(opened.fluence, project[1] * magnified, project[2] * magnified)
    depth = radiological_depth(source, density, axes_mm)
    attenuated = _depth_dose(depth) / float(_depth_dose(np.array(100.0)))
    return np.asarray(field.weight * fluence * attenuated * magnified * magnified)


def _depth_dose(depth_mm: FloatArray) -> FloatArray:
    built_up = 1 - 0.75 * np.exp(-BUILD_UP_PER_MM * depth_mm)
    return np.asarray(built_up * np.exp(-ATTENUATION_PER_MM * depth_mm))


def _sampled(raster: FloatArray, u_mm: FloatArray, v_mm: FloatArray) -> FloatArray:
    """Bilinear interpolation in the beam's eye view; the border value goes on outside."""
    last = raster.shape[0] - 1.000001
    column = np.clip((u_mm + BEV_HALF_MM) / BEV_STEP_MM, 0.0, last)
    row = np.clip((v_mm + BEV_HALF_MM) / BEV_STEP_MM, 0.0, last)
    j, i = column.astype(np.intp), row.astype(np.intp)
    s, t = column - j, row - i
    low = (1 - s) * raster[i, j] + s * raster[i, j + 1]
    high = (1 - s) * raster[i + 1, j] + s * raster[i + 1, j + 1]
    return np.asarray((1 - t) * low + t * high)


def radiological_depth(
    source: FloatArray, density: Density, axes_mm: tuple[FloatArray, FloatArray, FloatArray]
) -> FloatArray:
    """Water-equivalent depth in mm of grid points along parallel rays to the source."""
    coarse = [_nodes(a) for a in axes_mm]
    points = np.stack(np.meshgrid(*coarse, indexing="ij"), axis=-1)
    depth = np.zeros(points.shape[:-1])
    for k in range(int(RAY_LENGTH_MM / RAY_STEP_MM)):
        depth += RAY_STEP_MM * density.at(points + (k + 0.5) * RAY_STEP_MM * source)
    for axis, (nodes, fine) in enumerate(zip(coarse, axes_mm, strict=True)):
        depth = _refined(depth, axis, nodes, fine)
    return np.asarray(depth.transpose(2, 1, 0))


def _nodes(axis_mm: FloatArray) -> FloatArray:
    n = math.ceil(float(axis_mm[-1] - axis_mm[0]) / DEPTH_NODES_MM) + 1
    return np.asarray(float(axis_mm[0]) + DEPTH_NODES_MM * np.arange(n, dtype=np.float64))


def _refined(values: FloatArray, axis: int, nodes: FloatArray, fine: FloatArray) -> FloatArray:
    at = (fine - nodes[0]) / DEPTH_NODES_MM
    low = np.minimum(at.astype(np.intp), nodes.size - 2)
    weight = (at - low).reshape([-1 if a == axis else 1 for a in range(3)])
    return np.asarray((1 - weight) * values.take(low, axis) + weight * values.take(low + 1, axis))
