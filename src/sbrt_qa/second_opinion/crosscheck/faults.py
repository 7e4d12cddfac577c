"""Known faults of dicompyler-core, each named only where it shows.

What its own curve gives when read with interpolation, how far the slices of a structure are apart,
how much of it lies outside the dose grid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_meaning import Elsewhere
from sbrt_qa.dosimetry.metric_registry import MetricSpec, meaning_of
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.structure import Contour
from sbrt_qa.second_opinion.second_opinion import Comparison

ENGINE: Final = "dicompyler-core"

UNEVEN_MM: Final = 0.05
"""Difference between slice gaps that is more than rounding."""

FEW_SAMPLES: Final = 500
"""Dose voxels in a structure below which counting them is coarse."""

TIGHT_CC: Final = 1.0
"""Hot part of a structure so small that a voxel moves its dose."""

VOXEL_PART: Final = 0.2
"""Largest part of a dose by which the next voxel centre may differ, in the steepest plans."""


def fault(
    row: Comparison,
    spec: MetricSpec,
    contours: Sequence[Contour],
    ours: DVH | Reason,
    answer: Mapping[str, Any],
    doses: CaseDoses,
) -> str:
    """Return the known fault of the engine that shows in this structure; empty without one."""
    planes = np.unique(np.round([c.z_mm for c in contours], 2))
    gaps = np.diff(planes)
    if planes.size == 1:
        return say("known fault of {0}: a structure of one contour plane has volume 0", ENGINE)
    if gaps.max() - gaps.min() > UNEVEN_MM:
        return say(
            "known fault of {0}: the smallest slice gap, {1} mm, is taken for every slice, "
            "although gaps reach {2} mm",
            ENGINE,
            f"{gaps.min():g}",
            f"{gaps.max():g}",
        )
    if isinstance(ours, DVH) and ours.outside_grid_cc > 0:
        return say(
            "known fault of {0}: the {1} cc outside the dose grid are lost, or dose is invented "
            "for them",
            ENGINE,
            f"{ours.outside_grid_cc:.2f}",
        )
    meaning = meaning_of(spec)
    if meaning.elsewhere is Elsewhere.DOSE_AT_VOLUME and _reads_right(row, spec, answer, doses):
        return say(
            "known fault of {0}: the nearest bin is taken; its own curve, read with "
            "interpolation, agrees",
            ENGINE,
        )
    dose = doses.case.dose
    if not isinstance(dose, Reason) and isinstance(ours, DVH):
        x_mm, y_mm, _ = dose.spacing_mm
        samples = ours.volume_cc * 1000 / max(x_mm * y_mm * float(gaps.min()), 1e-9)
        if samples < FEW_SAMPLES:
            return say(
                "{0} counts dose voxels; this structure has about {1} of them",
                ENGINE,
                f"{samples:.0f}",
            )
    if _near(row) and (meaning.extreme is not None or _tight(row, spec)):
        return say("{0} sees the dose only at voxel centres inside the structure", ENGINE)
    return ""


def _near(row: Comparison) -> bool:
    """Tell whether two values are as near as a voxel explains."""
    if row.difference is None or row.ours is None:
        return False
    return abs(row.difference) <= VOXEL_PART * abs(row.ours)


def _tight(row: Comparison, spec: MetricSpec) -> bool:
    """Tell whether a dose to a small hot part came out lower, as it does without interpolation."""
    lower = row.difference is not None and row.difference < 0
    return lower and meaning_of(spec).is_maximum(spec, TIGHT_CC)


def _reads_right(
    row: Comparison, spec: MetricSpec, answer: Mapping[str, Any], doses: CaseDoses
) -> bool:
    """Tell whether the engine's own curve, interpolated, gives a value within the tolerance."""
    volumes, dose_gy = np.array(answer["volume_at_cc"]), np.array(answer["dose_gy"])
    if volumes.size < 2 or row.ours is None or row.tolerance is None:
        return False
    asked = spec.amount / 100 * answer["volume_cc"] if spec.argument_unit == "%" else spec.amount
    gy = float(np.interp(-asked, -volumes, dose_gy[: volumes.size]))
    rx_gy = doses.metric_context.prescription_gy
    scale = {"cGy": 100.0, "Gy": 1.0}.get(
        spec.unit, 100 / rx_gy if isinstance(rx_gy, float | int) else float("nan")
    )
    return abs(gy * scale - row.ours) <= row.tolerance
