"""The case of one plan, with what tells how it belongs to others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sbrt_qa.dicom.files.collect import FoundObject
from sbrt_qa.dicom.link.courses import Member, SharedDose
from sbrt_qa.dicom.link.linking import LinkedCase
from sbrt_qa.dicom.read.rtdose import summation
from sbrt_qa.errors import DicomError
from sbrt_qa.i18n.phrase import said
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid, Summation
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.plan import Plan


@dataclass(frozen=True, slots=True, eq=False)
class PlanCase:
    """A case of one plan, and what the linking knows of it."""

    case: Case
    file: str
    patient: str
    study: str
    structure_set: str
    shared: tuple[SharedDose, ...] = ()
    names_patient: bool = True

    @property
    def member(self) -> Member | None:
        """The plan as a member of a course; None where there is none that can be read."""
        case = self.case
        if not isinstance(case.plan, Plan):
            return None
        parts = (case.plan, case.dose, case.structures)
        frames = (p.frame_of_reference_uid for p in parts if not isinstance(p, Reason))
        return Member(
            self.file, case.plan, self.patient, self.study, next((f for f in frames if f), ""),
            self.structure_set, case.dose, bool(case.sessions), self.names_patient,
        )  # fmt: skip


def plan_case(
    linked: LinkedCase,
    read_case: Callable[[LinkedCase], Case],
    read_dose: Callable[[FoundObject], DoseGrid],
) -> PlanCase:
    """Read the case of one plan; doses that name several plans are not its own.

    Parameters
    ----------
    read_case, read_dose
        What reads the objects of a case, and one dose.
    """
    plan, drawn = linked.plan, linked.structures
    shared = tuple(one for one in linked.doses if plan and len(set(one.plan_uids)) > 1)
    own = tuple(one for one in linked.doses if one not in shared)
    return PlanCase(
        read_case(replace(linked, doses=own) if shared else linked),
        file=plan.name if plan else "",
        patient=plan.patient_key if plan else "",
        study=plan.study_uid if plan else "",
        structure_set=drawn.uid if isinstance(drawn, FoundObject) else _referred_to(plan),
        shared=tuple(_shared(one, read_dose) for one in shared),
        names_patient=plan.names_patient if plan else True,
    )


def _referred_to(plan: FoundObject | None) -> str:
    """Return the structure set that a plan names, though it is not among the files."""
    return next(iter(plan.structure_set_uids), "") if plan else ""


def _shared(one: FoundObject, read_dose: Callable[[FoundObject], DoseGrid]) -> SharedDose:
    dose: DoseGrid | Reason
    try:
        dose = read_dose(one)
    except DicomError as error:
        dose = Reason(ReasonCode.DOSE_UNREADABLE, said(error))
    says_plan = summation(one.root) is Summation.PLAN
    return SharedDose(one.name, tuple(dict.fromkeys(one.plan_uids)), says_plan, dose)
