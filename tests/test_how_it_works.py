"""The pages of docs/how_it_works are what the engine computes: figures, tables and constants."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "how_it_works"
SCRIPT = ROOT / "scripts" / "make_how_it_works_figures.py"
PAGES = sorted(path.stem for path in FOLDER.glob("*.md") if path.stem != "README")
SECTIONS = ("## Equation", "## Step by step", "## Constants", "## Source", "## Limits")

NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(?:e[+-]?\d+)?")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw everything anew."""
    folder = tmp_path_factory.mktemp("how_it_works")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--out", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def assert_alike(kept: str, new: str, where: str) -> None:
    """Words are the same, numbers but for the last digit: another processor may round otherwise."""
    assert NUMBER.sub("#", kept) == NUMBER.sub("#", new), f"{where}: run {SCRIPT.name}"
    for a, b in zip(NUMBER.findall(kept), NUMBER.findall(new), strict=True):
        digits = len(a.partition(".")[2])
        one, other = (float(text.replace(",", "")) for text in (a, b))
        near = 1.01 * 10.0**-digits if digits else 0.0
        assert abs(one - other) <= near, f"{where}: {a} is now {b}; run {SCRIPT.name}"


@pytest.mark.parametrize("name", PAGES)
def test_figure_and_page_are_what_the_engine_says(made: Path, name: str) -> None:
    for suffix in ("svg", "md"):
        kept = (FOLDER / f"{name}.{suffix}").read_text(encoding="utf-8")
        new = (made / f"{name}.{suffix}").read_text(encoding="utf-8")
        assert_alike(kept, new, f"{name}.{suffix}")


@pytest.mark.parametrize("name", PAGES)
def test_constants_are_exactly_those_of_the_code(made: Path, name: str) -> None:
    kept, new = (
        [line for line in (folder / f"{name}.md").read_text("utf-8").splitlines() if "| `" in line]
        for folder in (FOLDER, made)
    )
    assert kept == new
    assert kept, "a page states the constants of its method"
    assert all(line.rstrip("| ").count("|") >= 3 for line in kept), "a constant has a docstring"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_a_reviewer_asks(name: str) -> None:
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert f"({name}.svg)" in text
    assert [section for section in SECTIONS if section not in text] == []
    code = re.findall(rf"\({name}\.md\).*?`(\S+?)`", (FOLDER / "README.md").read_text("utf-8"))
    assert code, "the index names the page and its code"
    assert (ROOT / "src" / "sbrt_qa" / code[0]).exists()


def test_no_figure_is_left_without_a_page(made: Path) -> None:
    assert {path.stem for path in made.glob("*.svg")} == set(PAGES)
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(PAGES)


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {link}"
        for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
        for link in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
        if "://" not in link and not (path.parent / link).exists()
    ]
    assert broken == []
