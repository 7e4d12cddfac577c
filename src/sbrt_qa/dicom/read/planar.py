"""Doses that come as one file for each plane, put together into one grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from sbrt_qa.dicom.files.collect import FoundObject
from sbrt_qa.dicom.read.coordinates import SAME_PLACE_MM
from sbrt_qa.errors import DicomError
from sbrt_qa.model.grid import DoseGrid

Part = tuple[FoundObject, ...]
"""The files that hold one dose: one, or one for each plane."""

WHOLE_STEPS: Final = 0.05
"""How far a gap may be from a multiple of the usual one and still mean planes that are missing."""

SAME_VALUES: Final = 1e-4
"""Largest difference of two doses, as a part of their maximum, that rounding makes."""


def parts_of(doses: Sequence[FoundObject]) -> list[Part]:
    """Group doses: planes that lie in one stack together, every other dose alone; in file order."""
    groups: dict[object, list[FoundObject]] = {}
    for dose in doses:
        # a damaged file is no plane of a stack; reading it says what is wrong with it
        key = None if dose.problem else _stack_key(dose)
        groups.setdefault(key or dose.uid, []).append(dose)
    return [
        part
        for group in groups.values()
        for part in ([tuple(group)] if _is_stack(group) else [(one,) for one in group])
    ]


def _is_stack(group: Sequence[FoundObject]) -> bool:
    """Tell whether planes lie at more than one place."""
    if any(one.problem for one in group):
        return False
    heights = [p[2] for one in group if (p := one.root.numbers("ImagePositionPatient"))]
    return len(heights) > 1 and max(heights) - min(heights) > SAME_PLACE_MM


def _stack_key(dose: FoundObject) -> object:
    """Return what all planes of a stack share; None for anything but a single axial plane."""
    root = dose.root
    position, cosines = (
        root.numbers("ImagePositionPatient"),
        root.numbers("ImageOrientationPatient"),
    )
    if (root.integer("NumberOfFrames") or 1) != 1 or position is None or len(position) != 3:
        return None
    if (
        cosines is None
        or len(cosines) != 6
        or abs(cosines[0] * cosines[4] - cosines[1] * cosines[3]) < 0.99
    ):
        return None
    codes = tuple(root.code(k) for k in ("DoseSummationType", "DoseType", "DoseUnits"))
    sizes = root.integer("Rows"), root.integer("Columns"), root.numbers("PixelSpacing")
    place = tuple(round(p, 1) for p in position[:2])
    refers = dose.plan_uids, dose.structure_set_uids, dose.beam_numbers, dose.frame_uid
    return codes, sizes, cosines, place, refers, dose.patient_key


def read_part(part: Part, read: Callable[[FoundObject], DoseGrid]) -> DoseGrid:
    """Read one dose; planes are put together.

    Raises
    ------
    DicomError
        A plane cannot be read or is missing, or two at one place differ.
    """
    if len(part) == 1:
        return read(part[0])
    grids = sorted((read(one) for one in part), key=lambda g: float(g.z_mm[0]))
    planes = [grids[0]]
    for grid in grids[1:]:
        if grid.z_mm[0] - planes[-1].z_mm[0] > SAME_PLACE_MM:
            planes.append(grid)
        elif not same_values(grid, planes[-1]):
            raise DicomError(
                "two planes of the dose have the same position and differ",
                where=part[0].name,
                got=f"z = {grid.z_mm[0]:g} mm",
                advice="Export the planes of one calculation",
            )
    z_mm = np.array([g.z_mm[0] for g in planes])
    _refuse_missing(z_mm, part[0].name)
    return replace(planes[0], dose_gy=np.concatenate([g.dose_gy for g in planes]), z_mm=z_mm)


def same_values(one: DoseGrid, other: DoseGrid) -> bool:
    """Tell whether two doses of one shape hold the same values, but for rounding."""
    if one.dose_gy.shape != other.dose_gy.shape:
        return False
    highest = max(one.max_gy, other.max_gy)
    return float(np.abs(one.dose_gy - other.dose_gy).max()) <= SAME_VALUES * highest


def _refuse_missing(z_mm: np.ndarray, where: str) -> None:
    """Refuse a stack with a gap of several usual steps between planes at the usual one."""
    steps = np.diff(z_mm)
    if steps.size < 3:
        return
    usual = float(np.median(steps))
    for index, step in enumerate(steps):
        times = step / usual
        beside = [steps[i] for i in (index - 1, index + 1) if 0 <= i < steps.size]
        alone = all(abs(other / usual - 1) <= WHOLE_STEPS for other in beside)
        if alone and times >= 2 - WHOLE_STEPS and abs(times - round(times)) <= WHOLE_STEPS:
            raise DicomError(
                "planes of the dose are missing",
                where=where,
                got=f"none between z = {z_mm[index]:g} and {z_mm[index + 1]:g} mm",
                expected=f"one every {usual:g} mm",
                advice="Export all planes again",
            )
