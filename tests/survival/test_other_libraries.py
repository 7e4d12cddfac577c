"""The same answers from other libraries, where they are right.

Known to be wrong elsewhere, and not compared: statsmodels' score interval of a difference, the
variance of lifelines' restricted mean, its median on a flat stretch, and its band of a curve
without events.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.stats import contingency

from sbrt_qa import survival
from sbrt_qa.model.outcome import Reason

from .reference import close

SEEDS = range(4)


def made_up(seed: int, n: int = 70) -> dict[str, Any]:
    """Return a trial with ties, two groups, two strata and two causes."""
    rng = np.random.default_rng(seed)
    group, stratum = rng.integers(0, 2, n), rng.integers(0, 2, n)
    latent = rng.exponential(12.0 * (1.0 + group), n)
    end = rng.uniform(2.0, 20.0, n)
    time = np.ceil(np.minimum(latent, end))
    event = latent <= end
    return {
        "time": time, "event": event, "group": group, "stratum": stratum,
        "age": rng.normal(60, 10, n), "cause": event * rng.integers(1, 3, n),
    }  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_scipy_has_the_same_curve_and_log_rank(seed: int) -> None:
    d = made_up(seed)
    one = d["group"] == 0
    data = stats.CensoredData.right_censored(d["time"], ~d["event"])
    theirs = stats.ecdf(data).sf
    curve = survival.kaplan_meier(d["time"], d["event"])
    for t, s in zip(theirs.quantiles, theirs.probabilities, strict=True):
        assert curve.survival_at(t) == close(s, 1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scipy, at the ends of the curve
        limits = theirs.confidence_interval(method="log-log")
    for t, low, high in zip(
        theirs.quantiles, limits.low.probabilities, limits.high.probabilities, strict=True
    ):
        found = curve.interval_at(t)
        if not isinstance(found, Reason):
            assert found == close((low, high), 1e-12)
    parts = [
        stats.CensoredData.right_censored(d["time"][part], ~d["event"][part])
        for part in (one, ~one)
    ]
    test = stats.logrank(*parts)
    found = survival.logrank(d["time"], d["event"], d["group"])
    assert (found.chi2, found.p) == close((test.statistic**2, test.pvalue), 1e-10)


@pytest.mark.parametrize("table", [(7, 20, 2, 22), (0, 9, 4, 11), (12, 40, 5, 40), (9, 10, 3, 10)])
def test_scipy_has_the_same_exact_intervals(table: tuple[int, int, int, int]) -> None:
    x1, n1, x2, n2 = table
    theirs = stats.binomtest(x1, n1).proportion_ci(method="exact")
    assert survival.clopper_pearson(x1, n1).interval == close((theirs.low, theirs.high), 1e-10)
    theirs = stats.binomtest(x1, n1).proportion_ci(method="wilson")
    found = survival.wilson(x1, n1).interval
    assert found == pytest.approx((theirs.low, theirs.high), rel=1e-10, abs=1e-12)
    counts = [[x1, n1 - x1], [x2, n2 - x2]]
    exact = survival.fisher_exact(*table)
    assert exact.p == close(stats.fisher_exact(counts).pvalue, 1e-10)
    ratio = contingency.odds_ratio(counts)
    limits = ratio.confidence_interval(0.95)
    assert (exact.odds_ratio, exact.low, exact.high) == pytest.approx(
        (ratio.statistic, limits.low, limits.high), rel=1e-8
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_lifelines_has_the_same_models(seed: int) -> None:
    lifelines = pytest.importorskip("lifelines")
    pandas = pytest.importorskip("pandas")
    d = made_up(seed)
    frame = pandas.DataFrame({k: d[k] for k in ("time", "event", "group", "age", "stratum")})
    x = np.stack([d["group"], d["age"]], axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = lifelines.CoxPHFitter().fit(
            frame, "time", "event", strata=["stratum"], fit_options={"precision": 1e-12}
        )
        curve = lifelines.KaplanMeierFitter().fit(d["time"], d["event"])
    fit = survival.cox(d["time"], d["event"], x, d["stratum"])
    assert fit.coef == pytest.approx(theirs.params_.to_numpy(), rel=1e-6)
    assert fit.se == pytest.approx(theirs.standard_errors_.to_numpy(), rel=1e-6)
    ours = survival.kaplan_meier(d["time"], d["event"])
    for t in (2, 5, 9, 12):
        assert ours.survival_at(t) == close(float(curve.predict(t)), 1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_statsmodels_has_the_same_tests_and_incidences(seed: int) -> None:
    pytest.importorskip("statsmodels")
    duration = pytest.importorskip("statsmodels.duration.survfunc")
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    d = made_up(seed)
    chi2, p = duration.survdiff(d["time"], d["event"], d["group"], strata=d["stratum"])
    found = survival.logrank(d["time"], d["event"], d["group"], d["stratum"])
    assert (found.chi2, found.p) == close((chi2, p), 1e-9)
    theirs = duration.CumIncidenceRight(d["time"], d["cause"])
    ours = survival.cumulative_incidence(d["time"], d["cause"], variance="delta")
    for place, t in enumerate(theirs.times):
        for cause in (1, 2):
            assert ours.incidence_at(cause, t) == close(theirs.cinc[cause - 1][place], 1e-9)
            se = ours.se_at(cause, t)
            if not isinstance(se, Reason):
                assert se == close(theirs.cinc_se[cause - 1][place], 1e-9)
    limits = proportion.confint_proportions_2indep(12, 40, 5, 40, method="newcomb", compare="diff")
    assert survival.newcombe(12, 40, 5, 40).interval == close(limits, 1e-12)


@pytest.mark.parametrize("seed", [0])  # compiles for long
def test_firthmodels_has_the_same_penalised_fits(seed: int) -> None:
    firthmodels = pytest.importorskip("firthmodels")
    d = made_up(seed, 40)
    x = np.stack([d["group"], d["age"] - 60], axis=1)
    theirs = firthmodels.FirthLogisticRegression().fit(x, d["event"].astype(int))
    fit = survival.firth_logistic(d["event"], x)
    assert not isinstance(fit.coef, Reason)
    assert fit.coef == pytest.approx([theirs.intercept_, *theirs.coef_], rel=1e-4, abs=1e-6)
    limits = theirs.conf_int(method="pl")[:2]
    assert [fit.interval(1), fit.interval(2)] == [
        pytest.approx(tuple(one), rel=1e-4, abs=1e-6) for one in limits
    ]
    distinct = d["time"] + np.linspace(0, 0.5, 40)  # no ties, which libraries take differently
    outcome = np.array(
        list(zip(d["event"], distinct, strict=True)), dtype=[("event", bool), ("time", float)]
    )
    cox = firthmodels.FirthCoxPH().fit(x, outcome)
    assert survival.firth_cox(distinct, d["event"], x).coef == pytest.approx(cox.coef_, rel=1e-4)
