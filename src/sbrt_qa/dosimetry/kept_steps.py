"""What readings of one structure have in common: computed once, kept for a short while."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Final, TypeVar

Value = TypeVar("Value")

MOST: Final = 8
"""Results that are kept, the last that were asked for; scan lines of a body take 10 MB."""

MOST_SHARED: Final = 2
"""The same of those that serve many structures; a spline through a dose takes up to 100 MB."""


class Kept:
    """The last few results of costly pure functions, by what they were made of.

    Several threads may ask. Two that ask for the same at once may both compute it.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, Any] = OrderedDict()
        self._shared: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock, self._making = Lock(), Lock()

    def of(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return what `make` gives for a key, which names all that it depends on."""
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                known: Value = self._known[key]
                return known
        made = make()
        with self._lock:
            self._known[key] = made
            while len(self._known) > MOST:
                self._known.popitem(last=False)
        return made

    def shared(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the same of what serves many structures: whoever asks meanwhile waits for it."""
        with self._making:
            if key not in self._shared:
                self._shared[key] = make()
            self._shared.move_to_end(key)
            while len(self._shared) > MOST_SHARED:
                self._shared.popitem(last=False)
            found: Value = self._shared[key]
            return found

    def forget(self) -> None:
        """Keep nothing any more."""
        with self._lock, self._making:
            self._known.clear()
            self._shared.clear()
