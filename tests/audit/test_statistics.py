"""Statistics against closed forms and numbers that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sbrt_qa.audit.statistics import (
    FEWEST,
    Judged,
    Submitted,
    control_chart,
    dvh_band,
    first_pass,
    funnel,
    limit_rates,
    outliers,
    pass_rates,
    period,
    rate,
    rates,
    until_approval,
)


def sent(site: str, subject: str, version: int, verdict: str, when: str = "2026-01") -> Submitted:
    return Submitted(site, subject, (version, 1), when, verdict)


def judged(code: str, value: float | None, verdict: str = "per_protocol") -> Judged:
    return Judged(code, "S1", "LIMIT", "2026-01", verdict, value)


ROWS = (
    sent("A", "1", 1, "major", "2026-01-05"),
    sent("A", "1", 2, "minor", "2026-04-01"),
    sent("A", "2", 1, "per_protocol", "2026-01-20"),
    sent("B", "3", 2, "major", "2026-05-01"),
    sent("B", "3", 1, "not_evaluable", "2026-02-01"),
    sent("B", "4", 1, "minor", "2026-02-02"),
)


@pytest.mark.parametrize("of", [1, 10, 250])
def test_the_interval_of_none_is_exact(of):
    found = rate("x", 0, of)
    assert found.low == 0
    assert found.high == pytest.approx(1 - 0.025 ** (1 / of), rel=1e-9)
    mirrored = rate("x", of, of)
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - found.high, 1), rel=1e-9)


def test_an_interval_of_the_literature():
    found = rate("x", 81, 263)  # Newcombe 1998, table I, method 5
    assert (round(found.low, 4), round(found.high, 4)) == (0.2527, 0.3676)


def test_rates_of_groups():
    found = pass_rates(ROWS, lambda row: row.site)
    assert [(r.group, r.count, r.of) for r in found] == [("A", 1, 3), ("B", 0, 3)]
    months = pass_rates(ROWS, lambda row: period(row.received))
    assert [(r.group, r.of) for r in months] == [
        ("2026-01", 2), ("2026-02", 2), ("2026-04", 1), ("2026-05", 1)]  # fmt: skip
    assert period("2026-05-01", 3) == "2026-Q2"
    assert rates([]) == ()


def test_limits_worst_first():
    rows = [
        Judged("c", "s", limit, "", verdict, 1.0)
        for limit, verdict in [("A", "minor"), ("A", "per_protocol"), ("B", "not_evaluable")]
    ]
    assert [(r.group, r.count, r.of) for r in limit_rates(rows)] == [("B", 1, 1), ("A", 1, 2)]


def test_subjects():
    assert [(r.group, r.count, r.of) for r in first_pass(ROWS)] == [("A", 1, 2), ("B", 1, 2)]
    assert until_approval(ROWS) == {0: 1, 1: 2, 2: 1}


def test_a_site_far_from_the_others_stands_out():
    groups = [rate(f"S{n}", 18, 20) for n in range(9)] + [rate("odd", 6, 20)]
    found = {point.site: point for point in funnel(groups)}
    assert found["odd"].signal == "alarm"
    assert {point.signal for site, point in found.items() if site != "odd"} == {""}
    assert all(p.low_alarm <= p.low <= p.high <= p.high_alarm for p in found.values())
    assert funnel([]) == ()


def test_funnel_limits_are_those_of_the_binomial_distribution():
    (one,) = funnel([rate("x", 5, 10)])
    assert (one.low, one.high) == (0.2, 0.8)  # ppf of B(10, 1/2) at 2.5 % and 97.5 %


def test_a_control_chart():
    values = [(f"p{n}", 10.0 + (n % 2)) for n in range(10)] + [("odd", 30.0)]
    found = control_chart(values)
    assert [p.code for p in found if p.signal] == ["odd"]
    mean_range = (9 * 1 + 19) / 10
    assert found[0].high - found[0].centre == pytest.approx(3 * mean_range / 1.128)
    assert control_chart(values[:1]) == ()


def test_values_unlike_the_others():
    rows = [judged(f"p{n}", 10 + 0.1 * n) for n in range(11)]
    assert outliers(rows) == ()
    (odd,) = outliers([*rows, judged("odd", 20.0), judged("none", None)])
    assert (odd.code, odd.median) == ("odd", pytest.approx(10.55))
    assert odd.score > 3.5


def test_too_few_or_equal_values_tell_nothing():
    few = [judged(f"p{n}", float(n)) for n in range(FEWEST - 2)]
    assert outliers([*few, judged("odd", 1e6)]) == ()
    same = [judged(f"p{n}", 15 + 1e-13 * n) for n in range(20)]
    assert outliers([*same, judged("odd", 15.1)]) == ()


def test_bands_of_histograms():
    edges = np.array([0.0, 10.0])
    curves = [(edges, np.array([volume, 0.0])) for volume in (1.0, 50.0, 200.0)]
    band = dvh_band("Liver", curves, (0.0, 0.5, 1.0), step_gy=5.0)
    assert band is not None
    assert band.plans == 3
    for row in band.volume_percent.values():
        assert row[:3].tolist() == [100.0, 50.0, 0.0]  # relative volumes do not see the size
    assert dvh_band("Liver", []) is None
    late = dvh_band("x", [(np.array([5.0, 10.0]), np.array([2.0, 0.0]))], (0.5,), step_gy=2.5)
    assert late is not None
    assert late.volume_percent[0.5][:5].tolist() == [100.0, 100.0, 100.0, 50.0, 0.0]
