"""Plans of the synthetic trial as DICOM: each has the class and the liver dose of its truth."""

from __future__ import annotations

import csv
import functools
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sbrt_qa.dicom.write.common import CaseIds
from sbrt_qa.dicom.write.linked_set import CaseContent, write_case
from sbrt_qa.dicom.write.rtdose_file import RtDoseOptions
from sbrt_qa.model.plan import Beam, DoseReference, FractionGroup, Plan
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.testing.outcomes.latent_trial import LatentSubject, LatentTrial
from sbrt_qa.testing.outcomes.round_patient import RX_GY, RoundPlan, falling_for, missed_for
from sbrt_qa.testing.outcomes.written_trial import days

FOLDER: Final = "plans"
PROTOCOL_FILE: Final = "plans_protocol.yaml"
MANIFEST: Final = "plans.csv"
FRACTIONS: Final = 5

PROTOCOL: Final = """\
schema: sbrt_qa.protocol/1
id: sample_plans
version: "1"
effective: 2020-01-01
title: Limits of the plans of a synthetic trial
statement: Made up, so that plans of balls can be held against something; the limits mean nothing.
sources: {MADE: {citation: made up, read_as: not read}}
confidence_terms: {made_up: no confidence}
prescriptions: [{id: 50Gy/5fx, total_gy: 50, fractions: 5}]
structures:
  - {name: CTV, kind: target, required: true}
  - {name: PTV, kind: target, required: true}
  - {name: Liver, kind: organ, required: true}
  - {name: Liver-GTV, kind: organ, required: true, derive: [Liver - CTV]}
  - {name: Duodenum, kind: organ, required: true}
  - {name: Stomach, kind: organ, required: false}
  - {name: Spleen, kind: organ, required: false}
checks:  # balls in a dose without beams are no plan of a planning system
  ORGAN_VOLUME: {applies: false}
  ORGAN_POSITION: {applies: false}
  ORGAN_SIZE: {applies: false}
  DOSE_GRID_SPACING: {applies: false}
  DOSE_GRID_MARGIN: {applies: false}
  BEAM_DOSE_AT_POINT: {applies: false}
  MU_PER_GY: {applies: false}
  BREATHING: {applies: false}
targets:
  - {id: PTV_V100, structure: PTV, metric: "V100%[%]", op: ">=", per_protocol: 95, minor: 90,
      priority: 1, source: [MADE], confidence: made_up}
options:
  - id: 5fx
    when: fractions == 5
    constraints:
      - {id: LIVER_MEAN, structure: Liver-GTV, metric: "Mean[Gy]", op: "<=", per_protocol: 26,
          minor: 28, priority: 1, source: [MADE], confidence: made_up}
      - {id: DUO_MAX, structure: Duodenum, metric: "D0.03cc[Gy]", op: "<=", per_protocol: 32,
          minor: 36, priority: 1, source: [MADE], confidence: made_up}
      - {id: STO_MAX, structure: Stomach, metric: "D0.03cc[Gy]", op: "<=", per_protocol: 40,
          minor: 44, priority: 2, source: [MADE], confidence: made_up}
"""
COVERED: Final = {"major": 0.82, "minor": 0.925}
"""Share of the PTV that the dose covers where it misses; the limits are 0.95 and 0.90."""
AT_THE_LIMIT_GY, BEYOND_GY = 31.9, 34.0
"""D0.03cc of a duodenum for which coverage was given up, and of one beyond its limit."""


@dataclass(frozen=True, slots=True)
class SamplePlan:
    """The plan of a subject, and what a review has to find in it."""

    plan: RoundPlan
    verdict: str
    limits: tuple[str, ...] = ()
    organ_driven: bool = False


def submission_of(one: LatentSubject) -> str:
    """Return how the data of the trial call the plan of a subject."""
    return f"{one.site}/{one.code}/v1"


@functools.cache
def _made(deviation: str, mean_liver_gy: float, share: float) -> SamplePlan:
    driven = deviation == "major" and share < 0.5
    by_organ = deviation == "minor" and share >= 0.5
    coverage = None if by_organ else COVERED.get(deviation)
    falling, missed = falling_for(mean_liver_gy), 0.0
    for _ in range(3 if coverage else 0):
        missed = missed_for(coverage or 1.0, falling)
        falling = falling_for(mean_liver_gy, missed)
    duodenum = AT_THE_LIMIT_GY if driven else BEYOND_GY if by_organ else 20.0
    plan = RoundPlan(falling, missed, None if deviation == "not_evaluable" else duodenum)
    limits = ("DUO_MAX",) if by_organ or deviation == "not_evaluable" else (
        ("PTV_V100",) if coverage else ()
    )  # fmt: skip
    return SamplePlan(plan, deviation, limits, driven)


def sample_plan(one: LatentSubject) -> SamplePlan:
    """Return the plan of a subject of the SBRT arm."""
    return _made(one.deviation, one.mean_liver_gy, one.extra["u"])


def plan_ids(one: LatentSubject, version: int = 1) -> CaseIds:
    """Return the identifiers of a plan: a frame of reference for each subject."""
    return CaseIds(
        f"sbrt_qa outcomes {one.site}/{one.code}/v{version}", one.code, f"SBRTQA^{one.code}",
        one.code, date=one.randomised.strftime("%Y%m%d"), study=f"sbrt_qa outcomes {one.code}",
    )  # fmt: skip


def write_plans(latent: LatentTrial, out: Path, twice: tuple[str, ...] = ()) -> None:
    """Write the plans of the SBRT arm, their manifest and the protocol they are held against.

    Parameters
    ----------
    twice
        Subjects whose site sent a second version two days later.

    Raises
    ------
    DicomError
        A file cannot be written.
    """
    rows = io.StringIO()
    manifest = csv.writer(rows, lineterminator="\n")
    manifest.writerow(["path", "site", "subject", "version", "received"])
    for one in latent.subjects:
        versions = (1, 2) if one.code in twice else (1,)
        for version in versions if one.deviation else ():
            place = f"{one.site}/{one.code}/v{version}"
            content = _content(sample_plan(one).plan, version)
            write_case(content, out / FOLDER / place, plan_ids(one, version))
            received = one.randomised + days(2 * version)
            manifest.writerow([place, one.site, one.code, version, received])
    (out / MANIFEST).write_text(rows.getvalue(), encoding="utf-8")
    (out / PROTOCOL_FILE).write_text(PROTOCOL, encoding="utf-8")


def _content(plan: RoundPlan, version: int) -> CaseContent:
    structures = StructureSet(tuple(plan.structures()), label=f"V{version}")
    options = RtDoseOptions(
        comment="modelled, not calculated by a TPS", deflated=True, names_structures=False
    )
    return CaseContent(structures, plan.grid(), _beams(version), rtdose=options)


def _beams(version: int) -> Plan:
    beam = Beam(
        1, "B1", machine="SYNTHETIC", nominal_energies=(6.0,), isocentres_mm=((0.0, 0.0, 0.0),),
        gantry_deg=(0.0,), meterset=2000.0, dose_gy=RX_GY / FRACTIONS,
    )  # fmt: skip
    return Plan(
        "", f"BED_V{version}", approval="APPROVED",
        dose_references=(DoseReference(1, "SITE", "TARGET", target_prescription_gy=RX_GY),),
        fraction_groups=(FractionGroup(1, FRACTIONS, (1,)),), beams=(beam,),
    )  # fmt: skip
