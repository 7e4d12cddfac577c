"""The closed-form suite: shapes, slices, grids and dose fields crossed into named pairs.

Every pair is what a planning system would export (contours on slices, dose on a grid) beside the
true answer. Slices and voxels are offset from the shapes by odd fractions, so that nothing falls
into place by luck, except where a pair is about things that do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.structure import Structure
from sbrt_qa.testing.phantoms.closed_forms import Truth, contour
from sbrt_qa.testing.phantoms.dose_fields import (
    Field,
    Gaussian,
    Linear,
    Planar,
    Radial,
    Sigmoid,
    sample,
)
from sbrt_qa.testing.phantoms.shapes import (
    Box,
    Cone,
    PhantomShape,
    Point,
    ShapePair,
    Shell,
    Sphere,
    cylinder,
)

PRESCRIPTION_GY = 60.0
STEEPEST_GY_PER_MM = 0.06 * PRESCRIPTION_GY

CENTRE: Point = (11.3, -24.7, 38.9)
"""Centre of most shapes: nowhere in particular."""

MARGIN_MM = 9.0
"""How far the dose grid reaches beyond a shape that it covers."""


@dataclass(frozen=True, slots=True, eq=False)
class PhantomPair:
    """One structure in one dose grid, and the truth about it.

    ``slice_mm`` is the image's slice spacing; ``outside_cc`` the true volume beyond the dose grid's
    voxel centres, 0 where the grid covers the structure.
    """

    name: str
    family: str
    structure: Structure
    dose: DoseGrid
    truth: Truth
    slice_mm: float
    outside_cc: float = 0.0


@dataclass(frozen=True, slots=True)
class Sampling:
    """How finely a pair is stored: slice spacing and voxel size (x, y, z), mm."""

    slice_mm: float
    voxel_mm: tuple[float, float, float]

    def __str__(self) -> str:
        x, y, z = self.voxel_mm
        grid = f"{x:g}" if x == y == z else f"{x:g}x{y:g}x{z:g}"
        return f"{self.slice_mm:g} mm slices, {grid} mm grid"


FINE = Sampling(1.0, (1.0, 1.0, 1.0))
USUAL = Sampling(2.0, (2.0, 2.0, 2.0))
ODD = Sampling(2.5, (1.5, 2.5, 2.0))
COARSE = Sampling(3.0, (3.0, 3.0, 3.0))
MIXED = Sampling(3.0, (2.5, 2.5, 3.0))
THIN = Sampling(0.2, (2.0, 2.0, 2.0))


def fields_for(shape: PhantomShape) -> Iterator[tuple[str, Field]]:
    """Return dose fields placed on a shape: ramps, penumbras and peaks along every axis."""
    for axis, letter in enumerate("xyz"):
        low, high = shape.extent(axis)
        middle = (low + high) / 2
        slope = min(STEEPEST_GY_PER_MM, 50.0 / (high - low))
        yield f"ramp {letter}", Planar(axis, Linear(33.0 - slope * middle, slope))
        width = PRESCRIPTION_GY * 1.1 / 4 / STEEPEST_GY_PER_MM
        edge = middle + 0.2 * (high - low)
        yield f"penumbra {letter}", Planar(axis, Sigmoid(66.0, edge, width))
    low, high = shape.extent(0)
    sigma = max(11.0, 0.6 * (high - low))
    yield "peak x", Planar(0, Gaussian(66.0, low + 0.3 * (high - low), sigma))


def radial_field(shape: PhantomShape, centre: Point) -> tuple[str, Field]:
    """Return a ball-shaped peak near a shape's centre."""
    low, high = shape.extent(0)
    off = (centre[0] + 0.1 * (high - low), centre[1], centre[2] + 0.05 * (high - low))
    return "peak", Radial(off, Gaussian(66.0, 0.0, max(11.0, 0.45 * (high - low))))


