"""Turnbull's estimate of survival where an event is only known to lie between two times.

Turnbull 1976 (J R Stat Soc B 38:290): the likelihood puts mass only on the innermost intervals,
from a left end to the next right end. Where within such an interval the mass lies, nothing tells.
The maximum is found by Wang's constrained Newton method (2007, J R Stat Soc B 69:185), which stops
at the maximum itself: the gradient of every interval is at most the number of subjects.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from sbrt_qa.errors import AnalysisError
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.survival.analysis_input import same_length, times

Floats = NDArray[np.float64]

MOST_STEPS: Final = 500
"""How many steps the fit may take; a few tens are plenty."""

GRADIENT_TOLERANCE: Final = 1e-9
"""How far, by the number of subjects, a gradient may be above it at the maximum."""


@dataclass(frozen=True, slots=True)
class MassInterval:
    """An innermost interval (left, right] with the probability in it.

    Parameters
    ----------
    left, right
        Ends; both the same for an event known exactly. `right` is infinite for the last one where
        it is open.
    mass
        Probability, above 0.
    """

    left: float
    right: float
    mass: float


@dataclass(frozen=True, slots=True)
class TurnbullCurve:
    """A curve from interval-censored times; made by `turnbull`.

    Parameters
    ----------
    intervals
        Where the mass lies, ascending.
    n
        Number of subjects.
    """

    intervals: tuple[MassInterval, ...]
    n: int

    def survival_at(self, t: float) -> float | Reason:
        """Return S(t), with the mass of an interval at its middle, as R draws it.

        A Reason where the last interval is open and t lies in it: no estimate exists there.
        `bounds_at` tells what is known without that convention.
        """
        asked = self._asked(t)
        if isinstance(asked, Reason):
            return asked
        return self._left([(one.left + one.right) / 2.0 > asked for one in self.intervals])

    def bounds_at(self, t: float) -> tuple[float, float] | Reason:
        """Return the smallest and largest S(t), wherever within its interval the mass lies."""
        asked = self._asked(t)
        if isinstance(asked, Reason):
            return asked
        none_yet = [one.right > asked and one.left >= asked for one in self.intervals]
        return self._left(none_yet), self._left([one.right > asked for one in self.intervals])

    def _left(self, still: list[bool]) -> float:
        """Return the sum of the masses still ahead: exactly 1 or 0 where all or none are."""
        ahead = [one.mass for one, is_ahead in zip(self.intervals, still, strict=True) if is_ahead]
        return 1.0 if all(still) else math.fsum(ahead)

    def _asked(self, t: float) -> float | Reason:
        asked = float(times([t], "t")[0])
        if not self.intervals:
            return Reason(ReasonCode.NOBODY, say("nobody is in this group"))
        last = self.intervals[-1]
        if math.isinf(last.right) and asked > last.left:
            text = say("no estimate exists beyond {0}", f"{last.left:g}")
            return Reason(ReasonCode.BEYOND_FOLLOW_UP, text)
        return asked


def turnbull(lower: ArrayLike, upper: ArrayLike | Sequence[float | None]) -> TurnbullCurve:
    """Estimate survival from intervals (lower, upper] that hold each event.

    Parameters
    ----------
    lower
        Shape (n,): last time known without event; finite, not negative.
    upper
        Shape (n,): first time known with event; infinite, or None, where there was none. Equal to
        `lower` for an event known exactly.

    Raises
    ------
    AnalysisError
        Where the columns differ in length, hold what is no time, or an interval ends before it
        begins; also where the fit does not settle.
    """
    left, right = times(lower, "lower"), _right_ends(upper)
    same_length(lower=left, upper=right)
    wrong = np.flatnonzero(right < left)
    if wrong.size:
        place = wrong[0]
        raise AnalysisError(
            "the interval ends before it begins",
            where=f"upper[{place}]", got=f"{left[place]:g} to {right[place]:g}",
        )  # fmt: skip
    if not left.size:
        return TurnbullCurve((), 0)
    begins, ends = _keys(left, right)
    inner = _innermost(begins, ends)
    rows, weight = np.unique(
        np.array(
            [[b <= q and e >= p for q, p in inner] for b, e in zip(begins, ends, strict=True)]
        ),
        axis=0,
        return_counts=True,
    )
    mass = _fit(rows.astype(float), weight.astype(float))
    found = [
        MassInterval(q[0], p[0], float(m)) for (q, p), m in zip(inner, mass, strict=True) if m > 0
    ]
    return TurnbullCurve(tuple(found), left.size)


def _right_ends(upper: ArrayLike | Sequence[float | None]) -> Floats:
    """Return right ends, None as infinite; everything else as `times`."""
    if np.ma.is_masked(upper):
        raise AnalysisError("has masked values", where="upper", advice="Leave those subjects out.")
    told = np.asarray(upper, dtype=object)
    if told.ndim != 1:
        raise AnalysisError("is no single column", where="upper", got=f"shape {told.shape}")
    is_open = np.array([one is None or _is_infinite(one) for one in told], dtype=bool)
    ends = np.full(told.size, math.inf)
    ends[~is_open] = times(list(told[~is_open]), "upper")
    return ends


def _is_infinite(value: object) -> bool:
    return isinstance(value, float | np.floating) and float(value) == math.inf


Key = tuple[float, int]
"""A place on the line: the time, and 0 just before it, 1 at it, 2 just after it."""


def _keys(left: Floats, right: Floats) -> tuple[list[Key], list[Key]]:
    begins = [(float(a), 0 if a == b else 2) for a, b in zip(left, right, strict=True)]
    return begins, [(float(b), 1) for b in right]


def _innermost(begins: list[Key], ends: list[Key]) -> list[tuple[Key, Key]]:
    """Return pairs of a left end and the right end that follows it with no other end between."""
    is_left = dict.fromkeys(begins, True) | dict.fromkeys(ends, False)
    ordered = sorted(is_left)
    return [(a, b) for a, b in itertools.pairwise(ordered) if is_left[a] and not is_left[b]]


def _fit(rows: Floats, weight: Floats) -> Floats:
    """Return the masses that make the product of (rows @ mass)^weight largest."""
    n, m = float(weight.sum()), rows.shape[1]
    mass = np.full(m, 1.0 / m)
    for _ in range(MOST_STEPS):
        inside = rows @ mass
        slope = rows / inside[:, np.newaxis]
        if (weight @ slope).max() <= n * (1.0 + GRADIENT_TOLERANCE):
            return np.where(mass > GRADIENT_TOLERANCE, mass, 0.0)
        system = np.vstack((np.sqrt(weight)[:, np.newaxis] * (slope - 2.0), np.ones(m)))
        wanted, _ = optimize.nnls(system, np.concatenate((np.zeros(len(rows)), [1.0])))
        mass = _towards(rows, weight, mass, wanted / wanted.sum())
    raise AnalysisError("the fit of interval-censored times does not settle")


def _towards(rows: Floats, weight: Floats, mass: Floats, wanted: Floats) -> Floats:
    """Return the first of ever shorter steps that does not lower the likelihood."""
    here = float(weight @ np.log(rows @ mass))
    step = wanted - mass
    for _ in range(60):
        inside = rows @ (mass + step)
        if (inside > 0).all() and float(weight @ np.log(inside)) >= here:
            return np.asarray(mass + step)
        step = step / 2.0
    return mass
