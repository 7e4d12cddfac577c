"""Which structures of the plan each limit was taken of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.expressions import Combined, Leaf, Operator, Tree
from sbrt_qa.protocol.lesions import Lesions
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.protocol.matching import Matched, Matcher
from sbrt_qa.protocol.plan_targets import matcher_of


def trees_of(
    case: Case,
    protocol: Protocol,
    matcher: Matcher | Reason,
    results: Sequence[ConstraintResult],
) -> Iterator[tuple[str, tuple[ConstraintResult, Tree[Structure]]]]:
    """Yield, by key of the row, the result and the structures that it was taken of.

    Parameters
    ----------
    protocol, matcher
        Those that the results were made with.
    """
    if isinstance(matcher, Reason) or isinstance(case.structures, Reason):
        return
    by_number = {s.roi_number: s for s in case.structures.structures}
    otherwise = {c.id: c.otherwise for c in protocol.all_constraints}
    indices = {c.id for c in protocol.conformity}
    for result in results:
        if result.target and result.match is not None:
            yield result.key, (result, union_of([by_number[n] for n in result.match.roi_numbers]))
        elif result.id in indices and result.match is not None:
            if isinstance(found := matcher.find(result.match.protocol_name), Matched):
                yield result.key, (result, found.tree)
        elif result.match is not None:
            found = matcher.find_either(result.structure, otherwise.get(result.id))
            if isinstance(found, Matched):
                yield result.key, (result, found.tree)


def body_of(case: Case, protocol: Protocol, mapping: Mapping[str, str]) -> Tree[Structure] | None:
    """Return the patient's outline; None where the protocol or the plan has none."""
    matcher = matcher_of(protocol, case, mapping, Lesions())
    found = matcher if isinstance(matcher, Reason) else matcher.body()
    return found.tree if isinstance(found, Matched) else None


def named(
    case: Case,
    protocol: Protocol,
    mapping: Mapping[str, str],
    name: str,
    lesions: Lesions | None = None,
) -> Tree[Structure] | None:
    """Return what stands for a name of the protocol; None where nothing does."""
    matcher = matcher_of(protocol, case, mapping, lesions or Lesions())
    if isinstance(matcher, Reason):
        return None
    found = matcher.find(name)
    return found.tree if isinstance(found, Matched) else None


def union_of(structures: Sequence[Structure]) -> Tree[Structure]:
    """Return the expression of all of them together."""
    tree: Tree[Structure] = Leaf(structures[0])
    for one in structures[1:]:
        tree = Combined(Operator.UNION, tree, Leaf(one))
    return tree
