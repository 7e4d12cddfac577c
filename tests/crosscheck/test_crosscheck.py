"""dicompyler-core in its own process: agreement, its known faults by name, and doing without it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sbrt_qa.cli.main import run
from sbrt_qa.crosscheck import process
from sbrt_qa.crosscheck.compare import cross_check
from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dicom.write_case import CaseContent, write_case
from sbrt_qa.dicom.write_common import CaseIds
from sbrt_qa.errors import InputError, UsageError
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.protocol.result import ConstraintResult, StructureMatch
from sbrt_qa.reports.registry import Page, render_reviews
from sbrt_qa.review.result import CaseReview
from sbrt_qa.review.second_opinion import Comparison

EVEN = np.arange(-15.0, 16.0, 2.5)
SAMPLE = Path(__file__).parents[2] / "sample_dicom" / "compliant"

PROBE = """
import sys
from pathlib import Path
import pydicom.dicomio
from sbrt_qa.workflows import check
(review,) = check([Path(sys.argv[1])], cross_check=True)
print(sum(row.other is not None for row in review.cross_check))
print("dicompylercore" in sys.modules, hasattr(pydicom.dicomio, "read_file"))
"""

METRICS = ("D50%[Gy]", "D98%[Gy]", "V30Gy[cc]")


def limit(metric: str) -> ConstraintResult:
    match = StructureMatch("Box", ("Box",), (1,), "exact name")
    return ConstraintResult(
        metric, "Box", metric, "report", match, 1.0, "Gy", None, None, None, Verdict.MAJOR, None,
        Verdict.PER_PROTOCOL, 4, False, (), "",
    )  # fmt: skip


def compared(
    folder: Path, z_mm: np.ndarray = EVEN, shift_mm: float = 0.0, metrics: tuple[str, ...] = METRICS
) -> dict[str, Comparison]:
    """Compare a box of 60 x 40 mm in a ramp along x; a shift moves it out of the grid."""
    corners = np.array([[-31.0, -20.5], [29.0, -20.5], [29.0, 19.5], [-31.0, 19.5]])
    corners[:, 0] += shift_mm
    box = Structure(1, "Box", tuple(Contour(float(z), corners) for z in z_mm))
    x_mm, y_mm, planes = (np.arange(-size, size + 1, 2.5) for size in (50.0, 30.0, 40.0))
    dose = DoseGrid(
        np.broadcast_to(30 + 0.4 * x_mm, (planes.size, y_mm.size, x_mm.size)), x_mm, y_mm, planes
    )
    write_case(CaseContent(StructureSet((box,)), dose), folder, CaseIds(seed="cross"))
    (case,) = load_cases([folder])
    rows = cross_check(case, [limit(m) for m in metrics], [folder])
    return {row.metric: row for row in rows}


def test_two_engines_agree_on_a_box_in_a_ramp(tmp_path: Path) -> None:
    rows = compared(tmp_path)
    assert {*rows} == {"Volume[cc]", "Mean[Gy]", "Max[Gy]", *METRICS}
    assert all(rows[m].agrees for m in ("Volume[cc]", "Mean[Gy]", "Max[Gy]"))
    assert rows["Mean[Gy]"].source == "dicompyler-core"


def test_a_dose_of_0_from_the_nearest_bin_is_explained(tmp_path: Path) -> None:
    """The first step of volume is larger than twice the 2 % asked for, so bin 0 is nearest."""
    row = compared(tmp_path)["D98%[Gy]"]
    assert row.other == 0
    assert row.ours == pytest.approx(18.08)
    assert "the nearest bin is taken" in row.cause


@pytest.mark.parametrize(
    ("z_mm", "shift_mm", "fault"),
    [
        (np.array([0.0]), 0.0, "one contour plane has volume 0"),
        (np.array([-10.0, -7.5, -2.5, 2.5, 7.5]), 0.0, "the smallest slice gap, 2.5 mm"),
        (EVEN, 40.0, "outside the dose grid are lost"),
    ],
    ids=["one plane", "uneven slices", "outside the grid"],
)
def test_known_faults_are_named_where_they_show(
    tmp_path: Path, z_mm: np.ndarray, shift_mm: float, fault: str
) -> None:
    rows = compared(tmp_path, z_mm, shift_mm)
    assert rows["Volume[cc]"].agrees is False
    assert fault in rows["Volume[cc]"].cause


def test_without_the_package_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = tmp_path / "missing.py"
    missing.write_text(f"raise SystemExit({process.MISSING})", encoding="utf-8")
    monkeypatch.setattr(process, "CHILD", missing)
    with pytest.raises(UsageError, match=r"sbrt-qa\[crosscheck\]"):
        process.ask(tmp_path, tmp_path, {})


def test_a_process_that_fails_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit(9)", encoding="utf-8")
    monkeypatch.setattr(process, "CHILD", broken)
    with pytest.raises(InputError, match="gave no answer; got exit code 9"):
        process.ask(tmp_path, tmp_path, {})


def test_the_second_engine_never_enters_this_process() -> None:
    """In a fresh interpreter: whoever imports pymedphys here gets its stand-in for the engine."""
    command = [sys.executable, "-c", PROBE, str(SAMPLE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    values, entered = done.stdout.splitlines()
    assert int(values) > 50
    assert entered == "False False"


def test_a_structure_that_the_engine_fails_on_has_a_reason(tmp_path: Path) -> None:
    found = process.ask(tmp_path / "no.dcm", tmp_path / "no.dcm", {1: []})
    assert "error" in found[1]


def test_what_cannot_be_compared_says_why(tmp_path: Path) -> None:
    compared(tmp_path)
    (case,) = load_cases([tmp_path])
    (row,) = cross_check(case, [limit("Mean[Gy]")], [])
    assert row.reason is not None
    assert "needs one RTSTRUCT and one RTDOSE" in row.reason.detail
    (row,) = cross_check(case, [], [tmp_path])
    assert row.reason is not None
    assert "no limit uses" in row.reason.detail


def test_the_command_shows_agreement_in_every_format(
    capfd: pytest.CaptureFixture[str],
) -> None:
    run(["check", str(SAMPLE), "--cross-check", "--format", "json"])
    (data,) = json.loads(capfd.readouterr().out)
    review = CaseReview.from_json(json.dumps(data))
    told = {name: render_reviews(name, [review], Page()) for name in ("table", "compared_csv")}
    assert "Beside a second engine" in told["table"]
    assert "values agree with dicompyler-core" in told["table"]
    assert len(review.cross_check) > 50
    assert sum(row.agrees is True for row in review.cross_check) > 0.9 * len(review.cross_check)
    assert told["compared_csv"].count("dicompyler-core") >= len(review.cross_check)
