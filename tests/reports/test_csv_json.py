"""CSV is tidy and inert; JSON reads back to the same value."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from sbrt_qa.errors import UsageError
from sbrt_qa.model.outcome import Band, Driver, Finding, Reason, ReasonCode, Verdict
from sbrt_qa.reports.as_csv import DVH_COLUMNS, REVIEW_COLUMNS, safe_cell
from sbrt_qa.reports.registry import Page, format_names, render_dvh, render_reviews
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.dvh_table import Curve, DvhTable, MetricValue, StructureDvh
from sbrt_qa.review.submission import Occasion
from sbrt_qa.second_opinion.second_opinion import Comparison

PAGE = Page()
SMALL = Reason(ReasonCode.SMALLER_THAN_ASKED, "too small")


BAND = Band(47.1, 47.9, Driver.END_CAPS)
SPREAD = Band(46.5, 48.0, Driver.BETWEEN_PLANES)


def dvh_table() -> DvhTable:
    metrics = {
        "D95%[Gy]": MetricValue(47.5, "Gy", band=BAND, spread=SPREAD),
        "D5cc[Gy]": MetricValue(None, "Gy", SMALL),
    }
    curve = Curve((0.0, 0.1), (3.5, 3.0))
    return DvhTable("P", {"=PTV": StructureDvh(7, 3.5, 1.0, 2.0, 3.0, 0.0, metrics, curve)}, "slab")


def read(
    form: str, reviews: Sequence[CaseReview], occasion: Occasion | None = None
) -> list[dict[str, str]]:
    text = render_reviews(form, reviews, Page(occasion=occasion))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_one_csv_row_is_one_metric_of_one_plan_and_nothing_else(review: CaseReview) -> None:
    rows = read("csv", [review, replace(review, case="OTHER")])
    assert tuple(rows[0]) == REVIEW_COLUMNS
    keys = [(r["plan"], r["constraint"]) for r in rows]
    limits = ["DUO", "STO", "BOW", "CORD", "SPL"]
    assert keys == [(plan, c) for plan in ("LIVER_50", "OTHER") for c in limits]
    duodenum = rows[0]
    assert (duodenum["value"], duodenum["unit"], duodenum["margin"]) == ("32.004", "Gy", "-2.004")
    assert duodenum["verdict"] == "major"
    assert (rows[1]["value"], rows[1]["reason_code"]) == ("", "structure_missing")


def test_every_table_says_of_which_submission_and_when(review: CaseReview) -> None:
    known = Occasion("", "2", dt.date(2026, 1, 5), dt.date(2026, 3, 9))
    told = replace(review, site="SITE7", site_values=(COMPARED,))
    for form in ("csv", "checks_csv", "compared_csv"):
        row = read(form, [told], known)[0]
        head = [row[k] for k in ("site", "subject", "submission", "plan", "planned", "made")]
        assert head == ["SITE7", "S-004", "2", "LIVER_50", "2026-01-05", "2026-03-09"]
        assert read(form, [told])[0]["made"] == ""


def test_the_table_of_checks_has_one_row_for_each_object(review: CaseReview) -> None:
    found = Finding("GRID", Verdict.MINOR, "=dose", "Coarse.", "Look.", "Grid", "4 mm", "3 mm")
    passed = Finding("MU", None, "", "", title="Meterset", found="1180 MU", tolerance="± 1 %")
    told = replace(review, findings=(found,), passed=(passed,))
    grid, meterset = read("checks_csv", [told])
    assert [grid[k] for k in ("outcome", "check", "verdict", "where", "found", "expected")] == [
        "found", "GRID", "minor", "'=dose", "4 mm", "3 mm",
    ]  # fmt: skip
    cells = [meterset[k] for k in ("outcome", "check", "verdict", "title", "found", "tolerance")]
    assert cells == ["passed", "MU", "", "Meterset", "1180 MU", "± 1 %"]
    assert grid["subject"] == meterset["subject"] == "S-004"


COMPARED = Comparison("PTV", "Mean[Gy]", "Gy", 51.0, 50.5, "the site", 0.51)


def test_the_table_of_comparisons_has_both_values(review: CaseReview) -> None:
    (row,) = read("compared_csv", [replace(review, site_values=(COMPARED,))])
    cells = [row[k] for k in ("structure", "metric", "value", "other_value", "agrees")]
    assert cells == ["PTV", "Mean[Gy]", "51.0", "50.5", "yes"]
    assert read("compared_csv", [review]) == []


def test_csv_tells_band_and_borderline(review: CaseReview) -> None:
    unsure = replace(review.constraints[0], band=BAND, borderline=True)
    others = (replace(review.constraints[3], band=BAND), review.constraints[1])
    text = render_reviews("csv", [replace(review, constraints=(unsure, *others))], PAGE)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    told = [(r["band_low"], r["band_high"], r["band_driver"], r["borderline"]) for r in rows]
    assert told == [("47.1", "47.9", "end_caps", b) for b in ("yes", "no")] + [("", "", "", "")]
    assert [r["borderline_text"] for r in rows] == [unsure.borderline_text, "", ""]


def test_json_says_in_one_sentence_why_a_verdict_is_borderline(review: CaseReview) -> None:
    unsure = replace(review.constraints[0], band=BAND, borderline=True)
    sure = replace(unsure, borderline=False)
    both = replace(review, constraints=(unsure, sure))
    told = [c["borderline_text"] for c in json.loads(both.to_json())["constraints"]]
    assert told == [
        "DUO: Duodenum D0.5cc[Gy] is 32.004 Gy, uncertainty 47.10–47.90 Gy, limit ≤ 30 Gy "
        "(minor to 32 Gy): how far the structure goes beyond its end planes decides.",
        "",
    ]
    assert CaseReview.from_json(both.to_json()) == both


def test_json_written_before_the_sentence_was_added_still_reads(review: CaseReview) -> None:
    written = json.loads(review.to_json())
    for constraint in written["constraints"]:
        del constraint["borderline_text"]
    assert CaseReview.from_json(json.dumps(written)) == review


def test_csv_lines_end_as_rfc_4180_says(review: CaseReview) -> None:
    lines = render_reviews("csv", [review], PAGE).split("\r\n")
    assert lines[-1] == ""
    assert not any("\n" in line for line in lines)


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\\x09x"),
        ("\rx", "'\\x0dx"),
        ("a=b", "a=b"),
        (-1.5, -1.5),
        (None, None),
    ],
)
def test_text_cells_never_start_a_formula(cell: str | float | None, safe: object) -> None:
    assert safe_cell(cell) == safe


def test_hostile_names_are_inert_in_csv(review: CaseReview) -> None:
    text = render_reviews("csv", [review], PAGE)
    assert "\x1b" not in text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert rows[2]["plan_structures"].startswith("\\x1b[2J=cmd")
    checks = render_reviews("checks_csv", [review], PAGE)
    assert "\x1b" not in checks
    assert "\\x1b[2J=cmd" in checks


def test_dvh_csv_is_one_row_per_quantity() -> None:
    text = render_dvh("csv", dvh_table(), PAGE)
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert tuple(rows[0]) == DVH_COLUMNS
    named = ["47.1", "47.9", "end_caps"]
    assert [
        "P", "'=PTV", "7", "D95%[Gy]", "47.5", "Gy", "", *named, "", *named, "46.5", "48.0",
        "between_planes",
    ] in rows  # fmt: skip
    assert [
        "P",
        "'=PTV",
        "7",
        "D5cc[Gy]",
        "",
        "Gy",
        "smaller_than_asked: too small",
        *[""] * 10,
    ] in rows
    assert ["P", "'=PTV", "7", "V0.1Gy[cc]", "3.0", "cc", "", *[""] * 10] in rows


def test_json_of_reviews_reads_back(review: CaseReview) -> None:
    elements = json.loads(render_reviews("json", [review, review], PAGE))
    assert [CaseReview.from_json(json.dumps(e)) for e in elements] == [review, review]
    assert elements[0]["schema"] == "sbrt_qa.review/1"


def test_json_of_no_reviews_is_an_empty_list() -> None:
    assert json.loads(render_reviews("json", [], PAGE)) == []


def test_json_of_a_dvh_has_the_promised_form() -> None:
    data = json.loads(render_dvh("json", dvh_table(), PAGE))
    assert data["structures"]["=PTV"] == {
        "roi_number": 7,
        "volume_cc": 3.5,
        "min_gy": 1.0,
        "mean_gy": 2.0,
        "max_gy": 3.0,
        "outside_dose_grid_cc": 0.0,
        "metrics": {
            "D95%[Gy]": {
                "value": 47.5,
                "unit": "Gy",
                "reason": None,
                "uncertainty": [47.1, 47.9, "end_caps"],
                "spread": [46.5, 48.0, "between_planes"],
                "band": [47.1, 47.9, "end_caps"],
            },
            "D5cc[Gy]": {"value": None, "unit": "Gy", "reason": "smaller_than_asked: too small"},
        },
        "curve": {"dose_gy": [0.0, 0.1], "volume_cc": [3.5, 3.0]},
    }


def test_formats_are_the_files_of_the_folder() -> None:
    assert {"checks_csv", "compared_csv", "csv", "html", "json", "table"} <= set(format_names())


def test_unknown_format_lists_the_known(review: CaseReview) -> None:
    with pytest.raises(UsageError, match=r"got 'fax'; expected checks_csv, .*csv, .*json, .*table"):
        render_reviews("fax", [review], PAGE)