def planes(shape: PhantomShape, slice_mm: float) -> FloatArray:
    """Return slice positions that cover a shape, offset by 0.31 of a slice."""
    low, high = shape.extent(2)
    first = np.floor(low / slice_mm) - 0.69
    return np.asarray((np.arange(int((high - low) / slice_mm) + 4) + first) * slice_mm)


def axes(shape: PhantomShape, voxel_mm: tuple[float, float, float]) -> tuple[FloatArray, ...]:
    """Return voxel centres that cover a shape, `MARGIN_MM` to spare, offset by odd fractions."""
    result = []
    for axis, (step, part) in enumerate(zip(voxel_mm, (0.37, 0.63, 0.23), strict=True)):
        low, high = shape.extent(axis)
        first = np.floor((low - MARGIN_MM) / step)
        count = int(np.ceil((high - low + 2 * MARGIN_MM) / step)) + 2
        result.append((np.arange(count) + first + part) * step)
    return tuple(result)


def make_pair(
    name: str, family: str, shape: PhantomShape, field: Field, sampling: Sampling
) -> PhantomPair:
    """Contour a shape and sample a field as planning systems do."""
    structure = contour(shape, planes(shape, sampling.slice_mm))
    dose = sample(field, *axes(shape, sampling.voxel_mm))
    return PhantomPair(name, family, structure, dose, Truth(shape, field), sampling.slice_mm)


def closed_form_suite() -> Iterator[PhantomPair]:
    """Return all pairs, one after the other."""
    yield from _spheres()
    yield from _straight()
    yield from _hollow_and_parted()
    yield from _on_voxel_edges()
    yield from _uneven_slices()
    yield from _leaving_the_grid()


HELD_OUT_SEED = 20261210
"""Of the shapes of :func:`held_out_suite`, on which nothing has been tuned."""

HELD_OUT_PAIRS = 480


def held_out_suite(seed: int = HELD_OUT_SEED, pairs: int = HELD_OUT_PAIRS) -> Iterator[PhantomPair]:
    """Return pairs of random shapes, places, fields and samplings, of four families in turn."""
    random = np.random.default_rng(seed)
    samplings = (USUAL, ODD, COARSE, MIXED)
    for number in range(pairs):
        x, y, z = (float(v) for v in random.uniform(-40.0, 40.0, 3))
        radius, length = float(random.uniform(5.0, 30.0)), float(random.uniform(20.0, 60.0))
        axis, part = int(random.integers(3)), float(random.uniform(0.3, 0.8))
        family, shape = (
            ("sphere", Sphere((x, y, z), radius)),
            ("cylinder", cylinder((x, y, z), radius, length, axis)),
            ("cone", Cone((x, y, z), radius, part * radius, length, axis)),
            ("shell", Shell((x, y, z), radius + 5.0, part * radius)),
        )[number % 4]
        fields = list(fields_for(shape))
        if family in ("sphere", "shell"):  # of others a round field has no closed form
            fields.append(radial_field(shape, (x, y, z)))
        label, field = fields[int(random.integers(len(fields)))]
        sampling = samplings[int(random.integers(len(samplings)))]
        yield make_pair(f"{number} {family}, {label}, {sampling}", family, shape, field, sampling)


def _spheres() -> Iterator[PhantomPair]:
    samplings = {3.0: (FINE, USUAL, THIN), 5.0: (FINE, USUAL, COARSE), 8.0: (USUAL, MIXED)}
    for radius in (3.0, 5.0, 8.0, 12.0, 20.0, 35.0, 60.0):
        for sampling in samplings.get(radius, (USUAL, ODD, COARSE)):
            shape = Sphere(CENTRE, radius)
            for label, field in (*fields_for(shape), radial_field(shape, CENTRE)):
                name = f"sphere r={radius:g}, {label}, {sampling}"
                yield make_pair(name, "sphere", shape, field, sampling)


