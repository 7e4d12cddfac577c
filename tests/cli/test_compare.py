"""``sbrt-qa compare`` on small exports."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from sbrt_qa.compare.comparison import Area, CaseComparison, Change, StructureState
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.reports.compose.two_versions import grouped_changes

from .conftest import Command, box, boxes, export, ramp


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """Return a version with a wider PTV and 2 % more dose."""
    ptv = box(1, "PTV", 38.0, 48.0)
    grid = ramp()
    dose = DoseGrid(grid.dose_gy * 1.02, grid.x_mm, grid.y_mm, grid.z_mm)
    return export(tmp_path / "later", structures=(ptv, *boxes()[1:]), dose=dose)


def test_a_case_and_itself(sbrt_qa: Command, case: Path) -> None:
    ran = sbrt_qa("compare", case, case, "--expect", "none")
    assert ran.code == 0
    assert "✓ no change, nothing but what was requested" in ran.out
    assert "unchanged: PTV, Duodenum, Stomach" in ran.out


def test_what_was_requested(sbrt_qa: Command, case: Path, later: Path) -> None:
    ran = sbrt_qa("compare", case, later, "--expect", "structures:PTV,dose")
    assert ran.code == 10  # the writer of the test gives both versions the same UIDs
    assert "SAME_UID_OTHER_CONTENT" in ran.out
    assert "nothing but what was requested" in ran.out
    assert "gamma 3 % of the maximum, 2 mm, above 10 %: 100.0 %" in ran.out
    assert "maximum 55.00 Gy → 56.10 Gy; the same grid" in ran.out


def test_what_was_not_requested(sbrt_qa: Command, case: Path, later: Path) -> None:
    ran = sbrt_qa("compare", case, later, "--expect", "dose", "--gamma", "none")
    assert ran.code == 20
    assert "✕ UNEXPECTED_CHANGE  structures: PTV: contours (Dice 0.8" in ran.out
    assert "gamma" not in ran.out
    assert sbrt_qa("compare", case, later, "--expect", "beams").code == 20


def test_json_reads_back(sbrt_qa: Command, case: Path, later: Path, tmp_path: Path) -> None:
    out = tmp_path / "comparison.json"
    assert sbrt_qa("compare", case, later, "--format", "json", "--out", out).code == 10
    found = CaseComparison.from_json(out.read_text(encoding="utf-8"))
    ptv = found.structures[0]
    assert (ptv.name, ptv.state) == ("PTV", StructureState.CHANGED)
    assert ptv.after_cc / ptv.before_cc == pytest.approx(10 / 8, rel=1e-6)
    assert ptv.dice == pytest.approx(2 * 8 / (8 + 10), rel=1e-6)
    assert ptv.max_mm == pytest.approx(2.0, abs=0.05)


def test_csv_has_a_row_for_every_value(sbrt_qa: Command, case: Path, later: Path) -> None:
    ran = sbrt_qa("compare", case, later, "-f", "csv", "--expect", "dose", "--gamma", "2%/1mm")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert {row["draft"][:12] for row in rows} == {"Draft limits"}
    kinds = {row["kind"] for row in rows}
    assert kinds == {"case", "change", "finding", "structure", "dose", "limit"}
    (rise,) = [row for row in rows if row["quantity"] == "largest_rise"]
    assert float(rise["difference"]) == pytest.approx(1.1)
    duodenum = next(row for row in rows if row["item"] == "DUO5_D01")
    assert float(duodenum["after"]) == pytest.approx(1.02 * float(duodenum["before"]), rel=1e-3)
    assert any(row["quantity"] == "gamma_2%_1mm_pass" for row in rows)


def test_what_became_of_the_case_comes_first(sbrt_qa: Command, case: Path, later: Path) -> None:
    """The verdicts of the plan checks decide a case as the limits do."""
    lines = sbrt_qa("compare", case, later, "--gamma", "none", "--short").out.splitlines()
    assert lines[0].startswith("Case: ")
    assert any(line.startswith("Structures: PTV contours (Dice 0.8") for line in lines)
    assert any(line.startswith("Dose: maximum 55.00 → 56.10 Gy") for line in lines)
    same = sbrt_qa("compare", case, case, "--short")
    assert same.out.count("\n") == 1
    assert "as before: no limit with another verdict; the same findings" in same.out
    assert sbrt_qa("compare", case, case, "--short", "-f", "csv").code == 2


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("350, 354, 358, 2, 6, 10, 14", "350, 354 … 14 (7)"),
        ("350, 354, 358", "350, 354, 358"),
        ("one, two, three, four, five, six, seven", "one, two, three, four, five, six, seven"),
    ],
)
def test_a_long_list_of_angles_is_shown_by_its_ends(written: str, shown: str) -> None:
    (row,) = grouped_changes([Change(Area.BEAMS, "Arc", "gantry (deg)", written, "")])
    assert row.before == shown


def test_uids_are_shown_by_their_ends() -> None:
    uid = "1.2.840.113619.2.55.3.2831868886"
    (row,) = grouped_changes([Change(Area.IDENTIFIERS, "RTDOSE", "SOP Instance UID", uid, "")])
    assert row.before == "…31868886"


@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_text_from_a_file_stays_inert(
    sbrt_qa: Command, case: Path, tmp_path: Path, output: str
) -> None:
    hostile = box(9, "=1+\x1b[31m<b>\u202e", -45.0, -40.0)
    other = export(tmp_path / "hostile", structures=(*boxes(), hostile))
    ran = sbrt_qa("compare", case, other, "--format", output, "--expect", "none")
    assert ran.code == 20
    assert "\x1b" not in ran.out
    assert "\u202e" not in ran.out
    if output == "csv":
        cells = [row["item"] for row in csv.DictReader(io.StringIO(ran.out))]
        assert any(cell.startswith("'=1+") for cell in cells)


@pytest.mark.parametrize(
    "wrong",
    [("--expect", "doses"), ("--gamma", "3mm"), ("--gamma", "0%/1mm"), ("--format", "pdf9")],
)
def test_wrong_usage(sbrt_qa: Command, case: Path, wrong: tuple[str, str]) -> None:
    assert sbrt_qa("compare", case, case, *wrong).code == 2
