"""What plots of a trial show beside the numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sbrt_qa.audit.charts import (
    GROUP,
    MOST_GROUPS,
    FunnelLines,
    TooFew,
    enough_for,
    funnel_lines,
    pass_chart,
    relative_curve,
)
from sbrt_qa.audit.statistics import Submitted, rate


def sent(number: int, verdict: str = "per_protocol") -> Submitted:
    day = f"2026-{1 + number // 28 % 12:02d}-{1 + number % 28:02d}"
    return Submitted("S1", f"{number:05d}", (1, 1), day, verdict)


@pytest.mark.parametrize("sites", [0, 1, 2])
def test_no_funnel_of_fewer_than_three_sites(sites):
    rows = [rate(f"S{n}", 5, 10) for n in range(sites)]
    assert funnel_lines(rows) == TooFew(3, sites)


def test_a_funnel_has_exact_binomial_limits_at_every_size():
    found = funnel_lines([rate("a", 6, 10), rate("b", 15, 30), rate("c", 9, 20)])
    assert isinstance(found, FunnelLines)
    assert found.expected == 0.5  # 30 of 60
    assert found.of[0] == 1
    assert found.of[-1] >= 30
    for n, low, high in zip(found.of, found.low_alarm, found.high_alarm, strict=True):
        outside = stats.binom.cdf(low * n - 1, n, 0.5) + stats.binom.sf(high * n, n, 0.5)
        assert outside <= 0.002 + 1e-12
    at = found.of.index(10)
    assert (found.low[at], found.high[at]) == (0.2, 0.8)  # ppf of B(10, 1/2) at 2.5 % and 97.5 %


def test_limits_narrow_with_size_and_hold_each_other():
    found = funnel_lines([rate("a", 70, 100), rate("b", 210, 300), rate("c", 140, 200)])
    assert isinstance(found, FunnelLines)
    assert np.all(found.low_alarm <= found.low)
    assert np.all(found.high <= found.high_alarm)
    assert found.high[-1] - found.low[-1] < found.high[9] - found.low[9]


def test_too_few_submissions_make_no_chart_over_time():
    assert pass_chart(sent(n) for n in range(2 * GROUP - 1)) == TooFew(2 * GROUP, 2 * GROUP - 1)


def test_submissions_are_grouped_in_the_order_of_receipt():
    rows = [sent(n, "major" if n >= 20 else "per_protocol") for n in range(25)]
    found = pass_chart(reversed(rows))
    assert not isinstance(found, TooFew)
    assert [g.point.site for g in found] == ["1–10", "11–20", "21–25"]
    assert [(g.point.count, g.point.of) for g in found] == [(10, 10), (10, 10), (0, 5)]
    assert (found[0].begin, found[0].end) == ("2026-01-01", "2026-01-10")
    assert found[-1].point.signal == "alarm"


def test_many_submissions_make_larger_groups():
    found = pass_chart(sent(n) for n in range(5000))
    assert not isinstance(found, TooFew)
    assert len(found) <= MOST_GROUPS
    assert sum(g.point.of for g in found) == 5000


@pytest.mark.parametrize(
    ("curves", "told"), [(1, (0.5,)), (4, (0.25, 0.5, 0.75)), (20, (0.05, 0.25, 0.5, 0.75, 0.95))]
)
def test_quantiles_need_curves_of_their_own(curves, told):
    assert tuple(q for q in (0.05, 0.25, 0.5, 0.75, 0.95) if enough_for(q, curves)) == told


def test_a_curve_is_whole_before_its_first_edge_and_empty_after_its_last():
    axis = np.array([0.0, 10.0, 15.0, 20.0, 30.0])
    part = relative_curve(np.array([10.0, 20.0]), np.array([8.0, 0.0]), axis)
    assert part.tolist() == [100, 100, 50, 0, 0]
    assert relative_curve(np.array([0.0, 1.0]), np.array([0.0, 0.0]), axis).tolist() == [0] * 5
