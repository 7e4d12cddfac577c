"""The table says everything in words and signs, cuts no number, and runs nothing from a file."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbrt_qa.model.outcome import Band, Driver, Finding, Reason, ReasonCode, Verdict
from sbrt_qa.protocol.limit_result import ends_text, shown_bound
from sbrt_qa.protocol.wording import bound_text, rounded
from sbrt_qa.reports.registry import Page, render_dvh, render_reviews
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.dvh_table import DvhTable, MetricValue, StructureDvh

from .conftest import limit


def table(review: CaseReview, width: int = 120, *, colour: bool = False) -> str:
    return render_reviews("table", [review], Page(width, colour))


def shown(review: CaseReview) -> str:
    return " ".join(table(review, 72).split())


def test_limits_stand_in_the_order_of_the_review(review: CaseReview) -> None:
    text = table(review)
    marks = ["✕ MAJOR", "? not evaluable", "△ minor", "✓ per protocol"]
    rows = [line.split("  ")[0] for line in text.splitlines()]
    assert rows.index("✕ MAJOR") < text.splitlines().index("Limits")
    limits = [line.strip().split("  ")[0] for line in text[text.index("\nLimits\n") :].splitlines()]
    assert [row for row in limits if row in (*marks, "· reported only")] == [
        *marks,
        "· reported only",
    ]


@pytest.mark.parametrize("width", [72, 80, 100, 112, 120, 160])
def test_no_width_cuts_a_value_a_limit_or_a_verdict(review: CaseReview, width: int) -> None:
    text = table(review, width)
    for piece in ("32.004 Gy", "31.00 Gy", "20.00 Gy", "≤ 30 Gy", "-2.00", "? not evaluable"):
        assert piece in text
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text


@pytest.mark.parametrize("banded", [False, True])
def test_no_mix_of_long_texts_cuts_a_column(review: CaseReview, banded: bool) -> None:
    """Rich once cut the margin and the source, where both structure and source had to fold."""
    first = review.constraints[0]
    match = replace(first.match, plan_names=("Liver", "Gross_Tumour_Vol"))
    long = replace(
        first, structure="Liver-GTV", source=("R1112", "UK22"), value=30.5, margin=-12.75,
        band=Band(29.25, 32.75, Driver.GRID) if banded else None, match=match,
    )  # fmt: skip
    for width in range(72, 150):
        text = table(replace(review, constraints=(long, *review.constraints)), width)
        assert [p for p in ("-12.75", "30.50 Gy", "R1112", "UK22") if p not in text] == [], width
        told = " ".join(text.split())
        assert ("29.25 to 32.75 Gy" in told) is (banded and "no room" not in told), width


@pytest.mark.parametrize("width", [80, 120])
def test_every_limit_is_shown_with_its_source(review: CaseReview, width: int) -> None:
    text = table(review, width)
    for constraint in review.constraints:
        assert constraint.id in text
    assert text.count("R1112") == len(review.constraints)


def test_header_findings_counts_reasons_and_origins_are_shown(review: CaseReview) -> None:
    text = table(review)
    for piece in (
        "S-004",
        "LIVER_50 · approved",
        "50 Gy in 5 fractions",
        "LINAC · 6 MV · photons, static beams · 9 beams · 1 beam that does not treat · 2412.5 MU",
        "150 × 120 × 90 voxels of 2 × 2 × 2.5 mm",
        "5 limits: 1 MAJOR, 1 not evaluable, 1 minor, 1 per protocol; 1 reported only",
        "Linked by guess. Look at it.",
        "no structure of the plan matches 'Stomach'",
        "liver_sbrt version 0.1",
        "Cited limits.",
        "BOW: A note.",
        "Not for treatment decisions.",
    ):
        assert piece in text


def test_names_from_files_are_shown_and_never_run(review: CaseReview) -> None:
    text = table(review)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[2J" in text
    assert "Bowel_Small ← \\x1b[2J=cmd|'/C calc'!A0[bold red]\\u202e: exact name" in text


def test_colour_only_where_it_is_understood(review: CaseReview) -> None:
    coloured = table(review, colour=True)
    assert "\x1b[1;31m✕ MAJOR" in coloured
    assert "\x1b[2J" not in coloured
    assert "\x1b" not in table(review)


def test_parts_that_are_missing_say_why(review: CaseReview) -> None:
    why = Reason(ReasonCode.NO_DOSE, "the folder holds no dose")
    text = table(replace(review, dose=why, plan=why, structure_set=why, image=None))
    assert text.count("the folder holds no dose") == 3
    assert "Image       none" in text


@pytest.mark.parametrize(
    ("value", "limits", "shown"),
    [
        (12.345678, (), "12.35"),
        (12.004, (12.0,), "12.004"),
        (11.996, (12.0,), "11.996"),
        (12.0, (12.0,), "12.00"),
        (12.0000000001, (12.0,), "12.00"),
        (95.0049, (99.0, 95.0), "95.005"),
        (0.0, (None, 5.0), "0.00"),
    ],
)
def test_rounding_keeps_a_value_on_its_side_of_the_limit(
    value: float, limits: tuple[float | None, ...], shown: str
) -> None:
    assert rounded(value, limits) == shown


def test_dvh_table_shows_numbers_and_reasons_at_any_width() -> None:
    small = Reason(ReasonCode.SMALLER_THAN_ASKED, "700 cc asked of a structure of 12.00 cc")
    empty = Reason(ReasonCode.STRUCTURE_EMPTY, "the structure has no closed contour")
    metrics = {"DC700cc[Gy]": MetricValue(None, "Gy", small)}
    rows = {
        "PTV": StructureDvh(1, 12.0, 1.0, 2.0, 3.0, 0.5, metrics),
        "Void": StructureDvh(
            2, metrics={"DC700cc[Gy]": MetricValue(None, "Gy", empty)}, reason=empty
        ),
    }
    text = render_dvh("table", DvhTable("PLAN", rows, "slab"), Page(40))
    assert "12.00" in text
    assert "PTV DC700cc[Gy]: 700 cc asked of a structure of 12.00 cc" in " ".join(text.split())
    assert "Void: the structure has no closed contour" in " ".join(text.split())


@pytest.mark.parametrize("width", [40, 120])
def test_dvh_table_shows_bands_with_their_drivers_and_cuts_nothing(width: int) -> None:
    band = Band(47.1, 47.9, Driver.DOSE_INTERPOLATION)
    metrics = {name: MetricValue(47.5, "Gy", band=band) for name in ("D95%[Gy]", "D98%[Gy]")}
    rows = {"PTV": StructureDvh(1, 12.0, 1.0, 2.0, 3.0, 0.5, metrics)}
    text = render_dvh("table", DvhTable("PLAN", rows, "slab"), Page(width))
    assert text.count("47.10–47.90") == 2
    assert text.count("dose_interpolation") == 2
    assert "PTV" in text
    assert "…" not in text


@pytest.mark.parametrize("width", [80, 120, 170])
def test_a_borderline_verdict_is_marked_and_explained_in_one_sentence(
    review: CaseReview, width: int
) -> None:
    band = Band(29.4, 30.6, Driver.END_CAPS)
    unsure = replace(review.constraints[0], value=30.2, margin=-0.2, band=band, borderline=True)
    text = table(replace(review, constraints=(unsure,)), width)
    assert "✕ MAJOR ≈" in text
    assert (
        "Duodenum D0.5cc[Gy]: Borderline: by what the file leaves open the true value lies at "
        "29.40 to 30.60 Gy, and the verdict changes within that. What widens it most: how far the "
        "structure goes beyond its end slices."
    ) in " ".join(text.split())
    assert "1 limit: 1 MAJOR (1 borderline)" in text
    assert "orderline" not in table(review)


def test_ends_of_a_band_stay_on_their_side_of_a_limit(review: CaseReview) -> None:
    band = Band(29.9996, 30.0004, Driver.QUADRATURE)
    unsure = replace(review.constraints[0], value=30.0002, band=band, borderline=True)
    assert "29.99 to 30.01 Gy" in shown(replace(review, constraints=(unsure,)))
    narrow = replace(unsure, band=Band(30.00004, 31.0, Driver.QUADRATURE), borderline=False)
    assert "30.00004 to 31.00000 Gy" in shown(replace(review, constraints=(narrow,)))


@given(
    low=st.floats(0, 100),
    width=st.floats(0, 50),
    limits=st.tuples(st.floats(0.1, 150), st.none() | st.floats(0.1, 150)),
)
def test_a_band_as_shown_holds_the_band_with_equally_many_decimals(
    low: float, width: float, limits: tuple[float, float | None]
) -> None:
    band = Band(low, low + width, Driver.GRID)
    row = limit("X", "X", ("X",), band=band, per_protocol_limit=limits[0], minor_limit=limits[1])
    ends = ends_text(row, row.band)
    assert float(ends[0]) <= band.low + 1e-6
    assert float(ends[1]) >= band.high - 1e-6
    assert len({len(end.partition(".")[2]) for end in ends}) == 1


@pytest.mark.parametrize(
    ("value", "bound", "shown"),
    [
        (77.93, 74.3824, 74.38),
        (74.381, 74.3824, 74.3824),
        (61.0, 61.9, 61.9),
        (None, 74.3824, 74.38),
    ],
)
def test_bounds_between_rows_of_a_table_are_shown_short_where_that_misleads_nobody(
    value: float | None, bound: float, shown: float
) -> None:
    why = Reason(ReasonCode.NO_DOSE, "none")
    known = {"value": value, "reason": None if value else why, "per_protocol_limit": bound}
    verdict = Verdict.PER_PROTOCOL if value else Verdict.NOT_EVALUABLE
    row = limit("X", "X", ("X",), **known, minor_limit=92.04, verdict=verdict, margin=None)
    assert shown_bound(row, bound) == shown


def test_verdict_words_differ_without_colour(review: CaseReview) -> None:
    texts = {table(replace(review, verdict=v, constraints=())) for v in Verdict}
    assert len(texts) == len(Verdict)


def test_several_cases_end_with_an_overview(review: CaseReview) -> None:
    other = replace(review, case="OTHER", verdict=Verdict.MINOR)
    text = render_reviews("table", [review, other], Page(120))
    overview = text[text.index("All plans") :]
    assert "✕ MAJOR         LIVER_50  5 limits: " in overview
    assert "△ minor         OTHER  5 limits: " in overview
    assert "All plans" not in table(review)


@pytest.mark.parametrize(
    ("op", "bound", "text"),
    [("<=", 13.0, "≤ 13 Gy"), ("report", None, "report"), ("<", None, "by volume")],
)
def test_a_bound_that_is_not_known_yet_is_not_called_a_report(
    op: str, bound: float | None, text: str
) -> None:
    assert bound_text(op, bound, " Gy") == text


FOUND = Finding(
    "DOSE_STALE", Verdict.MAJOR, "RS \x1b[2J", "changed later", "Export again.", "Age of the dose",
    "dose 3 h earlier", "dose after it", "2 min", "TG-275", "links and provenance",
)  # fmt: skip
PASSED = tuple(
    Finding(f"CODE_{i}", Verdict.PER_PROTOCOL, f"beam {i}", "fine", title="Metersets",
            found=f"{i} MU", expected="> 0", group=group)
    for i, group in enumerate(("beams", "beams", "dose grid"))
)  # fmt: skip


def test_a_find_is_told_with_title_group_bounds_and_advice(review: CaseReview) -> None:
    text = table(replace(review, findings=(FOUND,)), 160)
    assert "✕ DOSE_STALE  Age of the dose · links and provenance\n" in text
    told = "changed later (expected dose after it, tolerance 2 min). Export again."
    assert f"RS \\x1b[2J: {told}" in text


def test_checks_that_passed_are_counted_by_group(review: CaseReview) -> None:
    again = replace(PASSED[0], where="beam 9")
    elsewhere = replace(FOUND, code="CODE_1")
    quiet = table(replace(review, findings=(), passed=(*PASSED, again)))
    assert "3 checks: beams 2, dose grid 1. What each of them looked at: --all-checks" in quiet
    assert "2 MU" not in quiet
    found = table(replace(review, findings=(elsewhere,), passed=(*PASSED, again)))
    assert "2 checks: beams 1, dose grid 1. What each of them looked at: --all-checks" in found


def test_checks_that_passed_are_listed_when_asked_for(review: CaseReview) -> None:
    page = Page(120, all_checks=True)
    text = render_reviews("table", [replace(review, passed=PASSED)], page)
    for piece in ("beam 0", "1 MU", "2 MU", "> 0", "dose grid"):
        assert piece in text
    assert "--all-checks" not in text


def test_a_find_with_a_tolerance_and_nothing_expected_has_no_empty_bound(
    review: CaseReview,
) -> None:
    found = replace(FOUND, expected="", tolerance="dose falls over 3 mm")
    text = table(replace(review, findings=(found,)), 160)
    assert "changed later (tolerance dose falls over 3 mm). Export again." in text
