"""All commands with all their formats: what is offered is written, by --format and by suffix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from sbrt_qa.cli.main import application

from .conftest import Command

CURVES = """\
Patient Name : X
Type : Cumulative Dose Volume Histogram
Plan: P1
Prescribed dose [Gy]: 50.0

Structure: Stomach
Volume [cm³]: 200.0
Dose [Gy]  Relative dose [%]  Structure Volume [cm³]
0.000  0.0  200.0
20.000  40.0  100.0
40.000  80.0  0.0
"""

WRITING = {
    "check": "{case}",
    "report": "{case}",
    "dvh": "{case}",
    "inspect": "{case}",
    "compare": "{case} {case}",
    "curves": "{curves} --prescription 50Gy/5fx",
    "checks list": "",
    "checks show": "DOSE_STALE",
    "protocol list": "",
    "protocol show": "tg101",
    "protocol new": "--from blank",
    "protocol diff": "liver_sbrt@0.1 liver_sbrt",
    "protocol decisions": "liver_sbrt",
    "protocol goals": "liver_sbrt --for sheet",
    "protocol sheet": "liver_sbrt",
    "protocol import": "{curves}",
    "protocol schema": "",
    "schema": "review",
    "selftest": "",
    "export": "{case} --isodose 20Gy",
    "query": "{folder} submissions",
    "letter": "{folder} S01/S01-001/v1",
    "decision": "{folder} S01/S01-001/v1",
    "trial diff": "{folder}",
    "trial failure": "{case} {case}",
    "trial map": "{folder}",
    "trial problems": "{folder}",
    "trial report": "{folder} --role office",
}
"""Every command that writes a file, with what it needs before it looks at the file's name."""

NEEDS_AN_AUDIT = ("query", "trial diff", "trial problems")
NEEDS_A_RECURRENCE = ("trial failure",)
MADE_BY_THE_CLOCK = ("pdf", "dcm", "pdf_dcm", "html", "xlsx")
"""Formats that hold the time of writing, or are packed."""

BEGINS = {"pdf": b"%PDF", "xlsx": b"PK", "html": b"<!doctype html>", "json": (b"{", b"[")}


def commands() -> Iterator[tuple[str, typer.core.TyperCommand]]:
    def walk(one: object, words: tuple[str, ...]) -> Iterator[tuple[str, typer.core.TyperCommand]]:
        if isinstance(one, typer.core.TyperGroup):
            for name, part in sorted(one.commands.items()):
                yield from walk(part, (*words, name))
        elif isinstance(one, typer.core.TyperCommand):
            yield " ".join(words), one

    yield from walk(typer.main.get_command(application()), ())


ALL = dict(commands())


def option(command: str, name: str) -> typer.core.TyperOption | None:
    found = [one for one in ALL[command].params if name in one.opts]
    return found[0] if found and isinstance(found[0], typer.core.TyperOption) else None


def offered(command: str) -> tuple[str, ...]:
    given = option(command, "--format")
    listed = re.search(
        r"^(?:One of: )?([a-z_]+(?:(?:, | or )[a-z_]+)*)", (given and given.help) or ""
    )
    return tuple(re.split(", | or ", listed[1])) if listed else ()


WALKED = [
    (command, name)
    for command in WRITING
    if command not in (*NEEDS_AN_AUDIT, *NEEDS_A_RECURRENCE, "export")
    for name in offered(command)
]


@pytest.fixture
def given(case: Path, tmp_path: Path) -> dict[str, Path]:
    (folder := tmp_path / "folder").mkdir()
    curves = tmp_path / "curves.txt"
    curves.write_text(CURVES, encoding="utf-8")
    return {"case": case, "folder": folder, "curves": curves}


def line(command: str, given: dict[str, Path]) -> list[str]:
    return [word.format(**given) for word in f"{command} {WRITING[command]}".split()]


def test_every_command_that_writes_a_file_is_walked() -> None:
    writing = {name for name in ALL if (out := option(name, "--out")) and "FILE" in out.metavar}
    assert writing == set(WRITING)
    assert len(WALKED) > 40


def test_who_offers_formats_takes_them_by_the_suffix_of_a_file() -> None:
    without = {name for name in ALL if option(name, "--format") and not option(name, "--out")}
    assert without == {"send"}  # says what became of what was sent


@pytest.mark.parametrize("command", sorted(ALL))
def test_every_command_says_what_it_does_and_what_each_option_means(
    sbrt_qa: Command, command: str
) -> None:
    ran = sbrt_qa(*command.split(), "--help")
    assert ran.code == 0
    assert f"sbrt-qa {command}" in ran.out
    silent = [one.opts for one in ALL[command].params if not getattr(one, "help", "")]
    assert silent == []
    assert (ALL[command].help or "").strip()


@pytest.mark.parametrize("command", sorted(ALL))
def test_an_unknown_option_is_wrong_usage(sbrt_qa: Command, command: str) -> None:
    ran = sbrt_qa(*command.split(), "--no-such-option")
    assert (ran.code, ran.out) == (2, "")
    assert "--no-such-option" in ran.err


@pytest.mark.parametrize("command", sorted(WRITING))
def test_an_unknown_suffix_is_refused(
    sbrt_qa: Command, tmp_path: Path, given: dict[str, Path], command: str
) -> None:
    """``dvh -o x.foo`` wrote a table in silence."""
    out = tmp_path / "x.foo"
    ran = sbrt_qa(*line(command, given), "--out", out)
    assert (ran.code, out.exists()) == (2, False)
    assert "x.foo" in ran.err or "'.foo'" in ran.err
    assert "expected" in ran.err
    for name in offered(command):
        assert re.search(rf"\b{name}\b|\(\.txt\)", ran.err)


OF_CASES = sorted(name for name in WRITING if offered(name) and name != "export")
"""Commands with formats; those of `export` are of an audit and not of a case."""


@pytest.mark.parametrize("command", OF_CASES)
def test_an_unknown_format_is_refused_with_those_that_are_known(
    sbrt_qa: Command, given: dict[str, Path], command: str
) -> None:
    ran = sbrt_qa(*line(command, given), "--format", "foo")
    assert (ran.code, ran.out) == (2, "")
    assert "unknown --format" in ran.err
    assert all(name in ran.err for name in offered(command))


@pytest.mark.parametrize(("command", "name"), WALKED)
def test_a_format_by_its_name_is_that_by_the_suffix(
    sbrt_qa: Command, tmp_path: Path, given: dict[str, Path], command: str, name: str
) -> None:
    suffix = {"table": "txt", "text": "txt"}.get(name, name.replace("_", "."))
    stated, named = tmp_path / f"stated.{suffix}", tmp_path / f"named.{suffix}"
    usual = ["--format", name] if name == "table" and command == "report" else []
    codes = [
        sbrt_qa(*line(command, given), "--format", name, "--out", stated).code,
        sbrt_qa(*line(command, given), *usual, "--out", named).code,
    ]
    assert codes[0] == codes[1]
    assert codes[0] in (0, 10, 20, 30)
    one, other = stated.read_bytes(), named.read_bytes()
    assert one.startswith(BEGINS.get(name, b""))
    assert name in MADE_BY_THE_CLOCK or one == other
    assert one[:4] == other[:4]
    if name not in MADE_BY_THE_CLOCK and command != "report":
        printed = sbrt_qa(*line(command, given), "--format", name).out
        assert printed.encode() == one or name == "table"
    wrong = tmp_path / "wrong.docx"
    refused = sbrt_qa(*line(command, given), "--format", name, "--out", wrong)
    assert (refused.code, wrong.exists()) == (2, False)
