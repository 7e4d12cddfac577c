"""Several plans side by side: read them, hold all against one protocol, keep what can be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sbrt_qa.errors import UsageError
from sbrt_qa.pipeline.protocol_loading import protocol_family
from sbrt_qa.pipeline.requests import DEFAULT_PROTOCOL
from sbrt_qa.pipeline.reviewing import choose

if TYPE_CHECKING:
    from sbrt_qa.evidence.evidence import Reviewed
    from sbrt_qa.model.case import Case

MOST_PLANS: Final = 8
"""As many as a document can tell apart."""


def plans_beside(
    paths: Sequence[Path],
    protocol_name: str = DEFAULT_PROTOCOL,
    mapping: Mapping[str, str] | None = None,
    *,
    plan: str | None = None,
) -> tuple[Reviewed, ...]:
    """Return the plan in each path reviewed, in their order; of one path, every plan in it.

    All are held against the protocol version in force for the last plan. Uncertainties and shifts
    are left out, as where two versions are compared.

    Raises
    ------
    DicomError
        Nothing that can be reviewed is there.
    ProtocolError
        The protocol does not exist or breaks its schema.
    UsageError
        There is one plan only, or there are more than `MOST_PLANS`, or `plan` does not name one
        plan of each path.
    """
    from sbrt_qa.i18n.phrase import say
    from sbrt_qa.model.setup_errors import NO_SHIFTS
    from sbrt_qa.pipeline.one_plan import Asked, review_and_gather
    from sbrt_qa.protocol.map_names import refuse_unknown_maps
    from sbrt_qa.protocol.versions import Chosen

    family = protocol_family(protocol_name)
    cases = _cases(paths, plan)
    if not 2 <= len(cases) <= MOST_PLANS:
        raise UsageError(
            "plans are put side by side by twos and more",
            got=f"{len(cases)} plans",
            expected=f"2 to {MOST_PLANS} plans",
        )
    refuse_unknown_maps(mapping or {}, [case.structures for case in cases])
    newest = family.of(cases[-1])
    asked = Asked(dict(mapping or {}), bands=False, shifts=NO_SHIFTS)
    found = []
    for case in cases:
        own = family.of(case)
        if own.protocol.version != newest.protocol.version:
            own = Chosen(newest.protocol, say("that of the later plan"))
        found.append(review_and_gather(case, own, asked))
    return tuple(found)


def _cases(paths: Sequence[Path], plan: str | None) -> list[Case]:
    from sbrt_qa.dicom.load import load_cases

    loaded = [load_cases([path]) for path in paths]
    if len(loaded) == 1 and plan is None:
        return list(loaded[0])
    return [choose(cases, plan) for cases in loaded]
