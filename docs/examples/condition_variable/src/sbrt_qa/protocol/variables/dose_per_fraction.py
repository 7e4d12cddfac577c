"""The prescribed dose of one fraction."""

from __future__ import annotations

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Reason
from sbrt_qa.protocol.variables.plan_facts import fractions, prescription_gy
from sbrt_qa.protocol.variables.registry import Fact, not_stated, variable


@variable("dose_per_fraction_gy")
def dose_per_fraction_gy(case: Case) -> Fact:
    """Return the prescribed dose of one fraction."""
    number, total_gy = fractions(case), prescription_gy(case)
    if isinstance(number, Reason):
        return number
    if number < 1:
        return not_stated(say("number of fractions"))
    return total_gy if isinstance(total_gy, Reason) else total_gy / number
