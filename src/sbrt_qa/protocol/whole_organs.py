"""Organs of a case by the protocol's names or by their own, and whether they were scanned whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.equal_distance import equal_distance_rank
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metrics import not_whole
from sbrt_qa.dosimetry.remnant_liver import standard_liver_cc
from sbrt_qa.dosimetry.surroundings import edge_max_gy
from sbrt_qa.dosimetry.whole_case import WholeCase
from sbrt_qa.errors import GeometryError, UsageError
from sbrt_qa.geometry.regions import Region, cells_of
from sbrt_qa.geometry.surfaces import Surface
from sbrt_qa.i18n.phrase import said, say
from sbrt_qa.model.body_size import BodySize
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Structure
from sbrt_qa.model.target_kind import is_outer_target
from sbrt_qa.protocol.expressions import Combined, Leaf, Operator, Tree, leaves
from sbrt_qa.protocol.tree_doses import dvh_source
from sbrt_qa.protocol.tree_regions import region_of_tree

if TYPE_CHECKING:
    from sbrt_qa.protocol.matching import Matched

CUT_BY_SCANS: Final = ("Lungs", "Heart")
"""Organs that scans of the abdomen often cut: without the image nobody knows."""

FindOrgan: TypeAlias = "Callable[[str], Matched | Reason]"
"""Finds a structure by a name of the protocol; raises a UsageError where it has no such name."""


def by_no_protocol(name: str) -> Matched | Reason:
    """Find nothing, so that names of the plan are taken.

    Raises
    ------
    UsageError
        Always.
    """
    raise UsageError(name)


@dataclass(frozen=True, slots=True, eq=False)
class WholeOrgans:
    """Organs of one case.

    Parameters
    ----------
    find
        Names that the protocol does not have are looked for in the plan.
    """

    doses: CaseDoses
    find: FindOrgan = by_no_protocol

    def tree(self, name: str) -> Tree[Structure] | Reason:
        """Return what stands for an organ."""
        try:
            found = self.find(name)
        except UsageError:
            return self._named(name)
        return found if isinstance(found, Reason) else found.tree

    def body(self) -> Tree[Structure] | Reason:
        """Return the outline of the body."""
        found = self.doses.outline()
        return found if isinstance(found, Reason) else Leaf(found)

    def inside(self, tree: Tree[Structure] | Reason) -> DVH | Reason:
        """Return the histogram of what of a structure lies in the dose grid."""
        return tree if isinstance(tree, Reason) else dvh_source(self.doses)(tree)

    def whole(self, tree: Tree[Structure] | Reason) -> DVH | Reason:
        """Return the histogram of a structure that lies in the dose grid as a whole."""
        dvh = self.inside(tree)
        return dvh if isinstance(dvh, Reason) else (not_whole(dvh) or dvh)

    def mean_gy(self, name: str) -> float | Reason:
        """Return the mean dose of an organ that was scanned whole."""
        tree = self.tree(name)
        dvh = self.whole(tree)
        if isinstance(dvh, Reason):
            return dvh
        return self.cut(name, tree) or dvh.mean_gy

    def cut(self, name: str, tree: Tree[Structure] | Reason) -> Reason | None:
        """Return that the image ends within an organ, so that its rest was not scanned."""
        image = self.doses.case.image
        if isinstance(tree, Reason):
            return None
        if image is None or image.z_mm.size < 2:
            if name not in CUT_BY_SCANS:
                return None
            text = say("no planning image: whether {0} was scanned whole is not known", name)
            return Reason(ReasonCode.REFERENCE_MISSING, text)
        heights = [c.z_mm for s in leaves(tree) for c in s.contours]
        near = 0.5 * image.slice_spacing_mm
        low = bool(heights) and min(heights) <= image.z_mm[0] + near
        high = bool(heights) and max(heights) >= image.z_mm[-1] - near
        if not low and not high:
            return None
        end = say("lowest") if low else say("highest")
        text = say("{0} reaches the {1} slice of the image: its rest was not scanned", name, end)
        return Reason(ReasonCode.NOT_APPLICABLE, text)

    def around(self, tree: Tree[Structure]) -> WholeCase:
        """Return the case around one structure."""
        dose = self.doses.case.dose
        return WholeCase(
            mean_gy=self.mean_gy,
            body=lambda: self.inside(self.body()),
            edge_max_gy=dose if isinstance(dose, Reason) else edge_max_gy(dose),
            standard_liver_cc=lambda: standard_cc(self.doses.case)[0],
            rank_percent=lambda: self._rank(tree),
            surface_mm2=lambda: self._surface_mm2(tree),
        )

    def _named(self, name: str) -> Tree[Structure] | Reason:
        there = structures_of(self.doses.case)
        if name == "Lungs" and "Lungs" not in there and {"Lung_L", "Lung_R"} <= set(there):
            return Combined(Operator.UNION, Leaf(there["Lung_L"]), Leaf(there["Lung_R"]))
        if name in there:
            return Leaf(there[name])
        text = say("no structure of the plan is called {0}", name)
        return Reason(ReasonCode.STRUCTURE_MISSING, text)

    def _rank(self, tree: Tree[Structure]) -> float | Reason:
        """Rank a structure against the body as far from any planning target."""
        target, outline = outer_targets(self.doses), self.doses.outline()
        if isinstance(target, Reason):
            return target
        if isinstance(outline, Reason):
            return outline
        organ, body = region_of_tree(self.doses, tree), self.doses.region(outline)
        dose = self.doses.case.dose
        if isinstance(organ, Reason):
            return organ
        if isinstance(body, Reason):
            return body
        if isinstance(dose, Reason):
            return dose
        try:
            return equal_distance_rank(cells_of(organ), cells_of(target), cells_of(body), dose)
        except GeometryError as error:
            return Reason(ReasonCode.STRUCTURE_UNREADABLE, said(error))

    def _surface_mm2(self, tree: Tree[Structure]) -> float | Reason:
        region = region_of_tree(self.doses, tree)
        if isinstance(region, Reason):
            return region
        try:
            surface = Surface.of(cells_of(region))
        except GeometryError as error:
            return Reason(ReasonCode.STRUCTURE_UNREADABLE, said(error))
        return float(surface.area_mm2(surface.selected).sum())


def outer_targets(doses: CaseDoses) -> Region | Reason:
    """Return the planning targets of a case as one region."""
    regions = [doses.region(s) for s in structures_of(doses.case).values() if is_outer_target(s)]
    found: Region | None = None
    for one in regions:
        if isinstance(one, Reason):
            return one
        found = one if found is None else found | one
    if found is None:
        return Reason(ReasonCode.STRUCTURE_MISSING, say("there is no planning target"))
    return found


def standard_cc(case: Case) -> tuple[float | Reason, str]:
    """Return the standard liver volume by height and weight, and who states them."""
    stated, read = case.stated.body, BodySize() if case.image is None else case.image.body
    height = stated.height_cm if stated.height_cm is not None else read.height_cm
    weight = stated.weight_kg if stated.weight_kg is not None else read.weight_kg
    if height is None or weight is None:
        text = say("height and weight are not known: state them with --height-cm and --weight-kg")
        return Reason(ReasonCode.REFERENCE_MISSING, text), ""
    by = say("the user's word") if stated.is_known else say("the header of the image")
    basis = say(
        "{0} cm and {1} kg by {2}; Urata", f"{height:g}", f"{weight:g}",
        by if stated.is_known or stated == BodySize() else say("the user's word and the header"),
    )  # fmt: skip
    return standard_liver_cc(height, weight), basis
