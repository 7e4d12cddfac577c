"""Whether the dose can be the dose of this plan at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sbrt_qa.checks.registry import CheckContext, Found, Group, check
from sbrt_qa.model.outcome import Severity
from sbrt_qa.model.phrase import say

LOWEST, HIGHEST = 0.9, 2.5
"""Maxima, as parts of the prescription, outside which a dose is taken for another's.

Radiosurgery prescribes to 50 % of the maximum; no plan stays a tenth below its prescription.
"""

ADVICE: Final = say("Check that this is the dose of the whole plan, and its total dose.")


@check(
    "DOSE_FAR_FROM_PRESCRIPTION",
    title="Dose maximum and prescription",
    group=Group.PRESCRIPTION,
    severity=Severity.BLOCK,
    rows=(3, 7),
)
def dose_far_from_prescription(context: CheckContext) -> Iterator[Found]:
    """Find a dose whose maximum is far from the prescription: a wrong file, or a part of one."""
    known = context.doses.metric_context
    prescribed, highest = known.prescription_gy, known.dose_max_gy
    if not isinstance(prescribed, float) or highest is None:
        return
    if not LOWEST * prescribed <= highest <= HIGHEST * prescribed:
        yield Found(
            say("dose"),
            say("maximum {0} Gy, but {1} Gy prescribed", f"{highest:.2f}", f"{prescribed:g}"),
            ADVICE,
        )
