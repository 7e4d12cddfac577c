"""Which of a plan's doses is the dose of the plan: the plan sum, or all its beams added up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from sbrt_qa.dicom.collect import FoundObject
from sbrt_qa.dicom.rtdose import summation
from sbrt_qa.errors import quoted
from sbrt_qa.model.grid import UNIFORM_TOLERANCE_MM, DoseGrid, Summation
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.plan import Plan


def choose_doses(
    doses: Sequence[FoundObject], plan: Plan | None
) -> tuple[FoundObject, ...] | Reason:
    """Return the one plan dose, or the complete beam doses, or why there is neither.

    Parameters
    ----------
    plan
        The plan that the doses belong to; without it beam doses cannot be known to be complete.
    """
    kinds: dict[Summation, list[FoundObject]] = {}
    for dose in doses:
        kinds.setdefault(summation(dose.root), []).append(dose)
    for kind in (Summation.PLAN, Summation.MULTI_PLAN):
        if len(kinds.get(kind, [])) > 1:
            return _unusable(f"several {kind} doses, and nothing says which is meant", kinds[kind])
    if Summation.PLAN in kinds:
        return tuple(kinds[Summation.PLAN])
    if Summation.BEAM in kinds:
        return _complete_beams(kinds[Summation.BEAM], plan)
    if Summation.MULTI_PLAN in kinds and len(kinds[Summation.MULTI_PLAN][0].plan_uids) == 1:
        return tuple(kinds[Summation.MULTI_PLAN])
    if doses:
        stated = ", ".join(dict.fromkeys(dose.root.shown("DoseSummationType") for dose in doses))
        return _unusable(f"no dose of the whole plan, only Dose Summation Type {stated}", doses)
    return Reason(ReasonCode.NO_DOSE, "no dose among the files belongs to this case")


def _unusable(what: str, doses: Sequence[FoundObject]) -> Reason:
    names = ", ".join(quoted(dose.name) for dose in doses)
    return Reason(ReasonCode.DOSE_UNUSABLE, f"{what}: {names}")


def _complete_beams(
    doses: Sequence[FoundObject], plan: Plan | None
) -> tuple[FoundObject, ...] | Reason:
    """Beam doses, if they hold each treatment beam of the plan exactly once."""
    if plan is None:
        return _unusable("only beam doses, and no plan to tell whether they are all", doses)
    wanted = sorted(beam.number for beam in plan.beams if beam.meterset != 0)
    present = sorted(number for dose in doses for number in dose.beam_numbers)
    if present != wanted or not all(dose.beam_numbers for dose in doses):
        return _unusable(
            f"beam doses are not those of the plan: beams {present or 'unstated'}, "
            f"expected {wanted}, each once",
            doses,
        )
    return tuple(doses)


def read_sum(
    doses: Sequence[FoundObject], read: Callable[[FoundObject], DoseGrid]
) -> DoseGrid | Reason:
    """Read one dose, or add up several that share one grid."""
    total = read(doses[0])
    if len(doses) == 1:
        return total
    sum_gy = total.dose_gy.copy()
    for dose in doses[1:]:
        grid = read(dose)
        if not _same_grid(total, grid):
            return _unusable("beam doses lie on different grids", (doses[0], dose))
        sum_gy += grid.dose_gy
    return replace(total, dose_gy=sum_gy, summation=Summation.SUMMED_BEAMS)


def _same_grid(one: DoseGrid, other: DoseGrid) -> bool:
    axes = ("x_mm", "y_mm", "z_mm")
    return (
        one.dose_gy.shape == other.dose_gy.shape
        and one.frame_of_reference_uid == other.frame_of_reference_uid
        and one.dose_type == other.dose_type
        and all(
            np.abs(getattr(one, axis) - getattr(other, axis)).max() <= UNIFORM_TOLERANCE_MM
            for axis in axes
        )
    )
