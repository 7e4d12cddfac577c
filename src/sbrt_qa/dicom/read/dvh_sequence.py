"""The DVHs that a planning system stored in an RTDOSE (PS3.3 C.8.8.4, RT DVH module).

Only histograms that can be compared are kept: of one included structure, physical dose in Gy. The
DVH Dose Scaling applies to the widths of the dose bins and never to volumes; the stored minimum,
mean and maximum are not scaled by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from sbrt_qa.dicom.quirks import DOSE_UNITS, Mended, Stage
from sbrt_qa.dicom.text.decimal_text import BadDecimal, parse_decimals
from sbrt_qa.dicom.text.elements import Item
from sbrt_qa.errors import DicomError, GeometryError
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.stored_dvh import StoredDvh
from sbrt_qa.units import DOSE_UNITS_GY

MAX_HISTOGRAMS: Final = 2000
"""More than any structure set has; the rest is left out, and said."""

ROUNDING: Final = 1e-4
"""Part of the volume by which a stored curve may rise, or lie below 0: rounding."""

MAXIMUM_TOLERANCE: Final = 0.01
"""Relative difference between stored maximum and end of the curve that still counts as the same."""


class Statistics(NamedTuple):
    """Stored minimum, mean and maximum, and what they can be held against."""

    stored: tuple[float | None, float | None, float | None]
    curve_max_gy: float
    bin_gy: float
    prescription_gy: float | None


STATISTICS: Stage[Statistics] = Stage("stored DVH statistics")


@STATISTICS.quirk(
    "dvh-statistics-in-percent", vendor="Eclipse", example="DVHMaximumDose 104.9 of 14 Gy, units GY"
)
def statistics_in_percent(found: Statistics) -> Mended[Statistics] | None:
    """Read stored DVH statistics as per cent of the prescription although the units say Gy."""
    highest, rx_gy = found.stored[2], found.prescription_gy
    if highest is None or rx_gy is None or _same(highest, found):
        return None
    if not _same(highest * rx_gy / 100, found):
        return None
    low, mean, high = (None if v is None else v * rx_gy / 100 for v in found.stored)
    detail = say("stored minimum, mean and maximum are per cent of {0} Gy, not Gy", f"{rx_gy:g}")
    return Mended(found._replace(stored=(low, mean, high)), detail)


def read_stored_dvhs(root: Item, prescription_gy: float | None) -> tuple[StoredDvh, ...]:
    """Read the histograms of an RTDOSE that can be compared; those left out are noted.

    Parameters
    ----------
    prescription_gy
        Of the plan, where it is known: some files give statistics in per cent of it.
    """
    items = root.items("DVHSequence")
    if len(items) > MAX_HISTOGRAMS:
        root.log.note(
            say("{0}: only {1} of {2} stored DVHs are read", root.where, MAX_HISTOGRAMS, len(items))
        )
    kept: dict[int, StoredDvh] = {}
    for found in _histograms(root, items[:MAX_HISTOGRAMS], prescription_gy):
        if kept.setdefault(found.roi_number, found) is not found:
            root.log.note(
                say(
                    "{0}: ROI {1} has several stored DVHs; the first is used",
                    root.where,
                    found.roi_number,
                )
            )
    return tuple(kept.values())


def _histograms(
    root: Item, items: tuple[Item, ...], prescription_gy: float | None
) -> Iterator[StoredDvh]:
    for index, item in enumerate(items, start=1):
        try:
            yield _histogram(item, prescription_gy)
        except (DicomError, GeometryError) as refused:
            root.log.note(say("{0}: stored DVH {1} is not used: {2}", root.where, index, refused))


def _histogram(item: Item, prescription_gy: float | None) -> StoredDvh:
    roi_number = _roi_number(item)
    factor = _gy_per_unit(item)
    scaling = item.number("DVHDoseScaling")
    if scaling is None or scaling <= 0:
        raise DicomError("DVH Dose Scaling is unusable", got=item.shown("DVHDoseScaling"))
    widths, volumes = _data(item)
    dose_gy, cumulative = _cumulative(item.code("DVHType"), widths * scaling * factor, volumes)
    curve = StoredDvh(
        roi_number, dose_gy, cumulative / cumulative[0], _volume_cc(item, float(cumulative[0]))
    )
    low, mean, high = _statistics(item, curve, factor, prescription_gy)
    return StoredDvh(roi_number, dose_gy, curve.fraction, curve.volume_cc, low, mean, high)


def _roi_number(item: Item) -> int:
    referenced = item.items("DVHReferencedROISequence")
    included = [r for r in referenced if r.code("DVHROIContributionType") in ("INCLUDED", "")]
    number = included[0].integer("ReferencedROINumber") if included else None
    if len(referenced) != 1 or number is None:
        raise DicomError("it is not that of exactly one included structure")
    return number


def _gy_per_unit(item: Item) -> float:
    if item.code("DoseType") not in ("PHYSICAL", ""):
        raise DicomError("its dose is not physical dose", got=item.shown("DoseType"))
    units = DOSE_UNITS.mend(item.code("DoseUnits"), item.where, item.log)
    if units not in DOSE_UNITS_GY:
        raise DicomError("its Dose Units are not Gy", got=item.shown("DoseUnits"))
    return DOSE_UNITS_GY[units]


def _data(item: Item) -> tuple[FloatArray, FloatArray]:
    """Return bin widths and volumes, as stored."""
    (values,) = parse_decimals([item.raw("DVHData").rstrip(b" \0")])
    if isinstance(values, BadDecimal):
        raise DicomError("DVH Data holds text that is no number")
    if values.size < 4 or values.size % 2:
        raise DicomError(f"DVH Data has {values.size} numbers, not pairs of width and volume")
    widths, volumes = values[::2], values[1::2]
    if widths[0] < 0 or (widths[1:] <= 0).any():
        raise DicomError("DVH Data has bin widths that are not positive")
    whole = float(volumes.max())
    if whole <= 0 or volumes.min() < -ROUNDING * whole:
        raise DicomError("DVH Data holds no volume, or volumes below 0")
    return widths, np.maximum(volumes, 0.0)


def _cumulative(
    kind: str, widths_gy: FloatArray, volumes: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return edges and the volume at or above each.

    A first width of 0 means that the doses themselves step from 0; else a volume belongs to the
    lower edge of its bin.
    """
    upper = np.cumsum(widths_gy)
    if kind == "DIFFERENTIAL":
        edges = np.concatenate([[0.0], upper])
        return edges, np.concatenate([np.cumsum(volumes[::-1])[::-1], [0.0]])
    if kind != "CUMULATIVE":
        raise DicomError("its type is neither cumulative nor differential")
    if (np.diff(volumes) > ROUNDING * volumes[0]).any():
        raise DicomError("its cumulative volumes rise")
    falling = np.minimum.accumulate(volumes)
    if widths_gy[0] == 0:
        last = upper[-1] + widths_gy[-1]
        return np.append(upper, last), np.append(falling, 0.0)
    return np.concatenate([[0.0], upper]), np.append(falling, 0.0)


