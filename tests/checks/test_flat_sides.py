"""A side that is one plane: an organ of which the rest was not drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sbrt_qa.checks.anatomy.flat_sides import flattest
from sbrt_qa.model.structure import Contour, Structure
from sbrt_qa.testing.phantoms.closed_forms import contour
from sbrt_qa.testing.phantoms.shapes import Sphere

BALL = contour(Sphere((5.0, -3.0, 0.0), 40.0), np.arange(-39.0, 40.0, 3.0))


def cut(structure: Structure, degrees: float, share: float) -> Structure:
    """Leave out what lies beyond a plane at a share of the width, seen from a direction."""
    out = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
    every = np.concatenate([c.xy_mm @ out for c in structure.contours])
    at = every.max() - share * (every.max() - every.min())
    kept = []
    for c in structure.contours:
        beyond = np.maximum(c.xy_mm @ out - at, 0.0)
        xy = c.xy_mm - beyond[:, None] * out
        if (xy @ out).min() < at - 2:
            kept.append(Contour(c.z_mm, xy))
    return Structure(structure.roi_number, structure.name, tuple(kept))


@pytest.mark.parametrize("degrees", [0, 90, 180, 270, 37, 200])
@pytest.mark.parametrize("share", [0.25, 0.5, 0.65])
def test_a_ball_cut_by_a_plane_is_flat_there(degrees, share):
    """Of a ball, half of a cut's area is (1 - (1 - 2 share)^2) of what is seen of it from there."""
    side = flattest(cut(BALL, degrees, share))
    expected = 100 * (1 - (1 - 2 * share) ** 2) if share < 0.5 else 100.0
    assert side.percent == pytest.approx(expected, abs=12)
    assert min((side.degrees - degrees) % 360, (degrees - side.degrees) % 360) <= 3


def test_a_ball_is_flat_nowhere_on_pixels_neither():
    assert flattest(BALL).percent < 10
    steps = tuple(Contour(c.z_mm, np.round(c.xy_mm / 2.0) * 2.0) for c in BALL.contours)
    assert flattest(Structure(1, "pixels", steps)).percent < 35


def test_what_is_thin_or_has_few_planes_is_not_looked_at():
    thin = contour(Sphere((0.0, 0.0, 0.0), 10.0), np.arange(-9.0, 10.0, 2.0))
    few = Structure(1, "few", BALL.contours[:4])
    assert (flattest(thin), flattest(few)) == (None, None)
