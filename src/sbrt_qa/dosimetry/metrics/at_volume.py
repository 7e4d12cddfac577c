"""Doses at a volume: D (hottest part) and DC (coldest part), AAPM TG-263 section 8."""

from __future__ import annotations

from typing import Final

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_meaning import (
    Bounded,
    Compared,
    Direction,
    Elsewhere,
    Meaning,
    Portion,
    Quantity,
    Remedy,
    in_cc,
    in_gy,
)
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, metric
from sbrt_qa.dosimetry.metrics.conversions import asked_cc, dose_outcome
from sbrt_qa.dosimetry.metrics.meanings import POINT_CC, isodose_of_limit, saying
from sbrt_qa.i18n.phrase import msg, say
from sbrt_qa.model.outcome import Outcome, Reason

DOSE_UNITS = ("Gy", "cGy", "%")

HOTTEST: Final = msg("The hottest {amount} receive at least {value}")
HOTTEST_ONLY: Final = msg("The hottest {amount} receive only {value}")
ONLY: Final = msg("{amount} of the volume receive at least {value}")

OFF: Final = msg(
    "Bring the {bound} isodose off {structure}: at most {argument} cc may get more; {volume} cc do."
)
OFF_UNCOUNTED: Final = msg(
    "Bring the {bound} isodose off {structure}: at most {argument} cc may get more."
)
SMALLER: Final = msg("At most {amount} of {structure} may get more than {bound}; {volume} do.")
SMALLER_UNCOUNTED: Final = msg("At most {amount} of {structure} may get more than {bound}.")
SPARE: Final = msg("At least {amount} of {structure} must stay below {bound}; {volume} do.")
SPARE_UNCOUNTED: Final = msg(
    "At least {amount} of {structure} must stay below {bound}; as planned they get up to {value}."
)


def _volume_in(spec: MetricSpec) -> str:
    return f"{spec.amount:g} {spec.argument_unit}"


def _says_hottest(spec: MetricSpec, direction: Direction | None) -> str:
    if direction is None or not direction.is_cold:
        return HOTTEST
    return HOTTEST_ONLY if spec.argument_unit == "cc" else ONLY


def _less_of_it(spec: MetricSpec) -> Remedy | None:
    """Bring an isodose off an organ, or make what gets it smaller where more of it may."""
    if spec.unit != "Gy" or spec.conversion is not None:
        return None
    if spec.argument_unit == "cc" and spec.amount <= POINT_CC:
        return Remedy(OFF_UNCOUNTED, OFF)
    counted = SMALLER if spec.argument_unit == "cc" else ""
    return Remedy(SMALLER_UNCOUNTED, counted, shown="{:.2f} cc")


def _spare(spec: MetricSpec) -> Remedy | None:
    if spec.unit != "Gy" or spec.conversion is not None:
        return None
    counted = SPARE if spec.argument_unit == "cc" else ""
    return Remedy(SPARE_UNCOUNTED, counted, below=True, shown="{:.0f} cc")


def _at_hottest(
    spec: MetricSpec, value: float, whole_cc: float, prescription_gy: float | None
) -> tuple[float, float | None] | None:
    dose_gy = in_gy(value, spec.unit, prescription_gy)
    part_cc = in_cc(spec.amount, spec.argument_unit, whole_cc)
    return None if dose_gy is None else (dose_gy, part_cc)


def _at_coldest(
    spec: MetricSpec, value: float, whole_cc: float, prescription_gy: float | None
) -> tuple[float, float | None] | None:
    found = _at_hottest(spec, value, whole_cc, prescription_gy)
    return None if found is None else (found[0], whole_cc - (found[1] or 0.0))


@metric(
    "D",
    argument_units=("%", "cc"),
    units=DOSE_UNITS,
    example="D95%[Gy]",
    grows_with="cc",
    meaning=Meaning(
        Quantity.DOSE,
        Direction.TOO_HOT,
        Direction.TOO_COLD,
        rises=True,
        called=lambda spec: say("the dose to the most irradiated {0}", _volume_in(spec)),
        says=_says_hottest,
        remedy=_less_of_it,
        excess=msg("{volume} cc lie within the {bound} isodose, where {argument} cc may."),
        isodose=isodose_of_limit,
        point=_at_hottest,
        compared=Compared.DOSE_AT_VOLUME,
        from_histogram=True,
        elsewhere=Elsewhere.DOSE_AT_VOLUME,
        portion=Portion.HOTTEST,
        bounded=Bounded.BY_MAXIMUM,
        if_smaller="Min",
    ),
)
def dose_at_volume(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Highest dose that at least the given volume receives: the dose to its hottest part."""
    volume_cc = asked_cc(spec, dvh)
    if isinstance(volume_cc, Reason):
        return volume_cc
    return dose_outcome(dvh.dose_at_volume_gy(min(volume_cc, dvh.inside_grid_cc)), spec, context)


@metric(
    "DC",
    argument_units=("%", "cc"),
    units=DOSE_UNITS,
    example="DC700cc[Gy]",
    meaning=Meaning(
        Quantity.DOSE,
        Direction.TOO_HOT,
        Direction.TOO_COLD,
        rises=True,
        called=lambda spec: say("the dose to the least irradiated {0}", _volume_in(spec)),
        says=saying(msg("The coldest {amount} receive up to {value}")),
        remedy=_spare,
        excess=msg("{volume} cc stay below {bound}, where {argument} cc should."),
        isodose=isodose_of_limit,
        point=_at_coldest,
        compared=Compared.DOSE_AT_VOLUME,
        from_histogram=True,
        portion=Portion.COLDEST,
        bounded=Bounded.BY_MAXIMUM,
    ),
)
def dose_at_complement(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Highest dose within the coldest part of the given volume.

    The coldest 700 cc of a liver of 1200 cc get no more than the hottest 500 cc get at least. Not
    to be mistaken for D700cc, the dose to the hottest 700 cc.
    """
    coldest_cc = asked_cc(spec, dvh)
    if isinstance(coldest_cc, Reason):
        return coldest_cc
    hottest_cc = min(dvh.volume_cc - coldest_cc, dvh.inside_grid_cc)
    return dose_outcome(dvh.dose_at_volume_gy(hottest_cc), spec, context)
