"""Every reference value that R computed: closed forms to 1e-9, iterated fits to 1e-6."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sbrt_qa import survival
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.survival.product_limit import SurvivalCurve

from .reference import CLOSED, ITERATED, REFERENCE, close, data

CURVES = {
    "freireich arm 1": ("freireich", "km_arm1", lambda d: d["arm"] == 1),
    "freireich arm 0": ("freireich", "km_arm0", lambda d: d["arm"] == 0),
    "flat median": ("flat_median", "km", lambda d: d["time"] > 0),
    "T39 event and censoring tied": ("tie_event_censor", "km", lambda d: d["time"] > 0),
    "all censored": ("all_censored", "km", lambda d: d["time"] > 0),
    "aml maintained": ("aml", "km_maintained", lambda d: d["arm"] == 1),
    "aml not maintained": ("aml", "km_non", lambda d: d["arm"] == 0),
    "veteran": ("veteran", "km", lambda d: d["time"] > 0),
    "lung male": ("lung", "km_male", lambda d: d["female"] == 0),
    "lung female": ("lung", "km_female", lambda d: d["female"] == 1),
}
QUANTILES = {0.25: "quantile25", 0.5: "median", 0.75: "quantile75"}


@pytest.mark.parametrize("conf", ["log-log", "log", "plain"])
@pytest.mark.parametrize("name", CURVES)
def test_t39_t44__kaplan_meier_agrees_with_r(name: str, conf: str) -> None:
    source, key, chosen = CURVES[name]
    columns = data(source)
    inside = chosen(columns)
    curve = survival.kaplan_meier(columns["time"][inside], columns["status"][inside], conf)
    expected = REFERENCE[source][key]
    assert (curve.n, curve.n_events) == (expected["n"], expected["events"])
    rows = expected[conf]
    for place, t in enumerate(rows["time"]):
        assert curve.at_risk_at(t) == rows["n_risk"][place]
        assert curve.survival_at(t) == close(rows["surv"][place])
        if 0 < rows["surv"][place] < 1:
            assert curve.se_at(t) == close(rows["se"][place])
            limits = (rows["lower"][place], rows["upper"][place])
            assert curve.interval_at(t) == close(limits)
        else:  # R draws a band of no width, or none; a curve at its end tells no uncertainty
            assert is_reason(curve.interval_at(t), ReasonCode.NOT_ESTIMABLE)
    check_quantiles(curve, rows)


def check_quantiles(curve: SurvivalCurve, rows: dict[str, Any]) -> None:
    for p, name in QUANTILES.items():
        found = (curve.quantile(p), *curve.quantile_interval(p))
        for one, expected in zip(found, rows[name], strict=True):
            if expected is None:
                assert is_reason(one, ReasonCode.NOT_REACHED)
            else:
                assert one == close(expected)
    assert curve.median == curve.quantile(0.5)
    assert curve.median_interval == curve.quantile_interval(0.5)


def is_reason(value: object, code: ReasonCode) -> bool:
    return isinstance(value, Reason) and value.code is code and bool(value.detail)


def test_t44__a_median_on_a_flat_stretch_is_its_middle() -> None:
    assert survival.kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1]).median == 2.5


def test_median_follow_up() -> None:
    d = data("freireich")
    curve = survival.reverse_kaplan_meier(d["time"], d["status"], "log")
    median, low, high = REFERENCE["freireich"]["reverse_km_median_all"]
    assert (curve.median, curve.median_interval[0]) == (median, low)
    assert high is None
    assert is_reason(curve.median_interval[1], ReasonCode.NOT_REACHED)


def test_landmark_difference() -> None:
    d = data("freireich")
    one, other = (
        survival.kaplan_meier(d["time"][d["arm"] == arm], d["status"][d["arm"] == arm])
        for arm in (1, 0)
    )
    found = survival.survival_difference(one, other, 12)
    expected = REFERENCE["freireich"]["landmark12_difference"]
    assert (found.value, found.se) == close((expected["difference"], expected["se"]))
    assert found.interval == close((expected["lower"], expected["upper"]))


LOGRANKS = [
    ("freireich", "logrank", "arm", None, 0),
    ("freireich", "peto_prentice_rho1", "arm", None, 1),
    ("aml", "logrank", "arm", None, 0),
    ("ovarian", "logrank", "arm", None, 0),
    ("ovarian", "logrank_stratified_residual", "arm", ["residual"], 0),
    ("ovarian", "logrank_stratified_residual_ecog", "arm", ["residual", "ecog"], 0),
    ("veteran", "logrank", "arm", None, 0),
    ("veteran", "logrank_stratified_cell", "arm", ["cell"], 0),
    ("veteran", "logrank_celltype", "cell", None, 0),
    ("lung", "logrank", "female", None, 0),
    ("lung", "logrank_stratified_ecog", "female", ["ph.ecog"], 0),
    ("zero_events_arm", "logrank", "arm", None, 0),
]


@pytest.mark.parametrize("case", LOGRANKS, ids=lambda c: f"{c[0]} {c[1]}")
def test_log_rank_agrees_with_r(case: tuple[str, str, str, list[str] | None, int]) -> None:
    source, key, group, strata, rho = case
    d, expected = data(source), REFERENCE[source][key]
    used = ~np.any([np.isnan(d[name]) for name in strata or [group]], axis=0)
    stratum = None if strata is None else np.stack([d[name][used] for name in strata], axis=1)
    found = survival.logrank(d["time"][used], d["status"][used], d[group][used], stratum, rho=rho)
    assert found.chi2 == close(expected["chisq"])
    assert (found.df, found.p) == (expected["df"], close(expected["p"]))
    order = slice(None, None, -1 if source == "aml" else 1)  # there R had the other arm first
    assert list(found.n[order]) == expected["n"]
    assert found.observed[order] == close(expected["observed"])
    assert found.expected[order] == close(expected["expected"])
    assert found.variance[order][0, order][0] == close(expected["variance11"])
    one_subject = (3.0,) if strata == ["ph.ecog"] else ()
    assert found.one_group_strata == one_subject


def test_log_rank_of_disease_free_survival_after_transplant() -> None:
    d, expected = data("bmt137"), REFERENCE["bmt"]["logrank_dfs"]
    found = survival.logrank(d["time"], d["status"] > 0, d["group"])
    assert (found.chi2, found.df, found.p) == (
        close(expected["chisq"]), expected["df"], close(expected["p"]),
    )  # fmt: skip
    assert found.expected == close(expected["expected"])
    assert found.variance[0, 0] == close(expected["variance11"])


COX = [
    ("freireich", "cox_efron", ["arm"], None),
    ("freireich", "cox_breslow", ["arm"], None),
    ("freireich", "cox_exact", ["arm"], None),
    ("ovarian", "cox", ["arm"], None),
    ("ovarian", "cox_stratified", ["arm"], "residual"),
    ("ovarian", "cox_age", ["arm", "age"], None),
    ("veteran", "cox", ["arm"], None),
    ("veteran", "cox_karno", ["arm", "karno"], None),
    ("veteran", "cox_stratified", ["arm", "karno"], "cell"),
    ("lung", "cox", ["female"], None),
    ("lung", "cox_age_ecog", ["female", "age", "ph.ecog"], None),
    ("melanoma", "cause_specific_cox", ["ulcer"], None),
    ("pbc", "cause_specific_cox", ["placebo"], None),
    ("tiny_competing", "cause_specific_cox", ["arm"], None),
]
FILES = {"pbc": "pbc312", "bmt": "bmt137"}


@pytest.mark.parametrize("case", COX, ids=lambda c: f"{c[0]} {c[1]}")
def test_cox_agrees_with_r(case: tuple[str, str, list[str], str | None]) -> None:
    source, key, names, strata = case
    d, expected = data(FILES.get(source, source)), REFERENCE[source][key]
    used = ~np.any([np.isnan(d[name]) for name in names], axis=0)
    x = np.stack([d[name][used] for name in names], axis=1)
    fit = survival.cox(
        d["time"][used], d["status"][used] == 1, x[:, 0] if len(names) == 1 else x,
        None if strata is None else d[strata][used], expected["ties"],
    )  # fmt: skip
    assert (fit.n, fit.n_events) == (expected["n"], expected["events"])
    assert fit.coef == close(values(expected["coef"]), ITERATED)
    assert fit.se == close(values(expected["se"]), ITERATED)
    for place, (hr, low, high) in enumerate(
        zip(*(values(expected[k]) for k in ("hr", "lower", "upper")), strict=True)
    ):
        assert fit.hazard_ratio(place) == close(hr, ITERATED)
        assert fit.interval(place) == close((low, high), ITERATED)
    assert fit.log_likelihood == close(tuple(expected["loglik"]))
    for name, test in (
        ("lr", fit.likelihood_ratio), ("score", fit.score), ("wald", fit.wald),
    ):  # fmt: skip
        chi2, df, p = expected[name]
        assert (test.df, test.p) == (df, close(p, ITERATED))
        if name != "wald":  # printed with two decimals
            assert test.chi2 == close(chi2, ITERATED)


def values(told: dict[str, float] | list[float]) -> list[float]:
    return list(told.values()) if isinstance(told, dict) else told


def test_proportional_hazards_agree_with_r() -> None:
    d, expected = data("veteran"), REFERENCE["veteran"]["zph"]
    x = np.stack([d["arm"], d["karno"]], axis=1)
    found = survival.proportional_hazards(d["time"], d["status"], x)
    assert not isinstance(found, Reason)
    tests = [*found.terms, found.together]
    assert [t.chi2 for t in tests] == close(expected["chisq"], ITERATED)
    assert [t.p for t in tests] == close(expected["p"], ITERATED)
    assert [t.df for t in tests] == [1, 1, 2]


RMST = [("freireich", 0), ("freireich", 1), ("veteran", None), ("lung", None)]


@pytest.mark.parametrize(("source", "row"), RMST)
def test_rmst_agrees_with_r(source: str, row: int | None) -> None:
    d = data(source)
    group = d["female" if source == "lung" else "arm"]
    expected = REFERENCE[source]["rmst"]
    expected = expected if row is None else expected[row]
    for arm in (0, 1):
        one = survival.rmst(d["time"][group == arm], d["status"][group == arm], expected["tau"])
        told = expected[f"arm{arm}"]
        assert (one.value, one.se) == close((told["rmst"], told["se"]))
    found = survival.rmst_comparison(d["time"], d["status"], group, expected["tau"])
    assert not isinstance(found, Reason)
    told = found.difference
    assert (told.value, told.se, told.low, told.high, told.p) == close(
        tuple(expected[k] for k in ("difference", "se", "lower", "upper", "p"))
    )
    assert (found.ratio, found.ratio_low, found.ratio_high) == close(
        tuple(expected[k] for k in ("ratio", "ratio_lower", "ratio_upper"))
    )


COMPETING = [("melanoma", "ulcer"), ("pbc", "placebo"), ("tiny_competing", "arm")]


@pytest.mark.parametrize("arm", [0, 1])
@pytest.mark.parametrize(("source", "group"), COMPETING)
def test_incidence_agrees_with_cmprsk_and_survfit(source: str, group: str, arm: int) -> None:
    d, expected = data(FILES.get(source, source)), REFERENCE[source]
    inside = d[group] == arm
    found = survival.cumulative_incidence(d["time"][inside], d["status"][inside])
    other = survival.cumulative_incidence(
        d["time"][inside], d["status"][inside], variance="delta", conf="log"
    )
    times, states = expected["cmprsk"]["times"], expected["survfit_multistate"]
    for cause in (1, 2):
        rows = expected["cmprsk"][f"{arm} {cause}"]
        for place, t in enumerate(times):
            row = place + arm * len(times)
            assert found.incidence_at(cause, t) == close(rows["cif"][place])
            assert other.incidence_at(cause, t) == close(states[f"cif{cause}"][row])
            if rows["cif"][place] == 0:
                assert is_reason(found.se_at(cause, t), ReasonCode.NO_EVENTS)
                assert is_reason(found.interval_at(cause, t), ReasonCode.NO_EVENTS)
            else:
                se = found.se_at(cause, t)
                assert isinstance(se, float)
                assert se**2 == close(rows["var"][place])
            if cause == 1 and rows["cif"][place]:
                assert other.se_at(1, t) == close(states["se1"][row])
                limits = states["lower1"][row], states["upper1"][row]
                assert other.interval_at(1, t) == close(limits)


def test_incidence_in_three_groups_agrees_with_cmprsk() -> None:
    d, expected = data("bmt137"), REFERENCE["bmt"]
    for group in (1, 2, 3):
        inside = d["group"] == group
        found = survival.cumulative_incidence(d["time"][inside], d["status"][inside])
        for cause in (1, 2):
            for t, cif in expected["est"][f"{group} {cause}"].items():
                assert found.incidence_at(cause, float(t)) == close(cif)
                if cif:
                    se = found.se_at(cause, float(t))
                    assert isinstance(se, float)
                    assert se**2 == close(expected["var"][f"{group} {cause}"][t])


@pytest.mark.parametrize(
    ("source", "group", "strata", "key"),
    [
        *((s, g, None, "gray") for s, g in COMPETING),
        ("bmt", "group", None, "gray"),
        ("melanoma", "ulcer", "sex", "gray_stratified_sex"),
    ],
)
def test_gray_agrees_with_cmprsk(source: str, group: str, strata: str | None, key: str) -> None:
    d, expected = data(FILES.get(source, source)), REFERENCE[source][key]
    found = survival.gray(d["time"], d["status"], d[group], None if strata is None else d[strata])
    for place, cause in enumerate((1, 2)):
        test = found.by_cause[cause]
        assert (test.chi2, test.p) == close((expected["stat"][place], expected["p"][place]))
        assert test.df == expected.get("df", [1, 1])[place]


def test_turnbull_agrees_with_r() -> None:
    rows = REFERENCE["interval"]
    curve = survival.turnbull(rows["lower"], rows["upper"])
    assert curve.n == rows["n"]
    for t, s in zip(rows["time"], rows["surv"], strict=True):
        assert curve.survival_at(t) == pytest.approx(s, abs=1e-3)


@pytest.mark.parametrize("row", REFERENCE["two_proportions"], ids=lambda r: f"{r['x1']}/{r['n1']}")
def test_t54__differences_of_proportions(row: dict[str, Any]) -> None:
    table = (row["x1"], row["n1"], row["x2"], row["n2"])
    for found, key in (
        (survival.newcombe(*table), "newcombe10"),
        (survival.miettinen_nurminen(*table), "miettinen_nurminen"),
        (survival.miettinen_nurminen(*table, correct=False), "mee"),
    ):
        assert [found.value, found.low, found.high] == close(row[key])
    exact = survival.fisher_exact(*table)
    assert exact.p == close(row["fisher"]["p"])
    told = (row["fisher"]["or_cmle"], *row["fisher"]["ci"])
    for one, expected in zip((exact.odds_ratio, exact.low, exact.high), told, strict=True):
        if isinstance(one, Reason):  # no events at all: R prints 0, and it could be anything
            assert expected is None or row["x1"] + row["x2"] == 0
        elif expected is not None:  # R's own search stops early: 1 % off at the upper end
            assert one == pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize("row", REFERENCE["one_proportion"], ids=lambda r: f"{r['x']}/{r['n']}")
def test_t53__one_proportion(row: dict[str, Any]) -> None:
    exact, score = survival.clopper_pearson(row["x"], row["n"]), survival.wilson(row["x"], row["n"])
    assert exact.interval == close(tuple(row["clopper_pearson"]))
    assert score.interval == close(tuple(row["wilson"]))
    assert exact.value == row["x"] / row["n"]


@pytest.mark.parametrize("row", REFERENCE["poisson"]["rates"], ids=lambda r: str(r["events"]))
def test_rates(row: dict[str, Any]) -> None:
    found = survival.poisson_rate(row["events"], row["person_years"])
    assert found.value == close(row["rate"])
    assert found.interval == close(tuple(row["exact"]))


def test_ratio_of_rates() -> None:
    row = REFERENCE["poisson"]["rate_ratio"]
    (x1, x2), (t1, t2) = row["x"], row["t"]
    found = survival.rate_ratio(x1, t1, x2, t2)
    assert (found.value, found.p) == close((row["ratio"], row["p"]))
    assert (found.low, found.high) == close(tuple(row["ci"]))


def test_firth_logistic_agrees_with_brglm2() -> None:
    d, expected = data("endometrial"), REFERENCE["firth_endometrial"]
    fit = survival.firth_logistic(d["HG"], np.stack([d[k] for k in ("NV", "PI", "EH")], axis=1))
    assert fit.coef == close(list(expected["coef"].values()), ITERATED)
    assert fit.se == close(list(expected["se"].values()), ITERATED)
    for place, (_, low, high, chi2) in enumerate(expected["profile_penalised"], start=1):
        assert fit.interval(place) == close((low, high), ITERATED)
        assert fit.tests[place].chi2 == close(chi2, ITERATED)


@pytest.mark.parametrize(
    ("key", "outcome"), [("firth", "tox"), ("firth_separated", "tox_separated")]
)
def test_t55__dose_response_is_finite_also_where_doses_separate(key: str, outcome: str) -> None:
    d, expected = data("dose_response"), REFERENCE["dose_response"][key]
    fit = survival.dose_response(d["dose"], d[outcome], centre_gy=11.0)
    assert [fit.at_centre, fit.slope] == close(expected["coef"], ITERATED)
    found = [fit.slope, fit.low, fit.high, fit.test.chi2]
    assert found == close(expected["slope_profile"], ITERATED)
    assert isinstance(fit.d50_gy, float)
    assert fit.probability_at(fit.d50_gy) == close(0.5)


def test_t40__no_events_in_one_arm() -> None:
    d, expected = data("zero_events_arm"), REFERENCE["zero_events_arm"]
    fit = survival.cox(d["time"], d["status"], d["arm"])
    assert is_reason(fit.coef, ReasonCode.NOT_ESTIMABLE)
    assert is_reason(fit.hazard_ratio(), ReasonCode.NOT_ESTIMABLE)
    assert is_reason(fit.interval(), ReasonCode.NOT_ESTIMABLE)
    assert [fit.score.chi2, fit.score.df, fit.score.p] == close(expected["score"])
    assert [fit.likelihood_ratio.chi2, 1, fit.likelihood_ratio.p] == close(expected["lr"], ITERATED)
    assert fit.bound is not None
    assert fit.bound.is_upper
    assert 0.0 < fit.bound.hazard_ratio < 1.0
    firth = survival.firth_cox(d["time"], d["status"], d["arm"])
    assert 0.0 < firth.hazard_ratio() < 1.0
    curve = survival.kaplan_meier(d["time"][d["arm"] == 1], d["status"][d["arm"] == 1])
    assert curve.survival_at(12) == 1.0


@pytest.mark.parametrize(
    "row", REFERENCE["schoenfeld"], ids=lambda r: f"{r['hr']} {r['one_sided_alpha']}"
)
def test_events_for_a_log_rank_test(row: dict[str, float]) -> None:
    found = survival.schoenfeld_events(
        row["hr"], one_sided_alpha=row["one_sided_alpha"], power=row["power"]
    )
    assert found == close(row["events"])


@pytest.mark.parametrize("row", REFERENCE["conditional_power"])
def test_conditional_power(row: dict[str, float]) -> None:
    seen = {"z": row["Z"], "information": row["t"], "one_sided_alpha": 0.05}
    assert survival.conditional_power(**seen) == close(row["cp_trend"])
    found = survival.conditional_power(**seen, drift=row["theta_design"])
    assert found == close(row["cp_design"])


def test_every_group_of_reference_values_is_used() -> None:
    used = {one[0] for one in (*CURVES.values(), *LOGRANKS, *COX, *COMPETING)}
    used |= {"bmt", "interval", "two_proportions", "one_proportion", "poisson", "schoenfeld"}
    used |= {"firth_endometrial", "dose_response", "conditional_power"}
    elsewhere = {"meta", "albi", "failure_spheres", "time_unit", "conditional_power_note"}
    assert set(REFERENCE) == used | elsewhere
    assert CLOSED < ITERATED
