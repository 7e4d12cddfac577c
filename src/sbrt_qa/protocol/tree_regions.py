"""Regions of structure expressions in one case."""

from __future__ import annotations

from functools import lru_cache

from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.expansion.resized import grown_region, shrunk_region
from sbrt_qa.geometry.regions import Region
from sbrt_qa.i18n.phrase import said, say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.expressions import Leaf, Margin, Operator, Resized, Tree, fold


def tree_key(tree: Tree[Structure]) -> str:
    """Return the key of the histogram of structures combined."""
    return fold(
        tree,
        lambda s: f"roi {s.roi_number}",
        lambda sign, a, b: f"({a} {sign} {b})",
        lambda margin, inner: f"({inner} {margin})",
    )


def region_of_tree(doses: CaseDoses, tree: Tree[Structure]) -> Region | Reason:
    """Return the region of an expression over structures, or why there is none.

    A region with a margin is made once for each reading of a case.
    """
    if isinstance(tree, Leaf):
        return doses.region(tree.value)
    if isinstance(tree, Resized):
        inner, margin = tree.inner, tree.margin
        return doses.made_region(
            tree_key(tree), lambda: _resized(margin, region_of_tree(doses, inner))
        )
    return _combined(
        tree.operator, region_of_tree(doses, tree.left), region_of_tree(doses, tree.right)
    )


def _resized(margin: Margin, inner: Region | Reason) -> Region | Reason:
    return inner if isinstance(inner, Reason) else _made(margin, inner)


@lru_cache(maxsize=64)
def _made(margin: Margin, inner: Region) -> Region | Reason:
    """Return a region with a margin; readings that do not change a structure share its region."""
    try:
        if not margin.inwards:
            return grown_region(inner, margin.sides)
        left = shrunk_region(inner, margin.sides)
    except GeometryError as error:
        return Reason(ReasonCode.STRUCTURE_UNREADABLE, said(error))
    if left is None:
        text = say("nothing is left of it {0}", str(margin))
        return Reason(ReasonCode.STRUCTURE_EMPTY, text)
    return left


def _combined(sign: Operator, a: Region | Reason, b: Region | Reason) -> Region | Reason:
    if isinstance(a, Reason) or isinstance(b, Reason):
        return a if isinstance(a, Reason) else b
    try:
        if sign is Operator.WITHOUT:
            return a - b
        return a | b if sign is Operator.UNION else a & b
    except GeometryError as error:
        return Reason(ReasonCode.STRUCTURE_UNREADABLE, said(error))
