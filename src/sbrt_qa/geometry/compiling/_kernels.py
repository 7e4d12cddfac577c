"""How cached kernels are loaded, and who is told when kernels, of whatever room, are compiled."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from numba import njit
from numba.core import config, event
from numba.core.caching import Cache, UserProvidedCacheLocator
from numba.core.runtime import rtsys
from numba.misc.appdirs import user_cache_dir

from sbrt_qa.geometry.compiling.cache_folder import VARIABLE, private_folder


def _find_place() -> None:
    """See that kernels can be kept: numba compiles nothing that it cannot keep."""
    users = Path(user_cache_dir(appname="numba", appauthor=False))
    subfolder = UserProvidedCacheLocator.get_suitable_cache_subpath
    made = private_folder(config.CACHE_DIR, users, subfolder)
    if made is not None:
        config.CACHE_DIR = os.environ[VARIABLE] = str(made)


_find_place()  # once in a process, before the first kernel is made


def cached(**options):
    """Return numba's decorator for a kernel whose machine code is kept on disk, wherever it may."""
    return njit(cache=True, **options)


def load_without_compiler(before_compiling: Callable[[], None]) -> None:
    """Let numba load cached kernels without the tables of its compiler.

    Before it looks into its cache numba fills tables of everything it can compile, which takes
    longer than all kernels of a review. Machine code needs none of it but the memory manager, and
    the compiler fills them by itself when it starts.

    Parameters
    ----------
    before_compiling
        Is called when a kernel is not in the cache.
    """
    if not hasattr(Cache, "_load_overload"):
        return  # another numba, which goes its own way

    def load_overload(stored, sig, target_context):
        rtsys.initialize(target_context)
        with stored._guard_against_spurious_io_errors():  # noqa: SLF001 - as in the original
            found = stored._load_overload(sig, target_context)  # noqa: SLF001
            if found is not None:
                return found
        before_compiling()
        return None

    Cache.load_overload = load_overload


class _Once(event.Listener):
    """Calls a function at the first event and ignores the others."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call: Callable[[], None] | None = call

    def on_start(self, event: event.Event) -> None:  # noqa: ARG002
        call, self._call = self._call, None
        if call is not None:
            call()

    def on_end(self, event: event.Event) -> None:
        """Nothing to do: only the first start is told."""


class _Each(event.Listener):
    """Calls a function with the name of every kernel of ours that is compiled."""

    def __init__(self, call: Callable[[str], None]) -> None:
        self._call = call

    def on_start(self, event: event.Event) -> None:
        function = event.data["dispatcher"].py_func
        if function.__module__.startswith("sbrt_qa."):  # not what numba makes of numpy for it
            self._call(function.__name__.strip("_"))

    def on_end(self, event: event.Event) -> None:
        """Nothing to do: only starts are told."""


TOLD_EVERY = 10
"""Kernels between two words of progress: on a slow machine that is 5 s."""


def when_compiling(call: Callable[[], None], progress: Callable[[int], None] | None = None) -> None:
    """Call a function once if a kernel, of whatever room, is not in the cache and gets compiled.

    `progress` is called with how many there were, at every tenth.
    """
    event.register("numba:compile", _Once(call))
    if progress is None:
        return
    names: list[str] = []

    def note(name: str) -> None:
        names.append(name)
        if len(names) % TOLD_EVERY == 0:
            progress(len(names))

    event.register("numba:compile", _Each(note))


@contextlib.contextmanager
def each_compiled(call: Callable[[str], None]) -> Iterator[None]:
    """Call a function with the name of each kernel, of whatever room, that gets compiled within."""
    listener = _Each(call)
    event.register("numba:compile", listener)
    try:
        yield
    finally:
        event.unregister("numba:compile", listener)
