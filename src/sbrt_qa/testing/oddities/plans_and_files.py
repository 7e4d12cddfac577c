"""Oddities of RTPLAN, of links, and of whole files."""

from __future__ import annotations

import io

from pydicom import dcmread
from pydicom.dataset import Dataset

from sbrt_qa.dicom.write.common import reference
from sbrt_qa.testing.oddities.registry import Effect, byte_oddity, oddity


@oddity("RTPLAN", Effect.NONE)
def no_fraction_groups(plan: Dataset) -> None:
    """An anonymiser has removed the fraction groups."""
    plan.pop("FractionGroupSequence", None)


@oddity("RTPLAN", Effect.NONE)
def no_dose_references(plan: Dataset) -> None:
    """The plan states no prescription."""
    plan.pop("DoseReferenceSequence", None)


@oddity("RTPLAN", Effect.NONE)
def blank_dates(plan: Dataset) -> None:
    """Dates blanked by an anonymiser."""
    plan.StudyDate = plan.RTPlanDate = plan.PatientBirthDate = ""


@oddity("RTDOSE", Effect.NONE)
def dose_without_plan_reference(dose: Dataset) -> None:
    """The dose refers to no plan and no structure set."""
    dose.pop("ReferencedRTPlanSequence", None)
    dose.pop("ReferencedStructureSetSequence", None)


@oddity("RTPLAN", Effect.NONE)
def plan_refers_to_a_lost_structure_set(plan: Dataset) -> None:
    """The structure set that the plan names is not here; another one fits."""
    plan.ReferencedStructureSetSequence = [reference("1.2.840.10008.5.1.4.1.1.481.3", "1.2.3.4")]


@byte_oddity("", Effect.REPAIRED, "no-preamble")
def no_preamble(data: bytes) -> bytes:
    """Neither preamble nor file meta information."""
    dataset = dcmread(io.BytesIO(data))
    out = io.BytesIO()
    implicit = dataset.original_encoding[0]
    dataset.save_as(out, implicit_vr=implicit, little_endian=True, enforce_file_format=False)
    body = out.getvalue()
    return body[body.index(b"\x08\x00\x16\x00") :] if b"DICM" in body[:140] else body


@byte_oddity("RTDOSE", Effect.PART_REFUSED)
def cut_off(data: bytes) -> bytes:
    """The last tenth of the file is missing."""
    return data[: len(data) * 9 // 10]
