"""What a plan prescribes, from all forms in which RTPLAN can say it, or why it does not say it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.plan import DoseReference, FractionGroup, Prescription, PrescriptionSource
from sbrt_qa.units import gy_text

_SAME_GY = 1e-6


def prescription_of(
    references: Sequence[DoseReference],
    groups: Sequence[FractionGroup],
    referenced: Sequence[frozenset[int]],
    delivering: Collection[int],
) -> Prescription | Reason:
    """Return the total prescribed dose.

    Each fraction group prescribes the highest target dose among the dose references it names, or
    among all where it names none; lower levels (a simultaneous boost, doses per beam) are listed in
    the note. Groups that prescribe different doses are a Reason: their sum may or may not be meant.
    Beam doses hold at their specification points only and are never taken for a prescription.

    Parameters
    ----------
    referenced
        Numbers of the dose references that each group names.
    delivering
        Numbers of the treatment beams; a group without any of them prescribes nothing.
    """
    targets = [r for r in references if _is_target(r)]
    active = [
        (group, names)
        for group, names in zip(groups, referenced, strict=True)
        if not group.beam_numbers or set(group.beam_numbers) & set(delivering) or not delivering
    ]
    per_group = [_of_group(group, names, targets) for group, names in active]
    stated = [p for p in per_group if p is not None]
    if not stated:
        highest = _highest(targets) if not active else None
        return highest or _none_stated(groups)
    if max(p.total_gy for p in stated) - min(p.total_gy for p in stated) > _SAME_GY:
        listed = joined(
            ", ",
            (
                say(
                    "group {0}: {1} Gy in {2} fractions",
                    group.number,
                    gy_text(p.total_gy),
                    group.fractions or say("unknown"),
                )
                for (group, _), p in zip(active, per_group, strict=True)
                if p is not None
            ),
        )
        detail = say("the plan's fraction groups prescribe different doses ({0})", listed)
        return Reason(ReasonCode.NO_PRESCRIPTION, detail)
    return stated[0]


def fractions_of(groups: Sequence[FractionGroup], delivering: Collection[int]) -> int | Reason:
    """Return the planned number of fractions, or why there is not one number."""
    active = [
        g for g in groups if not g.beam_numbers or set(g.beam_numbers) & set(delivering)
    ] or list(groups)
    if not active:
        return Reason(ReasonCode.NO_PRESCRIPTION, say("the plan has no fraction group"))
    if len(active) > 1:
        listed = joined(
            ", ", (say("group {0}: {1}", g.number, g.fractions or say("unknown")) for g in active)
        )
        detail = say(
            "the plan has several fraction groups with fractions of their own ({0})", listed
        )
        return Reason(ReasonCode.NO_PRESCRIPTION, detail)
    if active[0].fractions is None:
        detail = say("Number of Fractions Planned is missing or no whole number from 1 to 1000")
        return Reason(ReasonCode.NO_PRESCRIPTION, detail)
    return active[0].fractions


def _is_target(reference: DoseReference) -> bool:
    dose = reference.target_prescription_gy
    return reference.reference_type == "TARGET" and dose is not None and dose > 0


def _of_group(
    group: FractionGroup, names: frozenset[int], targets: Sequence[DoseReference]
) -> Prescription | None:
    named = [r for r in targets if r.number in names]
    found = _highest(named or targets)
    own = group.prescription_gy
    if own is not None and (found is None or not named):
        return Prescription(own, PrescriptionSource.FRACTION_GROUP)
    return found


def _highest(targets: Sequence[DoseReference]) -> Prescription | None:
    """Return the highest target dose; its note lists the lower ones."""
    doses = sorted({r.target_prescription_gy or 0.0 for r in targets}, reverse=True)
    if not doses:
        return None
    holders = [r for r in targets if r.target_prescription_gy == doses[0]]
    rois = {r.roi_number for r in holders}
    note = f"for {quoted(holders[0].description)}" if holders[0].description else ""
    if len(doses) > 1:
        levels = ", ".join(f"{d:g}" for d in doses)
        note = f"highest of several target doses ({levels} Gy)"
    return Prescription(
        total_gy=doses[0],
        source=PrescriptionSource.TARGET_PRESCRIPTION_DOSE,
        roi_number=rois.pop() if len(rois) == 1 else None,
        note=note,
    )


def _none_stated(groups: Sequence[FractionGroup]) -> Reason:
    detail = say("the plan states no target prescription dose")
    if not groups:
        detail += say(" and has no fraction group")
    return Reason(ReasonCode.NO_PRESCRIPTION, detail)
