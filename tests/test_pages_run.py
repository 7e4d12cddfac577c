"""Pages for users: every command on them runs, every message is one of ours, every key is there."""

from __future__ import annotations

import importlib.util
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from html import unescape
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote

import click
import pytest
import typer
from click.testing import CliRunner

import sbrt_qa
from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.main import COMMANDS, application, run
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.protocol.definition import protocol_json_schema

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
RUN = ("tutorial_physicist", "tutorial_reviewer", "tutorial_trial_office", "howto")
READ = sorted(str(p.relative_to(DOCS).with_suffix("")) for p in DOCS.rglob("*.md"))
OF_OTHERS = {"--build-arg", "--help"}
"""Options that pages name by themselves, of other programs or of every command."""
QUICKLY = {"report": ("--no-bands",)}
"""What is added to save time; tests/cli/test_report.py makes reports with all of it."""
VERDICTS = (0, 10, 20, 30)


def script_of(name: str) -> ModuleType:
    specification = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def text_of(page: str) -> str:
    return (DOCS / f"{page}.md").read_text(encoding="utf-8")


def lines_of(page: str) -> list[str]:
    """Return the lines of all blocks of commands of a page, without their comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text_of(page), re.M | re.S)
    lines = [re.sub(r"\s+#.*", "", line) for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.strip()]


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN)
def test_every_command_of_a_page_runs(
    page: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Case 19E: one after the other in an empty folder, as the reader would."""
    (tmp_path / "sample_dicom").symlink_to(ROOT / "sample_dicom")
    monkeypatch.chdir(tmp_path)
    lines = lines_of(page)
    assert sum(line.startswith("sbrt-qa ") for line in lines) >= 3
    for line in lines:
        program, *arguments = shlex.split(line)
        if program == "sbrt-qa":
            code = run([*arguments, *QUICKLY.get(arguments[0], ())])
            told = capsys.readouterr()
            assert code in VERDICTS, (line, code, told.err)
            written = [tmp_path / name for flag, name in pairwise(arguments) if flag == "--out"]
            assert (told.out + told.err).strip() or written, line
            assert all(path.exists() for path in written), line
        else:
            assert program in ("mkdir", "cp")
            subprocess.run([program, *arguments], check=True)


def commands_in(page: str) -> list[str]:
    inline = re.findall(r"`(sbrt-qa [^`]+)`", text_of(page))
    indented = re.findall(r"^    (sbrt-qa .*)$", text_of(page), re.M)
    return [*inline, *indented, *(line for line in lines_of(page) if line.startswith("sbrt-qa "))]


def options_of(command: click.Command) -> set[str]:
    return {option for one in command.params for option in (*one.opts, *one.secondary_opts)}


def every_option(command: click.Command) -> set[str]:
    parts = getattr(command, "commands", {}).values()
    return options_of(command).union(*map(every_option, parts))


@pytest.mark.parametrize("page", READ)
def test_every_command_and_option_that_a_page_names_is_there(page: str) -> None:
    commands = typer.main.get_command(application())
    for line in commands_in(page):
        words = [word.partition("|")[0] for word in line.partition(" #")[0].split()[1:]]
        if words[0].startswith("-"):
            continue
        assert words[0] in COMMANDS, line
        found = commands.commands[words[0]]
        if hasattr(found, "commands") and len(words) > 1 and words[1] in found.commands:
            found = found.commands[words[1]]
        for option in re.findall(r"(?<=\s)--[a-z-]+", line):
            assert option in options_of(found), (line, option)
    alone = re.findall(r"`(--[a-z][a-z-]*)", text_of(page))
    assert set(alone) <= every_option(commands) | OF_OTHERS, page


