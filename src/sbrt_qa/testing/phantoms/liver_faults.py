"""The synthetic liver patient spoiled: each function plants the faults of one family.

What only a file can have wrong (references, dates, identity) is planted in the files.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Final

import numpy as np

from sbrt_qa.model.delivery import BeamDelivered, Session
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.header import Stamp
from sbrt_qa.model.plan import Beam, Plan
from sbrt_qa.model.structure import Contour, DensityOverride, Structure, StructureSet
from sbrt_qa.testing.phantoms.liver_patient import LiverCase

FIRST_DAY: Final = dt.date(2026, 1, 12)
"""Of the synthetic course."""

COURSE: Final = ((0, 9), (2, 9), (2, 16), (7, 9), (17, 9))
"""Day and hour of each fraction: two on one day, and the last one late."""


SPECK_MM: Final = ((0.0, -70.0), (3.0, -70.0), (0.0, -67.0))
"""Corners of a stray contour, from the middle of the stomach."""


def misprescribed(case: LiverCase) -> LiverCase:
    """State the prescription twice, carry it in a target's name, and halve the beam doses."""
    beams = tuple(replace(b, dose_gy=(b.dose_gy or 0.0) / 2) for b in case.plan.beams)
    plan = replace(case.plan, beams=beams, prescription_text="5 x 9 Gy to the tumour bed")
    renamed = [replace(s, name="PTV_4500") if s.name == "PTV" else s for s in _all(case)]
    return replace(case, plan=plan, structures=_set(case, renamed))


def misdirected(case: LiverCase) -> LiverCase:
    """Give single beams no meterset, another energy, another machine, another isocentre."""
    beams = list(case.plan.beams)
    beams[1] = replace(beams[1], meterset=0.0)
    beams[2] = replace(beams[2], nominal_energies=(15.0,))
    beams[3] = replace(beams[3], machine="SYNTHETIC_2")
    beams[4] = _moved_beam(beams[4], 190.0)
    return replace(case, plan=replace(case.plan, beams=tuple(beams)))


def _moved_beam(beam: Beam, by_mm: float) -> Beam:
    x, y, z = beam.isocentres_mm[0]
    return replace(beam, isocentres_mm=((x - by_mm, y, z),), dose_point_mm=(x, y, z))


def coarse(case: LiverCase) -> LiverCase:
    """Calculate the dose on every second voxel, and lose a plane far from the target."""
    dose = case.dose
    planes = [k for k in range(0, dose.z_mm.size, 2) if k != 4]
    thinned = DoseGrid(
        dose.dose_gy[planes][:, ::2, ::2], dose.x_mm[::2], dose.y_mm[::2], dose.z_mm[planes]
    )
    return replace(case, dose=thinned)


def badly_imaged(case: LiverCase) -> LiverCase:
    """Image every second slice with a tilted gantry, lose one, and end within the liver."""
    liver = next(s for s in _all(case) if s.name == "Liver")
    top = liver.contours[-1].z_mm
    image = case.image
    kept = [k for k in range(0, image.z_mm.size, 2) if image.z_mm[k] <= top + 1 and k != 8]
    thinned = replace(image, z_mm=image.z_mm[kept], gantry_tilt_deg=4.0, load_hu=lambda: hu)
    hu = case.hu[kept]
    return replace(case, image=thinned, hu=hu)


def misdrawn(case: LiverCase) -> LiverCase:
    """Swap the kidneys, move the CTV, forget a slice, and what else happens while contouring."""
    changed = [_misdrawn(s) for s in _all(case)]
    liver = next(s for s in changed if s.name == "Liver")
    number = max(s.roi_number for s in changed)
    added = (
        replace(liver, roi_number=number + 1, name="Liver-GTV"),
        _block(number + 2, "Ring", (60, 70), (-5, 5), 12),
        _block(number + 3, "Ring", (75, 85), (-5, 5), 12),
        replace(_block(number + 4, "Couch", (-60, 60), (60, 85), 30), interpreted_type="SUPPORT"),
    )
    return replace(case, structures=_set(case, [*changed, *added]))


def _misdrawn(structure: Structure) -> Structure:
    contours = structure.contours
    if structure.name in ("Kidney_L", "Kidney_R"):
        other = {"Kidney_L": "Kidney_R", "Kidney_R": "Kidney_L"}[structure.name]
        return replace(structure, name=other)
    if structure.name == "CTV":
        return replace(structure, contours=tuple(_shifted(c, 0.0, 9.0) for c in contours))
    if structure.name == "Duodenum":
        lost = contours[len(contours) // 2].z_mm
        return replace(structure, contours=tuple(c for c in contours if c.z_mm != lost))
    if structure.name == "Stomach":
        middle = contours[len(contours) // 2]
        speck = middle.xy_mm.mean(axis=0) + np.array(SPECK_MM)
        given = (DensityOverride("REL_ELEC_DENSITY", 1.0),)
        return replace(
            structure, contours=(*contours, Contour(middle.z_mm, speck)), overrides=given
        )
    if structure.name == "SpinalCord_PRV05":
        return replace(structure, contours=tuple(_swollen(c, 3.0) for c in contours))
    return structure


def _shifted(contour: Contour, x_mm: float, z_mm: float) -> Contour:
    return Contour(contour.z_mm + z_mm, contour.xy_mm + np.array([x_mm, 0.0]))


def _swollen(contour: Contour, by_mm: float) -> Contour:
    centre = contour.xy_mm.mean(axis=0)
    out = contour.xy_mm - centre
    return Contour(
        contour.z_mm,
        np.round(contour.xy_mm + by_mm * out / np.linalg.norm(out, axis=1)[:, None], 2),
    )


def _block(
    number: int, name: str, x_mm: tuple[float, float], y_mm: tuple[float, float], half_z_mm: float
) -> Structure:
    corners = np.array(
        [[x, y] for x, y in zip((*x_mm, *x_mm[::-1]), np.repeat(y_mm, 2), strict=True)]
    )
    heights = np.arange(-half_z_mm, half_z_mm + 1, 3.0)
    return Structure(number, name, tuple(Contour(float(z), corners) for z in heights))


def _all(case: LiverCase) -> tuple[Structure, ...]:
    return case.structures.structures


def _set(case: LiverCase, structures: list[Structure]) -> StructureSet:
    return replace(case.structures, structures=tuple(structures))


def course(plan: Plan) -> tuple[Session, ...]:
    """Deliver a plan: two fractions on one day, one late, and one beam cut short by the machine."""
    return tuple(_session(plan, i, *when) for i, when in enumerate(COURSE, start=1))


def _session(plan: Plan, fraction: int, day: int, hour: int) -> Session:
    beams = []
    for beam in plan.beams:
        cut = fraction == 4 and beam.number == 3
        given = round((beam.meterset or 0.0) * (0.8 if cut else 1.0), 1)
        end = "MACHINE" if cut else "NORMAL"
        beams.append(BeamDelivered(beam.number, fraction, beam.meterset, given, end))
    began = Stamp(FIRST_DAY + dt.timedelta(days=day), dt.time(hour, 30))
    return Session(f"fraction {fraction}", began, tuple(beams))
