"""Regions of structure expressions in one case."""

from __future__ import annotations

from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.regions import Region
from sbrt_qa.i18n.phrase import said
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.expressions import Operator, Tree, fold


def tree_key(tree: Tree[Structure]) -> str:
    """Return the key of the histogram of structures combined."""
    return fold(tree, lambda s: f"roi {s.roi_number}", lambda sign, a, b: f"({a} {sign} {b})")


def region_of_tree(doses: CaseDoses, tree: Tree[Structure]) -> Region | Reason:
    """Return the region of an expression over structures, or why there is none."""
    return fold(tree, doses.region, _combined)


def _combined(sign: Operator, a: Region | Reason, b: Region | Reason) -> Region | Reason:
    if isinstance(a, Reason) or isinstance(b, Reason):
        return a if isinstance(a, Reason) else b
    try:
        if sign is Operator.WITHOUT:
            return a - b
        return a | b if sign is Operator.UNION else a & b
    except GeometryError as error:
        return Reason(ReasonCode.STRUCTURE_UNREADABLE, said(error))
