"""What starting up may cost: help and a plain import load no heavy library."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import typer
import typer.main

from sbrt_qa.cli import main
from sbrt_qa.cli.main import application, run

HEAVY = ("numba", "SimpleITK", "pydicom", "numpy", "scipy", "ruamel.yaml", "sqlalchemy", "babel")
PROBED = (*HEAVY, "scipy.linalg", "pydantic", "rich", "numba.np.arraymath")

PROBE = """
import sys
{action}
print("LOADED", *sorted(set(sys.modules) & set({probed!r})))
"""


def loaded_by(action: str) -> set[str]:
    code = PROBE.format(action=action, probed=PROBED)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_the_probe_sees_a_heavy_library() -> None:
    assert "pydicom" in loaded_by("import pydicom")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["check", "--help"], ["--version"], ["dvh", ".", "--format", "x"]]
)
def test_help_and_refusals_load_no_heavy_library(arguments: list[str]) -> None:
    assert loaded_by(f"from sbrt_qa.cli.main import run; run({arguments!r})").isdisjoint(HEAVY)


def test_importing_the_package_loads_no_heavy_library() -> None:
    assert loaded_by("import sbrt_qa") == set()


def test_dvh_table_needs_no_protocol_libraries() -> None:
    loaded = loaded_by("import sbrt_qa.review.dvh_table, sbrt_qa.reports.as_json")
    assert not {"pydantic", "ruamel.yaml", "rich"} & loaded


PARSE = (
    "from sbrt_qa import pipeline; pipeline.start_kernels_fast(); "
    "from sbrt_qa.dicom.text.decimal_text import parse_decimals; "
    "assert parse_decimals([b'1.5'])[0].tolist() == [1.5]"
)


def test_computing_does_not_import_scipy_just_to_look_for_blas() -> None:
    assert "scipy.linalg" not in loaded_by(PARSE)


NOISE = (
    "from sbrt_qa import pipeline; pipeline.start_kernels_fast(); import numpy as np; "
    "from sbrt_qa.dosimetry.noise._kernels import noise_of_blocks; "
    "assert noise_of_blocks(np.ones((9, 9, 9)), (0, 0, 0), (8, 8, 8), 16, 2).max() == 0"
)


@pytest.mark.parametrize("action", [PARSE, NOISE])
def test_a_cached_kernel_is_loaded_without_what_only_its_compiler_needs(action: str) -> None:
    loaded_by(action)  # compiles it where it was not yet
    loaded = loaded_by(action)
    assert loaded >= {"numba", "numpy"}
    assert not {"numba.np.arraymath", "scipy.linalg"} & loaded


def options_of(command: Any) -> object:
    inner = getattr(command, "commands", {})
    own = [(option.name, option.opts, option.help) for option in command.params if option.name]
    return own, {name: options_of(one) for name, one in inner.items()}


def test_only_the_command_that_is_run_is_read_with_its_options() -> None:
    named = typer.main.get_command(application(()))
    whole = typer.main.get_command(application())
    asked = typer.main.get_command(application({"check", "trial"}))
    one_line = {name: command.get_short_help_str() for name, command in whole.commands.items()}
    for some in (named, asked):
        assert {n: c.get_short_help_str() for n, c in some.commands.items()} == one_line
    assert not any(c.params for c in named.commands.values())
    for name in ("check", "trial"):
        assert options_of(asked.commands[name]) == options_of(whole.commands[name])


@pytest.mark.parametrize("arguments", [["chek"], ["--", "check", "--help"], ["account", "--help"]])
def test_help_and_errors_do_not_depend_on_what_was_read(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = run(arguments)
    seen = capsys.readouterr()
    monkeypatch.setattr(main, "application", lambda _: application())
    assert run(arguments) == code
    assert capsys.readouterr() == seen
