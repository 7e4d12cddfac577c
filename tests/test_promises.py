"""What scripts may rely on: exit codes, forms of JSON, commands, options and their defaults.

New keys, commands and options may come; none of these may go, or be nested or called otherwise.
`tests/promised_commands.json` holds the commands.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from sbrt_qa.cli import exit_codes, main
from sbrt_qa.cli.main import application
from sbrt_qa.model.outcome import Verdict

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "sample_dicom"
PROMISED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "promised_commands.json").read_text(encoding="utf-8")
)


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process; return its exit code and what it printed."""
    monkeypatch.setenv("SBRT_QA_ACTOR", "Test Office")

    def command(*arguments: object) -> tuple[int, str]:
        code = main.run(list(map(str, arguments)))
        return code, capsys.readouterr().out

    return command


def of_process(*arguments: object) -> int:
    """Return the exit code of the program itself."""
    command = [sys.executable, "-m", "sbrt_qa.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_exit_codes_are_numbers_that_scripts_know() -> None:
    verdicts = (Verdict.PER_PROTOCOL, Verdict.MINOR, Verdict.MAJOR, Verdict.NOT_EVALUABLE)
    assert tuple(exit_codes.of_verdicts([one]) for one in verdicts) == (0, 10, 20, 30)
    assert (exit_codes.UNREADABLE, exit_codes.USAGE) == (1, 2)
    assert (exit_codes.INTERNAL, exit_codes.INTERRUPTED) == (70, 130)


@pytest.mark.parametrize(
    ("sample", "code"), [("compliant", 0), ("minor", 10), ("major", 20), ("small_remnant", 30)]
)
def test_check_tells_the_verdict_and_lists_reviews(run: Run, sample: str, code: int) -> None:
    ended, out = run("check", SAMPLES / sample, "-f", "json", "--no-bands")
    assert ended == code
    reviews = json.loads(out)
    assert isinstance(reviews, list)
    for review in reviews:
        assert {"case", "verdict", "constraints", "findings"} <= set(review)
        for limit in review["constraints"]:
            assert {"id", "structure", "metric", "value", "unit", "reason", "verdict"} <= set(limit)
            assert limit["value"] is None or isinstance(limit["value"], float | int)
        for find in review["findings"]:
            assert {"code", "group", "verdict", "where", "found", "message"} <= set(find)


def test_what_cannot_be_read_and_wrong_usage_have_codes_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "nothing.txt").write_text("no DICOM")
    assert of_process("check", tmp_path) == 1
    assert of_process("check", SAMPLES / "compliant", "--no-such-option") == 2
    assert of_process("check", SAMPLES / "minor", "-f", "json", "--no-bands") == 10


def test_dvh_lists_structures_by_name_and_metrics_by_expression(run: Run) -> None:
    ended, out = run("dvh", SAMPLES / "compliant", "-s", "Liver", "-m", "D50%[Gy]", "-f", "json")
    assert ended == 0
    liver = json.loads(out)["structures"]["Liver"]
    assert isinstance(liver["volume_cc"], float)
    assert {"value", "unit", "reason"} <= set(liver["metrics"]["D50%[Gy]"])


def test_query_answers_with_a_list_of_rows(run: Run, tmp_path: Path) -> None:
    real = tmp_path / "sites" / "S01" / "S01-001" / "v1"
    real.mkdir(parents=True)
    for path in (SAMPLES / "minor").iterdir():
        if path.is_file():
            (real / path.name).write_bytes(path.read_bytes())
    audit = tmp_path / "AUDIT"
    run("audit", tmp_path / "sites", "--out", audit)
    assert (audit / "audit.db").is_file()
    keys = {
        "submissions": {"code", "site", "subject", "version", "verdict"},
        "deviations": {"kind", "what", "verdict", "text"},
    }
    for about, promised in keys.items():
        ended, out = run("query", audit, about, "--format", "json")
        rows = json.loads(out)
        assert ended == 0
        assert rows
        assert all(promised <= set(row) for row in rows)


def commands() -> dict[str, dict[str, Any]]:
    """Return options with their defaults, by command."""
    found: dict[str, dict[str, Any]] = {}

    def walk(command: Any, name: str) -> None:
        if hasattr(command, "commands"):
            for sub, inner in command.commands.items():
                walk(inner, f"{name} {sub}".strip())
        else:
            found[name] = {
                name: repr(p.default) if not callable(p.default) else "made when asked for"
                for p in command.params
                for name in sorted([*p.opts, *p.secondary_opts])
                if name != "--help"
            }

    walk(typer.main.get_command(application()), "")
    return found


@pytest.mark.parametrize("command", PROMISED)
def test_commands_options_and_defaults_stay(command: str) -> None:
    options = commands()[command]
    assert PROMISED[command].items() <= options.items()
