"""What a plan states: its fractions and its prescribed dose."""

from __future__ import annotations

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.plan import Prescription
from sbrt_qa.protocol.variables.registry import Fact, not_stated, variable


@variable("fractions")
def fractions(case: Case) -> Fact:
    """Return the number of fractions."""
    if isinstance(case.plan, Reason):
        return case.plan
    stated = case.plan.fractions
    return not_stated(say("number of fractions")) if stated is None else stated


@variable("prescription_gy")
def prescription_gy(case: Case) -> Fact:
    """Return the prescribed dose; of several levels the highest."""
    if isinstance(case.plan, Reason):
        return case.plan
    stated = case.plan.prescription
    if isinstance(stated, Prescription):
        return stated.total_gy
    return stated or not_stated(say("prescribed dose"))
