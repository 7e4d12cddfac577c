"""Gamma of two doses, for scripts: cases or grids in, a pass rate and the values out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sbrt_qa.dosimetry.gamma import MOST_POINTS, GammaCriteria
from sbrt_qa.dosimetry.gamma import gamma as gamma_of
from sbrt_qa.errors import UsageError
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.case import Case, one_case
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Reason, ReasonCode


@dataclass(frozen=True, slots=True, eq=False)
class GammaMap:
    """Gamma at voxels of the reference dose.

    Parameters
    ----------
    criteria
        What counts 1, from which dose on, and where gamma is cut off.
    values
        Gamma of the evaluated voxels, at most `criteria.cap`.
    points_mm
        Their centres, rows of (z, y, x).
    candidates
        Voxels above the cutoff within both grids. Where they are more than 60,000, an even
        selection of 60,000 is evaluated.
    beyond
        Voxels above the cutoff that lie beyond the evaluated grid: of them nothing is known.
    frame_stated
        Whether the doses state the frame of reference that they share; without it nothing shows
        that they lie in the same.
    """

    criteria: GammaCriteria
    values: FloatArray
    points_mm: FloatArray
    candidates: int
    beyond: int
    frame_stated: bool = True

    @property
    def pass_percent(self) -> float | Reason:
        """Per cent of the evaluated voxels with gamma up to 1, or why there is none."""
        if self.values.size == 0:
            text = say("no voxel above the cutoff lies within both dose grids")
            return Reason(ReasonCode.OUTSIDE_DOSE_GRID, text)
        return float(100 * np.mean(self.values <= 1))

    @property
    def is_selection(self) -> bool:
        """Whether only some of the voxels were evaluated."""
        return self.candidates > self.values.size

    def __repr__(self) -> str:
        """Return pass rate, criteria and how many voxels it rests on."""
        rate = self.pass_percent
        told = str(rate.detail) if isinstance(rate, Reason) else f"{rate:.1f} % pass"
        most = f", an even selection (at most {MOST_POINTS})" if self.is_selection else ""
        beyond = f", {self.beyond} beyond the evaluated grid" if self.beyond else ""
        frame = "" if self.frame_stated else ", no frame of reference stated"
        return (
            f"<GammaMap {self.criteria}: {told}, "
            f"{self.values.size} of {self.candidates} voxels{most}{beyond}{frame}>"
        )


def gamma(
    reference: Case | DoseGrid,
    evaluated: Case | DoseGrid,
    *,
    dose_percent: float = 3.0,
    distance_mm: float = 2.0,
    cutoff_percent: float = 10.0,
    local: bool = False,
) -> GammaMap:
    """Compare two doses by gamma, see `sbrt_qa.dosimetry.gamma` for the method and its source.

    Parameters
    ----------
    reference, evaluated
        Doses, or cases of which the dose is taken.
    dose_percent
        Dose difference that counts 1: per cent of the reference maximum, or of the reference dose
        at each voxel where `local`.
    distance_mm
        Distance that counts 1.
    cutoff_percent
        Voxels below this part of the reference maximum are left out.

    Raises
    ------
    UsageError
        A case has no dose, the two lie in different frames of reference or only one states its
        own, or a criterion is out of range. Where neither states one they are taken to lie in the
        same, and `GammaMap.frame_stated` is False.
    """
    one, other = _dose(reference, "reference"), _dose(evaluated, "evaluated")
    frames = {one.frame_of_reference_uid, other.frame_of_reference_uid}
    if "" in frames and len(frames) > 1:
        raise UsageError(
            "one of the two doses states no frame of reference: how they lie to each other is not "
            "known",
            expected="one frame of reference",
            advice="If it is known: dataclasses.replace(dose, frame_of_reference_uid=...)",
        )
    if len(frames) > 1:
        raise UsageError(
            "the two doses lie in different frames of reference",
            got="coordinates that mean other places",
            expected="one frame of reference",
        )
    try:
        criteria = GammaCriteria(dose_percent, distance_mm, cutoff_percent, local=local)
    except ValueError as error:
        raise UsageError(
            "not a gamma criterion", got=str(error), expected="such as 3, 2"
        ) from error
    found = gamma_of(one, other, criteria)
    kept = (found.values, found.points_mm, found.candidates, found.beyond)
    return GammaMap(criteria, *kept, frame_stated="" not in frames)


def _dose(value: Case | DoseGrid, role: str) -> DoseGrid:
    dose = value if isinstance(value, DoseGrid | Reason) else one_case(value).dose
    if isinstance(dose, Reason):
        raise UsageError(f"the {role} case has no dose", got=str(dose.detail))
    return dose
