"""The course: what treats one patient, plan by plan, and how the plans belong together.

Values only; which plans are parts is decided in `sbrt_qa.dicom.link.courses`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason


class PlanRole(enum.StrEnum):
    """What one plan is in a course: stable names, each with its meaning below it."""

    PART = "part"
    """It treats, and its dose adds to that of the other parts."""
    ALTERNATIVE = "alternative"
    """It stands in for another plan: one of them treats."""
    UNTOLD = "untold"
    """Nothing tells whether it is a part or an alternative."""
    ELSEWHERE = "elsewhere"
    """It treats in another frame of reference, so that its dose cannot be added."""
    NOT_HERE = "not here"
    """A dose names it; the plan itself is not among the files."""
    LEFT_OUT = "left out"
    """The user names other plans as the course, so that it does not count."""
    VERIFICATION = "verification"
    """It is delivered to a phantom, a machine or nobody; it does not count."""


class CourseDecision(enum.StrEnum):
    """How the plans of one patient belong together."""

    ONE_PLAN = "one plan"
    PARTS = "parts"
    ALTERNATIVES = "alternatives"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class CoursePart:
    """One plan beside or in a course.

    Parameters
    ----------
    label, file, sop_instance_uid
        Of the plan; a plan that is not here has neither label nor file.
    role, why
        What it is, and what tells so.
    fractions, prescription_gy
        As the plan states them, or why it does not.
    dose
        Why its own dose is missing; None where it is there.
    """

    label: str
    file: str
    sop_instance_uid: str
    role: PlanRole
    why: str = ""
    fractions: int | Reason | None = None
    prescription_gy: float | Reason | None = None
    dose: Reason | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """The plans of one patient that lie beside each other, and what follows.

    Parameters
    ----------
    label
        Labels of the parts, joined by ``+``; of a plan that stands alone its own.
    decision, rule, why
        How the plans belong together, the name of the rule that decided, and its sentence.
    said_by
        ``files`` or ``user``.
    parts
        All plans, also those that do not count.
    fraction_counts
        The numbers of fractions that limits are held against: the largest of the parts, where they
        are given on the same days, and their sum, where they are not; none where unknown.
    sum_method, sum_error_gy
        How the dose of the course was made, and the largest difference measured between it and the
        sum of what the parts are read as; None where nothing had to be interpolated.
    lower_bound
        Why the dose is only a lower bound of what is given; None where it is all of it.
    site_sum, site_sum_differs_gy
        File of a sum that the site sent, and its largest difference to ours; None where it was not
        compared.
    shared_dose
        Files of doses that say they are of one plan and name several.
    copies
        Plans whose dose is the same, voxel by voxel.
    """

    label: str
    decision: CourseDecision
    rule: str = ""
    why: str = ""
    said_by: str = "files"
    parts: tuple[CoursePart, ...] = ()
    fraction_counts: tuple[int, ...] = ()
    sum_method: str = ""
    sum_error_gy: float | None = None
    lower_bound: Reason | None = None
    site_sum: str = ""
    site_sum_differs_gy: float | None = None
    shared_dose: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()

    @property
    def counting(self) -> tuple[CoursePart, ...]:
        """The parts whose doses add up."""
        return tuple(p for p in self.parts if p.role in (PlanRole.PART, PlanRole.NOT_HERE))

    def of(self, role: PlanRole) -> tuple[CoursePart, ...]:
        """Return the plans of one role."""
        return tuple(p for p in self.parts if p.role is role)


@dataclass(frozen=True, slots=True, eq=False)
class PartDose:
    """The dose of one part and the number of fractions it is given in."""

    label: str
    dose: DoseGrid
    fractions: int | None


@dataclass(frozen=True, slots=True, eq=False)
class CourseDoses:
    """Doses of a course beside the sum itself.

    Parameters
    ----------
    parts
        Those that are there.
    at_least
        The sum of what is known at each place, on a grid that holds those of all parts: a lower
        bound where one of them ends. None where all end alike.
    together
        What the sum would be if plans of which nothing tells it were parts; None without.
    """

    parts: tuple[PartDose, ...] = ()
    at_least: DoseGrid | None = None
    together: DoseGrid | None = None
