"""One uniform dose, or one uniformly treated volume, that stands for an uneven histogram."""

from __future__ import annotations

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_meaning import Direction, Meaning, Quantity
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, metric
from sbrt_qa.dosimetry.metrics.at_volume import DOSE_UNITS
from sbrt_qa.dosimetry.metrics.conversions import dose_outcome, prescribed_gy
from sbrt_qa.dosimetry.metrics.meanings import a_dose, saying
from sbrt_qa.dosimetry.radiobiology import generalised_eud_gy, mean_of
from sbrt_qa.i18n.phrase import msg, say
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode

LARGEST_A = 100.0


@metric(
    "gEUD",
    argument_units=("1",),
    units=DOSE_UNITS,
    example="gEUD_8[Gy]",
    meaning=a_dose(msg("The generalised equivalent uniform dose is {value}")),
)
def generalised_eud(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """(mean of D^a)^(1/a): a = 1 is the mean, large a nears the maximum, a < 0 the minimum."""
    if spec.amount == 0 or abs(spec.amount) > LARGEST_A:
        text = say("a of gEUD is not 0 and at most {0}", f"{LARGEST_A:g}")
        return Reason(ReasonCode.NOT_APPLICABLE, text)
    return dose_outcome(generalised_eud_gy(dvh, spec.amount), spec, context)


@metric(
    "Veff",
    argument_units=("1",),
    units=("%",),
    example="Veff_1[%]",
    meaning=Meaning(
        Quantity.RATIO,
        Direction.TOO_HOT,
        Direction.TOO_COLD,
        rises=True,
        says=saying(msg("The effective volume is {value}")),
    ),
)
def effective_volume(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Mean of (D / Rx)^(1/n) in %, Kutcher and Burman 1989; RTOG 1112 uses n = 1."""
    prescribed = prescribed_gy(context)
    if isinstance(prescribed, Reason):
        return prescribed
    if not 1 / LARGEST_A <= spec.amount <= LARGEST_A:
        text = say("n of Veff lies between {0} and {1}", f"{1 / LARGEST_A:g}", f"{LARGEST_A:g}")
        return Reason(ReasonCode.NOT_APPLICABLE, text)
    power = 1 / spec.amount
    return Measured(100 * mean_of(dvh, lambda dose: (dose / prescribed) ** power), "%")
