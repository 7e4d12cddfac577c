"""Which plan of a course each target belongs to, and the doses that it is held against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.errors import GeometryError, quoted
from sbrt_qa.i18n.phrase import said, say
from sbrt_qa.model.case import Case
from sbrt_qa.model.dose_sum import sum_of
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.plan import Plan, Prescription
from sbrt_qa.model.structure import Structure, StructureSet
from sbrt_qa.model.target_kind import is_target

TREATED = 0.5
"""Part of a plan's prescription that the mean dose of a target reaches, if the plan is for it."""

Owners = tuple[int, ...]
"""Places of the plans of a course, in order."""


def benches(doses: CaseDoses) -> Iterator[CaseDoses]:
    """Yield the doses that targets are held against: one for each set of plans that treat some.

    Each has the structures of the case without the targets of other plans. A case of one plan is
    held against its own dose.
    """
    case = doses.case
    if not case.parts:
        yield doses
        return
    parts = [doses.with_case(part) for part in case.parts]
    owned = owners_of(parts)
    groups: dict[Owners, list[int]] = {}
    for number, owners in owned.items():
        groups.setdefault(owners, []).append(number)
    for owners, numbers in groups.items() or [((0,), [])]:
        others = {n for n in owned if n not in numbers}
        made = _together([parts[i].case for i in owners] or [_nobodys(case)])
        yield doses.with_case(replace(made, structures=_without(made.structures, others)))


def owners_of(parts: Sequence[CaseDoses]) -> dict[int, Owners]:
    """Return for each target, by ROI number, which plans it is a target of.

    Those that prescribe to its ROI number. Where none does, those that give it at least half of
    what they prescribe; where none does that either, the one that gives it most. None where that
    cannot be told, because a dose is missing.
    """
    targets = [s for s in structures_of(parts[0].case).values() if is_target(s) and s.contours]
    return {s.roi_number: _by_number(parts, s) or _by_dose(parts, s) for s in targets}


def of_plans_beside(doses: CaseDoses) -> dict[int, str]:
    """Return the targets that are those of plans beside, by ROI number: the labels of these plans.

    A target is another plan's where that plan prescribes to its number and this one does not, or,
    where neither does, where that plan gives it at least half of what it prescribes and this one
    does not. It may be another plan's where this one does not treat it and the dose of one beside
    is missing. A target that no plan treats is nobody's, so that it is held against this plan.
    """
    case = doses.case
    if not case.beside:
        return {}
    parts = [doses, *(doses.with_case(one) for one in case.beside)]
    found: dict[int, str] = {}
    for target in structures_of(case).values():
        if not is_target(target) or not target.contours:
            continue
        owners = _by_number(parts, target) or _treating(parts, target)
        if owners and 0 not in owners:
            found[target.roi_number] = ", ".join(quoted(parts[i].case.label) for i in owners)
    return found


def _treating(parts: Sequence[CaseDoses], target: Structure) -> Owners:
    """Return the plans that give a target at least half of their prescription, or may do so."""
    shares = [_share(part, target) for part in parts]
    if shares[0] is None or shares[0] >= TREATED:
        return (0,)
    sure = tuple(i for i, share in enumerate(shares) if share is not None and share >= TREATED)
    return sure or tuple(i for i, share in enumerate(shares) if share is None)


def _by_number(parts: Sequence[CaseDoses], target: Structure) -> Owners:
    return tuple(i for i, part in enumerate(parts) if target.roi_number in _numbers(part.case))


def _numbers(case: Case) -> set[int | None]:
    if isinstance(case.plan, Reason):
        return set()
    return {r.roi_number for r in case.plan.dose_references if r.reference_type == "TARGET"}


def _by_dose(parts: Sequence[CaseDoses], target: Structure) -> Owners:
    """Return the plans that treat a target by what they give it; none where that is not known."""
    shares = [_share(part, target) for part in parts]
    known = [share for share in shares if share is not None]
    if len(known) < len(shares):
        return (0,) if len(shares) == 1 else ()
    treating = tuple(i for i, share in enumerate(known) if share >= TREATED)
    return treating or (known.index(max(known)),)


def _nobodys(case: Case) -> Case:
    """Return a case without a dose, for targets of which nothing tells whose they are."""
    text = say("nothing tells which plan of the course treats this target: a dose is missing")
    return replace(case.parts[0], plan=case.plan, dose=Reason(ReasonCode.NO_DOSE, text))


def _share(part: CaseDoses, target: Structure) -> float | None:
    """Return the mean dose of a target as a part of the prescription; None where not known."""
    if isinstance(part.case.plan, Reason) or isinstance(part.case.dose, Reason):
        return None
    stated = part.case.plan.prescription
    whole = stated.total_gy if isinstance(stated, Prescription) else part.case.dose.max_gy
    found = part.dvh(target)
    return 0.0 if isinstance(found, Reason) or whole <= 0 else found.mean_gy / whole


def _together(cases: Sequence[Case]) -> Case:
    """Return the plans of one target as one: their doses and prescriptions add up."""
    first = cases[0]
    if len(cases) == 1:
        return first
    label = " + ".join(case.label for case in cases)
    missing = next((case.dose for case in cases if isinstance(case.dose, Reason)), None)
    dose: DoseGrid | Reason
    try:
        grids = [case.dose for case in cases if isinstance(case.dose, DoseGrid)]
        nowhere = Reason(
            ReasonCode.OUTSIDE_DOSE_GRID, say("the dose grids of the parts do not overlap")
        )
        dose = missing or sum_of(grids).known or nowhere
    except GeometryError as error:
        dose = Reason(ReasonCode.DOSE_UNUSABLE, said(error))
    plans = [case.plan for case in cases if isinstance(case.plan, Plan)]
    return replace(first, label=label, plan=_added(plans, label), dose=dose, stored_dvhs=())


def _added(plans: Sequence[Plan], label: str) -> Plan:
    first = plans[0]
    doses = [p.prescription for p in plans]
    counts = [p.fractions for p in plans]
    stated = [d for d in doses if isinstance(d, Prescription)]
    known = [n for n in counts if isinstance(n, int)]
    return replace(
        first,
        label=label,
        prescription=(
            replace(stated[0], total_gy=sum(d.total_gy for d in stated))
            if len(stated) == len(plans)
            else next(d for d in doses if not isinstance(d, Prescription))
        ),
        fractions=(
            sum(known) if len(known) == len(plans)
            else next(n for n in counts if not isinstance(n, int))
        ),
        dose_references=(),
    )  # fmt: skip


def _without(structures: StructureSet | Reason, numbers: set[int]) -> StructureSet | Reason:
    if isinstance(structures, Reason) or not numbers:
        return structures
    left = tuple(s for s in structures.structures if s.roi_number not in numbers)
    return replace(structures, structures=left)
