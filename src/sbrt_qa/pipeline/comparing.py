"""Two versions of a submission: read both, review both, compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sbrt_qa.pipeline.protocol_loading import protocol_family
from sbrt_qa.pipeline.requests import DEFAULT_PROTOCOL
from sbrt_qa.pipeline.reviewing import choose

if TYPE_CHECKING:
    from sbrt_qa.compare.comparison import CaseComparison


def compare(
    before: Sequence[Path],
    after: Sequence[Path],
    protocol_name: str = DEFAULT_PROTOCOL,
    mapping: Mapping[str, str] | None = None,
    *,
    plan: str | None = None,
    expect: str | None = None,
    gamma: str = "",
) -> CaseComparison:
    """Compare the plan in `after` with the one in `before`.

    Both are held against one protocol version: that in force for the later plan.

    Parameters
    ----------
    plan
        Label or UID, where a side has several plans.
    expect
        The changes that were requested, see `sbrt_qa.compare.expectation`.
    gamma
        Criteria such as ``2%/1mm``; ``none`` leaves gamma out, empty takes the usual ones.

    Raises
    ------
    DicomError
        Nothing that can be reviewed is there.
    ProtocolError
        The protocol does not exist or breaks its schema.
    UsageError
        `plan` does not name one plan of each side, or `expect` or `gamma` cannot be read.
    """
    from sbrt_qa.compare.expectation import parse_expectation
    from sbrt_qa.compare.side_by_side import compare_cases
    from sbrt_qa.dicom.load import load_cases
    from sbrt_qa.dosimetry.gamma import DEFAULT_CRITERIA, parse_criteria
    from sbrt_qa.i18n.phrase import say
    from sbrt_qa.model.setup_errors import NO_SHIFTS
    from sbrt_qa.pipeline.one_plan import Asked, review_plan
    from sbrt_qa.protocol.map_names import refuse_unknown_maps
    from sbrt_qa.protocol.versions import Chosen, other_version

    wanted = None if expect is None else parse_expectation(expect)
    criteria = parse_criteria(gamma) if gamma else DEFAULT_CRITERIA
    family = protocol_family(protocol_name)
    old, new = (choose(load_cases(list(paths)), plan) for paths in (before, after))
    refuse_unknown_maps(mapping or {}, [old.structures, new.structures])
    chosen = family.of(new)
    own = family.of(old)
    if own.protocol.version != chosen.protocol.version:
        own = Chosen(chosen.protocol, say("that of the later plan"))
    asked = Asked(dict(mapping or {}), bands=False, shifts=NO_SHIFTS)
    reviews = (review_plan(old, own, asked), review_plan(new, chosen, asked))
    found = compare_cases(
        old, new, chosen.protocol, mapping=mapping, expect=wanted, gamma=criteria, reviews=reviews
    )
    note = other_version(family.of(old), chosen)
    return found if note is None else replace(found, findings=(*found.findings, note))
