"""How the compiler of the kernels is started, and who is told when it works."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from typing import Any, Final

PROBING: Final = "numba.np.arraymath"
"""The module of numba that looks for BLAS when it is imported."""


def start_fast() -> None:
    """Start numba with what cached kernels need, and with the rest when one has to be compiled.

    Halves the time until the first kernel runs. For programs only: see `skip_blas_probe`, and
    compiled code of others in the same process could not use functions of cffi.
    """
    with _absent("cffi"):  # numba makes a parser of C declarations if it is there
        kernels = importlib.import_module("sbrt_qa.geometry.compiling._kernels")
    kernels.load_without_compiler(skip_blas_probe)


def cached_kernel(**options: bool) -> Any:  # noqa: ANN401 - numba's decorator has no type
    """Return numba's decorator for a kernel that is kept on disk, for who loads numba late."""
    kernels = importlib.import_module("sbrt_qa.geometry.compiling._kernels")
    return kernels.cached(**options)


def skip_blas_probe() -> None:
    """Keep numba from importing scipy only to see whether it offers BLAS, which no kernel uses.

    For programs only: compiled code of others in the same process could not use ``np.dot``.
    """
    if PROBING not in sys.modules:
        with _absent("scipy.linalg.cython_blas"):
            importlib.import_module(PROBING)


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
