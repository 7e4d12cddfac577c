"""Doses of a treated plan as they are frozen with its verdict: numbers of stored histograms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode

MEAN, MEAN_SQUARE = "mean", "mean_square"
LIVER: Final = "Liver-GTV"
BODY, SPLEEN = "body", "Spleen"
EDIC, INTEGRAL, V5 = "EDIC", "integral", "V5Gy"

ALPHA_BETA_GY: Final = (2.5, 3.0)
"""Of the liver, for EQD2."""


@dataclass(frozen=True, slots=True)
class PlanDose:
    """One number of one structure; without `value`, `reason` says why.

    Parameters
    ----------
    measure
        ``mean`` (Gy), ``mean_square`` (Gy^2, over the volume), ``V10Gy`` and ``V15Gy`` (%),
        ``DC700cc``, ``D0.1cc``, ``D98%`` (Gy); of the body ``EDIC`` (Gy) and ``integral`` (Gy cc),
        of the spleen ``V5Gy`` (%).
    """

    structure: str
    measure: str
    value: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PlanCurve:
    """A cumulative histogram: volume in percent at 0, 1, 2, ... Gy."""

    structure: str
    percent: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PlanDoses:
    """Doses of one plan."""

    doses: tuple[PlanDose, ...] = ()
    curves: tuple[PlanCurve, ...] = ()

    def of(self, structure: str, measure: str) -> PlanDose | None:
        """Return a number by its structure and measure."""
        return next(
            (d for d in self.doses if (d.structure, d.measure) == (structure, measure)), None
        )


NO_DOSES: Final = PlanDoses()


def doses_from(data: Mapping[str, Any] | None) -> PlanDoses:
    """Read frozen doses back; a cut that was frozen without has none."""
    told = data or {}
    return PlanDoses(
        tuple(PlanDose(**one) for one in told.get("doses", ())),
        tuple(PlanCurve(one["structure"], tuple(one["percent"])) for one in told.get("curves", ())),
    )


def outcome_of(doses: PlanDoses | None, structure: str, measure: str) -> Outcome:
    """Return a dose as a value, or why there is none."""
    found = doses.of(structure, measure) if doses else None
    if found is None:
        text = say("no histogram of {0} is stored for the treated plan", structure)
        return Reason(ReasonCode.REFERENCE_MISSING, text)
    if found.value is None:
        return Reason(ReasonCode.NOT_APPLICABLE, found.reason)
    return Measured(found.value, "%" if measure.startswith("V") else "Gy")


def mean_eqd2(
    doses: PlanDoses | None, structure: str, fractions: int | None, alpha_beta_gy: float
) -> Outcome:
    """Return the mean of EQD2 over the points of a structure; never the EQD2 of the mean.

    EQD2 of a point is D (D/n + ab) / (2 + ab); its mean follows from those of D and of D squared.
    """
    mean, square = outcome_of(doses, structure, MEAN), outcome_of(doses, structure, MEAN_SQUARE)
    if isinstance(mean, Reason):
        return mean
    if isinstance(square, Reason):
        return square
    if not fractions:
        return Reason(ReasonCode.REFERENCE_MISSING, say("the number of fractions is not known"))
    value = (square.value / fractions + alpha_beta_gy * mean.value) / (2.0 + alpha_beta_gy)
    return Measured(value, "Gy")
