"""The treatment plan: what was prescribed, in how many fractions, with which beams."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from sbrt_qa.model.opening import Opening
from sbrt_qa.model.outcome import Reason


class PrescriptionSource(enum.StrEnum):
    """Where a prescribed dose was found, from most to least direct."""

    TARGET_PRESCRIPTION_DOSE = "target prescription dose of a dose reference"
    FRACTION_GROUP = "prescription dose referenced by a fraction group"
    BEAM_DOSES = "sum of beam doses times fractions"
    USER = "stated by the user"


@dataclass(frozen=True, slots=True)
class DoseReference:
    """One item of the plan's Dose Reference Sequence (300A,0010); doses in Gy or None."""

    number: int
    structure_type: str
    reference_type: str
    description: str = ""
    roi_number: int | None = None
    target_prescription_gy: float | None = None
    target_minimum_gy: float | None = None
    delivery_maximum_gy: float | None = None
    organ_at_risk_maximum_gy: float | None = None


@dataclass(frozen=True, slots=True)
class Prescription:
    """Total prescribed dose and how it was found. Gy, greater than 0."""

    total_gy: float
    source: PrescriptionSource
    roi_number: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ControlPoint:
    """One control point of a beam; what it does not restate is None or empty.

    ``weight`` is the cumulative meterset weight; ``rotation`` the direction to the next point (CW,
    CC, NONE); ``opening`` the one in force, None where the file does not describe it.
    """

    weight: float | None = None
    gantry_deg: float | None = None
    rotation: str = ""
    opening: Opening | None = None


@dataclass(frozen=True, slots=True)
class Modifier:
    """Something in a beam besides jaws and leaves: wedge, bolus, compensator, block; how many."""

    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class PatientSetup:
    """How the patient lies and breathes: position and respiratory technique, in capitals.

    ``breathing`` is empty where the plan states no Respiratory Motion Compensation Technique.
    """

    position: str = ""
    breathing: str = ""


class BeamKind(enum.StrEnum):
    """What a beam was taken for, see `sbrt_qa.model.beam_kind`; each value reads in a report."""

    TREATMENT = "treatment"
    SETUP = "setup field"
    IMAGING = "imaging field"
    ZEROED = "position left at zero"
    PLACEHOLDER = "placeholder"


@dataclass(frozen=True, slots=True)
class Beam:
    """One beam. Angles in degrees, energies and meterset as written.

    ``nominal_energies`` are in MV for photons and in MeV otherwise, see
    :func:`sbrt_qa.model.energy.energy_texts`.
    ``meterset``, ``dose_gy`` and ``dose_point_mm`` are per fraction, taken from the fraction group
    by beam number; ``in_fraction_group`` tells whether one names the beam. ``final_weight`` is the
    Final Cumulative Meterset Weight; ``tolerance_table`` the label, or the number, of the machine's
    tolerance table that holds for the beam. ``kind`` is what the beam was taken for, ``why`` says
    why; ``unstated_groups`` are fraction groups that name the beam without a meterset, while
    another gives it one.
    """

    number: int
    name: str
    radiation_type: str = ""
    delivery_type: str = ""
    beam_type: str = ""
    machine: str = ""
    nominal_energies: tuple[float, ...] = ()
    fluence_mode: str = ""
    isocentres_mm: tuple[tuple[float, float, float], ...] = ()
    gantry_deg: tuple[float, ...] = ()
    couch_deg: tuple[float, ...] = ()
    collimator_deg: tuple[float, ...] = ()
    control_points: int = 0
    meterset: float | None = None
    meterset_unit: str = ""
    dose_gy: float | None = None
    dose_point_mm: tuple[float, float, float] | None = None
    in_fraction_group: bool = True
    final_weight: float | None = None
    points: tuple[ControlPoint, ...] = ()
    modifiers: tuple[Modifier, ...] = ()
    tolerance_table: str = ""
    kind: BeamKind = BeamKind.TREATMENT
    why: str = ""
    unstated_groups: tuple[int, ...] = ()

    @property
    def treats(self) -> bool:
        """True for a treatment beam; others deliver no treatment dose."""
        return self.kind is BeamKind.TREATMENT


@dataclass(frozen=True, slots=True)
class FractionGroup:
    """One fraction group: planned fractions and the beams it uses.

    ``beams_stated`` is its Number of Beams (300A,0080), which may be another than it names.
    """

    number: int
    fractions: int | None
    beam_numbers: tuple[int, ...] = ()
    prescription_gy: float | None = None
    beams_stated: int | None = None


@dataclass(frozen=True, slots=True)
class OwnWord:
    """What a plan says of its prescription itself, where the user states another."""

    prescription: Prescription | Reason | None
    fractions: int | Reason | None
    dose_references: tuple[DoseReference, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanRelation:
    """A plan that a plan refers to, and its RT Plan Relationship (300A,0055) in capitals."""

    sop_instance_uid: str
    relationship: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A treatment plan as exported.

    ``prescription`` and ``fractions`` are a value, or the Reason why the plan states none that is
    unambiguous. ``beams`` are treatment beams; ``setup_beams`` are all others, kept apart: setup
    and imaging fields, positions left at zero, placeholders. ``applications`` counts the
    application setups of brachytherapy. ``own`` is the file's own word where the user's decides.
    ``prescription_text`` is the Prescription Description, which nothing is computed from.
    ``relations`` are the plans that it names; ``geometry`` is the RT Plan Geometry.
    """

    sop_instance_uid: str
    label: str
    name: str = ""
    intent: str = ""
    approval: str = ""
    patient_position: str = ""
    frame_of_reference_uid: str = ""
    prescription: Prescription | Reason | None = None
    fractions: int | Reason | None = None
    dose_references: tuple[DoseReference, ...] = ()
    fraction_groups: tuple[FractionGroup, ...] = ()
    beams: tuple[Beam, ...] = ()
    setup_beams: tuple[Beam, ...] = ()
    is_ion: bool = False
    planning_date: str = ""
    prescription_text: str = ""
    setups: tuple[PatientSetup, ...] = ()
    applications: int = 0
    own: OwnWord | None = None
    relations: tuple[PlanRelation, ...] = ()
    geometry: str = ""

    def prescribed_gy(self, roi_numbers: Iterable[int]) -> float | None:
        """Return the dose that is prescribed to ROIs by number, the highest; None where none is."""
        numbers = set(roi_numbers)
        doses = [
            r.target_prescription_gy
            for r in self.dose_references
            if r.reference_type == "TARGET" and r.roi_number in numbers and r.target_prescription_gy
        ]
        return max(doses, default=None)

    @property
    def machines(self) -> tuple[str, ...]:
        """Names of the treatment machines, each once, in beam order."""
        return tuple(dict.fromkeys(b.machine for b in self.beams if b.machine))
