"""What a metric means, stated once beside the metric and read by whoever shows or compares it.

What is wrong where a limit is missed, the sentences for it, the isodose that shows it, how high a
value can be and what it may be compared with follow from the record of the metric; nobody else
decides by the name of a metric.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from sbrt_qa.dosimetry.metric_spec import MetricSpec
from sbrt_qa.model.outcome import Reason
from sbrt_qa.units import GY_PER_CGY

ABOVE: Final = ("<=", "<")
"""Operators of upper limits: what is above them is wrong."""

BELOW: Final = (">=", ">")
"""Operators of lower limits."""

POINT_CC: Final = 0.5
"""Largest volume whose dose counts as the maximum of an organ."""


class Quantity(StrEnum):
    """What a value is."""

    DOSE = "dose"
    VOLUME = "volume"
    RATIO = "ratio"
    PROBABILITY = "probability"
    YES_NO = "yes or no"


class Direction(StrEnum):
    """What is wrong where a limit is missed."""

    TOO_HOT = "too hot"
    TOO_COLD = "too cold"
    TOO_FLAT = "too flat"
    """The maximum of a target is too low: stereotactic doses are hotter in the middle."""
    UNEVEN = "uneven"
    """Hottest and coldest part are too far apart; either may be to blame."""
    SPILLS = "spills"
    """Dose reaches too far around a target."""
    MISFITS = "misfits"
    """An isodose leaves out a part of a target, or spills, or both."""
    MISPLACED = "misplaced"
    """The hottest point of the dose lies elsewhere."""
    TOO_LARGE = "too large"
    TOO_SMALL = "too small"
    """A volume, whatever the dose."""
    MODEL = "model"
    """A model says so; it is no measurement."""

    @property
    def is_cold(self) -> bool:
        """Whether too little dose is wrong."""
        return self in (Direction.TOO_COLD, Direction.TOO_FLAT)


class Portion(StrEnum):
    """Which part of a structure the volume in an expression is."""

    HOTTEST = "hottest"
    COLDEST = "coldest"


class Extreme(StrEnum):
    """Which end of the doses a value is, or all but is."""

    HIGHEST = "highest"
    LOWEST = "lowest"


class Compared(StrEnum):
    """As what a value is held against the same value from elsewhere; tolerances go by it."""

    WHOLE_VOLUME = "volume of a structure"
    PART_VOLUME = "volume at a dose"
    MEAN_DOSE = "mean dose"
    DOSE_AT_VOLUME = "dose at a volume"
    LOWEST_DOSE = "lowest dose"
    HIGHEST_DOSE = "highest dose"
    NEAR_EXTREME = "dose near an extreme"
    RATIO_OF_VOLUMES = "index of two volumes"
    RATIO_OF_DOSES = "index of doses"
    ANSWER = "yes or no"


class Bounded(StrEnum):
    """What bounds the value of an organ that may lie anywhere in a room."""

    BY_MAXIMUM = "the highest dose of the room"
    BY_VOLUME = "the volume of the room at the dose"


class Elsewhere(StrEnum):
    """What an engine that knows contour planes and a histogram can say of a metric."""

    DOSE_AT_VOLUME = "the dose at a volume"
    VOLUME_AT_DOSE = "the volume at a dose"
    FORMULA = "our formula on its histogram"
    NO_DISTANCE = "nothing: it measures no distance"
    NO_VOXELS = "nothing: it sees no single voxels"


@dataclass(frozen=True, slots=True)
class Isodose:
    """The isodose that a limit is about.

    Parameters
    ----------
    level_gy
        Its dose.
    around
        Whether it is looked for around the structure instead of in it.
    beyond_mm
        Least distance from the structure.
    at_point
        Whether the worst point says most; else the slice with most of what is wrong.
    """

    level_gy: float
    around: bool = False
    beyond_mm: float = 0.0
    at_point: bool = False


@dataclass(frozen=True, slots=True)
class Remedy:
    """What brings a metric of an organ that gets too much within its limit, as sentences.

    Their fields are ``{structure}``, ``{bound}`` and ``{value}`` with units, ``{amount}``, the
    argument with its unit, ``{argument}`` without it, ``{alpha_beta}`` and ``{volume}``.

    Parameters
    ----------
    text
        Where the volume is not known.
    counted
        With the volume on the wrong side of the limit's dose; empty for none.
    below
        Whether that volume is the one below the dose.
    shown
        How the volume is written.
    """

    text: str
    counted: str = ""
    below: bool = False
    shown: str = "{:.2f}"


@dataclass(frozen=True, slots=True)
class MeantFor:
    """The organ that a model is of.

    Parameters
    ----------
    words
        Of which the name of that organ holds one, folded.
    otherwise
        Why the model says nothing of any other structure.
    """

    words: tuple[str, ...]
    otherwise: Reason

    def refusal(self, name: str) -> Reason | None:
        """Return why the model says nothing of a structure called so; None where it does."""
        folded = name.casefold()
        return None if any(word in folded for word in self.words) else self.otherwise


Says: TypeAlias = Callable[[MetricSpec, Direction | None], str]
IsodoseOf: TypeAlias = Callable[[MetricSpec, float, float | None], Isodose | None]
PointOf: TypeAlias = Callable[
    [MetricSpec, float, float, float | None], tuple[float, float | None] | None
]


def _nothing_said(spec: MetricSpec, direction: Direction | None) -> str:  # noqa: ARG001
    return ""


def _no_name(spec: MetricSpec) -> str:  # noqa: ARG001
    return ""


def no_isodose(spec: MetricSpec, limit: float, prescription_gy: float | None) -> None:
    """Draw nothing: a limit on a probability or a ratio is about no isodose."""


def no_point(
    spec: MetricSpec, value: float, whole_cc: float, prescription_gy: float | None
) -> None:
    """Mark nothing: the value is no point of a histogram."""


def _no_remedy(spec: MetricSpec) -> None:  # noqa: ARG001
    return None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the values of a metric mean.

    Parameters
    ----------
    quantity
        What they are.
    too_high, too_low
        What is wrong where a value is above an upper limit, below a lower one.
    rises
        Whether more dose can only raise the value (True), only lower it (False); None where it can
        do either or does not matter.
    called
        Gives what the metric is in a clinician's words, ``the mean dose``; empty where the
        expression itself is said.
    says
        Gives the sentence of a value, with fields ``{value}`` and ``{amount}``; empty where the
        expression itself is said.
    why_high, why_low
        Why missing the limit matters, where the general sentence of the direction does not tell.
    remedy
        Gives what brings an organ within its limit.
    excess
        Sentence on the volume on the wrong side of the limit's dose, with fields ``{volume}``,
        ``{bound}`` and ``{argument}``; empty for none.
    isodose
        Gives the isodose that a limit is about; None for none.
    point
        Gives dose (Gy) and volume (cc) of a value on a histogram of a structure of so many cc; the
        volume is None where the value has none; None for a value that is no point of it.
    cap, cap_unit
        Highest value in that unit, of the structure itself.
    compared
        As what it may be held against a value from elsewhere; None where it may not.
    from_histogram
        Whether it follows from a stored histogram alone.
    elsewhere
        What the second engine can say of it.
    portion
        Which part of a structure the volume in the expression is; None where it names no volume.
    extreme
        Which end of the doses it is.
    bounded
        What bounds it wherever the structure lies.
    of_surroundings, isodose_percent
        Whether it is about the dose around a target, and the lowest isodose of which it takes the
        volume, in % of the prescription.
    if_smaller
        Metric whose value takes its place where the structure is smaller than the volume asked for.
    meant_for
        The organ that it is a model of.
    """

    quantity: Quantity
    too_high: Direction
    too_low: Direction
    rises: bool | None = None
    called: Callable[[MetricSpec], str] = _no_name
    says: Says = _nothing_said
    why_high: str = ""
    why_low: str = ""
    remedy: Callable[[MetricSpec], Remedy | None] = _no_remedy
    excess: str = ""
    isodose: IsodoseOf = no_isodose
    point: PointOf = no_point
    cap: float = math.inf
    cap_unit: str = ""
    compared: Compared | None = None
    from_histogram: bool = False
    elsewhere: Elsewhere = Elsewhere.FORMULA
    portion: Portion | None = None
    extreme: Extreme | None = None
    bounded: Bounded | None = None
    of_surroundings: bool = False
    isodose_percent: float | None = None
    if_smaller: str = ""
    meant_for: MeantFor | None = None

    def direction(
        self, spec: MetricSpec, op: str, limit: float | None = None, value: float | None = None
    ) -> Direction | None:
        """Return what is wrong where a limit is missed; None for what is only reported.

        A value that should be equal to a limit is wrong on the side on which it lies; where that
        is not known, a yes is what was asked for.
        """
        if op in ABOVE:
            return self.too_high
        low = op in BELOW
        if op == "==":
            low = limit is None or value is None or value < limit
        elif not low:
            return None
        flat = self.too_low is Direction.TOO_COLD and self.is_maximum(spec)
        return Direction.TOO_FLAT if flat else self.too_low

    def why(self, op: str, direction: Direction | None) -> str:
        """Return this metric's own sentence on why a missed limit matters; empty without one."""
        high = op in ABOVE or (op == "==" and direction is self.too_high)
        return self.why_high if high else self.why_low

    def is_maximum(self, spec: MetricSpec, most_cc: float = POINT_CC) -> bool:
        """Tell whether a value is the dose to a point, or to so little that it stands for one."""
        if self.extreme is Extreme.HIGHEST:
            return True
        hottest = self.portion is Portion.HOTTEST and spec.argument_unit == "cc"
        return hottest and spec.amount <= most_cc

    def worse_with_dose(self, op: str) -> bool | None:
        """Tell whether more dose can only break a limit; False where it can only help it.

        None where it may do either, or does not matter.
        """
        if self.rises is None or op not in (*ABOVE, *BELOW):
            return None
        return self.rises == (op in ABOVE)

    def highest(self, spec: MetricSpec) -> float:
        """Return the highest value there can be."""
        own = spec.unit == self.cap_unit and not spec.relative_to
        return self.cap if own else math.inf

    def scales(self, spec: MetricSpec) -> bool:
        """Tell whether a value goes with the dose as it is scaled, and the limit does not."""
        is_dose = self.quantity is Quantity.DOSE and spec.unit in ("Gy", "cGy")
        return is_dose and spec.conversion is None

    def asked_volume(self, spec: MetricSpec) -> str:
        """Return the volume that a dose is asked at, ``coldest 700 cc``; empty for any other."""
        if self.portion is None or spec.argument is None:
            return ""
        cold = "coldest " if self.portion is Portion.COLDEST else ""
        return f"{cold}{spec.argument:g} {spec.argument_unit}"


def in_gy(value: float, unit: str, prescription_gy: float | None) -> float | None:
    """Return a dose in Gy; % is of the prescription; None where that is not known."""
    if unit == "%":
        return None if prescription_gy is None else value / 100 * prescription_gy
    return value * GY_PER_CGY if unit == "cGy" else value


def in_cc(value: float, unit: str, whole_cc: float) -> float:
    """Return a volume in cc; % is of the whole structure."""
    return value / 100 * whole_cc if unit == "%" else value
