"""Whether the dose grid holds the structures that limits use."""

from __future__ import annotations

from collections.abc import Iterator

from sbrt_qa.checks.registry import CheckContext, Found, Group, check
from sbrt_qa.dosimetry.dvh import DVH

WORTH_TELLING = 1e-4
"""Part of a structure outside the dose grid below which rounding is a likelier cause."""


@check(
    "OUTSIDE_DOSE_GRID",
    title="Structures within the dose grid",
    group=Group.GRID,
    rows=(16,),
)
def outside_dose_grid(context: CheckContext) -> Iterator[Found]:
    """Find evaluated structures that lie partly where no dose was calculated."""
    for key, structure in context.evaluated_structures.items():
        histogram = context.doses.dvh(structure)
        if isinstance(histogram, DVH) and histogram.outside_fraction > WORTH_TELLING:
            percent = 100 * histogram.outside_fraction
            yield Found(
                key,
                f"{histogram.outside_grid_cc:.2f} cc ({percent:.2g} %) lie outside the dose grid",
            )
