"""The liver protocol against its second reading, row by row; the other tables by the same rule."""

from __future__ import annotations

from typing import Any

import pytest

from sbrt_qa.protocol.bounds import PROPOSAL, READ
from sbrt_qa.protocol.definition import Constraint, Protocol
from sbrt_qa.protocol.protocol_files import library, load_protocol
from sbrt_qa.protocol.unread import unread_numbers, warnings

NEWEST = [stem for stem in library() if "@" not in stem]

UK3 = {
    "STO3_D01": 22.2, "STO3_D10": 16.5, "DUO3_D01": 22.2, "DUO3_D10": 11.4, "SBW3_D01": 25.2,
    "SBW3_D5": 17.7, "LBW3_D01": 28.2, "ESO3_D01": 25.2, "GRV3_D01": 45.0, "CRD3_MAX": 20.3,
}  # fmt: skip
MANDATORY = {**UK3, "CRD5_MAX": 25.3, "GRV5_D01": 53.0, "LBW5_D01": 38.0, "ESO5_D01": 35.0}
"""UK mandatory limits without an optimal one: per protocol up to them, no minor band."""

OPTIMAL = {
    "LIV5_DC700": 15.0, "LIV5_V10": 70, "STO5_D10": 25.0, "STO5_D50": 12.0, "DUO5_D10": 25.0,
    "SBW5_D10": 25.0, "CBD5_D01": 50.0, "CBD3_D01": 50.0, "CHW5_D01": 43.0, "CHW3_D01": 36.9,
    "SKN5_D10": 36.5, "SKN3_D10": 30.0,
}  # fmt: skip
"""UK optimal limits without a mandatory one: never worse than minor."""

BOTH = {
    "STO5_D01": (33.0, 35.0), "DUO5_D01": (33.0, 35.0), "SBW5_D01": (30.0, 35.0),
    "HRT5_D01": (29.0, 38.0), "HRT3_D01": (26.0, 30.0), "LIV3_MEAN": (13.0, 15.0),
    "LIV3_DC700": (15.0, 17.0), "LIV5_MEAN_UK": (13.0, 15.2), "LNG5_V20": (10, 15),
    "KID5_V10_L": (10, 45), "KID5_V10_R": (10, 45), "KID5_SINGLE": (10, 45),
}  # fmt: skip
"""UK optimal and mandatory limits."""

LADDER = {"50": 13.0, "45": 15.0, "40": 15.0, "35": 15.5, "30": 16.0, "27P5": 17.0}

SINGLE = {
    "CRD5_D035": ("TIM22", "SpinalCord", "D0.35cc[Gy]", 22.0),
    "CRD3_D035": ("TIM22", "SpinalCord", "D0.35cc[Gy]", 15.9),
    "CRD5_D12": ("TG101", "SpinalCord", "D1.2cc[Gy]", 14.5),
    "CRD3_D12": ("TG101", "SpinalCord", "D1.2cc[Gy]", 12.3),
    "PRV5_D05": ("R1112", "SpinalCord_PRV05", "D0.5cc[Gy]", 25.0),
    "STO5_D05": ("EVIQ", "Stomach", "D0.5cc[Gy]", 30.0),
    "DUO5_D05": ("EVIQ", "Duodenum", "D0.5cc[Gy]", 30.0),
    "ESO5_D5": ("TG101", "Esophagus", "D5cc[Gy]", 19.5),
    "LBW5_D20": ("TG101", "Bowel_Large", "D20cc[Gy]", 25.0),
    "LIV5_DC700TG": ("TG101", "Liver-GTV", "DC700cc[Gy]", 21.0),
    "STO5_D10TG": ("TG101", "Stomach", "D10cc[Gy]", 18.0),
    "DUO5_D5": ("TG101", "Duodenum", "D5cc[Gy]", 18.0),
    "DUO5_D10TG": ("TG101", "Duodenum", "D10cc[Gy]", 12.5),
    "SBW5_D5": ("TG101", "Bowel_Small", "D5cc[Gy]", 19.5),
    "SKN5_D05": ("R1112", "Skin", "D0.5cc[Gy]", 32.0),
    "CHW5_D05": ("R1112", "Chestwall", "D0.5cc[Gy]", 50.0),
    "CBD5_D05": ("R1112", "BileDuct_Common", "D0.5cc[Gy]", 50.0),
    "GBL3_D05": ("PROP", "Gallbladder", "D0.5cc[Gy]", 43.8),
    "HBT5_V72": ("OSM15", "HepatobiliaryTract", "VBED10_72Gy[cc]", 21),
    "HBT5_V66": ("OSM15", "HepatobiliaryTract", "VBED10_66Gy[cc]", 24),
    "HBT3_V40": ("TOE17", "HepatobiliaryTract", "VBED10_40Gy[cc]", 37),
    "HBT3_V30": ("TOE17", "HepatobiliaryTract", "VBED10_30Gy[cc]", 45),
}
"""Limits of one bound of one publication."""


@pytest.fixture(scope="module")
def limits(liver: Protocol) -> dict[str, Constraint]:
    return {c.id: c for c in liver.all_constraints}


def has_band(c: Constraint) -> bool:
    return c.minor is not None and c.minor != c.per_protocol


@pytest.mark.parametrize("name", MANDATORY)
def test_a_mandatory_limit_alone_has_no_minor_band(
    limits: dict[str, Constraint], name: str
) -> None:
    c = limits[name]
    assert (c.per_protocol, c.minor, c.beyond) == (MANDATORY[name], None, "major")
    origin = c.origin("per_protocol")
    assert (origin.source, origin.published_as) == ("UK22", "mandatory")


