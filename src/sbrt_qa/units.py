"""Units used inside sbrt_qa, the only place where others are converted, and nouns of counts.

Inside: dose in Gy, lengths in mm, volumes in cc, fractions of a whole in percent. Patient
coordinates are DICOM LPS; arrays are indexed ``[z, y, x]``.
"""

from __future__ import annotations

from typing import Final, Literal

Unit = Literal["Gy", "cGy", "%", "cc", "bool", "1", "mm", "Gy cc"]
"""Unit of a computed value: ``1`` is a plain number, ``bool`` is 0 or 1."""

GY_PER_CGY: Final = 0.01
MM3_PER_CC: Final = 1000.0

DOSE_UNITS_GY: Final = {"GY": 1.0, "CGY": GY_PER_CGY}
"""Factor to Gy by spelling in upper case. RELATIVE has none: it is never converted by guess."""


def cc_from_mm3(volume_mm3: float) -> float:
    """Cubic millimetres to cubic centimetres."""
    return volume_mm3 / MM3_PER_CC


def gy_text(dose_gy: float) -> str:
    """Return a dose in Gy to two decimals, without zeros at its end: 50, 6.67, 12.5.

    A dose below 0.01 Gy keeps two digits that tell something.
    """
    short = round(dose_gy, 2)
    return f"{short:g}" if short or not dose_gy else f"{dose_gy:.2g}"


def apart_from(value: float, bound: float, decimals: int) -> str:
    """Return a value with enough decimals that one sees on which side of a bound it lies.

    With `decimals` where that tells it, else with up to six more: 1.04 beside a bound of 1, which
    is on no side of it with one decimal.
    """
    for more in range(decimals, decimals + 7):
        text = f"{value:.{more}f}"
        if value == bound or float(text) != float(f"{bound:.{more}f}"):
            return text
    return text
