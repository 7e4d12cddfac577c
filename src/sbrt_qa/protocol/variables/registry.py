"""Where variables of conditions register themselves.

A variable is one function in a file of `sbrt_qa.protocol.variables`, decorated with
:func:`variable`. It takes a case and returns a number, or the Reason why it is not known: a limit
whose condition then cannot be told is not evaluable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Reason, ReasonCode

Fact: TypeAlias = float | Reason
"""A number, or the Reason why it is not known."""

Facts: TypeAlias = Mapping[str, Fact]
"""What conditions ask for, by name."""

VARIABLES: dict[str, Callable[[Case], Fact]] = {}
"""All variables by name, filled as their files are imported."""

NAME: Final = re.compile(r"[a-z]\w*")


def variable(name: str) -> Callable[[Callable[[Case], Fact]], Callable[[Case], Fact]]:
    """Register the decorated function as a variable of conditions; names say the unit.

    Raises
    ------
    ValueError
        The name is taken, or is not one that a condition can hold.
    """

    def register(fact: Callable[[Case], Fact]) -> Callable[[Case], Fact]:
        if name in VARIABLES or not NAME.fullmatch(name):
            msg = f"{name} is taken, or no name of a variable"
            raise ValueError(msg)
        VARIABLES[name] = fact
        return fact

    return register


def facts_stated(case: Case) -> dict[str, Fact]:
    """Return all variables of a case."""
    return {name: fact(case) for name, fact in VARIABLES.items()}


def not_stated(what: str) -> Reason:
    """Return the Reason of a fact that the plan does not state."""
    return Reason(ReasonCode.NO_PRESCRIPTION, say("the plan states no {0}", what))
