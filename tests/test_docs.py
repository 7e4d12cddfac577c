"""Examples of docs/adding.md pass the whole gate where they would lie; counts in documents hold."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from sbrt_qa.checks.registry import CHECKS
from sbrt_qa.dosimetry.metrics import METRICS
from sbrt_qa.protocol.conditions import VARIABLES

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs" / "examples"
KINDS = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
FILES = [path for path in sorted(EXAMPLES.rglob("*")) if path.suffix in (".py", ".yaml", ".j2")]


def script_of(name: str) -> ModuleType:
    """Load a file of scripts/."""
    specification = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


script = script_of("make_adding_page")
counts = script_of("update_counts")


def place_of(example: Path) -> Path:
    """Return where an example would lie in the repository."""
    inside = example.relative_to(EXAMPLES).parts[1:]
    return Path(*inside[1:] if inside[0] == "append" else inside)


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the repository with all examples in it."""
    copy = tmp_path_factory.mktemp("extended") / "sbrt_qa"
    copy.mkdir()
    for name in ("src", "tests", "protocols", ".mypy_cache"):
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, copy / name)
    shutil.copy2(ROOT / "pyproject.toml", copy)
    for example in FILES:
        target = copy / place_of(example)
        kept = target.read_text(encoding="utf-8") if target.exists() else ""
        assert bool(kept) == ("append" in example.parts), f"{target} exists already"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(kept + example.read_text(encoding="utf-8"), encoding="utf-8")
    return copy


def passes(copy: Path, *command: str) -> None:
    """Run a tool of the gate in the copy."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=copy, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(copy / "src")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


def python_files() -> list[str]:
    return [str(place_of(path)) for path in FILES if path.suffix == ".py"]


def test_examples_are_formatted_and_pass_lint(extended: Path) -> None:
    passes(extended, "ruff", "format", "--check", *python_files())
    passes(extended, "ruff", "check", *python_files())


@pytest.mark.slow
def test_examples_pass_the_types(extended: Path) -> None:
    passes(extended, "mypy", *(name for name in python_files() if name.startswith("src")))


@pytest.mark.slow
def test_examples_keep_the_architecture_and_say_their_texts(extended: Path) -> None:
    names = " or ".join(Path(name).stem for name in python_files() if name.startswith("src"))
    rules = ("tests/test_architecture.py", "tests/test_phrases.py")
    chosen = f"test_architecture or {names}"  # its rules look at all modules at once
    passes(extended, "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, *rules)


@pytest.mark.slow
def test_examples_pass_their_own_tests(extended: Path) -> None:
    tests = [name for name in python_files() if name.startswith("tests")]
    assert len(tests) == len(KINDS), "each kind has a file of tests"
    passes(extended, "pytest", "-q", "-p", "no:cacheprovider", *tests)


def test_the_page_shows_the_examples_as_they_are() -> None:
    assert script.PAGE.read_text(encoding="utf-8") == script.page(), (
        "run scripts/make_adding_page.py"
    )
    assert script.shown() == {str(path.relative_to(EXAMPLES)) for path in FILES}


def test_the_examples_are_no_part_of_the_package() -> None:
    assert "Median" not in METRICS
    assert "DOSE_MAX_BELOW_PRESCRIPTION" not in CHECKS


def test_the_page_of_protocols_names_every_variable() -> None:
    text = (ROOT / "docs" / "protocols.md").read_text(encoding="utf-8")
    assert [name for name in VARIABLES if f"`{name}`" not in text] == []


@pytest.mark.parametrize("page", counts.PAGES, ids=lambda page: page.name)
def test_what_documents_count_is_there(page: Path) -> None:
    assert counts.wrong(page) == [], "run scripts/update_counts.py"


def test_the_readme_counts_the_checks() -> None:
    assert f"{len(CHECKS)} checks of plan" in (ROOT / "README.md").read_text(encoding="utf-8")


CHECK = "import sys; from sbrt_qa.cli.main import main; sys.exit(main())"


@pytest.mark.slow
def test_the_readme_shows_how_many_limits_and_checks_the_sample_has() -> None:
    shown = re.search(r"^△ minor .*?\n.*?$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert shown is not None
    done = subprocess.run(
        [sys.executable, "-c", CHECK, "check", str(ROOT / "sample_dicom" / "minor")],
        capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "120"},
    )  # fmt: skip
    assert " ".join(shown[0].split()) in " ".join(done.stdout.split())
