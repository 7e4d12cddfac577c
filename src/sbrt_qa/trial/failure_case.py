"""From files to patterns of failure: the treated plan, a follow-up structure set, registrations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sbrt_qa.dicom.read.one_structure_set import load_structure_set
from sbrt_qa.dicom.read.registration_file import load_registrations
from sbrt_qa.errors import GeometryError, UsageError, quoted
from sbrt_qa.geometry.distance import Distance
from sbrt_qa.geometry.regions import Region, cells_of, region_of
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Finding, Reason, ReasonCode, Verdict
from sbrt_qa.model.plan import Prescription
from sbrt_qa.model.registration import Registration
from sbrt_qa.model.structure import Structure, StructureSet
from sbrt_qa.model.target_kind import kind_in_name
from sbrt_qa.trial.failure_pattern import (
    REGISTRATION_ERROR_MM,
    FailurePattern,
    TreatedDose,
    failure_pattern,
    far_apart,
    outside_the_liver,
)
from sbrt_qa.trial.failure_points import sampled
from sbrt_qa.trial.failure_registration import OntoPlan, onto_plan
from sbrt_qa.trial.failure_schemes import DEFAULT_SCHEME, Scheme
from sbrt_qa.trial.failure_slice import FailureSlice, failure_slice

LIVER: Final = "liver"


@dataclass(frozen=True, slots=True)
class FailureQuestion:
    """What is asked of a recurrence.

    Parameters
    ----------
    structures
        Names of the recurrences in the follow-up structure set; none where it holds one structure
        only.
    bed
        Name of the resection or ablation bed in the plan, or empty.
    site
        Site of the recurrences as the data call it, or empty for one in the liver.
    scheme
        The one that decides.
    error_mm
        Error of the registration.
    days_since_scan
        Days since the adequate scan before, where that is known.
    """

    structures: tuple[str, ...] = ()
    bed: str = ""
    site: str = ""
    scheme: Scheme = DEFAULT_SCHEME
    error_mm: float = REGISTRATION_ERROR_MM
    days_since_scan: int | None = None


@dataclass(frozen=True, slots=True)
class FailureAnswer:
    """Patterns of the recurrences of one follow-up scan.

    Parameters
    ----------
    registration
        File that the motion comes from; empty where none was used.
    patterns
        Name of each recurrence, and where it lies or why that is not evaluable.
    findings
        What a reviewer should know of the registration.
    slices
        Name of each recurrence that lies on the plan, and the slice through it.
    """

    registration: str
    patterns: tuple[tuple[str, FailurePattern | Reason], ...]
    findings: tuple[Finding, ...]
    slices: tuple[tuple[str, FailureSlice], ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Not evaluable where a recurrence has no class or the registration is not believed."""
        told = [one.verdict for one in self.findings]
        for _, pattern in self.patterns:
            if isinstance(pattern, FailurePattern):
                told += [one.verdict for one in pattern.findings]
            elif pattern.code is not ReasonCode.NOT_APPLICABLE:
                told.append(Verdict.NOT_EVALUABLE)
        known = [one for one in told if one is not None]
        return max(known, key=lambda one: one.rank, default=Verdict.PER_PROTOCOL)


def failure_of_files(
    case: Case, follow_up: Path, registrations: Sequence[Path], question: FailureQuestion
) -> FailureAnswer:
    """Hold the recurrences of a follow-up structure set against the treated plan.

    Raises
    ------
    DicomError
        Files cannot be read.
    UsageError
        A structure that is asked for is not there.
    """
    return failure_of_case(
        case, load_structure_set(follow_up), load_registrations(registrations), question
    )


def failure_of_case(
    case: Case,
    follow_up: StructureSet,
    registrations: Sequence[Registration],
    question: FailureQuestion,
) -> FailureAnswer:
    """Hold the recurrences of a follow-up structure set against the treated plan.

    Raises
    ------
    UsageError
        A structure that is asked for is not there.
    """
    recurrences = _named(follow_up, question.structures)
    without = outside_the_liver(question.site)
    if without is not None:
        return _nowhere(recurrences, without)
    treated = _treated(case, question.bed)
    if isinstance(treated, Reason):
        return _nowhere(recurrences, treated)
    onto = onto_plan(registrations, follow_up.frame_of_reference_uid, _frame(case))
    if isinstance(onto, Reason):
        return _nowhere(recurrences, onto)
    patterns = tuple(
        (name, _pattern(structure, onto, treated, question)) for name, structure in recurrences
    )
    findings = (*onto.findings, *_liver(case, follow_up, onto))
    slices = tuple(_slices(case, recurrences, onto, treated))
    return FailureAnswer(onto.found_in, patterns, findings, slices)


