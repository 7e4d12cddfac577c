"""The synthetic trial with plans of known verdict and dose, as an audit would have frozen them."""

from __future__ import annotations

from sbrt_qa.testing.outcomes.sample_outcomes import SampleTrial
from sbrt_qa.trial.plan_doses import LIVER, PlanCurve, PlanDose, PlanDoses
from sbrt_qa.trial.treated import PlanVerdict


def plans_of(sample: SampleTrial) -> tuple[PlanVerdict, ...]:
    """Return a plan for every subject of the SBRT arm, its doses those of the truth."""
    return tuple(
        PlanVerdict(
            f"{one.site}/{one.code}/v1", one.code, "2020-01-01", one.deviation,
            ("PTV D98%",) if one.deviation == "major" else (),
            ("coverage",) if one.deviation == "major" else (),
            one.deviation == "major" and one.extra["u"] < 0.5, doses_of(one.mean_liver_gy),
        )
        for one in sample.latent.subjects if one.deviation
    )  # fmt: skip


def doses_of(mean_gy: float) -> PlanDoses:
    """Return doses of which every one follows from the mean of the liver."""
    told = (
        (LIVER, "mean", mean_gy), (LIVER, "mean_square", 1.4 * mean_gy**2),
        (LIVER, "V10Gy", 2.5 * mean_gy), (LIVER, "V15Gy", 1.5 * mean_gy),
        ("Stomach", "D0.1cc", 20.0), ("PTV", "D98%", 45.0 + mean_gy / 10.0),
    )  # fmt: skip
    doses = tuple(PlanDose(*one) for one in told)
    missing = PlanDose(LIVER, "DC700cc", None, "smaller than 700 cc")
    curve = PlanCurve("PTV", tuple(100.0 if dose < 45 else 50.0 for dose in range(55)))
    return PlanDoses((*doses, missing), (curve,))
