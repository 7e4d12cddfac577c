"""The doses of a case whose patient has moved: lines are scanned once for all shifts.

A shift moves the scan lines of a structure against the dose. Cutting the lines by the contours, and
reading the dose between its voxels, are done once for the structure and serve every shift.

These lines are fewer than those of the structure as planned, and the dose of a large structure is
read linearly along them. So they tell what a shift changes, and what changes is added to the DVH as
planned: with no shift it is that DVH, and a small shift changes it by little.
"""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.accumulation import box_of, curve_on
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.extremes import extremes
from sbrt_qa.dosimetry.far_moved import FarPlaces, far_places
from sbrt_qa.dosimetry.histogram import DVH, dvh_of_sums
from sbrt_qa.dosimetry.integrate import IntegrationSettings, area_mm2_of
from sbrt_qa.dosimetry.interpolation import Interpolation, refined
from sbrt_qa.dosimetry.rim import with_rim
from sbrt_qa.dosimetry.shifts import case_seen_from, seen_from
from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.regions import Cells, Region, cells_of
from sbrt_qa.geometry.scanlines import Lines, Spans, lattice, scan, section_mm2
from sbrt_qa.i18n.phrase import said, say
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.setup_errors import Vector

SETTINGS: Final = IntegrationSettings(area_mm2=2.5, least_lines=5000, bins=2500, tolerance=4e-3)
"""Of integrals over a moved structure: fewer lines than when it stands still."""

HOT: Final = 0.3
"""Part of the highest dose within reach below which lines are cold."""

NOWHERE: Final[Vector] = (0.0, 0.0, 0.0)
"""The shift of a patient who lies as planned."""

THINNED: Final = 8
"""Of so many cold lines one is kept, where a structure has many."""


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """A region, cut by its scan lines, and the dose around it as it is read, both unmoved.

    ``planned`` is the DVH of the region as planned, and `still` what the lines make of it, with
    extremes on the lines and with computed ones.
    """

    region: Region
    cells: Cells
    spans: Spans
    fine: DoseGrid
    dose: DoseGrid
    edges_gy: FloatArray
    planned: DVH | None = None
    still: tuple[DVH, DVH] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Far:
    """What lies far from a target, and the two regions, so that both stay what they are."""

    target: Region
    body: Region
    places: FarPlaces


class LinesOfCase:
    """What all shifts of one case share.

    Parameters
    ----------
    still
        The case as planned.
    reach_mm
        How far a shift may go along any axis.
    """

    def __init__(self, still: CaseDoses, reach_mm: float) -> None:
        self.still = still
        self.reach_mm = reach_mm
        self._known: dict[str, _Lines | Reason] = {}
        self._far: dict[tuple[int, int, float], _Far] = {}
        self._lock = threading.Lock()

    def of(self, key: str, region: Callable[[], Region | Reason]) -> _Lines | Reason:
        """Return the lines of a region of the case, scanned once per `key`."""
        with self._lock:
            if key not in self._known:
                self._known[key] = self._scanned(key, region())
            return self._known[key]

    def _scanned(self, key: str, region: Region | Reason) -> _Lines | Reason:
        dose = self.still.case.dose
        if isinstance(region, Reason):
            return region
        if isinstance(dose, Reason):
            return dose
        lines = scanned(region, dose, self.reach_mm, self.still.settings.interpolation)
        planned = self.still.dvh_of(key, lambda: region)
        if isinstance(lines, Reason) or isinstance(planned, Reason):
            return lines
        on_lines, exact = (moved_dvh(lines, NOWHERE, exact=own) for own in (False, True))
        if isinstance(on_lines, Reason) or isinstance(exact, Reason):
            return lines
        return dataclasses.replace(lines, planned=planned, still=(on_lines, exact))

    def far(self, target: Region, body: Region, distance_mm: float) -> FarPlaces:
        """Return what of a body lies far from a target, found once for the two."""
        with self._lock:
            key = id(target), id(body), distance_mm
            if key not in self._far:
                places = far_places(cells_of(target), cells_of(body), distance_mm)
                self._far[key] = _Far(target, body, places)
            return self._far[key].places


def scanned(
    region: Region, dose: DoseGrid, reach_mm: float, how: Interpolation = Interpolation.CUBIC
) -> _Lines | Reason:
    """Cut a region by lines as dense as its DVH needs, and read the dose within reach of it."""
    try:
        cells = cells_of(region)
        section = section_mm2(cells)
        if section <= 0:
            return Reason(ReasonCode.STRUCTURE_EMPTY, say("the contours enclose no area"))
        fine = refined(dose, box_of(cells), how, reach_mm)
        fine = around(fine, cells, reach_mm)
        low, high = float(fine.dose_gy.min()), fine.max_gy
        edges = np.linspace(low, max(high, low + max(1e-9, 1e-9 * low)), SETTINGS.bins + 1)
        area = area_mm2_of(cells, SETTINGS)
        spans = scan(cells, lattice(cells, area))
        while area / 4 >= section / SETTINGS.most_lines and has_dose(cells, fine):
            if curve_on(spans, fine, edges).spread <= SETTINGS.tolerance:
                break
            area /= 4
            spans = scan(cells, lattice(cells, area))
        if area >= SETTINGS.area_mm2:  # a large structure; a small one keeps its fewest lines
            spans = thinned(spans, fine, reach_mm)
        return _Lines(region, cells, spans, fine, dose, edges)
    except GeometryError as error:
        return Reason(ReasonCode.STRUCTURE_UNREADABLE, said(error))


