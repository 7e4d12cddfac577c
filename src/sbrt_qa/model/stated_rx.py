"""Prescriptions that the user states by hand, and what becomes of a plan by them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.plan import DoseReference, OwnWord, Plan, Prescription, PrescriptionSource
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.units import DOSE_UNITS_GY

MOST_GY: Final = 200.0
"""Total dose that can be stated; more is a slip of the pen, such as Gy for cGy."""

MOST_FRACTIONS: Final = 100

EXAMPLE: Final = 'Example: --rx "PTV=50Gy/5".'

_DOSE: Final = re.compile(
    r"(\d{1,6}(?:\.\d{1,4})?)\s*(c?Gy)(?:\s*/\s*(\d{1,4})\s*(?:fx)?)?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class StatedRx:
    """A target, its total dose in Gy, and the number of fractions where it was stated."""

    target: str
    total_gy: float
    fractions: int | None = None

    @property
    def text(self) -> str:
        """The statement as a user would write it."""
        given = "" if self.fractions is None else f"/{self.fractions}"
        return f"{self.target}={self.total_gy:g}Gy{given}"


def read_rx(texts: Sequence[str]) -> tuple[StatedRx, ...]:
    """Read ``TARGET=DOSE UNIT[/FRACTIONS]``, such as ``PTV=50Gy/5`` or ``PTV=5000 cGy/5``.

    Raises
    ------
    UsageError
        A text does not have this form, a number cannot be, or two texts contradict each other.
    """
    found: dict[str, StatedRx] = {}
    for text in texts:
        one = _read(text)
        if found.setdefault(_folded(one.target), one) != one:
            got = quoted(f"{found[_folded(one.target)].text} and {one.text}")
            raise UsageError("--rx states two prescriptions of one target", got=got)
    numbers = {one.fractions for one in found.values()} - {None}
    if len(numbers) > 1:
        got = quoted(" and ".join(one.text for one in found.values()))
        raise UsageError("--rx states different numbers of fractions of one plan", got=got)
    return tuple(found.values())


def _read(text: str) -> StatedRx:
    target, equals, dose = (part.strip() for part in text.rpartition("="))
    found = _DOSE.fullmatch(dose)
    if not (target and equals and found):
        raise UsageError(
            "--rx needs a target, a dose with its unit, and a number of fractions",
            got=quoted(text),
            expected="TARGET=DOSE(Gy or cGy)/FRACTIONS",
            advice=EXAMPLE,
        )
    total_gy = float(found[1]) * DOSE_UNITS_GY[found[2].upper()]
    fractions = int(found[3]) if found[3] else None
    if not 0 < total_gy <= MOST_GY or fractions == 0 or (fractions or 1) > MOST_FRACTIONS:
        raise UsageError(
            "--rx states what cannot be prescribed",
            got=quoted(text),
            expected=f"up to {MOST_GY:g} Gy in 1 to {MOST_FRACTIONS} fractions",
            advice=EXAMPLE,
        )
    return StatedRx(target, round(total_gy, 6), fractions)


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
    same = tuple(s.roi_number for s in drawn if _folded(s.name) == _folded(name))
    typed = tuple(s.roi_number for s in drawn if s.interpreted_type == "PTV" and s.contours)
    if not same and len(typed) == 1 and _folded(name).startswith("ptv"):
        return typed
    return same


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
