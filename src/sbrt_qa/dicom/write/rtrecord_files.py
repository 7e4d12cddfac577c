"""Sessions to RT Beams Treatment Records, one file each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import RTBeamsTreatmentRecordStorage, RTPlanStorage

from sbrt_qa.dicom.write.common import CaseIds, item, new_object, number, reference, save
from sbrt_qa.model.delivery import BeamDelivered, Session


def write_records(
    sessions: Sequence[Session], planned_fractions: int, folder: Path, ids: CaseIds
) -> tuple[Path, ...]:
    """Write ``RTRECORD_1.dcm`` upwards, each referring to the plan of `ids`, and return the files.

    Raises
    ------
    DicomError
        A file cannot be written.
    """
    paths = []
    for i, session in enumerate(sessions, start=1):
        paths.append(folder / f"RTRECORD_{i}.dcm")
        save(_record(session, i, planned_fractions, ids), paths[-1])
    return tuple(paths)


def _record(session: Session, index: int, planned_fractions: int, ids: CaseIds) -> Dataset:
    dataset = new_object(
        ids,
        sop_class=RTBeamsTreatmentRecordStorage,
        sop_uid=ids.uid(f"RTRECORD {index}"),
        modality="RTRECORD",
        series_uid=ids.uid("series RTRECORD"),
        number=5,
    )
    dataset.InstanceNumber = index
    began = session.began
    dataset.TreatmentDate = "" if began is None else began.date.strftime("%Y%m%d")
    time = None if began is None else began.time
    dataset.TreatmentTime = "" if time is None else time.strftime("%H%M%S")
    dataset.PrimaryDosimeterUnit = "MU"
    dataset.NumberOfFractionsPlanned = planned_fractions
    dataset.ReferencedRTPlanSequence = [reference(RTPlanStorage, ids.rtplan_uid)]
    dataset.TreatmentMachineSequence = [_machine(dataset)]
    day, clock = dataset.TreatmentDate, dataset.TreatmentTime
    dataset.TreatmentSessionBeamSequence = [_beam(b, day, clock) for b in session.beams]
    return dataset


def _machine(dataset: Dataset) -> Dataset:
    """Return the machine (PS3.3 C.8.8.18): made here, so it has no institution and no serial."""
    return item(
        TreatmentMachineName="SYNTHETIC_6FFF",
        Manufacturer=dataset.Manufacturer,
        ManufacturerModelName=dataset.ManufacturerModelName,
        InstitutionName="",
        DeviceSerialNumber="",
    )


def _beam(beam: BeamDelivered, day: str, clock: str) -> Dataset:
    """Return one beam, with its first and last control point (PS3.3 C.8.8.21).

    The verification status stays empty: nothing was verified by a record-and-verify system.
    """
    given = beam.meterset_delivered
    points = [(0, 0.0, 0.0), (1, beam.meterset_specified, given)]
    written = item(
        TreatmentDeliveryType="SETUP" if beam.is_setup else "TREATMENT",
        TreatmentTerminationStatus=beam.termination or "NORMAL",
        TreatmentVerificationStatus="",
        BeamType="STATIC",
        RadiationType="PHOTON",
        NumberOfWedges=0,
        NumberOfCompensators=0,
        NumberOfBoli=0,
        NumberOfBlocks=0,
        BeamLimitingDeviceLeafPairsSequence=[
            item(RTBeamLimitingDeviceType=kind, NumberOfLeafJawPairs=1) for kind in ("X", "Y")
        ],
        NumberOfControlPoints=len(points),
        ControlPointDeliverySequence=[
            item(
                ReferencedControlPointIndex=index,
                TreatmentControlPointDate=day,
                TreatmentControlPointTime=clock,
                SpecifiedMeterset="" if specified is None else number(specified),
                DeliveredMeterset="" if delivered is None else number(delivered),
                DoseRateSet="",
                DoseRateDelivered="",
            )
            for index, specified, delivered in points
        ],
    )
    if beam.beam_number is not None:
        written.ReferencedBeamNumber = beam.beam_number
    if beam.fraction is not None:
        written.CurrentFractionNumber = beam.fraction
    if beam.meterset_specified is not None:
        written.SpecifiedPrimaryMeterset = number(beam.meterset_specified)
    if beam.meterset_delivered is not None:
        written.DeliveredPrimaryMeterset = number(beam.meterset_delivered)
    return written
