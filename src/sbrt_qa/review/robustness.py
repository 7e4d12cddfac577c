"""What becomes of limits when the patient lies elsewhere: the values of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sbrt_qa.model.outcome import Reason, Verdict


@dataclass(frozen=True, slots=True)
class AtRadius:
    """One limit under 26 shifts of one length.

    Parameters
    ----------
    worst
        The worst value of all shifts that have one; None where none has.
    shift_mm
        The shift that does it, x to the patient's left, y to the back, z to the head.
    verdict
        The worst verdict of all shifts; not evaluable where a shift has no value and none is major.
    flips
        Shifts with a value under which the verdict is another than as planned.
    unknown
        Shifts without a value.
    reason
        Why there is no value, or why some shifts have none.
    verdicts
        The verdict under each shift, in the order of `sbrt_qa.dosimetry.shifts.DIRECTIONS`; empty
        where none is another than as planned.
    """

    worst: float | None
    shift_mm: tuple[float, float, float] | None
    verdict: Verdict
    flips: int
    unknown: int = 0
    reason: Reason | None = None
    verdicts: tuple[Verdict, ...] = ()

    def __post_init__(self) -> None:
        if (self.worst is None) != (self.shift_mm is None):
            msg = "a worst value has the shift that does it"
            raise ValueError(msg)
        if self.worst is None and self.reason is None:
            msg = "without a worst value there is a reason"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Chance:
    """How likely a limit is met with setup errors; probabilities are 0 to 1.

    Parameters
    ----------
    chance
        Part of the draws that meet the limit; None where one has no value.
    error
        Its own standard error, from the number of draws.
    low, high
        95 % interval of Wilson (1927); draws without a value count as not met below, as met above.
        None where no draw has a value.
    unknown
        Draws without a value.
    reason
        Why there is no value, or why some draws have none.
    """

    chance: float | None
    error: float | None
    low: float | None
    high: float | None
    unknown: int = 0
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class LimitRobustness:
    """One limit as planned, and when the patient lies elsewhere.

    Parameters
    ----------
    nominal
        The value as planned; None where there is none that is relied on.
    radius_mm
        By the length of the shifts as text, such as ``3``.
    setup
        With setup errors; None where they were not asked for.
    """

    nominal: float | None
    radius_mm: Mapping[str, AtRadius] = field(default_factory=dict)
    setup: Chance | None = None

    @property
    def flips(self) -> int:
        """Shifts of all lengths that change the verdict."""
        return sum(one.flips for one in self.radius_mm.values())


@dataclass(frozen=True, slots=True)
class SetupDrawn:
    """What the chances rest on.

    Parameters
    ----------
    systematic_mm, random_mm
        Standard deviations along x (left-right), y (front-back) and z (head-feet).
    fractions
        Number of fractions among which the random part is spread.
    draws, seed
        How many courses were drawn, and from which seed.
    """

    systematic_mm: tuple[float, float, float]
    random_mm: tuple[float, float, float]
    fractions: int
    draws: int
    seed: int
