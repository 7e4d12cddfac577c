"""Energies of beams in words: photons in MV, everything else in MeV, flattening filter or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.plan import Beam

MOST_LISTED: Final = 3
"""Energies of one kind that are listed one by one; more are shown as a range."""

FLATTENED: Final = ("", "STANDARD")
"""Fluence modes that need no mention."""


def energy_texts(beams: Iterable[Beam]) -> tuple[str, ...]:
    """Return the energies of beams, one text for each kind of radiation and fluence mode.

    Such as ``6 MV``, ``6/10 MV FFF``, ``9 MeV``, ``70-180 MeV, 22 energies``: each energy once,
    from low to high; kinds in beam order. Beams that state no energy, or 0, add nothing. A beam
    that does not state its radiation is taken for one of photons, as nearly all are.
    """
    kinds: dict[str, set[float]] = {}
    for beam in beams:
        kinds.setdefault(_kind(beam), set()).update(e for e in beam.nominal_energies if e > 0)
    return tuple(_text(kind, sorted(values)) for kind, values in kinds.items() if values)


def _kind(beam: Beam) -> str:
    """Return unit and fluence mode."""
    unit = "MV" if beam.radiation_type in ("", "PHOTON") else "MeV"
    return unit if beam.fluence_mode in FLATTENED else f"{unit} {beam.fluence_mode}"


def _text(kind: str, values: Sequence[float]) -> str:
    if len(values) <= MOST_LISTED:
        return f"{'/'.join(f'{v:g}' for v in values)} {kind}"
    least, most = (f"{v:g}" for v in (values[0], values[-1]))
    return say("{0}-{1} {2}, {3} energies", least, most, kind, len(values))
