"""When a study is whole: when its links close, not when a timer says so.

A plan names its structure set, a dose its plan, a structure set every image that a contour lies on.
A study of which something named has not come is open; so is one that may still be on its way.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

QUIET_SECONDS: Final = 600.0
"""How long nothing may have come before a study is held to be whole."""

PATIENCE_SECONDS: Final = 3600.0
"""How long a quiet study may lack what it names before its site is told."""

NEEDED: Final = ("RTPLAN", "RTSTRUCT", "RTDOSE", "image")
"""What a review needs one of."""

IMAGES: Final = frozenset({"CT", "MR", "PT"})


@dataclass(frozen=True, slots=True)
class InstanceFacts:
    """What the header of one object says, as far as closing needs it.

    Parameters
    ----------
    sha256
        Of the file as it came.
    sop_class, sop_uid, series_uid, study_uid
        UIDs, empty where there is none.
    modality
        Such as RTPLAN; of an image its own.
    patient
        Keyed hash of what names the patient, never that itself; empty where nothing does.
    code
        What the patient goes by in a file that says that it was de-identified; else empty.
    links
        UIDs of the objects that it names, by what they are: ``image``, ``RTSTRUCT``, ``RTPLAN``.
    """

    sha256: str
    sop_class: str = ""
    sop_uid: str = ""
    series_uid: str = ""
    study_uid: str = ""
    modality: str = ""
    patient: str = ""
    code: str = ""
    links: Mapping[str, tuple[str, ...]] | None = None

    @property
    def kind(self) -> str:
        """Modality, with all images as one."""
        return "image" if self.modality in IMAGES else self.modality

    def named(self) -> tuple[tuple[str, str], ...]:
        """Return kind and UID of every object that it names."""
        return tuple((kind, uid) for kind, uids in (self.links or {}).items() for uid in uids)


@dataclass(frozen=True, slots=True)
class MissingPart:
    """What is missing: a kind of object, how many, and which kind names them (empty: none came)."""

    kind: str
    count: int
    named_by: str = ""


class StudyStanding(enum.StrEnum):
    """Where a study on its way stands."""

    OPEN = "open"
    """More may come."""
    CLOSED = "closed"
    """Whole, or said to be all there is."""
    INCOMPLETE = "incomplete"
    """Quiet, and something is missing: the site is told."""


def missing_parts(instances: Iterable[InstanceFacts]) -> tuple[MissingPart, ...]:
    """Return what instances name without having it, and what a review needs and did not come."""
    all_of_them = tuple(instances)
    there = {one.sop_uid for one in all_of_them}
    kinds = {one.kind for one in all_of_them}
    named: dict[tuple[str, str], set[str]] = {}
    for one in all_of_them:
        for kind, uid in one.named():
            if uid not in there:
                named.setdefault((kind, one.kind), set()).add(uid)
    found = [MissingPart(kind, len(uids), by) for (kind, by), uids in sorted(named.items())]
    told = {part.kind for part in found}
    found += [MissingPart(kind, 1) for kind in NEEDED if kind not in kinds and kind not in told]
    return tuple(found)


def standing_of(
    missing: Sequence[MissingPart],
    quiet_seconds: float,
    *,
    on_its_way: bool = False,
    said_whole: bool = False,
) -> StudyStanding:
    """Return where a study stands.

    Parameters
    ----------
    quiet_seconds
        Time since the last object came.
    on_its_way
        Whether its sender still has an association open.
    said_whole
        Whether the sender said by a manifest that this is all.
    """
    if said_whole:
        return StudyStanding.INCOMPLETE if missing else StudyStanding.CLOSED
    if on_its_way or quiet_seconds < QUIET_SECONDS:
        return StudyStanding.OPEN
    if not missing:
        return StudyStanding.CLOSED
    return StudyStanding.INCOMPLETE if quiet_seconds >= PATIENCE_SECONDS else StudyStanding.OPEN


def studies_of(instances: Sequence[InstanceFacts]) -> list[tuple[InstanceFacts, ...]]:
    """Group instances that belong together: one study, or linked across studies.

    Each group is in the order in which its instances were given.
    """
    parent = list(range(len(instances)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[str, int] = {}
    for number, one in enumerate(instances):
        marks = [f"study {one.study_uid}"] if one.study_uid else []
        marks += [f"object {uid}" for _, uid in one.named()]
        marks += [f"object {one.sop_uid}"] if one.sop_uid else []
        for mark in marks:
            parent[root(number)] = root(first.setdefault(mark, number))
    groups: dict[int, list[InstanceFacts]] = {}
    for number, one in enumerate(instances):
        groups.setdefault(root(number), []).append(one)
    return [tuple(group) for group in groups.values()]


def patients_in(instances: Iterable[InstanceFacts]) -> int:
    """Return of how many patients instances are, by what names them."""
    return len(Counter(one.patient for one in instances if one.patient))
