"""Sums of doses against closed forms: the sum of two functions, read from grids that differ."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sbrt_qa.errors import GeometryError
from sbrt_qa.model.dose_sum import MOST_ERROR, read_at, sum_of
from sbrt_qa.model.grid import DoseGrid, DoseType

Field = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def grid(
    field: Field,
    *,
    spacing: tuple[float, float, float] = (2.0, 2.0, 2.0),
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0),
    half_mm: float = 30.0,
    **elements: object,
) -> DoseGrid:
    """A field on a grid; `spacing` and `offset` along (z, y, x)."""
    z, y, x = (
        np.arange(-half_mm + o, half_mm + o + 1e-9, s) for s, o in zip(spacing, offset, strict=True)
    )
    values = field(z[:, None, None], y[None, :, None], x[None, None, :])
    return DoseGrid(np.broadcast_to(values, (z.size, y.size, x.size)).copy(), x, y, z, **elements)


def linear(z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    return 20 + 0.1 * x + 0.2 * y - 0.15 * z


def quadratic(z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    return 5 + 0.004 * (x - 3) ** 2 + 0.003 * y**2 + 0.002 * (z + 4) ** 2


def bump(z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    return 50 * np.exp(-((x - 4) ** 2 + (y + 3) ** 2 + (z - 2) ** 2) / (2 * 10.0**2))


def other_bump(z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    return 40 * np.exp(-((x + 8) ** 2 / 288 + (y - 2) ** 2 / 200 + z**2 / 242))


GRIDS = {
    "same": {},
    "shifted": {"offset": (0.7, -0.9, 1.1)},
    "other spacing": {"spacing": (3.0, 2.5, 2.5)},
    "shifted and other spacing": {"spacing": (2.5, 3.0, 1.5), "offset": (-0.4, 0.3, 0.8)},
    "fine along one axis": {"spacing": (1.0, 3.0, 3.0), "offset": (0.25, 1.0, -1.0)},
}
FIELDS = {
    "linear + linear": (linear, linear, 1e-9),
    "linear + quadratic": (linear, quadratic, 2e-3),
    "quadratic + bump": (quadratic, bump, 6e-3),
    "bump + bump": (bump, other_bump, 6e-3),
}


def _middle(total: DoseGrid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes two voxels or more from the edge, where a natural spline is known to bend wrongly."""
    return tuple(a[(np.abs(a) < 22.0)] for a in (total.z_mm, total.y_mm, total.x_mm))  # type: ignore[return-value]


@pytest.mark.parametrize("how", GRIDS)
@pytest.mark.parametrize("what", FIELDS)
def test_sum_of_fields__closed_form(what: str, how: str) -> None:
    one, other, part = FIELDS[what]
    found = sum_of([grid(one), grid(other, **GRIDS[how])])
    assert found.known is not None
    z, y, x = _middle(found.known)
    zz, yy, xx = z[:, None, None], y[None, :, None], x[None, None, :]
    wanted = one(zz, yy, xx) + other(zz, yy, xx)
    error = np.abs(read_at(found.known, (z, y, x)) - wanted).max()
    assert error <= part * found.known.max_gy


@pytest.mark.parametrize("how", [name for name in GRIDS if name != "same"])
def test_stated_error__holds_between_the_voxels(how: str) -> None:
    parts = [grid(bump), grid(other_bump, **GRIDS[how])]
    found = sum_of(parts)
    assert found.known is not None
    assert found.error_gy is not None
    assert found.error_gy <= MOST_ERROR * found.known.max_gy
    rng = np.random.default_rng(7)
    for _ in range(20):
        at = tuple(np.sort(rng.uniform(-25, 25, 12)) for _ in range(3))
        apart = read_at(found.known, at) - sum(read_at(p, at) for p in parts)  # type: ignore[arg-type]
        assert np.abs(apart).max() <= 1.5 * found.error_gy + 1e-9


def test_equal_grids__are_added_exactly() -> None:
    one, other = grid(bump), grid(quadratic)
    found = sum_of([one, other])
    assert found.error_gy is None
    assert found.at_least is found.known
    assert found.known is not None
    assert np.array_equal(found.known.dose_gy, one.dose_gy + other.dose_gy)


def test_sum__does_not_depend_on_the_order() -> None:
    parts = [grid(bump), grid(other_bump, **GRIDS["shifted and other spacing"])]
    one, other = sum_of(parts).known, sum_of(parts[::-1]).known
    assert one is not None
    assert other is not None
    assert np.allclose(one.dose_gy, other.dose_gy, atol=1e-9)


def test_grid_that_ends__leaves_a_lower_bound_there() -> None:
    whole, short = (
        grid(lambda z, y, x: 10 + 0 * (x + y + z)),
        grid(lambda z, y, x: 5 + 0 * (x + y + z), half_mm=12.0),
    )
    found = sum_of([whole, short])
    assert found.known is not None
    assert np.allclose(found.known.dose_gy, 15)
    assert found.known.x_mm[0] >= -12
    assert found.known.x_mm[-1] <= 12
    assert found.at_least.x_mm[0] == -30
    assert found.at_least.x_mm[-1] == 30
    assert set(np.round(np.unique(found.at_least.dose_gy), 6)) == {10.0, 15.0}


def test_grids_without_a_common_place__have_no_sum() -> None:
    found = sum_of([grid(bump, half_mm=8.0), grid(bump, half_mm=8.0, offset=(40.0, 0.0, 0.0))])
    assert found.known is None
    assert found.at_least.max_gy > 0


def test_outside_the_grid__nothing_is_read() -> None:
    read = read_at(grid(bump), (np.array([0.0, 31.0]), np.array([0.0]), np.array([0.0])))
    assert np.isnan(read[1, 0, 0])
    assert read[0, 0, 0] > 0


@pytest.mark.parametrize(
    ("doses", "what"),
    [
        ([], "no dose to add"),
        ([grid(bump), grid(bump, frame_of_reference_uid="1.2")], "states no frame of reference"),
        ([grid(bump, frame_of_reference_uid=uid) for uid in ("1.2", "1.3")], "different frames"),
        ([grid(bump), grid(bump, dose_type=DoseType.EFFECTIVE)], "different frames"),
    ],
)
def test_what_cannot_be_added__is_refused(doses: list[DoseGrid], what: str) -> None:
    with pytest.raises(GeometryError, match=what):
        sum_of(doses)
