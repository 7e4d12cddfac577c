"""A round patient for the sample's plans: balls in a dose that falls with the distance.

Everything has a closed form: the isodose surfaces are balls, so coverage and the share of a
recurrence inside an isodose are volumes of lenses.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.structure import Contour, Structure
from sbrt_qa.testing.phantoms.shapes import Sphere

RX_GY: Final = 50.0
PLATEAU_GY: Final = 55.0
PLATEAU_MM: Final = 22.0
"""The dose is even up to this distance from its centre."""

BED_MM, TARGET_MM, DUODENUM_MM, OTHER_MM = 15.0, 20.0, 9.0, 14.0
"""Radii of CTV and PTV, which lie at the origin, of the duodenum, of stomach and spleen."""

HOTTEST_MM: Final = 0.9
"""How deep in the duodenum the dose is that of its hottest 0.03 cc."""

LIVER_CENTRE_MM: Final = (-45.0, 0.0, 0.0)
LIVER_AXES_MM: Final = (65.0, 60.0, 50.0)
"""Half axes of an ellipsoid: 817 cc."""

BODY_AXES_MM: Final = (105.0, 72.0, 66.0)
BODY_CENTRE_MM: Final = (-15.0, 0.0, 0.0)
CORNERS: Final = 72
"""Of a drawn contour."""

X_MM: Final = np.arange(-124.0, 97.0, 4.0)
Y_MM: Final = np.arange(-76.0, 77.0, 4.0)
Z_MM: Final = np.arange(-68.0, 69.0, 4.0)


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """One plan.

    Parameters
    ----------
    falling
        Exponent p of the dose ``PLATEAU_GY (PLATEAU_MM / r)^p`` beyond the plateau.
    missed_by_mm
        How far the centre of the dose lies from that of the targets, towards -x.
    duodenum_gy
        D0.03cc of the duodenum, nearly; None where nobody contoured it.
    """

    falling: float
    missed_by_mm: float = 0.0
    duodenum_gy: float | None = 20.0

    def radius_of(self, dose_gy: float) -> float:
        """Return the radius of an isodose surface below the plateau."""
        return PLATEAU_MM * float((PLATEAU_GY / dose_gy) ** (1.0 / self.falling))

    @property
    def centre_mm(self) -> tuple[float, float, float]:
        """Where the dose is highest."""
        return (-self.missed_by_mm, 0.0, 0.0)

    def dose_gy(self, x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        """Return the dose at points."""
        away = np.sqrt((x + self.missed_by_mm) ** 2 + y**2 + z**2)
        fall = (PLATEAU_MM / np.maximum(away, PLATEAU_MM)) ** self.falling
        return np.asarray(PLATEAU_GY * fall, dtype=np.float64)

    def covered(self) -> float:
        """Return the share of the PTV within the isodose of the prescription."""
        target = Sphere((0.0, 0.0, 0.0), TARGET_MM)
        whole = 4.0 / 3.0 * math.pi * TARGET_MM**3
        return target.volume_within(self.centre_mm, self.radius_of(RX_GY)) / whole

    def grid(self) -> DoseGrid:
        """Return the dose on the grid of the patient."""
        z, y, x = np.meshgrid(Z_MM, Y_MM, X_MM, indexing="ij")
        return DoseGrid(self.dose_gy(x, y, z), X_MM, Y_MM, Z_MM)

    def structures(self) -> Iterator[Structure]:
        """Return what is contoured."""
        yield _ellipsoid(1, "External", BODY_CENTRE_MM, BODY_AXES_MM, 4.0, "EXTERNAL")
        yield _ellipsoid(2, "Liver", LIVER_CENTRE_MM, LIVER_AXES_MM, 4.0)
        yield ball(3, "CTV", (0.0, 0.0, 0.0), BED_MM, "CTV")
        yield ball(4, "PTV", (0.0, 0.0, 0.0), TARGET_MM, "PTV")
        yield ball(5, "Stomach", (58.0, 30.0, 0.0), OTHER_MM)
        yield ball(6, "Spleen", (58.0, -34.0, 0.0), OTHER_MM)
        if self.duodenum_gy is not None:
            near = self.radius_of(self.duodenum_gy) - HOTTEST_MM
            yield ball(7, "Duodenum", (near + DUODENUM_MM - self.missed_by_mm, 0, 0), DUODENUM_MM)


def falling_for(mean_liver_gy: float, missed_by_mm: float = 0.0) -> float:
    """Return the exponent by which the liver without the bed has a mean dose."""
    x, y, z = _liver_points()
    low, high = 0.3, 12.0
    for _ in range(40):
        tried = 0.5 * (low + high)
        if RoundPlan(tried, missed_by_mm).dose_gy(x, y, z).mean() > mean_liver_gy:
            low = tried
        else:
            high = tried
    return round(0.5 * (low + high), 6)


def missed_for(coverage: float, falling: float) -> float:
    """Return the miss that leaves a share of the PTV covered."""
    low, high = 0.0, 30.0
    for _ in range(40):
        tried = 0.5 * (low + high)
        if RoundPlan(falling, tried).covered() > coverage:
            low = tried
        else:
            high = tried
    return round(0.5 * (low + high), 6)


def ball(
    number: int, name: str, centre_mm: tuple[float, float, float], radius_mm: float,
    kind: str = "ORGAN", step_mm: float = 2.0,
) -> Structure:  # fmt: skip
    """Return a ball as it is contoured, on planes `step_mm` apart."""
    return _ellipsoid(number, name, centre_mm, (radius_mm, radius_mm, radius_mm), step_mm, kind)


def _ellipsoid(
    number: int, name: str, centre_mm: tuple[float, float, float],
    axes_mm: tuple[float, float, float], step_mm: float, kind: str = "ORGAN",
) -> Structure:  # fmt: skip
    angle = np.arange(CORNERS) * 2 * math.pi / CORNERS
    fit = math.sqrt(2 * math.pi / CORNERS / math.sin(2 * math.pi / CORNERS))
    planes = np.arange(-axes_mm[2] + step_mm / 2, axes_mm[2], step_mm)
    contours = []
    for z in planes:
        at = fit * math.sqrt(1.0 - (z / axes_mm[2]) ** 2)
        x, y = axes_mm[0] * at * np.cos(angle), axes_mm[1] * at * np.sin(angle)
        points: FloatArray = np.column_stack([centre_mm[0] + x, centre_mm[1] + y]).round(2)
        contours.append(Contour(round(float(centre_mm[2] + z), 3), points))
    return Structure(number, name, tuple(contours), kind)


@functools.cache
def _liver_points() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return points of the liver without the bed, 4 mm apart."""
    axis = np.arange(-120.0, 121.0, 4.0)
    z, y, x = (part.ravel() for part in np.meshgrid(axis, axis, axis, indexing="ij"))
    inside = sum(
        ((part - middle) / half) ** 2
        for part, middle, half in zip((x, y, z), LIVER_CENTRE_MM, LIVER_AXES_MM, strict=True)
    ) <= 1.0  # fmt: skip
    kept = inside & (x**2 + y**2 + z**2 > BED_MM**2)
    return x[kept], y[kept], z[kept]
