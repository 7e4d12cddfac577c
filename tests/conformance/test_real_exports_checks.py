"""docs/real_exports.md counts what the plan checks say of real exports today."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


def _load(name: str):
    specification = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules.setdefault(name, module)
    specification.loader.exec_module(module)
    return module


conformance = _load("conformance")
script = _load("plan_checks")
pytestmark = [
    pytest.mark.real_exports,
    pytest.mark.skipif(not conformance.CASES.is_dir(), reason="the real exports are not here"),
]


@pytest.fixture(scope="module")
def counts():
    return script.counted()


def test_the_table_is_what_is_found_today(counts) -> None:
    told = conformance.PAGE.read_text(encoding="utf-8").partition(script.START)[2]
    assert told.partition(script.END)[0] == script.table(counts), (
        "benchmarks/plan_checks.py --write"
    )


def test_every_check_with_an_alarm_is_explained(counts) -> None:
    """What only repeats what others say is left out: missing parts, approval, names, repairs."""
    page = conformance.PAGE.read_text(encoding="utf-8").partition(script.END)[2]
    alarms = {c for c, n in counts.items() if n["minor"] + n["major"] + n["not_evaluable"]}
    silent = {"PART_MISSING", "PLAN_NOT_APPROVED", "DOSE_TYPE", "PLAN_IS_ION", "STRUCTURES_NEWER"}
    assert {c for c in alarms - silent if f"{c}" not in page} == set()
