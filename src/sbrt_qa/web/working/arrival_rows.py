"""What came in, as rows: one for every time something landed, with what its header says."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store.rows import insert
from sbrt_qa.intake.landing import ArrivalSource, Landed
from sbrt_qa.intake.study_closing import InstanceFacts
from sbrt_qa.web.working.arrival_tables import arrivals, associations
from sbrt_qa.web.working.study_rows import QUARANTINED, insert_study
from sbrt_qa.web.working.working_store import WorkingStore

LANDED: Final = "landed"
SORTED: Final = "sorted"
OTHER: Final = "other"
UNREADABLE: Final = "unreadable"
CONFLICT: Final = "conflict"
AGAIN: Final = "again"
"""States: to be looked at, known, no DICOM, broken, other bytes under a known UID, sent twice."""

FOLDERS: Final = frozenset({"watch", "orthanc"})
"""Doors by which other files come beside objects; by every other one a sender means an object."""

PATIENT_KEY: Final = "patient hash key"
ASSOCIATION_SECONDS: Final = 180.0
"""How long an association counts as open after it was last heard of."""

SAME_UID: Final = "another object with this UID came before, and its content is not the same"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One time that something landed.

    Parameters
    ----------
    at
        When, in s since 1970.
    state
        As above; `conflict` when other bytes are there under the same SOP Instance UID.
    facts
        What its header says; None until it was read.
    """

    id: int
    sha256: str
    size_bytes: int
    source: ArrivalSource
    at: float
    batch: str
    state: str
    facts: InstanceFacts | None

    @property
    def is_conflict(self) -> bool:
        """Whether the sender is to be told that this UID is there with other content."""
        return self.state == CONFLICT


def record_arrival(
    store: WorkingStore,
    source: ArrivalSource,
    landed: Landed,
    *,
    batch: str = "",
    sop_uid: str = "",
    clock: Callable[[], float] = time.time,
) -> Arrival:
    """Record that something landed; called before its sender is told so.

    Parameters
    ----------
    batch
        Id of the upload whose manifest it is in; empty where only its links tell what it belongs
        to.
    sop_uid
        SOP Instance UID as the sender named it, where it did. The same UID with the same bytes is
        recorded as sent again; with other bytes as a conflict, of which both are kept.
    """
    a = arrivals.c
    with store.writing(durable=True) as connection:
        state = LANDED
        if not batch:
            mine = sa.and_(a.site == source.site, a.batch == "", a.state.in_((LANDED, SORTED)))
            same = sa.select(a.id).where(mine, a.sha256 == landed.sha256)
            if connection.scalar(same.limit(1)) is not None:
                state = AGAIN
            elif sop_uid and _other_content(connection, source.site, sop_uid, landed.sha256):
                state = CONFLICT
        row = {
            "sha256": landed.sha256, "size_bytes": landed.size_bytes, "door": source.door,
            "site": source.site, "peer": source.peer, "at": clock(), "batch": batch,
            "state": state, "sop_uid": sop_uid[:200], "study_uid": "", "patient": "",
            "facts": "", "deleted": 0.0,
        }  # fmt: skip
        number = insert(connection, arrivals, row)
        if state == CONFLICT:
            _tell_conflict(connection, clock(), source.site, number, landed.sha256)
        return _arrival(connection.execute(sa.select(arrivals).where(a.id == number)).one())


def _tell_conflict(connection: Connection, now: float, site: str, number: int, sha256: str) -> None:
    """Set the later object aside, once: its site and the office both see it."""
    a = arrivals.c
    before = sa.and_(a.site == site, a.sha256 == sha256, a.state == CONFLICT, a.id != number)
    if connection.scalar(sa.select(a.id).where(before).limit(1)) is None:
        insert_study(connection, now, site, [number], state=QUARANTINED, why=SAME_UID)


def _other_content(connection: Connection, site: str, sop_uid: str, sha256: str) -> bool:
    a = arrivals.c
    other = sa.and_(
        a.site == site, a.batch == "", a.sop_uid == sop_uid, a.sha256 != sha256,
        a.state.in_((LANDED, SORTED)),
    )  # fmt: skip
    return connection.scalar(sa.select(a.id).where(other).limit(1)) is not None


