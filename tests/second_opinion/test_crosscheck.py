"""dicompyler-core in its own process: agreement, its known faults by name, and doing without it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sbrt_qa.cli.main import run
from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dicom.write.common import CaseIds
from sbrt_qa.dicom.write.linked_set import CaseContent, write_case
from sbrt_qa.errors import InputError, UsageError
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.pipeline import check
from sbrt_qa.protocol.limit_result import ConstraintResult, StructureMatch
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.reports.registry import Page, render_reviews
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.second_opinion.crosscheck import process
from sbrt_qa.second_opinion.crosscheck.agreement import FORMULA, cross_check
from sbrt_qa.second_opinion.second_opinion import Comparison

EVEN = np.arange(-15.0, 16.0, 2.5)
SAMPLE = Path(__file__).parents[2] / "sample_dicom" / "compliant"

PROBE = """
import sys
from pathlib import Path
import pydicom.dicomio
from sbrt_qa.pipeline import check
(review,) = check([Path(sys.argv[1])], cross_check=True, bands=False)
print(sum(row.other is not None for row in review.cross_check))
print("dicompylercore" in sys.modules, hasattr(pydicom.dicomio, "read_file"))
"""

METRICS = ("D50%[Gy]", "D98%[Gy]", "V30Gy[cc]")


def limit(metric: str, structure: str = "Liver", value: float = 1.0) -> ConstraintResult:
    match = StructureMatch(structure, (structure,), (1,), "exact name")
    return ConstraintResult(
        f"{structure} {metric}", structure, metric, "report", match, value, "Gy", None, None, None,
        Verdict.MAJOR, None, Verdict.PER_PROTOCOL, 4, False, (), "",
    )  # fmt: skip


def box(number: int, name: str, low: tuple[float, float], high: tuple[float, float], z_mm: Any):
    (x0, y0), (x1, y1) = low, high
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    return Structure(number, name, tuple(Contour(float(z), corners) for z in z_mm))


def checked(
    folder: Path, structures: Sequence[Structure], limits: Sequence[ConstraintResult]
) -> dict[tuple[str, str], Comparison]:
    """Compare structures in a ramp of 0.4 Gy/mm along x."""
    x_mm, y_mm, planes = (np.arange(-size, size + 1, 2.5) for size in (50.0, 30.0, 40.0))
    dose = DoseGrid(
        np.broadcast_to(30 + 0.4 * x_mm, (planes.size, y_mm.size, x_mm.size)), x_mm, y_mm, planes
    )
    write_case(CaseContent(StructureSet(tuple(structures)), dose), folder, CaseIds(seed="cross"))
    (case,) = load_cases([folder])
    rows = cross_check(case, load_protocol("liver_sbrt"), limits, [folder])
    return {(row.structure, row.metric): row for row in rows}


def compared(
    folder: Path, z_mm: np.ndarray = EVEN, shift_mm: float = 0.0, metrics: tuple[str, ...] = METRICS
) -> dict[str, Comparison]:
    """Compare a box of 60 x 40 mm; a shift moves it out of the grid."""
    ours = {"D50%[Gy]": 29.6, "D98%[Gy]": 18.08, "V30Gy[cc]": 39.0}
    whole = box(1, "Liver", (-31.0 + shift_mm, -20.5), (29.0 + shift_mm, 19.5), z_mm)
    rows = checked(folder, [whole], [limit(m, value=ours.get(m, 1.0)) for m in metrics])
    return {metric: row for (_, metric), row in rows.items()}


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
    found = process.ask(tmp_path / "no.dcm", tmp_path / "no.dcm", {"roi 1": (1, ())})
    assert "error" in found["roi 1"]


def test_what_cannot_be_compared_says_why(tmp_path: Path) -> None:
    compared(tmp_path)
    (case,) = load_cases([tmp_path])
    protocol = load_protocol("liver_sbrt")
    (row,) = cross_check(case, protocol, [limit("Mean[Gy]")], [])
    assert row.reason is not None
    assert "needs one RTSTRUCT and one RTDOSE" in row.reason.detail
    (row,) = cross_check(case, protocol, [], [tmp_path])
    assert row.reason is not None
    assert "no limit uses" in row.reason.detail


def test_structures_are_combined_on_the_masks_of_the_engine(tmp_path: Path) -> None:
    """Liver - GTV: 60 x 40 mm less 20 x 20 mm; the union of two kidneys that overlap by half."""
    structures = (
        box(1, "Liver", (-31.0, -20.5), (29.0, 19.5), EVEN),
        box(2, "GTV", (-1.0, -10.5), (19.0, 9.5), EVEN[3:8]),
        box(3, "Kidney_L", (-41.0, -20.5), (-1.0, 19.5), EVEN),
        box(4, "Kidney_R", (-21.0, -20.5), (19.0, 19.5), EVEN),
    )
    mean_gy = (78.0 * 29.6 - 5.0 * 33.6) / (78.0 - 5.0)
    coldest_gy = 30 + 0.4 * (-31 + 60 * 10 / 78)
    limits = [
        limit("Mean[Gy]", "Liver-GTV", mean_gy),
        limit("DC10cc[Gy]", "Liver-GTV", coldest_gy),
        limit("V20Gy[cc]", "Kidneys", (19 + 25) / 60 * 78),
    ]
    rows = checked(tmp_path, structures, limits)
    assert rows["Liver-GTV", "Volume[cc]"].other == pytest.approx(78.0 - 5.0, rel=1e-3)
    assert rows["Liver-GTV", "Mean[Gy]"].other == pytest.approx(mean_gy, abs=0.1)
    coldest, hot = rows["Liver-GTV", "DC10cc[Gy]"], rows["Kidneys", "V20Gy[cc]"]
    assert coldest.other == pytest.approx(coldest_gy, abs=0.5)  # half a voxel of the ramp
    assert coldest.source == FORMULA
    assert rows["Kidneys", "Volume[cc]"].other == pytest.approx(78.0, rel=1e-3)
    assert hot.agrees
    assert hot.source == "dicompyler-core"


def test_structures_on_different_planes_are_not_combined(tmp_path: Path) -> None:
    structures = (
        box(1, "Liver", (-31.0, -20.5), (29.0, 19.5), EVEN),
        box(2, "GTV", (-1.0, -10.5), (19.0, 9.5), EVEN[3:8] + 1.0),
    )
    rows = checked(tmp_path, structures, [limit("Mean[Gy]", "Liver-GTV", 29.3)])
    assert {*rows} == {("Liver-GTV", m) for m in ("Volume[cc]", "Mean[Gy]", "Max[Gy]")}
    reasons = {row.reason.detail for row in rows.values() if row.reason is not None}
    assert reasons == {
        "dicompyler-core combines structures plane by plane; these are drawn on different planes"
    }


def test_every_metric_of_a_review_is_compared_or_says_why_not() -> None:
    (review,) = check([SAMPLE], cross_check=True, bands=False)
    rows = {(row.structure, row.metric): row for row in review.cross_check}
    for c in review.constraints:
        if c.value is None or c.match is None:
            continue
        name = c.structure if len(c.match.roi_numbers) > 1 else c.match.plan_names[0]
        assert rows[name, c.metric].ours == c.value
    silent = {key[1]: row.reason for key, row in rows.items() if row.other is None}
    assert {*silent} == {"D2cm[%]", "GlobalMaxInPTV[bool]"}
    assert all(reason is not None for reason in silent.values())
    for metric in ("R50", "R100", "PaddickCI", "GI"):
        assert rows["PTV", metric].agrees
        assert rows["PTV", metric].source == FORMULA
    assert rows["External-PTV", "V105%[%PTV]"].agrees
    assert rows["Liver-GTV", "DC700cc[Gy]"].agrees


def test_the_command_shows_agreement_in_every_format(
    capfd: pytest.CaptureFixture[str],
) -> None:
    run(["check", str(SAMPLE), "--cross-check", "--no-bands", "--format", "json"])
    (data,) = json.loads(capfd.readouterr().out)
    review = CaseReview.from_json(json.dumps(data))
    told = {name: render_reviews(name, [review], Page()) for name in ("table", "compared_csv")}
    assert "Comparison with a second engine" in told["table"]
    assert "values agree with dicompyler-core" in told["table"]
    assert len(review.cross_check) > 50
    assert sum(row.agrees is True for row in review.cross_check) > 0.9 * len(review.cross_check)
    assert told["compared_csv"].count("dicompyler-core") >= len(review.cross_check)
