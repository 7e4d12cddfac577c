"""Regions and DVHs of one case, each computed once however many limits ask for it."""

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from sbrt_qa.dosimetry.beyond import highest_beyond_gy
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.integrate import DEFAULT_SETTINGS, IntegrationSettings, integrate
from sbrt_qa.dosimetry.integrate import volume_cc as volume_cc_of
from sbrt_qa.dosimetry.interpolation import Interpolation
from sbrt_qa.dosimetry.isodose_parts import IsodosePart, isodose_parts
from sbrt_qa.dosimetry.kept_steps import Kept
from sbrt_qa.dosimetry.metric_registry import MetricContext
from sbrt_qa.dosimetry.on_cores import side_by_side
from sbrt_qa.dosimetry.other_targets import (
    TOUCHING_CC,
    not_told_apart,
    others_around,
    rivals_of,
    share_of,
)
from sbrt_qa.dosimetry.surroundings import Surroundings, all_of_it, edge_max_gy, lies_apart
from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.planes import PlaneStack, spacing_mm, stack_planes
from sbrt_qa.geometry.regions import Region, cells_of, forget_cells, region_of_planes
from sbrt_qa.geometry.slabs import DEFAULT_CONVENTION, Convention, Overlaps, Voxels
from sbrt_qa.geometry.voxels import as_voxels_allow
from sbrt_qa.i18n.phrase import said, say
from sbrt_qa.model.body_outline import outline_among
from sbrt_qa.model.case import Case
from sbrt_qa.model.free_memory import give_back_memory, is_large
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.plan import Plan, Prescription
from sbrt_qa.model.structure import Structure, StructureSet
from sbrt_qa.model.target_kind import is_outer_target, is_target


