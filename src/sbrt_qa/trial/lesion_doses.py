"""Doses of single lesions beside their local failure, where the data say which lesion failed."""

from __future__ import annotations

from dataclasses import dataclass

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason
from sbrt_qa.trial.analysis_set import AnalysisSet
from sbrt_qa.trial.plan_doses import outcome_of


@dataclass(frozen=True, slots=True)
class LesionDose:
    """One lesion: its D98 (Gy), as BED with alpha/beta 10 Gy, and whether it failed locally."""

    subject: str
    lesion: str
    d98_gy: float
    bed10_gy: float
    failed: bool


@dataclass(frozen=True, slots=True)
class LesionDoses:
    """Lesions with a dose and an outcome, and those left out with the reason."""

    lesions: tuple[LesionDose, ...]
    left_out: tuple[tuple[str, str], ...]


def lesion_doses(found: AnalysisSet) -> LesionDoses:
    """Return the lesions of the SBRT arm that SBRT treated.

    A lesion failed where a recurrence at the edge names its structure; of a subject with one such
    lesion, any recurrence at the edge is its own.
    """
    lesions, left_out = [], []
    for subject, plan in found.treated.items():
        rows = [
            row for row in found.cut.data.of_subject("lesions", subject)
            if row.text("structure") and row.text("treated_by") in ("SBRT", "resection", "ablation")
        ]  # fmt: skip
        local = [
            row for row in found.cut.data.of_subject("recurrences", subject)
            if row.text("site") == "MARGIN"
        ]  # fmt: skip
        named = {row.text("structure") for row in local}
        course = found.cut.course(subject)
        fractions = course.whole("fractions_planned") if course else None
        for row in rows:
            code, structure = row.text("lesion"), row.text("structure")
            dose = outcome_of(plan.plan.doses if plan.plan else None, structure, "D98%")
            if isinstance(dose, Reason):
                left_out.append((f"{subject} {code}", dose.detail))
            elif not fractions:
                why = say("the number of fractions is not known")
                left_out.append((f"{subject} {code}", why))
            elif local and len(rows) > 1 and "" in named:
                left_out.append((f"{subject} {code}", say("no data say which lesion failed")))
            else:
                failed = bool(local) if len(rows) == 1 else structure in named
                bed = dose.value * (1.0 + dose.value / fractions / 10.0)
                lesions.append(LesionDose(subject, code, dose.value, bed, failed))
    return LesionDoses(tuple(lesions), tuple(left_out))
