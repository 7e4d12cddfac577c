"""Two intervals of a metric: where the truth may lie, and what other systems would print.

A *view* is one deviation from the default: another reading, what an interpolation converges to, or
the edge of what the quadrature may have missed. Views of the same aspect are alternatives, of which
the farthest counts; those of different aspects are independent of each other and add up.

The *uncertainty* is made of the views of which the file leaves open whether they are the truth: how
a structure runs between and beyond its planes, and whether dose between voxels is smooth. The
*spread* is made of these and of what only a convention of planning systems makes of them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.cut_off import cut_off_views
from sbrt_qa.dosimetry.dose_noise import noise_views
from sbrt_qa.dosimetry.ends import with_other_ends
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.integrate import DEFAULT_SETTINGS, parts_of
from sbrt_qa.dosimetry.interpolation import Interpolation
from sbrt_qa.dosimetry.metric_meaning import Elsewhere
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, meaning_of, metric_of
from sbrt_qa.dosimetry.on_cores import side_by_side
from sbrt_qa.dosimetry.readings import FLOOR, READINGS, Reading, beyond, moved, scaled
from sbrt_qa.dosimetry.same_space import same_space
from sbrt_qa.dosimetry.steady_sections import is_steady
from sbrt_qa.dosimetry.surroundings import Surroundings
from sbrt_qa.dosimetry.view_kinds import (
    EACH_END,
    SHAPES,
    STEADY,
    View,
    at_a_distance,
    variants,
)
from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.planes import PlaneStack
from sbrt_qa.geometry.regions import Region
from sbrt_qa.geometry.slabs import Between, Convention, Ends, Missing, Overlaps, Voxels
from sbrt_qa.i18n.phrase import said, say
from sbrt_qa.model.free_memory import give_back_memory
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Band, Driver, Measured, Outcome, Reason, ReasonCode
from sbrt_qa.model.structure import Structure

FITTED: Final = ("shape", "dose")
"""Aspects whose usual reading is a curve laid through what the file holds, and may be off itself:
other readings mostly lie on one side of it, the truth now and then on the other."""

OTHER_SIDE: Final = 0.6
"""Part of how far these move a value by which it may as well be off to the other side."""

ESTIMATES: Final = (*FITTED, "curve", "volume", "noise")
"""Aspects whose views estimate an error, each from something else: in the uncertainty the root of
the sum of their squares counts. All others are choices, of which the worst may come together."""

WORTH_LEAVING_OUT: Final = 1e-4
"""Part of a structure outside the dose grid that another program may leave out."""

BOTH_ENDS: Final = "no ends"
"""The view of both ends together."""

CONTOUR_ASPECTS: Final = frozenset({"shape", "low end", "high end", "overlaps", "gaps", "voxels"})
"""Aspects of how contours are read; a yes or no can depend on these only."""


class Intervals(NamedTuple):
    """Both intervals of a metric, None each where it has none."""

    uncertainty: Band | None
    spread: Band | None


def intervals_among(
    spec: MetricSpec, value: Measured, seen: Sequence[tuple[View, Outcome]]
) -> Intervals:
    """Return where a metric may lie, and what other systems would print, from all its views."""
    far = meaning_of(spec).elsewhere is Elsewhere.NO_DISTANCE
    own = [
        (view, (at_a_distance(view) if far else view).counted(value, outcome))
        for view, outcome in seen
        if not view.convention
    ]
    uncertainty = band_among(spec, value, own)
    spread = band_among(spec, value, seen, all_choices=True)
    if uncertainty is not None and spread is not None:
        low, high = min(spread.low, uncertainty.low), max(spread.high, uncertainty.high)
        spread = dataclasses.replace(spread, low=low, high=high)
    return Intervals(uncertainty, spread)


def band_among(
    spec: MetricSpec,
    value: Measured,
    seen: Sequence[tuple[View, Outcome]],
    *,
    all_choices: bool = False,
) -> Band | None:
    """Return the interval of a metric from its outcomes in some views; None where it has none.

    A yes or no has one where another reading of the contours says the opposite. A part of a
    volume and a probability stay within 100 %.
    """
    # A volume does not depend on where the dose grid ends.
    needs_dose = metric_of(spec).needs_dose
    seen = [(v, o) for v, o in seen if needs_dose or v.driver is not Driver.OUTSIDE_GRID]
    known = [(view, o.value) for view, o in seen if isinstance(o, Measured)]
    if value.unit != "bool":
        most = meaning_of(spec).highest(spec)
        return band_of(value.value, known, most, all_choices=all_choices)
    other = [v for v, x in known if v.aspect in CONTOUR_ASPECTS and x != value.value]
    return Band(0.0, 1.0, other[0].driver) if other else None


def band_of(
    value: float,
    others: Iterable[tuple[View, float]],
    most: float = math.inf,
    *,
    all_choices: bool = False,
) -> Band:
    """Return the band of a metric from its value and what it is in other views.

    No metric is negative or beyond `most`, and no sum of deviations makes it so. One that lies at
    0 or at `most` in every view has a band without width.

    Parameters
    ----------
    all_choices
        Take all views for choices of a program, as the spread does: aspects add up, and the band
        holds the program that chooses the worst of each. Otherwise errors that are independent of
        each other (`ESTIMATES`) add up as such do.
    """
    others = list(others)
    if value in (0.0, most) and all(other == value for _, other in others):
        return Band(value, value, Driver.QUADRATURE)
    # Per aspect the farthest view on each side; 0 where no view lies on that side.
    low: dict[str, tuple[float, Driver]] = {}
    high: dict[str, tuple[float, Driver]] = {}
    for view, other in others:
        away = (other - value, view.driver)
        low[view.aspect] = min(low.get(view.aspect, (0.0, view.driver)), away)
        high[view.aspect] = max(high.get(view.aspect, (0.0, view.driver)), away)
    shares = [*low.values(), *high.values()]
    # Never narrower than what rounding of coordinates, chords of contours and the table of doses
    # leave open; and the driver is the aspect that moves most.
    least = FLOOR * abs(value)
    farthest = max(shares, key=lambda s: abs(s[0]), default=(0.0, Driver.QUADRATURE))
    driver = farthest[1] if abs(farthest[0]) > least else Driver.QUADRATURE
    down, up = ({a: abs(s[0]) for a, s in side.items()} for side in (low, high))
    for aspect in FITTED:
        if aspect in down:
            one, other_side = down[aspect], up[aspect]
            down[aspect] = max(one, OTHER_SIDE * other_side)
            up[aspect] = max(other_side, OTHER_SIDE * one)
    estimates = () if all_choices else ESTIMATES
    below, above = (max(_together(side, estimates), least) for side in (down, up))
    return Band(max(value - below, min(value, 0.0)), min(value + above, max(most, value)), driver)


def _together(aspects: Mapping[str, float], estimates: Collection[str]) -> float:
    """Return how far several aspects move a value together, from how far each does."""
    chosen = sum(size for aspect, size in aspects.items() if aspect not in estimates)
    return chosen + math.hypot(*(size for aspect, size in aspects.items() if aspect in estimates))


@dataclass(frozen=True, slots=True)
class BandSubject:
    """What has a DVH: a key, unique within the case, and its region under a case's convention."""

    key: str
    region: Callable[[CaseDoses], Region | Reason]


