"""What metrics of a structure need besides its histogram: doses prescribed, and what is around."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec
from sbrt_qa.dosimetry.surroundings import Surroundings, all_of_it, edge_max_gy
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.protocol.conformity_bounds import neighbour
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.lesions import Lesions
from sbrt_qa.protocol.matching import Matched, Matcher
from sbrt_qa.protocol.plan_targets import prescribed_gy
from sbrt_qa.protocol.sources import DvhSource, FarDose, WholeOf
from sbrt_qa.protocol.variables.registry import Facts

Share: TypeAlias = Callable[[float], float | Reason]
"""Gives the part of an isodose (Gy) that is a target's, or why it has none."""

NOTHING: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Contexts:
    """Gives contexts for the structures of one case, as one source of doses has them."""

    protocol: Protocol
    case: Case
    facts: Facts
    matcher: Matcher | Reason
    lesions: Lesions
    dvh_for: DvhSource
    far_dose: FarDose | None
    whole_of: WholeOf | None = None

    def of(
        self,
        spec: MetricSpec,
        found: Matched,
        share: Share = all_of_it,
        others: frozenset[int] = frozenset(),
    ) -> MetricContext:
        """Return what a metric of a structure needs.

        Parameters
        ----------
        share
            Part of each isodose that is the structure's.
        others
            ROI numbers of targets whose isodoses are told apart, or that are judged with it.
        """
        dose = self.case.dose
        return MetricContext(
            prescription_gy=self.prescribed(found),
            dose_max_gy=None if isinstance(dose, Reason) else dose.max_gy,
            volumes_cc=self.reference_volume(spec.relative_to),
            fractions=self.facts["fractions"],
            surroundings=lambda: self._surroundings(found, share, others),
            whole_case=None if self.whole_of is None else self.whole_of(found.tree),
        )

    def plain(self) -> MetricContext:
        """Return what a metric of something that is not drawn can have."""
        return MetricContext(
            prescription_gy=self.facts["prescription_gy"], fractions=self.facts["fractions"]
        )

    def prescribed(self, found: Matched) -> float | Reason | None:
        """Return the dose of a target of its own; for all else that of the plan."""
        kinds = (s.name for s in self.protocol.structures if s.kind == "target")
        if found.match.protocol_name not in kinds:
            return self.facts["prescription_gy"]
        given = prescribed_gy(self.case, found.match.roi_numbers)
        return self.facts["prescription_gy"] if given is None else given

    def body(self) -> Matched | Reason:
        """Return the outline of the body."""
        if isinstance(self.matcher, Reason):
            return self.matcher
        return self.matcher.body()

    def _surroundings(
        self, target: Matched, share: Share, others: frozenset[int]
    ) -> Surroundings | Reason:
        """Return the body around a target that has it, or a known part of it, for itself."""
        dose, structures, body = self.case.dose, self.case.structures, self.body()
        if isinstance(dose, Reason):
            return dose
        if isinstance(structures, Reason):
            return structures
        if isinstance(body, Reason):
            return body
        dvh = self.dvh_for(body.tree)
        if isinstance(dvh, Reason):
            return dvh
        if why := neighbour(structures, target, self.dvh_for, self.lesions.excused | others):
            return why
        far = functools.partial(self._far, target, body)
        return Surroundings(dvh, edge_max_gy(dose), far, share)

    def _far(self, target: Matched, body: Matched, distance_mm: float) -> float | Reason:
        if self.far_dose is None:
            text = say("doses far from the target are not given")
            return Reason(ReasonCode.REFERENCE_MISSING, text)
        return self.far_dose(target.tree, body.tree, distance_mm)

    def reference_volume(self, name: str) -> Mapping[str, float]:
        """Return the volume of a structure of the protocol by its name; nothing without one."""
        if not name or isinstance(self.matcher, Reason):
            return NOTHING
        found = self.matcher.find(name)
        dvh = found if isinstance(found, Reason) else self.dvh_for(found.tree)
        return NOTHING if isinstance(dvh, Reason) else {name: dvh.volume_cc}
