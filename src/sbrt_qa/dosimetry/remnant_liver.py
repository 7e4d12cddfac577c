"""What describes a liver of less than 700 cc: standard volume, and the dose that costs function."""

from __future__ import annotations

import math
from typing import Final

ALPHA_BETA_GY: Final = 2.0
"""Of liver, for the BED of functional loss."""

LOSS_BED_GY: Final = 70.0
"""BED2 from which liver is lost for its function (PMC4915544): EQD2 of 35 Gy."""

LOSS_BED_CIRRHOSIS_GY: Final = 40.0
"""The same in cirrhosis."""


def dose_of_bed_gy(bed_gy: float, fractions: float, alpha_beta_gy: float = ALPHA_BETA_GY) -> float:
    """Return the total dose in equal fractions that has a BED: D (1 + D / (n ab)) = BED."""
    nab = fractions * alpha_beta_gy
    return (math.sqrt(nab * nab + 4 * nab * bed_gy) - nab) / 2


def body_surface_m2(height_cm: float, weight_kg: float) -> float:
    """Return the body surface (Du Bois and Du Bois, Arch Intern Med 1916;17:863)."""
    return float(0.007184 * height_cm**0.725 * weight_kg**0.425)


def standard_liver_cc(height_cm: float, weight_kg: float) -> float:
    """Return the standard liver volume: 706.2 times the body surface + 2.4 (Urata 1995)."""
    return 706.2 * body_surface_m2(height_cm, weight_kg) + 2.4
