"""Structure expressions, their text and their trees: ``Liver - (GTV + 5mm)``.

::

    expression = part { sign part }         signs: - without, + union, & intersection
    part       = ( name | "(" expression ")" ) { margin }
    margin     = ( "+" grows | "-" shrinks ) ( NUMBER | "(" NUMBERS ")" ) "mm"

Signs are read from left to right; parentheses say otherwise. A number with ``mm`` is a margin, and
belongs to the name or the parentheses right before it; after other signs (``A - B + 5mm``) it could
mean two things and is refused. Three numbers are along x, y and z: to both sides, front and back,
head and feet; six are right, left, anterior, posterior, inferior, superior.

A name may itself hold signs, blanks and parentheses, ``Liver-GTV``, ``PTV+5mm``: the longest known
name is taken first.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Generic, NoReturn, TypeAlias, TypeVar

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.geometry.expansion.grow import Margins

T = TypeVar("T")
R = TypeVar("R")

MAX_NAMES = 8
"""Names in one expression; also what a region of the geometry can combine."""

MOST_MARGIN_MM: Final = 100.0
"""Widest margin."""

MOST_NESTED: Final = 12
"""Parentheses within each other, and margins laid upon each other."""

LEAST_MARGIN_MM: Final = 0.1
"""Smallest margin that is no 0: less than any image shows."""

_NUMBER: Final = r"\d+(?:\.\d+)?"
_MARGIN: Final = re.compile(
    rf"\s*(?:({_NUMBER})|\(\s*((?:{_NUMBER}\s*,\s*)+{_NUMBER})\s*\))\s*mm(?![^\s)+&-])"
)
_LIKE_A_MARGIN: Final = re.compile(r"\s*(?:\(\s*[-+]?[\d.][\d., +-]*\)|[\d.,]+)\s*[a-zA-Z]*\s*$")
"""What stands where a margin could stand, and is none: a number without unit, or in cm."""

_SHOWN: Final = 12
"""Characters of an expression that a message repeats from where it went wrong."""


class Operator(enum.StrEnum):
    """How two structures are combined."""

    WITHOUT = "-"
    UNION = "+"
    INTERSECTION = "&"


@dataclass(frozen=True, slots=True)
class Margin:
    """How far a structure is grown, or shrunk where `inwards`, towards each side."""

    sides: Margins
    inwards: bool = False

    def __str__(self) -> str:
        """Return it as an expression writes it: ``+ 5mm``, ``- (5,5,8)mm``."""
        right, left, anterior, posterior, inferior, superior = self.sides.in_order
        values: tuple[float, ...] = self.sides.in_order
        if (right, anterior, inferior) == (left, posterior, superior):
            values = (right,) if right == anterior == inferior else (right, anterior, inferior)
        text = ",".join(f"{value:g}" for value in values)
        sign = "-" if self.inwards else "+"
        return f"{sign} {text}mm" if len(values) == 1 else f"{sign} ({text})mm"


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


@dataclass(frozen=True, slots=True)
class Resized(Generic[T]):
    """An expression grown or shrunk by a margin."""

    inner: Tree[T]
    margin: Margin


Tree: TypeAlias = Leaf[T] | Combined[T] | Resized[T]
"""An expression over values of type T: names of the protocol, or structures of the plan."""


def fold(
    tree: Tree[T],
    leaf: Callable[[T], R],
    pair: Callable[[Operator, R, R], R],
    resized: Callable[[Margin, R], R] | None = None,
) -> R:
    """Reduce a tree from its leaves up.

    Raises
    ------
    UsageError
        A margin is laid somewhere, and there is no `resized` that takes it.
    """
    if isinstance(tree, Leaf):
        return leaf(tree.value)
    if isinstance(tree, Resized):
        if resized is None:
            raise UsageError("no margin can be laid here", got=str(tree.margin))
        return resized(tree.margin, fold(tree.inner, leaf, pair, resized))
    left, right = fold(tree.left, leaf, pair, resized), fold(tree.right, leaf, pair, resized)
    return pair(tree.operator, left, right)


def leaves(tree: Tree[T]) -> tuple[T, ...]:
    """Return the values of a tree from left to right."""
    return fold(
        tree, lambda value: (value,), lambda _, left, right: left + right, lambda _, inner: inner
    )


def has_margin(tree: Tree[T]) -> bool:
    """Tell whether a margin is laid anywhere in an expression."""
    return fold(tree, lambda _: False, lambda _, left, right: left or right, lambda *_: True)


def substitute(tree: Tree[T], value: Callable[[T], Tree[R]]) -> Tree[R]:
    """Return the tree with an expression in place of every value."""
    if isinstance(tree, Leaf):
        return value(tree.value)
    if isinstance(tree, Resized):
        return Resized(substitute(tree.inner, value), tree.margin)
    left, right = substitute(tree.left, value), substitute(tree.right, value)
    return Combined(tree.operator, left, right)


def written(tree: Tree[str]) -> str:
    """Return the text of an expression over names, a blank around each sign.

    Parentheses stand around margins, and around what does not follow from reading left to right.
    """
    if isinstance(tree, Leaf):
        return tree.value
    if isinstance(tree, Resized):
        inner = written(tree.inner)
        return f"{inner if isinstance(tree.inner, Leaf) else f'({inner})'} {tree.margin}"
    left, right = written(tree.left), written(tree.right)
    left = f"({left})" if isinstance(tree.left, Resized) else left
    right = right if isinstance(tree.right, Leaf) else f"({right})"
    return f"{left} {tree.operator} {right}"


class UnknownStructureError(UsageError):
    """An expression holds a name that is not known; `place` says where."""

    place = ""


def parse_expression(text: str, known: Collection[str]) -> Tree[str]:
    """Read an expression over known names.

    Raises
    ------
    UnknownStructureError
        A name is not known, or there is none where one must be.
    UsageError
        The text is too long, or breaks the grammar; the message says where.
    """
    names = sorted((name for name in known if name), key=len, reverse=True)
    return _Reader(text, names).whole()


@dataclass(slots=True)
class _Reader:
    """Reads one text; `at` is where it has got to."""

    text: str
    names: list[str]
    at: int = 0
    used: int = 0

    def whole(self) -> Tree[str]:
        tree = self._expression(0)
        if self._next():
            self._fail("a parenthesis is closed that was not opened")
        return tree

    def _expression(self, depth: int) -> Tree[str]:
        tree, _ = self._part(depth)
        while (sign := self._next()) and sign != ")":
            if sign not in list(Operator):
                self._fail("a sign is missing", "- + & or the end")
            self.at += 1
            right, margin_at = self._part(depth)
            if margin_at is not None:
                self.at = margin_at
                self._ambiguous()
            tree = Combined(Operator(sign), tree, right)
        return tree

    def _part(self, depth: int) -> tuple[Tree[str], int | None]:
        """Read a name, or what stands in parentheses, and the margins right after it.

        Also returns where the first of these margins stands; None where there is none.
        """
        tree: Tree[str]
        if (name := self._name()) is not None:
            self.used += 1
            if self.used > MAX_NAMES:
                raise UsageError(
                    "a structure expression is too long",
                    got=quoted(self.text),
                    expected=f"at most {MAX_NAMES} names",
                )
            tree = Leaf(name)
        elif self._next() == "(":
            tree = self._bracketed(depth)
        else:
            self._unknown()
        self._next()
        first = self.at
        laid = 0
        while (margin := self._margin()) is not None:
            tree, laid = Resized(tree, margin), laid + 1
            if laid > MOST_NESTED:
                self._fail("too many margins upon each other")
        return tree, first if laid else None

    def _bracketed(self, depth: int) -> Tree[str]:
        opened = self.at
        if depth >= MOST_NESTED:
            self._fail("too many parentheses within each other")
        self.at += 1
        tree = self._expression(depth + 1)
        if self._next() != ")":
            self.at = opened
            self._fail("a parenthesis is opened and not closed")
        self.at += 1
        return tree

    def _name(self) -> str | None:
        """Take the longest known name; what follows it is the end, a sign or a parenthesis."""
        self._next()
        for name in self.names:
            if self.text.startswith(name, self.at):
                rest = self.text[self.at + len(name) :].lstrip()
                if not rest or rest[0] in (*Operator, ")"):
                    self.at += len(name)
                    return name
        return None

    def _margin(self) -> Margin | None:
        """Take a margin, where one stands."""
        sign = self._next()
        if sign not in ("+", "-"):
            return None
        after = self.at + 1
        found = _MARGIN.match(self.text, after)
        if found is None:
            self._no_near_margin(after)
            return None
        if (name := self.text[after : found.end()].strip()) in self.names:
            self._fail(f"{quoted(name)} is both a margin and the name of a structure")
        values = [float(v) for v in (found[1] or found[2]).split(",")]
        if len(values) not in (1, 3, 6):
            self._fail("a margin has 1, 3 or 6 numbers", "5mm, (x,y,z)mm or (R,L,A,P,I,S)mm")
        wrong = [v for v in values if v > MOST_MARGIN_MM or 0 < v < LEAST_MARGIN_MM]
        if wrong or not any(values):
            self._fail("not a margin", f"{LEAST_MARGIN_MM:g} to {MOST_MARGIN_MM:g} mm")
        self.at = found.end()
        sides = [values[i * len(values) // 6] for i in range(6)]
        return Margin(Margins(*sides), inwards=sign == "-")

    def _no_near_margin(self, after: int) -> None:
        """Refuse a number that lacks its unit, or has another one, unless it is a name."""
        rest = self.text[after:].lstrip()
        end = re.search(r"[+&]|-(?!\d)|\)(?!\s*[a-z])", rest)
        piece = rest[: end.start()] if end else rest
        if not any(rest.startswith(name) for name in self.names) and _LIKE_A_MARGIN.match(piece):
            self._fail("not a margin", "a number of mm, such as 5mm or (5,5,8)mm")

    def _next(self) -> str:
        """Skip blanks and return the next character, empty at the end."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1]

    def _place(self) -> str:
        if not self._next():
            return "at the end"
        return f"at character {self.at + 1}, {quoted(self.text[self.at : self.at + _SHOWN])}"

    def _fail(self, what: str, expected: str = "") -> NoReturn:
        raise UsageError(
            f"not a structure expression: {what}, {self._place()}",
            got=quoted(self.text),
            expected=expected,
        )

    def _ambiguous(self) -> NoReturn:
        self._fail(
            "a margin after another sign could belong to one structure or to all before it",
            "parentheses, such as (A - B) + 5mm or A - (B + 5mm)",
        )

    def _unknown(self) -> NoReturn:
        error = UnknownStructureError(
            f"not a structure of the protocol, {self._place()}",
            got=quoted(self.text),
            expected="names joined by - + &, with margins such as + 5mm; "
            f"names such as {', '.join(sorted(self.names)[:4])}",
        )
        error.place = self._place()
        raise error
