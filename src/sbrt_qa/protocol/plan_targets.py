"""The targets of one plan: found, with the dose prescribed to each, and told to the reviewer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np

from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import counted, joined, say
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Finding, Reason, ReasonCode, Verdict
from sbrt_qa.model.plan import Plan, Prescription
from sbrt_qa.model.structure import Structure
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.expressions import Tree
from sbrt_qa.protocol.lesions import (
    OPEN,
    Lesion,
    Lesions,
    TargetRole,
    VolumeOf,
    find_lesions,
    names_of,
)
from sbrt_qa.protocol.matching import Matcher

UNJUDGED, SECOND, SET_APART, NOT_OF_ITS_OWN, UNUSED = (
    "TARGET_UNJUDGED", "TARGET_SECOND", "TARGET_SET_APART", "TARGET_NOT_OF_ITS_OWN",
    "STATEMENT_UNUSED",
)  # fmt: skip
"""Codes of findings about targets."""

CODES: Final = (UNJUDGED, SECOND, SET_APART, NOT_OF_ITS_OWN, UNUSED)

SAY_SO: Final = say(
    "Say with --map which target it is, or with --not-a-target that it is none, and submit again."
)


ABOUT_EMPTY: Final = say(
    "Contour it, or delete the empty ROI; where it is no target, say so with --not-a-target."
)

COLD_SHARE: Final = 0.015
"""Part of the prescription up to which a structure gets next to nothing of it: what scatters into
any part of the body near the treated one."""


def no_volume(tree: Tree[Structure]) -> float | Reason:  # noqa: ARG001 - a source of nothing
    """Give no volume: where contours are not at hand."""
    return Reason(ReasonCode.REFERENCE_MISSING, say("the contours are not available"))


def lesions_of(
    protocol: Protocol, case: Case, mapping: Mapping[str, str], volume_of: VolumeOf = no_volume
) -> Lesions:
    """Find the targets of a plan; none where it has no structures.

    Raises
    ------
    UsageError
        The mapping leads to a name that the protocol does not have.
    """
    if isinstance(case.structures, Reason):
        return Lesions()
    return find_lesions(
        protocol,
        case.structures,
        mapped=Matcher(protocol, case.structures, mapping).mapped_numbers,
        set_apart=dict(case.stated.not_targets),
        own_dose=frozenset(own_doses(case)),
        volume_of=volume_of,
        cold=partial(_next_to_nothing, case),
    )


def _next_to_nothing(case: Case, structure: Structure) -> str:
    """Say what dose the outline of a structure gets, where it is next to nothing; else nothing."""
    dose, plan = case.dose, case.plan
    if isinstance(dose, Reason) or isinstance(plan, Reason) or not structure.contours:
        return ""
    if not isinstance(plan.prescription, Prescription):
        return ""
    highest = highest_on_outline_gy(dose, structure)
    whole = plan.prescription.total_gy
    if highest is None or highest > COLD_SHARE * whole:
        return ""
    return say("it receives at most {0} Gy of {1} Gy", f"{highest:.2g}", f"{whole:g}")


def highest_on_outline_gy(dose: DoseGrid, structure: Structure) -> float | None:
    """Return the highest dose of the voxels next to the outline; None where it leaves the grid."""
    points = np.concatenate(
        [np.column_stack([c.xy_mm, np.full(len(c.xy_mm), c.z_mm)]) for c in structure.contours]
    )
    places = []
    for column, axis in zip(points.T, (dose.x_mm, dose.y_mm, dose.z_mm), strict=True):
        half = float(np.diff(axis).max(initial=0.0)) / 2
        if column.min() < axis[0] - half or column.max() > axis[-1] + half:
            return None
        middles = (axis[1:] + axis[:-1]) / 2
        places.append(np.searchsorted(middles, column))
    x, y, z = places
    return float(dose.dose_gy[z, y, x].max())


def matcher_of(
    protocol: Protocol, case: Case, mapping: Mapping[str, str], lesions: Lesions
) -> Matcher | Reason:
    """Return what finds structures in a plan of which the targets are known."""
    if isinstance(case.structures, Reason):
        return case.structures
    apart = frozenset(o.roi_number for o in lesions.all if o.role is TargetRole.SET_APART)
    return Matcher(protocol, case.structures, mapping, lesions.standing, apart)


def own_doses(case: Case) -> dict[int, float]:
    """Return the dose in Gy that the plan prescribes to a target, by ROI number."""
    if not isinstance(case.plan, Plan):
        return {}
    found: dict[int, float] = {}
    for one in case.plan.dose_references:
        dose_gy = one.target_prescription_gy
        if one.roi_number is not None and one.reference_type == "TARGET" and dose_gy:
            found[one.roi_number] = max(dose_gy, found.get(one.roi_number, 0.0))
    return found


def prescribed_gy(case: Case, roi_numbers: Sequence[int]) -> float | Reason | None:
    """Return the dose prescribed to targets: each one's own, else the plan's; of several the least.

    None where the plan is not there to state one.
    """
    if not isinstance(case.plan, Plan):
        return case.plan
    stated = case.plan.prescription
    whole = stated.total_gy if isinstance(stated, Prescription) else stated
    own = own_doses(case)
    doses = [own.get(number, whole) for number in roi_numbers]
    known = [d for d in doses if isinstance(d, float | int)]
    return min(known) if known and len(known) == len(doses) else whole


def target_findings(protocol: Protocol, case: Case, lesions: Lesions) -> Iterator[Finding]:
    """Tell of every target that is not judged, and why."""
    asks = bool(protocol.targets.limits)
    for one in names_of(lesions, OPEN if asks else ()):
        message, advice = say("this may be a target, and was not judged: {0}", one.why), SAY_SO
        if one.role is TargetRole.EMPTY:
            message = say("a target that has no contour cannot be judged")
            advice = ABOUT_EMPTY
        yield Finding(UNJUDGED, Verdict.NOT_EVALUABLE, one.key, message, advice)
    if asks and protocol.targets.judge == "one":
        yield from _several(lesions)
    apart = list(names_of(lesions, (TargetRole.SET_APART,)))
    for one in apart:
        yield Finding(SET_APART, None, one.key, say("no target of this plan: {0}", one.why))
    if asks and apart and not lesions.judged:
        message = say("every target was set apart by the user: there is nothing left to judge")
        where = ", ".join(one.key for one in apart)
        yield Finding(UNJUDGED, Verdict.NOT_EVALUABLE, where, message, SAY_SO)
    for one in names_of(
        lesions, (TargetRole.COPY, TargetRole.UNION, TargetRole.HELPER, TargetRole.HELD)
    ):
        yield Finding(NOT_OF_ITS_OWN, None, one.key, say("not judged by itself: {0}", one.why))
    yield from _unused(case, apart)


def _several(lesions: Lesions) -> Iterator[Finding]:
    keys = {one.roi_number: one.key for one in lesions.all}
    for kind, numbers in lesions.judged.items():
        if len(numbers) > 1:
            names = joined(", ", (quoted(keys[n]) for n in numbers))
            number = counted(len(numbers), "target")
            message = say("the protocol has one {0}, the plan {1}: {2}", kind, number, names)
            advice = say("Say with --not-a-target which of them is no target of this plan.")
            yield Finding(SECOND, Verdict.NOT_EVALUABLE, kind, message, advice)


def _unused(case: Case, apart: Sequence[Lesion]) -> Iterator[Finding]:
    """Tell of names that the user set apart and that no target of the plan has."""
    if isinstance(case.structures, Reason):
        return
    names = {key: s.name for key, s in case.structures.keys().items()}
    used = {name for one in apart for name in (one.key, names[one.key])}
    for name, _ in case.stated.not_targets:
        if name not in used:
            message = say("stated to be no target, but the plan has no target of this name")
            advice = say("Check the spelling; ROI names are compared as written.")
            yield Finding(UNUSED, None, name, message, advice)
