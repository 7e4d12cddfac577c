"""Where the dose of a plan differs from that of another: slices with what is higher and lower."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.sampling import dose_at
from sbrt_qa.evidence.evidence import Evidence, Point, SlicePlace
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.reports.figures.slice_svg import slice_svg
from sbrt_qa.reports.figures.slices import SlicePicture, filled, place_picture, within
from sbrt_qa.reports.figures.svg import path, tag
from sbrt_qa.reports.plans.plans_page import PlanDrawing

HIGHER, LOWER = "#d98200", "#3b82f6"
"""Of more dose than in the first plan, and of less: orange and blue, apart for all eyes."""

STEPS: Final = (0.05, 0.15)
"""Parts of the prescription from which on a difference is shown, pale and full."""

OPACITY: Final = (0.35, 0.4)
"""Of each step; the second lies on the first."""

COUNTED: Final = 0.1
"""Part of the highest dose of both from which on a voxel is looked at."""

FLOOR_GY: Final = 0.01
"""Differences below it are none."""


@dataclass(frozen=True, slots=True, eq=False)
class PlanDifference:
    """The dose of one plan minus that of another, in Gy on the voxels ``[z, y, x]`` of the other.

    It is NaN where one of both has no dose worth looking at, or none at all.
    """

    other: DoseGrid
    gy: FloatArray

    def place_of(self, *, rise: bool) -> tuple[Point, float] | None:
        """Return where the dose rises, or falls, most, and by how much; None where it does not."""
        if np.isnan(self.gy).all():
            return None
        at = np.nanargmax(self.gy) if rise else np.nanargmin(self.gy)
        k, j, i = np.unravel_index(int(at), self.gy.shape)
        value = float(self.gy[k, j, i])
        if (value if rise else -value) < FLOOR_GY:
            return None
        point = float(self.other.x_mm[i]), float(self.other.y_mm[j]), float(self.other.z_mm[k])
        return point, value


def difference_of(first: DoseGrid, later: DoseGrid) -> PlanDifference | None:
    """Return the later dose minus the first; None where a grid is too thin to be interpolated."""
    if min(first.dose_gy.shape) < 2 or min(later.dose_gy.shape) < 2:
        return None
    z, y, x = np.meshgrid(first.z_mm, first.y_mm, first.x_mm, indexing="ij")
    points = np.column_stack([x.ravel(), y.ravel(), z.ravel()])
    inside = np.ones(points.shape[0], dtype=bool)
    for n, axis in enumerate((later.x_mm, later.y_mm, later.z_mm)):
        inside &= (points[:, n] >= axis[0] - 1e-6) & (points[:, n] <= axis[-1] + 1e-6)
    there = dose_at(later, points).reshape(first.dose_gy.shape)
    floor_gy = COUNTED * max(first.max_gy, later.max_gy)
    counted = inside.reshape(there.shape) & (np.maximum(there, first.dose_gy) >= floor_gy)
    return PlanDifference(first, np.where(counted, there - first.dose_gy, np.nan))


def difference_drawings(
    found: PlanDifference,
    evidence: Evidence,
    targets: Sequence[str],
    level_gy: float,
    names: tuple[str, str],
    colours: Mapping[str, str],
    words: Words,
    identity: str,
) -> Iterator[PlanDrawing]:
    """Yield the slices on which the dose rises and falls most.

    Parameters
    ----------
    evidence
        Image and structures of the first plan.
    targets
        Keys of structures to draw.
    level_gy
        The prescription of the first plan, which the steps are parts of.
    names
        Of the later plan and of the first.
    """
    for rise in (True, False):
        place = found.place_of(rise=rise)
        if place is None:
            continue
        (x, y, z), value_gy = place
        at = SlicePlace("", (x, y, z), value_gy, 0.0, too_hot=True)
        picture = place_picture(evidence, at, list(targets), half_mm=(85.0, 62.0))
        picture = replace(picture, isodoses=(), wrong=(), within=())
        title = words(MOST_HIGHER if rise else MOST_LOWER, later=names[0], first=names[1])
        caption = words(
            SHOWN,
            z=f"{z:.1f}", most=f"{value_gy:+.2f}", low=f"{STEPS[0] * level_gy:.1f}",
            high=f"{STEPS[1] * level_gy:.1f}",
        )  # fmt: skip
        svg = slice_svg(picture, colours, f"{title}. {caption}", 0.0, f"{identity}{int(rise)}")
        washed = _wash(found, picture, level_gy, f"{identity}{int(rise)}")
        yield PlanDrawing(title, caption, svg.removesuffix("</svg>") + washed + "</svg>")


MOST_HIGHER: Final = msg("{later}: where the dose is most above that of {first}")
MOST_LOWER: Final = msg("{later}: where the dose is most below that of {first}")
SHOWN: Final = msg(
    "z = {z} mm; cross: {most} Gy. Orange: higher, blue: lower, by at least {low} Gy (pale) and "
    "{high} Gy (full)."
)


def _wash(found: PlanDifference, picture: SlicePicture, level_gy: float, identity: str) -> str:
    """Return the areas that are higher and lower by each step, in the place of the picture."""
    f, grid = picture.frame, found.other
    k = int(np.abs(grid.z_mm - picture.z_mm).argmin())
    rows = within(grid.y_mm, f.y_low_mm, f.y_high_mm)
    columns = within(grid.x_mm, f.x_low_mm, f.x_high_mm)
    cut = np.nan_to_num(found.gy[k, rows, columns])
    if min(cut.shape) < 2:
        return ""
    x, y = grid.x_mm[columns], grid.y_mm[rows]
    parts = [
        tag(
            "path", d=path(filled((x, y, sign * cut), step * level_gy, too_hot=True), closed=True),
            fill=colour, fill_opacity=opacity, fill_rule="evenodd",
        )
        for sign, colour in ((1.0, HIGHER), (-1.0, LOWER))
        for step, opacity in zip(STEPS, OPACITY, strict=True)
    ]  # fmt: skip
    moved = tag("g", "".join(parts), transform=f"translate({-f.x_low_mm:.3f} {-f.y_low_mm:.3f})")
    return tag("g", moved, clip_path=f"url(#frame-{identity})")
