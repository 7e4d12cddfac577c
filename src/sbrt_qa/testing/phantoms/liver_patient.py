"""The synthetic liver patient: anatomy, tumour bed, plan and dose put together.

Plans on one anatomy. They differ by what makes plans differ in life: where the tumour bed lies,
whether there is a second lesion, how much liver is left, how wide the fields open, how much of the
target is covered.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.plan import Beam, DoseReference, FractionGroup, PatientSetup, Plan
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.testing.phantoms.liver_anatomy import HALF_WIDTH_MM, anatomy
from sbrt_qa.testing.phantoms.liver_contours import draw
from sbrt_qa.testing.phantoms.liver_dose import (
    Density,
    FieldOpening,
    LiverField,
    density_of,
    field_dose,
    levelling_tilt,
    opening,
)
from sbrt_qa.testing.phantoms.liver_image import BED_HU, PAINT, clips, paint
from sbrt_qa.testing.phantoms.liver_second import SecondLesion, merged, sealed
from sbrt_qa.testing.phantoms.liver_solids import (
    Carved,
    Grown,
    HalfSpace,
    LiverSolid,
    Point,
    Tube,
    smooth_tube,
)

Axes = tuple[FloatArray, FloatArray, FloatArray]
"""Positions along (x, y, z)."""

SLICE_MM: Final = 3.0
PIXEL_MM: Final = 2.0
DOSE_MM: Final = 2.0
PTV_MARGIN_MM: Final = 5.0
MU_PER_GY: Final = 118.0
"""Rough monitor units per Gy of a small conformal field at depth."""


def _centred(count: int, step_mm: float) -> FloatArray:
    """Evenly spaced positions with 0 in their middle."""
    return step_mm * (np.arange(count, dtype=np.float64) - (count - 1) / 2)


CONTOUR_Z_MM: Final = _centred(53, SLICE_MM)
IMAGE_Z_MM: Final = _centred(55, SLICE_MM)
IMAGE_X_MM: Final = _centred(136, PIXEL_MM)
IMAGE_Y_MM: Final = _centred(96, PIXEL_MM)
DOSE_X_MM: Final = _centred(132, DOSE_MM)
DOSE_Y_MM: Final = _centred(91, DOSE_MM)
DOSE_Z_MM: Final = _centred(81, DOSE_MM)
"""The dose grid holds the whole contoured body, so that no limit is lost at its border."""

FIELDS: Final = (
    LiverField(350), LiverField(328), LiverField(306), LiverField(284), LiverField(262),
    LiverField(240), LiverField(218), LiverField(196), LiverField(176), LiverField(322, 28),
    LiverField(300, 335),
)  # fmt: skip
"""Nine coplanar fields from the right side and two that cross them."""

STRUCTURE_TYPES: Final = {
    "External": "EXTERNAL", "CTV": "CTV", "PTV": "PTV", "CTV1": "CTV", "PTV1": "PTV",
    "CTV2": "CTV", "PTV2": "PTV",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class PlanIdea:
    """What distinguishes one plan from another.

    Parameters
    ----------
    bed
        The tumour bed (CTV): points ``(x, y, z, radius)`` in mm along its length.
    opening_mm
        How far the fields open beyond the PTV.
    coverage
        Share of the PTV that gets the prescription.
    peak
        Extra fluence towards the middle of the target.
    prescription_gy, fractions
        What is prescribed.
    left_out
        Structures that were not contoured.
    second
        A second lesion, with a CTV and a PTV of its own; the isocentre stays in the first.
    liver_kept
        What is left of the liver behind a further cut; all of it when None.
    """

    label: str
    bed: tuple[tuple[float, float, float, float], ...]
    opening_mm: float = 2.3
    coverage: float = 0.965
    peak: float = 0.15
    prescription_gy: float = 50.0
    fractions: int = 5
    left_out: tuple[str, ...] = ()
    second: SecondLesion | None = None
    liver_kept: HalfSpace | None = None

    @property
    def ctv(self) -> Tube:
        """The tumour bed as a solid."""
        return smooth_tube(self.bed)

    @property
    def ptv(self) -> Tube:
        """The tumour bed with its margin."""
        return self.ctv.grown(PTV_MARGIN_MM)

    @property
    def targets(self) -> dict[str, Tube]:
        """All targets by name; numbered where there are two lesions."""
        if self.second is None:
            return {"CTV": self.ctv, "PTV": self.ptv}
        other = self.second.ctv
        return {
            "CTV1": self.ctv, "PTV1": self.ptv,
            "CTV2": other, "PTV2": other.grown(PTV_MARGIN_MM),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class LiverCase:
    """One plan on the synthetic patient, as model values."""

    structures: StructureSet
    dose: DoseGrid
    plan: Plan
    image: ImageSeries
    hu: npt.NDArray[np.int16]
    openings: tuple[FieldOpening, ...]


@functools.cache
def _organ_contours() -> dict[str, tuple[Contour, ...]]:
    return draw(anatomy().contoured, CONTOUR_Z_MM, HALF_WIDTH_MM)


def build(idea: PlanIdea) -> LiverCase:
    """Draw, image and irradiate the patient for one plan."""
    hu = image_hu(idea)
    isocentre = isocentre_of(idea)
    density = Density(density_of(hu.astype(np.float64)), IMAGE_X_MM, IMAGE_Y_MM, IMAGE_Z_MM)
    quick = (DOSE_X_MM[::2], DOSE_Y_MM[::2], DOSE_Z_MM[::2])
    _, parts = _irradiate(idea, isocentre, density, np.zeros(3), quick)
    tilt = levelling_tilt(FIELDS, _slope(np.sum(parts, axis=0), idea.ptv, quick))
    axes_mm = (DOSE_X_MM, DOSE_Y_MM, DOSE_Z_MM)
    opened, parts = _irradiate(idea, isocentre, density, tilt, axes_mm)
    if idea.second is not None:
        opened, parts = _with_second(idea, (opened, parts), isocentre, density, axes_mm)
    total = np.sum(parts, axis=0)
    gy_per_unit = idea.prescription_gy / covering(total, idea.ptv, idea.coverage)
    shares_gy = [gy_per_unit * _value_at(p, isocentre) for p in parts]
    return LiverCase(
        structures=structures(idea),
        dose=DoseGrid(total * gy_per_unit, *axes_mm),
        plan=planned(idea, isocentre, shares_gy),
        image=ImageSeries(
            IMAGE_Z_MM,
            (float(IMAGE_X_MM[0]), float(IMAGE_Y_MM[0])),
            (PIXEL_MM, PIXEL_MM),
            (IMAGE_Y_MM.size, IMAGE_X_MM.size),
            patient_position="HFS",
            load_hu=lambda: hu,
        ),
        hu=hu,
        openings=opened,
    )


def _irradiate(
    idea: PlanIdea, isocentre: Point, density: Density, tilt_per_mm: FloatArray, axes_mm: Axes
) -> tuple[tuple[FieldOpening, ...], list[FloatArray]]:
    """Open and deliver all fields; there is no dose in the air around the patient."""
    opened = _opened(idea, idea.ptv, isocentre, tilt_per_mm)
    return opened, _delivered(opened, isocentre, density, axes_mm)


def _with_second(
    idea: PlanIdea,
    first: tuple[tuple[FieldOpening, ...], list[FloatArray]],
    isocentre: Point,
    density: Density,
    axes_mm: Axes,
) -> tuple[tuple[FieldOpening, ...], list[FloatArray]]:
    """Let all fields cover the second lesion as well, or the place where it was thought to be."""
    if idea.second is None:
        return first
    aimed = idea.second.aimed.grown(PTV_MARGIN_MM)
    opened = tuple(sealed(o) for o in _opened(idea, aimed, isocentre, np.zeros(3)))
    parts = _delivered(opened, isocentre, density, axes_mm)
    ours, theirs = (
        covering(np.sum(doses, axis=0), target, idea.coverage)
        for doses, target in ((first[1], idea.ptv), (parts, aimed))
    )
    share = ours / theirs
    both = tuple(merged(a, b, share) for a, b in zip(first[0], opened, strict=True))
    return both, [a + share * b for a, b in zip(first[1], parts, strict=True)]


def _opened(
    idea: PlanIdea, target: Tube, isocentre: Point, tilt_per_mm: FloatArray
) -> tuple[FieldOpening, ...]:
    target = target.grown(idea.opening_mm)
    return tuple(opening(f, target, isocentre, idea.peak, tilt_per_mm) for f in FIELDS)


def _delivered(
    opened: tuple[FieldOpening, ...], isocentre: Point, density: Density, axes_mm: Axes
) -> list[FloatArray]:
    patient = _inside(Grown(anatomy()["External"], 2 * DOSE_MM), axes_mm)
    return [
        patient * field_dose(f, o, isocentre, density, axes_mm)
        for f, o in zip(FIELDS, opened, strict=True)
    ]


def _inside(solid: LiverSolid, axes_mm: Axes) -> npt.NDArray[np.bool_]:
    """Voxels of a grid within a solid, shape ``(nz, ny, nx)``."""
    x_mm, y_mm, z_mm = axes_mm
    return np.stack([solid.depth(x_mm, y_mm, z) < 0 for z in z_mm.tolist()])


def _slope(dose: FloatArray, target: Tube, axes_mm: Axes) -> FloatArray:
    """Relative slope per mm of the dose across a target, by least squares; (x, y, z)."""
    k, j, i = np.nonzero(_inside(target, axes_mm))
    values = dose[k, j, i]
    x_mm, y_mm, z_mm = axes_mm
    place = np.column_stack([x_mm[i], y_mm[j], z_mm[k], np.ones(i.size)])
    fitted = np.linalg.lstsq(place, values, rcond=None)[0]
    return np.asarray(fitted[:3] / values.mean())


def structures(idea: PlanIdea) -> StructureSet:
    """Draw the targets and all organs but those left out."""
    targets = draw(idea.targets, CONTOUR_Z_MM, HALF_WIDTH_MM)
    organs = dict(_organ_contours())
    if idea.liver_kept is not None:
        organs |= draw({"Liver": _kept(idea, "Liver")}, CONTOUR_Z_MM, HALF_WIDTH_MM)
    drawn = {"External": organs["External"], **targets, **organs}
    numbered = enumerate(drawn.items(), start=1)
    return StructureSet(
        tuple(
            Structure(n, name, contours, STRUCTURE_TYPES.get(name, "ORGAN"))
            for n, (name, contours) in numbered
            if name not in idea.left_out
        ),
        label=idea.label,
    )


def _kept(idea: PlanIdea, organ: str) -> LiverSolid:
    """Return what is left of the liver or its vessels; any other organ is whole."""
    solid = anatomy()[organ]
    if idea.liver_kept is None or not organ.startswith("Liver"):
        return solid
    return Carved(solid, within=(idea.liver_kept,))


def image_hu(idea: PlanIdea) -> npt.NDArray[np.int16]:
    """Paint the patient in Hounsfield units, shape ``(nz, ny, nx)``."""
    layers = [(_kept(idea, name), float(value)) for name, value in PAINT]
    layers += [(idea.ctv.grown(-4.0), float(BED_HU)), *clips(idea.ctv)]
    if idea.second is not None:
        layers.append((idea.second.ctv, float(BED_HU)))
    return paint(layers, IMAGE_X_MM, IMAGE_Y_MM, IMAGE_Z_MM)


def isocentre_of(idea: PlanIdea) -> Point:
    """Centre of the tumour bed, to half a millimetre as a therapist would set it."""
    tube = idea.ctv
    centre = np.average(tube.points_mm, axis=0, weights=tube.radii_mm)
    x, y, z = (np.round(centre * 2) / 2).tolist()
    return (x, y, z)


def covering(dose: FloatArray, target: Tube, share: float) -> float:
    """Dose that `share` of a target gets at least, by the voxels inside it."""
    return float(np.quantile(dose[_inside(target, (DOSE_X_MM, DOSE_Y_MM, DOSE_Z_MM))], 1 - share))


def _value_at(dose: FloatArray, point: Point) -> float:
    axes = (DOSE_Z_MM, DOSE_Y_MM, DOSE_X_MM)
    index = tuple(int(np.abs(a - p).argmin()) for a, p in zip(axes, point[::-1], strict=True))
    return float(dose[index])


def planned(idea: PlanIdea, isocentre: Point, shares_gy: list[float]) -> Plan:
    """Return the plan of an idea: what each field gives to the isocentre."""
    scale = idea.prescription_gy / sum(shares_gy) / idea.fractions
    beams = tuple(
        Beam(
            number=i,
            name=f"F{i:02d}",
            radiation_type="PHOTON",
            delivery_type="TREATMENT",
            beam_type="STATIC",
            machine="SYNTHETIC_6FFF",
            nominal_energies=(6.0,),
            fluence_mode="FFF",
            isocentres_mm=(isocentre,),
            gantry_deg=(field.gantry_deg,),
            couch_deg=(field.couch_deg,),
            collimator_deg=(0.0,),
            control_points=2,
            meterset=round(share * scale * MU_PER_GY, 1),
            meterset_unit="MU",
            dose_gy=round(share / idea.fractions, 4),
        )
        for i, (field, share) in enumerate(zip(FIELDS, shares_gy, strict=True), start=1)
    )
    kind = "SITE" if idea.second is None else "VOLUME"
    ptvs = [(n, t) for n, t in enumerate(idea.targets, start=2) if t.startswith("PTV")]
    prescribed = tuple(
        DoseReference(i, kind, "TARGET", name, roi if idea.second else None, idea.prescription_gy)
        for i, (roi, name) in enumerate(ptvs, start=1)
    )
    return Plan(
        sop_instance_uid="",
        label=idea.label,
        name="Liver SBRT, tumour bed",
        intent="CURATIVE",
        approval="APPROVED",
        patient_position="HFS",
        dose_references=prescribed,
        fraction_groups=(FractionGroup(1, idea.fractions, tuple(b.number for b in beams)),),
        beams=beams,
        setups=(PatientSetup("HFS", "BREATH_HOLD"),),
    )
