"""Structure expressions: ``External-PTV``, ``Kidney_L + Kidney_R``, ``Liver & PTV``.

An expression is names joined by ``-`` (without), ``+`` (union) and ``&`` (intersection), read from
left to right; there are no parentheses. A name may itself hold one of these signs, ``Liver-GTV``:
the longest known name is taken first.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from sbrt_qa.errors import UsageError, quoted

T = TypeVar("T")
R = TypeVar("R")

MAX_NAMES = 8
"""Names in one expression; also what a region of the geometry can combine."""


class Operator(enum.StrEnum):
    """How two structures are combined."""

    WITHOUT = "-"
    UNION = "+"
    INTERSECTION = "&"


@dataclass(frozen=True, slots=True)
class Leaf(Generic[T]):
    """One structure, or its name."""

    value: T


@dataclass(frozen=True, slots=True)
class Combined(Generic[T]):
    """Two expressions combined."""

    operator: Operator
    left: Tree[T]
    right: Tree[T]


Tree: TypeAlias = Leaf[T] | Combined[T]
"""An expression over values of type T: names of the protocol, or structures of the plan."""


def fold(tree: Tree[T], leaf: Callable[[T], R], pair: Callable[[Operator, R, R], R]) -> R:
    """Reduce a tree from its leaves up."""
    if isinstance(tree, Leaf):
        return leaf(tree.value)
    return pair(tree.operator, fold(tree.left, leaf, pair), fold(tree.right, leaf, pair))


def leaves(tree: Tree[T]) -> tuple[T, ...]:
    """Return the values of a tree from left to right."""
    return fold(tree, lambda value: (value,), lambda _, left, right: left + right)


def substitute(tree: Tree[T], value: Callable[[T], Tree[R]]) -> Tree[R]:
    """Return the tree with an expression in place of every value."""
    if isinstance(tree, Leaf):
        return value(tree.value)
    left, right = substitute(tree.left, value), substitute(tree.right, value)
    return Combined(tree.operator, left, right)


def written(tree: Tree[str]) -> str:
    """Return the text of an expression over names, with a blank around each sign."""
    return fold(tree, str, lambda operator, left, right: f"{left} {operator} {right}")


def parse_expression(text: str, known: Collection[str]) -> Tree[str]:
    """Read an expression over known names.

    Raises
    ------
    UsageError
        The text is empty, too long, or holds a name that is not known.
    """
    first, rest = _take_name(text.strip(), text, known)
    tree: Tree[str] = Leaf(first)
    for _ in range(MAX_NAMES - 1):
        if not rest:
            return tree
        operator = Operator(rest[0])
        name, rest = _take_name(rest[1:].lstrip(), text, known)
        tree = Combined(operator, tree, Leaf(name))
    if rest:
        raise UsageError(
            "a structure expression is too long",
            got=quoted(text),
            expected=f"at most {MAX_NAMES} names",
        )
    return tree


def _take_name(text: str, whole: str, known: Collection[str]) -> tuple[str, str]:
    """Split the longest known name off; what follows is empty or starts with an operator."""
    for name in sorted(known, key=len, reverse=True):
        if text.startswith(name):
            rest = text[len(name) :].lstrip()
            if not rest or rest[0] in list(Operator):
                return name, rest
    raise UsageError(
        "not a structure of the protocol",
        got=quoted(whole),
        expected=f"names joined by - + &, such as {', '.join(sorted(known)[:4])}",
    )
