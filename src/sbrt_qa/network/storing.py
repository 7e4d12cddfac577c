"""From a whole message to its answer: landed durably, noted, then told; or refused, and why."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Final, cast

from sbrt_qa.errors import SbrtQaError
from sbrt_qa.intake.first_elements import (
    HEAD_BYTES,
    IMPLICIT,
    file_head,
    is_uid,
    of_data_set,
    of_file,
)
from sbrt_qa.intake.landing import (
    ArrivalSource,
    Landed,
    Landing,
    LandingRefusedError,
    TooLarge,
    Way,
    land,
)
from sbrt_qa.network.peers import Peer
from sbrt_qa.network.spooled_messages import Spool

MAX_OBJECT_BYTES: Final = 600 * 1024**2

STORED: Final = 0x0000
NO_SPACE: Final = 0xA700
OTHER_CLASS: Final = 0xA900
NOT_UNDERSTOOD: Final = 0xC000
CONFLICT: Final = 0xC110
NO_UID: Final = 0xC111
"""Statuses of PS3.4 table B.2-1; C110 and C111 are within its range "cannot understand"."""


CANNOT_RECORD: Final = "It cannot be recorded now; send it again later"


@dataclass(frozen=True, slots=True)
class StoreAnswer:
    """Status and comment of an answer: at most 64 characters, and nothing of what was sent."""

    status: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class StoreTold:
    """What a message said of its data set."""

    sop_class: str
    sop_instance: str
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """Something that landed: from whom, and its UID as its sender names it, where it is one."""

    source: ArrivalSource
    landed: Landed
    sop_instance: str


Record = Callable[[Arrived], bool]
"""Records an arrival, before it is answered for; tells whether it is a conflict: other content came
under this UID before. Raises SbrtQaError where it cannot be recorded."""


Taken = Callable[[str, float], int]
"""Tells how many bytes were taken from a site by C-STORE since a time (s since 1970)."""


def nothing_taken(_site: str, _since: float) -> int:
    """Know of nothing that was taken before this process began."""
    return 0


def no_record(_: Arrived) -> bool:
    """Record nothing: what landed is found by its file."""
    return False


class _Noted:
    """A stream of a file that keeps its first bytes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self.head = stream, b""

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        part = self._stream.read(size)
        self.head = self.head or part[:HEAD_BYTES]
        return part


@dataclass(slots=True)
class Storing:
    """Where objects of peers go.

    Parameters
    ----------
    landing
        Where they land.
    record
        Called for each that landed, before it is answered for.
    max_bytes
        Of one object.
    taken
        What quotas begin with: a restart does not begin them anew.
    """

    landing: Landing
    record: Record = no_record
    max_bytes: int = MAX_OBJECT_BYTES
    taken: Taken = nothing_taken
    counts: Counter[str] = field(default_factory=Counter)
    _used: Counter[tuple[dt.date, str]] = field(default_factory=Counter)
    _changing: threading.Lock = field(default_factory=threading.Lock)

    def store(self, peer: Peer, told: StoreTold, spool: Spool) -> StoreAnswer:
        """Land the data of a message, and return what is answered.

        Nothing is answered as stored that is not on disk, durably.
        """
        answer = self._stored(peer, told, spool)
        with self._changing:
            self.counts[f"{answer.status:04X}"] += 1
        return answer

    def take_file(self, door: Way, site: str, peer: str, stream: BinaryIO) -> bool:
        """Land a file that nobody waits for an answer about; tell whether it is a conflict.

        Raises
        ------
        LandingRefusedError
            Nothing was landed.
        SbrtQaError
            It cannot be recorded now.
        """
        source, noted = ArrivalSource(door, site, peer), _Noted(stream)
        landed = land(self.landing, source, cast("BinaryIO", noted), max_bytes=self.max_bytes)
        first = of_file(noted.head) or of_data_set(noted.head, IMPLICIT)
        conflict = self._recorded(source, first.sop_instance, landed)
        with self._changing:
            self.counts[f"{door}: {'conflict' if conflict else 'taken'}"] += 1
        return conflict

    def _stored(self, peer: Peer, told: StoreTold, spool: Spool) -> StoreAnswer:
        spool.settle()
        if spool.trouble is not None:
            return _refused(spool.trouble)
        try:
            within = self._within_quota(peer, spool.size_bytes)
        except SbrtQaError:
            return StoreAnswer(NO_SPACE, CANNOT_RECORD)
        if not within:
            return StoreAnswer(NO_SPACE, "The quota of this site is used up for today")
        first = of_data_set(spool.head(HEAD_BYTES), told.transfer_syntax)
        if first.sop_class and first.sop_class != told.sop_class:
            return StoreAnswer(OTHER_CLASS, "The data set is of another SOP class than was said")
        if first.sop_instance and first.sop_instance != told.sop_instance:
            return StoreAnswer(OTHER_CLASS, "The data set is another instance than was said")
        source = ArrivalSource("c-store", peer.site, peer.calling)
        head = file_head(told.sop_class, told.sop_instance, told.transfer_syntax)
        try:
            landed = land(
                self.landing, source, spool.after(head), max_bytes=self.max_bytes + len(head)
            )
            conflict = self._recorded(source, told.sop_instance, landed)
        except LandingRefusedError as error:
            return _refused(error)
        except SbrtQaError:
            return StoreAnswer(NO_SPACE, CANNOT_RECORD)
        if not is_uid(told.sop_instance):
            return StoreAnswer(NO_UID, "The SOP Instance UID is no UID; kept for a person")
        if conflict:
            return StoreAnswer(CONFLICT, "This UID came before with other content; both are kept")
        if not first.sop_instance:
            return StoreAnswer(NOT_UNDERSTOOD, "Not understood; kept for a person to look at")
        return StoreAnswer(STORED)

    def _recorded(self, source: ArrivalSource, sop_instance: str, landed: Landed) -> bool:
        """Record what landed; tell whether it is a conflict."""
        named = sop_instance if is_uid(sop_instance) else ""
        return self.record(Arrived(source, landed, named))

    def _within_quota(self, peer: Peer, size_bytes: int) -> bool:
        if not peer.quota_bytes:
            return True
        begun = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        key = begun.date(), peer.site
        with self._changing:
            if key not in self._used:
                self._used[key] = self.taken(peer.site, begun.timestamp())
            if self._used[key] + size_bytes > peer.quota_bytes:
                return False
            for old in [one for one in self._used if one[0] != key[0]]:
                del self._used[old]
            self._used[key] += size_bytes
        return True


def _refused(error: LandingRefusedError) -> StoreAnswer:
    if isinstance(error, TooLarge):
        return StoreAnswer(NO_SPACE, "This object is larger than is taken")
    return StoreAnswer(NO_SPACE, "No space left here; send it again later")
