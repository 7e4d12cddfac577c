"""Rigid shifts of the patient against the dose: in which directions, and a dose seen from one.

Vectors are (x, y, z) in the patient's own axes, LPS: x to the patient's left, y to the back, z to
the head, however the patient lies.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Final

from sbrt_qa.model.case import Case
from sbrt_qa.model.course import CourseDoses
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.setup_errors import Vector


def _unit(x: int, y: int, z: int) -> Vector:
    length = math.sqrt(x * x + y * y + z * z)
    return (x / length, y / length, z / length)


DIRECTIONS: Final[tuple[Vector, ...]] = tuple(
    _unit(*v)
    for v in sorted(itertools.product((-1, 0, 1), repeat=3), key=lambda v: sum(map(abs, v)))
    if any(v)
)
"""The 26 directions of a cube: its six faces first, then twelve edges, then eight corners."""


def shifts_of(radius_mm: float) -> tuple[Vector, ...]:
    """Return the 26 shifts of one length, in the order of `DIRECTIONS`."""
    return tuple((radius_mm * x, radius_mm * y, radius_mm * z) for x, y, z in DIRECTIONS)


def seen_from(dose: DoseGrid, shift_mm: Vector) -> DoseGrid:
    """Return a dose as a patient sees it who has moved by a shift: it lies the other way.

    The values are not copied; only the places at which they stand differ.
    """
    x, y, z = shift_mm
    return dose.moved_by(-x, -y, -z)


def case_seen_from(case: Case, shift_mm: Vector) -> Case:
    """Return a case in which every dose is seen by a patient who has moved by a shift."""

    def one(dose: DoseGrid) -> DoseGrid:
        return seen_from(dose, shift_mm)

    known = case.course_doses
    together = CourseDoses(
        parts=tuple(dataclasses.replace(part, dose=one(part.dose)) for part in known.parts),
        at_least=None if known.at_least is None else one(known.at_least),
        together=None if known.together is None else one(known.together),
    )
    return dataclasses.replace(
        case,
        dose=one(case.dose) if isinstance(case.dose, DoseGrid) else case.dose,
        course_doses=together,
        parts=tuple(case_seen_from(part, shift_mm) for part in case.parts),
        beside=tuple(case_seen_from(other, shift_mm) for other in case.beside),
    )
