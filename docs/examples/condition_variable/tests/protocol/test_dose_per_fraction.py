"""A condition on the dose of a fraction: it holds, it does not, and it cannot be told."""

import pytest

from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.protocol.applicability import facts_of
from sbrt_qa.protocol.conditions import holds, parse_condition


@pytest.mark.parametrize(("text", "expected"), [("== 10", True), ("> 10", False), ("<= 12", True)])
def test_a_condition_asks_for_it(make_case, text, expected):
    facts = facts_of(make_case(["PTV"], prescription_gy=50.0))
    assert holds(parse_condition(f"dose_per_fraction_gy {text}"), facts) is expected


def test_without_a_plan_it_cannot_be_told(make_case):
    nothing = Reason(ReasonCode.NO_PRESCRIPTION, "none")
    facts = facts_of(make_case(["PTV"], plan=nothing))
    assert holds(parse_condition("dose_per_fraction_gy > 8"), facts) is nothing
