"""The self-test: phantoms through DICOM files, promised rates, a report with an id."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import platform
from collections import Counter
from html import unescape
from pathlib import Path

import pytest
from pypdf import PdfReader

from sbrt_qa import __version__, pipeline
from sbrt_qa.cli.main import run
from sbrt_qa.pipeline.acceptance_file import document
from sbrt_qa.selftest import acceptance, state
from sbrt_qa.selftest.acceptance import SelfTest, quick_selection, report, run_self_test
from sbrt_qa.selftest.acceptance_text import as_text
from sbrt_qa.selftest.on_disk import score_on_disk, write_pair
from sbrt_qa.selftest.scoring import Score, score
from sbrt_qa.testing.phantoms.suite import closed_form_suite

WANTED = ("sphere r=5, peak, 2 mm slices", "box of 6 mm", "sphere leaving the grid along x")


@pytest.fixture(scope="module")
def few():
    """One pair of each of three families."""
    suite = list(closed_form_suite())
    return [next(p for p in suite if p.name.startswith(name)) for name in WANTED]


@pytest.fixture(scope="module")
def found(few) -> SelfTest:
    return run_self_test(pairs=few, date="2026-01-02T03:04:05+00:00")


def test_files_give_the_same_errors_as_values_in_memory(few, tmp_path: Path) -> None:
    for i, pair in enumerate(few):
        direct, stored = score(pair), score_on_disk(pair, tmp_path / str(i))
        assert stored.errors == pytest.approx(direct.errors, abs=0.05)
        assert stored.outside_error == pytest.approx(direct.outside_error, abs=0.01)


def test_a_pair_that_cannot_be_read_back_has_all_values_missing(few, tmp_path: Path) -> None:
    for path in write_pair(few[0], tmp_path):
        assert path.stat().st_size > 0
    broken = dataclasses.replace(few[0], structure=dataclasses.replace(few[0].structure, name="x"))
    empty = dataclasses.replace(
        broken, dose=dataclasses.replace(broken.dose, x_mm=broken.dose.x_mm + 1000.0)
    )
    errors = score_on_disk(empty, tmp_path / "far").errors
    assert all(math.isinf(e) for metric, e in errors.items() if metric != "Volume")


def test_the_quick_form_meets_every_family_and_dose_field() -> None:
    suite = list(closed_form_suite())
    chosen = quick_selection(suite)
    assert {p.family for p in chosen} == {p.family for p in suite}
    assert Counter(p.family for p in chosen)["leaving"] == 3
    fields = Counter(p.name.split(",")[1].strip() for p in chosen if p.family == "sphere")
    assert set(fields) == {p.name.split(",")[1].strip() for p in suite if p.family == "sphere"}


def test_three_pairs_keep_every_promise(found: SelfTest) -> None:
    assert found.passed
    assert [p.met for p in found.promises] == [True] * 5
    assert (found.pairs, set(found.by_family)) == (3, {"sphere", "box", "leaving"})
    assert found.values == sum(r.values for f, r in found.by_family.items() if f != "leaving")


def test_the_id_is_that_of_the_content_whenever_it_ran(found: SelfTest) -> None:
    assert dataclasses.replace(found, date="").id == found.id
    assert dataclasses.replace(found, values=found.values + 1).id != found.id
    data = json.loads(found.to_json())
    assert (data["id"], data["schema"]) == (found.id, "sbrt_qa.selftest/1")
    assert data["passed"] is True


def test_the_report_names_no_machine_and_no_user(found: SelfTest) -> None:
    text = found.to_json() + as_text(found)
    assert platform.node() not in text or len(platform.node()) < 4
    assert str(Path.home()) not in text


BAD = {"Max": 5.0, "Volume": 0.1}
MISSING = {"Max": math.inf, "Volume": 0.1}


@pytest.mark.parametrize(
    ("scores", "broken"),
    [
        ([Score("a", "box", BAD, 0.0)], {"values within", "pairs with", "values beyond"}),
        (
            [Score("cone along z, peak", "cylinder or cone", BAD, 0.0)],
            {"values within", "pairs with"},
        ),
        ([Score("a", "box", MISSING, 0.0)], {"values within", "pairs with", "values missing"}),
        ([Score("a", "leaving", {"Volume": 0.1}, 1.5)], {"pairs leaving"}),
    ],
    ids=["far off", "far off by a flat end", "missing", "outside part wrong"],
)
def test_a_broken_promise_fails(scores: list[Score], broken: set[str]) -> None:
    failed = report(scores, form="quick")
    assert not failed.passed
    assert {" ".join(p.name.split()[:2]) for p in failed.promises if not p.met} == broken
    assert "FAILED" in as_text(failed)
    json.loads(failed.to_json())


def test_nothing_computed_is_not_passed() -> None:
    assert not report([], form="quick").passed


def test_the_page_fits_and_names_the_worst_case(found: SelfTest) -> None:
    lines = as_text(found).splitlines()
    assert found.id in lines[2]
    worst = found.by_metric["D2%"]
    (line,) = [li for li in lines if li.startswith("D2%")]
    assert line.endswith(f"{worst.worst_percent:.2f} %  {worst.worst_case}")


@pytest.fixture
def few_only(few, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the command compute three pairs and keep its state in a folder of its own."""
    monkeypatch.setattr(acceptance, "closed_form_suite", lambda: few)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.mark.usefixtures("few_only")
def test_the_command_prints_stores_and_later_results_cite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["selftest", "--full", "--out", str(tmp_path / "report.json")]) == 0
    page = capsys.readouterr().out
    written = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert written["form"] == "full"
    assert f"id          {written['id']}" in page
    assert state.latest_id() == written["id"]
    case = Path(__file__).parents[2] / "sample_dicom"
    folder = next(p.parent for p in sorted(case.rglob("*.dcm")) if "RTPLAN" in p.name)
    review = pipeline.check([folder])[0]
    assert review.engine.self_test == written["id"]


@pytest.mark.parametrize("suffix", [".pdf", ".html"])
def test_the_report_to_print_says_what_the_page_says(found: SelfTest, suffix: str) -> None:
    content = document(found, Path(f"report{suffix}"))
    if isinstance(content, bytes):
        content = " ".join(p.extract_text() for p in PdfReader(io.BytesIO(content)).pages)
    told = " ".join(unescape(content).split())
    for promise in found.promises:
        assert promise.name in told
    for name, rates in found.by_metric.items():
        assert name in told
        assert str(rates.values) in told
    for piece in (found.id, found.engine_version, "2026-01-02", platform.python_version()):
        assert piece in told


def test_another_suffix_is_refused_before_anything_is_computed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["selftest", "--out", "report.docx"]) == 2
    assert "expected .json, .html, .pdf" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"schema": "sbrt_qa.selftest/1"}', "\udcff"],
    ids=["empty", "cut off", "list", "no keys", "few keys", "not text"],
)
def test_a_state_that_is_no_report_is_none(
    text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state.latest_id() == ""
    assert state.keep("")
    state.state_file().write_bytes(text.encode(errors="surrogateescape"))
    assert state.latest_id() == ""


@pytest.mark.parametrize(
    "change", [{"passed": False}, {"engine_version": "0.0"}, {"schema": "x"}, {"id": "a b"}]
)
def test_only_a_passed_report_of_this_version_is_cited(
    found: SelfTest, change: dict[str, object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert found.engine_version == __version__
    state.keep(found.to_json())
    assert state.latest_id() == found.id
    state.keep(json.dumps(json.loads(found.to_json()) | change))
    assert state.latest_id() == ""


def test_a_folder_that_cannot_be_made_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    assert not state.keep("{}")
