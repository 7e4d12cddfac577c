"""A case beside a second structure set, drawn by a reviewer: contours, and verdicts that change."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.errors import GeometryError, UsageError
from sbrt_qa.geometry.contour_agreement import ContourAgreement, contour_agreement
from sbrt_qa.i18n.phrase import said, say
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Reason, ReasonCode, Verdict
from sbrt_qa.model.structure import Structure, StructureSet
from sbrt_qa.review.case_review import CaseReview

_NO_FRAME: Final = say(
    "One of the structure sets names no frame of reference: nothing in the files says that both "
    "lie in the same space. Look at the distances before relying on them."
)


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    """One structure of the reference.

    Parameters
    ----------
    structure, reference
        Names in the case and in the reference; the first is empty where the case has none of it.
    agreement
        How alike they are, or the Reason why that is not known.
    """

    structure: str
    reference: str
    agreement: ContourAgreement | Reason


@dataclass(frozen=True, slots=True)
class ReferenceVerdict:
    """One limit with the contours of the case, and with those of the reference."""

    limit: str
    structure: str
    metric: str
    unit: str
    value: float | None
    reference_value: float | None
    verdict: Verdict
    reference_verdict: Verdict

    @property
    def changes(self) -> bool:
        """Whether the verdict depends on who drew."""
        return self.verdict is not self.reference_verdict


@dataclass(frozen=True, slots=True)
class ReferenceComparison:
    """A case beside a second structure set.

    Parameters
    ----------
    case
        Label of the plan.
    verdict, reference_verdict
        Of the case with its own contours, and with the reference's where it has them.
    rows
        Every structure of the reference, in file order.
    limits
        Every limit that has a value with either; those whose verdict changes first.
    only_drawn
        Structures that the reference does not have; the case's own contours stand for them.
    notes
        What is not known of the two sets, one sentence each.
    """

    case: str
    verdict: Verdict
    reference_verdict: Verdict
    rows: tuple[ReferenceRow, ...]
    limits: tuple[ReferenceVerdict, ...]
    only_drawn: tuple[str, ...]
    notes: tuple[str, ...] = ()


def compare_with_reference(
    case: Case, reference: StructureSet, review: Callable[[Case], CaseReview]
) -> ReferenceComparison:
    """Hold the contours of a case against a second structure set.

    Structures are paired by name, in any case of letters. The verdicts of the reference are those
    of the same plan and dose with its contours in place of the case's; what it does not draw stays.
    `review` holds a case against the protocol.

    Raises
    ------
    UsageError
        The case has no structures, or the two lie in different frames of reference.
    """
    own = case.structures
    if isinstance(own, Reason):
        raise UsageError("the case has no structures to compare", got=own.detail)
    frames = own.frame_of_reference_uid, reference.frame_of_reference_uid
    if all(frames) and frames[0] != frames[1]:
        raise UsageError("the reference lies in another frame of reference than the case")
    unclear = _twice(own) | _twice(reference)
    theirs = {_name(s): s for s in reference.structures if _name(s) not in unclear}
    other_case = dataclasses.replace(case, structures=_with_reference(own, theirs))
    drawn, told = CaseDoses(case), CaseDoses(dataclasses.replace(case, structures=reference))
    named = {_name(s): s for s in own.structures}
    there = {_name(s) for s in reference.structures}
    twice = _twice(own), _twice(reference)
    rows = tuple(_row(named.get(_name(s)), s, (drawn, told), twice) for s in reference.structures)
    reviews = review(case), review(other_case)
    return ReferenceComparison(
        case=case.label,
        verdict=reviews[0].verdict,
        reference_verdict=reviews[1].verdict,
        rows=rows,
        limits=_limits(*reviews),
        only_drawn=tuple(s.name for name, s in named.items() if name not in there),
        notes=() if all(frames) else (_NO_FRAME,),
    )


def _name(structure: Structure) -> str:
    """Return a name as names are paired."""
    return structure.name.strip().casefold()


def _twice(structures: StructureSet) -> frozenset[str]:
    """Return the names that several structures have: which of them is meant is not known."""
    number = Counter(map(_name, structures.structures))
    return frozenset(name for name, count in number.items() if count > 1)


def _with_reference(own: StructureSet, theirs: Mapping[str, Structure]) -> StructureSet:
    """Return the case's structures with the contours of the reference where it has them."""
    kept, used = [], set()
    for structure in own.structures:
        name = _name(structure)
        other = theirs.get(name)
        if other is None:
            kept.append(structure)
            continue
        used.add(name)
        kept.append(
            dataclasses.replace(
                other, roi_number=structure.roi_number, name=structure.name,
                interpreted_type=structure.interpreted_type or other.interpreted_type,
                origin=structure.origin,
            )
        )  # fmt: skip
    number = max((s.roi_number for s in kept), default=0)
    for place, other in enumerate((s for n, s in theirs.items() if n not in used), 1):
        kept.append(dataclasses.replace(other, roi_number=number + place, origin=0))
    return dataclasses.replace(own, structures=tuple(kept))


def _row(
    drawn: Structure | None,
    reference: Structure,
    doses: tuple[CaseDoses, CaseDoses],
    twice: tuple[frozenset[str], frozenset[str]],
) -> ReferenceRow:
    if drawn is None:
        why = Reason(ReasonCode.STRUCTURE_MISSING, say("the case has no structure of this name"))
        return ReferenceRow("", reference.name, why)
    for names, where in zip(twice, (say("the case"), say("the reference")), strict=True):
        if _name(reference) in names:
            text = say("{0} has several structures of this name", where)
            why = Reason(ReasonCode.STRUCTURE_AMBIGUOUS, text)
            return ReferenceRow(drawn.name, reference.name, why)
    one, other = doses[0].region(drawn), doses[1].region(reference)
    if isinstance(one, Reason) or isinstance(other, Reason):
        return ReferenceRow(
            drawn.name,
            reference.name,
            one if isinstance(one, Reason) else other,  # type: ignore[arg-type]
        )
    try:
        planes = np.unique([c.z_mm for c in reference.contours])
        found: ContourAgreement | Reason = contour_agreement(one, other, planes)
    except GeometryError as error:
        found = Reason(ReasonCode.STRUCTURE_UNREADABLE, said(error))
    return ReferenceRow(drawn.name, reference.name, found)


def _limits(own: CaseReview, other: CaseReview) -> tuple[ReferenceVerdict, ...]:
    """Pair the limits of two reviews; a target that one set alone has is judged in that one only.

    What is not judged there counts as not evaluable.
    """
    mine, theirs = ({row.key: row for row in one.constraints} for one in (own, other))
    found = []
    for key in dict.fromkeys((*mine, *theirs)):
        row, second = mine.get(key), theirs.get(key)
        known = row or second
        value, other_value = (one.value if one else None for one in (row, second))
        if known is None or (value is None and other_value is None):
            continue
        verdicts = [one.verdict if one else Verdict.NOT_EVALUABLE for one in (row, second)]
        found.append(
            ReferenceVerdict(
                key, known.structure, known.metric, known.unit, value, other_value, *verdicts
            )
        )
    return tuple(sorted(found, key=lambda one: not one.changes))


def reference_of(case: Case) -> StructureSet:
    """Return the structure set of what was read as the reference.

    Raises
    ------
    UsageError
        There is none.
    """
    if isinstance(case.structures, Reason) or not structures_of(case):
        raise UsageError("the reference holds no structure set that can be read")
    return case.structures
