"""Whether doses of one plan that come in several files say the same: loose planes, and beams.

A plane that was exported beside the grid it was cut from is no second dose. The doses of all beams
add up to the dose of the plan; where they do not, one of them is of another calculation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.dicom.files.collect import FoundObject
from sbrt_qa.dicom.read.planar import Part, read_part
from sbrt_qa.dicom.read.regrid import addable, on_centres_of
from sbrt_qa.errors import DicomError, quoted
from sbrt_qa.i18n.phrase import joined, said, say
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.plan import Plan

AGREES_PERCENT: Final = 3.0
"""Largest difference of doses that say the same, in % of the highest."""

OF_VOXELS: Final = 95.0
"""Per cent of the voxels within which the difference counts: the rest are steps at an edge, where
grids of different spacing cannot agree, and the tails of noise."""

HIGH_SHARE: Final = 0.2
"""Part of the maximum from which voxels count; below it everything agrees with everything."""

Read = Callable[[FoundObject], DoseGrid]


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was found: a decision to tell, or a doubt about the dose; one of them is empty."""

    decision: str = ""
    doubt: str = ""


def is_loose(part: Part) -> bool:
    """Tell whether a dose came as planes: one file for each, or one plane alone."""
    return len(part) > 1 or _frames(part[0]) == 1


def _frames(one: FoundObject) -> int:
    try:
        return one.root.integer("NumberOfFrames") or 1
    except DicomError:
        return 0


def planes_that_differ(loose: Sequence[Part], grid: DoseGrid, read: Read) -> list[FoundObject]:
    """Return the loose planes that do not say what a grid of the same plan says where they lie.

    One that cannot be read, or lies outside the grid, does not say it.
    """
    return [one for part in loose for one in part if not _says(one, grid, read)]


def _says(one: FoundObject, grid: DoseGrid, read: Read) -> bool:
    try:
        plane = read(one)
    except DicomError:
        return False
    if not addable((plane, grid)):
        return False
    there, known = on_centres_of(grid, plane)
    if not known.any():
        return False
    apart = np.abs(there - plane.dose_gy)[known]
    return bool(np.percentile(apart, OF_VOXELS) <= AGREES_PERCENT / 100 * grid.max_gy)


def held_to_beams(
    dose: DoseGrid, parts: Sequence[Part], plan: Plan | None, read: Read
) -> Agreement:
    """Compare the dose of a plan with the sum of the doses of its beams.

    Parameters
    ----------
    parts
        The doses of beams.
    read
        Reads one file; its grids are not kept.
    """
    names = joined(", ", [quoted(one.name) for part in parts for one in part])
    wanted = sorted(b.number for b in plan.beams if b.meterset != 0) if plan else []
    present = sorted(number for part in parts for number in part[0].beam_numbers)
    if not wanted or present != wanted:
        text = say(
            "the doses of beams are not those of all treatment beams of the plan, each once "
            "(beams {0}, expected {1}), and were not compared with it: {2}",
            present or say("unstated"), wanted or say("unstated"), names,
        )  # fmt: skip
        return Agreement(text)
    try:
        total = _sum_gy(dose, parts, read)
    except DicomError as error:
        return Agreement(say("the doses of beams were not compared with it: {0}", said(error)))
    if total is None:
        return Agreement(
            say("the doses of beams lie on other grids and were not compared: {0}", names)
        )
    fractions = plan.fractions if plan and isinstance(plan.fractions, int) else 1
    return _judged(*total, fractions, len(parts))


def _sum_gy(
    dose: DoseGrid, parts: Sequence[Part], read: Read
) -> tuple[FloatArray, FloatArray] | None:
    """Return the dose and the sum of the beams, where all of them are known."""
    total, known = np.zeros_like(dose.dose_gy), np.ones(dose.dose_gy.shape, dtype=bool)
    for part in parts:
        grid = read_part(part, read)
        if not addable((dose, grid)):
            return None
        there, inside = on_centres_of(grid, dose)
        total += there
        known &= inside
    return (dose.dose_gy[known], total[known]) if known.any() else None


def _judged(dose: FloatArray, total: FloatArray, fractions: int, count: int) -> Agreement:
    percent = _apart_percent(dose, total)
    if percent <= AGREES_PERCENT:
        text = say("the doses of its {0} beams add up to it within {1} %", count, f"{percent:.2g}")
        return Agreement(text)
    highest = f"{total.max():.2f}", f"{dose.max():.2f}"
    if fractions > 1 and _apart_percent(dose, total * fractions) <= AGREES_PERCENT:
        text = say(
            "the doses of its {0} beams add up to one fraction of it ({1} Gy of {2} Gy)",
            count, *highest,
        )  # fmt: skip
        return Agreement(text)
    text = say(
        "the dose of the plan is not the sum of the doses of its {0} beams: they add up to {1} Gy "
        "where it has {2} Gy, and differ by {3} % of the higher one",
        count, *highest, f"{percent:.2g}",
    )  # fmt: skip
    return Agreement(doubt=text)


def _apart_percent(one: FloatArray, other: FloatArray) -> float:
    """Return how far two doses are apart where either is high, in % of the higher one.

    The larger of the middle voxel's difference in % of its own dose, which is that of a factor, and
    of what `OF_VOXELS` do not exceed in % of the maximum.
    """
    most = float(max(one.max(), other.max()))
    if most <= 0:
        return 0.0
    higher = np.maximum(one, other)
    high = higher >= HIGH_SHARE * most
    apart, own = np.abs(one - other)[high], higher[high]
    return 100 * max(float(np.median(apart / own)), float(np.percentile(apart, OF_VOXELS)) / most)
