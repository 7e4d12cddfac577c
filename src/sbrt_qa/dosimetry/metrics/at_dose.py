"""Volumes at a dose: V (receiving it) and CV (spared from it), AAPM TG-263 section 8."""

from __future__ import annotations

from typing import Final

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_meaning import (
    Bounded,
    Compared,
    Direction,
    Elsewhere,
    Meaning,
    Quantity,
    Remedy,
    in_cc,
    in_gy,
)
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, metric
from sbrt_qa.dosimetry.metrics.conversions import asked_gy, volume_outcome
from sbrt_qa.dosimetry.metrics.meanings import isodose_of_argument, saying
from sbrt_qa.i18n.phrase import msg
from sbrt_qa.model.outcome import Outcome, Reason

VOLUME_UNITS = ("%", "cc")

RECEIVED: Final = msg("{value} receive {amount} or more")
ONLY_RECEIVED: Final = msg("Only {value} receive {amount} or more")
LESS_VOLUME: Final = msg("At most {bound} of {structure} may get {amount} or more; {value} do.")
LESS_BED: Final = msg(
    "Less than {bound} of {structure} may get a BED{alpha_beta} of {amount} or more; {value} do."
)
SPARED: Final = msg("At least {bound} of {structure} must get less than {amount}; {value} do.")


def _says_received(spec: MetricSpec, direction: Direction | None) -> str:  # noqa: ARG001
    return ONLY_RECEIVED if direction is Direction.TOO_COLD else RECEIVED


def _less(spec: MetricSpec) -> Remedy | None:
    if spec.conversion is not None:
        biological = spec.conversion.per_fraction_gy is None
        return Remedy(LESS_BED) if biological else None
    return Remedy(LESS_VOLUME) if spec.argument_unit == "Gy" else None


def _spare(spec: MetricSpec) -> Remedy | None:
    plain = spec.argument_unit == "Gy" and spec.conversion is None
    return Remedy(SPARED) if plain else None


def _receiving(
    spec: MetricSpec, value: float, whole_cc: float, prescription_gy: float | None
) -> tuple[float, float | None] | None:
    dose_gy = in_gy(spec.amount, spec.argument_unit, prescription_gy)
    return None if dose_gy is None else (dose_gy, in_cc(value, spec.unit, whole_cc))


def _spared(
    spec: MetricSpec, value: float, whole_cc: float, prescription_gy: float | None
) -> tuple[float, float | None] | None:
    dose_gy = in_gy(spec.amount, spec.argument_unit, prescription_gy)
    return None if dose_gy is None else (dose_gy, whole_cc - in_cc(value, spec.unit, whole_cc))


@metric(
    "V",
    argument_units=("Gy", "%"),
    units=VOLUME_UNITS,
    example="V20Gy[%]",
    grows_with="cc",
    meaning=Meaning(
        Quantity.VOLUME,
        Direction.TOO_HOT,
        Direction.TOO_COLD,
        rises=True,
        says=_says_received,
        remedy=_less,
        isodose=isodose_of_argument,
        point=_receiving,
        cap=100.0,
        cap_unit="%",
        compared=Compared.PART_VOLUME,
        from_histogram=True,
        elsewhere=Elsewhere.VOLUME_AT_DOSE,
        bounded=Bounded.BY_VOLUME,
    ),
)
def volume_at_dose(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Volume that receives at least the given dose; % as argument is of the prescription."""
    dose_gy = asked_gy(spec, context)
    if isinstance(dose_gy, Reason):
        return dose_gy
    return volume_outcome(dvh.volume_at_dose_cc(dose_gy), spec, dvh, context)


@metric(
    "CV",
    argument_units=("Gy", "%"),
    units=VOLUME_UNITS,
    example="CV15Gy[cc]",
    meaning=Meaning(
        Quantity.VOLUME,
        Direction.TOO_COLD,
        Direction.TOO_HOT,
        rises=False,
        says=saying(msg("{value} receive less than {amount}")),
        remedy=_spare,
        isodose=isodose_of_argument,
        point=_spared,
        cap=100.0,
        cap_unit="%",
        compared=Compared.PART_VOLUME,
        from_histogram=True,
    ),
)
def volume_below_dose(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Volume that receives less than the given dose: the complement of V."""
    dose_gy = asked_gy(spec, context)
    if isinstance(dose_gy, Reason):
        return dose_gy
    spared_cc = dvh.volume_cc - dvh.volume_at_dose_cc(dose_gy)
    return volume_outcome(spared_cc, spec, dvh, context)
