"""Results that are computed once for an object and forgotten with it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import ref

Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """A pure function of one frozen object, see `remembered`."""

    def __init__(self, function: Callable[[Key], Value]) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._known: dict[int, tuple[ref[Key], Value]] = {}

    def __call__(self, key: Key) -> Value:
        """Return what the function gives for an object."""
        number, known = id(key), self._known
        found = known.get(number)
        if found is None or found[0]() is not key:
            found = ref(key, lambda _: known.pop(number, None)), self._function(key)
            known[number] = found
        return found[1]

    def forget(self, key: Key) -> None:
        """Let go of the result for an object that lives on; who asks again has it made again."""
        self._known.pop(id(key), None)


def remembered(function: Callable[[Key], Value]) -> Remembered[Key, Value]:
    """Decorate a pure function of one frozen object, to be computed once as long as that lives.

    The object is known by itself and not by its values; there must be weak references to its
    class. The result must not refer to it: then neither would ever be forgotten. An error is not
    remembered.
    """
    return Remembered(function)
