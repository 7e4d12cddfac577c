"""Formats of goals: a module of this folder registers the writer of one system.

A writer gets the goals and what they belong to, and returns the file together with everything that
the system cannot express: nothing is dropped in silence.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sbrt_qa.errors import UsageError, quoted, visible
from sbrt_qa.protocol.definition import PrescriptionLevel, Protocol
from sbrt_qa.protocol.goals import Goal, goals_of, level_of
from sbrt_qa.protocol.standing import standing_of


@dataclass(frozen=True, slots=True)
class Unsaid:
    """What a file does not say of a limit; `left_out` when it does not hold the limit at all."""

    goal: Goal
    why: str
    left_out: bool = True

    @property
    def text(self) -> str:
        """One line for people."""
        what = "not in the file" if self.left_out else "in the file, but"
        when = f" (when {self.goal.when})" if self.goal.when and self.left_out else ""
        return visible(f"{self.goal.text}{when}: {what}: {self.why}")


@dataclass(frozen=True, slots=True)
class GoalHead:
    """What the goals of a file belong to."""

    protocol: Protocol
    level: PrescriptionLevel | None

    @property
    def title(self) -> str:
        """Protocol, version and prescription in one line."""
        level = f", {self.level.id}" if self.level else ""
        return visible(f"{self.protocol.id} {self.protocol.version}{level}")

    @property
    def remarks(self) -> tuple[str, ...]:
        """What whoever opens the file must know of all of it."""
        told = [standing_of(self.protocol), f"Content sha256 {self.protocol.content_hash}."]
        known = [p.id for p in self.protocol.prescriptions] or [o.id for o in self.protocol.options]
        if self.level is None and len(known) > 1:
            told.append(
                f"Limits of {visible(', '.join(known))} together: keep those of one prescription, "
                "or ask for one with --prescription."
            )
        return tuple(told)


@dataclass(frozen=True, slots=True)
class GoalFile:
    """A written file of goals, and what it does not say."""

    content: str
    unsaid: tuple[Unsaid, ...]
    remarks: tuple[str, ...]
    written: int

    @property
    def told(self) -> tuple[str, ...]:
        """What the file does not say, shortly: each reason once, with the limits it holds for."""
        found: dict[tuple[bool, str], list[str]] = {}
        for one in self.unsaid:
            found.setdefault((not one.left_out, one.why), []).append(one.goal.id)
        return tuple(
            visible(
                f"{'in the file, but' if held else 'not in the file'}: {why}: {', '.join(limits)}"
            )
            for (held, why), limits in sorted(found.items())
        )


Write = Callable[[Sequence[Goal], GoalHead], tuple[str, Sequence[Unsaid]]]


@dataclass(frozen=True, slots=True)
class GoalFormat:
    """A registered format: its name, the suffix of its files, what it is, and its writer."""

    name: str
    suffix: str
    meaning: str
    write: Write


FORMATS: Final[dict[str, GoalFormat]] = {}
"""All formats by name, filled as their modules are imported."""


def goal_format(name: str, *, suffix: str, meaning: str) -> Callable[[Write], Write]:
    """Register the decorated function as the writer of goals for one system.

    Raises
    ------
    ValueError
        The name is taken.
    """

    def register(write: Write) -> Write:
        if name in FORMATS:
            msg = f"there are two formats of goals called {name}"
            raise ValueError(msg)
        FORMATS[name] = GoalFormat(name, suffix, meaning, write)
        return write

    return register


def formats_of_goals() -> dict[str, GoalFormat]:
    """Return all formats by name."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if module.name.startswith("goals_"):
            importlib.import_module(f"{__package__}.{module.name}")
    return dict(sorted(FORMATS.items()))


def write_goals(protocol: Protocol, name: str, prescription: str = "") -> GoalFile:
    """Return the limits of a protocol as a file for one system.

    Parameters
    ----------
    name
        Of a registered format.
    prescription
        Level of the protocol, such as ``50Gy/5fx``; limits of all levels unless given.

    Raises
    ------
    UsageError
        There is no such format, or no such prescription.
    """
    known = formats_of_goals()
    if name not in known:
        raise UsageError("unknown --for", got=quoted(name), expected=", ".join(known))
    head = GoalHead(protocol, level_of(protocol, prescription))
    goals = goals_of(protocol, head.level)
    content, unsaid = known[name].write(goals, head)
    missing = {one.goal.id for one in unsaid if one.left_out}
    written = sum(goal.id not in missing for goal in goals)
    return GoalFile(content, tuple(unsaid), head.remarks, written)
