"""The modelled fields: geometry by the IEC scale, and the physics that isodoses show."""

import numpy as np
import pytest

from sbrt_qa.testing.phantoms.liver_dose import (
    ATTENUATION_PER_MM,
    Density,
    LiverField,
    bev_raster,
    density_of,
    field_dose,
    levelling_tilt,
    opening,
    radiological_depth,
)
from sbrt_qa.testing.phantoms.liver_solids import Tube

ISO = (0.0, 0.0, 0.0)
X, Y, Z = np.arange(-60.0, 61, 2), np.arange(-60.0, 61, 2), np.arange(-40.0, 41, 2)
TARGET = Tube([[0, 0, -10], [0, 0, 10]], [15.0, 15.0])


def water():
    return Density(np.ones((Z.size, Y.size, X.size)), X, Y, Z)


@pytest.mark.parametrize(
    ("gantry", "couch", "source"),
    [
        (0, 0, (0, -1, 0)),  # from the front
        (90, 0, (1, 0, 0)),  # from the patient's left
        (180, 0, (0, 1, 0)),  # from the back
        (270, 0, (-1, 0, 0)),  # from the patient's right
        (90, 90, (0, 0, -1)),  # couch turned: the patient's feet face the beam
        (0, 40, (0, -1, 0)),  # a vertical beam does not see the couch turn
    ],
)
def test_where_a_field_comes_from(gantry, couch, source):
    axes = LiverField(gantry, couch).axes()
    assert axes[0] == pytest.approx(source, abs=1e-12)
    assert np.array(axes) @ np.array(axes).T == pytest.approx(np.eye(3), abs=1e-12)


def test_depth_in_water_is_the_distance_to_the_surface():
    depth = radiological_depth(LiverField(0).axes()[0], water(), (X, Y, Z))
    assert depth[20, :, 30] == pytest.approx(Y + 61, abs=3.1)


def test_density_follows_the_hounsfield_units():
    hu = np.array([-1000.0, -500.0, 0.0, 850.0])
    assert density_of(hu) == pytest.approx([0.0, 0.5, 1.0, 1.5])


def test_a_field_is_open_where_the_target_is():
    opened = opening(LiverField(270), TARGET, ISO, 0.0, np.zeros(3))
    axis = bev_raster()
    at_centre = int(np.abs(axis).argmin())
    across = axis[opened.edge_mm[at_centre] >= 0]
    along = axis[opened.edge_mm[:, at_centre] >= 0]
    assert (across[0], across[-1]) == (-15, 15)
    assert (along[0], along[-1]) == (-25, 25)
    edge = opened.fluence[at_centre, np.abs(axis - 15).argmin()]
    assert edge == pytest.approx(0.5, abs=0.02)  # half the fluence at the edge
    assert opened.fluence[at_centre, at_centre] == pytest.approx(1.0, abs=0.05)


def test_dose_falls_with_depth_and_distance():
    opened = opening(LiverField(0), TARGET, ISO, 0.0, np.zeros(3))
    dose = field_dose(LiverField(0), opened, ISO, water(), (X, Y, Z))[20, :, 30]
    deep, shallow = int(np.abs(Y - 40).argmin()), int(np.abs(Y + 20).argmin())
    by_hand = np.exp(-60 * ATTENUATION_PER_MM) * ((1000 - 20) / (1000 + 40)) ** 2
    assert dose[deep] / dose[shallow] == pytest.approx(by_hand, rel=0.03)
    assert dose[0] < dose[8]  # build-up


def test_levelling_takes_a_slope_out():
    fields = (LiverField(0), LiverField(120), LiverField(240), LiverField(45, 60))
    slope = np.array([0.004, -0.002, 0.001])
    tilt = levelling_tilt(fields, slope)
    seen = sum(np.outer(a, a) @ tilt for f in fields for a in f.axes()[1:]) / len(
        fields
    )  # what the mean of all tilted fluences adds
    assert seen == pytest.approx(-slope)
