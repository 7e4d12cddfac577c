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
        One of them does not exist or breaks its schema.
    DicomError
        Paths of cases are given, and nothing that can be reviewed is there.
    """
    from sbrt_qa.compare.protocol_effect import protocol_effect
    from sbrt_qa.dicom.load import load_cases
    from sbrt_qa.protocol.differences import differences
    from sbrt_qa.protocol.protocol_files import load_protocol
    from sbrt_qa.review.review import review_case

    both = load_protocol(before), load_protocol(after)
    effects = []
    for case in load_cases(list(cases)) if cases else ():
        one, other = (review_case(case, p, mapping=mapping, bands=False) for p in both)
        effects.append(protocol_effect(both, (one, other)))
    return both, differences(*both), tuple(effects)
