"""The verbs about plan checks: list them, and hold a protocol's words about them against them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sbrt_qa.checks.registry import Check
    from sbrt_qa.protocol.schema import Protocol


def plan_checks() -> tuple[Check, ...]:
    """Return all checks of a plan, by group and code."""
    from sbrt_qa.checks.run import configured

    return tuple(one.check for one in configured(None))


def with_known_checks(protocol: Protocol, name_or_path: str) -> Protocol:
    """Return a protocol whose plan checks and their parameters are all known.

    Raises
    ------
    ProtocolError
        One is not; the message names the file.
    """
    if protocol.checks:
        from sbrt_qa.checks.run import configured

        configured(protocol, Path(name_or_path).name)
    return protocol
