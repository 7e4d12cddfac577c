"""The verbs about plan checks: list them, and hold a protocol's words about them against them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sbrt_qa.checks.run_checks import Listed
    from sbrt_qa.protocol.definition import Protocol


def plan_checks(protocol_name: str = "") -> tuple[tuple[Listed, ...], str]:
    """Return all checks of a plan, by group and code, and which protocol's settings they have.

    Parameters
    ----------
    protocol_name
        Name, ``NAME@VERSION`` or file; without it checks have their own settings.

    Raises
    ------
    ProtocolError
        There is no such protocol, or it breaks its schema.
    """
    from sbrt_qa.checks.run_checks import listed
    from sbrt_qa.protocol.protocol_files import load_protocol

    if not protocol_name:
        return listed(None), ""
    protocol = with_known_checks(load_protocol(protocol_name), protocol_name)
    return listed(protocol), f"{protocol.id} {protocol.version}"


def with_known_checks(protocol: Protocol, name_or_path: str) -> Protocol:
    """Return a protocol whose plan checks and their parameters are all known.

    Raises
    ------
    ProtocolError
        One is not; the message names the file.
    """
    if protocol.checks:
        from sbrt_qa.checks.run_checks import configured

        configured(protocol, Path(name_or_path).name)
    return protocol
