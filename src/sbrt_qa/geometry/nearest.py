"""The tree of points of scipy, without the rest of ``scipy.spatial``, which takes long to load.

That package loads rotations, hulls and more with it, which takes as long as a fifth of the review
of a small case. Where its inner file is not where it was, the package is loaded.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import threading
import types
from collections.abc import Iterator
from importlib.machinery import PathFinder
from typing import Any, Final

from sbrt_qa.model.grid import FloatArray

PACKAGE: Final = "scipy.spatial"
INNER: Final = "scipy.spatial._ckdtree"
"""Where the class itself is compiled."""

POINTS_IN_A_LEAF: Final = 10

_LOADING: Final = threading.Lock()


def tree_of(points_mm: FloatArray, *, quickly_built: bool = False) -> Any:  # noqa: ANN401
    """Return a ``scipy.spatial.KDTree`` of points, or what is that but for its name.

    Parameters
    ----------
    points_mm
        Shape ``(n, 3)``.
    quickly_built
        For many points and few questions: built in less time, and asked in a little more.
    """
    with _LOADING:
        made = _class()
    plain = not quickly_built
    return made(points_mm, POINTS_IN_A_LEAF, balanced_tree=plain, compact_nodes=plain)


def _class() -> Any:  # noqa: ANN401
    if PACKAGE not in sys.modules:
        try:
            return _alone().cKDTree
        except (ImportError, AttributeError):
            sys.modules.pop(INNER, None)
    from scipy.spatial import KDTree

    return KDTree


def _alone() -> Any:  # noqa: ANN401
    """Return the inner file as a module; raise ImportError where there is none."""
    if INNER in sys.modules:
        return sys.modules[INNER]
    import scipy

    spec = PathFinder.find_spec(INNER, [f"{folder}/spatial" for folder in scipy.__path__])
    if spec is None or spec.loader is None:
        raise ImportError(INNER)
    module = importlib.util.module_from_spec(spec)
    # None is what `copy_if_needed` is with numpy 2: copy only where it must be.
    with _without("scipy.sparse"), _without("scipy._lib._util", copy_if_needed=None):
        spec.loader.exec_module(module)
    sys.modules[INNER] = module
    return module


@contextlib.contextmanager
def _without(name: str, **names: object) -> Iterator[None]:
    """Let a module be imported without another, of which it needs these names at most."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = instead = types.ModuleType(name)
    vars(instead).update(names)
    try:
        yield
    finally:
        del sys.modules[name]
