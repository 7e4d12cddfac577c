"""``check``: exit codes, formats, names, several plans."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sbrt_qa.review.case_review import CaseReview

from .conftest import BOXES, Command, box, boxes, export

WriteProtocol = Callable[..., str]


@pytest.mark.parametrize(
    ("bound", "minor", "verdict", "code"),
    [
        (36, 38, "per_protocol", 0),
        (34, 36, "minor", 10),
        (30, 34, "major", 20),
    ],
)
def test_exit_code_tells_the_verdict(
    sbrt_qa: Command, case: Path, protocol: WriteProtocol,
    bound: float, minor: float, verdict: str, code: int,
) -> None:  # fmt: skip
    ran = sbrt_qa("check", case, "--protocol", protocol("Duodenum", bound, minor), "-f", "json")
    (review,) = json.loads(ran.out)
    assert (ran.code, review["verdict"]) == (code, verdict)
    organ = next(c for c in review["constraints"] if c["id"] == "ORGAN")
    assert organ["value"] == pytest.approx(35.0, rel=1e-6)
    assert ran.err == ""


def test_a_missing_organ_is_not_evaluable_never_passed(
    sbrt_qa: Command, case: Path, protocol: WriteProtocol
) -> None:
    ran = sbrt_qa("check", case, "--protocol", protocol("Heart"))
    assert ran.code == 30
    assert "? not evaluable" in ran.out
    assert "no structure of the plan is called Heart" in ran.out


def test_the_library_protocol_is_the_default(sbrt_qa: Command, case: Path) -> None:
    ran = sbrt_qa("check", case, "-f", "csv")
    rows = list(csv.DictReader(io.StringIO(ran.out, newline="")))
    assert ran.code == 20
    assert {row["protocol"] for row in rows} == {"liver_sbrt"}
    duodenum = next(row for row in rows if row["constraint"] == "DUO5_D05")
    volume_cc = 2 * 4 * 3.25
    assert float(duodenum["value"]) == pytest.approx(35 - 10 * 0.5 / volume_cc, rel=1e-3)
    assert duodenum["verdict"] == "major"


def test_user_map_names_a_structure(
    sbrt_qa: Command, tmp_path: Path, protocol: WriteProtocol
) -> None:
    renamed = export(tmp_path / "case", structures=(boxes()[0], box(5, "K=3", *BOXES["Duodenum"])))
    file = protocol()
    assert sbrt_qa("check", renamed, "--protocol", file).code == 30
    ran = sbrt_qa("check", renamed, "--protocol", file, "--map", "K=3=Duodenum")
    assert ran.code == 0
    assert "Duodenum ← K=3: user map" in ran.out


@pytest.mark.parametrize("pair", ["Leber", "=Liver", "Leber=", "="])
def test_a_map_without_two_names_is_wrong_usage(sbrt_qa: Command, case: Path, pair: str) -> None:
    ran = sbrt_qa("check", case, "--map", pair)
    assert ran.code == 2
    assert "NAME_IN_PLAN=NAME_IN_PROTOCOL" in ran.err


def test_a_map_to_an_unknown_name_lists_the_known(sbrt_qa: Command, case: Path) -> None:
    ran = sbrt_qa("check", case, "--map", "PTV=Livver")
    assert ran.code == 2
    assert "'PTV=Livver'" in ran.err
    assert "Liver" in ran.err


@pytest.mark.parametrize("name", ["Duodenun", "Duodenun + 5mm", "PTV - Duodenun"])
def test_a_map_of_a_name_that_no_plan_has_is_an_error(
    sbrt_qa: Command, case: Path, name: str
) -> None:
    """Case 19C: what is misspelt is never left out; what was meant is asked."""
    ran = sbrt_qa("check", case, "--map", f"{name}=Liver")
    assert ran.code == 2
    assert f"--map names a structure that the plan does not have; got '{name}=Liver'" in ran.err
    assert "Did you mean 'Duodenum'?" in ran.err


def test_every_plan_of_a_folder_is_reviewed_and_the_worst_decides(
    sbrt_qa: Command, tmp_path: Path, protocol: WriteProtocol
) -> None:
    """Case 51: organ limits hold for both plans of one patient, which lie in two frames here.

    So their sum is not known; what one of them breaks by itself stays broken.
    """
    export(tmp_path / "in" / "a", label="GOOD")
    hot = (boxes()[0], box(2, "Duodenum", 20.0, 30.0))
    export(tmp_path / "in" / "b", label="HOT", structures=hot)
    ran = sbrt_qa("check", tmp_path / "in", "--protocol", protocol(), "-f", "json")
    reviews = [CaseReview.from_json(json.dumps(r)) for r in json.loads(ran.out)]
    assert {r.case: str(r.verdict) for r in reviews} == {"GOOD": "not_evaluable", "HOT": "major"}
    assert ran.code == 20
    assert "treats in another frame of reference" in ran.out


def test_out_is_written_whole_and_nothing_is_printed(
    sbrt_qa: Command, case: Path, tmp_path: Path, protocol: WriteProtocol
) -> None:
    out = tmp_path / "review.json"
    ran = sbrt_qa("check", case, "--protocol", protocol(), "-f", "json", "--out", out)
    assert (ran.code, ran.out) == (0, "")
    assert len(json.loads(out.read_text(encoding="utf-8"))) == 1
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_out_never_replaces_an_input(sbrt_qa: Command, case: Path) -> None:
    target = case / "RTPLAN.dcm"
    before = target.read_bytes()
    for given in (case, target):
        ran = sbrt_qa("check", given, "--out", target)
        assert ran.code == 2
        assert "would overwrite an input file" in ran.err
    assert target.read_bytes() == before


@pytest.mark.parametrize("out", ["missing/review.txt", "."])
def test_out_that_cannot_be_written_is_wrong_usage(
    sbrt_qa: Command, case: Path, tmp_path: Path, out: str
) -> None:
    ran = sbrt_qa("check", case, "--out", tmp_path / out)
    assert ran.code == 2
    assert "--out" in ran.err


def test_names_from_the_plan_are_inert(
    sbrt_qa: Command, tmp_path: Path, protocol: WriteProtocol
) -> None:
    hostile = "\x1b[2J=HYPERLINK(1)[red]\u202e"
    structures = (boxes()[0], box(2, hostile, *BOXES["Duodenum"]))
    folder = export(tmp_path / "case", structures=structures)
    mapped = f"{hostile}=Duodenum"
    for form in ("table", "csv", "checks_csv", "json"):
        ran = sbrt_qa("check", folder, "--protocol", protocol(), "--map", mapped, "-f", form)
        assert "\x1b" not in ran.out + ran.err
        if form == "table":
            assert "[red]" in ran.out
            assert "\u202e" not in ran.out


def test_input_is_never_modified(sbrt_qa: Command, case: Path) -> None:
    before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in case.iterdir()}
    sbrt_qa("check", case)
    sbrt_qa("inspect", case)
    assert {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in case.iterdir()} == before


def test_a_reader_that_goes_away_is_no_error(case: Path) -> None:
    command = [sys.executable, "-m", "sbrt_qa.cli", "check", str(case)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 20
