"""What becomes of a plan by the prescriptions that the user states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.plan import DoseReference, OwnWord, Plan, Prescription, PrescriptionSource
from sbrt_qa.model.stated_rx import StatedRx, folded
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.model.target_kind import typed_outer


def with_stated(
    plan: Plan | Reason, structures: StructureSet | Reason, stated: Sequence[StatedRx]
) -> Plan | Reason:
    """Return a plan as the user states it; what the plan says itself is kept as its own word.

    A target is an ROI of that name, or, where no ROI has it, the only one of type PTV when the name
    begins with PTV. A statement of a target that is not drawn is not used, unless there are no
    structures at all. The highest dose is the plan's prescription; each target has its own.
    """
    if isinstance(plan, Reason) or not stated:
        return plan
    references = list(plan.dose_references)
    used: list[tuple[StatedRx, tuple[int, ...]]] = []
    for one in stated:
        numbers = rois_of(one.target, structures)
        if numbers or isinstance(structures, Reason):
            used.append((one, numbers))
            references = [r for r in references if r.roi_number not in numbers]
            references += [_reference(one, n, len(references) + 1) for n in numbers or (None,)]
    if not used:
        return replace(plan, own=OwnWord(plan.prescription, plan.fractions, plan.dose_references))
    highest, numbers = max(used, key=lambda pair: pair[0].total_gy)
    prescription = Prescription(
        highest.total_gy,
        PrescriptionSource.USER,
        numbers[0] if len(numbers) == 1 else None,
        "\n".join(one.text for one, _ in used),
    )
    fractions = next((one.fractions for one, _ in used if one.fractions), plan.fractions)
    own = OwnWord(plan.prescription, plan.fractions, plan.dose_references)
    return replace(
        plan, prescription=prescription, fractions=fractions,
        dose_references=tuple(references), own=own,
    )  # fmt: skip


def _reference(one: StatedRx, roi_number: int | None, number: int) -> DoseReference:
    return DoseReference(
        number, "VOLUME", "TARGET", "", roi_number, target_prescription_gy=one.total_gy
    )


def rois_of(name: str, structures: StructureSet | Reason) -> tuple[int, ...]:
    """Return the numbers of the ROIs that a user means by the name of a target."""
    if isinstance(structures, Reason):
        return ()
    drawn = structures.structures
    same = tuple(s.roi_number for s in drawn if folded(s.name) == folded(name))
    typed = tuple(s.roi_number for s in typed_outer(drawn))
    if not same and len(typed) == 1 and folded(name).startswith("ptv"):
        return typed
    return same
