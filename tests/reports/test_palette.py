"""Targets, organs and isodoses never share a hue, for whoever sees no red or no green either."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sbrt_qa.model.structure import Structure
from sbrt_qa.reports.figures.palette import (
    ISODOSES,
    LIMIT_ISODOSE,
    ORGANS,
    OTHER_ISODOSE,
    OTHERS,
    TARGETS,
    UNKNOWN,
    colours,
    dashes,
    legible,
    luminance,
)

GROUPS = {
    "targets": [colour for _, colour in TARGETS],
    "organs": [*(colour for _, colour in ORGANS), *OTHERS, UNKNOWN],
    "isodoses": [*(colour for _, colour in ISODOSES), LIMIT_ISODOSE, OTHER_ISODOSE],
}

# Machado, Oliveira, Fernandes: A physiologically-based model for simulation of color vision
# deficiency, IEEE TVCG 15 (2009), severity 1.0; on linear RGB.
SEEN = {
    "all colours": np.eye(3),
    "no red": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "no green": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
}  # fmt: skip

APART = 24.0
"""Least distance of two colours of different groups in the plane of CIELAB's a* and b*, where hue
is the direction and grey the middle."""


def lab(colour: str, seen: np.ndarray) -> np.ndarray:
    """Return L*, a*, b* of a colour as it is seen."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(seen @ linear, 0, 1)
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
         [0.0193339, 0.1191920, 0.9503041]]
    )  # fmt: skip
    xyz = to_xyz @ linear / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_the_scale_knows_white_black_and_red() -> None:
    assert lab("#ffffff", np.eye(3)) == pytest.approx([100, 0, 0], abs=0.02)
    assert lab("#000000", np.eye(3)) == pytest.approx([0, 0, 0], abs=0.02)
    assert lab("#ff0000", np.eye(3)) == pytest.approx([53.24, 80.09, 67.20], abs=0.05)


@pytest.mark.parametrize("eyes", SEEN)
@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(GROUPS, 2)))
def test_groups_never_share_a_hue(eyes: str, one: str, other: str) -> None:
    for a, b in itertools.product(GROUPS[one], GROUPS[other]):
        apart = float(np.hypot(*(lab(a, SEEN[eyes]) - lab(b, SEEN[eyes]))[1:]))
        assert apart >= APART, f"{a} and {b} with {eyes}: {apart:.1f}"


@pytest.mark.parametrize("eyes", SEEN)
def test_targets_differ_in_lightness(eyes: str) -> None:
    tones = sorted(float(lab(colour, SEEN[eyes])[0]) for colour in GROUPS["targets"])
    assert min(np.diff(tones)) >= 9


def test_curves_differ_in_dash_as_well() -> None:
    keys = ["PTV", "Liver", "Duodenum", "Stomach", "Heart", "Lungs"]
    assert len(set(dashes(keys[1:]).values())) == 5
    assert dashes(keys)["PTV"] == ""


def test_every_structure_has_a_colour_of_its_group() -> None:
    found = colours(dict.fromkeys(["PTV_5000", "Liver", "zz odd name"]))  # type: ignore[arg-type]
    assert found["PTV_5000"] in GROUPS["targets"]
    assert {found["Liver"], found["zz odd name"]} <= set(GROUPS["organs"])


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#ffff00", "#0000ff", "#3cb44b"])
def test_colours_of_a_plan_stand_out_from_white_and_from_black(colour: str) -> None:
    found = legible(colour)
    seen = luminance(bytes.fromhex(found[1:]))
    assert 1.05 / (seen + 0.05) >= 3
    assert (seen + 0.05) / 0.05 >= 3
    assert legible(found) == found


def test_colours_of_a_plan_are_taken_where_it_has_them_and_asked_for() -> None:
    plan = {"PTV": Structure(1, "PTV", colour="#e61e1e"), "Liver": Structure(2, "Liver")}
    ours = colours(plan)
    assert colours(plan, of_plan=True) == {"PTV": "#e61e1e", "Liver": ours["Liver"]}
    assert ours["PTV"] != "#e61e1e"
