"""How far a curve is from a limit in the other direction: a limit of volume in dose, and back."""

from __future__ import annotations

from typing import Final

import numpy as np

from sbrt_qa.dosimetry.metric_meaning import ABOVE, Quantity
from sbrt_qa.dosimetry.metric_registry import meaning_of
from sbrt_qa.evidence.evidence import DrawnCurve, Evidence
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.protocol.limit_result import ConstraintResult, spec_of
from sbrt_qa.reports.compose.limit_points import markers, volume_at_cc
from sbrt_qa.units import gy_text

MORE: Final = msg("In volume: {volume} get {level} or more, where {allowed} may.")
LESS: Final = msg("In volume: {volume} get {level} or more, where {allowed} should.")
HOTTER: Final = msg("In dose: {allowed} get {dose} or more, where {level} is allowed.")
COLDER: Final = msg("In dose: {allowed} get {dose} or more, where {level} is asked for.")
SPARED: Final = msg("In dose: the coldest {allowed} get up to {dose}, where {level} is allowed.")


def other_distance(
    result: ConstraintResult, evidence: Evidence | None, prescription_gy: float | None, words: Words
) -> str:
    """Return how far off a missed limit is in the direction that its metric does not measure.

    A limit of the dose to a volume is told in volume, one of the volume at a dose in dose, both
    read off the curve at the point of the limit. Empty where that point is on no curve.
    """
    spec = spec_of(result)
    if evidence is None or spec is None or result.key not in evidence.curve_of:
        return ""
    curve = evidence.curves[evidence.curve_of[result.key]]
    points, _ = markers(result, curve, prescription_gy)
    bound = result.per_protocol_limit
    point = next((p for p in points if p.volume_cc is not None and _is_of(p.value, bound)), None)
    if point is None or point.volume_cc is None:
        return ""
    in_percent = "%" in (spec.unit, spec.argument_unit) and spec.argument_unit != "cc"
    there = {
        "level": f"{gy_text(point.dose_gy)} Gy",
        "dose": f"{_dose_at_gy(curve, evidence, point.volume_cc):.1f} Gy",
    }
    quantity, hot = meaning_of(spec).quantity, result.op in ABOVE
    if quantity is Quantity.DOSE:
        volume_cc = volume_at_cc(curve, evidence, point.dose_gy)
        there |= {
            "volume": _volume_text(volume_cc, curve, percent=in_percent),
            "allowed": _volume_text(point.volume_cc, curve, percent=in_percent),
        }
        return words(MORE if hot else LESS, **there)
    if quantity is not Quantity.VOLUME:
        return ""
    spared = meaning_of(spec).rises is False
    allowed_cc = curve.volume_cc - point.volume_cc if spared else point.volume_cc
    there["allowed"] = _volume_text(allowed_cc, curve, percent=in_percent)
    return words(SPARED if spared else HOTTER if hot else COLDER, **there)


def _is_of(value: float | None, bound: float | None) -> bool:
    return value is not None and value == bound


def _volume_text(volume_cc: float, curve: DrawnCurve, *, percent: bool) -> str:
    if percent and curve.volume_cc:
        return f"{100 * volume_cc / curve.volume_cc:.1f} %"
    return f"{volume_cc:.2f} cc"


def _dose_at_gy(curve: DrawnCurve, evidence: Evidence, volume_cc: float) -> float:
    """Return the highest dose that a volume gets, linear between the doses of the axis."""
    if volume_cc <= 0:
        return curve.max_gy
    if volume_cc >= curve.at_dose_cc[0]:
        return curve.min_gy
    rising = np.flip(curve.at_dose_cc)
    return float(np.interp(volume_cc, rising, np.flip(evidence.dose_axis_gy)))
