"""Who does something: a person by name, or this program by its version."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from sbrt_qa import __version__

LONGEST_NAME: Final = 200
"""Characters of the longest name, role or session."""

LONGEST_REASON: Final = 4000

UNSTATED: Final = "not stated"
"""The role of a person who gave none."""

SESSION: Final = secrets.token_hex(8)
"""What this process calls all that it does; another process has another one."""


class ActorKind(StrEnum):
    """Whether somebody decided, or the program did as it was made to."""

    PERSON = "person"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something.

    Parameters
    ----------
    name
        Of the person, in any script; of the program, ``engine VERSION``.
    role
        What the person is in the trial, `UNSTATED` where nobody said; of the program, ``engine``.

    Raises
    ------
    ValueError
        A name or role is empty, too long, or holds characters that are not shown; or a person
        goes by the name of the program.
    """

    name: str
    role: str = UNSTATED
    kind: ActorKind = ActorKind.PERSON

    def __post_init__(self) -> None:
        for text in (self.name, self.role):
            if not text.strip() or len(text) > LONGEST_NAME or not text.isprintable():
                msg = "a name and a role are a line of at most 200 characters that can be shown"
                raise ValueError(msg)
        if self.kind is ActorKind.PERSON and self.name.casefold().split()[0] == "engine":
            msg = "a person does not go by the name of the program"
            raise ValueError(msg)

    @property
    def is_person(self) -> bool:
        """Whether a person decided."""
        return self.kind is ActorKind.PERSON


def engine_actor(version: str = __version__) -> Actor:
    """Return the program as the one who acts."""
    return Actor(f"engine {version}", "engine", ActorKind.ENGINE)


@dataclass(frozen=True, slots=True)
class Doing:
    """An act: who, why, and in which session. Every event of an audit's chain carries one.

    Parameters
    ----------
    reason
        Why, in the actor's words; empty where the kind of the event says it all.
    session
        Stands for one process, or one sign-in; tells nothing else.

    Raises
    ------
    ValueError
        A text is too long.
    """

    actor: Actor = field(default_factory=engine_actor)
    reason: str = ""
    session: str = SESSION

    def __post_init__(self) -> None:
        if len(self.reason) > LONGEST_REASON or not 0 < len(self.session) <= LONGEST_NAME:
            msg = "a reason has at most 4000 characters, a session between 1 and 200"
            raise ValueError(msg)

    def told(self) -> dict[str, str]:
        """Return what an event says of it."""
        return {
            "actor": self.actor.name,
            "kind": self.actor.kind.value,
            "role": self.actor.role,
            "reason": self.reason,
            "session": self.session,
        }
