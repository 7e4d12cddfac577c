"""Protocols as every command loads them: whole, and with plan checks that there are.

A check that a protocol names wrongly is told here, before any file of a case is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.protocol.versions import ProtocolFamily


def protocol(name_or_path: str) -> Protocol:
    """Load a protocol of the library, or a file.

    Raises
    ------
    ProtocolError
        There is no such protocol, it breaks its schema, or it names a plan check that there is not.
    """
    from sbrt_qa.pipeline.check_list import with_known_checks
    from sbrt_qa.protocol.protocol_files import load_protocol

    return with_known_checks(load_protocol(name_or_path), name_or_path)


def protocol_family(name_or_path: str) -> ProtocolFamily:
    """Load all versions of a protocol; ``of`` of the result says which one holds for a case.

    Raises
    ------
    ProtocolError
        As :func:`protocol`.
    """
    from sbrt_qa.pipeline.check_list import with_known_checks
    from sbrt_qa.protocol.protocol_files import load_family
    from sbrt_qa.protocol.versions import Versions

    family = load_family(name_or_path)
    if not isinstance(family.versions, Versions):  # those of the library name known checks
        for version in family.versions:
            with_known_checks(version, name_or_path)
    return family


def protocols() -> tuple[Protocol, ...]:
    """Load every protocol of the library, each in all its versions."""
    from sbrt_qa.protocol.protocol_files import library

    names = dict.fromkeys(stem.partition("@")[0] for stem in library())
    return tuple(version for name in names for version in protocol_family(name).versions)
