"""Rows of conformity: one for each target whose isodose is its own, one for those that share it."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.dosimetry import metrics
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.isodose_parts import IsodosePart
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricSpec, meaning_of
from sbrt_qa.dosimetry.other_targets import TOUCHING_CC, rivals_of, share_of
from sbrt_qa.dosimetry.surroundings import all_of_it
from sbrt_qa.dosimetry.view_kinds import View
from sbrt_qa.i18n.phrase import Phrase, joined, say, stated
from sbrt_qa.model.outcome import Outcome, Reason, ReasonCode
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.conformity_bounds import TARGET, bounds_at
from sbrt_qa.protocol.contexts import Contexts
from sbrt_qa.protocol.definition import ConformityLimit
from sbrt_qa.protocol.expressions import Combined, Operator, Tree
from sbrt_qa.protocol.grading import counts, grade, planned, row
from sbrt_qa.protocol.limit_result import ConstraintResult, StructureMatch
from sbrt_qa.protocol.matching import Matched, Matcher
from sbrt_qa.protocol.sources import PartsOf

UNION: Final = say("index of the union of the targets")


@dataclass(frozen=True, slots=True)
class IndexGroup:
    """Targets that one row is about.

    Parameters
    ----------
    places
        Among all judged targets; the first is the one that the row is asked for.
    note
        Why these.
    rivals
        Those that isodoses are divided among, these included: a target around these to which a
        lower dose is prescribed takes no part. Empty where all of an isodose counts.
    """

    places: tuple[int, ...]
    note: str
    rivals: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Indices:
    """Makes the rows of conformity of one case.

    Parameters
    ----------
    contexts
        With the doses that values are of.
    dose_problem
        Why there is no dose, if so.
    parts_of
        Divides isodoses among targets; without it several targets are judged as their union.
    others
        The same with doses in other views.
    """

    contexts: Contexts
    dose_problem: Reason | None
    parts_of: PartsOf | None = None
    others: Sequence[tuple[View, Contexts]] = ()

    def rows(self, limit: ConformityLimit) -> Iterator[ConstraintResult]:
        """Yield the rows of an index of the PTV, by the bounds for its volume."""
        if limit.metric in self.contexts.protocol.planned_metrics:
            yield planned(limit)
            return
        matcher = self.contexts.matcher
        each = () if isinstance(matcher, Reason) else matcher.each(TARGET)
        if isinstance(matcher, Reason) or len(each) < 2:
            found = matcher if isinstance(matcher, Reason) else matcher.find(TARGET)
            yield self._row(limit, found, each, None)
            return
        for group in self._groups(parse_metric(limit.metric), each):
            yield self._row(limit, _together([each[n] for n in group.places]), each, group)

    def _groups(self, spec: MetricSpec, each: Sequence[Matched]) -> Iterator[IndexGroup]:
        """Yield the targets that are judged together, each target in one group at least."""
        everything = tuple(range(len(each)))
        percent = meaning_of(spec).isodose_percent
        if percent is None:
            yield IndexGroup(everything, say("{0}; the bound is that of the smallest", UNION))
            return
        if self.contexts.protocol.targets.judge == "union" or self.parts_of is None:
            yield IndexGroup(everything, UNION)
            return
        doses = [self.contexts.prescribed(one) for one in each]
        known = [float(d) for d in doses if isinstance(d, float | int)]
        told: set[tuple[frozenset[int], float]] = set()
        for n in everything if len(known) == len(each) else ():
            level_gy = percent / 100 * known[n]
            rivals = rivals_of(n, known, lambda m, k: self._overlap(each[m], each[k]))
            parts = self._parts([each[m] for m in rivals], level_gy)
            if parts is None or isinstance(parts, Reason):
                break
            place = rivals.index(n)
            mine = next((p.targets for p in parts if place in p.targets), (place,))
            places = (n, *(rivals[m] for m in mine if m != place))
            if (frozenset(places), level_gy) not in told:
                told.add((frozenset(places), level_gy))
                yield IndexGroup(places, self._why(places, each, level_gy), rivals)
        if not told:
            yield IndexGroup(everything, UNION)

    def _overlap(self, one: Matched, other: Matched) -> bool:
        common = self.contexts.dvh_for(Combined(Operator.INTERSECTION, one.tree, other.tree))
        return isinstance(common, DVH) and common.volume_cc > TOUCHING_CC

    def _why(self, places: Sequence[int], each: Sequence[Matched], level_gy: float) -> Phrase:
        gy = f"{level_gy:g}"
        if len(places) == 1:
            return say("its isodose of {0} Gy is separate from those of the other targets", gy)
        names = joined(", ", (self._name(each[n]) for n in places))
        return say("index of the union of {0}, which share the isodose of {1} Gy", names, gy)

    def _name(self, one: Matched) -> str:
        matcher = self.contexts.matcher
        return matcher.name_of(one) if isinstance(matcher, Matcher) else one.match.protocol_name

    def _parts(
        self, each: Sequence[Matched], level_gy: float
    ) -> tuple[IsodosePart, ...] | Reason | None:
        body = self.contexts.body()
        if self.parts_of is None or isinstance(body, Reason):
            return None
        return self.parts_of([one.tree for one in each], body.tree, level_gy)

    def _share(self, each: Sequence[Matched], group: IndexGroup, level_gy: float) -> float | Reason:
        """Return the part of an isodose that some targets have, or why they have none."""
        parts = self._parts([each[m] for m in group.rivals], level_gy)
        if parts is None or isinstance(parts, Reason):
            return parts or Reason(
                ReasonCode.REFERENCE_MISSING, say("there is no outline of the body")
            )
        return share_of(parts, {group.rivals.index(n) for n in group.places}, level_gy)

    def _row(
        self,
        limit: ConformityLimit,
        found: Matched | Reason,
        each: Sequence[Matched],
        group: IndexGroup | None,
    ) -> ConstraintResult:
        spec = parse_metric(limit.metric)
        bounded, value = self._bounded(self.contexts, limit, found, each, group)
        graded = grade(bounded, value)
        structure = (
            "" if group is None else joined(" + ", (self._name(each[n]) for n in group.places))
        )
        return row(
            bounded,
            graded,
            value,
            spec=spec,
            seen=[(v, *self._bounded(c, limit, found, each, group)) for v, c in self.others],
            match=found.match if isinstance(found, Matched) else None,
            counts=counts(limit, graded.verdict),
            note=joined("; ", ("" if group is None else group.note, stated(limit.note))),
            structure=structure,
            target=structure,
        )

    def _bounded(
        self,
        contexts: Contexts,
        limit: ConformityLimit,
        found: Matched | Reason,
        each: Sequence[Matched],
        group: IndexGroup | None,
    ) -> tuple[ConformityLimit, Outcome]:
        """Return a limit with the bounds for the PTV found, and the value or the Reason."""
        if self.dose_problem is not None:
            return limit, self.dose_problem
        if isinstance(found, Reason):
            return limit, found
        dvh = contexts.dvh_for(found.tree)
        if isinstance(dvh, Reason):
            return limit, dvh
        spec = parse_metric(limit.metric)
        share = all_of_it
        if group is not None and group.rivals:
            share = functools.partial(self._share, each, group)
        others = frozenset(n for one in each for n in one.match.roi_numbers)
        value = metrics.evaluate(spec, dvh, contexts.of(spec, found, share, others))
        smallest = _smallest_cc(contexts, dvh, () if meaning_of(spec).isodose_percent else each)
        bounded = bounds_at(limit, smallest)
        if isinstance(value, Reason) or isinstance(bounded, ConformityLimit):
            return (limit if isinstance(bounded, Reason) else bounded), value
        unit = "" if value.unit == "1" else f" {value.unit}"
        text = say("{0}; the value is {1}{2}", bounded.detail, f"{value.value:.4g}", unit)
        return limit, Reason(bounded.code, text)


def _smallest_cc(contexts: Contexts, whole: DVH, each: Sequence[Matched]) -> float:
    found = [contexts.dvh_for(one.tree) for one in each]
    return min((d.volume_cc for d in found if isinstance(d, DVH)), default=whole.volume_cc)


def _together(found: Sequence[Matched]) -> Matched:
    """Return several targets as one, or the only one."""
    if len(found) == 1:
        return found[0]
    tree: Tree[Structure] = found[0].tree
    for other in found[1:]:
        tree = Combined(Operator.UNION, tree, other.tree)
    names = tuple(name for one in found for name in one.match.plan_names)
    numbers = tuple(n for one in found for n in one.match.roi_numbers)
    return Matched(
        StructureMatch(TARGET, names, numbers, say("targets of this kind together")), tree
    )