class Arrivals:
    """The arrivals in a store."""

    def __init__(self, store: WorkingStore, clock: Callable[[], float] = time.time) -> None:
        self._store, self._clock = store, clock

    def patient_key(self) -> str:
        """Return the key of patients' hashes, made when there is none."""
        kept = self._store.setting(PATIENT_KEY)
        if not kept:
            self._store.keep_setting(PATIENT_KEY, secrets.token_hex(32))
            kept = self._store.setting(PATIENT_KEY)
        return kept

    def in_state(self, state: str, most: int = 500) -> tuple[Arrival, ...]:
        """Return arrivals in a state, oldest first."""
        return self._those(arrivals.c.state == state, most)

    def others_kept(self) -> tuple[Arrival, ...]:
        """Return what is no DICOM and was not deleted yet."""
        a = arrivals.c
        return self._those(sa.and_(a.state == OTHER, a.deleted == 0))

    def of_batch(self, batch: str) -> tuple[Arrival, ...]:
        """Return the arrivals of an upload."""
        return self._those(arrivals.c.batch == batch)

    def with_ids(self, ids: Sequence[int]) -> tuple[Arrival, ...]:
        """Return arrivals by their numbers."""
        return self._those(arrivals.c.id.in_(ids)) if ids else ()

    def linked(self, site: str, uids: Sequence[str], studies: Sequence[str]) -> tuple[Arrival, ...]:
        """Return sorted arrivals of a site, outside uploads, by their own or their study's UID."""
        a = arrivals.c
        found = sa.or_(a.sop_uid.in_(uids), a.study_uid.in_(studies))
        return self._those(sa.and_(a.site == site, a.batch == "", a.state == SORTED, found))

    def of_hash(self, sha256: str) -> tuple[Arrival, ...]:
        """Return all arrivals of the same bytes."""
        return self._those(arrivals.c.sha256 == sha256)

    def hashes(self) -> frozenset[str]:
        """Return the hash of everything that has a row."""
        with self._store.reading() as connection:
            return frozenset(connection.scalars(sa.select(arrivals.c.sha256).distinct()))

    def bytes_since(self, door: str, site: str, since: float) -> int:
        """Return how many bytes came from a site by a door since a time (s since 1970)."""
        a = arrivals.c
        mine = sa.and_(a.door == door, a.site == site, a.at >= since)
        with self._store.reading() as connection:
            return int(connection.scalar(sa.select(sa.func.sum(a.size_bytes)).where(mine)) or 0)

    def _those(self, where: Any, most: int = 100_000) -> tuple[Arrival, ...]:  # noqa: ANN401 - a clause
        query = sa.select(arrivals).where(where).order_by(arrivals.c.id).limit(most)
        with self._store.reading() as connection:
            return tuple(map(_arrival, connection.execute(query)))

    def sort(self, arrival: Arrival, told: Mapping[str, Any]) -> Arrival:
        """Keep what the header of an arrival says; find a conflict that its sender did not name."""
        a = arrivals.c
        state = str(told.get("trouble") or SORTED)
        facts = {k: v for k, v in told.items() if k != "trouble"} if state == SORTED else {}
        with self._store.writing() as connection:
            uid = str(facts.get("sop_uid", ""))
            alone = arrival.batch == "" and state == SORTED
            if alone and _earlier_content(connection, arrival, uid):
                state = CONFLICT
                values = {"state": state, "sop_uid": uid}
                connection.execute(sa.update(arrivals).where(a.id == arrival.id).values(values))
                now, site = self._clock(), arrival.source.site
                _tell_conflict(connection, now, site, arrival.id, arrival.sha256)
            values = {
                "state": state, "facts": json.dumps(facts) if facts else "", "sop_uid": uid,
                "study_uid": str(facts.get("study_uid", "")),
                "patient": str(facts.get("patient", "")),
            }  # fmt: skip
            connection.execute(sa.update(arrivals).where(a.id == arrival.id).values(values))
            return _arrival(connection.execute(sa.select(arrivals).where(a.id == arrival.id)).one())

    def note_deleted(self, sha256: str) -> None:
        """Note that the original of a hash was deleted."""
        with self._store.writing() as connection:
            gone = sa.update(arrivals).where(arrivals.c.sha256 == sha256)
            connection.execute(gone.values(deleted=self._clock()))

    # --- associations ------------------------------------------------------------------------

    def association_begun(self, source: ArrivalSource) -> int:
        """Note that a peer has an association open; return its number."""
        row = {"site": source.site, "peer": source.peer, "seen": self._clock()}
        with self._store.writing() as connection:
            return insert(connection, associations, row)

    def association_goes_on(self, number: int) -> None:
        """Note that an association is still open; said at least every two minutes."""
        with self._store.writing() as connection:
            same = sa.update(associations).where(associations.c.id == number)
            connection.execute(same.values(seen=self._clock()))

    def association_ended(self, number: int) -> None:
        """Note that an association is over, and forget those whose process ended without a word."""
        c, old = associations.c, self._clock() - 10 * ASSOCIATION_SECONDS
        with self._store.writing() as connection:
            over = sa.or_(c.id == number, c.seen < old)
            connection.execute(sa.delete(associations).where(over))

    def is_sending(self, site: str, peers: Sequence[str]) -> bool:
        """Tell whether one of some peers of a site has an association open."""
        c, since = associations.c, self._clock() - ASSOCIATION_SECONDS
        open_one = sa.select(c.id).where(c.site == site, c.peer.in_(peers), c.seen >= since)
        with self._store.reading() as connection:
            return connection.scalar(open_one.limit(1)) is not None


def _earlier_content(connection: Connection, arrival: Arrival, uid: str) -> bool:
    """Tell whether other bytes came before under the same SOP Instance UID."""
    a = arrivals.c
    other = sa.and_(
        a.site == arrival.source.site, a.batch == "", a.sop_uid == uid, a.id < arrival.id,
        a.sha256 != arrival.sha256, a.state == SORTED,
    )  # fmt: skip
    return connection.scalar(sa.select(a.id).where(other).limit(1)) is not None


def _arrival(row: sa.Row[Any]) -> Arrival:
    facts = json.loads(row.facts) if row.facts else None
    if facts is not None:
        links = {kind: tuple(uids) for kind, uids in facts.pop("links", {}).items()}
        facts = InstanceFacts(row.sha256, **facts, links=links)
    return Arrival(
        row.id, row.sha256, row.size_bytes, ArrivalSource(row.door, row.site, row.peer), row.at,
        row.batch, row.state, facts,
    )  # fmt: skip
