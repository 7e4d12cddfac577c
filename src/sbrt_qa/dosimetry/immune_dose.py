"""Dose to immune cells that circulate: EDIC, and the integral dose of what was scanned.

EDIC (Xu 2020, Radiother Oncol 146:180) adds the doses of the organs that blood runs through by
their shares of blood flow, and of the rest of the body by its volume. The abstract prints a letter
in the last root; it is read as 45, as in the root before.
"""

from __future__ import annotations

import math
from typing import Final

USUAL_FRACTIONS: Final = 45
"""Fractions of the series that the shares of blood were fitted to."""

BODY_CC: Final = 62_000.0
"""Volume by which the integral dose is divided."""

FAST: Final = 0.85
"""Part of the blood that a fraction reaches in a way that goes with the root of their number."""


def edic_gy(
    lung_gy: float, heart_gy: float, liver_gy: float, integral_gy_cc: float, fractions: float
) -> float:
    """Return the effective dose to immune cells, Gy.

    Parameters
    ----------
    lung_gy, heart_gy, liver_gy
        Mean doses of the whole organs.
    integral_gy_cc
        Integral dose of the body at density 1.
    fractions
        Number of fractions, more than 0.
    """
    root = math.sqrt(fractions / USUAL_FRACTIONS)
    organs = 0.12 * lung_gy + 0.08 * heart_gy + 0.15 * FAST * root * liver_gy
    return organs + (0.45 + 0.35 * FAST * root) * integral_gy_cc / BODY_CC