def test_the_messages_of_troubleshooting_are_those_of_the_program() -> None:
    """Each is looked for in the sources as it is written there, blanks for what is filled in."""
    sources = " ".join(
        re.sub(r'"\s*\n?\s*f?"', "", path.read_text(encoding="utf-8"))
        for path in (ROOT / "src").rglob("*.py")
    )
    rows = re.findall(r"^\| (`.*?) \| ", text_of("troubleshooting"), re.M)
    assert len(rows) >= 14
    for row in rows:
        for message in re.findall(r"`([^`]+)`", row):
            parts = [part for part in re.split(r" >= ", message) if len(part) > 4]
            assert all(part.strip() in sources for part in parts), message


def test_the_exit_codes_of_troubleshooting_are_those_of_the_program() -> None:
    told = text_of("troubleshooting")
    assert "0 per protocol, 10 minor, 20 major, 30 not evaluable, 2 wrong usage" in told
    others = (exit_codes.UNREADABLE, exit_codes.INTERRUPTED, exit_codes.INTERNAL)
    assert all(f" {code} " in told for code in others)
    order = (Verdict.PER_PROTOCOL, Verdict.MINOR, Verdict.MAJOR, Verdict.NOT_EVALUABLE)
    assert tuple(exit_codes.of_verdicts([one]) for one in order) == VERDICTS
    assert exit_codes.USAGE == 2


def test_the_reference_of_protocols_is_that_of_the_schema() -> None:
    script = script_of("make_protocol_reference")
    text = script.PAGE.read_text(encoding="utf-8")
    assert text == script.page(), "run scripts/make_protocol_reference.py"
    schema = protocol_json_schema()
    for name, part in schema["$defs"].items():
        assert "properties" not in part or f"\n## {name}\n" in text
    assert all(f"| `{key}` |" in text for key in schema["properties"])


def test_the_api_page_has_every_public_name() -> None:
    """Signatures differ between versions of Python, so the names and the docstrings count."""
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    for name in sbrt_qa.__all__:
        if name not in ("__version__", "survival"):
            assert f"\n### {name}\n" in text, "run scripts/make_api_page.py"
    first = (sbrt_qa.gamma.__doc__ or "").strip().splitlines()[0]
    assert first in text
    assert not re.search(r"0x[0-9a-f]{6}", text), "an address of memory is no signature"


@pytest.mark.slow
def test_the_site_is_built_without_a_broken_link(tmp_path: Path) -> None:
    """About 800 links to tests, and those of the changelog, led nowhere on the site."""
    pytest.importorskip("mkdocs", reason="mkdocs (extra dev) is not installed")
    (tmp_path / "build").mkdir()
    runpy.run_path(str(ROOT / "scripts" / "gather_pages.py"))["gather"](
        tmp_path / "build" / "pages"
    )
    shutil.copy2(ROOT / "mkdocs.yml", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build"], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    site = tmp_path / "build" / "site"
    made = [page.replace("README", "index") for page in READ if page != "package_page"]
    for page in (*made, "changelog", "security"):
        html = (site / f"{page}.html").read_text(encoding="utf-8")
        assert re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="https?://', html) == []
    texts = {page: page.read_text(encoding="utf-8") for page in site.rglob("*.html")}
    links = [
        (page, unquote(unescape(link)).partition("#"))
        for page, text in texts.items()
        for link in re.findall(r'(?:href|src)="([^"]+)"', text)
        if not re.match(r"[a-z]+:", link)
    ]
    assert len(links) > 3000
    dead = []
    for page, (path, _, anchor) in links:
        target = (site / path[1:] if path.startswith("/") else page.parent / path).resolve()
        if not path:
            target = page
        elif target.is_dir():
            target /= "index.html"
        if not target.is_file() or (
            anchor and target.suffix == ".html" and f'id="{anchor}"' not in texts[target]
        ):
            dead.append(f"{page.relative_to(site)}: {path}#{anchor}")
    assert dead == []


def test_help_of_every_command_opens() -> None:
    """What `typer.main.get_command` gives is what a user gets."""
    result = CliRunner().invoke(typer.main.get_command(application()), ["--help"])
    assert result.exit_code == 0
    assert "completion" in result.output
