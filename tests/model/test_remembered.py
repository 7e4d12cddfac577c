"""What is computed once for an object, known by itself and not by its values."""

from __future__ import annotations

import gc
from dataclasses import dataclass, replace

import pytest

from sbrt_qa.model.remembered import remembered


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Held:
    """A value that cannot be hashed, and is equal to others."""

    names: dict[str, int]


def test_it_is_computed_once_for_each_object() -> None:
    asked: list[int] = []

    @remembered
    def total(held: Held) -> int:
        asked.append(id(held))
        return sum(held.names.values())

    one, like_it = Held({"a": 1, "b": 2}), Held({"a": 1, "b": 2})
    assert [total(one), total(one), total(like_it)] == [3, 3, 3]
    assert asked == [id(one), id(like_it)]
    assert total(replace(one, names={"a": 5})) == 5


def test_it_is_forgotten_with_the_object() -> None:
    @remembered
    def size(held: Held) -> int:
        return len(held.names)

    for count in range(200):  # numbers of objects that are gone are given again
        assert size(Held(dict.fromkeys(map(str, range(count)), 0))) == count
    gc.collect()


def test_an_error_is_not_remembered() -> None:
    tried = []

    @remembered
    def fails_first(held: Held) -> int:
        tried.append(held)
        if len(tried) == 1:
            raise ValueError("not yet")
        return 7

    one = Held({})
    with pytest.raises(ValueError, match="not yet"):
        fails_first(one)
    assert fails_first(one) == 7


def test_a_result_can_be_let_go_while_the_object_lives() -> None:
    asked: list[int] = []

    @remembered
    def size(held: Held) -> int:
        asked.append(id(held))
        return len(held.names)

    one, other = Held({"a": 1}), Held({})
    assert (size(one), size(other)) == (1, 0)
    size.forget(one)
    size.forget(Held({}))  # one that nobody asked for
    assert (size(one), size(other)) == (1, 0)
    assert asked == [id(one), id(other), id(one)]
