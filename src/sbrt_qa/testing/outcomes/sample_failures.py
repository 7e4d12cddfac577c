"""Recurrences of the synthetic trial as follow-up contours with their rigid registration.

A recurrence is a ball at a known distance from the centre of the dose, so the share of it inside an
isodose is the volume of a lens.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from sbrt_qa.dicom.write.common import CaseIds
from sbrt_qa.dicom.write.linked_set import CaseContent, write_case
from sbrt_qa.dicom.write.reg_file import write_registration
from sbrt_qa.model.registration import RigidMotion
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.testing.outcomes.latent_trial import LatentSubject, LatentTrial
from sbrt_qa.testing.outcomes.round_patient import RX_GY, ball
from sbrt_qa.testing.outcomes.sample_plans import plan_ids, sample_plan
from sbrt_qa.testing.outcomes.written_trial import Tables
from sbrt_qa.testing.phantoms.shapes import Sphere

FOLDER: Final = "failures"
NAME: Final = "Recurrence"
RADIUS_MM: Final = 6.0
ISODOSE: Final = 0.95
IN_FIELD, OUT_OF_FIELD = 0.95, 0.20
"""Bounds of Dawson 2000 for the share inside the 95 % isodose."""


@dataclass(frozen=True, slots=True)
class SampleFailure:
    """A recurrence in the liver of a subject who had radiotherapy, as its row says.

    Parameters
    ----------
    centre_mm
        On the plan.
    share
        Of its volume inside the 95 % isodose.
    """

    subject: str
    rec: int
    submission: str
    centre_mm: tuple[float, float, float]
    share: float

    @property
    def name(self) -> str:
        """The folder of its files."""
        return f"{self.subject}_{self.rec}"

    @property
    def failure_class(self) -> str:
        """In-field, marginal or out-of-field."""
        if self.share >= IN_FIELD:
            return "in-field"
        return "marginal" if self.share >= OUT_OF_FIELD else "out-of-field"


def sample_failures(latent: LatentTrial, tables: Tables) -> tuple[SampleFailure, ...]:
    """Return the local recurrences of the SBRT arm, in the order of their rows."""
    subjects = {one.code: one for one in latent.subjects if one.deviation}
    treated = {row["subject"] for row in tables["rt_course"]}
    return tuple(
        _failure(subjects[row["subject"]], int(row["rec"]))
        for row in tables.get("recurrences", ())
        if row["site"] == "MARGIN" and row["subject"] in treated & set(subjects)
    )


def _failure(one: LatentSubject, rec: int) -> SampleFailure:
    """Return where a bed fails: where the dose missed it, else anywhere at its edge."""
    plan = sample_plan(one).plan
    turn = 0.0 if plan.missed_by_mm else 2 * math.pi * one.extra["v"]
    away = 17.0 if plan.missed_by_mm else 8.0 + 14.0 * one.extra["u"]
    centre = (round(away * math.cos(turn), 2), round(away * math.sin(turn), 2), 0.0)
    lens = Sphere(centre, RADIUS_MM).volume_within(plan.centre_mm, plan.radius_of(ISODOSE * RX_GY))
    share = lens / (4.0 / 3.0 * math.pi * RADIUS_MM**3)
    return SampleFailure(one.code, rec, f"{one.site}/{one.code}/v1", centre, share)


def motion_of(one: LatentSubject) -> RigidMotion:
    """Return the motion that takes the follow-up scan of a subject onto its plan."""
    turn = 0.1 * (one.extra["u"] - 0.5)
    matrix = np.eye(4)
    matrix[:2, :2] = [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
    matrix[:3, 3] = [12.0 * one.extra["v"], -8.0, 25.0 * one.extra["u"]]
    return RigidMotion(np.round(matrix, 10))


def write_failures(latent: LatentTrial, tables: Tables, out: Path) -> tuple[SampleFailure, ...]:
    """Write ``RTSTRUCT.dcm`` and ``REG.dcm`` of each recurrence; return them.

    Raises
    ------
    DicomError
        A file cannot be written.
    """
    subjects = {one.code: one for one in latent.subjects}
    found = sample_failures(latent, tables)
    for failure in found:
        one = subjects[failure.subject]
        folder = out / FOLDER / failure.name
        ids = plan_ids(one)
        later = CaseIds(f"sbrt_qa follow-up {failure.name}", one.code, ids.patient_name, one.code)
        motion = motion_of(one)
        centre = motion.inverse()(np.array([failure.centre_mm]))[0]
        at = (float(centre[0]), float(centre[1]), float(centre[2]))
        drawn = ball(1, NAME, at, RADIUS_MM, "GTV", step_mm=1.0)
        write_case(CaseContent(StructureSet((drawn,), label="FOLLOW_UP")), folder, later)
        write_registration(motion, later.frame_uid, folder / "REG.dcm", ids)
    return found
