"""Which structures of the plan each limit was taken of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.expressions import Tree
from sbrt_qa.protocol.matching import Matched, Matcher
from sbrt_qa.protocol.result import ConstraintResult
from sbrt_qa.protocol.schema import Protocol


def trees_of(
    case: Case,
    protocol: Protocol,
    mapping: Mapping[str, str],
    results: Sequence[ConstraintResult],
) -> Iterator[tuple[str, tuple[ConstraintResult, Tree[Structure]]]]:
    """Yield, by id of the limit, the result and the structures that it was taken of.

    Parameters
    ----------
    protocol, mapping
        Those that the results were made with.
    """
    if isinstance(case.structures, Reason):
        return
    matcher = Matcher(protocol, case.structures, mapping)
    otherwise = {c.id: c.otherwise for c in protocol.all_constraints}
    for result in results:
        if result.match is not None:
            found = matcher.find_either(result.structure, otherwise.get(result.id))
            if isinstance(found, Matched):
                yield result.id, (result, found.tree)


def body_of(case: Case, protocol: Protocol, mapping: Mapping[str, str]) -> Tree[Structure] | None:
    """Return the patient's outline; None where the protocol or the plan has none."""
    names = [s.name for s in protocol.structures if s.kind == "external"]
    return named(case, protocol, mapping, names[0]) if names else None


def named(
    case: Case, protocol: Protocol, mapping: Mapping[str, str], name: str
) -> Tree[Structure] | None:
    """Return what stands for a name of the protocol; None where nothing does."""
    if isinstance(case.structures, Reason):
        return None
    found = Matcher(protocol, case.structures, mapping).find(name)
    return found.tree if isinstance(found, Matched) else None