def has_dose(cells: Cells, dose: DoseGrid) -> bool:
    """Tell whether the box around a region and a grid have a place in common."""
    box = box_of(cells)
    axes = ((dose.z_mm, box.z_mm), (dose.y_mm, box.y_mm), (dose.x_mm, box.x_mm))
    return all(a.size > 1 and low < a[-1] and high > a[0] for a, (low, high) in axes)


def thinned(spans: Spans, dose: DoseGrid, reach_mm: float) -> Spans:
    """Return fewer lines where no shift brings them near the highest doses.

    The lines that stay stand for the volume of those that go.
    """
    lines = spans.lines
    warmest = _warmest_gy(dose, lines, reach_mm)
    cold = warmest < HOT * warmest.max()
    kept = ~cold
    kept[np.flatnonzero(cold)[::THINNED]] = True
    per_line = np.repeat(lines.weight_mm2, np.diff(spans.start))
    volume = np.bincount(
        np.repeat(np.arange(lines.y_mm.size), np.diff(spans.start)),
        per_line * (spans.x_high_mm - spans.x_low_mm), lines.y_mm.size,
    )  # fmt: skip
    left = volume[cold & kept].sum()
    if left <= 0:
        return spans
    weight = np.where(cold, lines.weight_mm2 * (volume[cold].sum() / left), lines.weight_mm2)
    own = np.repeat(kept, np.diff(spans.start))
    first = np.array([0, np.count_nonzero(kept)])
    return Spans(
        Lines(first, lines.y_mm[kept], lines.z_mm[kept], weight[kept]),
        np.concatenate([[0], np.cumsum(np.diff(spans.start)[kept])]).astype(np.int64),
        spans.x_low_mm[own],
        spans.x_high_mm[own],
    )


