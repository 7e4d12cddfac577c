"""Four synthetic patients of different build, for trying out what is said of contours.

They share the solids of the sample patient and differ by size, proportions, stomach, contrast
phase, side of the resection, and slice spacing. The dose is a simple one: flat in the target,
falling off with the distance, so that what a contour error does to a limit is seen.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.dicom.write.common import CaseIds
from sbrt_qa.dicom.write.linked_set import CaseContent, write_case
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.testing.phantoms.liver_anatomy import HALF_WIDTH_MM, Build, anatomy
from sbrt_qa.testing.phantoms.liver_contours import draw
from sbrt_qa.testing.phantoms.liver_image import BED_HU, PAINT, paint
from sbrt_qa.testing.phantoms.liver_patient import (
    FIELDS,
    STRUCTURE_TYPES,
    PlanIdea,
    isocentre_of,
    planned,
)

REACH_MM: Final = 108.0
"""Half of the scan along z, before the patient is scaled."""

PRESCRIPTION_GY: Final = 50.0

RIGHT_BED: Final = (
    (-70.5, -10.1, -10.5, 12.8), (-60.5, -4.1, -15.5, 13.8), (-51.5, 1.9, -20.2, 12.8),
)  # fmt: skip
LEFT_BED: Final = ((-8, -40, 24, 12), (-10, -32, 14, 13), (-14, -26, 4, 12))

PORTAL: Final[Mapping[str, int]] = {}
ARTERIAL: Final[Mapping[str, int]] = {
    "Liver": 72, "Liver_Vessels": 85, "V_Portal": 90, "Spleen": 145, "Kidney_L": 190,
    "Kidney_R": 190, "GreatVes": 290, "Heart_Lumen": 250, "Heart": 110, "Pancreas": 112,
}  # fmt: skip
NATIVE: Final[Mapping[str, int]] = {
    "Liver": 57, "Liver_Vessels": 42, "V_Portal": 40, "Spleen": 47, "Kidney_L": 33, "Kidney_R": 33,
    "GreatVes": 41, "Heart_Lumen": 40, "Heart": 44, "Pancreas": 38,
}  # fmt: skip
LATE: Final[Mapping[str, int]] = {
    "Liver": 92, "Liver_Vessels": 104, "V_Portal": 108, "Spleen": 100, "Kidney_L": 150,
    "Kidney_R": 150, "Renal_Pelvis": 420, "GreatVes": 115, "Heart_Lumen": 112, "Heart": 95,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class OtherPatient:
    """One patient.

    Parameters
    ----------
    label
        Stable, for tables.
    what
        In words.
    scale
        Size along (x, y, z) relative to the sample patient.
    hu
        CT numbers other than those of the sample patient.
    gas
        Whether the stomach holds gas.
    slice_mm
        Of image and contours.
    """

    label: str
    what: str
    scale: tuple[float, float, float]
    build: Build
    bed: tuple[tuple[float, float, float, float], ...]
    hu: Mapping[str, int] = field(default_factory=dict)
    gas: bool = True
    slice_mm: float = 3.0


PATIENTS: Final = (
    OtherPatient(
        "slim_woman", "slim woman, right resection, empty stomach, portal venous phase",
        (1.0, 0.95, 0.95), Build("right", 0.8), RIGHT_BED, PORTAL,
    ),
    OtherPatient(
        "tall_man", "tall man, left resection, full stomach, arterial phase",
        (1.28, 1.22, 1.14), Build("left", 1.18), LEFT_BED, ARTERIAL, gas=True, slice_mm=3.0,
    ),
    OtherPatient(
        "stout_man", "stout man, right resection, full stomach without gas, no contrast",
        (1.42, 1.5, 1.08), Build("right", 1.2), RIGHT_BED, NATIVE, gas=False, slice_mm=5.0,
    ),
    OtherPatient(
        "small_woman", "small woman, left resection, empty stomach, late phase",
        (0.92, 0.9, 0.9), Build("left", 0.85), LEFT_BED, LATE, gas=True, slice_mm=2.5,
    ),
)  # fmt: skip
"""The four patients."""


@functools.cache
def content_of(patient: OtherPatient) -> CaseContent:
    """Draw, image and irradiate a patient."""
    idea = PlanIdea(patient.label.upper(), patient.bed)
    reach = REACH_MM * patient.scale[2]
    z_mm = _centred(reach, patient.slice_mm)
    names = draw(
        {**idea.targets, **anatomy(patient.build).contoured},
        z_mm[1:-1] / patient.scale[2],
        HALF_WIDTH_MM,
    )
    names = {"External": names.pop("External"), **names}
    structures = tuple(
        Structure(n, name, _scaled(drawn, patient), STRUCTURE_TYPES.get(name, "ORGAN"))
        for n, (name, drawn) in enumerate(names.items(), start=1)
    )
    image, hu = _imaged(patient, idea, z_mm)
    x, y, z = isocentre_of(idea)
    scale = patient.scale
    plan = planned(
        idea,
        (x * scale[0], y * scale[1], z * scale[2]),
        [PRESCRIPTION_GY / len(FIELDS)] * len(FIELDS),
    )
    return CaseContent(StructureSet(structures, label=idea.label), _dose(patient), plan, image, hu)


def _centred(reach_mm: float, step_mm: float) -> FloatArray:
    count = int(reach_mm / step_mm)
    return step_mm * np.arange(-count, count + 1, dtype=np.float64)


def _scaled(contours: tuple[Contour, ...], patient: OtherPatient) -> tuple[Contour, ...]:
    x, y, z = patient.scale
    return tuple(
        Contour(round(c.z_mm * z, 3), np.round(c.xy_mm * np.array([x, y]), 2)) for c in contours
    )


def _imaged(
    patient: OtherPatient, idea: PlanIdea, z_mm: FloatArray
) -> tuple[ImageSeries, npt.NDArray[np.int16]]:
    x, y, z = patient.scale
    pixel = 2.0
    x_mm = _centred((HALF_WIDTH_MM[0] + 8) * x, pixel)
    y_mm = _centred((HALF_WIDTH_MM[1] + 8) * y, pixel)
    solids = anatomy(patient.build)
    layers = [
        (solids[name], float(patient.hu.get(name, value)))
        for name, value in PAINT
        if patient.gas or name != "Stomach_Gas"
    ]
    layers.append((idea.ctv.grown(-4.0), float(min(BED_HU, patient.hu.get("Liver", 200) - 20))))
    hu = paint(layers, x_mm / x, y_mm / y, z_mm / z)
    image = ImageSeries(
        z_mm, (float(x_mm[0]), float(y_mm[0])), (pixel, pixel), (y_mm.size, x_mm.size),
        patient_position="HFS", load_hu=lambda: hu,
    )  # fmt: skip
    return image, hu


def _dose(patient: OtherPatient) -> DoseGrid:
    """Return a dose flat in the target that falls off over some centimetres around it."""
    x, y, z = patient.scale
    step = 3.0
    axes = [
        _centred(reach * s, step)
        for reach, s in ((HALF_WIDTH_MM[0], x), (HALF_WIDTH_MM[1], y), (REACH_MM, z))
    ]
    points = np.array(patient.bed)
    centre = points[:, :3] * np.array(patient.scale)
    radius = float(points[:, 3].mean()) * float(np.mean(patient.scale)) + 5.0
    grid = np.stack(np.meshgrid(axes[2], axes[1], axes[0], indexing="ij"), axis=-1)[..., ::-1]
    apart = np.full(grid.shape[:3], np.inf)
    for start, end in itertools.pairwise(centre):
        for t in np.linspace(0, 1, 5):
            apart = np.minimum(apart, np.linalg.norm(grid - (start + t * (end - start)), axis=-1))
    off = apart - radius
    dose = 54.0 / (1 + np.exp((off - 5.0) / 4.0)) + 9.0 / (1 + np.exp((off - 40.0) / 15.0))
    return DoseGrid(dose, axes[0], axes[1], axes[2], heterogeneity=("IMAGE",))


def write_patient(
    patient: OtherPatient, folder: Path, structures: StructureSet | None = None
) -> tuple[Path, ...]:
    """Write a patient as DICOM, with other structures where they are given, and return the files.

    Raises
    ------
    DicomError
        The folder or a file cannot be written.
    """
    made = content_of(patient)
    subject = f"CONTOUR{PATIENTS.index(patient) + 1:02d}" if patient in PATIENTS else "CONTOUR00"
    ids = CaseIds(f"sbrt_qa contours {patient.label}", subject, f"SBRTQA^{subject}", subject)
    if structures is not None:
        made = CaseContent(structures, made.dose, made.plan, made.image, made.hu)
    return write_case(made, folder, ids)
