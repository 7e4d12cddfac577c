"""``dvh``: the promised JSON, several plans, names that repeat, structures without a volume."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sbrt_qa import dvh, load_cases
from sbrt_qa.model.structure import Structure
from sbrt_qa.review.dvh_table import DvhTable

from .conftest import Command, box, boxes, export


def test_json_has_the_promised_form_and_the_right_numbers(sbrt_qa: Command, case: Path) -> None:
    ran = sbrt_qa("dvh", case, "--metrics", "D95%[Gy], V30Gy[cc]", "--format", "json")
    assert ran.code == 0
    structures = json.loads(ran.out)["structures"]
    assert list(structures) == ["PTV", "Duodenum", "Stomach"]
    duodenum = structures["Duodenum"]
    assert set(duodenum) == {
        "roi_number", "volume_cc", "min_gy", "mean_gy", "max_gy", "outside_dose_grid_cc", "metrics",
    }  # fmt: skip
    assert duodenum["roi_number"] == 2
    assert duodenum["volume_cc"] == pytest.approx(26.0, rel=1e-3)
    doses = [duodenum[key] for key in ("min_gy", "mean_gy", "max_gy")]
    assert doses == pytest.approx([25.0, 30.0, 35.0], rel=1e-4)
    assert duodenum["outside_dose_grid_cc"] == pytest.approx(0.0, abs=1e-9)
    assert duodenum["metrics"]["D95%[Gy]"]["value"] == pytest.approx(25.5, rel=1e-3)
    volume = duodenum["metrics"]["V30Gy[cc]"]
    assert volume == {"value": pytest.approx(13.0, rel=1e-3), "unit": "cc", "reason": None}


def test_curve_only_when_asked_for(sbrt_qa: Command, case: Path) -> None:
    ran = sbrt_qa("dvh", case, "-s", "Duodenum", "--curve", "--bin", "0.5", "-f", "json")
    (row,) = json.loads(ran.out)["structures"].values()
    doses, volumes = row["curve"]["dose_gy"], row["curve"]["volume_cc"]
    at = dict(zip(doses, volumes, strict=True))
    assert at[0.0] == pytest.approx(row["volume_cc"])
    assert at[25.0] == pytest.approx(row["volume_cc"])
    assert at[30.0] == pytest.approx(13.0, rel=1e-3)
    assert volumes == sorted(volumes, reverse=True)
    assert volumes[-1] == 0.0


@pytest.mark.parametrize("width", ["0", "-1", "1e-9"])
def test_an_impossible_bin_width_is_wrong_usage(sbrt_qa: Command, case: Path, width: str) -> None:
    ran = sbrt_qa("dvh", case, "--curve", "--bin", width)
    assert ran.code == 2
    assert "bin width" in ran.err


def test_result_reads_back(sbrt_qa: Command, case: Path) -> None:
    ran = sbrt_qa("dvh", case, "--curve", "--metrics", "D9999cc[Gy]", "-f", "json")
    table = DvhTable.from_json(ran.out)
    assert table.to_json() + "\n" == ran.out


def test_the_python_verb_gives_the_same(sbrt_qa: Command, case: Path) -> None:
    """Case 13."""
    (loaded,) = load_cases(case)
    ran = sbrt_qa("dvh", case, "--metrics", "D95%[%]", "-f", "json")
    assert dvh(loaded, metrics=["D95%[%]"]) == DvhTable.from_json(ran.out)


def test_more_than_the_organ_has_is_a_reason_not_a_number(sbrt_qa: Command, case: Path) -> None:
    """Case 88."""
    ran = sbrt_qa("dvh", case, "-s", "PTV", "--metrics", "D500cc[Gy]", "-f", "json")
    metric = json.loads(ran.out)["structures"]["PTV"]["metrics"]["D500cc[Gy]"]
    assert metric["value"] is None
    assert metric["reason"].startswith("smaller_than_asked: 500 cc asked")


def test_an_unknown_metric_lists_the_known(sbrt_qa: Command, case: Path) -> None:
    """Case 87."""
    ran = sbrt_qa("dvh", case, "--metrics", "Q5")
    assert ran.code == 2
    assert "'Q5'" in ran.err
    assert "DC700cc[Gy]" in ran.err


def test_an_unknown_structure_lists_those_that_are_there(sbrt_qa: Command, case: Path) -> None:
    ran = sbrt_qa("dvh", case, "-s", "Pancreas")
    assert ran.code == 2
    assert "'Pancreas'" in ran.err
    assert "'Duodenum'" in ran.err


def test_two_rois_of_one_name_are_both_kept(sbrt_qa: Command, tmp_path: Path) -> None:
    """Case 79."""
    twins = (*boxes(), box(9, "PTV", 0.0, 4.0))
    folder = export(tmp_path / "case", structures=twins)
    ran = sbrt_qa("dvh", folder, "-s", "PTV", "-f", "json")
    structures = json.loads(ran.out)["structures"]
    assert {k: v["roi_number"] for k, v in structures.items()} == {"PTV#1": 1, "PTV#9": 9}
    one = sbrt_qa("dvh", folder, "-s", "PTV#9", "-f", "json")
    assert list(json.loads(one.out)["structures"]) == ["PTV#9"]


def test_an_empty_structure_is_listed_with_its_reason(sbrt_qa: Command, tmp_path: Path) -> None:
    """Case 26."""
    folder = export(tmp_path / "case", structures=(*boxes(), Structure(8, "Void")))
    ran = sbrt_qa("dvh", folder, "--metrics", "D95%[Gy]", "-f", "json")
    void = json.loads(ran.out)["structures"]["Void"]
    assert void["volume_cc"] is None
    assert void["mean_gy"] is None
    assert void["reason"].startswith("structure_empty: ")
    assert void["metrics"]["D95%[Gy]"]["reason"] == void["reason"]


def test_case_105__copies_and_crossings_are_told_beside_the_values(
    sbrt_qa: Command, tmp_path: Path
) -> None:
    once, more = box(5, "Once", -40.0, -20.0), box(5, "Once", -30.0, -10.0)
    twice = replace(once, name="Twice", roi_number=6, contours=(*once.contours, *once.contours))
    crossed = replace(once, name="Cross", roi_number=7, contours=(*once.contours, *more.contours))
    folder = export(tmp_path / "case", structures=(*boxes(), once, twice, crossed))
    rows = json.loads(sbrt_qa("dvh", folder, "-f", "json").out)["structures"]
    assert "notes" not in rows["Once"]
    assert rows["Twice"]["mean_gy"] == pytest.approx(rows["Once"]["mean_gy"], rel=1e-9)
    (told,) = rows["Twice"]["notes"]
    assert told.startswith(f"{len(once.contours)} contours drawn or exported twice, left out once")
    (told,) = rows["Cross"]["notes"]
    assert told.startswith("contours that cross: up to 33.3 % of the area depends on the reading")
    table = sbrt_qa("dvh", folder).out
    assert "! Twice: " in table
    assert "! Cross: " in table
    again = DvhTable.from_json(sbrt_qa("dvh", folder, "-f", "json").out)
    assert again.structures["Twice"].notes


def test_volume_outside_the_dose_grid_is_kept_apart(sbrt_qa: Command, tmp_path: Path) -> None:
    """Case 31."""
    half_out, all_out = box(5, "Half", 40.0, 60.0), box(6, "Out", 70.0, 80.0)
    folder = export(tmp_path / "case", structures=(*boxes(), half_out, all_out))
    ran = sbrt_qa("dvh", folder, "--metrics", "Mean[Gy]", "-f", "json")
    structures = json.loads(ran.out)["structures"]
    half, out = structures["Half"], structures["Out"]
    assert half["outside_dose_grid_cc"] == pytest.approx(half["volume_cc"] / 2, rel=1e-3)
    assert half["metrics"]["Mean[Gy]"]["reason"].startswith("outside_dose_grid: 50.0 %")
    assert out["outside_dose_grid_cc"] == out["volume_cc"] == pytest.approx(13.0, rel=1e-3)
    assert out["mean_gy"] is None


def test_several_plans_need_a_choice_which_the_message_lists(
    sbrt_qa: Command, tmp_path: Path
) -> None:
    export(tmp_path / "a", label="ONE")
    export(tmp_path / "b", label="TWO", structures=boxes()[:2])
    ran = sbrt_qa("dvh", tmp_path)
    assert ran.code == 2
    assert "several plans" in ran.err
    assert "'ONE'" in ran.err
    assert "'TWO'" in ran.err
    chosen = json.loads(sbrt_qa("dvh", tmp_path, "--plan", "TWO", "-f", "json").out)
    assert (chosen["case"], list(chosen["structures"])) == ("TWO", ["PTV", "Duodenum"])
    uid = next(word for word in ran.err.split("'") if word.startswith("2.25."))
    by_uid = json.loads(sbrt_qa("dvh", tmp_path, "--plan", uid, "-f", "json").out)
    assert by_uid["case"] == "ONE"
    assert sbrt_qa("dvh", tmp_path, "--plan", "THREE").code == 2


def test_table_and_csv_show_the_same_numbers(sbrt_qa: Command, case: Path) -> None:
    """Case 90."""
    table = sbrt_qa("dvh", case, "--metrics", "V30Gy[cc],V30Gy[%]").out
    text = sbrt_qa("dvh", case, "--metrics", "V30Gy[cc],V30Gy[%]", "-f", "csv").out
    assert "V30Gy[cc]" in table
    assert "V30Gy[%]" in table
    assert "LIVER50,Duodenum,2,Volume[cc]," in text
