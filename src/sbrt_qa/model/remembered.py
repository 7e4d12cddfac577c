"""Results that are computed once for an object and forgotten with it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar
from weakref import ref

Key = TypeVar("Key")
Value = TypeVar("Value")


def remembered(function: Callable[[Key], Value]) -> Callable[[Key], Value]:
    """Decorate a pure function of one frozen object, to be computed once as long as that lives.

    The object is known by itself and not by its values; there must be weak references to its
    class. The result must not refer to it: then neither would ever be forgotten. An error is not
    remembered.
    """
    known: dict[int, tuple[ref[Key], Value]] = {}

    @functools.wraps(function)
    def ask(key: Key) -> Value:
        number = id(key)
        found = known.get(number)
        if found is None or found[0]() is not key:
            found = ref(key, lambda _: known.pop(number, None)), function(key)
            known[number] = found
        return found[1]

    return ask