def _warmest_gy(dose: DoseGrid, lines: Lines, reach_mm: float) -> FloatArray:
    """Return the highest dose that each line can meet within reach."""
    top = dose.dose_gy.max(axis=2)
    for axis, places in ((0, dose.z_mm), (1, dose.y_mm)):
        steps = int(np.ceil(reach_mm / float(np.diff(places).min()))) + 1
        rolled = np.pad(top, [(steps, steps) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        width = top.shape[axis]
        top = np.max([np.take(rolled, np.arange(k, k + width), axis) for k in range(2 * steps + 1)],
                     axis=0)  # fmt: skip
    z, y = (
        np.clip(np.searchsorted(places, at), 0, places.size - 1)
        for places, at in ((dose.z_mm, lines.z_mm), (dose.y_mm, lines.y_mm))
    )
    return np.asarray(top[z, y])


def around(dose: DoseGrid, cells: Cells, reach_mm: float) -> DoseGrid:
    """Return the part of a dose that a region can meet within reach; all where it meets none."""
    box = box_of(cells)
    axes = ((dose.z_mm, box.z_mm), (dose.y_mm, box.y_mm), (dose.x_mm, box.x_mm))
    cut = []
    for axis, (low, high) in axes:
        first = int(np.searchsorted(axis, low - reach_mm, side="right")) - 1
        last = int(np.searchsorted(axis, high + reach_mm, side="left")) + 1
        cut.append(slice(max(first, 0), min(last, axis.size)))
    if any(part.stop - part.start < 2 for part in cut):
        return dose
    z, y, x = cut
    return dataclasses.replace(
        dose, dose_gy=dose.dose_gy[z, y, x], x_mm=dose.x_mm[x], y_mm=dose.y_mm[y], z_mm=dose.z_mm[z]
    )


class MovedDoses(CaseDoses):
    """What the structures of a case receive when the patient has moved; the dose stays.

    Parameters
    ----------
    lines
        What all shifts of the case share.
    shift_mm
        How far the patient has moved along x, y and z.
    exact
        Sets of ROI numbers; of structures made of one of them the lowest and the highest dose are
        computed, of all others those on the scan lines are taken.
    """

    def __init__(
        self,
        lines: LinesOfCase,
        shift_mm: Vector,
        exact: frozenset[frozenset[int]] = frozenset(),
        case: Case | None = None,
    ) -> None:
        still = lines.still
        moved = case_seen_from(still.case, shift_mm) if case is None else case
        super().__init__(moved, still.convention, still.settings)
        # Contours do not depend on the dose.
        self._regions, self._made = still._regions, still._made  # noqa: SLF001
        self.lines, self.shift_mm, self.exact = lines, shift_mm, exact
        self.own_dose = self.case.dose if case is None else None

    def with_case(self, case: Case) -> CaseDoses:
        """Return another case, which has moved already, on the same structures."""
        other = MovedDoses(self.lines, self.shift_mm, self.exact, case)
        other.own_dose = self.own_dose
        return other

    def dvh_of(self, key: str, region: Callable[[], Region | Reason]) -> DVH | Reason:
        """Return the DVH of a region, computed once per `key`."""
        if self.case.dose is not self.own_dose:
            return super().dvh_of(key, region)  # another dose of a course
        if key not in self._dvhs:
            found = self.lines.of(key, region)
            own = isinstance(found, _Lines) and self._is_exact(key)
            self._dvhs[key] = (
                found if isinstance(found, Reason) else moved_dvh(found, self.shift_mm, exact=own)
            )
        return self._dvhs[key]

    def highest_beyond_gy(
        self, target: Region | Reason, body: Region | Reason, distance_mm: float
    ) -> float | Reason:
        """Return the highest dose in a body far from a target that has moved with it."""
        dose = self.case.dose
        if isinstance(target, Reason):
            return target
        if isinstance(body, Reason):
            return body
        if isinstance(dose, Reason):
            return dose
        try:
            far = self.lines.far(target, body, distance_mm)
            return far.highest_gy(dose, self.settings.interpolation)
        except GeometryError as error:
            return Reason(ReasonCode.STRUCTURE_UNREADABLE, said(error))

    def _is_exact(self, key: str) -> bool:
        numbers = {int(n) for n in re.findall(r"roi (\d+)", key)}
        return any(wanted <= numbers for wanted in self.exact)


def moved_dvh(lines: _Lines, shift_mm: Vector, *, exact: bool = True) -> DVH | Reason:
    """Return the DVH of a region that has moved, or the Reason why there is none.

    Parameters
    ----------
    exact
        Compute the extremes; otherwise they are those on the scan lines.
    """
    cells, dose = lines.cells, seen_from(lines.dose, shift_mm)
    fine = seen_from(lines.fine, shift_mm)
    fine = with_rim(fine, dose, lines.region, cells, lines=lines.spans)
    outside = Reason(
        ReasonCode.OUTSIDE_DOSE_GRID, say("the structure lies entirely outside the dose grid")
    )
    if not has_dose(cells, fine):
        return outside
    curve = curve_on(lines.spans, fine, lines.edges_gy)
    if curve.volume_cc <= 0:
        return Reason(ReasonCode.STRUCTURE_EMPTY, say("the contours enclose no volume"))
    if curve.inside_cc <= 0:
        return outside
    low, high = curve.min_gy, curve.max_gy
    if exact:
        low, high = extremes(cells, fine, low, high)
    found = DVH(
        volume_cc=curve.volume_cc,
        outside_grid_cc=curve.volume_cc - curve.inside_cc,
        dose_gy=curve.edges_gy,
        cumulative_cc=curve.cumulative_cc,
        min_gy=low,
        mean_gy=min(max(curve.mean_gy, low), high),
        max_gy=high,
        quadrature_error=curve.spread,
    )
    if lines.planned is None or lines.still is None:
        return found
    return changed(lines.planned, lines.still[exact], found)


def changed(planned: DVH, still: DVH, moved: DVH) -> DVH:
    """Return a DVH, changed by what lies between two others that are read alike.

    The volume at each dose, the whole volume, the mean and both extremes are changed by how far
    those of `moved` lie from those of `still`.
    """
    # 1. The volumes. A volume that is whole stays so, whatever rounding makes of the sums.
    volume = moved.volume_cc + planned.volume_cc - still.volume_cc
    inside = moved.inside_grid_cc + planned.inside_grid_cc - still.inside_grid_cc
    all_inside = all(dvh.outside_grid_cc == 0 for dvh in (planned, still, moved))
    inside = volume if all_inside else min(max(inside, 0.0), volume)
    # 2. Extremes and mean, in order.
    low = max(moved.min_gy + planned.min_gy - still.min_gy, 0.0)
    high = max(moved.max_gy + planned.max_gy - still.max_gy, low)
    mean = moved.mean_gy + planned.mean_gy - still.mean_gy
    # 3. The curve on all edges.
    edges = np.unique(np.concatenate([dvh.dose_gy for dvh in (planned, still, moved)]))
    at = [dvh.volumes_at_doses_cc(edges) for dvh in (planned, still, moved)]
    curve = edges, at[2] + at[0] - at[1]
    return dvh_of_sums(
        volume, inside, curve, (low, mean, high), moved.quadrature_error, moved.convention
    )
