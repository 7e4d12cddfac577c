"""What goes wrong inside this program is told as its own fault, never as damage of a file."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import sbrt_qa
from sbrt_qa.cli import exit_codes
from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dicom.text import decimal_text
from sbrt_qa.dicom.text.elements import translated
from sbrt_qa.errors import DicomError, OwnFault, own_fault

SAMPLE = Path(__file__).parents[2] / "sample_dicom" / "compliant"

MANY_AT_ONCE = """
import threading
from sbrt_qa.dicom.text.decimal_text import parse_decimals
gate, wrong = threading.Barrier(8), []
def work():
    gate.wait()
    try:
        if [v.tolist() for v in parse_decimals([b"1.5", b"2"])] != [[1.5], [2.0]]:
            wrong.append("values")
    except BaseException as error:
        wrong.append(repr(error))
threads = [threading.Thread(target=work) for _ in range(8)]
[t.start() for t in threads], [t.join() for t in threads]
raise SystemExit("; ".join(wrong) or 0)
"""


def test_case_133__threads_that_need_the_same_parser_at_once_all_get_it(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    for _ in range(3):  # compiled the first time, taken from the cache afterwards
        ran = subprocess.run(
            [sys.executable, "-c", MANY_AT_ONCE],
            capture_output=True, text=True, env=environment, check=False,
        )  # fmt: skip
        assert (ran.returncode, ran.stderr) == (0, "")


def test_case_133__no_kernel_is_compiled_behind_a_cache_without_a_lock() -> None:
    """`functools.cache` lets two threads run the same function; a jit must not stand behind it."""
    for file in Path(sbrt_qa.__file__).parent.rglob("_kernels.py"):
        tree = ast.parse(file.read_text())
        names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        names |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        assert not names & {"cache", "lru_cache", "cached_property"}, file


def test_case_133__a_failure_of_our_own_does_not_blame_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise TypeError("a patient's name")

    monkeypatch.setattr(decimal_text, "_parse_together", fail)
    with pytest.raises(OwnFault) as told:
        load_cases(SAMPLE)
    assert told.value.what.startswith("sbrt_qa failed (TypeError at dicom/text/decimal_text.py:")
    assert "patient" not in str(told.value)
    assert "damaged" not in str(told.value)
    assert exit_codes.of_error(told.value) == exit_codes.INTERNAL


@pytest.mark.parametrize("kind", [OSError, EOFError])
def test_what_the_disk_or_the_end_of_the_file_says_is_of_the_file(kind: type[Exception]) -> None:
    with pytest.raises(DicomError), translated("RS.dcm"):
        raise kind


def test_a_fault_names_no_path_outside_the_package() -> None:
    assert own_fault(ValueError("x")).what == "sbrt_qa failed (ValueError)"
    fault = OwnFault("once")
    assert own_fault(fault) is fault