def _slices(
    case: Case,
    recurrences: Sequence[tuple[str, Structure]],
    onto: OntoPlan,
    treated: TreatedDose,
) -> Iterator[tuple[str, FailureSlice]]:
    for name, structure in recurrences:
        volume = sampled(structure)
        if not isinstance(volume, Reason):
            found = failure_slice(case, volume.moved(onto.motion), treated.prescription_gy)
            if found is not None:
                yield name, found


def _nowhere(recurrences: Sequence[tuple[str, Structure]], why: Reason) -> FailureAnswer:
    return FailureAnswer("", tuple((name, why) for name, _ in recurrences), ())


def _pattern(
    structure: Structure, onto: OntoPlan, treated: TreatedDose, question: FailureQuestion
) -> FailurePattern | Reason:
    volume = sampled(structure)
    if isinstance(volume, Reason):
        return volume
    return failure_pattern(
        volume.moved(onto.motion), treated, scheme=question.scheme, site=question.site,
        error_mm=question.error_mm, days_since_scan=question.days_since_scan,
    )  # fmt: skip


def _named(follow_up: StructureSet, names: Sequence[str]) -> list[tuple[str, Structure]]:
    there = follow_up.keys()
    if not names:
        if len(there) != 1:
            raise UsageError(
                "which structure is the recurrence?",
                got=", ".join(quoted(name) for name in there) or "none",
                advice="Name it with --structure.",
            )
        return list(there.items())
    for name in names:
        if name not in there:
            expected = ", ".join(quoted(one) for one in there) or "none"
            raise UsageError("no such structure", got=quoted(name), expected=expected)
    return [(name, there[name]) for name in names]


def _frame(case: Case) -> str:
    structures = case.structures
    return "" if isinstance(structures, Reason) else structures.frame_of_reference_uid


def _treated(case: Case, bed: str) -> TreatedDose | Reason:
    """Return what a recurrence is held against, or why there is nothing."""
    if isinstance(case.dose, Reason):
        return case.dose
    if isinstance(case.plan, Reason):
        return case.plan
    if isinstance(case.structures, Reason):
        return case.structures
    if min(case.dose.dose_gy.shape) < 2:
        text = say("the dose grid has one voxel along an axis: nothing lies between")
        return Reason(ReasonCode.DOSE_UNUSABLE, text)
    prescription, fractions = case.plan.prescription, case.plan.fractions
    if isinstance(fractions, Reason):
        return fractions
    if not isinstance(prescription, Prescription) or not fractions:
        if isinstance(prescription, Reason):
            return prescription
        text = say("the plan states no prescription in fractions")
        return Reason(ReasonCode.NO_PRESCRIPTION, text)
    if case.dose.frame_of_reference_uid not in ("", case.structures.frame_of_reference_uid):
        text = say("dose and structures of the plan are in different frames of reference")
        return Reason(ReasonCode.DOSE_UNREADABLE, text)
    regions = {
        kind: [s for s in case.structures.structures if kind_in_name(s.name) == kind]
        for kind in ("CTV", "PTV")
    }
    if bed:
        regions["BED"] = [one for _, one in _named(case.structures, [bed])]
    targets = {}
    for kind, structures in regions.items():
        region = _union(structures)
        if isinstance(region, Reason):
            return region
        if region is not None:
            targets[kind] = Distance(cells_of(region))
    return TreatedDose(case.dose, prescription.total_gy, fractions, targets)


def _union(structures: Sequence[Structure]) -> Region | Reason | None:
    whole: Region | None = None
    for one in structures:
        if one.problem is not None:
            return one.problem
        if not one.contours:
            continue
        try:
            region = region_of(one)
            whole = region if whole is None else whole | region
        except GeometryError as error:
            return Reason(ReasonCode.STRUCTURE_UNREADABLE, str(error))
    return whole


def _liver(case: Case, follow_up: StructureSet, onto: OntoPlan) -> Sequence[Finding]:
    """Return a finding where the liver of both sets does not meet; nothing where one has none."""
    if isinstance(case.structures, Reason):
        return ()
    volumes = []
    for structures in (case.structures, follow_up):
        found = [s for s in structures.structures if s.name.strip().lower() == LIVER]
        volume = sampled(found[0]) if len(found) == 1 else None
        if volume is None or isinstance(volume, Reason):
            return ()
        volumes.append(volume)
    return far_apart(volumes[0], volumes[1].moved(onto.motion))
