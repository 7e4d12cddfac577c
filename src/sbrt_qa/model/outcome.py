"""Verdicts, and the reasons why there is no number.

A computed quantity is a :class:`Measured` or a :class:`Reason`; it is never 0 for "don't know".
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NoReturn

from sbrt_qa.errors import UsageError
from sbrt_qa.i18n.phrase import say
from sbrt_qa.units import Unit


class Verdict(enum.StrEnum):
    """Outcome of one limit, check or case; ordered by :func:`worst`."""

    PER_PROTOCOL = "per_protocol"
    MINOR = "minor"
    NOT_EVALUABLE = "not_evaluable"
    MAJOR = "major"

    @property
    def rank(self) -> int:
        """Position from best (0) to worst (3).

        Not evaluable is worse than minor, because it may hide anything; a known major deviation
        stays one whatever else could not be evaluated.
        """
        return list(Verdict).index(self)


def worst(verdicts: list[Verdict]) -> Verdict:
    """Worst of several verdicts; nothing evaluated is not evaluable."""
    return max(verdicts, key=lambda v: v.rank, default=Verdict.NOT_EVALUABLE)


class Severity(enum.StrEnum):
    """What a finding of a plan check means for the case; ordered from least to most."""

    INFO = "info"
    """Decides nothing."""
    MINOR = "minor"
    """A minor deviation."""
    MAJOR = "major"
    """A major deviation."""
    BLOCK = "block"
    """The case cannot be judged: whatever its limits say, it is not evaluable."""

    @property
    def rank(self) -> int:
        """Position from least (0) to most (3)."""
        return list(Severity).index(self)

    @property
    def verdict(self) -> Verdict | None:
        """The verdict that a finding gives; None for information."""
        return _OF_SEVERITY[self]


_OF_SEVERITY: dict[str, Verdict | None] = {
    Severity.INFO: None,
    Severity.MINOR: Verdict.MINOR,
    Severity.MAJOR: Verdict.MAJOR,
    Severity.BLOCK: Verdict.NOT_EVALUABLE,
}


class ReasonCode(enum.StrEnum):
    """Why a quantity has no value: stable codes, each with its meaning below it."""

    STRUCTURE_MISSING = "structure_missing"
    """No structure of the plan matches the name."""
    STRUCTURE_AMBIGUOUS = "structure_ambiguous"
    """Several structures match and nothing says which is meant."""
    STRUCTURE_EMPTY = "structure_empty"
    """The structure has no closed contour that encloses a volume."""
    STRUCTURE_UNREADABLE = "structure_unreadable"
    """The structure's contours have no safe interpretation."""
    NO_DOSE = "no_dose"
    """There is no dose grid."""
    DOSE_UNUSABLE = "dose_unusable"
    """The dose cannot be compared with limits in Gy (relative, biologically effective)."""
    DOSE_UNREADABLE = "dose_unreadable"
    """The dose file is damaged, or in another frame of reference than the structures."""
    OUTSIDE_DOSE_GRID = "outside_dose_grid"
    """Too much of the structure lies where no dose was calculated."""
    SMALLER_THAN_ASKED = "smaller_than_asked"
    """The structure is smaller than the volume asked for."""
    NO_PRESCRIPTION = "no_prescription"
    """The metric needs a prescribed dose and the plan states none that is unambiguous."""
    METRIC_UNKNOWN = "metric_unknown"
    """This version does not know how to compute the metric."""
    PART_ONLY = "part_only"
    """Only a part of the structure is drawn, and what it says does not settle the limit."""
    REFERENCE_MISSING = "reference_missing"
    """Another structure or value that the metric refers to has none."""
    NOT_APPLICABLE = "not_applicable"
    """The limit does not apply to this plan."""
    NOT_RELIED_ON = "not_relied_on"
    """There is a value, which stays visible; a finding disowns what it was computed from."""
    COURSE_UNKNOWN = "course_unknown"
    """Other plans add to the dose, or may, and nothing tells how much."""
    NOT_STORED = "not_stored"
    """It follows from the files, and what is stored of the case does not hold it."""
    NOT_REVIEWED = "not_reviewed"
    """Reading or reviewing the case was stopped: too long, too large, or it broke off."""
    NOBODY = "nobody"
    """A group of an analysis has nobody in it."""
    NO_EVENTS = "no_events"
    """Nothing happened that the quantity could be estimated from."""
    ONE_GROUP = "one_group"
    """A comparison needs two groups that were at risk together."""
    NOT_REACHED = "not_reached"
    """The curve does not come down, or up, to the level asked for."""
    BEYOND_FOLLOW_UP = "beyond_follow_up"
    """Nobody was followed up as long as asked for."""
    NOT_ESTIMABLE = "not_estimable"
    """The data hold no finite estimate, or none of how uncertain it is."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why there is no value: a code to decide on, a sentence to read."""

    code: ReasonCode
    detail: str

    def __add__(self, other: object) -> NoReturn:
        """Refuse a sum with what is missing, such as ``a.dose + b.dose`` of a case without one.

        Raises
        ------
        UsageError
            Always, with this reason.
        """
        raise UsageError("a sum needs all of its parts, and one is missing", got=str(self.detail))

    __radd__ = __add__


