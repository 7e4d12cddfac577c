"""A case held against the limits of a protocol."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from sbrt_qa.dosimetry import metrics
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricSpec, meaning_of, metric_of
from sbrt_qa.dosimetry.view_kinds import View
from sbrt_qa.i18n.phrase import joined, say, stated
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import (
    Finding,
    Measured,
    Outcome,
    Reason,
    ReasonCode,
    Verdict,
    worst,
)
from sbrt_qa.protocol.applicability import Applicable, Held, dose_problem, facts_of, held_of, select
from sbrt_qa.protocol.contexts import Contexts
from sbrt_qa.protocol.definition import Constraint, Protocol
from sbrt_qa.protocol.grading import counts, grade, of_whole, planned, row
from sbrt_qa.protocol.indices import Indices
from sbrt_qa.protocol.lesions import Lesions
from sbrt_qa.protocol.limit_result import ConstraintResult, StructureMatch, worst_first
from sbrt_qa.protocol.matching import ABSENT, Matched
from sbrt_qa.protocol.not_drawn import NotDrawn, far_findings
from sbrt_qa.protocol.plan_targets import lesions_of, matcher_of, target_findings
from sbrt_qa.protocol.remnant import by_remnant_rule
from sbrt_qa.protocol.sources import DvhSource, FarDose, PartsOf, SourceSeen, WholeOf

REVIEWER_DECIDES: Final = say("smaller than the volume asked for: the reviewer decides")

NO_MAPPING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One case held against one protocol.

    Parameters
    ----------
    results
        Those that count first; worst first, then by priority, then as in the protocol.
    matches
        What stands for the structures of the protocol, found ones only.
    findings
        What keeps limits from being applied, such as a prescription the protocol does not know.
    verdict
        Worst of all that counts; priority 3 makes it minor at worst.
    lesions
        The targets of the plan, and what became of each.
    """

    results: tuple[ConstraintResult, ...]
    matches: tuple[StructureMatch, ...]
    findings: tuple[Finding, ...]
    verdict: Verdict
    lesions: Lesions = field(default_factory=Lesions)


def evaluate(
    protocol: Protocol,
    case: Case,
    *,
    dvh_for: DvhSource,
    far_dose: FarDose | None = None,
    views: Sequence[SourceSeen] = (),
    mapping: Mapping[str, str] = NO_MAPPING,
    lesions: Lesions | None = None,
    probe: DvhSource | None = None,
    parts_of: PartsOf | None = None,
    whole_of: WholeOf | None = None,
) -> Evaluation:
    """Hold a case against every limit of a protocol that applies to it.

    Parameters
    ----------
    dvh_for
        Where DVHs come from.
    far_dose
        Where doses far from a target come from; without it they are not evaluable.
    views
        Where doses come from in other plausible readings of the case; they make the bands.
    mapping
        The user's names, see `Matcher`.
    lesions
        The targets of the plan; without them they are found by their names and types only.
    probe
        Where DVHs come from that decide whether another is needed; `dvh_for` unless given.
    parts_of
        Divides isodoses among targets; without it indices of several are those of their union.
    whole_of
        Gives the case around a structure; without it metrics of the whole body are not evaluable.

    Raises
    ------
    UsageError
        The mapping leads to a name that the protocol does not have.
    """
    found = lesions_of(protocol, case, mapping) if lesions is None else lesions
    evaluator = _Evaluator(protocol, case, (dvh_for, far_dose), mapping, found)
    evaluator.probe = probe or dvh_for
    evaluator.parts_of = parts_of
    evaluator.contexts = dataclasses.replace(evaluator.contexts, whole_of=whole_of)
    evaluator.others = [(seen.view, evaluator.seen_by(seen)) for seen in views]
    return evaluator.run()


def overall(results: tuple[ConstraintResult, ...], findings: tuple[Finding, ...]) -> Verdict:
    """Return the verdict of a case from its limits and findings.

    A finding that disowns a part of the case makes it not evaluable, whatever limits say.
    """
    if any(f.disowns is not None for f in findings):
        return Verdict.NOT_EVALUABLE
    verdicts = [f.verdict for f in findings if f.verdict is not None]
    for result in results:
        if result.counts:
            lifted = result.priority == 3 and result.verdict is not Verdict.PER_PROTOCOL
            verdicts.append(Verdict.MINOR if lifted else result.verdict)
    return worst(verdicts)


