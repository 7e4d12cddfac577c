"""What keeping an organ's maximum would cost the coverage of a target that it touches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, check
from sbrt_qa.dosimetry.metric_meaning import ABOVE
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import meaning_of
from sbrt_qa.dosimetry.metrics import evaluate
from sbrt_qa.geometry.expansion.grow import BoolArray, Margins, Raster, grown, rasterise
from sbrt_qa.geometry.margins import gap_mm, vertices
from sbrt_qa.geometry.regions import Cells, cells_of
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.limit_result import ConstraintResult

LOOKED_AT: Final = 20_000
"""Vertices of an organ at most."""

COVERAGE: Final = parse_metric("V100%[%]")

STEP_MM: Final = 1.5
"""Side of the cubes into which the target is cut; the estimate is not finer than its model."""

ERROR_MM: Final = 1.5 * STEP_MM
"""Error of the distance over which the dose falls: a step, and half a cube of the organ's side."""

MOST_FALL_MM: Final = 20.0
"""Longest distance from the target in which the fall of its dose is looked for."""

STEEPEST_PART: Final = 0.1
"""Part of the surroundings, at one distance, that the steepest side of a plan makes up."""


class _Cost(NamedTuple):
    """Loss of coverage in per cent of the target's volume: estimated, and the ends of its error.

    The ends are those of a dose that falls off over `ERROR_MM` less, or more.
    """

    lost: float
    least: float
    most: float
    fall_mm: float


@check(
    "COVERAGE_COST",
    title="Coverage that an organ's maximum would cost",
    group=Group.PRESCRIPTION,
    source="first estimate; proposal",
    rows=(7,),
)
def coverage_cost(
    context: CheckContext,
    serial: tuple[str, ...] = (
        "Stomach",
        "Duodenum",
        "Bowel_Small",
        "Bowel_Large",
        "Bowel",
        "Esophagus",
        "SpinalCord",
        "SpinalCord_PRV05",
        "SpinalCanal",
        "Anastomosis",
    ),
    touching_mm: float = 2.0,
    maximum_cc: float = 0.5,
) -> Iterator[Outcome]:
    """Estimate what a serial organ that touches the PTV would cost in coverage.

    Only for limits of priority 1 of the dose to a point or nearly so, and where they are missed:
    there alone coverage may give way. The plan's own steepest fall-off is taken: the distance from
    the PTV at which a tenth of its surroundings is below the dose of the limit. The part of the PTV
    within that distance of the organ is counted as lost, and taken from the coverage as computed.
    It is a first estimate, not a plan: its error is told, that of the fall-off.

    Parameters
    ----------
    serial
        Structures of the protocol that a maximum can injure as a whole.
    touching_mm
        Distance from the PTV up to which an organ touches it.
    maximum_cc
        Largest volume of a dose limit that counts as a maximum.
    """
    rx_gy = context.prescription_gy
    target, dose = context.one("PTV"), context.case.dose
    region = context.doses.region(target) if target else None
    if rx_gy is None or region is None or isinstance(region, Reason) or isinstance(dose, Reason):
        return
    now = _coverage(context, target, rx_gy)
    if now is None:
        return
    told: set[str] = set()
    for r in context.results:
        if r.structure in told or r.structure not in serial or not _missed(r, maximum_cc):
            continue
        structure = context.one(r.structure)
        organ = context.doses.region(structure) if structure else None
        if structure is None or organ is None or isinstance(organ, Reason):
            continue
        cells, beside = cells_of(region), cells_of(organ)
        if gap_mm(cells, beside, vertices(structure, LOOKED_AT)) > touching_mm:
            continue
        cost = _cost(cells, beside, (rx_gy, r.per_protocol_limit or 0.0), dose)
        if cost is not None:
            told.add(r.structure)
            yield _found(r, now, cost)


