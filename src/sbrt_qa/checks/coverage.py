"""Whether the dose grid holds the structures that limits use."""

from __future__ import annotations

from collections.abc import Iterator

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, check
from sbrt_qa.dosimetry.accumulation import box_of
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.geometry.regions import cells_of
from sbrt_qa.i18n.phrase import counted, say
from sbrt_qa.model.outcome import Reason, Severity
from sbrt_qa.model.structure import Structure
from sbrt_qa.units import apart_from

WORTH_TELLING = 1e-4
"""Part of a structure outside the dose grid below which rounding is a likelier cause."""

SAME_MM = 0.05
"""Structures that leave the outer voxel centres by less than is printed do not leave them."""


@check(
    "OUTSIDE_DOSE_GRID",
    title="Structures and dose grid",
    group=Group.GRID,
    severity=Severity.MAJOR,
    milder=(Severity.INFO, Severity.MINOR),
    rows=(16,),
)
def outside_dose_grid(
    context: CheckContext,
    tolerance_percent: float = 1.0,
    targets: tuple[str, ...] = ("GTV", "CTV", "ITV", "PTV"),
) -> Iterator[Outcome]:
    """Find evaluated structures that lie partly where no dose was calculated.

    Beyond the tolerance the metrics of a structure are not evaluable; a target is then a major
    deviation, an organ a minor one. Less is told as information, and so is the outline of the body,
    which no dose grid has to hold.

    Parameters
    ----------
    tolerance_percent
        Part of a structure outside the grid that changes its metrics little.
    targets
        Structures of the protocol that must be held whole.
    """
    held = 0
    vital = {s for name in targets for s in context.all_of(name)}
    for key, structure in context.evaluated_structures.items():
        histogram = context.doses.dvh(structure)
        if not isinstance(histogram, DVH):
            continue
        if histogram.outside_fraction <= WORTH_TELLING:
            held += 1
            yield from _told_beyond_centres(context, key, structure)
            continue
        percent = 100 * histogram.outside_fraction
        share = f"{percent:.2g}"
        if (percent > tolerance_percent) != (float(share) > tolerance_percent):
            share = apart_from(percent, tolerance_percent, 1)
        found = f"{histogram.outside_grid_cc:.2f} cc ({share} %)"
        severity = None if structure in vital else Severity.MINOR
        if percent <= tolerance_percent or structure is context.body:
            severity = Severity.INFO
        yield Found(
            key,
            say("{0} lie outside the dose grid", found),
            "" if severity is Severity.INFO else say("Calculate the dose on a larger grid."),
            found,
            say("inside"),
            f"{tolerance_percent:g} %",
            severity,
        )
    if held:
        yield Passed(counted(held, "structure"), say("inside"), say("inside"))


def _told_beyond_centres(
    context: CheckContext, key: str, structure: Structure
) -> Iterator[Outcome]:
    """Tell that a structure is read beyond the outer voxel centres, where it is."""
    region, dose = context.doses.region(structure), context.doses.case.dose
    if isinstance(region, Reason) or isinstance(dose, Reason):
        return
    box = box_of(cells_of(region))
    pairs = ((box.z_mm, dose.z_mm), (box.y_mm, dose.y_mm), (box.x_mm, dose.x_mm))
    reach = float(max(max(axis[0] - low, high - axis[-1]) for (low, high), axis in pairs))
    if reach > SAME_MM:
        text = say(
            "reaches {0} mm beyond the outer voxel centres of the dose, in the outer halves of "
            "voxels or in an end that no contour draws: there the nearest dose counts",
            f"{reach:.1f}",
        )
        yield Found(key, text, severity=Severity.INFO)
