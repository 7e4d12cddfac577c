"""What two drawings of one structure are measured by, under the names of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sbrt_qa.model.outcome import Reason

if TYPE_CHECKING:
    from sbrt_qa.compare.reference_set import ReferenceRow

MEASURES: Final = (
    "volume_cc", "reference_cc", "dice", "surface_dice_1mm", "surface_dice_2mm",
    "surface_dice_3mm", "hausdorff95_mm", "hausdorff_mm", "mean_mm", "added_path_mm", "path_mm",
)  # fmt: skip
"""Names of what two drawings of one structure are measured by, see `ContourAgreement`."""


def measured(row: ReferenceRow) -> dict[str, float | None]:
    """Return what one structure measures, by name; None where there is a reason instead."""
    found = row.agreement
    if isinstance(found, Reason):
        return dict.fromkeys(MEASURES)
    near = {f"surface_dice_{t}mm": found.surface_dice[t] for t in ("1", "2", "3")}
    return {name: near[name] if name in near else getattr(found, name) for name in MEASURES}
