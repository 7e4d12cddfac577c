"""A photon plan to RTPLAN: prescription, one fraction group, beams of static fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import RTDoseStorage, RTPlanStorage, RTStructureSetStorage

from sbrt_qa.dicom.write.common import (
    CaseIds,
    add_approval,
    item,
    new_object,
    number,
    reference,
    save,
)
from sbrt_qa.errors import GeometryError
from sbrt_qa.model.plan import Beam, DoseReference, FractionGroup, Plan

SOURCE_AXIS_MM: Final = 1000.0
DOSE_RATE_MU_PER_MIN: Final = 1400.0


@dataclass(frozen=True, slots=True)
class Aperture:
    """Opening of a field in the beam's eye view, at the isocentre, in mm.

    Parameters
    ----------
    x_mm, y_mm
        Jaws as (low, high).
    boundaries_mm
        Edges of the leaf pairs along y, one more than there are pairs; empty without leaves.
    leaves_mm
        Leaf positions along x: all low ends, then all high ends.
    """

    x_mm: tuple[float, float] = (-50.0, 50.0)
    y_mm: tuple[float, float] = (-50.0, 50.0)
    boundaries_mm: tuple[float, ...] = ()
    leaves_mm: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        pairs = max(len(self.boundaries_mm) - 1, 0)
        if len(self.leaves_mm) != 2 * pairs:
            raise GeometryError(
                "an aperture needs two leaf positions per pair",
                got=f"{len(self.leaves_mm)} positions",
                expected=f"{2 * pairs} for {pairs} pairs",
            )


def write_rtplan(
    plan: Plan,
    path: Path,
    ids: CaseIds,
    *,
    apertures: Mapping[int, Aperture] | None = None,
) -> None:
    """Write a plan that refers to the structure set and the dose of `ids`.

    Parameters
    ----------
    apertures
        Opening of each field by beam number; without one a beam gets open jaws.

    Raises
    ------
    DicomError
        The file cannot be written.
    GeometryError
        A beam states no isocentre.
    """
    dataset = new_object(
        ids,
        sop_class=RTPlanStorage,
        sop_uid=ids.rtplan_uid,
        modality="RTPLAN",
        series_uid=ids.uid("series RTPLAN"),
        number=3,
    )
    _add_general(dataset, plan, ids)
    dataset.DoseReferenceSequence = [_dose_reference(r, ids) for r in plan.dose_references]
    dataset.FractionGroupSequence = [_fraction_group(g, plan) for g in plan.fraction_groups]
    dataset.PatientSetupSequence = [_setup(plan, ids)]
    apertures = apertures or {}
    dataset.BeamSequence = [
        _beam(beam, apertures.get(beam.number, Aperture()))
        for beam in (*plan.beams, *plan.setup_beams)
    ]
    dataset.ReferencedStructureSetSequence = [reference(RTStructureSetStorage, ids.rtstruct_uid)]
    dataset.ReferencedDoseSequence = [reference(RTDoseStorage, ids.rtdose_uid)]
    save(dataset, path)


def _setup(plan: Plan, ids: CaseIds) -> Dataset:
    setup = item(PatientSetupNumber=1, PatientPosition=plan.patient_position or ids.position)
    techniques = [s.breathing for s in plan.setups if s.breathing]
    if techniques:
        setup.MotionSynchronizationSequence = [
            item(
                RespiratoryMotionCompensationTechnique=techniques[0],
                RespiratorySignalSource="NONE" if techniques[0] == "NONE" else "UNKNOWN",
            )
        ]
    return setup


def _add_general(dataset: Dataset, plan: Plan, ids: CaseIds) -> None:
    dataset.RTPlanLabel = plan.label[:16]
    if plan.name:
        dataset.RTPlanName = plan.name
    if plan.prescription_text:
        dataset.PrescriptionDescription = plan.prescription_text
    dataset.RTPlanDate = ids.date
    dataset.RTPlanTime = ids.time
    dataset.PlanIntent = plan.intent or "CURATIVE"
    dataset.RTPlanGeometry = "PATIENT"
    add_approval(dataset, plan.approval or "UNAPPROVED", ids)


def _dose_reference(ref: DoseReference, ids: CaseIds) -> Dataset:
    written = item(
        DoseReferenceNumber=ref.number,
        DoseReferenceUID=ids.uid(f"dose reference {ref.number}"),
        DoseReferenceStructureType=ref.structure_type,
        DoseReferenceType=ref.reference_type,
    )
    if ref.description:
        written.DoseReferenceDescription = ref.description
    if ref.roi_number is not None:
        written.ReferencedROINumber = ref.roi_number
    doses = {
        "TargetPrescriptionDose": ref.target_prescription_gy,
        "TargetMinimumDose": ref.target_minimum_gy,
        "DeliveryMaximumDose": ref.delivery_maximum_gy,
        "OrganAtRiskMaximumDose": ref.organ_at_risk_maximum_gy,
    }
    for keyword, value_gy in doses.items():
        if value_gy is not None:
            setattr(written, keyword, number(value_gy))
    return written


def _fraction_group(group: FractionGroup, plan: Plan) -> Dataset:
    beams = [b for b in (*plan.beams, *plan.setup_beams) if b.number in group.beam_numbers]
    fractions = "" if group.fractions is None else group.fractions
    written = item(
        FractionGroupNumber=group.number,
        NumberOfFractionsPlanned=fractions,
        NumberOfBeams=len(beams),
        NumberOfBrachyApplicationSetups=0,
    )
    if beams:
        written.ReferencedBeamSequence = [_referenced_beam(b) for b in beams]
    if plan.dose_references:
        written.ReferencedDoseReferenceSequence = [
            item(ReferencedDoseReferenceNumber=r.number) for r in plan.dose_references
        ]
    return written


def _referenced_beam(beam: Beam) -> Dataset:
    written = item(ReferencedBeamNumber=beam.number)
    point = beam.dose_point_mm or next(iter(beam.isocentres_mm), None)
    if point is not None:
        written.BeamDoseSpecificationPoint = [number(v) for v in point]
    if beam.dose_gy is not None:
        written.BeamDose = number(beam.dose_gy)
    if beam.meterset is not None:
        written.BeamMeterset = number(beam.meterset)
    return written


def _beam(beam: Beam, aperture: Aperture) -> Dataset:
    written = item(
        BeamNumber=beam.number,
        BeamName=beam.name,
        BeamType=beam.beam_type or "STATIC",
        RadiationType=beam.radiation_type or "PHOTON",
        TreatmentMachineName=beam.machine,
        PrimaryDosimeterUnit=beam.meterset_unit or "MU",
        SourceAxisDistance=number(SOURCE_AXIS_MM),
        BeamLimitingDeviceSequence=list(_devices(aperture)),
        ReferencedPatientSetupNumber=1,
        TreatmentDeliveryType=beam.delivery_type or "TREATMENT",
        NumberOfWedges=0,
        NumberOfCompensators=0,
        NumberOfBoli=0,
        NumberOfBlocks=0,
        FinalCumulativeMetersetWeight="1",
        NumberOfControlPoints=2,
    )
    if beam.fluence_mode:
        mode = "STANDARD" if beam.fluence_mode == "STANDARD" else "NON_STANDARD"
        fluence = item(FluenceMode=mode)
        if mode != "STANDARD":
            fluence.FluenceModeID = beam.fluence_mode
        written.PrimaryFluenceModeSequence = [fluence]
    written.ControlPointSequence = [
        _first_control_point(beam, aperture),
        item(ControlPointIndex=1, CumulativeMetersetWeight="1"),
    ]
    return written


def _devices(aperture: Aperture) -> Iterator[Dataset]:
    for kind in ("ASYMX", "ASYMY"):
        yield item(RTBeamLimitingDeviceType=kind, NumberOfLeafJawPairs=1)
    if aperture.boundaries_mm:
        yield item(
            RTBeamLimitingDeviceType="MLCX",
            NumberOfLeafJawPairs=len(aperture.boundaries_mm) - 1,
            LeafPositionBoundaries=[number(v) for v in aperture.boundaries_mm],
        )


def _positions(aperture: Aperture) -> Iterator[Dataset]:
    openings = {"ASYMX": aperture.x_mm, "ASYMY": aperture.y_mm, "MLCX": aperture.leaves_mm}
    for kind, position_mm in openings.items():
        if position_mm:
            yield item(
                RTBeamLimitingDeviceType=kind,
                LeafJawPositions=[number(v) for v in position_mm],
            )


def _first_control_point(beam: Beam, aperture: Aperture) -> Dataset:
    if not beam.isocentres_mm:
        raise GeometryError(
            "a beam without an isocentre cannot be written", where=f"beam {beam.number}"
        )
    written = item(
        ControlPointIndex=0,
        CumulativeMetersetWeight="0",
        DoseRateSet=number(DOSE_RATE_MU_PER_MIN),
        BeamLimitingDevicePositionSequence=list(_positions(aperture)),
        GantryAngle=number(next(iter(beam.gantry_deg), 0.0)),
        GantryRotationDirection="NONE",
        BeamLimitingDeviceAngle=number(next(iter(beam.collimator_deg), 0.0)),
        BeamLimitingDeviceRotationDirection="NONE",
        PatientSupportAngle=number(next(iter(beam.couch_deg), 0.0)),
        PatientSupportRotationDirection="NONE",
        TableTopEccentricAngle="0",
        TableTopEccentricRotationDirection="NONE",
        TableTopVerticalPosition="",
        TableTopLongitudinalPosition="",
        TableTopLateralPosition="",
        IsocenterPosition=[number(v) for v in beam.isocentres_mm[0]],
    )
    if beam.nominal_energies:
        written.NominalBeamEnergy = number(beam.nominal_energies[0])
    return written
