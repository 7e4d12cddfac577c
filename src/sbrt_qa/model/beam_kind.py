"""What a beam of a plan is: treatment, setup, an image, a position left at zero, or a placeholder.

Planning systems export setup and imaging fields with the delivery type TREATMENT, and positions
that an optimiser set to zero beside those that treat. What a beam is follows from delivery type,
energy, opening, meterset, stated dose and name together, and is decided here only.

A beam that lost its meterset is no setup beam: without a sign that it is one it stays a treatment
beam, and whatever shows that it treats (a stated dose, modulated segments, a wedge) outweighs its
name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.plan import Beam, BeamKind

TREATING_TYPES: Final = ("", "TREATMENT", "CONTINUATION")
"""Treatment Delivery Types (300A,00CE) of beams that may treat; others do not."""

IMAGE_METERSET: Final = 10.0
"""Largest meterset that a beam with the name of an image may have and still be one, MU."""

IMAGE_DOSE_GY: Final = 0.1
"""Largest stated dose per fraction of a beam that takes an image."""

TREATING_DOSE_GY: Final = 0.01
"""Stated dose per fraction from which a beam without a meterset is one that lost it."""

KILOVOLTAGE_MV: Final = 0.3
"""Highest nominal energy of an X-ray tube, MV."""

MANY_POSITIONS: Final = 8
"""Different fixed gantry angles from which a plan has positions for an optimiser to choose from."""

_IMAGES: Final = re.compile(
    r"(?<![a-z])(cb[ _-]?ct|[mk]v[ _-]?(?:cb[ _-]?ct|imag\w*|pair|port\w*)|kv|epid|obi|xvi|drr"
    r"|imag(?:e|es|ing)|port(?:al)?(?:[ _-]?(?:film|image))?|exactrac|topogram|scout"
    r"|aufnahme\w*|kontrollaufnahme\w*)(?![a-z])|影像|成像|拍片|射野片|透视|照合",
    re.IGNORECASE,
)
_SETUP: Final = re.compile(
    r"(?<![a-z])(set[ _-]?up|loc|locali[sz]\w*|position(?:ing|nement|ierung)?|repositionnement"
    r"|posicion\w*|posizion\w*|centratura|centraggio|coloca[cç]\w*|einstell\w*|lagerung\w*"
    r"|verif(?:ication|ikation|y|ica)?|match(?:ing)?)(?![a-z])|摆位|擺位|定位|校位|复位|укладк|позици",
    re.IGNORECASE,
)
_MR_LINACS: Final = re.compile(r"viewray|mridian|unity|mr[ _-]?linac", re.IGNORECASE)


class _Plan(NamedTuple):
    """What the beams of a plan say together."""

    delivers: bool
    positions: int


def told_apart(beams: Sequence[Beam]) -> tuple[Beam, ...]:
    """Return beams with what each was taken for and why, in the same order."""
    angles = {b.gantry_deg[0] for b in beams if len(b.gantry_deg) == 1}
    plan = _Plan(any(_delivers(b) for b in beams), len(angles))
    kinds = (_kind(b, plan) for b in beams)
    return tuple(
        replace(b, kind=kind, why=why) for b, (kind, why) in zip(beams, kinds, strict=True)
    )


def _delivers(beam: Beam) -> bool:
    return beam.in_fraction_group and (beam.meterset or 0.0) > 0


def _kind(beam: Beam, plan: _Plan) -> tuple[BeamKind, str]:
    if beam.delivery_type not in TREATING_TYPES:
        kind = BeamKind.SETUP if beam.delivery_type == "SETUP" else BeamKind.IMAGING
        return kind, say("its delivery type is {0}", quoted(beam.delivery_type))
    if _delivers(beam):
        return _delivering(beam)
    amount = _amount(beam)
    if (beam.dose_gy or 0.0) > TREATING_DOSE_GY:
        return BeamKind.TREATMENT, say("it states a dose, although it has {0}", amount)
    if plan.delivers and (sign := _zeroed(beam, plan)):
        return BeamKind.ZEROED, sign
    if beam.modifiers or _is_modulated(beam):
        return BeamKind.TREATMENT, say("it is shaped as one that treats, but has {0}", amount)
    if named := _named(beam.name):
        return named, say("its name, and {0}", amount)
    if not _has_opening(beam) and not any(e > 0 for e in beam.nominal_energies):
        return BeamKind.PLACEHOLDER, say("no energy, no opening, and {0}", amount)
    if not beam.control_points:
        return BeamKind.PLACEHOLDER, say("no control point, and {0}", amount)
    if beam.nominal_energies and max(beam.nominal_energies) <= KILOVOLTAGE_MV:
        return BeamKind.IMAGING, say("an energy below {0} MV, and {1}", KILOVOLTAGE_MV, amount)
    return BeamKind.TREATMENT, say("it has {0}, and nothing says that it does not treat", amount)


def _delivering(beam: Beam) -> tuple[BeamKind, str]:
    """Return the kind of a beam that has a meterset: nearly always treatment."""
    small = (beam.meterset or 0.0) <= IMAGE_METERSET and (beam.dose_gy or 0.0) < IMAGE_DOSE_GY
    named = _named(beam.name)
    if small and named and beam.meterset_unit in ("", "MU") and not _is_modulated(beam):
        given = say("a meterset of {0} only", f"{beam.meterset:g}")
        return named, say("its name, and {0}", given)
    return BeamKind.TREATMENT, say("it has a meterset")


def _amount(beam: Beam) -> str:
    """Say what a beam has instead of a meterset."""
    if not beam.in_fraction_group:
        return say("no place in a fraction group")
    return say("no meterset") if beam.meterset is None else say("a meterset of 0")


def _named(name: str) -> BeamKind | None:
    """Return what a name says of a beam that does not treat; None where it says nothing."""
    if _IMAGES.search(name):
        return BeamKind.IMAGING
    return BeamKind.SETUP if _SETUP.search(name) else None


def _zeroed(beam: Beam, plan: _Plan) -> str:
    """Say why a beam is one that an optimiser set to zero; empty where nothing speaks for it.

    Only a meterset that is stated, as 0, can be one that was set.
    """
    if beam.meterset != 0 or not beam.in_fraction_group:
        return ""
    weights = [p.weight for p in beam.points if p.weight is not None]
    if beam.final_weight == 0 or (len(weights) > 1 and not any(weights)):
        return say("a meterset of 0, and no weight at any control point")
    if _is_shut(beam):
        return say("a meterset of 0, and shut at every control point")
    if _MR_LINACS.search(beam.machine):
        return say("a meterset of 0 at an MR linac")
    if plan.positions >= MANY_POSITIONS and len(beam.gantry_deg) <= 1:
        return say("a meterset of 0 at one of {0} gantry positions", plan.positions)
    return ""


def _is_modulated(beam: Beam) -> bool:
    """Tell whether the opening changes while the beam is on."""
    weights = {p.weight for p in beam.points if p.weight is not None}
    areas = {round(p.opening.area_mm2) for p in beam.points if p.opening is not None}
    return len(weights) > 2 and len(areas) > 1


def _is_shut(beam: Beam) -> bool:
    """Tell whether openings are described, and none is open."""
    described = [p.opening for p in beam.points if p.opening is not None]
    return bool(described) and not any(o.area_mm2 > 0 for o in described)


def _has_opening(beam: Beam) -> bool:
    return any(p.opening is not None and p.opening.area_mm2 > 0 for p in beam.points)
