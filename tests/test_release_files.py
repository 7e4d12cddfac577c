"""What a release carries: versions that agree, a bill of materials, a page without broken links."""

from __future__ import annotations

import importlib.util
import json
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

from sbrt_qa import __version__
from sbrt_qa.cli.main import COMMANDS, run

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BILL = json.loads((ROOT / "sbom.cdx.json").read_text(encoding="utf-8"))
PINNED = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)


def package_page() -> ModuleType:
    file = ROOT / "scripts" / "make_package_page.py"
    specification = importlib.util.spec_from_file_location("make_package_page", file)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_one_version_everywhere() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {__version__}\n" in citation
    assert BILL["metadata"]["component"]["version"] == __version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(__version__)}\]", changelog, re.M)
    assert f"sbrt_qa-{__version__}-py3" in (ROOT / "docs" / "installing.md").read_text("utf-8")


def test_the_pinned_versions_are_those_of_the_bill_and_within_what_is_asked_for() -> None:
    assert {one["name"]: one["version"] for one in BILL["components"]} == PINNED
    for text in PROJECT["dependencies"]:
        asked = Requirement(text)
        assert asked.specifier.contains(PINNED[re.sub(r"[-_.]+", "-", asked.name).lower()]), text


def test_the_bill_of_materials_names_every_licence_and_every_need() -> None:
    refs = {one["bom-ref"] for one in (BILL["metadata"]["component"], *BILL["components"])}
    assert (BILL["bomFormat"], BILL["specVersion"]) == ("CycloneDX", "1.6")
    assert {row["ref"] for row in BILL["dependencies"]} == refs
    assert {need for row in BILL["dependencies"] for need in row["dependsOn"]} < refs
    names = [one["licenses"][0] for one in BILL["components"]]
    assert not any("not stated" in str(name) for name in names)
    assert not any(re.search(r"(?<!L)GPL", str(name)) for name in names)


def test_the_page_of_the_package_has_no_link_into_the_repository() -> None:
    script = package_page()
    text = script.PAGE.read_text(encoding="utf-8")
    assert text == script.page(), "run scripts/make_package_page.py"
    assert re.findall(r"\]\((?!https?:|#)", text) == []
    assert PROJECT["readme"] == "docs/package_page.md"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_a_shell_gets_its_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert "_SBRT_QA_COMPLETE" in capsys.readouterr().out
    assert run(["completion", shell[:-1]]) == 2
    assert f"Did you mean '{shell}'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "place", "expected"),
    [
        ("sbrt-qa ", 1, set(COMMANDS)),
        ("sbrt-qa protocol ne", 2, {"new"}),
        ("sbrt-qa check --ma", 2, {"--map", "--mask"}),
    ],
)
def test_a_shell_that_asks_gets_commands_and_options(
    words: str,
    place: int,
    expected: set[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("_SBRT_QA_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(place))
    run([])
    assert set(capsys.readouterr().out.split()) == expected


def test_the_container_runs_without_root_and_names_no_place_to_fetch_from() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    steps = [line for line in text.splitlines() if not line.startswith("#")]
    assert "USER 10001:10001" in steps
    assert not re.search(r"https?://|curl|wget", text)
    assert next(i for i, s in enumerate(steps) if "warm" in s) < steps.index("USER 10001:10001")