@pytest.mark.parametrize("name", OPTIMAL)
def test_an_optimal_limit_alone_is_never_major(limits: dict[str, Constraint], name: str) -> None:
    c = limits[name]
    assert (c.per_protocol, c.minor, c.beyond) == (OPTIMAL[name], None, "minor")
    assert c.origin("per_protocol").published_as == "optimal"


@pytest.mark.parametrize("name", BOTH)
def test_optimal_is_per_protocol_and_mandatory_bounds_minor(
    limits: dict[str, Constraint], name: str
) -> None:
    c = limits[name]
    assert (c.per_protocol, c.minor, c.beyond) == (*BOTH[name], "major")
    first, second = c.origin("per_protocol"), c.origin("minor")
    assert (first.source, second.source) == ("UK22", "UK22")
    assert (first.published_as, second.published_as) == ("optimal", "mandatory")


@pytest.mark.parametrize("level", LADDER)
def test_the_ladder_steps_down_without_a_minor_band(
    limits: dict[str, Constraint], level: str
) -> None:
    c = limits[f"LIV5_MEAN_{level}"]
    assert (c.per_protocol, c.minor, c.beyond) == (LADDER[level], None, "major")
    assert (c.liver_rule, c.source, c.confidence) == ("rtog_1112_ladder", ("R1112",), "memory")
    assert c.when == f"prescription_gy == {level.replace('P', '.')}"


@pytest.mark.parametrize("name", SINGLE)
def test_limits_of_one_bound(limits: dict[str, Constraint], name: str) -> None:
    c = limits[name]
    assert (c.source[0], c.structure, c.metric, c.per_protocol) == SINGLE[name]
    assert not has_band(c)


def test_the_rows_that_are_about_grades(liver: Protocol, limits: dict[str, Constraint]) -> None:
    assert limits["TGT_DMAX_HI"].beyond == "minor"
    assert (limits["GRV5_D01"].structure, limits["GRV5_D01"].otherwise) == ("A_Aorta", "GreatVes")
    assert (limits["IVC5_D01"].beyond, limits["IVC5_D01"].priority) == ("minor", 3)
    cord = [c for c in limits.values() if c.structure in ("SpinalCord", "SpinalCord_PRV05")]
    assert {(has_band(c), c.beyond) for c in cord} == {(False, "major")}
    assert all(c.priority == 4 for n, c in limits.items() if n.startswith("HBT"))
    assert limits["STO5_D05"].confidence == limits["DUO5_D05"].confidence == "quoted"
    assert {p.selection for p in liver.prescriptions} == {""}
    assert 27.5 in {p.total_gy for p in liver.prescriptions}
    names = {s.name: s for s in liver.structures}
    assert names["SpinalCord_PRV05"].derive_margin.margin_mm == 5
    for optional in ("Anastomosis", "Stent_Biliary", "HepatobiliaryTract", "Kidney_Single"):
        assert names[optional].is_optional
    bowel = [c for c in limits.values() if c.structure in ("Bowel_Small", "Bowel_Large")]
    assert {c.otherwise for c in bowel} == {"Bowel"}


def test_the_gallbladder_has_the_same_effect_in_three_fractions(
    limits: dict[str, Constraint],
) -> None:
    """BED3 of 55 Gy in 5: 55 (1 + 11/3) = 256.67; of 43.8 Gy in 3: 43.8 (1 + 14.6/3) = 256.96."""
    dose = limits["GBL3_D05"].per_protocol
    assert dose * (1 + dose / 3 / 3) == pytest.approx(55 * (1 + 11 / 3), rel=2e-3)


@pytest.mark.parametrize("name", NEWEST)
def test_both_bounds_are_of_one_publication_or_marked(name: str) -> None:
    protocol = load_protocol(name)
    for c in (*protocol.all_constraints, *protocol.conformity):
        if c.op == "report":
            continue
        first = c.origin("per_protocol")
        table = bool(getattr(c, "table", ()))
        assert c.bounds.per_protocol is not None, c.id
        if (c.minor is not None and c.minor != c.per_protocol) or table:
            second = c.origin("minor")
            assert second.source == first.source or second.confidence == PROPOSAL, c.id
        if c.metric.startswith("D") and c.metric[1].isdigit() and first.confidence != PROPOSAL:
            wanted = not c.id.startswith(("TGT_", "CON_"))
            assert bool(first.published_volume) or not wanted, c.id


@pytest.mark.parametrize("name", NEWEST)
def test_nothing_is_called_verified_or_read_that_was_not(name: str) -> None:
    protocol = load_protocol(name)
    terms = {c.confidence for c in (*protocol.all_constraints, *protocol.conformity)}
    assert not any("verified" in term for term in (*terms, *protocol.confidence_terms))
    assert not terms & set(READ)
    assert unread_numbers(protocol)


@pytest.mark.parametrize("name", NEWEST)
def test_the_library_has_no_warning_but_that_it_is_a_draft(name: str) -> None:
    told: Any = warnings(load_protocol(name))
    assert told == ("approved_by is empty: every output says that these are draft limits",)


def test_a_file_of_the_first_version_is_read_with_warnings() -> None:
    old = load_protocol("liver_sbrt@0.1")
    told = warnings(old)
    assert any(line.startswith("CRD5_MAX: bounds of several authors") for line in told)
    assert any("published_volume" in line for line in told)
    assert any("selection" in line for line in told)
    assert old.content_hash.startswith("171f2cfcfc2b")  # as results of its time state it
