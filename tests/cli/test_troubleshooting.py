"""What a newcomer gets wrong, done: each refusal stands on the page of troubleshooting."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .conftest import Command

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"
ROWS = re.findall(r"^\| `([^`|]+)` \|", PAGE.read_text(encoding="utf-8"), re.M)

MISTAKES = [
    ("report", "nowhere", "-o", "a.pdf"),
    ("report", "empty", "-o", "a.pdf"),
    ("report", "CASE", "-o", "a.docx"),
    ("report", "CASE", "-o", "missing/a.pdf"),
    ("report", "CASE", "-o", "a.pdf", "--lang", "fr"),
    ("report", "CASE", "-o", "a.pdf", "--plan", "mine"),
    ("report", "CASE", "-o", "a.pdf", "--protocol", "lung"),
    ("report", "CASE", "-o", "a.pdf", "--protocol", "liver_sbrt@9"),
    ("report", "CASE", "-o", "a.pdf", "--rx", "PTV=50"),
    ("check", "CASE", "--map", "PTV"),
    ("check", "CASE", "--map", "PTVV=PTV"),
    ("check", "CASE", "--map", "PTV=Livver"),
    ("dvh", "CASE", "--structure", "Livr"),
    ("dvh", "CASE", "--structure", "PTV", "--metrics", "V20"),
    ("compare", "CASE", "-o", "a.pdf"),
    ("sample", "."),
    ("check", "CASE", "--out", "CASE/RTPLAN.dcm"),
]


@pytest.mark.parametrize("words", MISTAKES, ids=" ".join)
def test_a_refusal_stands_on_the_page(
    sbrt_qa: Command,
    case: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    ran = sbrt_qa(*(word.replace("CASE", str(case)) for word in words))
    assert ran.code in (1, 2)
    told = " ".join(ran.err.split())
    assert [row for row in ROWS if row in told], told


def test_a_folder_given_as_a_dot_is_told_by_its_name(
    sbrt_qa: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "mine")
    ran = sbrt_qa("sample", ".")
    assert ran.code == 2
    assert "got 'mine'" in ran.err
