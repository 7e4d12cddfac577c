"""RTPLAN and RT Ion Plan to a plan: prescription, fractions, beams; nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from sbrt_qa.dicom.read.control_points import read_control_points
from sbrt_qa.dicom.read.prescription import fractions_of, prescription_of
from sbrt_qa.dicom.text.elements import Item
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.beam_kind import told_apart
from sbrt_qa.model.plan import (
    Beam,
    DoseReference,
    FractionGroup,
    Modifier,
    PatientSetup,
    Plan,
    PlanRelation,
)

ION_PLAN_CLASS: Final = "1.2.840.10008.5.1.4.1.1.481.8"

MAX_METERSET: Final = 1e13
"""Larger metersets are no metersets, not even in particles of a carbon beam."""

MAX_BEAM_DOSE_GY: Final = 10_000.0


def read_plan(root: Item) -> Plan:
    """Read a plan.

    Raises
    ------
    DicomError
        The plan's sequences cannot be read.
    """
    groups = tuple(_fraction_group(item) for item in root.items("FractionGroupSequence"))
    references = tuple(_dose_reference(item) for item in root.items("DoseReferenceSequence"))
    is_ion = root.uid("SOPClassUID") == ION_PLAN_CLASS or root.has("IonBeamSequence")
    beams = told_apart(_beams(root, is_ion=is_ion))
    treatment = tuple(b for b in beams if b.treats)
    delivering = {b.number for b in treatment}
    return Plan(
        sop_instance_uid=root.uid("SOPInstanceUID"),
        label=root.text("RTPlanLabel"),
        name=root.text("RTPlanName"),
        intent=root.code("PlanIntent"),
        approval=root.code("ApprovalStatus"),
        patient_position=_patient_position(root),
        frame_of_reference_uid=root.uid("FrameOfReferenceUID"),
        prescription=prescription_of(references, groups, _referenced(root), delivering),
        fractions=fractions_of(groups, delivering),
        dose_references=references,
        fraction_groups=groups,
        beams=treatment,
        setup_beams=tuple(b for b in beams if not b.treats),
        is_ion=is_ion,
        planning_date=root.code("RTPlanDate"),
        prescription_text=root.text("PrescriptionDescription"),
        setups=tuple(_setup(item) for item in root.items("PatientSetupSequence")),
        applications=len(root.items("ApplicationSetupSequence")),
        relations=tuple(
            PlanRelation(item.uid("ReferencedSOPInstanceUID"), item.code("RTPlanRelationship"))
            for item in root.items("ReferencedRTPlanSequence")
        ),
        geometry=root.code("RTPlanGeometry"),
    )


def _setup(item: Item) -> PatientSetup:
    motion = item.items("MotionSynchronizationSequence")
    breathing = [m.code("RespiratoryMotionCompensationTechnique") for m in motion]
    return PatientSetup(item.code("PatientPosition"), ", ".join(filter(None, breathing)))


def _patient_position(root: Item) -> str:
    positions = [s.code("PatientPosition") for s in root.items("PatientSetupSequence")]
    stated = list(dict.fromkeys(p for p in positions if p))
    return stated[0] if len(stated) == 1 else ""


def _dose_reference(item: Item) -> DoseReference:
    return DoseReference(
        number=item.integer("DoseReferenceNumber") or 0,
        structure_type=item.code("DoseReferenceStructureType"),
        reference_type=item.code("DoseReferenceType"),
        description=item.text("DoseReferenceDescription"),
        roi_number=item.integer("ReferencedROINumber"),
        target_prescription_gy=item.number("TargetPrescriptionDose"),
        target_minimum_gy=item.number("TargetMinimumDose"),
        delivery_maximum_gy=item.number("DeliveryMaximumDose"),
        organ_at_risk_maximum_gy=item.number("OrganAtRiskMaximumDose"),
    )


def _fraction_group(item: Item) -> FractionGroup:
    """Read one group; its prescription is the largest it states itself."""
    fractions = item.integer("NumberOfFractionsPlanned")
    doses = [
        dose
        for reference in item.items("ReferencedDoseReferenceSequence")
        if (dose := reference.number("TargetPrescriptionDose")) is not None and dose > 0
    ]
    numbers = [b.integer("ReferencedBeamNumber") for b in item.items("ReferencedBeamSequence")]
    return FractionGroup(
        beams_stated=item.integer("NumberOfBeams"),
        number=item.integer("FractionGroupNumber") or 0,
        fractions=fractions if fractions is not None and 0 < fractions <= 1000 else None,
        beam_numbers=tuple(n for n in numbers if n is not None),
        prescription_gy=max(doses, default=None),
    )


def _referenced(root: Item) -> tuple[frozenset[int], ...]:
    """Numbers of the dose references that each fraction group names, in group order."""
    return tuple(
        frozenset(
            number
            for reference in group.items("ReferencedDoseReferenceSequence")
            if (number := reference.integer("ReferencedDoseReferenceNumber")) is not None
        )
        for group in root.items("FractionGroupSequence")
    )


def _beams(root: Item, *, is_ion: bool) -> tuple[Beam, ...]:
    delivered = _references(root)
    sequences = (
        ("IonBeamSequence", "IonControlPointSequence")
        if is_ion
        else (
            "BeamSequence",
            "ControlPointSequence",
        )
    )
    labels = {
        table.integer("ToleranceTableNumber"): table.text("ToleranceTableLabel")
        for table in root.items("ToleranceTableSequence")
    }
    return tuple(
        replace(beam, tolerance_table=labels.get(number) or ("" if number is None else f"{number}"))
        for beam, number in (
            (
                _beam(item, sequences[1], delivered),
                item.integer("ReferencedToleranceTableNumber"),
            )
            for item in root.items(sequences[0])
        )
    )


def _references(root: Item) -> dict[int, list[tuple[int, Item]]]:
    """Return by beam number the groups that name the beam, and how; those with a meterset first."""
    named: dict[int, list[tuple[int, Item]]] = {}
    for group in root.items("FractionGroupSequence"):
        for reference in group.items("ReferencedBeamSequence"):
            number = reference.integer("ReferencedBeamNumber")
            if number is not None:
                place = (group.integer("FractionGroupNumber") or 0, reference)
                named.setdefault(number, []).append(place)
    for places in named.values():
        places.sort(key=lambda place: not place[1].number("BeamMeterset"))
    return named


def _beam(item: Item, control_points: str, delivered: dict[int, list[tuple[int, Item]]]) -> Beam:
    number = item.integer("BeamNumber")
    number = -1 if number is None else number
    places = delivered.get(number, [])
    reference = places[0][1] if places else None
    points = item.items(control_points)
    return Beam(
        number=number,
        name=item.text("BeamName"),
        radiation_type=item.code("RadiationType"),
        delivery_type=item.code("TreatmentDeliveryType"),
        beam_type=item.code("BeamType"),
        machine=item.text("TreatmentMachineName"),
        nominal_energies=_stated(points, "NominalBeamEnergy"),
        fluence_mode=_fluence_mode(item),
        isocentres_mm=_isocentres(points),
        gantry_deg=_stated(points, "GantryAngle"),
        couch_deg=_stated(points, "PatientSupportAngle"),
        collimator_deg=_stated(points, "BeamLimitingDeviceAngle"),
        control_points=len(points),
        meterset=_amount(reference, "BeamMeterset", MAX_METERSET) if reference else None,
        meterset_unit=item.code("PrimaryDosimeterUnit"),
        dose_gy=_amount(reference, "BeamDose", MAX_BEAM_DOSE_GY) if reference else None,
        dose_point_mm=_point(reference, "BeamDoseSpecificationPoint"),
        in_fraction_group=reference is not None,
        final_weight=item.number("FinalCumulativeMetersetWeight"),
        points=read_control_points(item, points),
        modifiers=tuple(_modifiers(item)),
        unstated_groups=tuple(n for n, r in places if not r.number("BeamMeterset"))
        if reference and reference.number("BeamMeterset")
        else (),
    )


def _amount(item: Item, keyword: str, most: float) -> float | None:
    """Return a number that may be neither negative nor absurd; one that is is not known."""
    value = item.number(keyword)
    unreadable = value is None and item.raw(keyword).strip(b" \0")
    if not unreadable and (value is None or 0 <= value <= most):
        return value
    item.log.note(
        say("{0}: {1} {2} is impossible and is not used", item.where, keyword, item.shown(keyword))
    )
    return None


_MODIFIERS: Final = {
    "wedge": "NumberOfWedges",
    "bolus": "NumberOfBoli",
    "compensator": "NumberOfCompensators",
    "block": "NumberOfBlocks",
    "range shifter": "NumberOfRangeShifters",
}


def _modifiers(item: Item) -> Iterator[Modifier]:
    for kind, keyword in _MODIFIERS.items():
        count = item.integer(keyword) or 0
        if count > 0:
            yield Modifier(kind, count)


def _point(item: Item | None, keyword: str) -> tuple[float, float, float] | None:
    position = item.numbers(keyword) if item else None
    if position is None or len(position) != 3:
        return None
    return position[0], position[1], position[2]


def _fluence_mode(item: Item) -> str:
    modes = item.items("PrimaryFluenceModeSequence")
    if not modes:
        return ""
    return modes[0].code("FluenceModeID") or modes[0].code("FluenceMode")


def _stated(points: Sequence[Item], keyword: str) -> tuple[float, ...]:
    """Values in control point order; a value that repeats the one before is not listed again."""
    values: list[float] = []
    for point in points:
        value = point.number(keyword)
        if value is not None and values[-1:] != [value]:
            values.append(value)
    return tuple(values)


def _isocentres(points: Sequence[Item]) -> tuple[tuple[float, float, float], ...]:
    found: dict[tuple[float, float, float], None] = {}
    for point in points:
        position = _point(point, "IsocenterPosition")
        if position is not None:
            found[position] = None
    return tuple(found)
