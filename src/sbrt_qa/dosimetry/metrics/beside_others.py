"""Whether a plan could have been better: what lies as far from the target, what a shape allows."""

from __future__ import annotations

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_meaning import Compared, Direction, Meaning, Quantity
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, metric
from sbrt_qa.dosimetry.metrics.conformity import LESS_AROUND, half_dose_ratio
from sbrt_qa.dosimetry.metrics.meanings import saying
from sbrt_qa.dosimetry.metrics.whole_body import whole_case_of
from sbrt_qa.i18n.phrase import msg, say
from sbrt_qa.model.outcome import Measured, Outcome, Reason


@metric(
    "EqualDistanceRank",
    units=("%",),
    example="EqualDistanceRank[%]",
    convertible=False,
    validity=say("a hint: 50 % is usual, 10 % was spared on purpose, entry sides rank high"),
    meaning=Meaning(
        Quantity.RATIO,
        Direction.TOO_HOT,
        Direction.TOO_COLD,
        rises=None,
        says=saying(msg("Among the body as far from the target its doses rank at {value}")),
        cap=100.0,
        cap_unit="%",
    ),
)
def equal_distance_rank(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """Mean rank of an organ's voxels among those of the body as far from the target, %."""
    case = whole_case_of(context)
    rank = case if isinstance(case, Reason) else case.rank_percent()
    return rank if isinstance(rank, Reason) else Measured(rank, "%")


@metric(
    "ShapeSpill",
    argument_units=("1",),
    units=("1",),
    example="ShapeSpill_5",
    convertible=False,
    meaning=Meaning(
        Quantity.RATIO,
        Direction.SPILLS,
        Direction.TOO_COLD,
        says=saying(msg("Half the prescribed dose encloses {value} times what the shape allows")),
        why_low=LESS_AROUND,
        compared=Compared.RATIO_OF_VOLUMES,
        of_surroundings=True,
        isodose_percent=50.0,
    ),
)
def shape_spill(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """R50 over what the target's shape allows, (1 + dr A / (3 V))^3; `spec.argument` is dr in mm.

    1 for a ball whose dose falls from 100 to 50 % of the prescription within dr of its surface.
    """
    case, r50 = whole_case_of(context), half_dose_ratio(spec, dvh, context)
    area = case if isinstance(case, Reason) else case.surface_mm2()
    if isinstance(r50, Reason):
        return r50
    if isinstance(area, Reason):
        return area
    return Measured(r50.value / allowed_r50(area, dvh.volume_cc, spec.amount), "1")


def allowed_r50(area_mm2: float, volume_cc: float, fall_mm: float) -> float:
    """Return the least R50 of a target of this surface and volume: (1 + dr A / (3 V))^3."""
    return float((1 + fall_mm * area_mm2 / (3000 * volume_cc)) ** 3)
