"""Whether the parts of a case are there and can be used."""

from __future__ import annotations

from collections.abc import Iterator

from sbrt_qa.checks.registry import CheckContext, Found, Group, check
from sbrt_qa.dosimetry.case_doses import structures_of
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, Severity


@check(
    "PART_MISSING",
    title="Plan, structure set and dose",
    group=Group.LINKS,
    severity=Severity.BLOCK,
    rows=(2, 3),
)
def missing_part(context: CheckContext) -> Iterator[Found]:
    """Find a plan, structure set or dose that is missing or cannot be used."""
    case = context.case
    for name, part in (("plan", case.plan), ("structures", case.structures), ("dose", case.dose)):
        if isinstance(part, Reason):
            yield Found(name, part.detail, say("Export plan, structure set and dose together."))


@check(
    "ROI_UNREADABLE",
    title="Unreadable structures",
    group=Group.STRUCTURES,
    rows=(19,),
)
def unreadable_roi(context: CheckContext) -> Iterator[Found]:
    """Find structures whose contours have no safe interpretation."""
    for key, structure in structures_of(context.case).items():
        if structure.problem is not None:
            yield Found(
                key, structure.problem.detail, say("Limits that need it are not evaluable.")
            )
