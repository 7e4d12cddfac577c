"""Protocols as every command loads them, lists their plan checks and compares them.

A check that a protocol names wrongly is told here, before any file of a case is opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sbrt_qa import plugins

if TYPE_CHECKING:
    from sbrt_qa.checks.run_checks import Listed
    from sbrt_qa.compare.protocol_effect import ProtocolEffect
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.protocol.differences import Difference
    from sbrt_qa.protocol.versions import ProtocolFamily


def protocol(name_or_path: str) -> Protocol:
    """Load a protocol of the library, or a file.

    Raises
    ------
    ProtocolError
        There is no such protocol, it breaks its schema, or it names a plan check that there is not.
    """
    from sbrt_qa.protocol.protocol_files import load_protocol

    return with_known_checks(load_protocol(name_or_path), name_or_path)


def protocol_family(name_or_path: str) -> ProtocolFamily:
    """Load all versions of a protocol; ``of`` of the result says which one holds for a case.

    Raises
    ------
    ProtocolError
        As :func:`protocol`.
    """
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

    plugins.load()  # checks of extensions are listed with the others
    if not protocol_name:
        return listed(None), ""
    protocol = with_known_checks(load_protocol(protocol_name), protocol_name)
    return listed(protocol), f"{protocol.id} {protocol.version}"


def protocol_differences(
    before: str,
    after: str,
    cases: Sequence[Path] = (),
    mapping: Mapping[str, str] | None = None,
) -> tuple[tuple[Protocol, Protocol], tuple[Difference, ...], tuple[ProtocolEffect, ...]]:
    """Return two protocols, their differences, and the verdicts of cases under both.

    Raises
    ------
    ProtocolError
        One of them does not exist, breaks its schema, or names a plan check that there is not.
    UsageError
        The mapping begins from a name that none of the cases has.
    DicomError
        Paths of cases are given, and nothing that can be reviewed is there.
    """
    from sbrt_qa.compare.protocol_effect import protocol_effect
    from sbrt_qa.dicom.load import load_cases
    from sbrt_qa.model.setup_errors import NO_SHIFTS
    from sbrt_qa.pipeline.one_plan import Asked, review_plan
    from sbrt_qa.protocol.differences import differences
    from sbrt_qa.protocol.map_names import refuse_unknown_maps

    both = protocol(before), protocol(after)
    asked = Asked(dict(mapping or {}), bands=False, shifts=NO_SHIFTS)
    effects = []
    read = load_cases(list(cases)) if cases else ()
    refuse_unknown_maps(mapping or {}, [case.structures for case in read])
    for case in read:
        one, other = (review_plan(case, rules, asked) for rules in both)
        effects.append(protocol_effect(both, (one, other)))
    return both, differences(*both), tuple(effects)
