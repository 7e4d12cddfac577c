"""How closely the dose follows a target: indices of the target within the patient's outline.

Volumes of an isodose are those within the outline (External), target included. Neighbouring
targets may share an isodose, which no index can divide between them: such targets are judged as
their union, or have a Reason.
"""

from __future__ import annotations

import math
from typing import Final

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_meaning import (
    Compared,
    Direction,
    Elsewhere,
    Isodose,
    IsodoseOf,
    Meaning,
    Quantity,
    in_gy,
)
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, metric
from sbrt_qa.dosimetry.metrics.conversions import dose_outcome, prescribed_gy
from sbrt_qa.dosimetry.metrics.meanings import saying
from sbrt_qa.dosimetry.surroundings import Surroundings
from sbrt_qa.i18n.phrase import msg, say
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode

FAR_MM = 20.0
"""Distance from the target at which D2cm begins."""

MORE_COVERED: Final = msg(
    "The prescription isodose encloses less than the protocol asks for: part of the target may get "
    "less than was prescribed."
)
LESS_AROUND: Final = msg("Less dose lies around the target than the protocol asks for.")


def _whole_isodose(percent: float) -> IsodoseOf:
    """Give an isodose of the prescription, around the target."""

    def isodose(
        spec: MetricSpec,  # noqa: ARG001
        limit: float,  # noqa: ARG001
        prescription_gy: float | None,
    ) -> Isodose | None:
        level_gy = in_gy(percent, "%", prescription_gy)
        return None if level_gy is None else Isodose(level_gy, around=True)

    return isodose


def _far(spec: MetricSpec, limit: float, prescription_gy: float | None) -> Isodose | None:
    level_gy = in_gy(limit, spec.unit, prescription_gy)
    if level_gy is None:
        return None
    return Isodose(level_gy, around=True, beyond_mm=FAR_MM, at_point=True)


def _ratio_of(percent: float, says: str = "", why_low: str = LESS_AROUND) -> Meaning:
    """Return the meaning of the volume of an isodose over that of the target."""
    return Meaning(
        Quantity.RATIO,
        Direction.SPILLS,
        Direction.TOO_COLD,
        rises=True,
        says=saying(says),
        why_low=why_low,
        isodose=_whole_isodose(percent),
        compared=Compared.RATIO_OF_VOLUMES,
        of_surroundings=True,
        isodose_percent=percent,
    )


PRESCRIPTION_RATIO: Final = _ratio_of(
    100.0,
    msg("The prescription isodose encloses {value} times the volume of the target"),
    MORE_COVERED,
)