def _missed(r: ConstraintResult, maximum_cc: float) -> bool:
    """Tell whether this is a missed maximum of priority 1, in Gy."""
    if r.priority != 1 or not r.counts or r.value is None or r.per_protocol_limit is None:
        return False
    spec = parse_metric(r.metric)
    point = meaning_of(spec).is_maximum(spec, maximum_cc)
    upper = r.op in ABOVE and spec.unit == "Gy" and spec.conversion is None
    return point and upper and r.value > r.per_protocol_limit


def _coverage(context: CheckContext, target: Structure | None, rx_gy: float) -> float | None:
    """Return V100% of the target as it is computed for its limits."""
    dvh = context.doses.dvh(target) if target else None
    if dvh is None or isinstance(dvh, Reason):
        return None
    known = replace(context.doses.metric_context, prescription_gy=rx_gy)
    value = evaluate(COVERAGE, dvh, known)
    return None if isinstance(value, Reason) else value.value


def _found(r: ConstraintResult, now: float, cost: _Cost) -> Found:
    then, low, high = (max(now - lost, 0.0) for lost in (cost.lost, cost.most, cost.least))
    digits = 0 if cost.lost >= 1 else 1
    text = say(
        "Where the target touches {0}, its coverage may have to give way: in a first estimate "
        "V100% of the PTV falls from {1} % to about {2} % ({3} to {4} %: the dose falls off over "
        "{5} mm, read to {6} mm).",
        r.structure,
        f"{now:.1f}",
        *(f"{value:.{digits}f}" for value in (then, low, high)),
        f"{cost.fall_mm:.1f}",
        f"{ERROR_MM:g}",
    )
    found = say("V100% {0} % to about {1} %", f"{now:.1f}", f"{then:.{digits}f}")
    return Found(r.structure, text, "", found)


def _cost(
    target: Cells, organ: Cells, doses_gy: tuple[float, float], dose: DoseGrid
) -> _Cost | None:
    """Return the estimate; None for a target without a volume.

    `doses_gy` are the prescription and the limit of the organ.
    """
    rx_gy, limit_gy = doses_gy
    raster = Raster.around([target], Margins.even(MOST_FALL_MM), STEP_MM)
    inside = rasterise(target, raster)
    if not inside.any():
        return None
    values = _dose_gy(dose, raster)
    fall_mm = _fall_mm(values, inside, limit_gy)
    organ_there = rasterise(organ, raster)
    covered = values[inside] >= rx_gy

    def lost(within_mm: float) -> float:
        near = grown(organ_there, STEP_MM, Margins.even(max(within_mm, 0.0)))
        return float(100 * np.mean(covered & near[inside]))

    return _Cost(lost(fall_mm), lost(fall_mm - ERROR_MM), lost(fall_mm + ERROR_MM), fall_mm)


def _dose_gy(dose: DoseGrid, raster: Raster) -> FloatArray:
    """Return the dose at the points of a raster, 0 outside the grid; ``[z, y, x]``."""
    from scipy.interpolate import RegularGridInterpolator  # only here: it takes long to load

    read = RegularGridInterpolator(
        (dose.z_mm, dose.y_mm, dose.x_mm), dose.dose_gy, bounds_error=False, fill_value=0.0
    )
    points = np.meshgrid(raster.z_mm, raster.y_mm, raster.x_mm, indexing="ij")
    return np.asarray(read(np.stack(points, axis=-1)))


def _fall_mm(values_gy: FloatArray, inside: BoolArray, level_gy: float) -> float:
    """Return how far from the target a tenth of its surroundings is below a dose."""
    from scipy.ndimage import distance_transform_edt  # only here: it takes long to load

    away_mm = distance_transform_edt(~inside) * STEP_MM
    for far_mm in np.arange(STEP_MM, MOST_FALL_MM, STEP_MM):
        shell = (away_mm > far_mm - STEP_MM) & (away_mm <= far_mm)
        if shell.any() and np.mean(values_gy[shell] < level_gy) >= STEEPEST_PART:
            return float(far_mm)
    return MOST_FALL_MM
