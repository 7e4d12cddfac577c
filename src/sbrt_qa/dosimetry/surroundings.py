"""What lies around a target: the patient's outline, and how far the dose reaches into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.remembered import remembered

APART = 0.05
"""Part of a target outside another from which on it is a target of its own."""


def all_of_it(dose_gy: float) -> float | Reason:  # noqa: ARG001 - the same for every dose
    """Give a target the whole isodose, as one that has the body for itself."""
    return 1.0


EDGE_NEARLY: Final = 1.05
"""Part of a dose by which that on the edge of the grid may be higher and still tell it."""

EDGE_CLOSE: Final = 0.005
"""Part of the highest dose of the body by which it may be higher, too: low doses are close."""


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """The body around one target, or around several that are judged together.

    Parameters
    ----------
    body
        DVH of the patient's outline, target included.
    edge_max_gy
        Highest voxel on the faces of the dose grid.
    beyond_gy
        Highest dose in the body at a distance (mm) or more from the target.
    share
        Part of the body's isodose of a dose (Gy) that is this target's, or why it has none; the
        rest is that of other targets.
    """

    body: DVH
    edge_max_gy: float
    beyond_gy: Callable[[float], float | Reason]
    share: Callable[[float], float | Reason] = all_of_it

    def isodose_cc(self, dose_gy: float) -> float | Reason:
        """Return the volume of the body that receives `dose_gy`; a Reason where it is cut off.

        The body may leave the dose grid as long as the dose on the faces of the grid is lower.
        """
        if why := self.cut_off(dose_gy):
            return why
        share = self.share(dose_gy)
        return share if isinstance(share, Reason) else share * self.body.volume_at_dose_cc(dose_gy)

    def highest_beyond_gy(self, distance_mm: float) -> float | Reason:
        """Return the highest dose far from the target; a Reason where a higher may be cut off.

        Beyond a face of the grid dose falls from what it is there. Where that is no more than
        `EDGE_NEARLY` times the highest dose found, or `EDGE_CLOSE` of the highest of the body above
        it, it is returned: no dose that is cut off is higher.
        """
        highest = self.beyond_gy(distance_mm)
        if isinstance(highest, Reason):
            return highest
        why = self.cut_off(highest)
        near_gy = max(EDGE_NEARLY * highest, highest + EDGE_CLOSE * self.body.max_gy)
        if why and self.edge_max_gy <= near_gy:
            return self.edge_max_gy
        return why or highest

    def cut_off(self, dose_gy: float) -> Reason | None:
        """Return why nobody can tell how far a dose reaches: it may leave the dose grid."""
        if self.body.outside_grid_cc <= 0 or self.edge_max_gy < dose_gy:
            return None
        return Reason(
            ReasonCode.OUTSIDE_DOSE_GRID,
            say(
                "{0} Gy on the edge of the dose grid, and the body reaches further: where {1} Gy "
                "ends is not known",
                f"{self.edge_max_gy:.2f}",
                f"{dose_gy:.2f}",
            ),
        )


@remembered
def edge_max_gy(dose: DoseGrid) -> float:
    """Return the highest voxel on the six faces of a dose grid."""
    d = dose.dose_gy
    faces = (d[0], d[-1], d[:, 0], d[:, -1], d[:, :, 0], d[:, :, -1])
    return max(float(face.max()) for face in faces)


def lies_apart(outside_cc: float, whole_cc: float) -> bool:
    """Tell whether a target of which so much lies outside another is a target of its own."""
    return outside_cc > APART * whole_cc
