"""Other plausible ways of reading the same file, and what they make of a DVH.

A file leaves open how a structure runs between its planes and beyond them, and what the dose is
between voxels. Each *reading* decides one of these in another way than the default, as some
planning system does or as the file allows. What a metric does under all of them is its band.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.integrate import DEFAULT_SETTINGS, IntegrationSettings
from sbrt_qa.dosimetry.interpolation import Interpolation
from sbrt_qa.geometry.slabs import (
    DEFAULT_CONVENTION,
    Between,
    Convention,
    Ends,
    Missing,
    Overlaps,
    Voxels,
)
from sbrt_qa.model.grid import FloatArray

SAFETY: Final = 1.5
"""What remains of the interpolation error is taken this many times as large as it is estimated."""

CURVE_SHARE: Final = 0.07
"""Largest error of a point of the curve, as a part of the largest difference between the curves of
the two halves of the scan lines."""

VOLUME_SHARE: Final = 0.07
"""The same for the volume."""

FLOOR: Final = 4.5e-4
"""Least half-width of a band, as a part of the volume or of the highest dose: coordinates are
rounded, contours are chords, and the dose is a table."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One other way of reading contours or dose."""

    convention: Convention = DEFAULT_CONVENTION
    settings: IntegrationSettings = DEFAULT_SETTINGS


def _dose(how: Interpolation) -> Reading:
    return Reading(settings=dataclasses.replace(DEFAULT_SETTINGS, interpolation=how))


READINGS: Final = {
    "linear": _dose(Interpolation.LINEAR),
    "unheld": _dose(Interpolation.UNHELD),
    "coarse": _dose(Interpolation.COARSE),
    "slab": Reading(Convention(Between.SLAB, Ends.HALF_SLICE)),
    "half slice": Reading(Convention(Between.MORPH, Ends.HALF_SLICE)),
    "no ends": Reading(Convention(Between.MORPH, Ends.NONE)),
    "low end none": Reading(Convention(flat_low=0.0)),
    "low end whole": Reading(Convention(flat_low=1.0)),
    "high end none": Reading(Convention(flat_high=0.0)),
    "high end whole": Reading(Convention(flat_high=1.0)),
    "overlaps united": Reading(Convention(overlaps=Overlaps.UNION)),
    "overlaps even-odd": Reading(Convention(overlaps=Overlaps.EVEN_ODD)),
    "thin walls filled": Reading(Convention(overlaps=Overlaps.SOLID)),
    "gaps filled": Reading(Convention(missing=Missing.FILLED)),
    "gaps open": Reading(Convention(missing=Missing.OPEN)),
    "voxels smaller": Reading(Convention(voxels=Voxels.SMALLER)),
    "voxels larger": Reading(Convention(voxels=Voxels.LARGER)),
}
"""All readings besides the default, by name."""


def beyond(coarse: DVH, fine: DVH, parts: int) -> DVH:
    """Return where a DVH goes when its voxels are divided ever more finely.

    The error of a linear interpolation falls with the square of the spacing, so what is left after
    dividing into `parts` is the difference so far over ``parts ** 2 - 1``; `SAFETY` times that.
    """
    # error(h) = c h^2: coarse - fine = c (h^2 - (h/parts)^2), so what fine still lacks is (coarse -
    # fine) / (parts^2 - 1) (Richardson's extrapolation), and that times the safety.
    share = SAFETY / (parts**2 - 1)
    edges = np.union1d(coarse.dose_gy, fine.dose_gy)
    a, b = coarse.volumes_at_doses_cc(edges), fine.volumes_at_doses_cc(edges)
    low = max(fine.min_gy + share * (fine.min_gy - coarse.min_gy), 0.0)
    high = max(fine.max_gy + share * (fine.max_gy - coarse.max_gy), low)
    mean = fine.mean_gy + share * (fine.mean_gy - coarse.mean_gy)
    return dataclasses.replace(
        fine,
        dose_gy=edges,
        cumulative_cc=_falling(b + share * (b - a), fine.inside_grid_cc),
        min_gy=low,
        mean_gy=min(max(mean, low), high),
        max_gy=high,
    )


def moved_as(dvh: DVH, before: DVH, after: DVH) -> DVH:
    """Return a DVH moved as far as one reading of the same region moves to another."""
    edges = np.union1d(np.union1d(before.dose_gy, after.dose_gy), dvh.dose_gy)
    here, old, new = (d.volumes_at_doses_cc(edges) for d in (dvh, before, after))
    low = max(dvh.min_gy + after.min_gy - before.min_gy, 0.0)
    high = max(dvh.max_gy + after.max_gy - before.max_gy, low)
    mean = dvh.mean_gy + after.mean_gy - before.mean_gy
    return dataclasses.replace(
        dvh,
        dose_gy=edges,
        cumulative_cc=_falling(here + new - old, dvh.inside_grid_cc),
        min_gy=low,
        mean_gy=min(max(mean, low), high),
        max_gy=high,
    )


def moved(dvh: DVH, sign: float) -> DVH:
    """Return the DVH at the edge (`sign` -1 or 1) of where the curve may really run."""
    part = sign * CURVE_SHARE * dvh.quadrature_error
    dose_gy = sign * FLOOR * dvh.max_gy
    low, high = max(dvh.min_gy + dose_gy, 0.0), dvh.max_gy + dose_gy
    mean = dvh.mean_gy + part * (dvh.max_gy - dvh.min_gy) / 2 + dose_gy
    return dataclasses.replace(
        dvh,
        dose_gy=dvh.dose_gy + dose_gy,
        cumulative_cc=_falling(dvh.cumulative_cc + part * dvh.volume_cc, dvh.inside_grid_cc),
        min_gy=low,
        mean_gy=min(max(mean, low), high),
        max_gy=high,
    )


def scaled(dvh: DVH, sign: float) -> DVH:
    """Return the DVH with all volumes at the edge (`sign` -1 or 1) of what they may really be."""
    whole = 1.0 + sign * (VOLUME_SHARE * dvh.quadrature_error + FLOOR)
    return dataclasses.replace(
        dvh,
        volume_cc=dvh.volume_cc * whole,
        outside_grid_cc=dvh.outside_grid_cc * whole,
        cumulative_cc=dvh.cumulative_cc * whole,
    )


def _falling(volumes_cc: FloatArray, inside_cc: float) -> FloatArray:
    bounded = np.clip(volumes_cc, 0.0, inside_cc)
    bounded[0] = inside_cc
    return np.asarray(np.minimum.accumulate(bounded))
