"""What has no answer gets a reason, what has no meaning an error: never nan, never a guess."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sbrt_qa import survival
from sbrt_qa.errors import AnalysisError
from sbrt_qa.model.outcome import Reason, ReasonCode


def code(value: object) -> ReasonCode | None:
    return value.code if isinstance(value, Reason) else None


def test_t41__all_censored() -> None:
    curve = survival.kaplan_meier([2, 4, 6, 8], [0, 0, 0, 0])
    assert curve.survival_at(8) == 1.0
    assert code(curve.median) is ReasonCode.NOT_REACHED
    assert [code(one) for one in curve.median_interval] == [ReasonCode.NOT_REACHED] * 2
    assert code(curve.interval_at(5)) is ReasonCode.NOT_ESTIMABLE
    assert curve.band() == ()
    found = survival.logrank([2, 4, 6, 8], [0, 0, 0, 0], [0, 0, 1, 1])
    assert code(found.chi2) is code(found.p) is ReasonCode.NO_EVENTS
    fit = survival.cox([2, 4, 6, 8], [0, 0, 0, 0], [0, 0, 1, 1])
    assert code(fit.coef) is code(fit.se) is code(fit.p()) is ReasonCode.NO_EVENTS
    assert fit.bound is None
    assert survival.cumulative_incidence([2, 4], [0, 0]).incidence_at("local", 3) == 0.0
    mean = survival.rmst([2, 4, 6, 8], [0, 0, 0, 0], 6)
    assert (mean.value, code(mean.se)) == (6.0, ReasonCode.NO_EVENTS)
    assert code(mean.interval) is ReasonCode.NO_EVENTS


def test_t42__one_group_or_nobody() -> None:
    assert code(survival.logrank([1, 2], [1, 0], ["SBRT", "SBRT"]).p) is ReasonCode.ONE_GROUP
    assert code(survival.logrank([], [], []).chi2) is ReasonCode.ONE_GROUP
    tests = survival.gray([1, 2], [1, 2], ["SBRT", "SBRT"]).by_cause
    assert code(tests[1].p) is ReasonCode.ONE_GROUP
    empty = survival.kaplan_meier([], [])
    assert code(empty.survival_at(0)) is code(empty.interval_at(0)) is ReasonCode.NOBODY
    assert code(empty.median) is ReasonCode.NOT_REACHED
    assert (empty.n, empty.n_events, empty.at_risk_at(1)) == (0, 0, 0)
    assert code(survival.cumulative_incidence([], []).incidence_at(1, 0)) is ReasonCode.NOBODY
    assert code(survival.rmst([], [], 1).value) is ReasonCode.NOBODY
    assert code(survival.cox([], [], []).coef) is ReasonCode.NO_EVENTS
    assert code(survival.cox([1, 2], [1, 1], [1, 1]).coef) is ReasonCode.ONE_GROUP
    assert code(survival.turnbull([], []).survival_at(1)) is ReasonCode.NOBODY
    assert code(survival.firth_logistic([], []).coef) is ReasonCode.NOBODY
    assert code(survival.rmst_comparison([1, 2], [1, 1], [0, 0])) is ReasonCode.ONE_GROUP


def test_t43__a_curve_that_does_not_come_down_to_a_half() -> None:
    curve = survival.kaplan_meier([1, 2, 3, 4], [1, 0, 0, 0])
    assert code(curve.median) is ReasonCode.NOT_REACHED
    assert code(curve.median_interval[1]) is ReasonCode.NOT_REACHED
    assert curve.quantile(0.25) == 2.5  # 0.75 exactly, from 1 to the last time


def test_t45__crossing_curves_are_told_by_the_check_of_hazards() -> None:
    time = [*range(1, 11), 4.5, 4.6, 4.7, 5.1, 5.2, 5.3, 5.4, 5.5, 5.6, 5.7]
    group = [0] * 10 + [1] * 10
    found = survival.proportional_hazards(time, [1] * 20, group)
    assert not isinstance(found, Reason)
    assert found.together.chi2 > 3
    assert not isinstance(survival.rmst_comparison(time, [1] * 20, group), Reason)


def test_t46__nothing_is_told_beyond_the_last_at_risk() -> None:
    curve = survival.kaplan_meier([1, 2, 3], [1, 0, 1])
    assert curve.survival_at(3) == 0.0
    for value in (curve.survival_at(3.1), curve.interval_at(3.1), curve.se_at(3.1)):
        assert code(value) is ReasonCode.BEYOND_FOLLOW_UP
    incidence = survival.cumulative_incidence([1, 2], [1, 0])
    assert code(incidence.incidence_at(1, 2.5)) is ReasonCode.BEYOND_FOLLOW_UP
    assert code(incidence.survival_at(2.5)) is ReasonCode.BEYOND_FOLLOW_UP
    a, b = survival.kaplan_meier([5], [0]), survival.kaplan_meier([1], [0])
    assert code(survival.survival_difference(a, b, 3).interval) is ReasonCode.BEYOND_FOLLOW_UP


def test_t47__a_tau_beyond_the_shorter_arm_is_refused_with_the_largest() -> None:
    time, event, group = [2, 4, 6, 3, 5, 9], [1, 1, 0, 1, 1, 0], [0, 0, 0, 1, 1, 1]
    refused = survival.rmst_comparison(time, event, group, 7)
    assert code(refused) is ReasonCode.BEYOND_FOLLOW_UP
    assert isinstance(refused, Reason)
    assert "6" in refused.detail
    assert survival.rmst([2, 4, 6], [1, 1, 0], 7).largest_tau == 6
    assert code(survival.rmst([2, 4, 6], [1, 1, 0], 7).value) is ReasonCode.BEYOND_FOLLOW_UP
    default = survival.rmst_comparison(time, event, group)
    assert not isinstance(default, Reason)
    assert default.tau == 6
    capped = survival.rmst_comparison(time, event, group, horizon=5)
    assert not isinstance(capped, Reason)
    assert capped.tau == 5


def test_t48__a_stratum_with_one_arm_contributes_nothing_and_is_listed() -> None:
    time, event, group = [1, 2, 3, 4, 1, 2], [1, 1, 0, 1, 1, 1], [0, 1, 0, 1, 0, 0]
    strata = ["R0"] * 4 + ["R1"] * 2
    found = survival.logrank(time, event, group, strata)
    alone = survival.logrank(time[:4], event[:4], group[:4])
    assert found.one_group_strata == ("R1",)
    assert (found.chi2, found.p) == (alone.chi2, alone.p)
    only = survival.logrank([1, 2], [1, 1], [0, 1], ["a", "b"])
    assert code(only.p) is ReasonCode.ONE_GROUP
    tests = survival.gray(time, event, group, strata)
    assert tests.one_group_strata == ("R1",)
    assert tests.by_cause[1].chi2 == survival.gray(time[:4], event[:4], group[:4]).by_cause[1].chi2
    assert code(survival.cox([1, 2], [1, 1], [0, 1], ["a", "b"]).coef) is ReasonCode.ONE_GROUP


def test_t49__a_death_first_competes_and_all_add_up_to_one() -> None:
    rng = np.random.default_rng(1)
    time, cause = rng.integers(1, 30, 300), rng.integers(0, 4, 300)
    found = survival.cumulative_incidence(time, cause)
    for t in range(30):
        if t <= time.max():
            parts = [found.incidence_at(c, t) for c in (1, 2, 3)]
            assert math.fsum([*parts, found.survival_at(t)]) == pytest.approx(1.0, abs=1e-12)
    censored = survival.kaplan_meier(time, cause == 1)
    assert 1.0 - censored.survival_at(20) > found.incidence_at(1, 20)


def test_t50__gray_without_an_event_of_the_cause() -> None:
    tests = survival.gray([1, 2, 3, 4], [0, 1, 1, 0], [0, 1, 0, 1])
    assert code(tests.by_cause[2].chi2) is ReasonCode.NO_EVENTS
    assert tests.by_cause[1].df == 1
    assert set(tests.by_cause) == {1}


def test_t51__order_of_groups() -> None:
    rng = np.random.default_rng(2)
    time, event, group = rng.exponential(10, 60), rng.integers(0, 2, 60), rng.integers(0, 2, 60)
    swapped = 1 - group
    assert survival.logrank(time, event, group).chi2 == pytest.approx(
        survival.logrank(time, event, swapped).chi2, rel=1e-12
    )
    cause = event * rng.integers(1, 3, 60)
    one, other = (survival.gray(time, cause, g).by_cause[1].chi2 for g in (group, swapped))
    assert one == pytest.approx(other, rel=1e-12)
    hr = survival.cox(time, event, group).hazard_ratio()
    assert isinstance(hr, float)
    assert 1.0 / hr == pytest.approx(survival.cox(time, event, swapped).hazard_ratio(), rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_t52__order_of_rows_changes_no_bit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 80
    time, event, group = rng.integers(1, 40, n), rng.integers(0, 2, n), rng.integers(0, 3, n)
    x, stratum = rng.normal(size=(n, 2)), rng.integers(0, 2, n)
    cause = event * rng.integers(1, 3, n)
    shuffled = rng.permutation(n)

    def told(order: Any) -> list[Any]:
        t, e, g, c = time[order], event[order], group[order], cause[order]
        fit = survival.cox(t, e, x[order], stratum[order])
        firth = survival.firth_logistic(e, x[order])
        return [
            survival.kaplan_meier(t, e).survival.tobytes(),
            survival.logrank(t, e, g, stratum[order]).chi2,
            survival.gray(t, c, g, stratum[order]).by_cause[1].chi2,
            fit.coef.tobytes(), fit.se.tobytes(), firth.coef.tobytes(), firth.limits,
            survival.firth_cox(t, e, x[order]).coef.tobytes(),
            survival.cumulative_incidence(t, c).incidence.tobytes(),
            survival.rmst(t, e, 20).value,
            survival.turnbull(t, t + 3.0).intervals,
        ]  # fmt: skip

    assert told(np.arange(n)) == told(shuffled)


def test_t53__none_and_all_of_n() -> None:
    low, high = survival.clopper_pearson(0, 40).interval
    assert (low, high) == (0.0, pytest.approx(0.0880973, abs=1e-7))
    nobody = survival.clopper_pearson(0, 0)
    assert code(nobody.value) is code(nobody.low) is code(nobody.high) is ReasonCode.NOBODY
    assert code(survival.newcombe(1, 2, 0, 0).value) is ReasonCode.NOBODY
    assert code(survival.miettinen_nurminen(0, 0, 1, 2).low) is ReasonCode.NOBODY
    assert code(survival.fisher_exact(0, 0, 1, 2).p) is ReasonCode.NOBODY
    assert code(survival.poisson_rate(0, 0).value) is ReasonCode.NOBODY
    assert code(survival.rate_ratio(0, 10, 0, 10).value) is ReasonCode.NO_EVENTS
    ratio = survival.rate_ratio(3, 10, 0, 10)
    assert code(ratio.value) is code(ratio.high) is ReasonCode.NOT_ESTIMABLE
    assert isinstance(ratio.low, float)


def test_t54__no_events_in_two_small_groups() -> None:
    assert survival.miettinen_nurminen(0, 10, 0, 10).interval == pytest.approx(
        (-0.287933941282, 0.287933941282), abs=1e-11
    )
    assert survival.newcombe(0, 10, 0, 10).high == pytest.approx(0.27753, abs=1e-5)


def test_t55__a_flat_dose_response_has_no_d50() -> None:
    fit = survival.dose_response([1, 2, 3, 4, 5, 6], [0, 1, 0, 1, 0, 1])
    assert code(fit.d50_gy) is ReasonCode.NOT_ESTIMABLE
    assert isinstance(fit.slope, float)
    none = survival.dose_response([1, 2, 3], [0, 0, 0])
    assert code(none.slope) is code(none.test.p) is ReasonCode.NO_EVENTS
    assert code(none.probability_at(2)) is ReasonCode.NO_EVENTS
    assert code(survival.dose_response([2, 2, 2], [0, 1, 0]).slope) is ReasonCode.ONE_GROUP


def test_separation_and_collinearity_are_told_apart() -> None:
    time, event = [1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 1, 1, 0, 0, 1, 0]
    x = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0])
    double = survival.cox(time, event, np.stack([x, 2 * x], axis=1))
    assert code(double.coef) is ReasonCode.NOT_ESTIMABLE
    assert isinstance(double.coef, Reason)
    assert "follow from each other" in double.coef.detail
    early = survival.cox(time, [1] * 8, [-t for t in time])
    assert code(early.coef) is ReasonCode.NOT_ESTIMABLE
    assert survival.firth_cox(time, [1] * 8, [-t for t in time]).coef[0] > 0


def test_two_covariates_that_separate_only_together_are_found_out() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(30, 2))
    time = np.argsort(np.argsort(x[:, 0] + x[:, 1])) + 1.0
    fit = survival.cox(time, np.ones(30), x)
    assert code(fit.coef) is ReasonCode.NOT_ESTIMABLE
    assert all(math.isfinite(one) for one in survival.firth_cox(time, np.ones(30), x).coef)


def test_interval_censored_times() -> None:
    curve = survival.turnbull([0, 2, 4, 5], [3, 4, math.inf, None])
    low, high = curve.bounds_at(2.5)
    assert low <= curve.survival_at(2.5) <= high
    assert code(curve.survival_at(6)) is ReasonCode.BEYOND_FOLLOW_UP
    exact = survival.turnbull([1, 2, 3], [1, 2, 3])
    assert [exact.survival_at(t) for t in (0, 1, 2, 3)] == pytest.approx([1, 2 / 3, 1 / 3, 0])
    assert exact.survival_at(3) == 0.0
    with pytest.raises(AnalysisError, match="ends before it begins"):
        survival.turnbull([3], [2])


def test_labels_of_any_type() -> None:
    time, event = [1, 2, 3, 4, 5, 6], [1, 1, 0, 1, 1, 0]
    plain = survival.logrank(time, event, [0, 1, 0, 1, 1, 0]).chi2
    for group in (
        ["b", "a", "b", "a", "a", "b"],
        np.array(["x", "y", "x", "y", "y", "x"], dtype=object),
        [True, False, True, False, False, True],
        [0, "one", 0, "one", "one", 0],
        [("R0", 1), ("R1", 2), ("R0", 1), ("R1", 2), ("R1", 2), ("R0", 1)],
        [[1, 2], [3, 4], [1, 2], [3, 4], [3, 4], [1, 2]],
    ):
        assert survival.logrank(time, event, group).chi2 == pytest.approx(plain, rel=1e-12)
    for cause in (
        [0, "local", "death", "local", 0, "death"],
        np.asarray([0, "local", "death", "local", 0, "death"]),
    ):
        found = survival.cumulative_incidence(time, cause)
        assert found.causes == ("death", "local")
        assert found.incidence_at("local", 2) == pytest.approx(1 / 5)
        assert survival.gray(time, cause, event).by_cause["local"].df == 1


def test_results_cannot_be_changed() -> None:
    curve = survival.kaplan_meier([1, 2], [1, 0])
    with pytest.raises(AttributeError):
        curve.level = 0.9
    with pytest.raises(ValueError, match="read-only"):
        curve.survival[0] = 0
    with pytest.raises(TypeError):
        survival.gray([1], [1], [1]).by_cause[1] = None


BAD_TIMES: list[tuple[str, Any]] = [
    ("nan", [1.0, math.nan]),
    ("infinite", [1.0, math.inf]),
    ("negative", [1.0, -1.0]),
    ("missing", [1.0, None]),
    ("words", ["1", "2"]),
    ("dates", np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[D]")),
    ("complex", [1 + 1j, 2]),
    ("two axes", [[1.0, 2.0]]),
    ("one number", 3.0),
    ("masked", np.ma.masked_array([1.0, 2.0], mask=[False, True])),
    ("too many", [1.0, 2.0, 3.0]),
]
TAKERS: list[tuple[str, Callable[[Any], object]]] = [
    ("kaplan_meier", lambda t: survival.kaplan_meier(t, [1, 0])),
    ("logrank", lambda t: survival.logrank(t, [1, 0], [0, 1])),
    ("cox", lambda t: survival.cox(t, [1, 0], [0, 1])),
    ("firth_cox", lambda t: survival.firth_cox(t, [1, 0], [0, 1])),
    ("rmst", lambda t: survival.rmst(t, [1, 0], 1)),
    ("rmst_comparison", lambda t: survival.rmst_comparison(t, [1, 0], [0, 1])),
    ("cumulative_incidence", lambda t: survival.cumulative_incidence(t, [1, 0])),
    ("gray", lambda t: survival.gray(t, [1, 0], [0, 1])),
    ("turnbull", lambda t: survival.turnbull(t, [3, 4])),
    ("proportional_hazards", lambda t: survival.proportional_hazards(t, [1, 0], [0, 1])),
]


@pytest.mark.parametrize("bad", BAD_TIMES, ids=lambda b: b[0])
@pytest.mark.parametrize("taker", TAKERS, ids=lambda t: t[0])
def test_no_time_that_is_none_is_taken(taker: Any, bad: Any) -> None:
    with pytest.raises(AnalysisError):
        taker[1](bad[1])


@pytest.mark.parametrize(
    "call",
    [
        lambda: survival.kaplan_meier([1, 2], [1, 2]),
        lambda: survival.kaplan_meier([1, 2], [1, math.nan]),
        lambda: survival.kaplan_meier([1, 2], ["yes", "no"]),
        lambda: survival.kaplan_meier([1, 2], [1, 0], "loglog"),
        lambda: survival.kaplan_meier([1, 2], [1, 0], level=95),
        lambda: survival.kaplan_meier([1, 2], [1, 0]).survival_at(math.nan),
        lambda: survival.kaplan_meier([1, 2], [1, 0]).survival_at(-1),
        lambda: survival.kaplan_meier([1, 2], [1, 0]).quantile(1),
        lambda: survival.logrank([1, 2], [1, 0], [None, 1]),
        lambda: survival.logrank([1, 2], [1, 0], [math.nan, 1]),
        lambda: survival.logrank([1, 2], [1, 0], [{}, 1]),
        lambda: survival.logrank([1, 2], [1, 0], [0, 1], ["a"]),
        lambda: survival.cox([1, 2], [1, 0], [[1], [math.nan]]),
        lambda: survival.cox([1, 2], [1, 0], [[[1]]]),
        lambda: survival.cox([1, 2], [1, 0], [0, 1], ties="average"),
        lambda: survival.cox([1, 2], [1, 0], [0, 1, 1]),
        lambda: survival.proportional_hazards([1, 2], [1, 0], [0, 1], ties="exact"),
        lambda: survival.rmst([1, 2], [1, 0], 0),
        lambda: survival.rmst([1, 2], [1, 0], math.inf),
        lambda: survival.cumulative_incidence([1, 2], [1, None]),
        lambda: survival.cumulative_incidence([1, 2], [1, 0]).incidence_at(0, 1),
        lambda: survival.cumulative_incidence([1, 2], [1, 0], conf="plain"),
        lambda: survival.cumulative_incidence([1, 2], [1, 0], variance="gray"),
        lambda: survival.gray([1, 2], [1, 0], [0]),
        lambda: survival.turnbull([1, 2], [3, math.nan]),
        lambda: survival.turnbull([1, 2], [3, "later"]),
        lambda: survival.turnbull([1, math.inf], [3, 4]),
        lambda: survival.clopper_pearson(3, 2),
        lambda: survival.clopper_pearson(-1, 2),
        lambda: survival.clopper_pearson(1.5, 2),
        lambda: survival.clopper_pearson("1", 2),
        lambda: survival.newcombe(1, 2, 3, 2),
        lambda: survival.miettinen_nurminen(1, 2, math.nan, 2),
        lambda: survival.fisher_exact(1, 2, 3, 2),
        lambda: survival.poisson_rate(1, 0),
        lambda: survival.poisson_rate(1, -1),
        lambda: survival.rate_ratio(1, math.nan, 1, 1),
        lambda: survival.firth_logistic([0, 1, 2], [1, 2, 3]),
        lambda: survival.firth_logistic([0, 1], [1, 2, 3]),
        lambda: survival.dose_response([1, math.nan], [0, 1]),
        lambda: survival.schoenfeld_events(1.0, one_sided_alpha=0.05, power=0.8),
        lambda: survival.schoenfeld_events(0.5, one_sided_alpha=0.0, power=0.8),
        lambda: survival.conditional_power(1.0, 1.0, one_sided_alpha=0.05),
        lambda: survival.conditional_power(math.nan, 0.5, one_sided_alpha=0.05),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_a_named_error(call: Callable[[], object]) -> None:
    with pytest.raises(AnalysisError) as error:
        call()
    assert isinstance(error.value, ValueError)


@pytest.mark.parametrize("seed", range(40))
def test_no_nan_comes_out_of_small_and_odd_groups(seed: int) -> None:
    """Every number of every result is finite, or it is a reason."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 9))
    time, event = rng.integers(0, 4, n), rng.integers(0, 2, n) * int(rng.integers(0, 2))
    group, stratum = rng.integers(0, 3, n), rng.integers(0, 2, n)
    cause = event * rng.integers(1, 3, n)
    curve = survival.kaplan_meier(time, event)
    incidence = survival.cumulative_incidence(time, cause)
    told: list[Any] = [curve.median, *curve.median_interval, *curve.band()]
    for t in (0, 1, 2.5, 4):
        told += [curve.survival_at(t), curve.se_at(t), curve.interval_at(t)]
        told += [incidence.incidence_at(1, t), incidence.interval_at(1, t)]
    test = survival.logrank(time, event, group, stratum)
    told += [test.chi2, test.p, *test.expected]
    for one in survival.gray(time, cause, group, stratum).by_cause.values():
        told += [one.chi2, one.p]
    for fit in (
        survival.cox(time, event, group, stratum),
        survival.cox(time, event, group, ties="exact"),
        survival.firth_cox(time, event, group, stratum),
    ):
        told += [fit.coef, fit.se, fit.interval(), fit.p(), fit.score.p, fit.likelihood_ratio.p]
    logistic = survival.firth_logistic(event, group)
    told += [logistic.coef, *(one for pair in logistic.limits for one in pair)]
    told += [one.p for one in logistic.tests]
    mean = survival.rmst(time, event, 2)
    told += [mean.value, mean.se, survival.turnbull(time, time + 1.0).survival_at(1)]
    for value in told:
        if not isinstance(value, Reason):
            assert np.isfinite(np.asarray(value, dtype=float)).all(), value


