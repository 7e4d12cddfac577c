"""Distances on a lattice: the transform against SimpleITK's, the map against the surface."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from sbrt_qa.geometry.distance import Distance, contains, surface_points
from sbrt_qa.geometry.distance_map import FAR, MOST_EDGES, DistanceMap, squared_distance
from sbrt_qa.geometry.regions import Cells, cells_of, region_of
from sbrt_qa.model.structure import Contour, Structure


def blob(seed: int, planes: int = 9) -> Cells:
    """Return a waved body with a hole that moves along z."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 80, endpoint=False)
    contours = []
    for i in range(planes):
        radius = 18 + 4 * np.sin(3 * angle + rng.uniform(0, 6)) + i
        outer = np.column_stack([radius * np.cos(angle), 0.7 * radius * np.sin(angle)])
        contours.append(Contour(3.0 * i, outer))
        contours.append(Contour(3.0 * i, 0.3 * outer + i / 2))
    return cells_of(region_of(Structure(1, "blob", tuple(contours))))


@pytest.mark.parametrize("share", [0.0002, 0.01, 0.4])
@pytest.mark.parametrize("shape", [(40, 31, 23), (1, 50, 60), (7, 1, 1)])
def test_the_transform_equals_that_of_simpleitk(share: float, shape: tuple[int, int, int]) -> None:
    touched = np.random.default_rng(int(1e4 * share)).uniform(size=shape) < share
    touched.flat[0] = True
    image = SimpleITK.GetImageFromArray(touched.astype(np.uint8))
    theirs = SimpleITK.GetArrayFromImage(SimpleITK.DanielssonDistanceMap(image, True, True, False))
    brute = _squared(touched)
    ours = squared_distance(touched, 60)
    np.testing.assert_array_equal(ours, brute)
    # ITK's map by Danielsson is exact but for rare ties of its vectors: never nearer than the truth
    assert (theirs >= brute - 1e-3).all()
    assert np.mean(np.abs(theirs - ours) < 1e-3) > 0.999


def _squared(touched: np.ndarray) -> np.ndarray:
    from scipy.ndimage import distance_transform_edt

    return np.rint(distance_transform_edt(~touched) ** 2)


def test_beyond_its_reach_the_transform_says_only_that_it_is_far() -> None:
    touched = np.zeros((1, 1, 200), dtype=bool)
    touched[0, 0, 0] = True
    found = squared_distance(touched, 20)[0, 0]
    assert found[:21].tolist() == [k * k for k in range(21)]
    assert (found[21:] > 20 * 20).all()
    assert found[21] == FAR
    with pytest.raises(ValueError, match="at most"):
        squared_distance(touched, MOST_EDGES + 3)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_map_holds_its_bounds_everywhere(seed: int) -> None:
    cells = blob(seed)
    found = DistanceMap.around(cells, 30.0)
    points = np.random.default_rng(seed).uniform(-70, 80, (4000, 3))
    inside = contains(cells, points)
    exact, _ = Distance(cells).nearest(points)
    exact = np.where(inside, 0.0, exact)
    mapped = found.at(points)
    known = np.isfinite(mapped)
    assert (mapped[known] >= exact[known] - found.too_small_mm - 0.5).all()
    assert (mapped[known] <= exact[known] + found.too_large_mm).all()
    assert (exact[~known] > 30.0 - found.too_large_mm).all()
    assert known.sum() > 500


def test_the_map_on_a_grid_is_that_of_its_points() -> None:
    found = DistanceMap.around(blob(3), 25.0)
    x, y, z = np.linspace(-90, 90, 31), np.linspace(-20, 200, 25), np.array([-5.0, 0.0, 7.0, 300.0])
    at = np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1).transpose(2, 1, 0, 3)
    expected = found.at(at.reshape(-1, 3)).reshape(z.size, y.size, x.size)
    np.testing.assert_array_equal(found.on(x, y, z), expected.astype(np.float32))


def test_a_window_changes_no_distance_within_it() -> None:
    cells = blob(4)
    low, high = np.array([10.0, -60.0, -10.0]), np.array([70.0, 60.0, 12.0])
    points = np.random.default_rng(4).uniform(low, high, (500, 3))
    whole, _ = Distance(cells).nearest(points)
    part = Distance(cells, 0.0, (low - 20.0, high + 20.0))
    found, _ = part.nearest(points)
    near = whole < 20.0
    assert near.sum() > 100
    np.testing.assert_array_equal(found[near], whole[near])
    assert (found[~near] >= 20.0).all()
    everything, some = (surface_points(cells, 0.5, 1.0, 0.0, w) for w in (None, (low, high)))
    assert 0 < len(some) < len(everything)


def test_points_that_share_a_line_are_told_apart() -> None:
    """Membership of points on few lines equals that of each alone."""
    cells = blob(5)
    rng = np.random.default_rng(5)
    points = np.column_stack(
        [
            rng.uniform(-30, 30, 3000),
            rng.integers(-9, 9, 3000) + 0.5,
            rng.integers(-1, 12, 3000) * 2.0,
        ]
    )
    together = contains(cells, points)
    alone = np.array([contains(cells, p[None])[0] for p in points[:300]])
    np.testing.assert_array_equal(together[:300], alone)
    assert 0.1 < together.mean() < 0.9
