"""How many events a trial needs, and what it may still show half-way."""

from __future__ import annotations

import math

from scipy import special

from sbrt_qa.errors import AnalysisError


def schoenfeld_events(
    hazard_ratio: float, *, one_sided_alpha: float, power: float, allocation: float = 0.5
) -> float:
    """Return the number of events that a log-rank test needs.

    Schoenfeld 1983 (Biometrics 39:499): (z_alpha + z_power)^2 / (q (1-q) log(HR)^2).

    Parameters
    ----------
    hazard_ratio
        The ratio to be found; positive, not 1.
    one_sided_alpha
        Level of the test. There is no default: a trial names its own.
    power
        Probability of finding it.
    allocation
        Share q of subjects in the first arm.

    Raises
    ------
    AnalysisError
        Where one of them lies outside its range.
    """
    for name, value in (
        ("one_sided_alpha", one_sided_alpha), ("power", power), ("allocation", allocation),
    ):  # fmt: skip
        _share(name, value)
    if not (math.isfinite(hazard_ratio) and hazard_ratio > 0 and hazard_ratio != 1):
        expected = "positive and not 1"
        raise AnalysisError("no hazard ratio to find", got=str(hazard_ratio), expected=expected)
    z = float(special.ndtri(1.0 - one_sided_alpha) + special.ndtri(power))
    return z**2 / (allocation * (1.0 - allocation) * math.log(hazard_ratio) ** 2)


def conditional_power(
    z: float, information: float, *, one_sided_alpha: float, drift: float | None = None
) -> float:
    """Return the probability that a trial will be positive, given what was seen so far.

    Lan and Wittes 1988 (Biometrics 44:579), from B = z sqrt(t):
    1 - Phi((z_alpha - B - drift (1-t)) / sqrt(1-t)).

    Parameters
    ----------
    z
        Test statistic so far, positive in favour of the experimental arm.
    information
        Share t of the planned events seen so far.
    one_sided_alpha
        Level of the final test.
    drift
        Expected final z; by default the current trend B/t.

    Raises
    ------
    AnalysisError
        Where one of them lies outside its range.
    """
    _share("information", information)
    _share("one_sided_alpha", one_sided_alpha)
    if not math.isfinite(z) or (drift is not None and not math.isfinite(drift)):
        raise AnalysisError("is no finite number", where="z", got=f"{z}, drift {drift}")
    seen = z * math.sqrt(information)
    ahead = (seen / information if drift is None else drift) * (1.0 - information)
    needed = float(special.ndtri(1.0 - one_sided_alpha)) - seen - ahead
    return float(special.ndtr(-needed / math.sqrt(1.0 - information)))


def _share(name: str, value: float) -> None:
    if not 0.0 < value < 1.0:
        raise AnalysisError("is no share", where=name, got=str(value), expected="between 0 and 1")
