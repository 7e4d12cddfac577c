"""Which shifts of the patient against the dose are asked for: lengths, and setup errors.

A setup error has a systematic part, the same on all days, and a random one, another on each; both
are standard deviations per axis.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from sbrt_qa.errors import UsageError, quoted

Vector: TypeAlias = tuple[float, float, float]
"""Along x (to the patient's left), y (to the back) and z (to the head), mm."""

FARTHEST_MM: Final = 50.0
"""Longest shift: beyond it a patient is not set up but lies elsewhere."""

MOST_RADII: Final = 5
"""Lengths in one review; each costs as much as a review or two."""

_RADIUS: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(mm|cm)", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(?:mm)?", re.IGNORECASE)

ORDER: Final = "front-back, head-feet, left-right"
"""Order in which the three numbers of a setup error are written."""


@dataclass(frozen=True, slots=True)
class SetupErrors:
    """Standard deviations of the setup, mm along x, y and z."""

    systematic_mm: Vector
    random_mm: Vector

    def __post_init__(self) -> None:
        values = (*self.systematic_mm, *self.random_mm)
        if not all(math.isfinite(v) and 0 <= v <= FARTHEST_MM for v in values) or not any(values):
            msg = f"setup errors are six lengths up to {FARTHEST_MM:g} mm, not all 0"
            raise ValueError(msg)

    @property
    def text(self) -> str:
        """The text that `read_setup` reads."""
        return "/".join(
            ",".join(f"{v:g}" for v in (y, z, x))
            for x, y, z in (self.systematic_mm, self.random_mm)
        )


@dataclass(frozen=True, slots=True)
class Shifts:
    """What is asked: radii of rigid shifts in mm, ascending, and setup errors; both may be none."""

    radii_mm: tuple[float, ...] = ()
    setup: SetupErrors | None = None

    def __post_init__(self) -> None:
        radii = tuple(sorted(set(self.radii_mm)))
        object.__setattr__(self, "radii_mm", radii)
        if len(radii) > MOST_RADII or not all(0 < r <= FARTHEST_MM for r in radii):
            msg = f"at most {MOST_RADII} radii of more than 0 and at most {FARTHEST_MM:g} mm"
            raise ValueError(msg)

    def __bool__(self) -> bool:
        return bool(self.radii_mm) or self.setup is not None


NO_SHIFTS: Final = Shifts()
"""Nothing is asked."""


def radius_key(radius_mm: float) -> str:
    """Return a radius as results are keyed by it: ``3`` or ``2.5``."""
    return f"{radius_mm:g}"


def read_radii(text: str) -> tuple[float, ...]:
    """Read radii such as ``3mm,5mm``; nothing from an empty text.

    Raises
    ------
    UsageError
        A part is not a length with its unit, is 0 or too long, or there are too many.
    """
    if not text.strip():
        return ()
    found = [_RADIUS.fullmatch(part.strip()) for part in text.split(",")]
    radii = [float(m[1]) * (10 if m[2].lower() == "cm" else 1) for m in found if m]
    try:
        return Shifts(tuple(radii) if all(found) else (0.0,)).radii_mm
    except ValueError:
        expected = f"lengths such as 3mm,5mm; at most {MOST_RADII}, each up to {FARTHEST_MM:g} mm"
        raise UsageError("--shifts is not read", got=quoted(text), expected=expected) from None


def read_setup(text: str) -> SetupErrors | None:
    """Read setup errors such as ``1.6,3.1,1.5/2.7,3.6,1.8``; None from an empty text.

    Before the slash stand the systematic, behind it the random standard deviations, each
    front-back, head-feet, left-right, in mm.

    Raises
    ------
    UsageError
        There are not two times three numbers, or one is too large.
    """
    if not text.strip():
        return None
    halves = [[_NUMBER.fullmatch(n.strip()) for n in half.split(",")] for half in text.split("/")]
    try:
        (ay, az, ax), (by, bz, bx) = ([float(m[1]) for m in half if m] for half in halves)
        return SetupErrors((ax, ay, az), (bx, by, bz))
    except ValueError:
        raise UsageError(
            "--setup is not read",
            got=quoted(text),
            expected=f"systematic/random standard deviations in mm, each {ORDER}, "
            "such as 1.6,3.1,1.5/2.7,3.6,1.8",
        ) from None
