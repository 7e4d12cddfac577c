"""Metric expressions, and the numbers they give on a histogram one can check by hand."""

import numpy as np
import pytest

from sbrt_qa.dosimetry import metrics
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_names import known_metrics, parse_metric
from sbrt_qa.dosimetry.metric_registry import METRICS, MetricContext, metric
from sbrt_qa.errors import MetricError
from sbrt_qa.model.outcome import Measured, Reason, ReasonCode

# 1000 cc, dose spread evenly from 0 to 50 Gy: V(d) = 1000 - 20 d
RAMP = DVH(1000.0, 0.0, np.array([0.0, 50.0]), np.array([1000.0, 0.0]), 0.0, 25.0, 50.0)
CONTEXT = MetricContext(prescription_gy=40.0, dose_max_gy=50.0, volumes_cc={"PTV": 200.0})


def value(text, dvh=RAMP, context=CONTEXT):
    outcome = metrics.evaluate(parse_metric(text), dvh, context)
    return (outcome.value, outcome.unit) if isinstance(outcome, Measured) else outcome.code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("D95%[Gy]", (2.5, "Gy")),
        ("D95%[%]", (6.25, "%")),
        ("D95%[cGy]", (250.0, "cGy")),
        ("D0.03cc[Gy]", (49.9985, "Gy")),
        ("D700cc[Gy]", (15.0, "Gy")),
        ("DC700cc[Gy]", (35.0, "Gy")),
        ("DC30%[Gy]", (15.0, "Gy")),
        ("V20Gy[%]", (60.0, "%")),
        ("V2000cGy[%]", (60.0, "%")),
        ("V100%[%]", (20.0, "%")),
        ("V30Gy[cc]", (400.0, "cc")),
        ("V100%[%PTV]", (100.0, "%")),
        ("CV15Gy[cc]", (300.0, "cc")),
        ("CV15Gy[%]", (30.0, "%")),
        ("Mean[Gy]", (25.0, "Gy")),
        ("Mean[%]", (62.5, "%")),
        ("Min", (0.0, "Gy")),
        ("Max[Gy]", (50.0, "Gy")),
        ("Volume", (1000.0, "cc")),
        ("GlobalMaxInPTV[bool]", (1.0, "bool")),
        (" D 95 % [Gy] ", (2.5, "Gy")),
    ],
)
def test_case_87_89_90__one_documented_syntax_units_in_and_out(text, expected):
    number, unit = value(text)
    assert unit == expected[1]
    assert number == pytest.approx(expected[0], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unknown metric"),
        ("D", "takes an argument"),
        ("D95", "unknown metric"),
        ("D95%", "unit of the result is missing"),
        ("D95Gy[Gy]", "takes an argument in % or cc"),
        ("V20cc[%]", "takes an argument in Gy or % or cGy"),
        ("V20Gy[Gy]", r"gives % or cc; got \[Gy\]"),
        ("D110%[Gy]", "more than 100 %"),
        ("Mean5[Gy]", "unknown metric"),
        ("Mean5Gy[Gy]", "takes no argument"),
        ("d95%[Gy]", "unknown metric"),
        ("EUD[Gy]", "D95%.*Mean.*V20Gy"),
        ("D-5%[Gy]", "unknown metric"),
        ("D1e5cc[Gy]", "unknown metric"),
        ("D95%[Gy];drop", "unknown metric"),
        ("D9" + "5" * 200 + "%[Gy]", "unknown metric"),
        ("D95%[\x1b[2J]", r"\\x1b"),
    ],
)
def test_case_87__what_is_not_in_the_grammar_is_an_error_that_teaches(text, message):
    with pytest.raises(MetricError, match=message):
        parse_metric(text)


def test_case_88__more_than_the_organ_has_is_a_reason():
    small = DVH(3.0, 0.0, np.array([0.0, 50.0]), np.array([3.0, 0.0]), 0.0, 25.0, 50.0)
    for text in ("D5cc[Gy]", "DC700cc[Gy]", "D5cc[%]"):
        assert value(text, small) is ReasonCode.SMALLER_THAN_ASKED


