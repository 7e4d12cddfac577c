"""``inspect``, ``protocol``, ``--version`` and help."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from numba import njit

from sbrt_qa import __version__, pipeline
from sbrt_qa.checks.registry import CHECKS
from sbrt_qa.i18n.words import MARK, Words
from sbrt_qa.protocol.protocol_files import library

from .conftest import Command, export


def test_inspect_tells_objects_and_links(sbrt_qa: Command, case: Path) -> None:
    ran = sbrt_qa("inspect", case)
    assert ran.code == 0
    assert "3 DICOM objects: 1 RTDOSE, 1 RTPLAN, 1 RTSTRUCT" in ran.out
    assert "Case 1: LIVER50" in ran.out
    assert "RTDOSE.dcm → RTPLAN.dcm: by uid" in ran.out
    assert "41 × 25 × 21 voxels of 2.5 × 2.5 × 2.5 mm" in ran.out


def test_inspect_lists_every_roi_with_what_it_stands_for(sbrt_qa: Command) -> None:
    sample = Path(__file__).parents[2] / "sample_dicom" / "missing_organ"
    lines = [line.split() for line in sbrt_qa("inspect", sample).out.splitlines()]
    assert any(line[1:2] == ["Liver"] and line[-5:-4] != ["not"] for line in lines)
    mapped = sbrt_qa("inspect", sample, "--map", "Spleen=Duodenum").out
    assert "Duodenum (user map)" in mapped
    assert "Duodenum" in sbrt_qa("inspect", sample).out.partition("that no ROI has")[2]
    wrong = sbrt_qa("inspect", sample, "--map", "Spleen=Duodenun")
    assert wrong.code == 2


def test_inspect_tells_what_was_not_used(sbrt_qa: Command, tmp_path: Path) -> None:
    export(tmp_path)
    (tmp_path / "read\x1bme.txt").write_text("hello")
    ran = sbrt_qa("inspect", tmp_path)
    assert "read\\x1bme.txt" in ran.out
    assert "\x1b" not in ran.out


def test_protocol_list_names_the_library(sbrt_qa: Command) -> None:
    assert "liver_sbrt  0.2  " in sbrt_qa("protocol", "list").out


def test_protocol_show_tells_limits_statement_and_sources(sbrt_qa: Command) -> None:
    ran = sbrt_qa("protocol", "show", "liver_sbrt")
    for piece in ("LIV5_MEAN_50", "≤ 13", "15.2", "not from the trial", "R1112 "):
        assert piece in ran.out


def test_protocol_show_is_plain_text_and_refuses_names_of_pages(
    sbrt_qa: Command, tmp_path: Path
) -> None:
    ran = sbrt_qa("protocol", "show", "liver_sbrt", "--out", tmp_path / "limits.html")
    assert ran.code != 0
    assert "plain text (.txt)" in ran.err
    assert not (tmp_path / "limits.html").exists()


@pytest.mark.parametrize("name", [n for n in library() if "@" not in n])
def test_protocol_show_is_chinese_where_it_is_asked_for(sbrt_qa: Command, name: str) -> None:
    assert MARK not in sbrt_qa("protocol", "show", name, "--lang", "zh").out


def test_protocol_show_says_yes_and_that_nothing_is_compared(sbrt_qa: Command) -> None:
    told = sbrt_qa("protocol", "show", "liver_sbrt", "--lang", "zh").out.splitlines()
    words = Words("zh")
    place = next(line for line in told if "TGT_DMAX_LOC" in line)
    assert f"{words('yes')}     {words('always major')}" in place
    reported = next(line for line in told if "CON_GI " in line)
    assert words("report") in reported
    assert " report " not in reported


def test_protocol_validate_accepts_what_check_accepts(
    sbrt_qa: Command, protocol: Callable[..., str]
) -> None:
    ran = sbrt_qa("protocol", "validate", protocol())
    valid, *warnings = ran.out.splitlines()
    assert (ran.code, valid) == (0, "valid: small 1, 2 limits")
    assert [line.partition(":")[0] for line in warnings] == ["warning", "warning"]
    assert "does not say where its bounds stand in the source" in warnings[0]
    assert "approved_by is empty" in warnings[1]


def test_protocol_schema_is_a_json_schema(sbrt_qa: Command, tmp_path: Path) -> None:
    schema = json.loads(sbrt_qa("protocol", "schema").out)
    assert schema["type"] == "object"
    assert "prescriptions" in schema["properties"]
    sbrt_qa("protocol", "schema", "--out", tmp_path / "schema.json")
    assert json.loads((tmp_path / "schema.json").read_text(encoding="utf-8")) == schema


def test_version(sbrt_qa: Command) -> None:
    assert sbrt_qa("--version").out == f"sbrt-qa {__version__}\n"


def test_help_tells_every_command_and_the_exit_codes(sbrt_qa: Command) -> None:
    top = sbrt_qa("--help").out
    for command in ("check", "dvh", "inspect", "protocol", "sample"):
        assert f"  {command} " in top
    assert "20 major, 30 not evaluable" in " ".join(sbrt_qa("check", "--help").out.split())


def test_compiling_is_told_once() -> None:
    told: list[str] = []
    pipeline.when_compiling(lambda: told.append("compiling"))
    for power in (2, 3):
        assert njit(lambda x, n=power: x**n)(2) == 2**power
    assert told == ["compiling"]


def test_checks_list_tells_every_check_with_what_a_find_is(sbrt_qa: Command) -> None:
    ran = sbrt_qa("checks", "list")
    assert ran.code == 0
    assert {code for code in CHECKS if code not in ran.out} == set()
    assert "per_protocol_mm 2, minor_mm 3" in ran.out
    listed = json.loads(sbrt_qa("checks", "list", "--format", "json").out)
    assert {one["code"] for one in listed} == set(CHECKS)


def test_checks_are_shown_as_a_protocol_sets_them(sbrt_qa: Command) -> None:
    own = sbrt_qa("checks", "show", "TARGET_MARGIN").out
    ran = sbrt_qa("checks", "show", "TARGET_MARGIN", "-p", "liver_sbrt")
    assert "Protocol liver_sbrt 0.2" in " ".join(ran.out.split())
    assert "the trial has not fixed its margins" in ran.out
    assert "least_mm = 3" in ran.out
    assert "the trial has not fixed" not in own
    one = json.loads(
        sbrt_qa("checks", "show", "DOSE_GRID_SPACING", "-f", "json", "-p", "liver_sbrt").out
    )
    assert (one["severities"], one["applies"]) == (["minor", "major"], True)
    assert one["parameters"][0]["value"] == 2
    assert "As liver_sbrt 0.2 sets them" in sbrt_qa("checks", "list", "-p", "liver_sbrt").out
    assert sbrt_qa("checks", "list", "-p", "nowhere").code == 1


def test_checks_show_tells_the_page_and_the_parameters(sbrt_qa: Command) -> None:
    ran = sbrt_qa("checks", "show", "dose_grid_spacing")
    assert ran.code == 0
    for piece in ("Find a dose grid too coarse", "per_protocol_mm = 2", "major", "TG-101"):
        assert piece in ran.out
    one = json.loads(sbrt_qa("checks", "show", "DOSE_GRID_SPACING", "-f", "json").out)
    assert one["rows"] == [15]
    assert [p["default"] for p in one["parameters"]] == [2.0, 3.0]


def test_a_check_or_a_form_that_there_is_not_is_wrong_usage(sbrt_qa: Command) -> None:
    assert sbrt_qa("checks", "show", "NOTHING").code == 2
    assert sbrt_qa("checks", "list", "-f", "xml").code == 2


def test_a_protocol_with_an_unknown_check_is_refused_by_name(
    sbrt_qa: Command, protocol: Callable[..., str]
) -> None:
    path = Path(protocol())
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("DOSE_GRID_SPACING", "DOSE_GRID_SPACE"), encoding="utf-8")
    ran = sbrt_qa("protocol", "validate", path)
    assert ran.code != 0
    assert "small.yaml checks.DOSE_GRID_SPACE: there is no such check" in ran.err
    path.write_text(text.replace("per_protocol_mm: 2.5", "per_protocol_mm: fine"), encoding="utf-8")
    ran = sbrt_qa("protocol", "validate", path)
    assert "checks.DOSE_GRID_SPACING.parameters.per_protocol_mm" in ran.err


def test_protocol_show_tells_the_checks_it_sets(sbrt_qa: Command) -> None:
    ran = sbrt_qa("protocol", "show", "liver_sbrt")
    assert "Plan checks" in ran.out
    assert "per_protocol_mm 2.0, minor_mm 3.0" in ran.out


def test_check_lists_all_checks_when_asked_for(sbrt_qa: Command, case: Path) -> None:
    brief, long = sbrt_qa("check", case), sbrt_qa("check", case, "--all-checks")
    assert "What each of them looked at: --all-checks" in " ".join(brief.out.split())
    assert len(long.out) > len(brief.out)
    assert "Metersets" in long.out
