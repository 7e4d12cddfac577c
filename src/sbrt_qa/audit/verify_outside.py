"""An audit as a whole held against what is known of it: the store, its head, its files, anchors."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sbrt_qa.audit.head import (
    GONE,
    HEAD,
    LOST,
    RESTORED,
    KnownHead,
    accepted_heads,
    known_heads,
    lost_head,
    write_head,
)
from sbrt_qa.audit.run_lock import is_running
from sbrt_qa.audit.times import now
from sbrt_qa.errors import StoreError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from sbrt_qa.audit.folder import AuditFolder
    from sbrt_qa.audit.store.chain import Head
    from sbrt_qa.audit.store.connection import Database
    from sbrt_qa.audit.store.verify_records import Verified
    from sbrt_qa.model.actor import Doing

CUT: Final = "an event that was noted is not in the chain any more"


def verified(place: AuditFolder, database: str, noted: str, anchors: Sequence[Head]) -> Verified:
    """Return what was looked at, and the first thing that is not as it was recorded.

    Raises
    ------
    StoreError
        The store cannot be read.
    """
    from sbrt_qa.audit.store.chain import START
    from sbrt_qa.audit.store.connection import version_now
    from sbrt_qa.audit.store.verify_records import Verified, verify

    known = known_heads(place.folder)  # before the store is opened: it only grows
    nothing = Verified(None, None, None, START, _gone(known))
    if place.is_gone(database):
        return nothing
    engine = place.unchecked_engine(database)
    try:
        version = version_now(engine)
        if not version:
            return nothing
        if not place.is_current(version) and not _is_newer_inside(engine):
            engine.dispose()
            engine = place.engine(database)
            known = known_heads(place.folder)
        found = verify(engine)
        if found.difference:
            return found
        outside = _Outside(engine, place.folder, found.head, found.events or 0)
        told = outside.differences(known, noted, anchors)
        return replace(found, difference=next(told, ""), files=len(outside.files))
    except StoreError as error:
        return Verified(None, None, None, START, str(error))
    finally:
        engine.dispose()


def _gone(known: Sequence[KnownHead]) -> str:
    if not known:
        return "the store is empty, or not there"
    one = known[0]
    number = f"{one.head.seq} events, as {one.place} says" if one.head else one.place
    return f"{GONE}: {number}"


def _is_newer_inside(engine: Database) -> bool:
    """Tell whether a store that says it is old holds events that cover rows: it is not."""
    from sbrt_qa.audit.store.chain import events
    from sbrt_qa.audit.store.connection import reading

    try:
        with reading(engine) as connection:
            return any("rows" in event.data for event in events(connection))
    except StoreError:
        return True


class _Outside:
    """What lies beside the store, held against it."""

    def __init__(self, engine: Database, folder: Path, end: str, events: int) -> None:
        from sbrt_qa.audit.published import files_recorded

        self._engine, self._folder = engine, folder
        self._end, self._events = end, events
        self.files = files_recorded(engine)

    def differences(
        self, known: Sequence[KnownHead], noted: str, anchors: Sequence[Head]
    ) -> Iterator[str]:
        from sbrt_qa.audit.published import file_differences
        from sbrt_qa.audit.store.access_log import access_differences

        yield from self._heads(tuple(known))
        if noted and not self._has(noted):
            yield CUT
        yield from self._anchors(anchors)
        yield from file_differences(self._folder, self.files)
        yield from access_differences(self._folder, self._engine)

    def _heads(self, known: tuple[KnownHead, ...]) -> Iterator[str]:
        for one in known:
            if one.broken:
                yield f"{one.place} does not hold the end of the chain"
        if (lost := lost_head(self._engine, known)) is not None and lost.head is not None:
            yield f"{LOST} ({lost.place} names event {lost.head.seq}, {lost.head.hash[:12]}…)"
        mine = next((one.head for one in known if one.place == HEAD), None)
        if mine is None:
            yield f"{HEAD}, which holds the end of the chain, is not there"
        elif mine.hash != self._end and not is_running(self._folder):
            more = self._events - mine.seq
            yield (
                f"{more} events came after the one that {HEAD} names: a run was ended before it "
                "could say so, and sbrt-qa audit goes on from there; or somebody added them"
            )

    def _has(self, digest: str) -> bool:
        from sbrt_qa.audit.store.chain import events
        from sbrt_qa.audit.store.connection import reading

        with reading(self._engine) as connection:
            return any(event.hash == digest for event in events(connection))

    def _anchors(self, anchors: Sequence[Head]) -> Iterator[str]:
        if not anchors:
            return
        known = tuple(KnownHead("the anchor file", head) for head in anchors)
        if (lost := lost_head(self._engine, known)) is not None and lost.head is not None:
            yield f"{LOST} (anchored: event {lost.head.seq}, {lost.head.hash[:12]}…)"
        if any(one.seq > other.seq for one, other in itertools.pairwise(anchors)):
            yield "the heads of the anchor file do not follow one another"
        last = anchors[-1]
        if last.hash != self._end and str(last) not in accepted_heads(self._engine):
            yield (
                f"{self._events - last.seq} events came after the last that was anchored "
                f"(event {last.seq}): a run without its anchor made them, or somebody added them"
            )


def accept_loss(place: AuditFolder, database: str, by: Doing) -> int:
    """Go on with a store that lacks events which are known; return how many heads it lacks.

    It becomes an event with who accepts it and why. A store that is gone is not accepted: put back
    a backup first, or begin in another folder.

    Raises
    ------
    UsageError
        Nothing is lost, or no reason is given.
    StoreError
        There is no store any more.
    """
    from sbrt_qa.audit.head import refuse_gone
    from sbrt_qa.audit.store.connection import version_now
    from sbrt_qa.audit.store.write import note

    known = known_heads(place.folder)
    if place.is_gone(database):
        refuse_gone(known)
    engine = place.unchecked_engine(database)
    try:
        if not place.is_current(version_now(engine)):
            refuse_gone(known)
        lost = []
        left = [one for one in known if one.head is not None]
        while (one := lost_head(engine, tuple(left))) is not None:
            lost.append(one)
            left.remove(one)
        broken = [one.place for one in known if one.broken]
        if not lost and not broken:
            raise UsageError("nothing that is known of this audit is lost")
        told = {"lost": sorted({str(one.head) for one in lost}), "broken": broken}
        note(engine, now(), RESTORED, told, by=by)
        write_head(place.folder, engine)
        return len(lost) + len(broken)
    finally:
        engine.dispose()
