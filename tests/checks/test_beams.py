"""Beams: completeness, kinds, isocentres, control points and openings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sbrt_qa.i18n.words import Words
from sbrt_qa.model.case import Case
from sbrt_qa.model.opening import Opening
from sbrt_qa.model.plan import ControlPoint, FractionGroup, Modifier, PatientSetup

from .cases import (
    BODY,
    CTV,
    LIVER_ORGAN,
    NOTHING,
    PTV,
    beam,
    case,
    outcomes,
    plan,
    told,
    with_beams,
)

SLIT = Opening(36.0, 6.0, 6.0)
WIDE = Opening(1600.0, 40.0, 40.0)


def points(*weights: float, opening: Opening = WIDE, angles: tuple[float, ...] = ()) -> tuple:
    turns = angles or (0.0,) * len(weights)
    return tuple(ControlPoint(w, a, opening=opening) for w, a in zip(weights, turns, strict=True))


def at(*positions: tuple[float, float, float]) -> Case:
    return with_beams(*(beam(i, isocentres_mm=(p,)) for i, p in enumerate(positions, start=1)))


def one(**changes: object) -> Case:
    """Two beams, the second changed."""
    return with_beams(beam(1), beam(2, **changes))


def stating(number: int) -> Case:
    """Two beams in a fraction group that states a number of them."""
    return case(plan=plan(fraction_groups=(FractionGroup(1, 5, (1, 2), beams_stated=number),)))


IMAGING = beam(9, delivery_type="SETUP", meterset=None)
NO_PLAN = case(plan=NOTHING)
NO_BEAMS = case(plan=plan(beams=(), fraction_groups=()))
TABLE = [
    ("METERSET", case(), "pass"),
    ("METERSET", one(meterset=0.0), "find"),
    ("METERSET", one(meterset=None), "find"),
    ("METERSET", one(in_fraction_group=False), "find"),
    ("METERSET", case(plan=plan(fraction_groups=(FractionGroup(1, 5, (1, 2, 3)),))), "find"),
    ("METERSET", stating(2), "pass"),
    ("METERSET", stating(7), "find"),
    ("METERSET", NO_BEAMS, "nothing"),
    ("BEAM_ENERGY", case(), "pass"),
    ("BEAM_ENERGY", one(nominal_energies=(15.0,)), "find"),
    ("BEAM_ENERGY", one(radiation_type="ELECTRON"), "find"),
    ("BEAM_ENERGY", one(radiation_type="PROTON", nominal_energies=(70.0, 180.0)), "find"),
    ("BEAM_ENERGY", one(nominal_energies=()), "find"),
    ("BEAM_ENERGY", with_beams(beam(1, nominal_energies=())), "untold"),
    ("BEAM_ENERGY", NO_BEAMS, "nothing"),
    ("FLUENCE_MODE_MIXED", case(), "pass"),
    ("FLUENCE_MODE_MIXED", one(fluence_mode=""), "find"),
    ("FLUENCE_MODE_MIXED", one(fluence_mode="", nominal_energies=(10.0,)), "pass"),
    ("FLUENCE_MODE_MIXED", NO_PLAN, "nothing"),
    ("MACHINES", case(), "pass"),
    ("MACHINES", one(machine="OTHER"), "find"),
    ("MACHINES", with_beams(beam(1, machine="")), "find"),
    ("MACHINES", NO_BEAMS, "nothing"),
    ("SETUP_BEAMS", case(), "nothing"),
    ("SETUP_BEAMS", case(plan=plan(setup_beams=(IMAGING,))), "pass"),
    ("SETUP_BEAMS", case(plan=plan(setup_beams=(replace(IMAGING, meterset=2.0),))), "find"),
    ("BEAM_MODIFIERS", case(), "pass"),
    ("BEAM_MODIFIERS", one(modifiers=(Modifier("wedge", 1),)), "find"),
    ("BEAM_MODIFIERS", NO_BEAMS, "nothing"),
    ("BREATHING", case(), "pass"),
    ("BREATHING", case(plan=plan(setups=(PatientSetup("HFS"),))), "find"),
    ("BREATHING", NO_PLAN, "nothing"),
    ("TECHNIQUE_MIXED", case(), "pass"),
    ("TECHNIQUE_MIXED", one(beam_type="DYNAMIC"), "find"),
    ("TECHNIQUE_MIXED", NO_BEAMS, "nothing"),
    ("TOLERANCE_TABLES", case(), "nothing"),
    ("TOLERANCE_TABLES", one(tolerance_table="SBRT"), "find"),
    ("TOLERANCE_TABLES", with_beams(beam(1, tolerance_table="SBRT")), "pass"),
    ("PLAN_IS_ION", case(), "nothing"),
    ("PLAN_IS_ION", case(plan=plan(is_ion=True)), "find"),
    ("MU_PER_GY", case(), "pass"),
    ("MU_PER_GY", with_beams(beam(1, meterset=100.0)), "find"),
    ("MU_PER_GY", with_beams(beam(1, meterset=9000.0)), "find"),
    ("MU_PER_GY", one(meterset=None), "nothing"),
    ("ISOCENTRE_COUNT", case(), "pass"),
    ("ISOCENTRE_COUNT", at((-45, 0, 0), (-45, 0, 0.5)), "pass"),
    ("ISOCENTRE_COUNT", at((-45, 0, 0), (-45, 0, 2)), "find"),
    ("ISOCENTRE_COUNT", one(isocentres_mm=((-45.0, 0.0, 0.0), (-45.0, 0.0, 80.0))), "pass"),
    ("ISOCENTRE_COUNT", one(isocentres_mm=()), "find"),
    ("ISOCENTRE_COUNT", with_beams(beam(1, isocentres_mm=())), "untold"),
    ("ISOCENTRE_COUNT", NO_BEAMS, "nothing"),
    ("ISOCENTRE_FAR", at((50, 0, 0)), "pass"),
    ("ISOCENTRE_FAR", at((60, 0, 0)), "find"),
    ("ISOCENTRE_FAR", case(BODY), "nothing"),
    ("ISOCENTRE_OUTSIDE", at((99, 59, 59)), "pass"),
    ("ISOCENTRE_OUTSIDE", at((99, 61, 0)), "find"),
    ("ISOCENTRE_OUTSIDE", case(PTV), "nothing"),
    ("OTHER_SIDE", case(), "nothing"),
    ("CONTROL_POINTS", case(), "pass"),
    ("CONTROL_POINTS", one(points=points(0.0, 0.5, 1.0)), "pass"),
    ("CONTROL_POINTS", one(points=points(0.0, 0.6, 0.5, 1.0)), "find"),
    ("CONTROL_POINTS", one(points=points(0.1, 1.0)), "find"),
    ("CONTROL_POINTS", one(points=points(0.0, 0.9)), "find"),
    ("CONTROL_POINTS", one(points=points(0.0)), "find"),
    ("CONTROL_POINTS", one(points=points(0, 0.5, 1, angles=(350, 2, 14))), "pass"),
    ("CONTROL_POINTS", one(points=points(0, 0.5, 1, angles=(350, 2, 60))), "find"),
    ("CONTROL_POINTS", with_beams(beam(1, points=())), "nothing"),
    ("FIELD_SMALL", case(), "pass"),
    ("FIELD_SMALL", one(points=points(0.0, 1.0, opening=SLIT)), "find"),
    ("FIELD_SMALL", with_beams(beam(1, points=(ControlPoint(0.0), ControlPoint(1.0)))), "nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "tried", "word"), TABLE, ids=[f"{c}-{w}" for c, _, w in TABLE])
def test_what_each_check_says(code: str, tried: Case, word: str) -> None:
    assert told(code, tried) == word


def lateral(gantry: float, position: str = "HFS", couch: float = 0.0) -> Case:
    """A target 75 mm to the left, and a beam from somewhere."""
    left = replace(
        PTV, contours=tuple(replace(c, xy_mm=c.xy_mm + np.array([120, 0])) for c in PTV.contours)
    )
    one_beam = beam(1, gantry_deg=(gantry,), couch_deg=(couch,), points=points(0.0, 1.0))
    one_beam = replace(
        one_beam, points=tuple(replace(p, gantry_deg=gantry) for p in one_beam.points)
    )
    made = plan(one_beam, patient_position=position)
    return case(BODY, left, CTV, LIVER_ORGAN, plan=made)


@pytest.mark.parametrize(
    ("tried", "word"),
    [
        (lateral(90), "pass"),
        (lateral(270), "find"),
        (lateral(180), "pass"),
        (lateral(340), "pass"),
        (lateral(270, position="FFS"), "pass"),
        (lateral(90, position="FFS"), "find"),
        (lateral(270, position="HFP"), "pass"),
        (lateral(90, position="FFP"), "pass"),
        (lateral(270, position="HFDL"), "nothing"),
        (lateral(270, couch=45), "pass"),
    ],
)
def test_a_beam_through_the_other_side_is_told(tried: Case, word: str) -> None:
    assert told("OTHER_SIDE", tried) == word


def test_small_openings_count_by_their_meterset() -> None:
    """A tenth of the meterset through a slit is usual, a third is not."""
    little = (*points(0.0, 0.9), ControlPoint(1.0))
    little = (little[0], replace(little[1], opening=SLIT), little[2])
    much = tuple(replace(p, weight=w) for p, w in zip(little, (0.0, 0.7, 1.0), strict=True))
    assert told("FIELD_SMALL", with_beams(beam(1, points=little))) == "pass"
    (found,) = outcomes("FIELD_SMALL", with_beams(beam(1, points=much)))
    assert "30 % of its meterset" in found.message


def test_machines_may_be_those_of_a_list() -> None:
    assert told("MACHINES", case(), allowed=("LINAC", "OTHER")) == "pass"
    assert told("MACHINES", case(), allowed=("OTHER",)) == "find"


def test_ions_may_be_allowed() -> None:
    assert told("PLAN_IS_ION", case(plan=plan(is_ion=True)), allowed=True) == "nothing"


def test_an_energy_is_told_in_words_that_can_be_read():
    found = next(iter(outcomes("BEAM_ENERGY", one(nominal_energies=(15.0,)))))
    assert found.message == "it treats with 15 MV FFF photons"
    assert found.expected == "6 to 10 MV photons"
    words = Words("zh")
    assert words.value(found.message) == "采用 15 MV FFF 光子治疗"
    assert words.value(found.expected) == "6 至 10 MV 光子"
