"""What a beam is follows from type, energy, opening, meterset, dose and name together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sbrt_qa.model.beam_kind import told_apart
from sbrt_qa.model.opening import SHUT, Opening
from sbrt_qa.model.plan import Beam, BeamKind, ControlPoint, Modifier

OPEN, WIDE = Opening(1600.0, 40.0, 40.0), Opening(22500.0, 150.0, 150.0)
STILL = (ControlPoint(0.0, 0.0, opening=OPEN), ControlPoint(1.0))
FIELD = (ControlPoint(0.0, 0.0, opening=WIDE), ControlPoint(1.0))
SEGMENTS = (
    ControlPoint(0.0, opening=OPEN),
    ControlPoint(0.5, opening=Opening(900.0, 30.0, 30.0)),
    ControlPoint(1.0, opening=OPEN),
)
NO_WEIGHT = (ControlPoint(0.0, opening=OPEN), ControlPoint(0.0, opening=OPEN))
CLOSED = (ControlPoint(0.0, opening=SHUT), ControlPoint(1.0, opening=SHUT))


def beam(name: str = "1-1 RAO", **changes: Any) -> Beam:
    """Return a beam of 200 MU that states no dose."""
    made = Beam(
        1, name, "PHOTON", "TREATMENT", "STATIC", "LINAC", (6.0,), gantry_deg=(0.0,),
        control_points=2, meterset=200.0, meterset_unit="MU", final_weight=1.0, points=STILL,
    )  # fmt: skip
    return replace(made, **changes)


def lost(name: str = "1-1 RAO", **changes: Any) -> Beam:
    """Return a beam without a meterset."""
    return beam(name, **{"meterset": None, "points": FIELD, **changes})


def taken(one: Beam, *others: Beam) -> BeamKind:
    first, *_ = told_apart((one, *(others or (beam("1-2 LAO"),))))
    assert first.why
    return first.kind


TREATMENT = {
    "with a meterset": beam(),
    "lost its meterset": lost(),
    "lost it, no name": lost(""),
    "in no fraction group": beam(in_fraction_group=False, meterset=None),
    "a meterset of 0": beam(meterset=0.0),
    "named for setup, but it delivers": beam("AP SETUP"),
    "named for setup, but it states a dose": lost("CBCT", dose_gy=2.0),
    "named for setup, but modulated": lost("Setup", points=SEGMENTS),
    "named for setup, but wedged": lost("Setup", modifiers=(Modifier("wedge", 1),)),
    "a word within a word": lost("1-1 LOCUM imagery"),
    "a name that only looks like one": lost("PORTA HEPATIS"),
    "an arc with a first point of no weight": beam(
        points=(ControlPoint(0.0), ControlPoint(0.0), ControlPoint(1.0))
    ),
    "no delivery type": beam(delivery_type=""),
    "an electron beam": beam(radiation_type="ELECTRON", nominal_energies=(9.0,)),
    "a dose, though it is set to 0": beam(meterset=0.0, dose_gy=2.0, final_weight=0.0),
}


@pytest.mark.parametrize("one", TREATMENT.values(), ids=TREATMENT)
def test_case_147__what_may_treat_stays_a_treatment_beam(one: Beam) -> None:
    assert taken(one) is BeamKind.TREATMENT


IMAGES = (
    "CBCT", "kV CBCT", "AP_KV", "KV-90", "MV image", "CB-CT", "Portal film", "DRR", "影像",
    "Aufnahme",
)  # fmt: skip
SETUPS = (
    "AP SETUP", "Setup", "Set-Up 0", "setup_AP", "LOC ANT", "摆位", "左侧定位", "Einstellfeld",
    "Lagerungskontrolle", "Verifikation", "positionnement",
)  # fmt: skip


@pytest.mark.parametrize("meterset", [None, 0.0])
@pytest.mark.parametrize("name", IMAGES)
def test_case_147__an_imaging_field_exported_as_treatment(
    name: str, meterset: float | None
) -> None:
    assert taken(lost(name, meterset=meterset)) is BeamKind.IMAGING


@pytest.mark.parametrize("meterset", [None, 0.0])
@pytest.mark.parametrize("name", SETUPS)
def test_case_147__a_setup_field_exported_as_treatment(name: str, meterset: float | None) -> None:
    assert taken(lost(name, meterset=meterset)) is BeamKind.SETUP


def test_case_147__a_declared_type_decides() -> None:
    assert taken(beam(delivery_type="SETUP")) is BeamKind.SETUP
    assert taken(beam("MV-0", delivery_type="IMAGE_BEAM", meterset=1.0)) is BeamKind.IMAGING
    assert taken(beam(delivery_type="TRMT_PORTFILM")) is BeamKind.IMAGING
    assert taken(beam(delivery_type="CONTINUATION")) is BeamKind.TREATMENT


def test_an_image_with_a_few_monitor_units_is_one_and_with_many_is_none() -> None:
    assert taken(beam("MV image", meterset=2.0, points=FIELD)) is BeamKind.IMAGING
    assert taken(beam("MV image", meterset=60.0, points=FIELD)) is BeamKind.TREATMENT
    assert taken(beam("MV image", meterset=2.0, dose_gy=0.5)) is BeamKind.TREATMENT


def test_an_x_ray_tube_takes_images() -> None:
    assert taken(lost("AP", nominal_energies=(0.12,))) is BeamKind.IMAGING
    assert taken(lost("AP", nominal_energies=(0.0,))) is BeamKind.IMAGING


def positions(count: int, **zeroed: Any) -> tuple[Beam, ...]:
    """Return gantry positions of which every third is changed."""
    made = [beam(f"{n}", gantry_deg=(10.0 * n,)) for n in range(count)]
    changed = {"meterset": 0.0, **zeroed}
    return tuple(replace(b, **changed) if n % 3 == 1 else b for n, b in enumerate(made))


@pytest.mark.parametrize(
    ("count", "changes"),
    [
        (12, {}),
        (3, {"points": NO_WEIGHT, "final_weight": 0.0}),
        (3, {"points": CLOSED}),
        (3, {"machine": "MRIdian"}),
    ],
)
def test_case_147__positions_that_the_optimiser_zeroed(count: int, changes: dict[str, Any]) -> None:
    kinds = [b.kind for b in told_apart(positions(count, **changes))]
    assert kinds.count(BeamKind.ZEROED) == len(range(1, count, 3))
    assert kinds.count(BeamKind.TREATMENT) == count - len(range(1, count, 3))


def test_a_position_without_a_stated_meterset_was_not_zeroed() -> None:
    assert taken(lost("4"), *positions(12)) is BeamKind.TREATMENT


def test_where_nothing_delivers_nothing_was_zeroed() -> None:
    kinds = {b.kind for b in told_apart([replace(b, meterset=0.0) for b in positions(12)])}
    assert kinds == {BeamKind.TREATMENT}


@pytest.mark.parametrize(
    "changes",
    [
        {"nominal_energies": (0.0,), "points": ()},
        {"nominal_energies": (), "points": CLOSED, "in_fraction_group": False},
        {"control_points": 0, "points": ()},
    ],
)
def test_case_125__a_placeholder_is_no_beam(changes: dict[str, Any]) -> None:
    assert taken(lost("dummy", **changes)) is BeamKind.PLACEHOLDER
