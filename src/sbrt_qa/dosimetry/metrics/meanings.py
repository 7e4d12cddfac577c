"""What metrics of one family mean alike: doses, volumes, models."""

from __future__ import annotations

from typing import Final

from sbrt_qa.dosimetry.metric_meaning import (
    POINT_CC,
    Compared,
    Direction,
    Extreme,
    Isodose,
    Meaning,
    MeantFor,
    Quantity,
    Remedy,
    Says,
    in_gy,
)
from sbrt_qa.dosimetry.metric_spec import MetricSpec
from sbrt_qa.i18n.phrase import msg

__all__ = [
    "POINT_CC", "SMALL_CC", "a_dose", "a_model", "isodose_at_point", "isodose_of_argument",
    "isodose_of_limit", "saying", "whole_isodose_off",
]  # fmt: skip

SMALL_CC: Final = 1.0
"""Up to this volume the picture of a dose limit shows the worst point."""


def saying(text: str) -> Says:
    """Say one sentence whatever is wrong."""
    return lambda spec, direction: text  # noqa: ARG005


def isodose_of_limit(
    spec: MetricSpec, limit: float, prescription_gy: float | None
) -> Isodose | None:
    """Return the isodose of the limit itself, of a metric that is a physical dose."""
    level_gy = in_gy(limit, spec.unit, prescription_gy)
    if level_gy is None or spec.conversion is not None:
        return None
    return Isodose(level_gy, at_point=_shows_a_point(spec))


def isodose_of_argument(
    spec: MetricSpec,
    limit: float,  # noqa: ARG001
    prescription_gy: float | None,
) -> Isodose | None:
    """Return the isodose that the expression names, of a volume at a physical dose."""
    if spec.argument is None or spec.conversion is not None:
        return None
    level_gy = in_gy(spec.argument, spec.argument_unit, prescription_gy)
    return None if level_gy is None else Isodose(level_gy)


def a_dose(
    says: str = "",
    *,
    compared: Compared | None = Compared.NEAR_EXTREME,
    extreme: Extreme | None = None,
) -> Meaning:
    """Return the meaning of a metric that is a dose and names no volume."""
    isodose = isodose_of_limit if extreme is None else isodose_at_point
    return Meaning(
        Quantity.DOSE,
        Direction.TOO_HOT,
        Direction.TOO_COLD,
        rises=True,
        says=saying(says),
        isodose=isodose,
        compared=compared,
        from_histogram=True,
        extreme=extreme,
    )


def a_model(
    quantity: Quantity,
    *,
    rises: bool | None,
    why_high: str = "",
    why_low: str = "",
    meant_for: MeantFor | None = None,
) -> Meaning:
    """Return the meaning of a probability by a model: never compared, and of no isodose."""
    return Meaning(
        quantity,
        Direction.MODEL,
        Direction.MODEL,
        rises=rises,
        why_high=why_high,
        why_low=why_low,
        cap=100.0,
        cap_unit="%",
        meant_for=meant_for,
    )


def isodose_at_point(
    spec: MetricSpec, limit: float, prescription_gy: float | None
) -> Isodose | None:
    """Return the isodose of the limit of an extreme: its worst point says most."""
    level_gy = in_gy(limit, spec.unit, prescription_gy)
    if level_gy is None or spec.conversion is not None:
        return None
    return Isodose(level_gy, at_point=True)


def whole_isodose_off(spec: MetricSpec) -> Remedy | None:
    """Bring the isodose of the limit off an organ as a whole."""
    if spec.unit != "Gy" or spec.conversion is not None:
        return None
    return Remedy(msg("Bring the {bound} isodose off {structure}: no part of it may get more."))


def _shows_a_point(spec: MetricSpec) -> bool:
    return spec.argument_unit == "cc" and spec.amount <= SMALL_CC
