"""Energies of beams in words."""

from __future__ import annotations

import pytest

from sbrt_qa.model.energy import energy_texts
from sbrt_qa.model.plan import Beam


def beam(radiation: str, *energies: float, mode: str = "") -> Beam:
    return Beam(1, "B", radiation_type=radiation, nominal_energies=energies, fluence_mode=mode)


PROTONS = beam("PROTON", 180.0, 120.0, 70.0, 95.5, 120.0)
TABLE = [
    ([], ()),
    ([beam("PHOTON")], ()),
    ([beam("PHOTON", 6.0)], ("6 MV",)),
    ([beam("", 6.0)], ("6 MV",)),
    ([beam("PHOTON", 6.0, mode="STANDARD"), beam("PHOTON", 6.0)], ("6 MV",)),
    ([beam("PHOTON", 10.0, mode="FFF"), beam("PHOTON", 6.0, mode="FFF")], ("6/10 MV FFF",)),
    ([beam("PHOTON", 6.0), beam("PHOTON", 6.0, mode="FFF")], ("6 MV", "6 MV FFF")),
    ([beam("ELECTRON", 9.0), beam("PHOTON", 6.0)], ("9 MeV", "6 MV")),
    ([PROTONS], ("70-180 MeV, 4 energies",)),
    ([PROTONS, PROTONS], ("70-180 MeV, 4 energies",)),
    ([beam("PROTON", 180.0, 70.0)], ("70/180 MeV",)),
]


@pytest.mark.parametrize(("beams", "texts"), TABLE)
def test_energies_are_said_once_in_their_unit(beams: list[Beam], texts: tuple[str, ...]) -> None:
    assert energy_texts(beams) == texts
