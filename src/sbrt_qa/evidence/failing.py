"""Which dose a limit is about, and on which side of it lies what is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from sbrt_qa.dosimetry.metric_meaning import Direction
from sbrt_qa.dosimetry.metric_registry import meaning_of
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.protocol.limit_result import ConstraintResult, direction_of, spec_of


@dataclass(frozen=True, slots=True)
class Failing:
    """What to look for where a limit fails.

    Parameters
    ----------
    level_gy
        Isodose that the limit is about.
    too_hot
        Whether dose above the level is what is wrong.
    around
        Whether to look around the structure instead of in it.
    beyond_mm
        Least distance from the structure.
    at_point
        Whether the worst point says most; else the slice with most of what is wrong.
    """

    level_gy: float
    too_hot: bool = True
    around: bool = False
    beyond_mm: float = 0.0
    at_point: bool = False


def failing_of(result: ConstraintResult, prescription_gy: float | None) -> Failing | None:
    """Return what to look for; None when the limit is met or is about no physical dose."""
    deviates = result.verdict in (Verdict.MINOR, Verdict.MAJOR)
    spec, limit = spec_of(result), result.per_protocol_limit
    if not deviates or result.value is None or limit is None or spec is None:
        return None
    isodose = meaning_of(spec).isodose(spec, limit, prescription_gy)
    direction = direction_of(result)
    if spec.conversion is not None or isodose is None or direction is None:
        return None
    return Failing(
        isodose.level_gy,
        too_hot=not direction.is_cold,
        around=isodose.around and direction is not Direction.TOO_COLD,
        beyond_mm=isodose.beyond_mm,
        at_point=isodose.at_point,
    )
