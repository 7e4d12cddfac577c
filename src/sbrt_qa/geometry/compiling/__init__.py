"""How the compiler of the kernels is started, and who is told when it works."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from typing import Final

PROBED: Final = (("cffi", "numba"), ("scipy.linalg.cython_blas", "numba.np.arraymath"))
"""Modules that numba imports only to see whether they are there, each with where it does."""


def skip_probes() -> None:
    """Keep numba from importing scipy and cffi only to see whether they are there.

    No kernel uses them; saves a tenth of a short run. For programs only: compiled code of others
    in the same process could not use ``np.dot`` or a function of cffi any more.
    """
    for probed, where in PROBED:
        with _absent(probed):
            importlib.import_module(where)


@contextlib.contextmanager
def _absent(name: str) -> Iterator[None]:
    """Let the import of a module fail within, which numba takes as the answer no."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
