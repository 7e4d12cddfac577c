"""The site's own values beside ours: the CSV, the tolerances, the causes."""

from __future__ import annotations

import pytest

from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricContext
from sbrt_qa.errors import UsageError
from sbrt_qa.i18n.words import Words
from sbrt_qa.model.outcome import Measured, Verdict
from sbrt_qa.protocol.limit_result import ConstraintResult, StructureMatch
from sbrt_qa.reports.compose.report_tables import comparison_table
from sbrt_qa.second_opinion.second_opinion import Comparison, held, tolerance, with_causes
from sbrt_qa.second_opinion.site_csv import read_site_values
from sbrt_qa.second_opinion.site_values import with_verdicts

HEAD = "structure,metric,value,unit\n"


@pytest.mark.parametrize(
    ("text", "metric", "value"),
    [
        (HEAD + "Liver,D0.03cc,31.5,Gy\n", "D0.03cc[Gy]", 31.5),
        (HEAD + "Liver,Mean[Gy],1310,cGy\n", "Mean[Gy]", 13.1),
        (HEAD + "Liver,Volume,1437,cm3\n", "Volume[cc]", 1437.0),
        (HEAD + "Liver,R50,3.7,\n", "R50", 3.7),
        (HEAD + "Liver,HI,0.2,1\n", "HI", 0.2),
        (HEAD + "Liver,CI,1.1,-\n", "CI", 1.1),
        (HEAD + "Liver,GlobalMaxInPTV[bool],1,\n", "GlobalMaxInPTV[bool]", 1.0),
        ("\ufeffUnit;Value;Metric;Structure\r\n%;95,5;V100%;Liver\r\n", "V100%[%]", 95.5),
    ],
    ids=[
        "plain",
        "cGy for Gy",
        "cm3",
        "no unit",
        "unit 1",
        "a dash",
        "yes or no",
        "semicolons, decimal comma, BOM",
    ],
)
def test_forms_of_the_csv(text: str, metric: str, value: float) -> None:
    (found,) = read_site_values(text)
    assert (found.structure, found.spec.text, found.line) == ("Liver", metric, 2)
    assert found.value == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the file is empty"),
        ("structure,metric,value\n", "line 1: no column, or several, called unit"),
        (HEAD + "\nLiver,Mean,x,Gy\n", "line 3: the value is no number; got 'x'"),
        (HEAD + "Liver,Mean,nan,Gy\n", "line 2: the value is no number"),
        (HEAD + "Liver,Mean,-4,Gy\n", "line 2: the value is negative; got '-4'"),
        (HEAD + "Liver,Mean,4,\n", "line 2: the unit is missing; got 'Mean'"),
        (HEAD + "PTV,R50,3.7,Gy\n", "line 2: the metric cannot be read"),
        (HEAD + "PTV,GlobalMaxInPTV,2,\n", "line 2: neither 0 nor 1"),
        (HEAD + "Liver,Mean,1,Sv\n", "line 2: unknown unit; got 'Sv'"),
        (HEAD + "Liver,Mean[Gy],1,cc\n", "line 2: metric and column name different units"),
        (HEAD + "Liver,Meen,1,Gy\n", "line 2: the metric cannot be read"),
        (HEAD + "Liver,NTCPliverMets[%],1,%\n", "line 2: this metric is not compared"),
        (HEAD + ",Mean,1,Gy\n", "line 2: the structure is missing"),
        (HEAD + "Liver,Mean\n", "line 2: too few columns"),
        (HEAD + 'Liver,"Mean,1,Gy\n', "line 2: not a line of a CSV file"),
    ],
)
def test_a_bad_line_is_named(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_site_values(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("metric", "ours", "volume_cc", "expected"),
    [
        ("Mean[Gy]", 50.0, 1000.0, 0.5),
        ("Mean[Gy]", 5.0, 1000.0, 0.2),
        ("Mean[cGy]", 500.0, 1000.0, 20.0),
        ("D0.03cc[Gy]", 30.0, 100.0, 0.9),
        ("Max[Gy]", 10.0, 100.0, 0.5),
        ("D95%[Gy]", 50.0, 100.0, 0.75),
        ("D95%[Gy]", 50.0, 5.0, 1.5),
        ("D98%[%]", 90.0, 100.0, 1.35),
        ("D98%[%]", 10.0, 100.0, 0.6),
        ("Volume[cc]", 100.0, 100.0, 3.0),
        ("Volume[cc]", 5.0, 5.0, 0.5),
        ("Volume[cc]", 1.0, 1.0, 0.1),
        ("V20Gy[%]", 40.0, 10.0, 5.0),
        ("EQD2_3(D50%)[Gy]", 50.0, 100.0, 1.5),
        ("R50", 4.0, 30.0, 0.24),
        ("PaddickCI", 0.8, 1.0, 0.16),
        ("HI", 0.2, 30.0, 0.03),
        ("MDPD", 1.5, 30.0, 0.045),
        ("gEUD_8[Gy]", 30.0, 100.0, 0.9),
        ("NearMax[Gy]", 10.0, 100.0, 0.5),
        ("GlobalMaxInPTV[bool]", 1.0, 30.0, 0.0),
    ],
)
def test_tolerances(metric: str, ours: float, volume_cc: float, expected: float) -> None:
    context = MetricContext(prescription_gy=50.0)
    assert tolerance(parse_metric(metric), ours, volume_cc, context) == pytest.approx(expected)


def test_a_model_has_no_tolerance_and_says_so() -> None:
    spec, value = parse_metric("NTCPliverMets[%]"), Measured(5.0, "%")
    row = held("Liver", spec, value, value, "elsewhere", 1000.0, MetricContext())
    assert row.agrees is None
    assert row.reason is not None
    assert row.reason.detail == "no tolerance is proposed for this metric"


def row(metric: str, ours: float, other: float, unit: str = "Gy", allowed: float = 0.3):
    return Comparison("Liver", f"{metric}[{unit}]", unit, ours, other, "site", allowed)


GOOD_VOLUME = row("Volume", 100.0, 100.5, "cc", 3.0)
BAD_VOLUME = row("Volume", 100.0, 110.0, "cc", 3.0)


@pytest.mark.parametrize(
    ("rows", "cause"),
    [
        ([BAD_VOLUME, row("D2cc", 20, 22)], "volume differs by +10.0 %: cause not found"),
        (
            [GOOD_VOLUME, row("Mean", 10, 10.1), row("D2cc", 20, 20.6)],
            "another dose: cause not found",
        ),
        (
            [GOOD_VOLUME, row("D2cc", 20, 30), row("Mean", 10, 12)],
            "another mean dose: cause not found",
        ),
        ([row("D2cc", 20, 22)], "the site's volume of the structure is not known"),
        (
            [GOOD_VOLUME, *(row("D2cc", d, d * 100) for d in (20, 30, 5))],
            "100 times ours: units or normalisation (cGy for Gy)",
        ),
        ([GOOD_VOLUME, *(row("D2cc", d, d / 5) for d in (20, 30, 5))], "(dose of one fraction)"),
        ([GOOD_VOLUME, *(row("D2cc", d, d * 1.04) for d in (20, 30, 15))], "1.04 times ours"),
    ],
    ids=["volume", "interpolation", "dose file", "no volume", "cGy", "per fraction", "scaled"],
)
def test_causes(rows: list[Comparison], cause: str) -> None:
    found = with_causes(rows, prescription_gy=50.0, fractions=5)
    off = [r for r in found if r.agrees is False]
    assert off
    assert all(cause in r.cause for r in off)
    assert all(r.cause == "" for r in found if r.agrees)


@pytest.mark.parametrize(
    ("rows", "cause"),
    [
        (
            [GOOD_VOLUME, row("Max", 25, 20)],
            "same dose file, another value: the cause is not known",
        ),
        (
            [GOOD_VOLUME, row("Mean", 10, 12)],
            "same dose file, another value: the cause is not known",
        ),
        ([BAD_VOLUME, row("D2cc", 20, 22)], "volume differs by +10.0 %: cause not found"),
    ],
)
def test_a_second_engine_is_never_said_to_read_another_dose(
    rows: list[Comparison], cause: str
) -> None:
    found = with_causes(rows, prescription_gy=50.0, fractions=5, same_file=True)
    assert all(cause in r.cause for r in found if r.agrees is False)
    assert any(r.agrees is False for r in found)


def limit(metric: str, value: float, verdict: Verdict = Verdict.PER_PROTOCOL) -> ConstraintResult:
    """V100 of the PTV: at least 95 %, minor from 90 % on."""
    match = StructureMatch("PTV", ("PTV_5000",), (3,), "alias")
    return ConstraintResult(
        "COVER", "PTV", metric, ">=", match, value, "%", None, 95.0, 90.0, Verdict.MAJOR,
        value - 95, verdict, 1, counts=True, source=(), confidence="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("structure", "other", "text"),
    [
        ("PTV", 94.2, "by the site's value this limit would be minor (COVER)"),
        ("ptv 5000", 89.0, "by the site's value this limit would be major (COVER)"),
        ("PTV", 95.0, ""),
        ("CTV", 94.2, ""),
    ],
)
def test_a_verdict_that_the_value_of_the_site_changes_is_said(
    structure: str, other: float, text: str
) -> None:
    sent = Comparison(structure, "V100%[%]", "%", 95.87, other, "site file", tolerance=2.9)
    (found,) = with_verdicts([sent], [limit("V100%[%]", 95.87), limit("V90%[%]", 99.0)])
    assert found.verdict_text == text
    shown = comparison_table([found], Words())
    assert shown is not None
    assert text in " ".join(shown.notes)


def test_a_limit_that_is_missed_may_be_met_by_the_value_of_the_site() -> None:
    sent = Comparison("PTV", "V100%[%]", "%", 94.0, 95.5, "site file", tolerance=2.9)
    (found,) = with_verdicts([sent], [limit("V100%[%]", 94.0, Verdict.MINOR)])
    assert found.verdict_text == "by the site's value this limit would be per protocol (COVER)"
