"""Which sample patients there are, how each came about, and what a review should find in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sbrt_qa.dicom.write.amend import Amendments
from sbrt_qa.dicom.write.common import seeded_uid
from sbrt_qa.dicom.write.rtdose_file import Offsets
from sbrt_qa.model.delivery import Session
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.model.plan import Plan
from sbrt_qa.testing.phantoms import liver_faults
from sbrt_qa.testing.phantoms.liver_patient import LiverCase, PlanIdea
from sbrt_qa.testing.phantoms.liver_second import SecondLesion
from sbrt_qa.testing.phantoms.liver_solids import HalfSpace

BED: Final = ((-70.5, -10.1, -10.5, 12.8), (-60.5, -4.1, -15.5, 13.8), (-51.5, 1.9, -20.2, 12.8))
"""The tumour bed on the cut surface of the liver: (x, y, z, radius) in mm."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample case.

    Parameters
    ----------
    idea
        The plan.
    what
        One sentence: what it shows and how it came about.
    verdict
        Expected verdict of the case.
    minor, major, not_evaluable
        Identifiers of the protocol's limits that are expected to end so; all others that apply
        are expected per protocol.
    found
        Codes of plan checks that are expected to find something, information included; all others
        are expected to find nothing.
    offsets
        Form of the grid frame offset vector, so that the sample holds both.
    spoil
        Plants faults in the plan as built.
    amendments
        Plants faults in the written files, by file name.
    delivered
        Gives the sessions that delivered the plan.
    image
        Whether the image is written.
    compact
        Whether dose and structures are deflated, and the dose rounded to `step_gy`.
    step_gy
        Step to which the dose of a compact case is rounded, as decimal.
    deflated
        Whether dose and structures are deflated as they are, nothing rounded.
    """

    idea: PlanIdea
    what: str
    verdict: Verdict
    minor: tuple[str, ...] = ()
    major: tuple[str, ...] = ()
    not_evaluable: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    offsets: Offsets = Offsets.RELATIVE
    spoil: Callable[[LiverCase], LiverCase] = lambda case: case
    amendments: Mapping[str, Amendments] = field(default_factory=dict)
    delivered: Callable[[Plan], tuple[Session, ...]] = lambda _: ()
    image: bool = True
    compact: bool = False
    step_gy: str = "0.01"
    deflated: bool = False


COMPLIANT: Final = PlanIdea("COMPLIANT", BED)

TWO_LESIONS: Final = PlanIdea(
    "TWO_LESIONS",
    ((-70.5, -10.1, -10.5, 9.8), (-60.5, -4.1, -15.5, 10.8), (-51.5, 1.9, -20.2, 9.8)),
    second=SecondLesion(((-66, -28, 33, 6), (-62, -28, 36, 6)), missed_by_mm=(0.0, 0.0, 12.0)),
)

SMALL_REMNANT: Final = PlanIdea(
    "SMALL_REMNANT", BED, liver_kept=HalfSpace((-16, 0, 0), (1.0, 0.1, 0.15))
)

OTHER_UID: Final = seeded_uid("sbrt_qa sample, an object that is not there")

_FIRST_POINT: Final = "BeamSequence/5/ControlPointSequence/0/BeamLimitingDevicePositionSequence"

SAMPLES: Final = {
    "compliant": Sample(
        COMPLIANT,
        "50 Gy in 5 fractions to a tumour bed with clear distance to the bowel.",
        Verdict.PER_PROTOCOL,
    ),
    "minor": Sample(
        PlanIdea(
            "MINOR",
            ((-69, -12.3, -15.1, 12.7), (-59, -6.2, -20.1, 13.7), (-50, -0.2, -24.4, 12.7)),
            opening_mm=2.0,
            coverage=0.925,
        ),
        "The bed lies closer to the duodenum; tight fields gave up coverage to spare it.",
        Verdict.MINOR,
        minor=("TGT_V100", "DUO5_D01"),
        found=("COVERAGE_COST", "OAR_DRIVEN"),
        offsets=Offsets.ABSOLUTE,
        deflated=True,
    ),
    "major": Sample(
        PlanIdea(
            "MAJOR",
            ((-82, -20, 2, 19), (-65, -9, -10, 20), (-49, -1, -22, 18)),
            opening_mm=10.0,
        ),
        "The whole cut surface as target, fields opened a centimetre beyond the PTV.",
        Verdict.MAJOR,
        minor=(
            "LIV5_DC700",
            "CBD5_D05",
            "CBD5_D01",
            "DUO5_D5",
            "DUO5_D10TG",
            "CHW5_D05",
            "CHW5_D01",
            "CHW5_V30",
            "RIB5_D5",
            "CON_R100",
        ),
        major=(
            "LIV5_MEAN_50",
            "LIV5_DC700TG",
            "DUO5_D05",
            "DUO5_D01",
            "LBW5_D05",
            "LBW5_D01",
            "KID5_MEAN",
            "KID5_DC200",
        ),
        found=("COVERAGE_COST", "LIVER_LEVEL", "OAR_TARGET_OVERLAP"),
        compact=True,
    ),
    "missing_organ": Sample(
        PlanIdea("MISSING_ORGAN", BED, left_out=("Duodenum",)),
        "The compliant plan, but nobody contoured the duodenum.",
        Verdict.NOT_EVALUABLE,
        not_evaluable=("DUO5_D05", "DUO5_D01", "DUO5_D10"),
        found=("REQUIRED_MISSING",),
        image=False,
        compact=True,
    ),
    "links": Sample(
        COMPLIANT,
        "The structures were changed after the dose; the files do not fit together.",
        Verdict.NOT_EVALUABLE,
        found=(
            "FRAME_OF_REFERENCE",
            "LINK_DANGLING",
            "PATIENT_DIFFERS",
            "IDENTIFIERS_LEFT",
            "DOSE_STALE",
            "STRUCTURES_NEWER",
            "PLAN_NOT_APPROVED",
        ),
        amendments={
            "RTPLAN.dcm": {
                "FrameOfReferenceUID": OTHER_UID,
                "ApprovalStatus": "UNAPPROVED",
                "ReviewDate": None,
                "ReviewTime": None,
                "ReviewerName": None,
            },
            "RTSTRUCT.dcm": {"StructureSetDate": "20260106", "PatientID": "SAMPLE00"},
            "RTDOSE.dcm": {
                "ReferencedStructureSetSequence/0/ReferencedSOPInstanceUID": OTHER_UID,
                "OperatorsName": "OPERATOR^SYNTHETIC",
            },
        },
        image=False,
        compact=True,
    ),
    "prescription": Sample(
        COMPLIANT,
        "Description and target name state other doses; the beam doses are half of what they are.",
        Verdict.MAJOR,
        found=("BEAM_DOSE_AT_POINT", "RX_STATEMENTS_DIFFER", "TARGET_NAME_DOSE"),
        spoil=liver_faults.misprescribed,
        image=False,
        compact=True,
    ),
    "beams": Sample(
        COMPLIANT,
        "One beam without meterset; others with another energy, machine or isocentre, or a slit.",
        Verdict.MAJOR,
        found=(
            "METERSET",
            "BEAM_ENERGY",
            "MACHINES",
            "ISOCENTRE_COUNT",
            "ISOCENTRE_FAR",
            "ISOCENTRE_OUTSIDE",
            "CONTROL_POINTS",
            "FIELD_SMALL",
            "FLUENCE_MODE_MIXED",
        ),
        spoil=liver_faults.misdirected,
        amendments={
            "RTPLAN.dcm": {
                f"{_FIRST_POINT}/0/LeafJawPositions": ["-3", "3"],
                f"{_FIRST_POINT}/1/LeafJawPositions": ["-3", "3"],
                "BeamSequence/6/ControlPointSequence/1/CumulativeMetersetWeight": "0.9",
                "BeamSequence/7/PrimaryFluenceModeSequence/0/FluenceMode": "STANDARD",
                "BeamSequence/7/PrimaryFluenceModeSequence/0/FluenceModeID": None,
            },
        },
        image=False,
        compact=True,
    ),
    "grid": Sample(
        COMPLIANT,
        "A dose grid of 4 mm, calculated in water, with a plane missing.",
        Verdict.MAJOR,
        found=(
            "DOSE_GRID_SPACING",
            "DOSE_GRID_UNEVEN",
            "HETEROGENEITY",
            "OUTSIDE_DOSE_GRID",
        ),
        spoil=liver_faults.coarse,
        amendments={"RTDOSE.dcm": {"TissueHeterogeneityCorrection": "WATER"}},
        image=False,
        compact=True,
    ),
    "images": Sample(
        COMPLIANT,
        "Slices of 6 mm with one missing, a tilted gantry, another position, the liver cut off.",
        Verdict.NOT_EVALUABLE,
        found=(
            "IMAGE_SPACING",
            "IMAGE_SLICES_MISSING",
            "IMAGE_TILTED",
            "ORGAN_AT_SCAN_END",
            "PATIENT_POSITION",
            "OTHER_SIDE",
            "PLANES_JOINED",
        ),
        spoil=liver_faults.badly_imaged,
        amendments={
            "RTPLAN.dcm": {"PatientSetupSequence/0/PatientPosition": "HFP"},
        },
        compact=True,
    ),
    "structures": Sample(
        COMPLIANT,
        "Kidneys swapped, CTV moved, a slice forgotten, and what else happens while contouring.",
        Verdict.MAJOR,
        major=("TGT_GTV",),
        found=(
            "OAR_DRIVEN",
            "LATERALITY",
            "ORGANS_SWAPPED",
            "ORGAN_POSITION",
            "LIVER_MINUS_TARGET",
            "TARGET_NESTING",
            "TARGET_MARGIN",
            "GAP_BRIDGED",
            "STRAY_PARTS",
            "PRV_MARGIN",
            "DENSITY_OVERRIDE",
            "NAME_DUPLICATE",
            "COUCH_IN_BODY",
            "NAME_NOT_TG263",
        ),
        spoil=liver_faults.misdrawn,
        image=False,
        compact=True,
    ),
    "delivery": Sample(
        COMPLIANT,
        "Two fractions on one day, the last one late, one beam cut short by the machine.",
        Verdict.MAJOR,
        found=("FRACTION_INTERVAL", "OVERALL_TIME", "DELIVERED_METERSET", "TERMINATION"),
        delivered=liver_faults.course,
        image=False,
        compact=True,
    ),
    "two_lesions": Sample(
        TWO_LESIONS,
        "Two lesions of 50 Gy in 5 fractions; the fields miss the second by 12 mm.",
        Verdict.MAJOR,
        minor=("CON_R100",),
        major=("TGT_V100", "TGT_V90", "TGT_GTV", "TGT_D98", "TGT_SPILL105"),
        found=("OAR_DRIVEN",),
        image=False,
        compact=True,
        step_gy="0.02",
    ),
    "small_remnant": Sample(
        SMALL_REMNANT,
        "The compliant plan in a liver of which less than 700 cc are left.",
        Verdict.NOT_EVALUABLE,
        not_evaluable=("LIV5_DC700", "LIV5_DC700TG"),
        found=("LIVER_REMNANT", "ORGAN_VOLUME"),
        image=False,
        compact=True,
        step_gy="0.02",
    ),
}
"""Sample cases by folder name."""
