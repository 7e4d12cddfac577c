"""The median dose: values that can be checked by hand, and each Reason."""

import numpy as np
import pytest

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import MetricContext
from sbrt_qa.dosimetry.metrics import evaluate
from sbrt_qa.model.outcome import Measured, ReasonCode

# 1000 cc, dose spread evenly from 0 to 50 Gy
RAMP = DVH(1000.0, 0.0, np.array([0.0, 50.0]), np.array([1000.0, 0.0]), 0.0, 25.0, 50.0)
LEAVES = DVH(1000.0, 200.0, np.array([0.0, 50.0]), np.array([800.0, 0.0]), 0.0, 25.0, 50.0)
CONTEXT = MetricContext(prescription_gy=40.0)


@pytest.mark.parametrize(
    ("text", "dvh", "context", "expected"),
    [
        ("Median[Gy]", RAMP, CONTEXT, (25.0, "Gy")),
        ("Median[%]", RAMP, CONTEXT, (62.5, "%")),
        ("Median[%]", RAMP, MetricContext(), ReasonCode.NO_PRESCRIPTION),
        ("Median[Gy]", LEAVES, CONTEXT, ReasonCode.OUTSIDE_DOSE_GRID),
    ],
)
def test_half_of_the_structure_receives_it(text, dvh, context, expected):
    outcome = evaluate(parse_metric(text), dvh, context)
    if isinstance(outcome, Measured):
        assert (round(outcome.value, 9), outcome.unit) == expected
    else:
        assert outcome.code is expected
