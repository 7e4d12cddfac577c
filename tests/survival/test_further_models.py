"""Fine and Gray's model, and Cox's with covariates that change, against R and a second library."""

from __future__ import annotations

import numpy as np
import pytest

from sbrt_qa import survival
from sbrt_qa.errors import AnalysisError
from sbrt_qa.model.outcome import Reason, ReasonCode

from .reference import REFERENCE, data

FILES = {"pbc": "pbc312"}
STOPS = 2e-6
"""``crr`` ends at a gradient of 1e-6, up to 1.8e-6 from the maximum on these data."""


@pytest.mark.parametrize(
    ("source", "group"), [("melanoma", "ulcer"), ("pbc", "placebo"), ("tiny_competing", "arm")]
)
def test_fine_gray_agrees_with_cmprsk(source: str, group: str) -> None:
    d, expected = data(FILES.get(source, source)), REFERENCE[source]["fine_gray"]
    fit = survival.fine_gray(d["time"], d["status"], d[group])
    assert fit.coef[0] == pytest.approx(expected["coef"], rel=STOPS)
    assert fit.se[0] == pytest.approx(expected["se"], rel=STOPS)
    low, high = fit.interval()
    assert low < fit.hazard_ratio() < high


def test_fine_gray_is_cox_where_nothing_competes() -> None:
    random = np.random.default_rng(5)
    time, x = random.integers(1, 40, 60), random.normal(size=(60, 2))
    event = random.integers(0, 2, 60)
    fit = survival.fine_gray(time, event, x)
    plain = survival.cox(time, event, x, ties="breslow")
    assert fit.coef == pytest.approx(plain.coef, rel=1e-8)
    words = ["seen" if one else 0 for one in event[::-1]]
    swapped = survival.fine_gray(time[::-1], words, -x[::-1], "seen")
    assert swapped.coef == pytest.approx(-plain.coef, rel=1e-8)


def test_fine_gray_never_guesses() -> None:
    def code(*args: object) -> ReasonCode:
        fit = survival.fine_gray(*args)  # type: ignore[arg-type]
        assert isinstance(fit.coef, Reason)
        assert isinstance(fit.p(), Reason)
        assert isinstance(fit.interval(), Reason)
        return fit.coef.code

    assert code([], [], []) is ReasonCode.NOBODY
    assert code([1, 2], [2, 0], [0, 1]) is ReasonCode.NO_EVENTS
    assert code([1, 2, 3], [1, 1, 2], [1, 1, 1]) is ReasonCode.NOT_ESTIMABLE
    assert code([1, 2, 3, 4], [1, 1, 2, 0], [1, 1, 0, 0]) is ReasonCode.NOT_ESTIMABLE
    with pytest.raises(AnalysisError):
        survival.fine_gray([1], [1], [1], 0)


def test_rows_that_begin_at_zero_are_cox() -> None:
    d = data("freireich")
    fit = survival.cox_changing(np.zeros(42), d["time"], d["status"], d["arm"])
    plain = survival.cox(d["time"], d["status"], d["arm"])
    assert fit.coef == pytest.approx(plain.coef, rel=1e-9)
    assert fit.se == pytest.approx(plain.se, rel=1e-9)


def test_a_row_cut_in_two_changes_nothing() -> None:
    random = np.random.default_rng(11)
    time, x = random.integers(4, 60, 50), random.normal(size=50)
    event, stratum = random.integers(0, 2, 50), random.integers(0, 3, 50)
    plain = survival.cox(time, event, x, stratum)
    cut = random.integers(1, 4, 50)
    fit = survival.cox_changing(
        [*np.zeros(50), *cut],
        [*cut, *time],
        [*np.zeros(50), *event],
        [*x, *x],
        [*stratum, *stratum],
    )
    assert fit.coef == pytest.approx(plain.coef, rel=1e-8)
    assert (fit.n_rows, fit.n_events) == (100, int(event.sum()))


def test_firth_with_rows_from_zero_is_firth_cox() -> None:
    random = np.random.default_rng(8)
    time = random.permutation(np.arange(1.0, 31.0))
    x = random.integers(0, 2, 30).astype(float)
    event = np.where(x > 0, 0, random.integers(0, 2, 30))  # no event where x is 1
    fit = survival.cox_changing(np.zeros(30), time, event, x, penalised=True)
    plain = survival.firth_cox(time, event, x)
    assert fit.coef == pytest.approx(plain.coef, rel=1e-6)
    assert fit.se == pytest.approx(plain.se, rel=1e-6)


def test_clustered_slope_knows_that_rows_go_together() -> None:
    random = np.random.default_rng(2)
    x, y = random.normal(size=60), random.integers(0, 2, 60)
    alone = survival.clustered_logistic(x, y, np.arange(60))
    twice = survival.clustered_logistic([*x, *x], [*y, *y], [*range(60), *range(60)])
    assert isinstance(alone.se, float)
    assert isinstance(twice.se, float)
    assert twice.se == pytest.approx(alone.se, rel=0.05)  # no information from a copy
    naive = survival.clustered_logistic([*x, *x], [*y, *y], range(120))
    assert isinstance(naive.se, float)
    assert naive.se < 0.8 * twice.se
    few = survival.clustered_logistic(x, y, [0] * 60)
    assert isinstance(few.se, Reason)
    assert isinstance(survival.clustered_logistic([], [], []).value, Reason)


def test_changing_covariates_agree_with_lifelines() -> None:
    lifelines = pytest.importorskip("lifelines")
    pandas = pytest.importorskip("pandas")
    random = np.random.default_rng(3)
    rows = []
    for subject in range(80):
        change, end = random.uniform(1, 5), random.uniform(2, 20)
        event = bool(random.integers(0, 2))
        if end > change:
            rows.append((subject, 0.0, change, False, 0.0))
            rows.append((subject, change, end, event, float(random.integers(0, 2))))
        else:
            rows.append((subject, 0.0, end, event, 0.0))
    frame = pandas.DataFrame(rows, columns=["id", "start", "stop", "event", "x"])
    theirs = lifelines.CoxTimeVaryingFitter().fit(
        frame, id_col="id", event_col="event", start_col="start", stop_col="stop"
    )
    ours = survival.cox_changing(frame["start"], frame["stop"], frame["event"], frame["x"])
    assert ours.coef[0] == pytest.approx(float(theirs.params_["x"]), rel=1e-5)
    assert ours.se[0] == pytest.approx(float(theirs.standard_errors_["x"]), rel=1e-4)


def test_changing_covariates_never_guess() -> None:
    def code(*args: object) -> ReasonCode:
        fit = survival.cox_changing(*args)  # type: ignore[arg-type]
        assert isinstance(fit.coef, Reason)
        assert isinstance(fit.interval(), Reason)
        return fit.coef.code

    assert code([], [], [], []) is ReasonCode.NO_EVENTS
    assert code([0, 0], [1, 2], [1, 1], [3, 3]) is ReasonCode.ONE_GROUP
    assert code([0, 0, 0, 0], [1, 2, 3, 4], [1, 1, 0, 0], [1, 1, 0, 0]) is ReasonCode.NOT_ESTIMABLE
    with pytest.raises(AnalysisError):
        survival.cox_changing([2], [2], [1], [1])
