"""Liver that loses and that keeps its function, by the biologically effective dose."""

from __future__ import annotations

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_meaning import Direction, Meaning, Quantity
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, metric
from sbrt_qa.dosimetry.metrics.conversions import fractions_of, volume_outcome
from sbrt_qa.dosimetry.metrics.meanings import saying
from sbrt_qa.dosimetry.metrics.whole_body import whole_case_of
from sbrt_qa.dosimetry.remnant_liver import LOSS_BED_CIRRHOSIS_GY, LOSS_BED_GY, dose_of_bed_gy
from sbrt_qa.i18n.phrase import msg, say
from sbrt_qa.model.outcome import Measured, Outcome, Reason

LOST = Meaning(
    Quantity.VOLUME,
    Direction.TOO_HOT,
    Direction.TOO_COLD,
    rises=True,
    says=saying(msg("Of the liver, {value} get a dose that costs its function")),
)
KEPT = Meaning(
    Quantity.VOLUME,
    Direction.TOO_COLD,
    Direction.TOO_HOT,
    rises=False,
    says=saying(msg("Of the liver, {value} keep their function")),
)
LOSS = say("V(BED of 70 Gy or more) at alpha/beta 2 Gy (PMC4915544)")


@metric(
    "FunctionalLoss",
    units=("cc", "%"),
    example="FunctionalLoss[cc]",
    convertible=False,
    validity=LOSS,
    meaning=LOST,
)
def functional_loss(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Volume from the dose whose BED is 70 Gy at alpha/beta 2 Gy: 21.93 Gy in 5 fractions."""
    lost = _lost_cc(dvh, context, LOSS_BED_GY)
    return lost if isinstance(lost, Reason) else volume_outcome(lost, spec, dvh, context)


@metric(
    "FunctionalLossCirrhosis",
    units=("cc", "%"),
    example="FunctionalLossCirrhosis[cc]",
    convertible=False,
    validity=say("V(BED of 40 Gy or more) at alpha/beta 2 Gy, in cirrhosis (PMC4915544)"),
    meaning=LOST,
)
def functional_loss_in_cirrhosis(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Volume from the dose whose BED is 40 Gy at alpha/beta 2 Gy."""
    lost = _lost_cc(dvh, context, LOSS_BED_CIRRHOSIS_GY)
    return lost if isinstance(lost, Reason) else volume_outcome(lost, spec, dvh, context)


@metric(
    "FunctionalRemnant",
    units=("cc", "%"),
    example="FunctionalRemnant[cc]",
    convertible=False,
    validity=LOSS,
    meaning=KEPT,
)
def functional_remnant(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Volume less `FunctionalLoss`, to be asked of the liver without the CTV."""
    lost = _lost_cc(dvh, context, LOSS_BED_GY)
    if isinstance(lost, Reason):
        return lost
    return volume_outcome(dvh.volume_cc - lost, spec, dvh, context)


@metric(
    "FunctionalRemnantShare",
    units=("%",),
    example="FunctionalRemnantShare[%]",
    convertible=False,
    validity=LOSS,
    meaning=KEPT,
)
def functional_remnant_share(
    spec: MetricSpec,  # noqa: ARG001
    dvh: DVH,
    context: MetricContext,
) -> Outcome:
    """`FunctionalRemnant` in % of the standard liver volume (Urata 1995) by height and weight."""
    lost, case = _lost_cc(dvh, context, LOSS_BED_GY), whole_case_of(context)
    if isinstance(lost, Reason):
        return lost
    standard = case if isinstance(case, Reason) else case.standard_liver_cc()
    if isinstance(standard, Reason):
        return standard
    return Measured(100 * (dvh.volume_cc - lost) / standard, "%")


def _lost_cc(dvh: DVH, context: MetricContext, bed_gy: float) -> float | Reason:
    fractions = fractions_of(context)
    if isinstance(fractions, Reason):
        return fractions
    return dvh.volume_at_dose_cc(dose_of_bed_gy(bed_gy, fractions))
