"""Which of a plan's doses is the dose of the plan: the plan sum, or all its beams added up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from sbrt_qa.dicom.collect import FoundObject
from sbrt_qa.dicom.regrid import GRIDS, addable, same_grid
from sbrt_qa.dicom.rtdose import summation
from sbrt_qa.errors import quoted
from sbrt_qa.model.grid import DoseGrid, Summation
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.phrase import say
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
            return _unusable(
                say("several {0} doses, and nothing says which is meant", kind), kinds[kind]
            )
    if Summation.PLAN in kinds:
        return tuple(kinds[Summation.PLAN])
    if Summation.BEAM in kinds:
        return _complete_beams(kinds[Summation.BEAM], plan)
    if Summation.MULTI_PLAN in kinds and len(kinds[Summation.MULTI_PLAN][0].plan_uids) == 1:
        return tuple(kinds[Summation.MULTI_PLAN])
    if doses:
        stated = ", ".join(dict.fromkeys(dose.root.shown("DoseSummationType") for dose in doses))
        return _unusable(
            say("no dose of the whole plan, only Dose Summation Type {0}", stated), doses
        )
    return Reason(ReasonCode.NO_DOSE, say("no dose among the files belongs to this case"))


def _unusable(what: str, doses: Sequence[FoundObject]) -> Reason:
    names = ", ".join(quoted(dose.name) for dose in doses)
    return Reason(ReasonCode.DOSE_UNUSABLE, f"{what}: {names}")


def _complete_beams(
    doses: Sequence[FoundObject], plan: Plan | None
) -> tuple[FoundObject, ...] | Reason:
    """Beam doses, if they hold each treatment beam of the plan exactly once."""
    if plan is None:
        return _unusable(say("only beam doses, and no plan to tell whether they are all"), doses)
    wanted = sorted(beam.number for beam in plan.beams if beam.meterset != 0)
    present = sorted(number for dose in doses for number in dose.beam_numbers)
    if present != wanted or not all(dose.beam_numbers for dose in doses):
        return _unusable(
            say(
                "beam doses are not those of the plan: beams {0}, expected {1}, each once",
                present or say("unstated"),
                wanted,
            ),
            doses,
        )
    return tuple(doses)


def read_sum(
    doses: Sequence[FoundObject], read: Callable[[FoundObject], DoseGrid]
) -> DoseGrid | Reason:
    """Read one dose, or add up several; grids that differ are first brought onto one."""
    grids = tuple(read(dose) for dose in doses)
    if len(grids) == 1:
        return grids[0]
    where = " + ".join(dose.name for dose in doses)
    grids = GRIDS.mend(grids, where, doses[0].root.log)
    if not (addable(grids) and same_grid(grids)):
        return _unusable(say("beam doses lie on grids that cannot be brought onto one"), doses)
    total_gy = np.sum([grid.dose_gy for grid in grids], axis=0)
    return replace(grids[0], dose_gy=total_gy, summation=Summation.SUMMED_BEAMS)
