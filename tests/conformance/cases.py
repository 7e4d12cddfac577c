"""Small exported cases from shapes and dose fields, and their DVHs after reading them back."""

from __future__ import annotations

import numpy as np

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dicom.write.common import CaseIds
from sbrt_qa.dicom.write.linked_set import CaseContent, write_case
from sbrt_qa.dicom.write.rtdose_file import RtDoseOptions
from sbrt_qa.dicom.write.rtstruct_file import RtStructOptions
from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.model.plan import Beam, DoseReference, FractionGroup, Plan
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.testing.phantoms.closed_forms import contour
from sbrt_qa.testing.phantoms.dose_fields import Linear, Planar, sample
from sbrt_qa.testing.phantoms.shapes import Box

FIELD = Planar(0, Linear(40.0, 0.5))
"""Rises along x, 40 Gy at 0."""


def axes(low, high, step, shift=0.0):
    return tuple(np.arange(low, high + step / 2, step) + shift for _ in range(3))


def grid(low=-40.0, high=40.0, step=2.5, shift=0.0, field=FIELD):
    return sample(field, *axes(low, high, step, shift))


def cube(side_mm, around=(0.0, 0.0, 0.0)):
    low, high = (tuple(c + s * side_mm / 2 for c in around) for s in (-1, 1))
    return Box(low, high)


def drawn(shape, step=2.5, start=0.3, number=1, name="PTV"):
    low, high = shape.extent(2)
    return contour(shape, np.arange(low + start * step, high, step), number=number, name=name)


def plan(total_gy=40.0, label="P"):
    return Plan(
        "",
        label,
        dose_references=(DoseReference(1, "SITE", "TARGET", target_prescription_gy=total_gy),),
        fraction_groups=(FractionGroup(1, 5, (1,)),),
        beams=(Beam(1, "B1", "PHOTON", meterset=100.0, isocentres_mm=((0.0, 0.0, 0.0),)),),
    )


def export(folder, *structures, dose=None, seed="case", **parts):
    """Write a case with 32-bit dose and fine contours, so that only the engine is under test."""
    content = CaseContent(
        StructureSet(structures),
        grid() if dose is None else dose,
        parts.pop("plan", plan()),
        rtdose=RtDoseOptions(bits=32),
        rtstruct=RtStructOptions(decimals=6),
        **parts,
    )
    write_case(content, folder, CaseIds(seed=seed))
    return folder


def loaded(folder, *structures, **parts):
    (case,) = load_cases(export(folder, *structures, **parts))
    return case


def dvhs(case):
    doses = CaseDoses(case)
    return {key: doses.dvh(s) for key, s in structures_of(case).items()}


def one_dvh(folder, structure, **parts) -> DVH:
    (histogram,) = dvhs(loaded(folder, structure, **parts)).values()
    assert isinstance(histogram, DVH), histogram
    return histogram
