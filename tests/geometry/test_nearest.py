"""The tree of points is scipy's own, whichever way it was loaded."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.spatial import KDTree

from sbrt_qa.geometry import nearest
from sbrt_qa.geometry.nearest import tree_of

FRESH = """
import sys
import numpy as np
from sbrt_qa.geometry.nearest import tree_of

points = np.random.default_rng(1).normal(size=(500, 3))
asked = 2 * np.random.default_rng(2).normal(size=(200, 3))
answer = tree_of(points).query(asked, eps=1e-3)
assert "scipy.spatial" not in sys.modules, "the whole package was loaded"
assert "scipy.sparse" not in sys.modules, "what only a matrix of distances needs was loaded"
matrix = tree_of(points).sparse_distance_matrix(tree_of(asked), 0.3)
assert matrix.shape == (500, 200) and matrix.nnz > 0
import scipy.interpolate, scipy.ndimage, scipy.spatial
again = scipy.spatial.KDTree(points).query(asked, eps=1e-3)
assert all(np.array_equal(a, b) for a, b in zip(answer, again))
assert isinstance(tree_of(points), scipy.spatial.cKDTree)
"""


def test_only_the_tree_is_loaded_and_the_package_loads_after_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FRESH], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("quickly_built", [False, True])
def test_it_answers_as_the_tree_of_scipy_does(*, quickly_built: bool) -> None:
    random = np.random.default_rng(3)
    points = np.round(random.normal(size=(3000, 3)), 1)  # many points are equally near
    asked = np.round(2 * random.normal(size=(1000, 3)), 1)
    plain = not quickly_built
    theirs = KDTree(points, balanced_tree=plain, compact_nodes=plain)
    ours = tree_of(points, quickly_built=quickly_built)
    for eps in (0.0, 1e-3):
        for one, other in zip(
            ours.query(asked, eps=eps), theirs.query(asked, eps=eps), strict=True
        ):
            np.testing.assert_array_equal(one, other)


def test_without_the_inner_file_the_package_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "PACKAGE", "scipy.nowhere")
    monkeypatch.setattr(nearest, "INNER", "scipy.spatial._no_such_file")
    tree = tree_of(np.zeros((1, 3)))
    assert isinstance(tree, KDTree)
    assert tree.query([[3.0, 4.0, 0.0]])[0] == 5.0
