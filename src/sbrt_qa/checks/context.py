"""What a check may look at: the case, its regions and doses, the protocol, and what limits said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from sbrt_qa.checks.anatomy.organs_seen import OrgansSeen, organs_seen
from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.errors import UsageError
from sbrt_qa.geometry.distance import contains
from sbrt_qa.geometry.margins import Extent, extent_of
from sbrt_qa.geometry.regions import Cells, Region, cells_of
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.body_outline import outline_among
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Finding, Reason, ReasonCode
from sbrt_qa.model.plan import Plan, Prescription
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.anatomy_file import load_anatomy
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.expressions import Leaf, Tree, leaves
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.protocol.matching import Matched

Find: TypeAlias = Callable[[str], Matched | Reason]
"""Finds a structure of the protocol, or an expression over them, in the plan."""

RegionOf: TypeAlias = Callable[[Tree[Structure]], Region | Reason]


def _not_looked_for(name: str) -> Matched | Reason:
    return Reason(ReasonCode.REFERENCE_MISSING, say("{0} was not looked for", name))


@dataclass(frozen=True, eq=False)
class CheckContext:
    """What a check may look at.

    Parameters
    ----------
    doses
        The case's regions and DVHs.
    evaluated
        ROI numbers of the structures that limits use.
    protocol
        What the case is held against.
    find
        Finds structures of the protocol in the plan.
    region_of
        Gives the region of structures combined.
    results
        The limits, evaluated.
    told
        What the evaluation of the limits already told; a check may take it up.
    site_differences
        Metrics of the DVHs stored with the dose that differ from ours, one sentence each; None
        where none are stored.
    """

    doses: CaseDoses
    evaluated: frozenset[int] = frozenset()
    protocol: Protocol | None = None
    find: Find = _not_looked_for
    region_of: RegionOf | None = None
    results: tuple[ConstraintResult, ...] = ()
    told: tuple[Finding, ...] = ()
    site_differences: tuple[str, ...] | None = None

    @property
    def case(self) -> Case:
        """The case."""
        return self.doses.case

    @property
    def plan(self) -> Plan | None:
        """The plan, if there is one."""
        plan = self.case.plan
        return None if isinstance(plan, Reason) else plan

    @cached_property
    def prescription_gy(self) -> float | None:
        """The prescribed dose, if the plan states one."""
        stated = self.plan.prescription if self.plan else None
        return stated.total_gy if isinstance(stated, Prescription) else None

    @property
    def fractions(self) -> int | None:
        """The planned number of fractions, if the plan states one."""
        stated = self.plan.fractions if self.plan else None
        return stated if isinstance(stated, int) else None

    @cached_property
    def structures(self) -> dict[str, Structure]:
        """All structures, by display key."""
        return structures_of(self.case)

    @property
    def evaluated_structures(self) -> dict[str, Structure]:
        """Structures that limits use, by display key."""
        return {key: s for key, s in self.structures.items() if s.roi_number in self.evaluated}

    @cached_property
    def body(self) -> Structure | None:
        """The outline of the body, if there is one."""
        if self.protocol and (name := self.protocol.outline_name):
            return self.one(name)
        found = outline_among(self.structures.values())
        return None if isinstance(found, Reason) else found

    @cached_property
    def organs(self) -> OrgansSeen:
        """The organs that are known, on one raster with the image."""
        return organs_seen(self.doses, load_anatomy(), self.one, self.structures, self.body)

    @cached_property
    def body_cells(self) -> Cells | None:
        """The body, cut into cells."""
        region = self.doses.region(self.body) if self.body else None
        return cells_of(region) if isinstance(region, Region) else None

    @cached_property
    def body_extent(self) -> Extent | None:
        """The box that holds the body."""
        return None if self.body_cells is None else extent_of(self.body_cells)

    def in_body(self, point_mm: tuple[float, float, float]) -> bool | None:
        """Tell whether a point lies in the body; None without an outline."""
        if self.body_cells is None:
            return None
        return bool(contains(self.body_cells, np.array([point_mm]))[0])

    def key_of(self, structure: Structure) -> str:
        """Return the display key of a structure."""
        return next((k for k, s in self.structures.items() if s is structure), structure.name)

    def look(self, name: str) -> Matched | Reason:
        """Find a structure; one that the protocol does not have is a Reason as well."""
        try:
            return self.find(name)
        except UsageError:
            text = say("the protocol has no {0}", name)
            return Reason(ReasonCode.REFERENCE_MISSING, text)

    def one(self, name: str) -> Structure | None:
        """Return the one structure of the plan that stands for a name of the protocol, if any.

        What was made here from another is none.
        """
        found = self.look(name)
        if isinstance(found, Matched) and isinstance(found.tree, Leaf):
            return None if found.tree.value.is_made else found.tree.value
        return None

    def all_of(self, name: str) -> tuple[Structure, ...]:
        """Return the structures of the plan that stand for a name together: several targets."""
        found = self.look(name)
        return leaves(found.tree) if isinstance(found, Matched) else ()

    def region(self, name: str) -> Region | Reason:
        """Return the region of a name or an expression over names of the protocol."""
        found = self.look(name)
        if isinstance(found, Reason):
            return found
        if isinstance(found.tree, Leaf):
            return self.doses.region(found.tree.value)
        if self.region_of is None:
            return Reason(ReasonCode.REFERENCE_MISSING, say("{0} is not one structure", name))
        return self.region_of(found.tree)
