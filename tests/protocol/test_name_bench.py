"""Hundreds of names as planners write them: none is taken for a structure that it does not mean."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from sbrt_qa.model.outcome import Reason
from sbrt_qa.protocol.matching import Matched, Matcher
from sbrt_qa.protocol.protocol_files import load_protocol

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_names_page.py"
specification = importlib.util.spec_from_file_location("make_names_page", SCRIPT)
script = importlib.util.module_from_spec(specification)
specification.loader.exec_module(script)

LIVER = load_protocol("liver_sbrt")
TOLD = script.bench(LIVER)
TARGETS = ("GTV", "CTV", "ITV", "PTV")


def test_the_bench_is_large_and_speaks_five_languages() -> None:
    assert len(TOLD) >= 300
    assert len({row.language for row in TOLD}) >= 5
    known = {*LIVER.structure_names, script.OTHER}
    assert {row.means.removeprefix(script.PART_OF) for row in TOLD} <= known


def test_no_name_leads_to_a_wrong_structure() -> None:
    wrong = [row for row in TOLD if row.outcome == "wrong"]
    assert wrong == []


def test_abbreviations_are_asked() -> None:
    short = [r for r in TOLD if len(r.name.strip("_ ")) <= 3 and r.name.isascii()]
    names = {*TARGETS, "Rib"}
    assert len(short) > 10
    taken = {r.name for r in short if r.outcome == "taken" and r.means not in names}
    assert taken == set()


def test_the_page_is_what_the_program_does() -> None:
    text = script.PAGE.read_text(encoding="utf-8")
    assert text == script.page(), "run scripts/make_names_page.py"


@pytest.mark.parametrize(
    "row",
    [r for r in TOLD if r.outcome == "taken" and r.means not in TARGETS],
    ids=lambda row: f"{row.language}-{row.name}",
)
def test_a_numbered_twin_of_any_name_makes_it_ambiguous(row: tuple) -> None:
    structures = script.structure_set(row.name, f"{row.name}2")
    found = Matcher(LIVER, structures, {}).find(row.means)
    if isinstance(found, Matched):
        # the number made another name of the protocol of it, such as a margin
        assert found.match.roi_numbers == (1,)
        other = Matcher(LIVER, structures, {})
        assert any(
            isinstance(m := other.find(s.name), Matched) and 2 in m.match.roi_numbers
            for s in LIVER.structures
        )
    else:
        assert isinstance(found, Reason)
        assert found.code == "structure_ambiguous"