@dataclass(frozen=True, slots=True)
class Measured:
    """A finite number with its unit."""

    value: float
    unit: Unit

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            msg = f"a measured value is finite, got {self.value!r}; use a Reason"
            raise ValueError(msg)


Outcome = Measured | Reason
"""A value or the reason why there is none."""


class Driver(enum.StrEnum):
    """What makes a metric uncertain: stable names, each with its meaning below it."""

    END_CAPS = "end_caps"
    """How far the structure goes beyond its first and last plane."""
    BETWEEN_PLANES = "between_planes"
    """How the structure runs from one plane to the next."""
    OVERLAPS = "overlapping_contours"
    """How contours of one plane combine that cross, or that may be one outline twice."""
    GAPS = "missing_slices"
    """Whether the structure goes on where planes are missing."""
    VOXELS = "voxels"
    """Where a structure of a segmentation ends within its outer voxels, in the plane."""
    DOSE_INTERPOLATION = "dose_interpolation"
    """What the dose is between the voxels of the file."""
    OUTSIDE_GRID = "outside_grid"
    """Whether what lies outside the dose grid counts as without dose, or is left out."""
    GRID = "grid"
    """How far apart the voxels of the file are: what a value would still do between finer ones."""
    NOISE = "noise"
    """What noise of the voxels, as of a Monte-Carlo dose, may have done to a value."""
    QUADRATURE = "quadrature"
    """How densely the engine scans the structure."""


@dataclass(frozen=True, slots=True)
class Band:
    """An interval of a metric: where its true value may lie, or what other systems would print.

    Parameters
    ----------
    low, high
        In the unit of the metric.
    driver
        What widens the interval most.
    """

    low: float
    high: float
    driver: Driver

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high):
            msg = f"a band has two finite ends in order, got {self.low!r} and {self.high!r}"
            raise ValueError(msg)


class CasePart(enum.StrEnum):
    """A part of a case that a finding may disown, so that nothing computed from it is relied on."""

    DOSE = "dose"
    """The dose in the structures; volumes stay."""
    STRUCTURES = "structures"
    """The structures, and with them every value."""


THIS_PROGRAM: Final = say("this program")
"""Where a finding lies that tells of a fault of this program."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a reviewer should know about the case, apart from the dose limits.

    Parameters
    ----------
    code
        Stable, upper case, for machines.
    verdict
        What it means for the case; None for information that decides nothing.
    where
        Object or structure concerned, as written in the file.
    message
        One plain sentence: what was found, what was expected.
    advice
        What to do about it; may be empty.
    title
        Name of the check in a few words.
    found, expected, tolerance
        What a check saw, what it wanted and what it still accepts, with units; empty where the
        message says it all.
    source
        Where the rule comes from.
    group
        Family of the check, such as ``beams``; empty for what no check found.
    disowns
        What is not to be relied on because of it; see `sbrt_qa.checks.disowned`.
    z_mm
        Height of the slice that shows it, where one does.
    own_fault
        Whether it tells that a check broke off: nobody knows what it would have found.
    """

    code: str
    verdict: Verdict | None
    where: str
    message: str
    advice: str = ""
    title: str = ""
    found: str = ""
    expected: str = ""
    tolerance: str = ""
    source: str = ""
    group: str = ""
    disowns: CasePart | None = None
    z_mm: float | None = None
    own_fault: bool = False

    @property
    def weight(self) -> int:
        """Rank of the verdict, 0 for information: what findings are sorted by."""
        return 0 if self.verdict is None else self.verdict.rank


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings by their weight, heaviest first; equal ones keep their order."""
    return tuple(sorted(findings, key=lambda f: -f.weight))
