"""``protocol diff``, and the version a plan is held against."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Command


@pytest.fixture
def two(protocol: Callable[..., str], tmp_path: Path) -> tuple[Path, Path]:
    """Return two versions of the small protocol: the plan is older than the second."""
    first = tmp_path / "versions" / "small.yaml"
    first.parent.mkdir()
    text = Path(protocol()).read_text(encoding="utf-8").replace("2026-01-01", "2025-01-01")
    first.write_text(text, encoding="utf-8")
    second = first.with_name("small@2.yaml")
    text = text.replace('version: "1"', 'version: "2"').replace("2025-01-01", "2026-06-01")
    second.write_text(text.replace("per_protocol: 36", "per_protocol: 30"), encoding="utf-8")
    return first, second


def test_the_difference_of_two_versions_in_words(
    sbrt_qa: Command, two: tuple[Path, Path], case: Path
) -> None:
    """The duodenum receives 35 Gy."""
    ran = sbrt_qa("protocol", "diff", *two, "--case", case)
    assert ran.code == 0
    assert "version: 1 → 2" in ran.out
    assert "Duodenum Max: ≤ 36 Gy, minor to 38 → ≤ 30 Gy, minor to 38; stricter by 6 Gy" in ran.out
    assert "another verdict of 1 limit\n" in ran.out
    assert "Duodenum Max (ORGAN), 35.00 Gy: per protocol → minor" in ran.out
    told = json.loads(sbrt_qa("protocol", "diff", *two, "--format", "json").out)
    assert [d["move"] for d in told["differences"] if d["part"] == "limits"] == ["stricter"]
    assert sbrt_qa("protocol", "diff", *two, "--format", "xml").code == 2


def test_no_difference(sbrt_qa: Command, two: tuple[Path, Path]) -> None:
    ran = sbrt_qa("protocol", "diff", two[0], two[0])
    assert "No difference." in ran.out
    assert sbrt_qa("protocol", "diff", two[0], "nothing").code == 1


def test_a_folder_of_versions_gives_the_one_in_force(
    sbrt_qa: Command, two: tuple[Path, Path], case: Path
) -> None:
    """The plan is of 5 January 2026, between the two."""
    ran = sbrt_qa("check", case, "--protocol", two[0].parent)
    assert "small 1 · " in ran.out
    assert "in force at the planning date" in ran.out
    ran = sbrt_qa("check", case, "--protocol", two[1])
    assert "small 2 · " in ran.out
    assert "as asked for" in ran.out
    untrusted = sbrt_qa("check", case, "--protocol", two[0].parent, "--untrusted")
    assert "small 1 · " in untrusted.out


def test_reports_and_comparisons_use_the_version_in_force(
    sbrt_qa: Command, two: tuple[Path, Path], case: Path, tmp_path: Path
) -> None:
    """The plan is of 5 January 2026, between the two."""
    out = tmp_path / "report.json"
    sbrt_qa("report", case, "--protocol", two[0].parent, "--out", out)
    used = json.loads(out.read_text(encoding="utf-8"))
    used = used[0] if isinstance(used, list) else used
    assert (used["protocol"]["version"], used["protocol"]["chosen"]) == (
        "1",
        "in force at the planning date",
    )
    as_json = ("--format", "json", "--gamma", "none")
    ran = sbrt_qa("compare", case, case, "--protocol", two[0].parent, *as_json)
    found = json.loads(ran.out)
    for side in ("before", "after"):
        assert found[side]["protocol"]["version"] == "1"
        assert found[side]["protocol"]["chosen"] == "in force at the planning date"
    later = sbrt_qa("compare", case, case, "--protocol", two[1], *as_json)
    assert json.loads(later.out)["after"]["protocol"]["version"] == "2"
