"""A case beside a second structure set: read both, compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.pipeline.protocol_loading import protocol_family
from sbrt_qa.pipeline.requests import DEFAULT_PROTOCOL
from sbrt_qa.pipeline.reviewing import choose

if TYPE_CHECKING:
    from sbrt_qa.compare.reference_set import ReferenceComparison
    from sbrt_qa.model.case import Case
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.protocol.versions import Chosen


def compare_reference(
    paths: Sequence[Path],
    reference: Path,
    protocol_name: str = DEFAULT_PROTOCOL,
    mapping: Mapping[str, str] | None = None,
    *,
    plan: str | None = None,
) -> ReferenceComparison:
    """Compare the contours of the plan in `paths` with a second structure set.

    Raises
    ------
    DicomError
        Nothing that can be reviewed is there.
    UsageError
        The reference holds no structure set, or several; or it lies in another frame of reference.
    """
    from sbrt_qa.dicom.load import load_cases
    from sbrt_qa.protocol.map_names import refuse_unknown_maps

    case = choose(load_cases(list(paths)), plan)
    rules = protocol_family(protocol_name).of(case)
    other = read_reference(reference)
    refuse_unknown_maps(mapping or {}, [case.structures, other.structures])
    return beside(case, other, rules, mapping or {})


def read_reference(reference: Path) -> Case:
    """Read a second structure set.

    Raises
    ------
    UsageError
        There are several, or none.
    """
    from sbrt_qa.dicom.load import load_cases

    found = load_cases([reference])
    if len(found) != 1:
        raise UsageError(
            "the reference is one structure set",
            where=quoted(reference.name),
            got=f"{len(found)} sets or plans",
        )
    return found[0]


def beside(
    case: Case, reference: Case, rules: Chosen | Protocol, mapping: Mapping[str, str]
) -> ReferenceComparison:
    """Compare a case with what was read as its reference, under a version of the protocol.

    Raises
    ------
    UsageError
        The reference holds no structure set, or it lies in another frame of reference.
    """
    from sbrt_qa.compare.reference_set import compare_with_reference, reference_of
    from sbrt_qa.model.setup_errors import NO_SHIFTS
    from sbrt_qa.pipeline.one_plan import Asked, review_plan

    asked = Asked(dict(mapping), bands=False, shifts=NO_SHIFTS)
    return compare_with_reference(
        case, reference_of(reference), lambda one: review_plan(one, rules, asked)
    )
