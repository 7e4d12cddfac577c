"""The parts of a case in a few facts each."""

from __future__ import annotations

from typing import Final

import numpy as np

from sbrt_qa.i18n.phrase import say, stated
from sbrt_qa.model.energy import energy_texts
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.plan import Beam, Plan, Prescription, PrescriptionSource
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.review.case_review import BeamTaken, DoseSummary, ImageSummary, PlanSummary

EVEN_MM: Final = 0.01
"""Difference of gaps between dose planes that is still even."""

_NOT_STATED: Final = Reason(ReasonCode.NO_PRESCRIPTION, say("not stated in the plan"))


def plan_summary(plan: Plan | Reason) -> PlanSummary | Reason:
    """Return the plan at a glance, or why there is none."""
    if isinstance(plan, Reason):
        return plan
    prescribed, fractions = plan.prescription or _NOT_STATED, plan.fractions
    prescription_gy: float | Reason
    if isinstance(prescribed, Prescription):
        prescription_gy, source = prescribed.total_gy, str(prescribed.source)
    else:
        prescription_gy, source = prescribed, ""
    metersets = [b.meterset for b in plan.beams if b.meterset is not None]
    return PlanSummary(
        label=plan.label,
        name=plan.name,
        intent=plan.intent,
        approval=plan.approval,
        patient_position=plan.patient_position,
        prescription_gy=prescription_gy,
        prescription_source=source,
        fractions=_NOT_STATED if fractions is None else fractions,
        machines=plan.machines,
        energies=energy_texts(plan.beams),
        techniques=tuple(dict.fromkeys(t for b in plan.beams if (t := _technique(b)))),
        beams=len(plan.beams),
        setup_beams=len(plan.setup_beams),
        meterset=sum(metersets) if len(metersets) == len(plan.beams) > 0 else None,
        meterset_unit=", ".join(dict.fromkeys(b.meterset_unit for b in plan.beams)),
        isocentres=len({i for b in plan.beams for i in b.isocentres_mm}),
        is_ion=plan.is_ion,
        rx_stated=_stated_by_user(prescribed),
        beams_taken=tuple(_taken(b) for b in (*plan.beams, *plan.setup_beams)),
    )


def _stated_by_user(prescribed: Prescription | Reason) -> tuple[str, ...]:
    if isinstance(prescribed, Reason) or prescribed.source is not PrescriptionSource.USER:
        return ()
    return tuple(prescribed.note.split("\n"))


def _taken(beam: Beam) -> BeamTaken:
    return BeamTaken(beam.number, beam.name, stated(beam.kind), beam.why)


def dose_summary(dose: DoseGrid | Reason) -> DoseSummary | Reason:
    """Return the dose grid at a glance, or why there is none."""
    if isinstance(dose, Reason):
        return dose
    nz, ny, nx = dose.dose_gy.shape
    gaps = np.diff(dose.z_mm)
    uneven = gaps.size > 0 and gaps.max() - gaps.min() > EVEN_MM
    return DoseSummary(
        (nx, ny, nz),
        dose.spacing_mm,
        dose.max_gy,
        dose.summation,
        dose.dose_type,
        float(gaps.min()) if uneven else None,
        dose.taken_as,
    )


def image_summary(image: ImageSeries | None) -> ImageSummary | None:
    """Return the image at a glance, or None when there is none."""
    if image is None:
        return None
    slices = int(image.z_mm.size)
    return ImageSummary(image.modality, slices, image.slice_spacing_mm, image.spacing_mm)


def structure_set_label(structures: StructureSet | Reason) -> str | Reason:
    """Return the label of the structure set, or why there is none."""
    return structures if isinstance(structures, Reason) else structures.label


def _technique(beam: Beam) -> str:
    return " ".join(part for part in (beam.radiation_type, beam.beam_type) if part)
