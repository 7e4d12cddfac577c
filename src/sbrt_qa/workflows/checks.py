"""The verb that lists plan checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sbrt_qa.checks.registry import Check


def plan_checks() -> tuple[Check, ...]:
    """Return all checks of a plan, by group and code."""
    from sbrt_qa.checks.run import configured

    return tuple(one.check for one in configured(None))
