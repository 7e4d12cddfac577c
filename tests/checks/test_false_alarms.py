"""Alarms that real exports got and that were wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sbrt_qa.checks.isocentres import is_non_isocentric
from sbrt_qa.model.case import Case
from sbrt_qa.model.energy import energy_texts
from sbrt_qa.model.outcome import Severity
from sbrt_qa.model.plan import BeamKind, FractionGroup

from .cases import beam, case, outcomes, plan, severity_of, told, with_beams
from .test_prescription import LOW

NODES = tuple(
    beam(n, isocentres_mm=((-45.0 + 0.13 * n, 0.11 * n, 1.7 * (n % 5)),)) for n in range(1, 61)
)


def test_case_125__nodes_have_no_isocentre_to_count() -> None:
    (found,) = outcomes("ISOCENTRE_COUNT", with_beams(*NODES))
    assert severity_of("ISOCENTRE_COUNT", found) is Severity.INFO
    assert "non-isocentric delivery: 60 beams" in found.message
    assert len(outcomes("ISOCENTRE_FAR", with_beams(*NODES))) == 1


def test_several_isocentres_of_several_beams_each_are_still_counted() -> None:
    four = tuple(beam(n, isocentres_mm=((-45.0, 0.0, 20.0 * (n % 4)),)) for n in range(1, 21))
    assert not is_non_isocentric(four)
    assert told("ISOCENTRE_COUNT", with_beams(*four)) == "find"


def test_case_125__an_energy_of_0_is_none() -> None:
    assert energy_texts([beam(1, nominal_energies=(0.0,))]) == ()
    assert energy_texts([beam(1, nominal_energies=(0.0, 6.0))]) == ("6 MV FFF",)
    assert told("BEAM_ENERGY", with_beams(beam(1, nominal_energies=(0.0,)))) == "untold"
    assert told("FLUENCE_MODE_MIXED", with_beams(beam(1, nominal_energies=(0.0,)))) == "nothing"


@pytest.mark.parametrize("kind", ["PROTON", "ION", "ELECTRON", "NEUTRON"])
def test_case_155__particles_are_not_held_against_mu_per_gy(kind: str) -> None:
    assert told("MU_PER_GY", with_beams(beam(1, radiation_type=kind, meterset=9e6))) == "nothing"
    assert told("MU_PER_GY", with_beams(beam(1, meterset=9e6), is_ion=True)) == "nothing"


def others(*beams: object) -> Case:
    return case(plan=replace(plan(), setup_beams=beams))


def test_case_147__a_field_taken_for_another_is_information_with_the_reason() -> None:
    field = beam(
        9, name="CBCT", meterset=None, kind=BeamKind.IMAGING, why="its name, and no meterset"
    )
    (found,) = outcomes("SETUP_BEAMS", others(replace(field, name="CBCT")))
    assert severity_of("SETUP_BEAMS", found) is Severity.INFO
    assert "imaging field: its name" in found.message
    assert told("METERSET", others(field)) == "pass"


def test_a_setup_field_that_would_deliver_much_is_minor() -> None:
    wrong = beam(9, delivery_type="SETUP", meterset=200.0, kind=BeamKind.SETUP, why="x")
    (found,) = outcomes("SETUP_BEAMS", others(wrong))
    assert severity_of("SETUP_BEAMS", found) is Severity.MINOR
    (small,) = outcomes("SETUP_BEAMS", others(replace(wrong, meterset=2.0)))
    assert severity_of("SETUP_BEAMS", small) is Severity.INFO


def test_a_plan_without_fraction_groups_cannot_be_told() -> None:
    bare = tuple(beam(n, in_fraction_group=False, meterset=None) for n in (1, 2))
    (found,) = outcomes("METERSET", case(plan=plan(*bare, fraction_groups=())))
    assert type(found).__name__ == "Untold"


def test_a_meterset_that_one_of_two_groups_leaves_out_is_found() -> None:
    groups = (FractionGroup(1, 5, (1,)), FractionGroup(2, 5, (1,)))
    tried = case(plan=plan(beam(1, unstated_groups=(2,)), fraction_groups=groups))
    (found,) = outcomes("METERSET", tried)
    assert "fraction group 2 refers to it without a meterset" in found.message


def test_case_153__coverage_is_given_up_for_no_organ_that_was_not_judged() -> None:
    (found,) = outcomes("OAR_DRIVEN", case(), results=(LOW,))
    assert type(found).__name__ == "Untold"
    assert "no limit of an organ was judged" in found.message
