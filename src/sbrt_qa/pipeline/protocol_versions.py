"""Two protocols side by side, and what the second does to cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sbrt_qa.compare.protocol_effect import ProtocolEffect
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.protocol.differences import Difference


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
    DicomError
        Paths of cases are given, and nothing that can be reviewed is there.
    """
    from sbrt_qa.compare.protocol_effect import protocol_effect
    from sbrt_qa.dicom.load import load_cases
    from sbrt_qa.model.setup_errors import NO_SHIFTS
    from sbrt_qa.pipeline.one_plan import Asked, review_plan
    from sbrt_qa.pipeline.protocol_loading import protocol
    from sbrt_qa.protocol.differences import differences

    both = protocol(before), protocol(after)
    asked = Asked(dict(mapping or {}), bands=False, shifts=NO_SHIFTS)
    effects = []
    for case in load_cases(list(cases)) if cases else ():
        one, other = (review_plan(case, rules, asked) for rules in both)
        effects.append(protocol_effect(both, (one, other)))
    return both, differences(*both), tuple(effects)
