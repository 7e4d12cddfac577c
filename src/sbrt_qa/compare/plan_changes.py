"""What differs between two plans: prescription, beams, and what surrounds them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias, TypeVar

from sbrt_qa.compare.comparison import Area, Change
from sbrt_qa.i18n.phrase import counted, say
from sbrt_qa.model.energy import energy_texts
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.plan import Beam, ControlPoint, DoseReference, PatientSetup, Plan, Prescription
from sbrt_qa.protocol.conditions import same_prescription
from sbrt_qa.protocol.definition import Protocol

T = TypeVar("T")
Fact: TypeAlias = tuple[str, Callable[[T], object]]
"""A property: its name with the unit, and how to get it."""

_OPENINGS: Final = say("openings, weights")

DIGITS: Final = 6
"""Significant digits to which numbers are compared and shown."""

SAME_SIZE: Final = 1e-3
"""Relative difference of openings that is none: files round leaf positions."""


def _total(plan: Plan) -> object:
    given = plan.prescription
    return given.total_gy if isinstance(given, Prescription) else given


def _setup(setup: PatientSetup) -> str:
    return " ".join(filter(None, (setup.position, setup.breathing)))


def _stated_as(plan: Plan) -> object:
    return str(plan.prescription.source) if isinstance(plan.prescription, Prescription) else None


_PLAN_IDS: Final[tuple[Fact[Plan], ...]] = (
    (say("label"), lambda p: p.label),
    (say("name"), lambda p: p.name),
)
_PLAN: Final[tuple[Fact[Plan], ...]] = (
    (say("intent"), lambda p: p.intent),
    (say("approval"), lambda p: p.approval),
    (say("patient position"), lambda p: p.patient_position),
    (say("ion plan"), lambda p: p.is_ion),
    (say("patient setups"), lambda p: tuple(_setup(s) for s in p.setups)),
)
_PRESCRIPTION: Final[tuple[Fact[Plan], ...]] = (
    (say("total dose (Gy)"), _total),
    (say("stated as"), _stated_as),
    (say("fractions"), lambda p: p.fractions),
    (say("description"), lambda p: p.prescription_text),
)
_REFERENCE: Final[tuple[Fact[DoseReference], ...]] = (
    (say("target"), lambda r: r.description),
    (say("prescribed to target (Gy)"), lambda r: r.target_prescription_gy),
    (say("least to target (Gy)"), lambda r: r.target_minimum_gy),
    (say("most delivered (Gy)"), lambda r: r.delivery_maximum_gy),
    (say("most to organ (Gy)"), lambda r: r.organ_at_risk_maximum_gy),
)
_BEAM: Final[tuple[Fact[Beam], ...]] = (
    (say("name"), lambda b: b.name),
    (say("radiation"), lambda b: b.radiation_type),
    (say("technique"), lambda b: b.beam_type),
    (say("machine"), lambda b: b.machine),
    (say("energies"), lambda b: energy_texts([b])),
    (say("fluence mode"), lambda b: b.fluence_mode),
    (say("isocentres (mm)"), lambda b: b.isocentres_mm),
    (say("gantry (deg)"), lambda b: b.gantry_deg),
    (say("couch (deg)"), lambda b: b.couch_deg),
    (say("collimator (deg)"), lambda b: b.collimator_deg),
    (say("control points"), lambda b: b.control_points),
    (say("meterset"), lambda b: b.meterset),
    (say("meterset unit"), lambda b: b.meterset_unit),
    (say("beam dose (Gy)"), lambda b: b.dose_gy),
    (say("beam dose point (mm)"), lambda b: b.dose_point_mm),
    (say("in the fraction group"), lambda b: b.in_fraction_group),
    (say("wedge, bolus, block"), lambda b: tuple(f"{m.count} {m.kind}" for m in b.modifiers)),
    (say("tolerance table"), lambda b: b.tolerance_table),
)


def level_text(plan: Plan, protocol: Protocol) -> str:
    """Return the level of a protocol that a plan prescribes, empty where it cannot be told."""
    given = plan.prescription
    if not isinstance(given, Prescription) or not isinstance(plan.fractions, int):
        return ""
    levels = (p for p in protocol.prescriptions if p.fractions == plan.fractions)
    found = (p.id for p in levels if same_prescription(given.total_gy, p.total_gy))
    return next(found, say("none of {0}", protocol.id))


def plan_changes(
    before: Plan | Reason, after: Plan | Reason, protocol: Protocol
) -> Iterator[Change]:
    """Yield every fact of two plans that differs.

    Parameters
    ----------
    protocol
        Whose levels of prescription the plans are told by.
    """
    if isinstance(before, Reason) or isinstance(after, Reason):
        one, other = (text(p) if isinstance(p, Reason) else say("there") for p in (before, after))
        if one != other:
            yield Change(Area.PLAN, "", say("plan"), one, other)
        return
    yield from differing(Area.IDENTIFIERS, "plan", _PLAN_IDS, before, after)
    yield from differing(Area.PLAN, "", _PLAN, before, after)
    yield from _changed_prescription(before, after, protocol)
    yield from _changed_beams(before.beams, after.beams, "beam")
    yield from _changed_beams(before.setup_beams, after.setup_beams, "setup beam")


def _changed_prescription(before: Plan, after: Plan, protocol: Protocol) -> Iterator[Change]:
    level: Fact[Plan] = ("level of the protocol", lambda p: level_text(p, protocol))
    facts = (*_PRESCRIPTION, *((level,) if protocol.prescriptions else ()))
    yield from differing(Area.PRESCRIPTION, "", facts, before, after)
    old, new = ({r.number: r for r in plan.dose_references} for plan in (before, after))
    for number in dict.fromkeys((*old, *new)):
        item = f"dose reference {number}"
        yield from _beside(
            Area.PRESCRIPTION, item, item, _REFERENCE, old.get(number), new.get(number)
        )


def _beside(
    area: Area, item: str, what: str, facts: Sequence[Fact[T]], a: T | None, b: T | None
) -> Iterator[Change]:
    """Yield how two parts differ, or that one version has none."""
    if a is not None and b is not None:
        yield from differing(area, item, facts, a, b)
    else:
        one, other = ("" if part is None else say("there") for part in (a, b))
        yield Change(area, item, what, one, other)


def _changed_beams(before: Sequence[Beam], after: Sequence[Beam], kind: str) -> Iterator[Change]:
    """Compare beams by their numbers."""
    old, new = {b.number: b for b in before}, {b.number: b for b in after}
    for number in dict.fromkeys((*old, *new)):
        one, other = old.get(number), new.get(number)
        item = (one or other or before[0]).name or f"{kind} {number}"
        yield from _beside(Area.BEAMS, item, f"{kind} {number}", _BEAM, one, other)
        if one is not None and other is not None:
            yield from _changed_openings(item, one.points, other.points)


def _changed_openings(
    item: str, before: Sequence[ControlPoint], after: Sequence[ControlPoint]
) -> Iterator[Change]:
    """Yield that jaws or leaves leave other openings, with the mean area of each version.

    Control points of other weight, too: they move dose between the openings.
    """
    if len(before) != len(after):
        return  # their number is a fact of its own
    differ = sum(not _alike(a, b) for a, b in zip(before, after, strict=True))
    if differ:
        one, other = _mean_area(before), _mean_area(after)
        if one == other:
            points = counted(len(after), "control point")
            other = say("{0}, {1} of {2} differ", other, differ, points)
        yield Change(Area.BEAMS, item, _OPENINGS, one, other)


def _alike(a: ControlPoint, b: ControlPoint) -> bool:
    """Tell whether two control points have the same weight and opening, as far as files say."""
    return all(
        one == other or (one and other and math.isclose(one, other, rel_tol=SAME_SIZE))
        for one, other in zip(_sizes(a), _sizes(b), strict=True)
    )


def _sizes(point: ControlPoint) -> tuple[float | None, ...]:
    opening = point.opening
    if opening is None:
        return (point.weight, None, None, None)
    return (point.weight, opening.area_mm2, opening.x_mm, opening.y_mm)


def _mean_area(points: Sequence[ControlPoint]) -> str:
    areas = [p.opening.area_mm2 for p in points if p.opening is not None]
    if not areas:
        return say("area not stated")
    return say("mean {0} cm²", f"{sum(areas) / len(areas) / 100:.2f}")


def differing(area: Area, item: str, facts: Sequence[Fact[T]], a: T, b: T) -> Iterator[Change]:
    """Yield the facts of two values that are not the same when written down."""
    for what, get in facts:
        one, other = text(get(a)), text(get(b))
        if one != other:
            yield Change(area, item, what, one, other)


def text(value: object) -> str:
    """Return a value as text; numbers to `DIGITS` digits, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, Reason):
        return f"not known: {value.detail}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value + 0.0:.{DIGITS}g}"
    if isinstance(value, tuple):
        return ", ".join(f"({text(v)})" if isinstance(v, tuple) else text(v) for v in value)
    return str(value)
