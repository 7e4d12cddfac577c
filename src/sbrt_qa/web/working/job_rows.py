"""Jobs of an office: asked for once, done by whichever worker takes them, never lost.

A worker holds a job by a lease that it renews. Where a worker is killed its lease ends, and another
takes the job over; what is given up three times stays in sight as failed. Work is therefore done
again from its beginning, and has to come to the same end when it is done twice.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.errors import StoreError
from sbrt_qa.i18n.phrase import from_kept, kept_text
from sbrt_qa.web.working.working_store import WorkingStore
from sbrt_qa.web.working.working_tables import jobs

WAITING: Final = "waiting"
RUNNING: Final = "running"
DONE: Final = "done"
FAILED: Final = "failed"

LEASE_SECONDS: Final = 60.0
MOST_TRIES: Final = 3
LONGEST_RESULT: Final = 2_000

LOST: Final = "its workers ended before it was done"
"""What is told of a job that was taken three times and never finished."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands.

    Parameters
    ----------
    kind, key
        What is to be done, and with what; only one of them both is open at a time.
    payload
        What whoever does it needs to know.
    state
        Waiting, running, done or failed.
    tries
        How often it was taken.
    worker
        Who has, or last had, it.
    result
        What came of it, or why it failed last.
    """

    id: int
    kind: str
    key: str
    payload: Mapping[str, Any]
    state: str
    tries: int
    worker: str
    result: str
    made: float
    changed: float


class Jobs:
    """The jobs in a store.

    Parameters
    ----------
    lease_seconds
        How long a worker that says nothing keeps a job.
    clock
        The time in s, the same for all workers.
    """

    def __init__(
        self,
        store: WorkingStore,
        lease_seconds: float = LEASE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._lease, self._clock = store, lease_seconds, clock

    @property
    def lease_seconds(self) -> float:
        """How long a worker that says nothing keeps a job."""
        return self._lease

    def ask(
        self, kind: str, key: str, payload: Mapping[str, Any] | None = None, after: float = 0.0
    ) -> int:
        """Ask for a job, unless the same one is open; return its number.

        Parameters
        ----------
        after
            Seconds from now before which nobody takes it.
        """
        now, name = self._clock(), _open_key(kind, key)
        row = {
            "kind": kind, "key": key, "open_key": name, "payload": json.dumps(dict(payload or {})),
            "state": WAITING, "not_before": now + after, "lease_until": 0.0, "worker": "",
            "tries": 0, "result": "", "made": now, "changed": now,
        }  # fmt: skip
        known = sa.select(jobs.c.id).where(jobs.c.open_key == name)
        try:
            with self._store.writing() as connection:
                found = connection.scalar(known)
                if found is None:
                    found = connection.execute(sa.insert(jobs).values(row)).inserted_primary_key[0]  # type: ignore[index]
                return int(found)
        except StoreError:  # another process asked at this moment
            with self._store.reading() as connection:
                found = connection.scalar(known)
            if found is None:
                raise
            return int(found)

    def claim(self, worker: str, kinds: Sequence[str]) -> Job | None:
        """Take the oldest job that waits, or whose worker is gone; None where there is none."""
        now, c = self._clock(), jobs.c
        free = sa.or_(c.state == WAITING, sa.and_(c.state == RUNNING, c.lease_until < now))
        query = (
            sa.select(jobs).where(c.kind.in_(kinds), c.not_before <= now, free).order_by(c.id)
        ).limit(1)
        with self._store.writing() as connection:
            while True:
                row = connection.execute(query.with_for_update(skip_locked=True)).first()
                if row is None:
                    return None
                if row.tries < MOST_TRIES:
                    break
                _close(connection, row.id, FAILED, row.result or LOST, now)
            taken = {
                "state": RUNNING, "lease_until": now + self._lease, "worker": worker,
                "tries": row.tries + 1, "changed": now,
            }  # fmt: skip
            connection.execute(sa.update(jobs).where(c.id == row.id).values(taken))
            return _job(connection.execute(sa.select(jobs).where(c.id == row.id)).one())

    def beat(self, job: Job) -> bool:
        """Renew a lease; False where the job is another worker's by now."""
        until = self._clock() + self._lease
        return self._mine(job, {"lease_until": until})

    def done(self, job: Job, result: str = "") -> bool:
        """Say that a job is done; False where it is another worker's by now."""
        closed = {"state": DONE, "open_key": None, "result": _kept(result)}
        return self._mine(job, closed)

    def failed(self, job: Job, why: str, again_after: float = 30.0) -> bool:
        """Say that a job went wrong: it is tried again, three times in all."""
        if job.tries >= MOST_TRIES:
            closed = {"state": FAILED, "open_key": None, "result": _kept(why)}
            return self._mine(job, closed)
        later = self._clock() + again_after
        return self._mine(job, {"state": WAITING, "not_before": later, "result": _kept(why)})

    def postpone(self, job: Job, seconds: float, why: str = "") -> bool:
        """Put a job off without counting a try: what it needs is in use."""
        later = self._clock() + seconds
        values = {
            "state": WAITING,
            "not_before": later,
            "tries": job.tries - 1,
            "result": _kept(why),
        }
        return self._mine(job, values)

    def _mine(self, job: Job, values: Mapping[str, Any]) -> bool:
        """Change a job as long as this worker's claim of it holds."""
        c = jobs.c
        held = sa.and_(
            c.id == job.id, c.worker == job.worker, c.tries == job.tries, c.state == RUNNING
        )
        with self._store.writing() as connection:
            changed = sa.update(jobs).where(held).values(**values, changed=self._clock())
            return connection.execute(changed).rowcount == 1

    def all(self, state: str = "") -> tuple[Job, ...]:
        """Return the jobs, newest first: all, or those in a state."""
        query = sa.select(jobs).order_by(jobs.c.id.desc())
        if state:
            query = query.where(jobs.c.state == state)
        with self._store.reading() as connection:
            return tuple(map(_job, connection.execute(query)))

    def last(self, kind: str) -> Job | None:
        """Return the newest job of a kind, whatever its state."""
        query = sa.select(jobs).where(jobs.c.kind == kind).order_by(jobs.c.id.desc()).limit(1)
        with self._store.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _job(row)

    def last_of(self, kind: str, key: str) -> Job | None:
        """Return the newest job of a kind with a key, whatever its state."""
        same = sa.and_(jobs.c.kind == kind, jobs.c.key == key)
        query = sa.select(jobs).where(same).order_by(jobs.c.id.desc()).limit(1)
        with self._store.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _job(row)

    def try_again(self, number: int) -> None:
        """Open a failed job once more, as if nobody had tried."""
        c = jobs.c
        with self._store.writing() as connection:
            row = connection.execute(sa.select(jobs).where(c.id == number)).first()
            if row is None or row.state != FAILED:
                return
            name = _open_key(row.kind, row.key)
            if connection.scalar(sa.select(c.id).where(c.open_key == name)) is not None:
                return
            again = {"state": WAITING, "open_key": name, "tries": 0, "not_before": self._clock()}
            connection.execute(sa.update(jobs).where(c.id == number).values(again))


def _close(connection: Connection, number: int, state: str, result: str, now: float) -> None:
    closed = {"state": state, "open_key": None, "result": result, "changed": now}
    connection.execute(sa.update(jobs).where(jobs.c.id == number).values(closed))


def _open_key(kind: str, key: str) -> str:
    return f"{kind}\n{key}"


def _job(row: sa.Row[Any]) -> Job:
    return Job(
        row.id, row.kind, row.key, json.loads(row.payload), row.state, row.tries, row.worker,
        from_kept(row.result), row.made, row.changed,
    )  # fmt: skip


def _kept(result: str) -> str:
    """Return a result as its column holds it: cut, unless it keeps its parts for translation."""
    whole = kept_text(result)
    return whole if len(whole) <= LONGEST_RESULT else result[:LONGEST_RESULT]
