"""Results that are computed once for an object and forgotten with it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

Key = TypeVar("Key")
Value = TypeVar("Value")


def remembered(function: Callable[[Key], Value]) -> Callable[[Key], Value]:
    """Decorate a pure function of one frozen object, to be computed once as long as that lives.

    The object is known by itself and not by its values, so its class must not define equality. The
    result must not refer to it: then neither would ever be forgotten. An error is not remembered.
    """
    known: WeakKeyDictionary[Key, Value] = WeakKeyDictionary()

    @functools.wraps(function)
    def ask(key: Key) -> Value:
        found = known.get(key)
        if found is None:
            known[key] = found = function(key)
        return found

    return ask