def subject_of(structure: Structure) -> BandSubject:
    """Return one structure as a subject."""
    return BandSubject(f"roi {structure.roi_number}", lambda doses: doses.region(structure))


class OtherDoses(CaseDoses):
    """A case under another reading; whatever that does not change is taken from the default."""

    def __init__(self, base: CaseDoses, reading: Reading) -> None:
        # A reading of contours only leaves the dose as the case reads it.
        as_case = reading.settings == DEFAULT_SETTINGS
        settings = base.settings if as_case else reading.settings
        super().__init__(base.case, reading.convention, settings)
        self.base, self.kept = base, base.kept
        self.same_contours = reading.convention == base.convention
        self.same_but_ends = _inner(reading.convention) == _inner(base.convention)

    def region(self, structure: Structure) -> Region | Reason:
        """Return the region of one structure: the very same object where nothing changes."""
        default = self.base.region(structure)
        if (
            self.same_contours
            or isinstance(default, Reason)
            or not self._decides(structure, default)
        ):
            return default
        made = super().region(structure)
        if not isinstance(made, Reason) and same_space(made, default):
            self._regions[structure.roi_number] = made = default
        return made

    def stack(
        self, structure: Structure, overlaps: Overlaps, voxels: Voxels = Voxels.AS_GIVEN
    ) -> PlaneStack:
        """Return the planes of a structure, made once for all readings."""
        return self.base.stack(structure, overlaps, voxels)

    def _decides(self, structure: Structure, default: Region) -> bool:
        """Tell whether a structure has a place that this reading may read otherwise."""
        here, usual = self.convention, self.base.convention
        if _but_places(here) != _but_places(usual):
            return True
        if here.voxels is not usual.voxels and structure.voxels is not None:
            return True
        return any(
            (here.overlaps is not usual.overlaps and solid.stack.unclear)
            or (here.overlaps is Overlaps.SOLID and solid.stack.thin)
            or (here.missing is not usual.missing and solid.gaps.doubtful)
            for solid in default.solids
        )

    def changed(self, subject: BandSubject) -> DVH | None:
        """Return the DVH of a subject, or None where it is that of the default or a Reason."""
        region, default = subject.region(self), subject.region(self.base)
        dose = self.case.dose
        if isinstance(region, Reason) or isinstance(default, Reason) or isinstance(dose, Reason):
            return None
        if self.same_contours:
            how, usual = self.settings.interpolation, self.base.settings.interpolation
            cubic = voxel_parts(self.base, default, dose, usual) > 1
            if cubic == (how is Interpolation.COARSE):
                return None
            if how is Interpolation.UNHELD and voxel_parts(self.base, default, dose, how) < 2:
                return None
        elif same_space(region, default):
            return None
        elif self.same_but_ends:
            found = self._with_other_ends(subject.key, default, region, dose)
            return None if isinstance(found, Reason) else found
        found = self.dvh_of(subject.key, lambda: region)
        return None if isinstance(found, Reason) else found

    def _with_other_ends(
        self, key: str, default: Region, region: Region, dose: DoseGrid
    ) -> DVH | Reason:
        if key not in self._dvhs:
            usual = self.base.dvh_of(key, lambda: default)
            if isinstance(usual, Reason):
                return usual
            regions, how = (default, region), (self.convention, self.settings)
            try:
                found = with_other_ends(usual, regions, dose, *how, self.kept)
            except GeometryError as error:
                return Reason(ReasonCode.STRUCTURE_UNREADABLE, said(error))
            nothing = Reason(
                ReasonCode.OUTSIDE_DOSE_GRID, say("nothing is left inside the dose grid")
            )
            self._dvhs[key] = found or nothing
        return self._dvhs[key]


