"""Memory that is free again goes back to the system, where the C library would keep it."""

from __future__ import annotations

import ctypes
import functools
import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

WORTH_BYTES: Final = 288 * 1024**2
"""A process that holds less has little to give back, and asks for it again at once."""

OLDEST: Final = 2
"""Generation of objects that outlived a whole search for garbage."""

_ARENA_MAX: Final = -8
"""Number of the option of glibc, from its malloc.h."""

_STATE: Final = Path("/proc/self/statm")


def give_back_memory(*, after_reading: bool = False) -> None:
    """Return freed memory to the system, if the process is large; elsewhere than on Linux, nothing.

    What a large case needs while it is read, and for one reading of it, comes and goes in pieces
    that the C library keeps for later; what comes next has other sizes and is added on top.
    `after_reading` of files all objects are searched for garbage first, which takes a while; else
    those since.
    """
    trim = _of_the_c_library("malloc_trim")
    if trim is not None and is_large():
        # Datasets of files refer to each other, and hold all their bytes.
        gc.collect(OLDEST if after_reading else OLDEST - 1)
        trim(0)


def is_large() -> bool:
    """Tell whether this process holds so much that giving some back is worth the time."""
    return held_bytes() > WORTH_BYTES


def held_bytes() -> int:
    """Return the memory that this process holds; 0 where nothing tells."""
    try:
        pages = int(_STATE.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    import resource

    return pages * resource.getpagesize()


def share_one_heap() -> None:
    """Let all threads to come take memory from one heap, so that what one frees serves another.

    For programs only: threads of others might have to wait for each other. Elsewhere than on
    Linux, nothing.
    """
    set_option = _of_the_c_library("mallopt")
    if set_option is not None:
        set_option(_ARENA_MAX, 1)


@functools.cache
def _of_the_c_library(name: str) -> Callable[..., object] | None:
    """Return a function of the C library; None where that is another one."""
    if sys.platform != "linux":
        return None
    try:
        found: Callable[..., object] = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        return None
    return found
