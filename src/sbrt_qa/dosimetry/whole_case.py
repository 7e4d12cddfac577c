"""What a metric may ask of a whole case: other organs, the body, and the shape of its structure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode

MOST_BEYOND: Final = 0.05
"""Part of the integral dose that may at most lie beyond the dose grid, by the dose on its edge."""


@dataclass(frozen=True, slots=True, eq=False)
class WholeCase:
    """The case around one structure; everything is computed when asked for.

    Parameters
    ----------
    mean_gy
        Mean dose of an organ by its name, or why it has none; also where the scan cuts it.
    body
        Histogram of the outline of the body.
    edge_max_gy
        Highest dose on the faces of the dose grid.
    standard_liver_cc
        Standard liver volume by height and weight, or that they are not known.
    rank_percent
        Mean rank of the structure's doses among those of the body as far from the target.
    surface_mm2
        Area of the structure's surface.
    """

    mean_gy: Callable[[str], float | Reason]
    body: Callable[[], DVH | Reason]
    edge_max_gy: float | Reason
    standard_liver_cc: Callable[[], float | Reason]
    rank_percent: Callable[[], float | Reason]
    surface_mm2: Callable[[], float | Reason]


def integral_gy_cc(dvh: DVH, edge_max_gy: float) -> float | Reason:
    """Return mean dose times volume, at density 1, of what lies in the dose grid, Gy cc.

    A Reason where more than `MOST_BEYOND` of it may lie outside the grid, whose dose is at most
    that on its faces.
    """
    integral, outside_cc = dvh.mean_gy * dvh.inside_grid_cc, dvh.outside_grid_cc
    if outside_cc <= 0 or (integral > 0 and edge_max_gy * outside_cc <= MOST_BEYOND * integral):
        return integral
    text = say(
        "{0} cc of the body lie outside the dose grid, with up to {1} Gy on its edge: their "
        "dose is not known",
        f"{outside_cc:.0f}", f"{edge_max_gy:.2f}",
    )  # fmt: skip
    return Reason(ReasonCode.OUTSIDE_DOSE_GRID, text)
