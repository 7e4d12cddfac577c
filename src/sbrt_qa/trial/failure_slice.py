"""One slice of the treated plan through a recurrence: isodoses, targets and the recurrence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from scipy.spatial import cKDTree

from sbrt_qa.errors import ResultError
from sbrt_qa.geometry.outlines import level_loops
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.target_kind import kind_in_name
from sbrt_qa.trial.failure_points import SampledVolume, doses_gy

HALF_MM: Final = (70.0, 50.0)
"""Half width and half height of the slice."""

STEP_MM: Final = 1.0
BEYOND_MM: Final = 6.0
"""How far lines go on beyond the slice, so that none is closed on it."""

LEVELS_PERCENT: Final = (107.0, 95.0, 80.0, 50.0, 30.0)
NEAR: Final = 1.1
"""Distance from the points of a volume, by their spacing, at which its outline is drawn."""

MOST_POINTS: Final = 200_000
NO_SLICE: Final = "a slice of a recurrence cannot be read"
Line = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class FailureSlice:
    """A slice as lines, each a row of (x, y) in mm of the plan.

    Parameters
    ----------
    z_mm
        Height of the slice, through the centre of mass of the recurrence.
    x_mm, y_mm
        Ends of what is shown.
    prescription_gy
        100 % of the isodoses.
    isodoses
        Lines by percent of the prescription.
    outlines
        Lines by what they are: ``recurrence``, and the names of targets.
    """

    z_mm: float
    x_mm: tuple[float, float]
    y_mm: tuple[float, float]
    prescription_gy: float
    isodoses: Mapping[float, tuple[Line, ...]] = field(default_factory=dict)
    outlines: Mapping[str, tuple[Line, ...]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "z_mm": self.z_mm, "x_mm": list(self.x_mm), "y_mm": list(self.y_mm),
            "prescription_gy": self.prescription_gy,
            "isodoses": {f"{level:g}": _plain(lines) for level, lines in self.isodoses.items()},
            "outlines": {name: _plain(lines) for name, lines in self.outlines.items()},
        }  # fmt: skip


def _plain(lines: Sequence[Line]) -> list[list[list[float]]]:
    return [[[x, y] for x, y in line] for line in lines]


def slice_from_json(data: Mapping[str, Any]) -> FailureSlice:
    """Read a slice back.

    Raises
    ------
    ResultError
        It is none.
    """
    try:
        isodoses = {float(level): _lines(one) for level, one in data["isodoses"].items()}
        outlines = {str(name): _lines(one) for name, one in data["outlines"].items()}
        x, y = (tuple(map(float, data[axis])) for axis in ("x_mm", "y_mm"))
        numbers = (float(data["z_mm"]), *x, *y, float(data["prescription_gy"]))
        sound = len(x) == 2 and len(y) == 2 and np.isfinite(numbers).all()
        made = FailureSlice(numbers[0], (x[0], x[1]), (y[0], y[1]), numbers[-1], isodoses, outlines)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ResultError(NO_SLICE, expected="lines in mm") from error
    if not sound:
        raise ResultError(NO_SLICE, expected="finite ends in mm")
    return made


def _lines(data: Sequence[Any]) -> tuple[Line, ...]:
    lines = tuple(tuple((float(x), float(y)) for x, y in line) for line in data)
    points = [value for line in lines for point in line for value in point]
    if len(points) > MOST_POINTS or not np.isfinite(points).all():
        raise ValueError("points")
    return lines


def failure_slice(case: Case, volume: SampledVolume, prescription_gy: float) -> FailureSlice | None:
    """Return the slice of the plan through a recurrence that lies on it; None without a dose."""
    if isinstance(case.dose, Reason):
        return None
    centre = volume.centre_mm
    x, y = (
        np.arange(
            centre[axis] - half - BEYOND_MM, centre[axis] + half + BEYOND_MM + STEP_MM / 2, STEP_MM
        )
        for axis, half in zip((0, 1), HALF_MM, strict=True)
    )
    grid = np.stack([*np.meshgrid(x, y), np.full((y.size, x.size), centre[2])], axis=-1)
    ends_x, ends_y = (
        (float(centre[axis]) - half, float(centre[axis]) + half)
        for axis, half in zip((0, 1), HALF_MM, strict=True)
    )
    isodoses = _isodoses(case.dose, grid, (x, y), prescription_gy)
    outlines = {"recurrence": _outline(volume, grid, (x, y)), **_targets(case, float(centre[2]))}
    return FailureSlice(
        round(float(centre[2]), 2), ends_x, ends_y, prescription_gy, isodoses, outlines,
    )  # fmt: skip


def _isodoses(
    dose: DoseGrid, grid: FloatArray, axes: tuple[FloatArray, FloatArray], prescription_gy: float
) -> dict[float, tuple[Line, ...]]:
    values, _ = doses_gy(dose, grid.reshape(-1, 3))
    plane = values.reshape(grid.shape[:2])
    found = {}
    for level in LEVELS_PERCENT:
        lines = _level(axes, plane, prescription_gy * level / 100.0)
        if lines:
            found[level] = lines
    return found


def _level(
    axes: tuple[FloatArray, FloatArray], plane: FloatArray, level: float
) -> tuple[Line, ...]:
    """Return the closed lines around what exceeds a level; at the edge of the slice they end it."""
    return tuple(_closed(loop) for loop in level_loops(plane, *axes, level) if len(loop) > 2)


def _closed(loop: FloatArray) -> Line:
    return tuple((round(float(x), 2), round(float(y), 2)) for x, y in (*loop, loop[0]))


def _outline(
    volume: SampledVolume, grid: FloatArray, axes: tuple[FloatArray, FloatArray]
) -> tuple[Line, ...]:
    """Return the outline of a volume of points: as far from them as points are from each other."""
    spacing = (1000.0 * volume.volume_cc / len(volume.points_mm)) ** (1.0 / 3.0)
    away, _ = cKDTree(volume.points_mm).query(grid.reshape(-1, 3), distance_upper_bound=20.0)
    plane = np.minimum(away, 20.0).reshape(grid.shape[:2])
    return _level(axes, -plane, -NEAR * spacing)


def _targets(case: Case, z_mm: float) -> dict[str, tuple[Line, ...]]:
    """Return the contours of targets on the nearest of their planes, none farther than 3 mm."""
    if isinstance(case.structures, Reason):
        return {}
    found: dict[str, tuple[Line, ...]] = {}
    for structure in case.structures.structures:
        if structure.problem is not None or kind_in_name(structure.name) not in ("CTV", "PTV"):
            continue
        planes = [(abs(float(one.z_mm) - z_mm), one) for one in structure.contours]
        nearest = min((away for away, _ in planes), default=99.0)
        if nearest <= 3.0:
            lines = [one.xy_mm for away, one in planes if away <= nearest + 1e-6]
            found[structure.name] = tuple(_closed(line) for line in lines)
    return found