@metric("R100", units=("1",), example="R100", convertible=False, meaning=PRESCRIPTION_RATIO)
def prescription_ratio(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """V(Rx) / V(target), RTOG 0813: volume of the prescribed dose over that of the target."""
    return _ratio(100, dvh, context)


@metric("CI", units=("1",), example="CI", convertible=False, meaning=PRESCRIPTION_RATIO)
def conformity_index(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """Conformity index of the RTOG (Shaw 1993), which is R100 under its older name."""
    return _ratio(100, dvh, context)


@metric("PITV", units=("1",), example="PITV", convertible=False, meaning=PRESCRIPTION_RATIO)
def prescription_isodose_to_target(
    spec: MetricSpec,  # noqa: ARG001
    dvh: DVH,
    context: MetricContext,
) -> Outcome:
    """Prescription isodose volume to target volume (Shaw 1993): R100 under its older name."""
    return _ratio(100, dvh, context)


@metric(
    "R50",
    units=("1",),
    example="R50",
    convertible=False,
    meaning=_ratio_of(
        50.0, msg("Half the prescribed dose encloses {value} times the volume of the target")
    ),
)
def half_dose_ratio(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """V(50 % Rx) / V(target), RTOG 0813: how far half the prescribed dose spills."""
    return _ratio(50, dvh, context)


@metric(
    "PaddickCI",
    units=("1",),
    example="PaddickCI",
    convertible=False,
    meaning=Meaning(
        Quantity.RATIO,
        Direction.MISFITS,
        Direction.MISFITS,
        says=saying(msg("The Paddick index is {value}; 1 is a perfect match")),
        isodose=_whole_isodose(100.0),
        cap=1.0,
        cap_unit="1",
        compared=Compared.RATIO_OF_VOLUMES,
        of_surroundings=True,
        isodose_percent=100.0,
    ),
)
def paddick_index(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """TV_PIV^2 / (TV PIV), 1 for a perfect match (Paddick, J Neurosurg 2000;93 suppl 3:219)."""
    prescribed = prescribed_gy(context)
    isodose_cc = _isodose_cc(100, dvh, context)
    if isinstance(prescribed, Reason):
        return prescribed
    if isinstance(isodose_cc, Reason):
        return isodose_cc
    if isodose_cc <= 0:
        return _nowhere(100)
    covered_cc = dvh.volume_at_dose_cc(prescribed)
    return Measured(covered_cc**2 / (dvh.volume_cc * isodose_cc), "1")


@metric(
    "GI",
    units=("1",),
    example="GI",
    convertible=False,
    meaning=Meaning(
        Quantity.RATIO,
        Direction.SPILLS,
        Direction.TOO_COLD,
        says=saying(
            msg("Half the prescribed dose encloses {value} times the volume of the prescribed dose")
        ),
        why_low=LESS_AROUND,
        compared=Compared.RATIO_OF_VOLUMES,
        of_surroundings=True,
        isodose_percent=50.0,
    ),
)
def gradient_index(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """V(50 % Rx) / V(Rx) (Paddick and Lippitz, J Neurosurg 2006;105 suppl:194)."""
    found = _half_and_whole_cc(dvh, context)
    return found if isinstance(found, Reason) else Measured(found[0] / found[1], "1")


@metric(
    "GradientMeasure",
    units=("mm",),
    example="GradientMeasure",
    convertible=False,
    meaning=Meaning(
        Quantity.RATIO,
        Direction.SPILLS,
        Direction.TOO_COLD,
        says=saying(
            msg(
                "Half the prescribed dose reaches {value} beyond the prescribed dose, as spheres "
                "of equal volume"
            )
        ),
        why_low=LESS_AROUND,
        compared=Compared.RATIO_OF_VOLUMES,
        of_surroundings=True,
        isodose_percent=50.0,
    ),
)
def gradient_measure(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """Radius of the ball as large as V(50 % Rx) less that of V(Rx), mm."""
    found = _half_and_whole_cc(dvh, context)
    if isinstance(found, Reason):
        return found
    return Measured(_radius_mm(found[0]) - _radius_mm(found[1]), "mm")


def _half_and_whole_cc(target: DVH, context: MetricContext) -> tuple[float, float] | Reason:
    """Return the volumes that get half the prescribed dose and all of it; the latter above 0."""
    half_cc, whole_cc = _isodose_cc(50, target, context), _isodose_cc(100, target, context)
    if isinstance(half_cc, Reason):
        return half_cc
    if isinstance(whole_cc, Reason):
        return whole_cc
    return (half_cc, whole_cc) if whole_cc > 0 else _nowhere(100)


def _radius_mm(volume_cc: float) -> float:
    """Return the radius of a ball by its volume."""
    return float((3000 * volume_cc / (4 * math.pi)) ** (1 / 3))


@metric(
    "D2cm",
    units=("%", "Gy", "cGy"),
    example="D2cm[%]",
    convertible=False,
    meaning=Meaning(
        Quantity.DOSE,
        Direction.SPILLS,
        Direction.TOO_COLD,
        rises=True,
        says=saying(msg("At 2 cm and more from the target the highest dose is {value}")),
        why_low=LESS_AROUND,
        isodose=_far,
        elsewhere=Elsewhere.NO_DISTANCE,
        of_surroundings=True,
    ),
)
def dose_two_cm_away(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """Highest dose in the body at 2 cm or more from the target, RTOG 0813; % of the prescription.

    Distance to the target is known to 0.5 mm, see `sbrt_qa.geometry.distance`.
    """
    around = _surroundings(context)
    if isinstance(around, Reason):
        return around
    highest = around.highest_beyond_gy(FAR_MM)
    return highest if isinstance(highest, Reason) else dose_outcome(highest, spec, context)


def _ratio(percent: float, dvh: DVH, context: MetricContext) -> Outcome:
    isodose_cc = _isodose_cc(percent, dvh, context)
    if isinstance(isodose_cc, Reason):
        return isodose_cc
    return Measured(isodose_cc / dvh.volume_cc, "1")


def _isodose_cc(percent: float, target: DVH, context: MetricContext) -> float | Reason:
    """Return the volume of an isodose in the body, the target included: no less than in it."""
    prescribed = prescribed_gy(context)
    if isinstance(prescribed, Reason):
        return prescribed
    around = _surroundings(context)
    if isinstance(around, Reason):
        return around
    level_gy = percent / 100 * prescribed
    found = around.isodose_cc(level_gy)
    if isinstance(found, Reason) or found <= 0:
        return found
    return max(found, target.volume_at_dose_cc(level_gy))


def _surroundings(context: MetricContext) -> Surroundings | Reason:
    if context.surroundings is None:
        return Reason(ReasonCode.REFERENCE_MISSING, say("the outline of the patient is not known"))
    return context.surroundings()


def _nowhere(percent: float) -> Reason:
    text = say("{0} % of the prescription is reached nowhere in the body", f"{percent:g}")
    return Reason(ReasonCode.REFERENCE_MISSING, text)