class Views:
    """DVHs of one case in every view that changes something. Asking twice costs nothing."""

    def __init__(self, base: CaseDoses) -> None:
        self.base = base
        self._others = {name: OtherDoses(base, reading) for name, reading in READINGS.items()}
        self._known: dict[str, dict[str, DVH]] = {}

    def prepare(self, subjects: Iterable[BandSubject]) -> None:
        """Compute what several subjects need, on as many cores as are useful."""
        self.base.let_go()
        subjects = list(subjects)
        others = [other for name, other in self._others.items() if name != BOTH_ENDS]
        jobs = [(other, subject) for subject in subjects for other in others]
        side_by_side(lambda job: job[0].changed(job[1]), jobs)
        side_by_side(self._both_ends, subjects)
        self.base.kept.forget()
        give_back_memory()

    def of(self, subject: BandSubject) -> Mapping[str, DVH]:
        """Return the DVH in each view that differs from the default, by the view's name."""
        if subject.key not in self._known:
            default = self.base.dvh_of(subject.key, lambda: subject.region(self.base))
            known = {} if isinstance(default, Reason) else dict(self._all(subject, default))
            self._known[subject.key] = known
        return self._known[subject.key]

    def read_otherwise(self, name: str, subject: BandSubject) -> CaseDoses | None:
        """Return the case as a view reads its contours; None if that changes no subject."""
        other = self._others.get(name.removesuffix(STEADY))
        if other is None or other.same_contours or name not in self.of(subject):
            return None
        return other

    def context_of(self, name: str, structure: Structure) -> MetricContext:
        """Return what metrics of one structure need, with what surrounds it as a view sees it."""
        return dataclasses.replace(
            self.base.context_of(structure),
            surroundings=lambda: self._surroundings(name, structure),
        )

    def _surroundings(self, name: str, target: Structure) -> Surroundings | Reason:
        default, outline = self.base.surroundings(target), self.base.outline()
        if isinstance(default, Reason) or isinstance(outline, Reason):
            return default
        seen = self.of(subject_of(outline))
        body = next((seen[same] for same in variants(name) if same in seen), default.body)
        other = self.read_otherwise(name, subject_of(target))
        if other is None:
            return dataclasses.replace(default, body=body)
        regions = other.region(target), self.base.region(outline)
        return dataclasses.replace(
            default, body=body, beyond_gy=lambda mm: other.highest_beyond_gy(*regions, mm)
        )

    def _all(self, subject: BandSubject, default: DVH) -> Iterator[tuple[str, DVH]]:
        region, dose = subject.region(self.base), self.base.case.dose
        if isinstance(region, Reason) or isinstance(dose, Reason):
            return
        # Views that change nothing for this structure have no DVH and take no part.
        found = {
            name: self._both_ends(subject) if name == BOTH_ENDS else other.changed(subject)
            for name, other in self._others.items()
        }
        there = {name: dvh for name, dvh in found.items() if dvh is not None}
        # The coarse reading is no plausible value itself; it shows the error of the grid, which
        # falls with the square of the spacing (`beyond`).
        if coarse := there.pop("coarse", None):
            yield "ever finer", beyond(coarse, default, 2)
        ending = STEADY if any(name in there for name in SHAPES) and is_steady(region) else ""
        for name, dvh in there.items():
            yield name + ending if name in SHAPES else name, dvh
        # The same for the fine grid: from linear on the voxels to linear on voxels cut into parts.
        if linear := there.get("linear"):
            parts = voxel_parts(self.base, region, dose, self.base.settings.interpolation)
            yield "ever finer", beyond(linear, default, parts)
            if unheld := there.get("unheld"):
                yield "ever finer, unheld", beyond(linear, unheld, parts)
        if default.is_whole and default.outside_fraction > WORTH_LEAVING_OUT:
            inside_cc = default.inside_grid_cc
            left_out = dataclasses.replace(default, volume_cc=inside_cc, outside_grid_cc=0.0)
            yield "outside left out", left_out
        noise = dict(noise_views(default, region, dose))
        yield from noise.items()
        both, how = (default, there.get("linear", default)), (self.base.convention, self.base.kept)
        yield from cut_off_views(both, region, dose, *how, noisy=bool(noise))
        for name, change in (("curve", moved), ("volume", scaled)):
            yield f"{name} lower", change(default, -1.0)
            yield f"{name} higher", change(default, 1.0)

    def _both_ends(self, subject: BandSubject) -> DVH | None:
        """Return the DVH with nothing beyond either end, where no end by itself tells that."""
        if any(self._others[name].changed(subject) is not None for name in EACH_END):
            return None
        return self._others[BOTH_ENDS].changed(subject)


def voxel_parts(doses: CaseDoses, region: Region, dose: DoseGrid, how: Interpolation) -> int:
    """Return into how many parts a reading of dose divides every voxel around a region."""
    return doses.kept.of((region, dose, how), lambda: parts_of(region, dose, how))


def _inner(convention: Convention) -> tuple[Between, Overlaps, Missing, Voxels]:
    return convention.between, convention.overlaps, convention.missing, convention.voxels


def _but_places(convention: Convention) -> tuple[Between, Ends, float, float]:
    return convention.between, convention.ends, *convention.flat_ends
