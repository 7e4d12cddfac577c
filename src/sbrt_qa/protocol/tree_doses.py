"""Doses and volumes of structure expressions in one case, each computed once."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.isodose_parts import IsodosePart
from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.margins import volume_of_cc
from sbrt_qa.i18n.phrase import said
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.expressions import Leaf, Tree
from sbrt_qa.protocol.sources import DvhSource, FarDose, PartsOf
from sbrt_qa.protocol.tree_regions import region_of_tree, tree_key

if TYPE_CHECKING:
    from sbrt_qa.protocol.lesions import VolumeOf


def volume_source(doses: CaseDoses) -> VolumeOf:
    """Return what gives the volume of an expression over structures; 0 where nothing is left."""

    @functools.cache
    def volume(tree: Tree[Structure]) -> float | Reason:
        if isinstance(tree, Leaf):
            return doses.volume_cc(tree.value)
        region = region_of_tree(doses, tree)
        if isinstance(region, Reason):
            return region
        try:
            return volume_of_cc(region)
        except GeometryError as error:
            return Reason(ReasonCode.STRUCTURE_UNREADABLE, said(error))

    return volume


def dvh_source(doses: CaseDoses) -> DvhSource:
    """Return what gives the DVH of an expression over structures, each computed once."""

    def source(tree: Tree[Structure]) -> DVH | Reason:
        if isinstance(tree, Leaf):
            return doses.dvh(tree.value)
        return doses.dvh_of(tree_key(tree), lambda: region_of_tree(doses, tree))

    return source


def far_dose_source(doses: CaseDoses) -> FarDose:
    """Return what gives the highest dose in a body far from a target."""

    def source(
        target: Tree[Structure], body: Tree[Structure], distance_mm: float
    ) -> float | Reason:
        def highest() -> float | Reason:
            regions = region_of_tree(doses, target), region_of_tree(doses, body)
            return doses.highest_beyond_gy(*regions, distance_mm)

        return doses.far_of(far_key(target, body, distance_mm), highest)

    return source


def parts_source(doses: CaseDoses) -> PartsOf:
    """Return what divides isodoses among targets, each once."""
    known: dict[tuple[str, ...], tuple[IsodosePart, ...] | Reason] = {}

    def source(
        targets: Sequence[Tree[Structure]], body: Tree[Structure], level_gy: float
    ) -> tuple[IsodosePart, ...] | Reason:
        key = (*map(tree_key, (*targets, body)), f"{level_gy:.6g}")
        if key not in known:
            regions = [region_of_tree(doses, tree) for tree in (*targets, body)]
            known[key] = doses.isodose_parts(regions[:-1], regions[-1], level_gy)
        return known[key]

    return source


def far_key(target: Tree[Structure], body: Tree[Structure], distance_mm: float) -> str:
    """Return the key of the highest dose in a body at a distance from a target."""
    return f"{tree_key(body)} {distance_mm:g} mm from {tree_key(target)}"
