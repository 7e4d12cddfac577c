"""What each ROI of a plan stands for in a protocol, by names alone; nothing is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.matching import Matcher


@dataclass(frozen=True, slots=True)
class RoiStanding:
    """One ROI, and the names of the protocol that it stands for.

    Parameters
    ----------
    key
        Display key, see `StructureSet.keys`.
    interpreted_type
        RT ROI Interpreted Type, empty when absent.
    contours
        Closed contours.
    stands_for
        Names of the protocol that it alone stands for, each with the rule that found it.
    part_of
        Names of the protocol that it stands for together with others.
    """

    roi_number: int
    key: str
    interpreted_type: str
    contours: int
    stands_for: tuple[tuple[str, str], ...]
    part_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoiStandings:
    """All ROIs of a plan, the names that none has, and the names that cannot be settled."""

    rois: tuple[RoiStanding, ...]
    missing: tuple[str, ...]
    unsettled: tuple[tuple[str, str], ...]


def roi_standings(
    protocol: Protocol, structures: StructureSet, mapping: Mapping[str, str]
) -> RoiStandings:
    """Return what ROIs stand for by their names and a mapping.

    Which targets are judged also needs the dose; a review settles that, this does not.

    Raises
    ------
    UsageError
        The mapping leads to a name that the protocol does not have.
    """
    matcher = Matcher(protocol, structures, mapping)
    alone: dict[int, list[tuple[str, str]]] = {}
    together: dict[int, list[str]] = {}
    missing, unsettled = [], []
    for one in protocol.structures:
        found = matcher.find(one.name)
        if isinstance(found, Reason):
            if found.code is ReasonCode.STRUCTURE_MISSING:
                missing.append(one.name)
            else:
                unsettled.append((one.name, found.detail))
            continue
        numbers = found.match.roi_numbers
        for number in numbers:
            if len(numbers) == 1:
                alone.setdefault(number, []).append((one.name, found.match.rule))
            else:
                together.setdefault(number, []).append(one.name)
    rois = (
        RoiStanding(
            s.roi_number,
            key,
            s.interpreted_type,
            len(s.contours),
            tuple(alone.get(s.roi_number, ())),
            tuple(together.get(s.roi_number, ())),
        )
        for key, s in structures.keys().items()
    )
    return RoiStandings(tuple(rois), tuple(missing), tuple(unsettled))