class _Evaluator:
    """One run: what is known of the case, and what follows for each limit."""

    def __init__(
        self,
        protocol: Protocol,
        case: Case,
        sources: tuple[DvhSource, FarDose | None],
        mapping: Mapping[str, str],
        lesions: Lesions,
    ) -> None:
        self.protocol = protocol
        self.case = case
        self.dvh_for, far_dose = sources
        self.probe = self.dvh_for
        self.parts_of: PartsOf | None = None
        self.others: list[tuple[View, _Evaluator]] = []
        self.facts = facts_of(case, protocol)
        self.dose_problem = dose_problem(case.dose)
        self.optional = {s.name for s in protocol.structures if s.is_optional}
        self.notes = {s.name: s.required for s in protocol.structures}
        self.lesions = lesions
        self.matcher = matcher_of(protocol, case, mapping, lesions)
        self.contexts = Contexts(
            protocol, case, self.facts, self.matcher, lesions, self.dvh_for, far_dose
        )

    def seen_by(self, seen: SourceSeen) -> _Evaluator:
        """Return the same evaluation with doses from elsewhere."""
        other = copy.copy(self)
        other.dvh_for = seen.dvh_for
        other.contexts = dataclasses.replace(
            self.contexts, dvh_for=seen.dvh_for, far_dose=seen.far_dose
        )
        return other

    def run(self) -> Evaluation:
        """Evaluate every limit that applies."""
        limits, findings = select(self.protocol, self.facts)
        asked = [one for limit in limits if (one := self._asked(limit)) is not None]
        held = [result for limit in asked for result in self._results(limit)]
        rows, about_liver = by_remnant_rule(self.protocol, held, self._volume_cc, self._sole)
        rows += self._indices()
        results = tuple(sorted(rows, key=worst_first))
        found = (
            *findings,
            *about_liver,
            *target_findings(self.protocol, self.case, self.lesions),
            *far_findings(self.contexts),
            *self._unused_maps(),
        )
        matches = tuple(self._matches())
        return Evaluation(results, matches, found, overall(results, found), self.lesions)

    def _asked(self, limit: Applicable) -> Applicable | None:
        """Return a limit with what its `only_if` says; None where it does not apply to the plan."""
        asked = limit.constraint.only_if
        if isinstance(self.matcher, Reason):
            return limit
        if limit.constraint.if_drawn:
            there = self.matcher.find(limit.constraint.structure)
            if isinstance(there, Reason) and there.code in ABSENT:
                return None
        if asked is None or limit.unknown is not None:
            return limit
        found = self.matcher.find(asked.structure)
        value = self._outcome(limit, parse_metric(asked.metric), found)[0]
        if isinstance(value, Reason):
            return Applicable(limit.constraint, value)
        return limit if value.value > asked.above else None

    def _volume_cc(self, name: str) -> float | None:
        """Return the volume of a structure of the protocol; None where it is not known."""
        return self.contexts.reference_volume(name).get(name)

    def _sole(self, limit: Applicable) -> ConstraintResult:
        return self._result(limit, self._find(limit.constraint))

    def _results(self, limit: Applicable) -> Iterator[ConstraintResult]:
        """Yield the row of a limit; of a limit of targets one for each that is judged."""
        constraint = limit.constraint
        if constraint.metric in self.protocol.planned_metrics:
            yield planned(constraint)
            return
        held = held_of(self.protocol, constraint, self.matcher, self.case)
        if not held:
            yield self._sole(limit)
        elif metric_of(parse_metric(constraint.metric)).of_whole_dose:
            yield self._result(limit, self._best(limit, held))
        else:
            for one in held:
                yield self._result(limit, one.found, one)

    def _best(self, limit: Applicable, held: Sequence[Held]) -> Matched:
        """Return the target that meets a limit which one of all must meet, else the first."""
        spec = parse_metric(limit.constraint.metric)
        for one in held:
            outcome = self._outcome(limit, spec, one.found)[0]
            if grade(limit.constraint, outcome).verdict is Verdict.PER_PROTOCOL:
                return one.found
        return held[0].found

    def _result(
        self, limit: Applicable, found: Matched | Reason, held: Held | None = None
    ) -> ConstraintResult:
        constraint = limit.constraint
        spec = parse_metric(constraint.metric)
        outcome, note = self._outcome(limit, spec, found)
        notes = [
            note,
            "" if held is None else held.note,
            stated(constraint.note),
            metric_of(spec).validity,
        ]
        absent = isinstance(found, Reason) and found.code in ABSENT
        if isinstance(found, Reason) and (settled := self._not_drawn(limit, spec, found)):
            return settled
        if absent:
            notes.insert(0, self._requirement(constraint.structure))
        graded = grade(constraint, outcome)
        seen = [
            (view, constraint, self._seen_by_other(other, limit, spec, found, outcome))
            for view, other in self.others
        ]
        excused = absent and self._is_excused(constraint)
        return row(
            constraint,
            graded,
            outcome,
            spec=spec,
            seen=seen,
            match=found.match if isinstance(found, Matched) else None,
            counts=counts(constraint, graded.verdict) and not excused,
            note=joined("; ", notes),
            structure="" if held is None else held.structure,
            target="" if held is None else held.target,
        )

    def _is_excused(self, constraint: Constraint) -> bool:
        """Tell whether an absent structure leaves a limit out of the verdict.

        One that is merely recommended does not where the limit has priority 1.
        """
        asked = self.notes.get(constraint.structure) == "recommended" and constraint.priority == 1
        return constraint.structure in self.optional and not asked

    def _not_drawn(
        self, limit: Applicable, spec: MetricSpec, why: Reason
    ) -> ConstraintResult | None:
        """Return the row of an organ that is not drawn where nobody needs its contour."""
        if why.code not in ABSENT or limit.unknown or self.dose_problem:
            return None
        others = [(view, other.dvh_for) for view, other in self.others]
        settled = NotDrawn(self.contexts, self.probe, self.dvh_for, others)
        return settled.row(limit.constraint, spec, why)

    def _seen_by_other(
        self, other: _Evaluator, limit: Applicable, spec: MetricSpec, found: Matched | Reason,
        usual: Outcome,
    ) -> Outcome:  # fmt: skip
        """Return the value in another view; the usual one where it rests on the same histogram."""
        of_dvh = meaning_of(spec).from_histogram and not spec.relative_to
        if (
            of_dvh
            and isinstance(usual, Measured)
            and isinstance(found, Matched)
            and other.dvh_for(found.tree) is self.dvh_for(found.tree)
        ):
            return usual
        return other._as_far_as_known(limit, spec, found)

    def _as_far_as_known(
        self, limit: Applicable, spec: MetricSpec, found: Matched | Reason
    ) -> Outcome:
        """Return the value in another view, of what lies inside the dose grid.

        Where the structure is smaller there than the volume asked for, that is the minimum.
        """
        outcome = self._outcome(limit, spec, found)[0]
        if isinstance(outcome, Measured) or isinstance(found, Reason):
            return outcome
        dvh = self.dvh_for(found.tree)
        if isinstance(dvh, Reason) or dvh.inside_grid_cc <= 0:
            return outcome
        dvh = dataclasses.replace(dvh, volume_cc=dvh.inside_grid_cc, outside_grid_cc=0.0)
        context = self.contexts.of(spec, found)
        if outcome.code is ReasonCode.OUTSIDE_DOSE_GRID:
            outcome = metrics.evaluate(spec, dvh, context)
        small = isinstance(outcome, Reason) and outcome.code is ReasonCode.SMALLER_THAN_ASKED
        instead = meaning_of(spec).if_smaller
        if not small or not instead:
            return outcome
        return metrics.evaluate(parse_metric(f"{instead}[{spec.unit}]"), dvh, context)

    def _indices(self) -> Iterator[ConstraintResult]:
        """Yield the rows of conformity."""
        others = [(view, other.contexts) for view, other in self.others]
        indices = Indices(self.contexts, self.dose_problem, self.parts_of, others)
        for limit in self.protocol.conformity:
            if not limit.reference_only:
                yield from indices.rows(limit)

    def _find(self, constraint: Constraint) -> Matched | Reason:
        if isinstance(self.matcher, Reason):
            return self.matcher
        return self.matcher.find_either(constraint.structure, constraint.otherwise)

    def _outcome(
        self, limit: Applicable, spec: MetricSpec, found: Matched | Reason
    ) -> tuple[Outcome, str]:
        """Return the value or the Reason, and a note on it."""
        if limit.unknown is not None:
            return limit.unknown, ""
        if self.dose_problem is not None:
            return self.dose_problem, ""
        if isinstance(found, Reason):
            return found, ""
        dvh = self.dvh_for(found.tree)
        if isinstance(dvh, Reason):
            return dvh, ""
        note = ""
        if limit.constraint.outside_dose_grid == "left_out" and dvh.outside_grid_cc > 0:
            note = say("{0} cc outside the dose grid left out", f"{dvh.outside_grid_cc:.0f}")
            dvh = dataclasses.replace(dvh, volume_cc=dvh.inside_grid_cc, outside_grid_cc=0.0)
        outcome = metrics.evaluate(spec, dvh, self.contexts.of(spec, found))
        if isinstance(outcome, Reason) and outcome.code is ReasonCode.SMALLER_THAN_ASKED:
            note = REVIEWER_DECIDES
        return of_whole(limit.constraint, spec, outcome, found.match), note

    def _requirement(self, structure: str) -> str:
        required = self.notes.get(structure, True)
        if structure in self.optional:
            return stated(required) if isinstance(required, str) else say("optional")
        return say("required {0}", stated(required)) if isinstance(required, str) else ""

    def _matches(self) -> Iterator[StructureMatch]:
        if isinstance(self.matcher, Reason):
            return
        for name in dict.fromkeys(s.name for s in self.protocol.structures):
            if isinstance(found := self.matcher.find(name), Matched):
                yield found.match

    def _unused_maps(self) -> Iterator[Finding]:
        unused = [] if isinstance(self.matcher, Reason) else self.matcher.unused
        for name in unused:
            yield Finding(
                "MAP_UNUSED",
                None,
                name,
                say("a map names a structure that this plan does not have"),
                say("Check the spelling; ROI names are compared as written."),
            )
