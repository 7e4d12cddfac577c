"""What keeps a limit from being given to a planning system, whichever it is."""

from __future__ import annotations

from typing import Final

from sbrt_qa.protocol.goals import Goal

LONGEST_NAME: Final = 16
"""Characters of a structure's name that every planning system takes."""


def common_hindrance(goal: Goal) -> str:
    """Return why no planning system can be given a limit; empty where one may."""
    spec = goal.spec
    if goal.hindrance or spec is None:
        return goal.hindrance
    if goal.op == "report" or goal.per_protocol is None:
        return "it has no bound, its value is only reported"
    if goal.op == "==":
        return "a yes-or-no question about the whole dose, which no goal asks"
    if spec.conversion is not None:
        return "a biologically equivalent dose, which goals do not know"
    if spec.relative_to:
        return f"a volume in per cent of {spec.relative_to}, which goals do not know"
    return ""


def strictness(goal: Goal, holds_equality: bool) -> str:  # noqa: FBT001 - what the system has
    """Return in which way a value that equals the bound is taken otherwise; empty where not."""
    if goal.op in ("<", ">") and holds_equality:
        return f"the protocol asks for {goal.op}, the system also accepts a value equal to it"
    if goal.op in ("<=", ">=") and not holds_equality:
        return f"the protocol asks for {goal.op}, the system does not accept a value equal to it"
    return ""


def conditional(goal: Goal) -> str:
    """Return that a goal applies under conditions which its file cannot hold; empty where always.

    The name of a structure that is longer than planning systems take is told as well.
    """
    told = [f"it applies only when {goal.when}"] if goal.when else []
    if len(goal.structure) > LONGEST_NAME:
        told.append(f"the name has more than {LONGEST_NAME} characters: some systems shorten it")
    if goal.beyond == "minor" and goal.bounds[1] is None:
        told.append("a value beyond it is minor, not major")
    return "; ".join(told)
