"""Who acts: read from what the command line or the environment says, demanded where it matters."""

from __future__ import annotations

from typing import Final

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.model.actor import UNSTATED, Actor, Doing

ACTOR_VARIABLE: Final = "SBRT_QA_ACTOR"
ROLE_VARIABLE: Final = "SBRT_QA_ROLE"
ADVICE: Final = f'Say who decides: --as "NAME", or set {ACTOR_VARIABLE}.'


def doing(name: str, role: str = "", reason: str = "") -> Doing:
    """Return who acts and why; the program itself where no name is given.

    Raises
    ------
    UsageError
        A name or role is none.
    """
    if not name.strip():
        return Doing(reason=reason)
    try:
        return Doing(Actor(name.strip(), role.strip() or UNSTATED), reason=reason)
    except ValueError as error:
        expected = "a line of at most 200 characters, and not the name of the program"
        got = quoted(name if role.isprintable() else role)
        raise UsageError(
            "not a name of a person", got=got, expected=expected, advice=ADVICE
        ) from error


def refuse_nobody(by: Doing | None) -> Doing:
    """Return who acts.

    Raises
    ------
    UsageError
        It is no person, where a person decides.
    """
    if by is None or not by.actor.is_person:
        raise UsageError("the person who decides this is not named", advice=ADVICE)
    return by
