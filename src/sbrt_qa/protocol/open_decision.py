"""Decisions that a trial group has to take before it approves a protocol, as data."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sbrt_qa.protocol.part import FrozenPart, Id, Text


class Choice(FrozenPart):
    """One way to decide: what it means, and the publications that it rests on."""

    id: Id
    text: Text
    source: tuple[Id, ...] = ()


class OpenDecision(FrozenPart):
    """An open decision.

    Parameters
    ----------
    id, question
        What is to be decided.
    why
        Why it cannot be left as it is.
    choices
        The ways to decide; more may be thought of.
    in_force
        The choice that the file follows until the trial group has decided.
    limits
        The limits that it concerns.
    """

    id: Id
    question: Text
    why: str = ""
    choices: Annotated[tuple[Choice, ...], Field(min_length=2)]
    in_force: Id
    limits: tuple[Id, ...] = ()

    def chosen(self) -> Choice:
        """Return the choice in force."""
        return next(c for c in self.choices if c.id == self.in_force)
