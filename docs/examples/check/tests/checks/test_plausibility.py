"""Whether the numbers make sense together: what passes, what is found, what cannot be told."""

import pytest

from .cases import NOTHING, case, dose, plan, told

CODE = "DOSE_MAX_BELOW_PRESCRIPTION"


@pytest.mark.parametrize(
    ("tried", "word"),
    [
        (case(), "pass"),
        (case(dose=dose(42.0)), "find"),
        (case(plan=plan(prescription=NOTHING)), "untold"),
        (case(dose=NOTHING), "nothing"),
    ],
)
def test_the_maximum_is_held_against_the_prescription(tried, word):
    assert told(CODE, tried) == word


def test_a_protocol_may_ask_for_less():
    assert told(CODE, case(dose=dose(45.0)), least_part=0.9) == "pass"
