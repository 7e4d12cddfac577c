"""Where metrics register themselves, and what they are given.

A metric is one function in a file of `sbrt_qa.dosimetry.metrics`, decorated with :func:`metric`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, get_args

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_meaning import Meaning
from sbrt_qa.dosimetry.metric_spec import MetricSpec
from sbrt_qa.dosimetry.surroundings import Surroundings
from sbrt_qa.dosimetry.whole_case import WholeCase
from sbrt_qa.model.outcome import Outcome, Reason
from sbrt_qa.units import Unit

_NAME: Final = re.compile(r"[A-Za-z]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class MetricContext:
    """What a metric may need besides the histogram.

    Parameters
    ----------
    prescription_gy
        Prescribed total dose, or why there is none.
    dose_max_gy
        Highest dose of the whole grid.
    volumes_cc
        Volumes of other structures by protocol name, for ``[%NAME]``.
    fractions
        Number of fractions in which the dose is given, or why it is not known.
    surroundings
        Gives the body around the structure as a target, or the Reason why it has none; called
        only by metrics that need it.
    whole_case
        The case around the structure; None where only histograms are known.
    """

    prescription_gy: float | Reason | None = None
    dose_max_gy: float | None = None
    volumes_cc: Mapping[str, float] = field(default_factory=dict)
    fractions: float | Reason | None = None
    surroundings: Callable[[], Surroundings | Reason] | None = None
    whole_case: WholeCase | None = None


Compute = Callable[[MetricSpec, DVH, MetricContext], Outcome]


@dataclass(frozen=True, slots=True)
class Metric:
    """A registered metric.

    Parameters
    ----------
    name
        What an expression begins with.
    argument_units
        Units the argument may have; empty when the metric takes none.
    units
        Units of the result, the default first.
    needs_whole
        False when volume outside the dose grid does not matter to the result.
    compute
        The function.
    example
        An expression for messages.
    meaning
        What its values mean.
    convertible
        Whether it makes sense on BED or EQD; False where the metric says itself which dose it is.
    of_whole_dose
        Whether it asks where something of the whole dose lies: of several targets one must hold it.
    validity
        Of a model: what it was fitted to and how far it can be trusted; shown with its values.
    grows_with
        Unit of the argument or of the result with which the value of a part of a structure never
        exceeds that of the whole, as the dose to its hottest 0.1 cc; empty where nothing is known.
    needs_dose
        False for what the contours alone tell.
    of_extremes
        Whether it rests on the very lowest or highest dose of the structure.
    """

    name: str
    argument_units: tuple[str, ...]
    units: tuple[str, ...]
    needs_whole: bool
    compute: Compute
    example: str
    meaning: Meaning
    convertible: bool = True
    validity: str = ""
    grows_with: str = ""
    of_whole_dose: bool = False
    needs_dose: bool = True
    of_extremes: bool = False

    def grows(self, spec: MetricSpec) -> bool:
        """Tell whether the value of a part of a structure is a lower bound of that of the whole."""
        return bool(self.grows_with) and self.grows_with in (spec.argument_unit, spec.unit)


METRICS: dict[str, Metric] = {}
"""All metrics by name, filled as their files are imported."""


def metric_of(spec: MetricSpec) -> Metric:
    """Return the record of the metric of an expression."""
    return METRICS[spec.kind]


def meaning_of(spec: MetricSpec) -> Meaning:
    """Return what the values of an expression mean."""
    return METRICS[spec.kind].meaning


def metric(
    name: str,
    *,
    units: tuple[str, ...],
    example: str,
    meaning: Meaning | None = None,
    argument_units: tuple[str, ...] = (),
    needs_whole: bool = True,
    convertible: bool = True,
    validity: str = "",
    grows_with: str = "",
    of_whole_dose: bool = False,
    needs_dose: bool = True,
    of_extremes: bool = False,
) -> Callable[[Compute], Compute]:
    """Register the decorated function as a metric.

    Raises
    ------
    ValueError
        The name is taken or is no word that an expression can begin with, a unit is none that is
        known, the example does not begin with the name, or the metric does not say what its values
        mean.
    """

    def register(compute: Compute) -> Compute:
        if not _NAME.fullmatch(name):
            msg = f"{name!r} is no name of a metric: letters, digits and _, a letter first"
            raise ValueError(msg)
        known = get_args(Unit)
        if isinstance(units, str) or not units or not set(units) <= set(known):
            msg = f"the units of {name} are {units!r}; they are a tuple of {', '.join(known)}"
            raise ValueError(msg)
        if name in METRICS:
            msg = f"there are two metrics called {name}"
            raise ValueError(msg)
        if not example.startswith(name):
            msg = f"the example of {name} is {example!r}; it begins with the name"
            raise ValueError(msg)
        if meaning is None:
            msg = f"{name} does not say what its values mean (meaning=)"
            raise ValueError(msg)
        METRICS[name] = Metric(
            name,
            argument_units,
            units,
            needs_whole,
            compute,
            example,
            meaning,
            convertible,
            validity,
            grows_with,
            of_whole_dose,
            needs_dose,
            of_extremes,
        )
        return compute

    return register


__all__ = [
    "METRICS", "Metric", "MetricContext", "MetricSpec", "meaning_of", "metric", "metric_of",
]  # fmt: skip