def test_case_2__d100_is_the_minimum_and_never_zero():
    warm = DVH(10.0, 0.0, np.array([20.0, 30.0]), np.array([10.0, 0.0]), 21.0, 25.0, 29.0)
    assert value("D100%[Gy]", warm) == (21.0, "Gy")
    assert value("D99.999%[Gy]", warm)[0] == pytest.approx(21.0, abs=0.01)
    assert value("D0%[Gy]", warm) == (29.0, "Gy")


@pytest.mark.parametrize("text", ["D95%[%]", "V100%[%]", "Mean[%]", "CV50%[cc]"])
def test_without_a_prescription_per_cent_of_it_has_a_reason(text):
    assert value(text, context=MetricContext()) is ReasonCode.NO_PRESCRIPTION
    why = Reason(ReasonCode.NO_PRESCRIPTION, "two levels")
    outcome = metrics.evaluate(parse_metric(text), RAMP, MetricContext(prescription_gy=why))
    assert outcome == why


def test_per_cent_of_an_unknown_structure_has_a_reason():
    assert value("V100%[%GTV]") is ReasonCode.REFERENCE_MISSING


@pytest.mark.parametrize(
    ("outside", "evaluable"), [(0.0, True), (9.9, True), (10.1, False), (500.0, False)]
)
def test_case_31__metrics_of_a_structure_leaving_the_grid(outside, evaluable):
    part = DVH(
        1000.0, outside, np.array([0.0, 50.0]), np.array([1000.0 - outside, 0.0]), 0.0, 25.0, 50.0
    )
    assert isinstance(value("D0.03cc[Gy]", part), tuple) is evaluable
    assert value("Volume[cc]", part) == (1000.0, "cc")
    if not evaluable:
        assert value("Mean[Gy]", part) is ReasonCode.OUTSIDE_DOSE_GRID
        outcome = metrics.evaluate(parse_metric("Max[Gy]"), part, CONTEXT)
        assert "the part inside gives 50 Gy" in outcome.detail


def test_case_16_17__every_way_to_look_up_gives_the_same():
    for volume in (0.0, 1e-6, 1.0, 499.9, 999.999, 1000.0):
        dose = RAMP.dose_at_volume_gy(volume)
        assert RAMP.volume_at_dose_cc(dose) == pytest.approx(volume, abs=1e-6)
    edges, parts = RAMP.differential(0.25)
    total = np.cumsum(parts[::-1])[::-1]
    for i in (0, 17, 199):
        assert total[i] == pytest.approx(RAMP.volume_at_dose_cc(edges[i]), abs=1e-9)


@pytest.mark.parametrize("bin_gy", [0.01, 0.37, 1.0, 7.0])
def test_case_7__any_bin_width(bin_gy):
    edges, volumes = RAMP.cumulative(bin_gy)
    assert edges[0] == 0
    assert edges[-1] > RAMP.max_gy
    np.testing.assert_allclose(volumes, np.clip(1000 - 20 * edges, 0, None), atol=1e-9)


@pytest.mark.parametrize("bin_gy", [0.0, -1.0, float("nan"), 1e-9])
def test_bin_widths_that_make_no_curve_are_refused(bin_gy):
    with pytest.raises(ValueError, match="cannot be used"):
        RAMP.cumulative(bin_gy)


def test_a_metric_registers_itself_and_names_are_unique():
    with pytest.raises(ValueError, match="two metrics called D"):
        metric("D", units=("Gy",), example="D")(lambda *_: None)
    assert set(METRICS) >= {"D", "DC", "V", "CV", "Mean", "Min", "Max", "Volume"}
    for entry in METRICS.values():
        assert entry.example in known_metrics()
        assert parse_metric(entry.example).kind == entry.name
        assert entry.compute.__doc__