def test_events_all_at_one_time_have_no_trend_of_hazards() -> None:
    found = survival.proportional_hazards([3, 3, 3, 3, 4], [1, 1, 1, 0, 0], [0, 1, 1, 0, 1])
    assert code(found) is ReasonCode.NOT_ESTIMABLE


def test_a_ratio_larger_than_any_number_is_no_number() -> None:
    fit = survival.firth_cox([1, 2, 3, 4], [1, 1, 1, 0], np.array([4.0, 3.0, 1.0, 2.0]) * 1e-9)
    assert not isinstance(fit.coef, Reason)
    assert code(fit.hazard_ratio()) is code(fit.interval()) is ReasonCode.NOT_ESTIMABLE


@pytest.mark.parametrize("seed", range(12))
def test_nothing_that_is_told_is_nan(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.choice([1, 2, 3, 5, 12]))
    time = (rng.integers(0, 3, size), rng.exponential(5, size), np.full(size, 3.0))[seed % 3]
    cause, x = rng.integers(0, 3, size), rng.integers(0, 2, size)
    group = [("SBRT", 7, ("a", 1))[i] for i in rng.integers(0, 3, size)]
    event = (cause == 1).tolist()
    told: list[Any] = []
    for test in survival.gray(time, [("out", "b", 0)[c] for c in cause], group).by_cause.values():
        told += [test.chi2, test.p]
    told += [survival.logrank(time, event, group, group).p]
    subdistribution = survival.fine_gray(time, cause, x)
    told += [subdistribution.p(), subdistribution.hazard_ratio(), subdistribution.interval()]
    check = survival.proportional_hazards(time, event, x)
    told += [check] if isinstance(check, Reason) else [one.p for one in check.terms]
    incidence = survival.cumulative_incidence(time, cause)
    told += [incidence.interval_at(1, t) for t in (0, 3, 9)]
    fit = survival.firth_cox(time, event, x)
    told += [fit.p(), fit.interval()]
    for value in told:
        numbers = () if isinstance(value, Reason) else np.atleast_1d(np.asarray(value, float))
        assert np.isfinite(numbers).all(), value
