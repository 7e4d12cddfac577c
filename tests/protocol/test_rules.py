"""Rules of the liver that a trial group chooses among, and what is made or asked for on conditions.

Every liver here has its dose spread evenly from 0, so that a volume below a dose is one division.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sbrt_qa.dosimetry.integrate import volume_cc
from sbrt_qa.geometry.regions import region_of
from sbrt_qa.model.outcome import ReasonCode, Verdict
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.evaluate import Evaluation, evaluate
from sbrt_qa.protocol.expressions import Leaf, fold
from sbrt_qa.protocol.grown import grown_structure
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.protocol.matching import Matched, Matcher
from sbrt_qa.protocol.protocol_files import load_protocol

PP, MINOR, MAJOR, NE = Verdict.PER_PROTOCOL, Verdict.MINOR, Verdict.MAJOR, Verdict.NOT_EVALUABLE

ORGANS = (
    "PTV", "GTV", "Liver", "Stomach", "Duodenum", "Bowel_Small", "Bowel_Large", "Esophagus",
    "SpinalCord", "SpinalCord_PRV05", "Kidney_L", "Kidney_R", "Heart", "A_Aorta",
    "BileDuct_Common", "Lungs", "External",
)  # fmt: skip


def with_rule(liver: Protocol, name: str, **numbers: float) -> Protocol:
    rule = liver.remnant_rule
    assert rule is not None
    changes: dict[str, Any] = {"in_force": name}
    if numbers:
        changes[name] = getattr(rule, name).model_copy(update=numbers)
    return liver.model_copy(update={"remnant_rule": rule.model_copy(update=changes)})


def run(protocol: Protocol, case: Any, flat_dvh: Any, **doses: Any) -> Evaluation:
    """Give every structure 0 to 4 Gy, the target its dose, and some what they are given."""
    own = {name.replace("__", " - "): dvh for name, dvh in doses.items()}

    def dvh_for(tree: Any) -> Any:
        name = fold(tree, lambda s: s.name, lambda sign, a, b: f"{a} {sign} {b}")
        target = flat_dvh(50.0, 65.0, 100.0) if name in ("PTV", "GTV") else None
        return own.get(name) or target or flat_dvh(0.0, 4.0)

    return evaluate(protocol, case, dvh_for=dvh_for)


def rows(done: Evaluation) -> dict[str, ConstraintResult]:
    return {r.id: r for r in done.results}


def remnant(flat_dvh: Any, volume_cc: float = 526.0, high_gy: float = 20.0) -> Any:
    return flat_dvh(0.0, high_gy, volume_cc)


def test_a_small_liver_is_not_evaluable_under_the_rule_in_force(
    liver: Protocol, make_case: Any, flat_dvh: Any
) -> None:
    done = run(liver, make_case(ORGANS), flat_dvh, Liver__GTV=remnant(flat_dvh))
    row = rows(done)["LIV5_DC700"]
    assert (row.verdict, row.counts, row.reason.code) == (NE, True, ReasonCode.SMALLER_THAN_ASKED)
    assert "remnant rule in force: below 700 cc: volume limits are not" in row.reason.detail
    (told,) = (f for f in done.findings if f.code == "LIVER_REMNANT")
    assert "Liver-GTV has 526 cc, less than the 700 cc" in told.message
    assert done.verdict is NE


@pytest.mark.parametrize(
    ("rule", "numbers", "volume_cc", "high_gy", "value", "verdict"),
    [
        # below 15 of 20 Gy: three quarters of the liver
        ("minimum_spared_volume", {}, 526, 20, 394.5, MAJOR),
        ("minimum_spared_volume", {"volume_cc": 394.0}, 526, 20, 394.5, PP),
        ("minimum_spared_volume", {"dose_gy": 10.0, "volume_cc": 263.0}, 526, 20, 263.0, PP),
        ("share_of_liver", {}, 526, 20, 75.0, PP),
        ("share_of_liver", {}, 300, 20, 75.0, PP),
        ("share_of_liver", {"percent": 76.0}, 526, 20, 75.0, MAJOR),
        ("minimum_volume_to_enter", {"volume_cc": 526.1}, 526, 20, 526.0, MAJOR),
        ("minimum_volume_to_enter", {"volume_cc": 500.0}, 526, 20, 526.0, PP),
    ],
)
def test_a_small_liver_under_each_rule(
    liver: Protocol,
    make_case: Any,
    flat_dvh: Any,
    rule: str,
    numbers: dict[str, float],
    volume_cc: float,
    high_gy: float,
    value: float,
    verdict: Verdict,
) -> None:
    protocol = with_rule(liver, rule, **numbers)
    dvh = remnant(flat_dvh, volume_cc, high_gy)
    done = run(protocol, make_case(ORGANS), flat_dvh, Liver__GTV=dvh)
    row = rows(done)["LIVER_REMNANT"]
    assert row.value == pytest.approx(value, abs=0.01)
    assert (row.verdict, row.counts, row.priority) == (verdict, True, 1)
    volume_limit = rows(done)["LIV5_DC700"]
    asks_entry = rule == "minimum_volume_to_enter"
    assert (volume_limit.verdict, volume_limit.counts) == (NE, asks_entry)
    assert asks_entry or "the remnant rule takes its place" in volume_limit.note


@pytest.mark.parametrize("rule", ["minimum_spared_volume", "share_of_liver"])
def test_a_liver_that_is_large_enough_has_its_volume_limits(
    liver: Protocol, make_case: Any, flat_dvh: Any, rule: str
) -> None:
    protocol = with_rule(liver, rule)
    done = run(protocol, make_case(ORGANS), flat_dvh, Liver__GTV=remnant(flat_dvh, 701.0))
    assert "LIVER_REMNANT" not in rows(done)
    assert rows(done)["LIV5_DC700"].value is not None
    assert not [f for f in done.findings if f.code == "LIVER_REMNANT"]


def test_the_volume_to_enter_asks_every_liver(
    liver: Protocol, make_case: Any, flat_dvh: Any
) -> None:
    protocol = with_rule(liver, "minimum_volume_to_enter")
    done = run(protocol, make_case(ORGANS), flat_dvh, Liver__GTV=remnant(flat_dvh, 999.0))
    assert rows(done)["LIVER_REMNANT"].verdict is MAJOR
    assert done.verdict is MAJOR


@pytest.mark.parametrize(
    ("rule", "total_gy", "mean_gy", "name", "verdict"),
    [
        ("rtog_1112_ladder", 50.0, 13.0, "LIV5_MEAN_50", PP),
        ("rtog_1112_ladder", 50.0, 14.0, "LIV5_MEAN_50", MAJOR),
        ("rtog_1112_ladder", 45.0, 14.0, "LIV5_MEAN_45", PP),
        ("rtog_1112_ladder", 27.5, 16.9, "LIV5_MEAN_27P5", PP),
        ("uk_2022_bound", 50.0, 14.0, "LIV5_MEAN_UK", MINOR),
        ("uk_2022_bound", 45.0, 14.0, "LIV5_MEAN_UK", MINOR),
        ("uk_2022_bound", 27.5, 15.3, "LIV5_MEAN_UK", MAJOR),
    ],
)
def test_only_the_liver_rule_in_force_is_evaluated(
    liver: Protocol,
    make_case: Any,
    flat_dvh: Any,
    rule: str,
    total_gy: float,
    mean_gy: float,
    name: str,
    verdict: Verdict,
) -> None:
    protocol = liver.model_copy(update={"liver_rule": rule})
    case = make_case(ORGANS, prescription_gy=total_gy)
    done = run(protocol, case, flat_dvh, Liver__GTV=flat_dvh(0.0, 2 * mean_gy, 2000.0))
    means = {i: r for i, r in rows(done).items() if i.startswith("LIV5_MEAN")}
    assert list(means) == [name]
    assert means[name].verdict is verdict


def test_a_kidney_is_held_where_the_other_has_too_much(
    liver: Protocol, make_case: Any, flat_dvh: Any
) -> None:
    """Right kidney: mean 12 Gy. The left one, of 0 to 12.5 Gy, has a fifth above 10 Gy."""
    dvhs = {"Kidney_R": flat_dvh(0, 24.0, 150.0), "Kidney_L": flat_dvh(0, 12.5, 150.0)}
    found = rows(run(liver, make_case(ORGANS), flat_dvh, **dvhs))
    assert "KID5_V10_R" not in found
    assert found["KID5_V10_L"].value == pytest.approx(20.0)
    assert found["KID5_V10_L"].verdict is MINOR
    spared = rows(run(liver, make_case(ORGANS), flat_dvh, Kidney_L=flat_dvh(0, 12.5, 150.0)))
    assert not {"KID5_V10_R", "KID5_V10_L", "KID5_SINGLE"} & spared.keys()


def test_a_single_kidney_is_said_and_held(liver: Protocol, make_case: Any, flat_dvh: Any) -> None:
    case = make_case([n for n in ORGANS if n != "Kidney_R"])

    def hot_elsewhere(tree: Any) -> Any:
        name = fold(tree, lambda s: s.name, lambda sign, a, b: f"{a} {sign} {b}")
        return flat_dvh(0.0, 60.0, 5000.0) if "External" in name else flat_dvh(0.0, 4.0)

    alone = evaluate(liver, case, dvh_for=hot_elsewhere)
    assert rows(alone)["KID5_MEAN"].verdict is NE
    nowhere_above_4_gy = run(liver, case, flat_dvh)
    assert rows(nowhere_above_4_gy)["KID5_MEAN"].wherever

    def dvh_for(tree: Any) -> Any:
        return flat_dvh(0.0, 12.5)

    said = evaluate(liver, case, dvh_for=dvh_for, mapping={"Kidney_L": "Kidney_Single"})
    assert rows(said)["KID5_SINGLE"].value == pytest.approx(20.0)
    assert rows(said)["KID5_MEAN"].value == pytest.approx(6.25)


def test_the_undivided_bowel_stands_for_both_parts(
    liver: Protocol, make_case: Any, flat_dvh: Any
) -> None:
    case = make_case([*(n for n in ORGANS if not n.startswith("Bowel")), "Bowel"])
    found = rows(run(liver, case, flat_dvh, Bowel=flat_dvh(0.0, 31.0, 1000.0)))
    assert found["SBW5_D05"].match.plan_names == ("Bowel",)
    assert "no Bowel_Small in the plan" in found["SBW5_D05"].match.rule
    assert (found["SBW5_D05"].verdict, found["LBW5_D05"].verdict) == (MAJOR, PP)


@pytest.mark.parametrize("name", ["HepatobiliaryTract", "Anastomosis", "Stent_Biliary"])
def test_what_few_patients_have_is_asked_where_it_is_drawn(
    liver: Protocol, make_case: Any, flat_dvh: Any, name: str
) -> None:
    without = run(liver, make_case(ORGANS), flat_dvh)
    assert name not in {r.structure for r in without.results}
    there = [
        r for r in run(liver, make_case([*ORGANS, name]), flat_dvh).results if r.structure == name
    ]
    assert there
    assert {(r.counts, r.value is None) for r in there} == {(False, False)}


# What is made by a margin


def cylinder(radius_mm: float, number: int = 7, name: str = "SpinalCord") -> Structure:
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    circle = radius_mm * np.column_stack([np.cos(angle), np.sin(angle)])
    return Structure(number, name, tuple(Contour(z, circle) for z in np.arange(-45.0, 46.0, 3.0)))


def test_a_margin_around_a_cylinder() -> None:
    """Radius 6 and 5 mm: a cylinder of radius 11 mm; its ends are right to half a slice each."""
    made = grown_structure(cylinder(6.0), 5.0)
    assert isinstance(made, Structure)
    assert made.is_made
    assert not cylinder(6.0).is_made
    middle = [c for c in made.contours if abs(c.z_mm) < 40]
    radii = np.concatenate([np.hypot(*c.xy_mm.T) for c in middle])
    assert radii == pytest.approx(np.full(radii.size, 11.0), abs=0.1)
    grown_cc = volume_cc(region_of(made))
    assert grown_cc == pytest.approx(np.pi * 11**2 * (93 + 10) / 1000, rel=0.04)


def test_the_prv_of_the_cord_is_made_and_said(liver: Protocol) -> None:
    found = Matcher(liver, StructureSet((cylinder(6.0),)), {}).find("SpinalCord_PRV05")
    assert isinstance(found, Matched)
    assert found.match.plan_names == ("SpinalCord",)
    assert found.match.rule == "made here: SpinalCord + 5 mm (no SpinalCord_PRV05 drawn)"
    assert isinstance(found.tree, Leaf)
    assert found.tree.value.is_made
    drawn = StructureSet((cylinder(6.0), cylinder(11.0, 8, "SpinalCord_PRV05")))
    own = Matcher(liver, drawn, {}).find("SpinalCord_PRV05")
    assert isinstance(own, Matched)
    assert own.match.rule == "exact name"


def test_the_first_version_makes_no_prv() -> None:
    old = load_protocol("liver_sbrt@0.1")
    found = Matcher(old, StructureSet((cylinder(6.0),)), {}).find("SpinalCord_PRV05")
    assert not isinstance(found, Matched)
