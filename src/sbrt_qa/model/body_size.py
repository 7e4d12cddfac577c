"""Height and weight of a patient, where a file or the user states them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sbrt_qa.errors import UsageError

HEIGHTS_CM: Final = (40.0, 250.0)
WEIGHTS_KG: Final = (2.0, 400.0)
"""What can be a height and a weight; anything else is none."""


@dataclass(frozen=True, slots=True)
class BodySize:
    """Height in cm and weight in kg, each None where nobody states it."""

    height_cm: float | None = None
    weight_kg: float | None = None

    def __post_init__(self) -> None:
        for name, value, (low, high) in (
            ("height", self.height_cm, HEIGHTS_CM),
            ("weight", self.weight_kg, WEIGHTS_KG),
        ):
            if value is not None and not low <= value <= high:
                unit = "cm" if name == "height" else "kg"
                raise UsageError(
                    f"not a {name}", got=f"{value:g} {unit}", expected=f"{low:g} to {high:g} {unit}"
                )

    @property
    def is_known(self) -> bool:
        """Whether both are known."""
        return self.height_cm is not None and self.weight_kg is not None

    @classmethod
    def of_header(cls, size_m: float | None, weight_kg: float | None) -> BodySize:
        """Return what a header states; a value that can be none, such as 0 or 1.7 kg, is left out.

        Parameters
        ----------
        size_m, weight_kg
            Patient's Size (0010,1020) in metres and Patient's Weight (0010,1030).
        """
        height = None if size_m is None else size_m * 100
        kept_height = height if height is not None and _within(height, HEIGHTS_CM) else None
        kept = weight_kg if weight_kg is not None and _within(weight_kg, WEIGHTS_KG) else None
        return cls(kept_height, kept)


def _within(value: float, ends: tuple[float, float]) -> bool:
    return ends[0] <= value <= ends[1]