class CaseDoses:
    """What the structures of a case receive. Asking twice costs nothing.

    Parameters
    ----------
    case
        The case; its dose may be missing, then every DVH is the Reason why.
    convention, settings
        How contours and dose are read.
    """

    def __init__(
        self,
        case: Case,
        convention: Convention = DEFAULT_CONVENTION,
        settings: IntegrationSettings = DEFAULT_SETTINGS,
    ) -> None:
        self.case = case
        self.convention = convention
        self.settings = settings
        self._regions: dict[int, Region | Reason] = {}
        self._made: dict[str, Region | Reason] = {}
        self._dvhs: dict[str, DVH | Reason] = {}
        self._far: dict[str, float | Reason] = {}
        self._stacks: dict[tuple[int, Overlaps, Voxels], PlaneStack] = {}
        self.kept = Kept()

    def reading(self, how: Interpolation) -> CaseDoses:
        """Read dose between voxels in some way from now on; regions stay. Returns itself."""
        if how is not self.settings.interpolation:
            self.settings = dataclasses.replace(self.settings, interpolation=how)
            self._dvhs.clear()
            self._far.clear()
        return self

    def with_plan(self, plan: Plan | Reason) -> CaseDoses:
        """Return the same regions and histograms of another plan."""
        other = copy.copy(self)
        other.__dict__.pop("metric_context", None)
        other.case = dataclasses.replace(self.case, plan=plan)
        return other

    def with_dose(self, dose: DoseGrid | Reason) -> CaseDoses:
        """Return the same regions with another dose."""
        return self.with_case(dataclasses.replace(self.case, dose=dose))

    def with_case(self, case: Case) -> CaseDoses:
        """Return another case on the same structures, or some of them; regions are shared."""
        other = type(self)(case, self.convention, self.settings)
        other._regions, other._made = self._regions, self._made  # noqa: SLF001 - of this class
        return other

    @cached_property
    def slice_spacing_mm(self) -> float | None:
        """Spacing of the image slices, else the most usual one of the structure set's planes."""
        if self.case.slice_spacing_mm is not None:
            return self.case.slice_spacing_mm
        if isinstance(self.case.structures, Reason):
            return None
        gaps = [g for s in self.case.structures.structures if (g := _own_spacing_mm(s)) is not None]
        return float(np.median(gaps)) if gaps else None

    @cached_property
    def metric_context(self) -> MetricContext:
        """What metrics need to know of the plan and the dose."""
        plan, dose = self.case.plan, self.case.dose
        prescription = plan if isinstance(plan, Reason) else plan.prescription
        return MetricContext(
            prescription_gy=(
                prescription.total_gy if isinstance(prescription, Prescription) else prescription
            ),
            dose_max_gy=None if isinstance(dose, Reason) else dose.max_gy,
            fractions=plan if isinstance(plan, Reason) else plan.fractions,
        )

    def context_of(self, structure: Structure) -> MetricContext:
        """Return what metrics of one structure need, also of what surrounds it."""
        plan = self.case.plan
        own = None if isinstance(plan, Reason) else plan.prescribed_gy([structure.roi_number])
        known = self.metric_context
        return dataclasses.replace(
            known,
            prescription_gy=known.prescription_gy if own is None else own,
            surroundings=lambda: self.surroundings(structure),
        )

    def region(self, structure: Structure) -> Region | Reason:
        """Return the region of one structure, or why it has none."""
        number = structure.roi_number
        if number not in self._regions:
            self._regions[number] = self._make_region(structure)
        return self._regions[number]

    def made_region(self, key: str, make: Callable[[], Region | Reason]) -> Region | Reason:
        """Return a region that is made of others, once per `key`."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def stack(
        self, structure: Structure, overlaps: Overlaps, voxels: Voxels = Voxels.AS_GIVEN
    ) -> PlaneStack:
        """Return the planes of a structure that has contours, as one reading combines them.

        Raises
        ------
        GeometryError
            The contours make no planes.
        """
        key = structure.roi_number, overlaps, voxels
        if key not in self._stacks:
            usual = voxels is Voxels.AS_GIVEN
            drawn = structure if usual else as_voxels_allow(structure, voxels)
            self._stacks[key] = stack_planes(drawn, self.slice_spacing_mm, overlaps)
        return self._stacks[key]

    def dvh(self, structure: Structure) -> DVH | Reason:
        """Return the DVH of one structure, or why it has none."""
        return self.dvh_of(f"roi {structure.roi_number}", lambda: self.region(structure))

    def dvh_of(self, key: str, region: Callable[[], Region | Reason]) -> DVH | Reason:
        """Return the DVH of a region, computed once per `key`."""
        if key not in self._dvhs:
            self._dvhs[key] = self._integrate(region())
        return self._dvhs[key]

    def far_of(self, key: str, highest: Callable[[], float | Reason]) -> float | Reason:
        """Return a dose far from a target, computed once per `key`."""
        if key not in self._far:
            self._far[key] = highest()
        return self._far[key]

    @property
    def computed(self) -> tuple[Mapping[str, DVH | Reason], Mapping[str, float | Reason]]:
        """All histograms, and all doses far from targets, that have been asked for, by key."""
        return self._dvhs, self._far

    def volume_cc(self, structure: Structure) -> float | Reason:
        """Return the volume of one structure, which needs no dose."""
        dvh, region = self.dvh(structure), self.region(structure)
        if isinstance(dvh, DVH):
            return dvh.volume_cc
        if isinstance(region, Reason):
            return region
        try:
            return volume_cc_of(region)
        except GeometryError as error:
            return _unreadable(error)

    def highest_beyond_gy(
        self, target: Region | Reason, body: Region | Reason, distance_mm: float
    ) -> float | Reason:
        """Return the highest dose in a body at a distance or more from a target."""
        dose = self.case.dose
        if isinstance(target, Reason):
            return target
        if isinstance(body, Reason):
            return body
        if isinstance(dose, Reason):
            return dose
        try:
            regions, how = (cells_of(target), cells_of(body)), self.settings.interpolation
            return highest_beyond_gy(*regions, dose, distance_mm, how)
        except GeometryError as error:
            return _unreadable(error)

    def isodose_parts(
        self, targets: Sequence[Region | Reason], body: Region | Reason, level_gy: float
    ) -> tuple[IsodosePart, ...] | Reason:
        """Divide an isodose in a body among targets."""
        dose, there = self.case.dose, [t for t in targets if not isinstance(t, Reason)]
        if isinstance(dose, Reason):
            return dose
        if isinstance(body, Reason):
            return body
        if len(there) < len(targets):
            return next(t for t in targets if isinstance(t, Reason))
        try:
            return isodose_parts(there, body, dose, level_gy)
        except GeometryError as error:
            return _unreadable(error)

    def prepare(self, structures: Iterable[Structure]) -> None:
        """Compute the DVHs of several structures at once, on as many cores as are useful."""
        side_by_side(self.dvh, structures)
        give_back_memory()

    def let_go(self) -> None:
        """Give back, of a large case, what is made again for who asks: few structures are."""
        if is_large():
            for region in self._regions.values():
                if not isinstance(region, Reason):
                    forget_cells(region)
        give_back_memory()

    def outline(self) -> Structure | Reason:
        """Return the outline of the body, without a protocol."""
        return outline_among(structures_of(self.case).values())

    def surroundings(self, target: Structure) -> Surroundings | Reason:
        """Return the body around a target that has it for itself; an organ has no index."""
        if not is_target(target):
            return Reason(ReasonCode.NOT_APPLICABLE, say("not a target: no index"))
        outline, dose = self.outline(), self.case.dose
        if isinstance(outline, Reason):
            return outline
        body = self.dvh(outline)
        if isinstance(dose, Reason):
            return dose
        if isinstance(body, Reason):
            return body
        others = self._others(target)
        if others and not is_outer_target(target):
            return not_told_apart(others[0])
        return Surroundings(
            body,
            edge_max_gy(dose),
            functools.partial(self._far_from, target, others, outline),
            functools.partial(self._share, target, others, outline) if others else all_of_it,
        )

    def _far_from(
        self, target: Structure, others: Sequence[Structure], outline: Structure, mm: float
    ) -> float | Reason:
        """Return the highest dose far from a target; beside another one it is that one's."""
        if others:
            return not_told_apart(others[0])
        return self.highest_beyond_gy(self.region(target), self.region(outline), mm)

    def _others(self, target: Structure) -> tuple[Structure, ...]:
        """Return the other PTVs around a target, but those that are made of the rest of them."""
        there = structures_of(self.case).values()
        found = others_around(
            there,
            (target.roi_number,),
            _CaseSurroundings(self, target),
            is_outer=is_outer_target(target),
        )
        kept = sorted(found, key=lambda s: -_cc(self.volume_cc(s)))
        for other in tuple(kept):
            if is_outer_target(target) and self._is_made_of(other, [target, *kept]):
                kept.remove(other)
        order = list(there)
        return tuple(sorted(kept, key=order.index))

    def _is_made_of(self, whole: Structure, parts: Sequence[Structure]) -> bool:
        """Tell whether a target is nothing but smaller ones together."""
        volume_cc = _cc(self.volume_cc(whole))
        smaller = [p for p in parts if p is not whole and _cc(self.volume_cc(p)) < volume_cc]
        rest = self.region(whole)
        for part in smaller:
            taken = self.region(part)
            if not isinstance(rest, Reason) and not isinstance(taken, Reason):
                rest = rest - taken
        if len(smaller) < 2 or isinstance(rest, Reason):
            return False
        return not lies_apart(_cc(volume_cc_of(rest)), volume_cc)

    def _share(
        self, target: Structure, others: Sequence[Structure], outline: Structure, level_gy: float
    ) -> float | Reason:
        """Return the part of an isodose that is a target's own, as `check` divides it."""
        each = (target, *others)
        doses = [self.context_of(one).prescription_gy for one in each]
        known = [float(d) for d in doses if isinstance(d, float | int)]
        if len(known) < len(each):
            return not_told_apart(others[0])
        places = rivals_of(0, known, lambda m, k: self._overlap(each[m], each[k]))
        regions = [self.region(each[m]) for m in places]
        parts = self.isodose_parts(regions, self.region(outline), level_gy)
        if isinstance(parts, Reason):
            return parts
        mine = {m for part in parts if 0 in part.targets for m in part.targets} - {0}
        if mine:
            return not_told_apart(each[places[min(mine)]])
        return share_of(parts, (0,), level_gy)

    def _overlap(self, a: Structure, b: Structure) -> bool:
        one, other = self.region(a), self.region(b)
        if isinstance(one, Reason) or isinstance(other, Reason):
            return False
        return _cc(volume_cc_of(one & other)) > TOUCHING_CC

    def rest_cc(self, a: Structure, b: Structure) -> float:
        """Return the volume of one structure outside another; 0 where there is none."""
        one, other = self.region(a), self.region(b)
        if isinstance(one, Reason) or isinstance(other, Reason):
            return 0.0
        rest = self.dvh_of(f"(roi {a.roi_number} - roi {b.roi_number})", lambda: one - other)
        return 0.0 if isinstance(rest, Reason) else rest.volume_cc

    def _make_region(self, structure: Structure) -> Region | Reason:
        if structure.problem is not None:
            return structure.problem
        if not structure.contours:
            return Reason(ReasonCode.STRUCTURE_EMPTY, say("the structure has no closed contour"))
        try:
            stack = self.stack(structure, self.convention.overlaps, self.convention.voxels)
            return region_of_planes(stack, self.convention, self.slice_spacing_mm)
        except GeometryError as error:
            return _unreadable(error)

    def _integrate(self, region: Region | Reason) -> DVH | Reason:
        if isinstance(region, Reason):
            return region
        if isinstance(self.case.dose, Reason):
            return self.case.dose
        try:
            return integrate(
                region, self.case.dose, convention=self.convention, settings=self.settings,
                kept=self.kept,
            )  # fmt: skip
        except GeometryError as error:
            return _unreadable(error)


@dataclasses.dataclass(frozen=True, slots=True)
class _CaseSurroundings:
    """The volumes around one target of a case."""

    doses: CaseDoses
    target: Structure

    def whole_cc(self, other: Structure | None) -> float | None:
        whole = self.doses.dvh(self.target if other is None else other)
        return None if isinstance(whole, Reason) else whole.volume_cc

    def outside_cc(self, other: Structure) -> float:
        return self.doses.rest_cc(other, self.target)

    def inside_cc(self, other: Structure) -> float:
        return self.doses.rest_cc(self.target, other)


def _cc(volume: float | Reason) -> float:
    return 0.0 if isinstance(volume, Reason) else volume


def structures_of(case: Case) -> dict[str, Structure]:
    """Return the structures of a case by display key; none when there is no structure set."""
    return case.structures.keys() if isinstance(case.structures, StructureSet) else {}


def _own_spacing_mm(structure: Structure) -> float | None:
    heights = np.unique([c.z_mm for c in structure.contours])
    return spacing_mm(np.diff(heights)) if heights.size > 2 else None


def _unreadable(error: GeometryError) -> Reason:
    return Reason(ReasonCode.STRUCTURE_UNREADABLE, said(error))
