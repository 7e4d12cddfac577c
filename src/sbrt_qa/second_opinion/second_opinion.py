"""A metric beside the same metric from elsewhere: difference, tolerance and the likely cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final, TypeAlias

from sbrt_qa.dosimetry.metric_meaning import Compared
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, meaning_of
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode
from sbrt_qa.units import GY_PER_CGY

TOLERANCE_SOURCE: Final = (
    "Proposed tolerances (no published bound): mean 1 % or 0.2 Gy; dose at up to 1 cc, minimum and "
    "maximum 3 % or 0.5 Gy; dose at more 1.5 % or 0.3 Gy, twice that on a biological scale; volume "
    "3 % or 0.5 cc, below 2 cc 10 %; index of two volumes twice that, of doses 3 % or 0.03. "
    "Between planning systems a median precision of 0.9 to 3.2 % is published (Pepin 2022)"
)

SMALL_DOSE_VOLUME_CC: Final = 1.0
SMALL_STRUCTURE_CC: Final = 2.0
_MEAN: Final = (0.01, 0.2)
_SMALL: Final = (0.03, 0.5)
_LARGE: Final = (0.015, 0.3)
_VOLUME: Final = (0.03, 0.5)
_SMALL_STRUCTURE: Final = 0.10
_RATIO_OF_DOSES: Final = (0.03, 0.03)

SCALED_APART: Final = 0.02
"""Least departure from 1 of a ratio of doses that is taken for a scaling."""
SCALED_ALIKE: Final = 0.015
"""Largest spread of the ratios of one scaling."""
OF_ONE_SCALE: Final = (Compared.DOSE_AT_VOLUME, Compared.MEAN_DOSE, Compared.HIGHEST_DOSE)
"""Doses that go with a scale; the lowest one may be next to nothing, which any error doubles."""
OTHER_DOSE: Final = 0.05
"""Relative difference of a mean dose beyond which interpolation explains nothing."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric from here and from elsewhere.

    Parameters
    ----------
    structure, metric, unit
        What is compared; `structure` as in the plan, or as the other side calls it.
    ours, other
        The values.
    reason
        Why one of them is None, or why there is no tolerance.
    tolerance
        Largest difference that is no cause for a look, in `unit`; None without both values.
    source
        Where the other value comes from.
    cause
        What probably explains a difference beyond the tolerance.
    verdict_text
        Which verdict a limit would have by the other value, where it is not the one it has; empty
        otherwise.
    """

    structure: str
    metric: str
    unit: str
    ours: float | None
    other: float | None
    source: str
    tolerance: float | None = None
    cause: str = ""
    reason: Reason | None = None
    verdict_text: str = ""

    @property
    def told(self) -> tuple[str, ...]:
        """What is to be said of this row, in sentences: the verdict by the other value, and why."""
        why = self.cause if self.agrees is False else self.reason.detail if self.reason else ""
        return tuple(text for text in (self.verdict_text, why) if text)

    @property
    def origin(self) -> str:
        """Where the other value comes from, without the details of this one."""
        return self.source.partition(",")[0]

    @property
    def difference(self) -> float | None:
        """Other minus ours."""
        return None if self.ours is None or self.other is None else self.other - self.ours

    @property
    def agrees(self) -> bool | None:
        """Whether the difference is within the tolerance; None where that cannot be told."""
        if self.difference is None or self.tolerance is None:
            return None
        return abs(self.difference) <= self.tolerance


def held(
    structure: str,
    spec: MetricSpec,
    ours: Outcome,
    other: Outcome,
    source: str,
    volume_cc: float | None,
    context: MetricContext,
) -> Comparison:
    """Hold another value against ours, for a structure of `volume_cc`, None where not known."""
    row = Comparison(
        structure,
        spec.text,
        spec.unit,
        ours.value if isinstance(ours, Measured) else None,
        other.value if isinstance(other, Measured) else None,
        source,
        reason=next((o for o in (ours, other) if isinstance(o, Reason)), None),
    )
    if row.difference is None or volume_cc is None or row.ours is None:
        return row
    allowed = tolerance(spec, row.ours, volume_cc, context)
    if allowed is None:
        why = Reason(ReasonCode.NOT_APPLICABLE, say("no tolerance is proposed for this metric"))
        return replace(row, reason=why)
    return replace(row, tolerance=allowed)


def tolerance(
    spec: MetricSpec, ours: float, volume_cc: float, context: MetricContext
) -> float | None:
    """Return the tolerance of a metric of a structure of `volume_cc`, in the metric's unit.

    None for a model. A yes or no has to be the same.
    """
    match meaning_of(spec).compared:
        case None:
            return None
        case Compared.ANSWER:
            return 0.0
        case Compared.WHOLE_VOLUME | Compared.PART_VOLUME:
            return _of_volume(spec, ours, volume_cc, context)
        case Compared.RATIO_OF_VOLUMES:
            small = volume_cc < SMALL_STRUCTURE_CC
            return 2 * abs(ours) * (_SMALL_STRUCTURE if small else _VOLUME[0])
        case Compared.RATIO_OF_DOSES:
            relative, absolute = _RATIO_OF_DOSES
            return max(relative * abs(ours), absolute)
        case _:
            return _of_any_dose(spec, ours, volume_cc, context)


def _of_any_dose(spec: MetricSpec, ours: float, volume_cc: float, context: MetricContext) -> float:
    relative, absolute_gy = _of_dose(spec, volume_cc)
    if spec.conversion is not None:  # it grows with the square of the dose at most
        relative, absolute_gy = 2 * relative, 2 * absolute_gy
    if spec.unit == "cGy":
        absolute = absolute_gy / GY_PER_CGY
    elif spec.unit == "%":
        rx_gy = context.prescription_gy
        absolute = 100 * absolute_gy / rx_gy if isinstance(rx_gy, float | int) else 0.0
    else:
        absolute = absolute_gy
    return max(relative * abs(ours), absolute)


def _of_dose(spec: MetricSpec, volume_cc: float) -> tuple[float, float]:
    compared = meaning_of(spec).compared
    if compared is Compared.MEAN_DOSE:
        return _MEAN
    if compared is not Compared.DOSE_AT_VOLUME:
        return _SMALL
    asked = spec.amount
    asked_cc = asked / 100 * volume_cc if spec.argument_unit == "%" else asked
    return _SMALL if min(asked_cc, abs(volume_cc - asked_cc)) <= SMALL_DOSE_VOLUME_CC else _LARGE


def _of_volume(spec: MetricSpec, ours: float, volume_cc: float, context: MetricContext) -> float:
    whole_cc = context.volumes_cc.get(spec.relative_to, volume_cc)
    cc_per_unit = whole_cc / 100 if spec.unit == "%" else 1.0
    if volume_cc < SMALL_STRUCTURE_CC:
        return _SMALL_STRUCTURE * volume_cc / cc_per_unit
    relative, absolute_cc = _VOLUME
    return max(relative * abs(ours), absolute_cc / cc_per_unit)


def with_causes(
    rows: Sequence[Comparison],
    *,
    prescription_gy: float | None,
    fractions: int | None,
    same_file: bool = False,
) -> tuple[Comparison, ...]:
    """Return the comparisons of one case and one origin, those that differ with a likely cause.

    A cause that was shown by computing it stays. With `same_file` the other side
    read the dose from the same file: no other dose explains it.
    """
    scale = _scale(rows, prescription_gy, fractions)
    cause = _cause_in_one_file if same_file else _cause
    known: dict[str, Known] = defaultdict(dict)
    for row in rows:
        known[row.structure].setdefault(_compared(row), row)
    return tuple(
        replace(row, cause=row.cause or scale or cause(known[row.structure]))
        if row.agrees is False
        else row
        for row in rows
    )


Known: TypeAlias = dict[Compared | None, Comparison]
"""Comparisons of one structure, one of each sort."""


def _compared(row: Comparison) -> Compared | None:
    """Return as what the values of a row are compared; None for physical doses only."""
    spec = parse_metric(row.metric)
    return meaning_of(spec).compared if spec.conversion is None else None


def _cause_in_one_file(same_structure: Known) -> str:
    unknown = say("same dose file, another value: the cause is not known")
    return _other_volume(same_structure.get(Compared.WHOLE_VOLUME)) or unknown


def _cause(same_structure: Known) -> str:
    volume = same_structure.get(Compared.WHOLE_VOLUME)
    mean = same_structure.get(Compared.MEAN_DOSE)
    if volume is None or volume.agrees is None:
        return say(
            "the site's volume of the structure is not known: with Volume[cc] in the file of the "
            "site the cause could be told"
        )
    if other := _other_volume(volume):
        return other
    if mean and mean.agrees is False and abs(mean.difference or 0) > OTHER_DOSE * (mean.ours or 0):
        return say("same volume, another mean dose: cause not found")
    return say("same volume, another dose: cause not found")


def _other_volume(volume: Comparison | None) -> str:
    """Return by how much the volume differs; empty where it does not, or that is not known."""
    if volume is None or volume.agrees is not False or not volume.ours:
        return ""
    percent = 100 * (volume.difference or 0.0) / volume.ours
    return say("the volume differs by {0} %: cause not found", f"{percent:+.1f}")


def _scale(rows: Iterable[Comparison], prescription_gy: float | None, fractions: int | None) -> str:
    """Tell whether all doses differ by one factor, and which one it may be."""
    ratios = [
        row.other / row.ours
        for row in rows
        if row.ours and row.other and _is_dose(row) and row.agrees is not None
    ]
    if len(ratios) < 3:
        return ""
    factor = median(ratios)
    if abs(factor - 1) < SCALED_APART or max(ratios) - min(ratios) > SCALED_ALIKE * factor:
        return ""
    known = {"cGy for Gy": 100.0, "Gy for cGy": 0.01}
    if prescription_gy:
        known["per cent of the prescription for Gy"] = 100 / prescription_gy
    if fractions and fractions > 1:
        known["dose of one fraction"] = 1 / fractions
    names = [name for name, f in known.items() if abs(factor / f - 1) < SCALED_APART]
    what = f" ({names[0]})" if names else ""
    return say("all doses are {0} times ours: units or normalisation{1}", f"{factor:.4g}", what)


def _is_dose(row: Comparison) -> bool:
    spec = parse_metric(row.metric)
    return spec.conversion is None and meaning_of(spec).compared in OF_ONE_SCALE
