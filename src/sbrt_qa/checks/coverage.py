"""Whether the dose grid holds the structures that limits use."""

from __future__ import annotations

from collections.abc import Iterator

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, check
from sbrt_qa.dosimetry.dvh import DVH
from sbrt_qa.model.outcome import Severity
from sbrt_qa.model.phrase import counted, say

WORTH_TELLING = 1e-4
"""Part of a structure outside the dose grid below which rounding is a likelier cause."""


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
            continue
        percent = 100 * histogram.outside_fraction
        found = f"{histogram.outside_grid_cc:.2f} cc ({percent:.2g} %)"
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
