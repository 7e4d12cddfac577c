"""A limit of targets, and the targets that it is held against."""

from __future__ import annotations

from dataclasses import dataclass

from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.boxes_of_contours import boxes_apart
from sbrt_qa.protocol.definition import Constraint, Protocol
from sbrt_qa.protocol.expressions import Combined, Leaf, Operator, Tree
from sbrt_qa.protocol.matching import ABSENT, Matched, Matcher
from sbrt_qa.protocol.plan_targets import prescribed_gy


@dataclass(frozen=True, slots=True)
class Held:
    """One target that a limit is held against.

    Parameters
    ----------
    found
        What is computed.
    structure, target
        What the row is called: the limit's own structure where there is one target of it, the
        target's key where there are several. `target` is empty for the only one.
    note
        What was left out, if anything.
    """

    found: Matched
    structure: str
    target: str = ""
    note: str = ""


def held_of(
    protocol: Protocol, constraint: Constraint, matcher: Matcher | Reason, case: Case
) -> list[Held]:
    """Return the judged targets that a limit is held against; none for a limit of anything else.

    A limit that names another target in ``otherwise`` is held against both: the coverage of a CTV
    is asked for where there is a GTV, too.
    """
    kinds = {s.name for s in protocol.structures if s.kind == "target"}
    named = [n for n in (constraint.structure, constraint.otherwise) if n in kinds]
    if constraint.structure not in kinds or isinstance(matcher, Reason):
        return []
    found: list[Held] = []
    for kind in named:
        each = matcher.each(kind)
        if protocol.targets.judge == "union" and len(each) > 1:
            together = matcher.find(kind)
            each = (together,) if isinstance(together, Matched) else ()
        if not each:
            continue
        note = ""
        if kind != constraint.structure and not found:
            own_one = matcher.find(constraint.structure)
            if len(each) < 2 or isinstance(own_one, Matched) or own_one.code not in ABSENT:
                return []  # the matcher says what is missing, and the one that stands in for it
            note = say("no {0} in the plan", constraint.structure)
        own = kind == constraint.structure
        for one in each:
            key = kind if len(each) == 1 else matcher.name_of(one)
            target = "" if own and len(each) == 1 else key
            found.append(_without_boosts(Held(one, key, target, note), constraint, each, case))
    return found


def _without_boosts(
    held: Held, constraint: Constraint, each: tuple[Matched, ...], case: Case
) -> Held:
    """Take targets of a higher dose out of one that holds them, where a hot spot is limited."""
    if constraint.op not in ("<=", "<"):
        return held
    own = prescribed_gy(case, held.found.match.roi_numbers)
    tree: Tree[Structure] = held.found.tree
    names = []
    for other in each:
        dose = prescribed_gy(case, other.match.roi_numbers)
        higher = isinstance(own, float | int) and isinstance(dose, float | int) and dose > own
        if not higher or not isinstance(other.tree, Leaf) or not isinstance(held.found.tree, Leaf):
            continue
        if not boxes_apart(held.found.tree.value, other.tree.value):
            tree = Combined(Operator.WITHOUT, tree, other.tree)
            names.append(quoted(other.tree.value.name))
    if not names:
        return held
    without = say("without {0}, to which a higher dose is prescribed", joined(", ", names))
    note = joined("; ", (held.note, without))
    return Held(Matched(held.found.match, tree), held.structure, held.target, note)
