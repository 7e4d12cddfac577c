"""Where R's own search stops short: which of two numbers is the maximum, told by a third way.

R's ``crr`` ends at a gradient of 1e-6, its ``survfit`` for intervals when an EM step moves little,
and ``fisher.test`` when ``uniroot`` is near enough. Each test writes the equation that the exact
value solves anew and holds both numbers against it.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from sbrt_qa import survival
from sbrt_qa.model.outcome import Reason
from sbrt_qa.survival import subdistribution

from .reference import REFERENCE, data

FILES = {"pbc": "pbc312"}
COMPETING = [("melanoma", "ulcer"), ("pbc", "placebo"), ("tiny_competing", "arm")]


def score_and_information(d: dict[str, Any], x: np.ndarray, beta: float) -> tuple[float, float]:
    """Return slope and curvature of Fine and Gray's log likelihood, subject by subject."""
    time, cause = np.asarray(d["time"], float), np.asarray(d["status"])

    def uncensored(until: float) -> float:
        """Return G just before a time."""
        left = 1.0
        for t in np.unique(time[(cause == 0) & (time < until)]):
            left *= 1.0 - ((time == t) & (cause == 0)).sum() / (time >= t).sum()
        return left

    at_censoring = {t: uncensored(t) for t in np.unique(time)}
    score = information = 0.0
    for i in np.flatnonzero(cause == 1):
        t = time[i]
        gone = (cause > 1) & (time < t)
        kept = np.array([at_censoring[t] / at_censoring[u] if g else 1.0
                         for u, g in zip(time, gone, strict=True)])  # fmt: skip
        weight = np.where(gone | (time >= t), kept, 0.0) * np.exp(beta * x)
        mean = (weight * x).sum() / weight.sum()
        score += x[i] - mean
        information += (weight * x * x).sum() / weight.sum() - mean**2
    return score, information


@pytest.mark.parametrize(("source", "group"), COMPETING)
def test_fine_gray_is_the_maximum_that_cmprsk_stops_short_of(source: str, group: str) -> None:
    d, expected = data(FILES.get(source, source)), REFERENCE[source]["fine_gray"]
    x = np.asarray(d[group], float)
    fit = survival.fine_gray(d["time"], d["status"], x)
    ours, theirs = float(fit.coef[0]), expected["coef"]
    slope, curvature = score_and_information(d, x, ours)
    slope_there, curvature_there = score_and_information(d, x, theirs)
    assert abs(slope) < 1e-9 * curvature
    assert abs(slope_there) > abs(slope)
    polished = theirs + slope_there / curvature_there  # one Newton step from where R stopped
    assert ours == pytest.approx(polished, rel=1e-9)
    assert theirs == pytest.approx(ours, rel=2e-6)


@pytest.mark.parametrize(("source", "group"), COMPETING)
def test_fine_gray_has_the_error_of_cmprsk_where_cmprsk_stopped(source: str, group: str) -> None:
    d, expected = data(FILES.get(source, source)), REFERENCE[source]["fine_gray"]
    x = np.asarray(d[group], float)
    time, cause = np.asarray(d["time"], float), np.asarray(d["status"], dtype=np.int64)
    order = np.lexsort((x, cause, time))
    rows = subdistribution._weighted(
        time[order], cause[order], 1, (x[order] - x.mean())[:, np.newaxis]
    )
    beta = np.array([expected["coef"]])
    inverse = np.linalg.inv(subdistribution._height(rows, beta)[2])
    parts = subdistribution._influence(rows, beta)
    error = math.sqrt(float((inverse @ (parts.T @ parts) @ inverse)[0, 0]))
    assert error == pytest.approx(expected["se"], rel=1e-9)


def likelihood(curve: Any, lower: list[float], upper: list[float]) -> tuple[float, np.ndarray]:
    """Return the log likelihood of intervals (lower, upper], and the slope of each mass."""
    inside = np.array([[one.left >= a and one.right <= b for one in curve]
                       for a, b in zip(lower, upper, strict=True)])  # fmt: skip
    chance = inside @ np.array([one.mass for one in curve])
    return float(np.log(chance).sum()), (inside / chance[:, np.newaxis]).sum(axis=0)


def test_turnbull_is_the_maximum_that_r_stops_short_of() -> None:
    rows = REFERENCE["interval"]
    upper = [math.inf if one is None else one for one in rows["upper"]]
    curve = survival.turnbull(rows["lower"], upper)
    height, slopes = likelihood(curve.intervals, rows["lower"], upper)
    # Kuhn and Tucker: where mass lies the slope is the number of subjects
    assert slopes == pytest.approx(np.full(len(curve.intervals), rows["n"]), rel=1e-9)
    at = dict(zip(rows["time"], rows["surv"], strict=True))
    middles = [(one.left + one.right) / 2 for one in curve.intervals]  # where R draws the mass
    steps = [1.0, *(at[max(t for t in at if t < after)] for after in middles[1:]), 0.0]
    theirs = [
        survival.interval_censored.MassInterval(one.left, one.right, before - after)
        for one, before, after in zip(curve.intervals, steps, steps[1:], strict=False)
    ]
    assert sum(one.mass for one in theirs) == pytest.approx(1.0, abs=1e-12)
    assert likelihood(theirs, rows["lower"], upper)[0] < height
    for _ in range(20_000):  # EM from R's own masses ends at ours
        _, slopes = likelihood(theirs, rows["lower"], upper)
        theirs = [
            survival.interval_censored.MassInterval(one.left, one.right, one.mass * slope / 46)
            for one, slope in zip(theirs, slopes, strict=True)
        ]
        if abs(slopes - 46).max() < 1e-9:
            break
    assert [one.mass for one in theirs] == pytest.approx(
        [one.mass for one in curve.intervals], abs=1e-9
    )


def tail(x1: int, n1: int, x2: int, n2: int, ratio: float, *, up: bool) -> Fraction:
    """Return the exact probability of x1 or more, or of x1 or fewer, under an odds ratio."""
    odds, had = Fraction(ratio), x1 + x2
    counts = range(max(0, had - n2), min(n1, had) + 1)
    mass = {k: math.comb(n1, k) * math.comb(n2, had - k) * odds**k for k in counts}
    return sum((m for k, m in mass.items() if (k >= x1 if up else k <= x1)), Fraction(0)) / sum(
        mass.values()
    )


@pytest.mark.parametrize("row", REFERENCE["two_proportions"], ids=lambda r: f"{r['x1']}/{r['n1']}")
def test_limits_of_fisher_solve_their_equation_in_fractions(row: dict[str, Any]) -> None:
    table = (row["x1"], row["n1"], row["x2"], row["n2"])
    exact = survival.fisher_exact(*table)
    for ours, theirs, up in ((exact.low, row["fisher"]["ci"][0], True),
                             (exact.high, row["fisher"]["ci"][1], False)):  # fmt: skip
        if isinstance(ours, Reason) or not ours:
            continue
        off = abs(float(tail(*table, ours, up=up)) - 0.025)
        assert off < 1e-10
        if theirs:
            assert abs(float(tail(*table, theirs, up=up)) - 0.025) > off
            assert ours == pytest.approx(theirs, rel=1e-2)
