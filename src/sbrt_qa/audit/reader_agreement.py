"""How far two readers agree: raw agreement, Cohen's kappa, Gwet's AC1, with intervals.

Cohen: Educ Psychol Meas 20 (1960) 37; weights: Psychol Bull 70 (1968) 213. AC1: Gwet, Br J Math
Stat Psychol 61 (2008) 29. Intervals are percentiles of a bootstrap over subjects with a fixed seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

NO_VARIATION: Final = "undefined: no variation"
NO_PAIRS: Final = "undefined: no case was judged by both"
DRAWS: Final = 2000
SEED: Final = 20_260_101


@dataclass(frozen=True, slots=True)
class AgreementMeasure:
    """A measure of agreement, 1 where all agree; or why there is none.

    Parameters
    ----------
    value, low, high
        The measure and its 95 % interval; None where it is undefined. The interval is None, too,
        where too many draws of the bootstrap have none.
    why
        Why there is no value; empty where there is one.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class ReaderAgreement:
    """Agreement of two readers over the same cases; `missing` were not judged by both."""

    pairs: int
    missing: int
    raw: AgreementMeasure
    kappa: AgreementMeasure
    linear: AgreementMeasure
    quadratic: AgreementMeasure
    ac1: AgreementMeasure


Table = NDArray[np.float64]


def agreement(
    one: Sequence[str], other: Sequence[str], order: Sequence[str], *, draws: int = DRAWS
) -> ReaderAgreement:
    """Return how far two readers agree.

    Parameters
    ----------
    one, other
        What each said of the same cases, in the same order. Words that `order` does not hold, such
        as not judged, are missing: they are counted beside and compared with nothing.
    order
        The categories from best to worst.

    Raises
    ------
    ValueError
        The lists differ in length, or there are fewer than two categories.
    """
    if len(one) != len(other) or len(order) < 2:
        msg = "two lists of the same length and at least two categories are needed"
        raise ValueError(msg)
    place = {word: i for i, word in enumerate(order)}
    pairs = np.array(
        [(place[a], place[b]) for a, b in zip(one, other, strict=True) if {a, b} <= set(place)],
        dtype=np.int64,
    ).reshape(-1, 2)
    missing = len(one) - len(pairs)
    size = len(order)
    steps = np.abs(np.subtract.outer(np.arange(size), np.arange(size))) / (size - 1)
    measures: tuple[Callable[[Table], float | None], ...] = (
        raw_agreement,
        lambda table: cohen_kappa(table, (steps > 0).astype(float)),
        lambda table: cohen_kappa(table, steps),
        lambda table: cohen_kappa(table, steps**2),
        gwet_ac1,
    )
    if not len(pairs):
        return ReaderAgreement(0, missing, *(AgreementMeasure(None, why=NO_PAIRS),) * 5)
    drawn = np.random.default_rng(SEED).integers(len(pairs), size=(draws, len(pairs)))
    tables = [_table(pairs[some], size) for some in drawn]
    made = (_measure(one, _table(pairs, size), tables) for one in measures)
    return ReaderAgreement(len(pairs), missing, *made)


def _table(pairs: NDArray[np.int64], size: int) -> Table:
    found = np.zeros((size, size))
    np.add.at(found, (pairs[:, 0], pairs[:, 1]), 1.0)
    return found


def _measure(
    measure: Callable[[Table], float | None], table: Table, drawn: list[Table]
) -> AgreementMeasure:
    value = measure(table)
    if value is None:
        return AgreementMeasure(None, why=NO_VARIATION)
    found = [v for v in map(measure, drawn) if v is not None]
    if not drawn or len(found) < 0.9 * len(drawn):
        return AgreementMeasure(value)
    low, high = np.percentile(found, (2.5, 97.5))
    return AgreementMeasure(value, float(low), float(high))


def raw_agreement(table: Table) -> float | None:
    """Return the share of cases of which both say the same."""
    return float(np.trace(table) / table.sum())


def cohen_kappa(table: Table, weights: Table) -> float | None:
    """Return Cohen's kappa; None where chance alone would leave no disagreement.

    Parameters
    ----------
    table
        Counts: rows are what one says, columns what the other says.
    weights
        How bad a disagreement is: 0 on the diagonal.
    """
    share = table / table.sum()
    chance = np.outer(share.sum(axis=1), share.sum(axis=0))
    expected = float((weights * chance).sum())
    return None if expected == 0.0 else 1.0 - float((weights * share).sum()) / expected


def gwet_ac1(table: Table) -> float | None:
    """Return Gwet's AC1, which has a value where kappa has none."""
    share = table / table.sum()
    used = (share.sum(axis=1) + share.sum(axis=0)) / 2
    chance = float((used * (1 - used)).sum() / (len(table) - 1))
    return (float(np.trace(share)) - chance) / (1 - chance)