def _straight() -> Iterator[PhantomPair]:
    shapes: dict[str, PhantomShape] = {
        "cylinder along z": cylinder(CENTRE, 14.0, 47.0, 2),
        "cylinder along x": cylinder(CENTRE, 11.0, 60.0, 0),
        "cylinder along y": cylinder(CENTRE, 6.5, 40.0, 1),
        "cone along z": Cone(CENTRE, 22.0, 4.0, 40.0, 2),
        "cone along x": Cone(CENTRE, 5.0, 18.0, 45.0, 0),
    }
    for label, shape in shapes.items():
        for sampling in (USUAL, MIXED):
            for what, field in fields_for(shape):
                name = f"{label}, {what}, {sampling}"
                yield make_pair(name, "cylinder or cone", shape, field, sampling)


def _hollow_and_parted() -> Iterator[PhantomPair]:
    x, y, z = CENTRE
    shapes: dict[str, PhantomShape] = {
        "shell as XOR": Shell(CENTRE, 20.0, 12.0),
        "shell as keyhole": Shell(CENTRE, 20.0, 12.0, keyhole=True),
        "two balls side by side": ShapePair(
            Sphere((x - 15, y, z), 9.0), Sphere((x + 12, y, z + 5), 7.0)
        ),
        "two balls stacked": ShapePair(
            Sphere((x, y, z - 16), 9.0), Sphere((x + 3, y, z + 14), 8.0)
        ),
    }
    for label, shape in shapes.items():
        for sampling in (USUAL, ODD):
            for what, field in (*fields_for(shape), radial_field(shape, CENTRE)):
                yield make_pair(
                    f"{label}, {what}, {sampling}", "hollow or parted", shape, field, sampling
                )


def _on_voxel_edges() -> Iterator[PhantomPair]:
    sampling = USUAL
    for side in (2.0, 6.0, 20.0):
        low, high = (10.0, -30.0, 40.0), (10.0 + side, -30.0 + side, 40.0 + side)
        shape = Box(low, high)
        z = np.arange(41.0, 40.0 + side, sampling.slice_mm)
        centres = tuple(np.arange(v - 21.0, v + side + 20.0, 2.0) for v in low)
        for what, field in fields_for(shape):
            yield PhantomPair(
                f"box of {side:g} mm on voxel edges, {what}",
                "box",
                contour(shape, z),
                sample(field, *centres),
                Truth(shape, field),
                sampling.slice_mm,
            )


def _uneven_slices() -> Iterator[PhantomPair]:
    shape = Sphere(CENTRE, 15.0)
    z = planes(shape, 2.0)
    every = np.arange(z.size)
    uneven = np.cumsum(np.array([1.0, 2.0, 1.5, 3.0, 2.5])[every % 5]) - 2.0 + z[0]
    choices = {
        "irregular slices": uneven[uneven < CENTRE[2] + 18],
        "one slice missing": z[every != z.size // 2],
        "slices of 3 and 6 mm": np.concatenate(
            [z[0] + 3.0 * np.arange(7), z[0] + 18 + 6.0 * np.arange(1, 5)]
        ),
    }
    for label, positions in choices.items():
        for what, field in (*fields_for(shape), radial_field(shape, CENTRE)):
            dose = sample(field, *axes(shape, USUAL.voxel_mm))
            structure = contour(shape, positions)
            yield PhantomPair(
                f"{label}, {what}", "uneven", structure, dose, Truth(shape, field), 2.0
            )


def _leaving_the_grid() -> Iterator[PhantomPair]:
    shape = Sphere(CENTRE, 20.0)
    for axis, letter in enumerate("xyz"):
        field = Planar((axis + 1) % 3, Linear(40.0, 0.2))
        grid_axes = list(axes(shape, USUAL.voxel_mm))
        grid_axes[axis] = grid_axes[axis][grid_axes[axis] < CENTRE[axis] + 8.0]
        outside = shape.volume_beyond(axis, float(grid_axes[axis][-1])) / 1000
        yield PhantomPair(
            f"sphere leaving the grid along {letter}",
            "leaving",
            contour(shape, planes(shape, 2.0)),
            sample(field, *grid_axes),
            Truth(shape, field),
            2.0,
            outside,
        )
