"""The row of an organ that is not drawn, where nobody needs its contour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_registry import MetricSpec
from sbrt_qa.dosimetry.surroundings import edge_max_gy
from sbrt_qa.dosimetry.view_kinds import View
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.i18n.phrase import joined, say, stated
from sbrt_qa.model.outcome import Finding, Outcome, Reason, ReasonCode
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.anywhere import OUTSIDE_FACTOR, by_maximum, highest_possible, is_met, room_of
from sbrt_qa.protocol.contexts import Contexts
from sbrt_qa.protocol.definition import Constraint
from sbrt_qa.protocol.expressions import Tree
from sbrt_qa.protocol.grading import counts, grade, row
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.protocol.matching import ABSENT, Matched, Matcher
from sbrt_qa.protocol.needs import When
from sbrt_qa.protocol.sources import DvhSource

FAR: Final = Reason(
    ReasonCode.NOT_APPLICABLE, say("the user states that it lies far from the beams")
)
FAR_STATED, FAR_UNUSED = "STATED_FAR", "STATED_FAR_UNUSED"
FAR_CODES: Final = (FAR_STATED, FAR_UNUSED)
"""Codes of findings about organs that the user says are far."""

WHEREVER: Final = say(
    "not drawn, and met wherever it lies: the value is the highest that it could have outside the "
    "drawn organs that hold nothing else"
)


@dataclass(frozen=True, slots=True)
class NotDrawn:
    """Settles limits of organs that a plan lacks.

    Parameters
    ----------
    probe
        Gives DVHs to decide with; only those that a row is made of are asked of the others.
    others
        Where doses come from in other views.
    """

    contexts: Contexts
    probe: DvhSource
    dvh_for: DvhSource
    others: Sequence[tuple[View, DvhSource]] = ()

    def row(self, constraint: Constraint, spec: MetricSpec, why: Reason) -> ConstraintResult | None:
        """Return the row of a limit that is met wherever the organ lies, or far by the user's word.

        ``why`` says why there is no contour. None where one is needed.
        """
        case, protocol, matcher = self.contexts.case, self.contexts.protocol, self.contexts.matcher
        named = (s for s in protocol.structures if s.name == constraint.structure)
        organ = next(named, None)
        if organ is None or organ.kind != "organ" or not isinstance(matcher, Matcher):
            return None
        if organ.name in case.stated.far and organ.need.when is not When.ALWAYS:
            return row(
                constraint, grade(constraint, FAR), FAR, spec=spec, match=None, counts=False,
                note=constraint.note,
            )  # fmt: skip
        room = room_of(protocol, organ, matcher, self.probe)
        if not is_met(constraint, self._highest(spec, room, self.probe)):
            return None
        value = self._highest(spec, room, self.dvh_for)
        graded = grade(constraint, value)
        return row(
            constraint,
            graded,
            value,
            spec=spec,
            seen=[(v, constraint, self._highest(spec, room, o)) for v, o in self.others],
            match=None,
            undrawn=why,
            counts=counts(constraint, graded.verdict),
            note=joined("; ", (WHEREVER, self._beyond(room), stated(constraint.note))),
        )

    def _beyond(self, room: Tree[Structure] | Reason) -> str:
        """Return what was assumed of the dose beyond the grid, if any of the room lies there."""
        dose = self.contexts.case.dose
        dvh = room if isinstance(room, Reason) else self.probe(room)
        if isinstance(dose, Reason) or (isinstance(dvh, DVH) and dvh.outside_grid_cc <= 0):
            return ""
        return say(
            "beyond the dose grid at most {0} times the {1} Gy on its faces were assumed",
            f"{OUTSIDE_FACTOR:g}",
            f"{edge_max_gy(dose):.2f}",
        )

    def _highest(
        self, spec: MetricSpec, room: Tree[Structure] | Reason, dvh_for: DvhSource
    ) -> Outcome:
        dose, context = self.contexts.case.dose, self.contexts.plain()
        if isinstance(dose, Reason):
            return dose
        dvh = room if isinstance(room, Reason) else dvh_for(room)
        if isinstance(dvh, Reason):
            return by_maximum(spec, dose.max_gy, context, edge_max_gy(dose))
        return highest_possible(spec, dvh, context, edge_max_gy(dose))


def far_findings(contexts: Contexts) -> Iterator[Finding]:
    """Tell which organs are far in the user's word, and where that word changes nothing.

    Raises
    ------
    UsageError
        The protocol has no such structure.
    """
    protocol, matcher = contexts.protocol, contexts.matcher
    organs = {s.name: s for s in protocol.structures if s.kind == "organ"}
    for name in contexts.case.stated.far:
        if name not in organs:
            raise UsageError(
                "--far names an organ that the protocol does not have",
                got=quoted(name),
                expected=f"one of {', '.join(sorted(organs))}",
            )
        if isinstance(matcher, Reason):
            continue
        found = matcher.find(name)
        if isinstance(found, Matched) or found.code not in ABSENT:
            message = say("stated to lie far from the beams, and drawn: its contour decides")
            yield Finding(FAR_UNUSED, None, name, message)
        elif organs[name].need.when is When.ALWAYS:
            message = say(
                "stated to lie far from the beams, and the protocol wants it drawn always"
            )
            yield Finding(FAR_UNUSED, None, name, message, say("Ask the site to contour it."))
        else:
            message = say("stated by the user to lie far from the beams: its limits are not judged")
            yield Finding(FAR_STATED, None, name, message)
