"""Several plans of one patient on the command line: exit codes, the user's word, every output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.review import course_files as f

from .conftest import Command


@pytest.fixture
def two(tmp_path: Path) -> Path:
    return f.two_plans(tmp_path / "two")


@pytest.fixture
def same_place(tmp_path: Path) -> Path:
    """Two approved plans of one target: nothing tells whether both are given."""
    return f.save(
        tmp_path / "same", f.drawn(f.LEFT, f.ORGAN), f.plan(f.P1, "A"), f.plan(f.P2, "B"),
        f.dose(f.D1, f.P1, f.field(-1)), f.dose(f.D2, f.P2, f.field(-1, low=8.0)),
    )  # fmt: skip


@pytest.fixture
def rules(tmp_path: Path) -> str:
    return str(f.protocol(tmp_path))


def test_case_120__the_sum_decides(sbrt_qa: Command, two: Path, rules: str) -> None:
    ran = sbrt_qa("check", two, "-p", rules, "--no-bands", "-f", "json")
    assert ran.code == 20
    (review,) = json.loads(ran.out)
    assert review["case"] == "A + B"
    assert review["course"]["decision"] == "parts"
    assert review["course"]["fraction_counts"] == [5, 10]
    assert [p["label"] for p in review["course"]["parts"]] == ["A", "B"]
    values = {c["id"]: c["value"] for c in review["constraints"]}
    assert values["ORGAN"] == pytest.approx(18, abs=0.01)


def test_untrusted__says_the_same(sbrt_qa: Command, two: Path, rules: str) -> None:
    plain = json.loads(sbrt_qa("check", two, "-p", rules, "--no-bands", "-f", "json").out)
    apart = sbrt_qa("check", two, "-p", rules, "--no-bands", "-f", "json", "--untrusted")
    assert json.loads(apart.out)[0]["constraints"] == plain[0]["constraints"]
    assert json.loads(apart.out)[0]["course"] == plain[0]["course"]


def test_what_nothing_tells__is_not_evaluable_and_asks(
    sbrt_qa: Command, same_place: Path, rules: str
) -> None:
    ran = sbrt_qa("check", same_place, "-p", rules, "--no-bands")
    assert ran.code == 30
    assert "--course" in ran.out
    assert "--alternatives" in ran.out


@pytest.mark.parametrize("where", [(), ("--untrusted",)], ids=["here", "untrusted"])
@pytest.mark.parametrize(
    ("word", "code", "organ"),
    [
        (["--alternatives"], 0, [9.0, 8.0]),
        (["--course", "A+B"], 20, [17.0]),
        (["--course", "A"], 0, [9.0]),
    ],
)
def test_the_users_word(
    sbrt_qa: Command,
    same_place: Path,
    tmp_path: Path,
    word: list[str],
    code: int,
    organ: list[float],
    where: tuple[str, ...],
) -> None:
    """17 Gy are beyond 16 Gy."""
    rules = f.protocol(tmp_path, f.PROTOCOL.replace("17,", "15,").replace("17.5", "16"))
    ran = sbrt_qa("check", same_place, "-p", rules, "--no-bands", "-f", "json", *word, *where)
    found = json.loads(ran.out)
    rows = [c for r in found for c in r["constraints"] if c["id"] == "ORGAN"]
    assert [c["value"] for c in rows] == pytest.approx(organ, abs=0.01)
    assert {r["course"]["said_by"] for r in found} == {"user"}
    assert ran.code == code


def test_both_words__are_refused(sbrt_qa: Command, two: Path) -> None:
    ran = sbrt_qa("check", two, "--course", "A+B", "--alternatives")
    assert ran.code == 2
    assert "contradict" in ran.err


def test_dvh__is_that_of_the_sum(sbrt_qa: Command, two: Path) -> None:
    ran = sbrt_qa("dvh", two, "-f", "json")
    assert ran.code == 0
    assert json.loads(ran.out)["structures"]["Duodenum"]["mean_gy"] == pytest.approx(18, abs=0.05)
    assert sbrt_qa("dvh", two, "-f", "json", "--plan", "A").code == 0


def test_dvh__of_alternatives_is_that_of_one(sbrt_qa: Command, same_place: Path) -> None:
    ran = sbrt_qa("dvh", same_place, "-f", "json", "--alternatives", "--plan", "A")
    assert json.loads(ran.out)["structures"]["Duodenum"]["mean_gy"] == pytest.approx(9, abs=0.05)


@pytest.mark.parametrize("suffix", ["html", "pdf", "csv", "json"])
def test_report__of_a_course(sbrt_qa: Command, two: Path, rules: str, suffix: str) -> None:
    out = two.parent / f"report.{suffix}"
    verb = "report" if suffix in ("html", "pdf") else "check"
    assert sbrt_qa(verb, two, "-p", rules, "--no-bands", "-o", out).code == 20
    if suffix == "html":
        text = out.read_text(encoding="utf-8")
        assert "limits for 5 and for 10 fractions" in text
        assert "A: part" in text


def test_report__in_chinese(sbrt_qa: Command, two: Path, rules: str) -> None:
    out = two.parent / "report.html"
    assert sbrt_qa("report", two, "-p", rules, "--lang", "zh", "-o", out).code == 20
    assert "疗程" in out.read_text(encoding="utf-8")


def test_case_123__exit_code_with_a_verification_plan(
    sbrt_qa: Command, tmp_path: Path, rules: str
) -> None:
    folder = f.save(
        tmp_path / "qa", f.drawn(f.LEFT, f.ORGAN), f.plan(f.P1, "A"),
        f.dose(f.D1, f.P1, f.field(-1)), f.plan(f.P2, "QA", PlanIntent="VERIFICATION"),
        f.dose(f.D2, f.P2, f.field(-1)),
    )  # fmt: skip
    ran = sbrt_qa("check", folder, "-p", rules, "--no-bands")
    assert ran.code == 0
    assert "'QA' is not for treatment (Plan Intent VERIFICATION)" in ran.out
    assert "it is listed and does not count" in sbrt_qa("inspect", folder).out


def test_compare__of_a_course_with_itself(sbrt_qa: Command, two: Path, rules: str) -> None:
    ran = sbrt_qa("compare", two, two, "-p", rules)
    assert ran.code in (0, 20)


def test_cross_check__says_that_it_knows_no_course(sbrt_qa: Command, two: Path, rules: str) -> None:
    pytest.importorskip("dicompylercore")
    ran = sbrt_qa("check", two, "-p", rules, "--no-bands", "--cross-check")
    assert "knows no course of several plans" in " ".join(ran.out.split())


@pytest.fixture
def audit(sbrt_qa: Command, two: Path, rules: str, tmp_path: Path) -> Path:
    place = tmp_path / "in" / "S01" / "S01-001"
    place.parent.mkdir(parents=True)
    two.rename(place)
    out = tmp_path / "audit"
    assert sbrt_qa("audit", tmp_path / "in", "-p", rules, "-o", out).code in (0, 20)
    return out


def test_query__has_one_row_for_each_limit_of_a_course(sbrt_qa: Command, audit: Path) -> None:
    (one,) = json.loads(sbrt_qa("query", audit, "submissions", "--format", "json").out)
    assert one["verdict"] == "major"
    values = json.loads(sbrt_qa("query", audit, "metrics", "--format", "json").out)
    assert {row["plan"] for row in values} == {1}
    organ = [row["value"] for row in values if row["limit"] == "ORGAN"]
    assert organ == pytest.approx([18], abs=0.01)
    rows = json.loads(sbrt_qa("query", audit, "deviations", "--format", "json").out)
    for row in (one, *values, *rows):
        assert "are one course: " in row["course"]
        assert row["draft"].startswith("Draft limits")


def test_regrade__of_a_course_asks_for_its_files(
    sbrt_qa: Command, audit: Path, tmp_path: Path
) -> None:
    """Targets are held against other doses than organs, and no store keeps them."""
    text = f.PROTOCOL.replace('version: "1"', 'version: "2"').replace("17.5", "40")
    (tmp_path / "new").mkdir()
    ran = sbrt_qa("regrade", audit, "-p", f.protocol(tmp_path / "new", text), "--as", "Reviewer")
    assert ran.code in (0, 20, 30)
    assert ran.out.startswith("Draft limits")
    (one,) = json.loads(sbrt_qa("query", audit, "submissions", "--format", "json").out)
    assert one["verdict"] == "not_evaluable"
    values = json.loads(sbrt_qa("query", audit, "metrics", "--format", "json").out)
    assert all(row["value"] is None for row in values)
    assert "need" in ran.out + ran.err