def _volume_cc(item: Item, whole: float) -> float | None:
    units = item.code("DVHVolumeUnits")
    if units not in ("CM3", "PERCENT", "PER_U"):
        raise DicomError("unknown DVH Volume Units", got=item.shown("DVHVolumeUnits"))
    return whole if units == "CM3" else None


def _statistics(
    item: Item, curve: StoredDvh, factor: float, prescription_gy: float | None
) -> tuple[float | None, float | None, float | None]:
    """Return minimum, mean and maximum in Gy; None for all where they contradict the curve."""
    names = ("DVHMinimumDose", "DVHMeanDose", "DVHMaximumDose")
    low, mean, high = (None if (v := item.number(n)) is None else v * factor for n in names)
    bin_gy = float(curve.dose_gy[-1] - curve.dose_gy[-2])
    given = Statistics((low, mean, high), curve.curve_max_gy, bin_gy, prescription_gy)
    found = STATISTICS.mend(given, item.where, item.log)
    low, mean, high = found.stored
    if high is not None and not _same(high, found):
        text = say("{0}: stored DVH statistics contradict their curve and are not used", item.where)
        item.log.note(text)
        return None, None, None
    ordered = [v for v in (low, mean, high) if v is not None]
    return (low, mean, high) if ordered == sorted(ordered) else (None, None, None)


def _same(maximum_gy: float, found: Statistics) -> bool:
    tolerance = MAXIMUM_TOLERANCE * found.curve_max_gy + 2 * found.bin_gy
    return abs(maximum_gy - found.curve_max_gy) <= tolerance
