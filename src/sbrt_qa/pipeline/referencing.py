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
    from sbrt_qa.compare.reference_set import compare_with_reference, reference_of
    from sbrt_qa.dicom.load import load_cases
    from sbrt_qa.model.setup_errors import NO_SHIFTS
    from sbrt_qa.pipeline.one_plan import Asked, review_plan

    case = choose(load_cases(list(paths)), plan)
    found = load_cases([reference])
    if len(found) != 1:
        raise UsageError(
            "the reference is one structure set",
            where=quoted(reference.name),
            got=f"{len(found)} sets or plans",
        )
    rules = protocol_family(protocol_name).of(case)
    asked = Asked(dict(mapping or {}), bands=False, shifts=NO_SHIFTS)
    return compare_with_reference(
        case, reference_of(found[0]), lambda one: review_plan(one, rules, asked)
    )
