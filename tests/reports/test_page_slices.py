"""A slice taken back from a case page, for a page about many cases."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest

from sbrt_qa.evidence.evidence import CtStack
from sbrt_qa.reports.html.page_slices import PAYLOAD, slice_of
from sbrt_qa.reports.html.viewer_contours import contour_block
from sbrt_qa.reports.html.viewer_image import KNOTS_GREY, KNOTS_HU, image_block
from sbrt_qa.testing.phantoms.closed_forms import contour
from sbrt_qa.testing.phantoms.shapes import Sphere

X, Y, Z = np.arange(-60.0, 61.0, 1.5), np.arange(-45.0, 46.0, 1.5), np.arange(-30.0, 31.0, 3.0)
BALL = Sphere((10.0, -5.0, 3.0), 20.0)


def text(data) -> str:
    return base64.b64encode(data).decode()


def axis(values) -> list:
    return [float(values[0]), float(values[1] - values[0]), int(values.size)]


@pytest.fixture(scope="module")
def page() -> str:
    """A page as far as it matters: a ball of 150 HU in water, and another structure before it."""
    ball = contour(BALL, Z, number=2, name="ball")
    other = contour(Sphere((-20.0, 0.0, 0.0), 12.0), Z, name="other")
    z, y, x = np.meshgrid(Z, Y, X, indexing="ij")
    inside = (x - 10) ** 2 + (y + 5) ** 2 + (z - 3) ** 2 < 400
    stack = CtStack(np.where(inside, 150, 0).astype(np.int16), X, Y, Z)
    contours = contour_block({"other": other, "ball": ball})
    box = (np.array([X[0], Y[0], Z[0]]), np.array([X[-1], Y[-1], Z[-1]]))
    image = image_block(stack, box, 10**6)
    data = {
        "structures": [{"key": k, "planes": p} for k, p in contours.planes.items()],
        "contours": {**contours.told(), "data": text(contours.data)},
        "image": {
            "x": axis(image.x_mm), "y": axis(image.y_mm), "z": image.z_mm.tolist(),
            "columns": image.columns, "hu": KNOTS_HU, "grey": KNOTS_GREY, "data": text(image.data),
        },
    }  # fmt: skip
    told = json.dumps(data)
    return f'<p>x</p><script type="application/json" id="payload">{told}</script><p>y</p>'


def test_the_slice_on_which_a_structure_is_largest(page):
    found = slice_of(page, "ball")
    assert found.z_mm == pytest.approx(3.0)
    (polygon,) = found.outlines[0].polygons
    radius = np.hypot(polygon[:, 0] - 10, polygon[:, 1] + 5)
    assert radius == pytest.approx(20.0, abs=0.2)
    frame = found.image_frame
    x = np.linspace(frame.x_low_mm, frame.x_high_mm, found.image.shape[1] + 1)[:-1]
    y = np.linspace(frame.y_low_mm, frame.y_high_mm, found.image.shape[0] + 1)[:-1]
    inside = np.hypot(*np.meshgrid(x + 0.75 - 10, y + 0.75 + 5)) < 17
    assert found.image[inside].mean() == pytest.approx(255 * 310 / 400, abs=4)
    outside = np.hypot(*np.meshgrid(x + 0.75 - 10, y + 0.75 + 5)) > 23
    assert found.image[outside].mean() == pytest.approx(255 * 160 / 400, abs=4)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda d: d["contours"].update(data="%%%"),
        lambda d: d["contours"].update(data=text(b"no zlib")),
        lambda d: d["image"].update(data=text(b"no picture")),
        lambda d: d["image"].update(x=[0, 0, 0]),
        lambda d: d["structures"].append(7),
        lambda d: d.pop("contours"),
    ],
)
def test_a_page_that_was_changed_makes_no_picture(page, wrong):
    data = json.loads(PAYLOAD.search(page).group(1))
    wrong(data)
    changed = re.sub(r"\{.*\}", lambda _: json.dumps(data), page, flags=re.DOTALL)
    found = slice_of(changed, "ball")
    assert found is None or found.image is None


def test_no_payload_and_an_unknown_structure_make_none(page):
    assert slice_of("<p>nothing</p>", "ball") is None
    assert slice_of(page, "liver") is None
