"""Bad input: one clear message, exit code 1 or 2, no traceback, no partial numbers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sbrt_qa.cli import main

from .conftest import Command, Ran

Make = Callable[[Path, Path], Path]


def missing(folder: Path, case: Path) -> Path:
    return folder / "nowhere"


def empty_folder(folder: Path, case: Path) -> Path:
    return folder


def empty_file(folder: Path, case: Path) -> Path:
    path = folder / "empty.dcm"
    path.touch()
    return path


def text_file(folder: Path, case: Path) -> Path:
    path = folder / "notes.txt"
    path.write_text("these are no DICOM bytes\n" * 20, encoding="utf-8")
    return path


def only_the_preamble(folder: Path, case: Path) -> Path:
    path = folder / "cut.dcm"
    path.write_bytes((case / "RTDOSE.dcm").read_bytes()[:140])
    return path


BAD_INPUTS = [missing, empty_folder, empty_file, text_file, only_the_preamble]


def assert_one_clear_message(ran: Ran) -> None:
    assert ran.code in (1, 2)
    assert ran.out == ""
    assert ran.err.startswith("sbrt-qa: ")
    assert "Traceback" not in ran.err
    assert "sbrt_qa failed" not in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("make", BAD_INPUTS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("command", ["check", "dvh", "inspect"])
def test_input_that_cannot_be_used_is_told_in_one_message(
    sbrt_qa: Command, tmp_path: Path, case: Path, make: Make, command: str
) -> None:
    ran = sbrt_qa(command, make(tmp_path, case))
    assert_one_clear_message(ran)
    assert ran.code == 1


@pytest.mark.parametrize("name", ["RTDOSE.dcm", "RTSTRUCT.dcm", "RTPLAN.dcm"])
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.999])
def test_a_truncated_file_never_gives_a_value(
    sbrt_qa: Command, tmp_path: Path, case: Path, name: str, kept: float
) -> None:
    """Case 68: what is cut off is refused, and the rest of the case is still told."""
    for path in case.iterdir():
        data = path.read_bytes()
        cut = int(len(data) * kept) if path.name == name else len(data)
        (tmp_path / path.name).write_bytes(data[:cut])
    ran = sbrt_qa("check", tmp_path, "-f", "csv")
    assert ran.code in (1, 20, 30)
    assert "Traceback" not in ran.err
    assert "sbrt_qa failed" not in ran.err
    if name == "RTDOSE.dcm":
        assert ",Gy,<=,30.0,32.0,," in ran.out or ran.code == 1


@pytest.mark.parametrize(
    "text",
    ["", "{", "schema: sbrt_qa.protocol/1\n", "a: b\n", "!!python/object:os.system {}\n", "- 1\n"],
)
def test_a_broken_protocol_is_told_with_its_file(
    sbrt_qa: Command, tmp_path: Path, case: Path, text: str
) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(text, encoding="utf-8")
    for arguments in (["check", case, "--protocol", file], ["protocol", "validate", file]):
        ran = sbrt_qa(*arguments)
        assert ran.code in (1, 2)
        assert ran.out == ""
        assert "Traceback" not in ran.err
        for line in ran.err.splitlines():  # every error at once, each with its file
            assert line.startswith("sbrt-qa: broken.yaml")
        assert ran.err.count("\n") == len(set(ran.err.splitlines())) > 0


def test_an_unknown_protocol_lists_the_library(sbrt_qa: Command, case: Path) -> None:
    ran = sbrt_qa("check", case, "--protocol", "lung_sbrt")
    assert_one_clear_message(ran)
    assert "liver_sbrt" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [["check"], ["nonsense"], ["check", "--nonsense", "x"], ["dvh", "x", "--bin", "wide"]],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(sbrt_qa: Command, arguments: list[str]) -> None:
    ran = sbrt_qa(*arguments)
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert ran.err


@pytest.mark.parametrize("debug", ["", "1"])
def test_an_unexpected_error_is_one_line_unless_asked_for(
    sbrt_qa: Command, case: Path, monkeypatch: pytest.MonkeyPatch, debug: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setenv("SBRT_QA_DEBUG", debug)
    monkeypatch.setattr(main.check.pipeline, "check", fail)
    ran = sbrt_qa("check", case)
    assert ran.code == 70
    assert ran.err.splitlines()[-1].startswith("sbrt-qa: sbrt_qa failed (ZeroDivisionError")
    assert ("Traceback" in ran.err) == bool(debug)


def test_no_message_holds_the_path_of_the_machine(
    sbrt_qa: Command, tmp_path: Path, case: Path
) -> None:
    for make in BAD_INPUTS:
        ran = sbrt_qa("check", make(tmp_path, case))
        assert str(tmp_path) not in ran.err


def test_the_installed_program_answers_as_the_module_does() -> None:
    program = Path(sys.executable).with_name("sbrt-qa")
    done = subprocess.run(
        [program, "check", "nowhere"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("sbrt-qa: ")
    assert "Traceback" not in done.stderr
