"""What the user stated by hand where files do not say it, or say it wrongly.

Such a statement decides, is shown on the first page as the user's word, and where a file says
otherwise that is a finding. It never comes from a folder that was submitted.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.model.body_size import BodySize
from sbrt_qa.model.stated_rx import StatedRx, read_rx


class DoseIs(enum.StrEnum):
    """What the doses of a plan hold, in the user's word."""

    PLAN = "plan"
    """The whole course: all fractions."""
    FRACTION = "fraction"
    """One fraction: multiplied by the planned number of fractions."""


@dataclass(frozen=True, slots=True)
class UserStatements:
    """All that the user stated of one plan or of several; what was not stated is None.

    Parameters
    ----------
    dose_is
        What the dose grid holds, from ``--dose-is``.
    not_targets
        Structures of the plan that are no targets of it, each with the reason (may be empty), from
        ``--not-a-target``.
    far
        Structures of the protocol that lie far from the beams, from ``--far``.
    rx
        Prescriptions of targets, from ``--rx``.
    course
        Labels or UIDs of the plans that are one course, joined by ``+``, from ``--course``.
    alternatives
        Whether plans beside each other are alternatives, from ``--alternatives``.
    by_office
        Whether the trial office stated it for one submission, in the manifest of an audit.
    masks
        Files with structures as voxels that belong to the plan, each with the names that its
        labels get: ``liver.nii.gz=Liver``, ``organs.mha=1:Liver,2:GTV``, from ``--mask``.
    body
        Height and weight of the patient, from ``--height-cm`` and ``--weight-kg``.
    taken
        Where statements come from that were not on the command line, one sentence each.
    """

    dose_is: DoseIs | None = None
    not_targets: tuple[tuple[str, str], ...] = ()
    far: tuple[str, ...] = ()
    rx: tuple[StatedRx, ...] = ()
    taken: tuple[str, ...] = ()
    course: str = ""
    alternatives: bool = False
    by_office: bool = False
    masks: tuple[str, ...] = ()
    body: BodySize = field(default_factory=BodySize)

    def __post_init__(self) -> None:
        if self.course and self.alternatives:
            raise UsageError(
                "--course and --alternatives contradict each other",
                advice="A course names its parts; all other plans then do not count.",
            )

    def to_values(self) -> dict[str, Any]:
        """Return the statements as plain values, for another process; see :meth:`of_values`."""
        return {
            "dose_is": "" if self.dose_is is None else str(self.dose_is),
            "not_targets": [list(pair) for pair in self.not_targets],
            "far": list(self.far),
            "rx": [one.text for one in self.rx],
            "taken": list(self.taken),
            "course": self.course,
            "alternatives": self.alternatives,
            "by_office": self.by_office,
            "masks": list(self.masks),
            "body": [self.body.height_cm, self.body.weight_kg],
        }

    @classmethod
    def of_values(cls, values: Mapping[str, Any]) -> UserStatements:
        """Return the statements that plain values hold.

        Raises
        ------
        UsageError
            A value is none that can be stated.
        """
        return cls(
            dose_is=read_dose_is(str(values.get("dose_is", ""))),
            not_targets=tuple((str(n), str(why)) for n, why in values.get("not_targets", ())),
            far=tuple(map(str, values.get("far", ()))),
            rx=read_rx([str(text) for text in values.get("rx", ())]),
            taken=tuple(map(str, values.get("taken", ()))),
            course=str(values.get("course", "")),
            alternatives=bool(values.get("alternatives", False)),
            by_office=bool(values.get("by_office", False)),
            masks=tuple(map(str, values.get("masks", ()))),
            body=BodySize(*(values.get("body") or ())),
        )


NOTHING_STATED: Final = UserStatements()


def read_mapping(pairs: Sequence[str]) -> dict[str, str]:
    """Read ``--map "name in the plan=name in the protocol"``.

    Raises
    ------
    UsageError
        A pair has no ``=``, an empty side, or contradicts another.
    """
    mapping: dict[str, str] = {}
    for pair in pairs:
        plan_name, equals, protocol_name = (part.strip() for part in pair.rpartition("="))
        if not (equals and plan_name and protocol_name):
            raise UsageError(
                "--map needs two names",
                got=quoted(pair),
                expected="NAME_IN_PLAN=NAME_IN_PROTOCOL",
                advice='Example: --map "Leber=Liver".',
            )
        if mapping.setdefault(plan_name, protocol_name) != protocol_name:
            raise UsageError("--map gives one structure two meanings", got=quoted(plan_name))
    return mapping


def read_not_targets(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Read ``NAME`` or ``NAME=reason`` of each structure that is no target.

    Raises
    ------
    UsageError
        There is no name, or one structure has two reasons.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, _, reason = (part.strip() for part in text.partition("="))
        if not name:
            raise UsageError(
                "--not-a-target needs the name of a structure",
                got=quoted(text),
                expected="NAME or NAME=REASON",
            )
        if found.setdefault(name, reason) != reason:
            raise UsageError("--not-a-target gives two reasons for one structure", got=quoted(name))
    return tuple(found.items())


def read_dose_is(text: str) -> DoseIs | None:
    """Read ``plan`` or ``fraction``; empty text states nothing.

    Raises
    ------
    UsageError
        It is neither.
    """
    if not text:
        return None
    if text not in set(DoseIs):
        raise UsageError("unknown --dose-is", got=quoted(text), expected=" or ".join(DoseIs))
    return DoseIs(text)
