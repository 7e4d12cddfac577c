"""Where a recurrence lies in the dose of the treated plan: measures, classes, and their stability.

All measures are always computed; the protocol names one scheme as decisive, the others stand beside
it. How sure a class is belongs to the answer: the recurrence is moved by the error of the
registration in 26 directions and turned by 3 degrees about each axis, and the class counted anew.
The dose is the planned one, not what was delivered; growth and regrowth move a recurrence, too.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.radiobiology import Conversion
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.geometry.distance import Distance, contains
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Finding, Reason, ReasonCode, Verdict
from sbrt_qa.model.registration import RigidMotion
from sbrt_qa.trial.failure_points import (
    SampledVolume,
    distance_to_isodose_mm,
    doses_gy,
    isodose_cc,
    nearest_mm,
    signed_distance_mm,
)
from sbrt_qa.trial.failure_schemes import (
    DEFAULT_SCHEME,
    FIELD_PERCENT,
    CentreOfMass,
    FailureClass,
    Scheme,
    Stability,
    agree,
    classes_of,
    stability_of,
)

REGISTRATION_ERROR_MM: Final = 5.0
"""Error of a rigid registration of the bed where none was measured; proposed."""

TURN_DEG: Final = 3.0
"""Rotation by which a registration may be off; proposed."""

LEVELS_PERCENT: Final = (95.0, 80.0, 50.0)
"""Isodoses, in percent of the prescription, of which the share inside is told."""

ALPHA_BETA_GY: Final = 10.0
"""Of the tumour, for EQD2."""

LARGER_THAN_FIELD: Final = 2.0
"""How many times larger than the field a recurrence is before it counts as found late."""

MOST_DAYS_BETWEEN_SCANS: Final = 120
"""Days since the scan before, beyond which a recurrence counts as found late."""

IN_LIVER: Final = ("MARGIN", "LIVER_OTHER")
"""Sites of a recurrence that has a dose."""

ELSEWHERE: Final = ("LUNG", "NODES", "PERITONEUM", "PRIMARY_BED", "BONE", "BRAIN", "OTHER")
"""Sites of a recurrence outside the liver, which has no dose class."""


@dataclass(frozen=True, slots=True, eq=False)
class TreatedDose:
    """The treated plan, as far as a recurrence is held against it.

    Parameters
    ----------
    dose
        Planned dose.
    prescription_gy, fractions
        Of the plan.
    targets
        Surfaces of the plan by what they are: ``CTV``, ``PTV``, ``BED``; those that are drawn.
    """

    dose: DoseGrid
    prescription_gy: float
    fractions: int
    targets: Mapping[str, Distance] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FailurePattern:
    """Where one recurrence lies; made by `failure_pattern`.

    Parameters
    ----------
    volume_cc
        Of the recurrence.
    inside_percent
        Share of it inside the isodoses of `LEVELS_PERCENT`, by the level, 0 to 1.
    doses_gy, eqd2_gy
        ``D98``, ``D95``, ``mean``, ``min`` and ``max`` of the recurrence, and the dose at its
        ``centre``, its ``deepest`` point and, where a bed is drawn, the point ``nearest_bed``;
        EQD2 with alpha/beta of 10 Gy, point by point.
    distances_mm
        From the centre of mass to the surface of each target and of the isodose of 95 %, negative
        inside; ``recurrence_to_bed`` is the gap between both.
    overlap
        Share of the recurrence inside each target, 0 to 1.
    outside_grid
        Share of it outside the dose grid, where the dose counts as 0.
    classes
        By every scheme.
    stability
        Of the class by every scheme.
    decisive
        The scheme that the protocol names.
    findings
        What a reviewer should know.
    """

    volume_cc: float
    inside_percent: Mapping[float, float]
    doses_gy: Mapping[str, float]
    eqd2_gy: Mapping[str, float]
    distances_mm: Mapping[str, float | Reason]
    overlap: Mapping[str, float]
    outside_grid: float
    classes: Mapping[Scheme, FailureClass]
    stability: Mapping[Scheme, Stability]
    decisive: Scheme
    findings: tuple[Finding, ...]

    @property
    def failure_class(self) -> FailureClass:
        """The class by the decisive scheme."""
        return self.classes[self.decisive]


def failure_pattern(
    recurrence: SampledVolume,
    treated: TreatedDose,
    *,
    scheme: Scheme = DEFAULT_SCHEME,
    site: str = "",
    error_mm: float = REGISTRATION_ERROR_MM,
    days_since_scan: int | None = None,
) -> FailurePattern | Reason:
    """Classify a recurrence that lies on the plan already.

    Parameters
    ----------
    recurrence
        Points of the recurrence in the frame of the plan.
    treated
        The plan.
    scheme
        The one that decides.
    site
        Site of the recurrence as the data call it; one outside the liver has no dose class.
    error_mm
        Error of the registration, measured or taken as usual.
    days_since_scan
        Days since the adequate scan before the one that shows it, where that is known.
    """
    without = outside_the_liver(site)
    if without is not None:
        return without
    told, eqd2, outside = _doses(recurrence, treated)
    inside, centre = _field(recurrence, treated)
    classes = classes_of(inside[FIELD_PERCENT], centre)
    moved = [_field(recurrence.moved(one), treated) for one in motions(recurrence, error_mm)]
    after = [classes_of(shares[FIELD_PERCENT], at) for shares, at in moved]
    stability = {
        one: stability_of(chosen, [each[one] for each in after]) for one, chosen in classes.items()
    }
    level = treated.prescription_gy * FIELD_PERCENT / 100.0
    found = _findings(recurrence, treated, outside, stability[scheme], classes, days_since_scan)
    return FailurePattern(
        recurrence.volume_cc, inside, told, eqd2, _distances(recurrence, treated, level),
        {
            name: float(contains(surface.cells, recurrence.points_mm).mean())
            for name, surface in treated.targets.items()
        },
        outside, classes, stability, scheme, found,
    )  # fmt: skip


def outside_the_liver(site: str) -> Reason | None:
    """Return why a recurrence at that site has no dose class; None for one in the liver.

    Raises
    ------
    UsageError
        It is no site of a recurrence.
    """
    if site and site not in (*IN_LIVER, *ELSEWHERE):
        expected = ", ".join((*IN_LIVER, *ELSEWHERE))
        raise UsageError("no site of a recurrence", got=quoted(site), expected=expected)
    if not site or site in IN_LIVER:
        return None
    text = say("a recurrence outside the liver has no dose class")
    return Reason(ReasonCode.NOT_APPLICABLE, text)


def motions(recurrence: SampledVolume, error_mm: float) -> tuple[RigidMotion, ...]:
    """Return the motions by which a registration may be off.

    26 shifts of that length, along the axes, the diagonals of the faces and of the cube, and turns
    of `TURN_DEG` either way about each axis through the centre of mass: 32 in all.
    """
    found = []
    for way in itertools.product((-1.0, 0.0, 1.0), repeat=3):
        if any(way):
            matrix = np.eye(4)
            matrix[:3, 3] = np.array(way) / np.linalg.norm(way) * error_mm
            found.append(RigidMotion(matrix))
    centre = recurrence.centre_mm
    for axis, sign in itertools.product(range(3), (-1.0, 1.0)):
        angle = np.deg2rad(sign * TURN_DEG)
        i, j = [n for n in range(3) if n != axis]
        matrix = np.eye(4)
        matrix[i, i] = matrix[j, j] = np.cos(angle)
        matrix[i, j], matrix[j, i] = -np.sin(angle), np.sin(angle)
        matrix[:3, 3] = centre - matrix[:3, :3] @ centre
        found.append(RigidMotion(matrix))
    return tuple(found)


def _field(
    recurrence: SampledVolume, treated: TreatedDose
) -> tuple[dict[float, float], CentreOfMass]:
    """Return the shares inside isodoses, and what is known of the centre of mass."""
    found, _ = doses_gy(treated.dose, recurrence.points_mm)
    shares = {
        level: float((found >= treated.prescription_gy * level / 100.0).mean())
        for level in LEVELS_PERCENT
    }
    middle = recurrence.centre_mm
    at_middle, _ = doses_gy(treated.dose, middle[np.newaxis])
    to = {name: signed_distance_mm(one, middle) for name, one in treated.targets.items()}
    percent = float(at_middle[0]) / treated.prescription_gy * 100.0
    return shares, CentreOfMass(percent, to.get("CTV"), to.get("PTV"))


def _doses(
    recurrence: SampledVolume, treated: TreatedDose
) -> tuple[dict[str, float], dict[str, float], float]:
    """Return doses and EQD2 by name, and the share outside the grid."""
    found, outside = doses_gy(treated.dose, recurrence.points_mm)
    places = {"centre": recurrence.centre_mm, "deepest": recurrence.deepest_mm}
    if "BED" in treated.targets:
        places["nearest_bed"] = nearest_mm(treated.targets["BED"], recurrence.points_mm)[1]
    single, _ = doses_gy(treated.dose, np.stack(list(places.values())))
    in_two = _eqd2(np.concatenate((found, single)), treated.fractions)
    told, eqd2 = _summary(found), _summary(in_two[: found.size])
    told |= dict(zip(places, single.tolist(), strict=True))
    eqd2 |= dict(zip(places, in_two[found.size :].tolist(), strict=True))
    return told, eqd2, outside


def _eqd2(dose_gy: FloatArray, fractions: int) -> FloatArray:
    conversion = Conversion(ALPHA_BETA_GY, 2.0)
    return np.array([conversion.apply(float(one), fractions) for one in dose_gy])


def _summary(found: FloatArray) -> dict[str, float]:
    return {
        "D98": float(np.quantile(found, 0.02)),
        "D95": float(np.quantile(found, 0.05)),
        "mean": float(found.mean()),
        "min": float(found.min()),
        "max": float(found.max()),
    }


def _distances(
    recurrence: SampledVolume, treated: TreatedDose, level_gy: float
) -> dict[str, float | Reason]:
    middle = recurrence.centre_mm
    found: dict[str, float | Reason] = {
        f"centre_to_{name.lower()}": signed_distance_mm(surface, middle)
        for name, surface in treated.targets.items()
    }
    found["centre_to_isodose_95"] = distance_to_isodose_mm(treated.dose, level_gy, middle)
    if "BED" in treated.targets:
        gap, _ = nearest_mm(treated.targets["BED"], recurrence.points_mm)
        found["recurrence_to_bed"] = gap
    return found


def _findings(
    recurrence: SampledVolume,
    treated: TreatedDose,
    outside: float,
    stability: Stability,
    classes: Mapping[Scheme, FailureClass],
    days_since_scan: int | None,
) -> tuple[Finding, ...]:
    told: list[tuple[str, Verdict | None, str]] = []
    if outside > 0:
        text = say(
            "{0} of the recurrence lie outside the dose grid; the dose there counts as 0",
            f"{outside:.0%}",
        )
        told.append(("OUTSIDE_DOSE_GRID", Verdict.MINOR, text))
    if not stability.is_stable:
        text = say("the class depends on the registration: {0}", stability.sentence)
        told.append(("CLASS_UNSTABLE", Verdict.MINOR, text))
    if not agree(dict(classes)):
        text = say("the schemes disagree")
        told.append(("SCHEMES_DISAGREE", None, text))
    field_cc = isodose_cc(treated.dose, treated.prescription_gy * FIELD_PERCENT / 100.0)
    late = days_since_scan is not None and days_since_scan > MOST_DAYS_BETWEEN_SCANS
    if late or recurrence.volume_cc > LARGER_THAN_FIELD * field_cc:
        text = say(
            "found late: {0} cc beside a field of {1} cc; it may have grown from elsewhere",
            f"{recurrence.volume_cc:.1f}", f"{field_cc:.1f}",
        )  # fmt: skip
        told.append(("FOUND_LATE", None, text))
    return tuple(Finding(code, verdict, say("recurrence"), text) for code, verdict, text in told)


def far_apart(
    planned: SampledVolume, follow_up: SampledVolume, most_mm: float = 100.0
) -> Sequence[Finding]:
    """Return a finding where a registration takes the liver far from where it was planned."""
    apart = float(np.linalg.norm(planned.centre_mm - follow_up.centre_mm))
    if apart <= most_mm:
        return ()
    text = say("the registration takes the liver {0} mm from its place on the plan", f"{apart:.0f}")
    return (Finding("LIVER_FAR_AWAY", Verdict.NOT_EVALUABLE, say("registration"), text),)
