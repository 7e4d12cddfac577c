"""Both distances of a limit, on histograms that are straight lines."""

from __future__ import annotations

import numpy as np
import pytest

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metrics.two_distances import two_distances

# 100 cc, dose spread evenly from 0 to 50 Gy: 2 cc in each Gy
RAMP = DVH(100.0, 0.0, np.array([0.0, 50.0]), np.array([100.0, 0.0]), 0.0, 25.0, 50.0)


@pytest.mark.parametrize(
    ("metric", "bound", "dose_gy", "volume_cc"),
    [
        ("D10cc[Gy]", 44.0, 1.0, 2.0),
        ("D10%[Gy]", 44.0, 1.0, 2.0),
        ("D10cc[%]", 88.0, 1.0, 2.0),
        ("V44Gy[cc]", 10.0, 1.0, 2.0),
        ("V88%[%]", 10.0, 1.0, 2.0),
        ("V40Gy[%]", 25.0, -2.5, -5.0),
        ("DC70cc[Gy]", 34.0, 1.0, -2.0),
        ("CV15Gy[cc]", 40.0, 5.0, -10.0),
        ("Mean[Gy]", 20.0, None, None),
        ("V44Gy[cc]", 200.0, None, None),
        ("EQD2_3(D10cc)[Gy]", 44.0, None, None),
    ],
)
def test_a_limit_is_a_point_of_the_histogram(metric, bound, dose_gy, volume_cc):
    found = two_distances(parse_metric(metric), RAMP, bound, 50.0)
    if dose_gy is None:
        assert found is None
    else:
        assert (found.dose_gy, found.volume_cc) == pytest.approx((dose_gy, volume_cc))


def test_per_cent_of_an_unknown_prescription_tells_nothing():
    assert two_distances(parse_metric("D10cc[%]"), RAMP, 88.0, None) is None
