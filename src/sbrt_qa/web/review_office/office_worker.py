"""``sbrt-qa work``: takes the jobs of an office, one after the other, in a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Final

from sbrt_qa.audit.folder import AuditFolder
from sbrt_qa.audit.head import write_head
from sbrt_qa.audit.run_lock import is_running
from sbrt_qa.audit.store.connection import Database, password_of, shown
from sbrt_qa.audit.store.verify_records import verify
from sbrt_qa.audit.times import now
from sbrt_qa.errors import SbrtQaError, own_fault
from sbrt_qa.i18n.phrase import counted, msg, said, say, stated
from sbrt_qa.office.acting import Acting
from sbrt_qa.office.entering import take_in
from sbrt_qa.office.queue_page import make_queue, queue_differences, rebuild
from sbrt_qa.web.review_office.intake_place import delete_originals
from sbrt_qa.web.review_office.lost_rows import find_lost
from sbrt_qa.web.review_office.release_work import ReleasePlace, release_study
from sbrt_qa.web.review_office.sorting_work import (
    RELEASE,
    SORT,
    SortingPlace,
    ask_sorting,
    sort_arrivals,
)
from sbrt_qa.web.working.job_rows import Job, Jobs
from sbrt_qa.web.working.landing_place import landing_of
from sbrt_qa.web.working.study_rows import CLOSED, Studies
from sbrt_qa.web.working.working_store import WorkingStore

REVIEW: Final = "review"
"""Review what lies in a folder: the payload has ``folder`` and ``protocol``."""

TAKE_IN: Final = "take in"
VERIFY: Final = "verify"
CHECK_QUEUE: Final = "check queue"

RETAIN: Final = "retention"

AS_RECORDED: Final = msg("as recorded")

NIGHTLY: Final = (VERIFY, CHECK_QUEUE, RETAIN)
"""Jobs that are asked for once a day, by whichever worker finds that they were not."""

VERIFIED: Final = "verified"
"""The setting of working state that says when records were last verified, and what came of it."""

JUST_LANDED_SECONDS: Final = 3600.0
"""How long a file may lie without a row while other processes take it in."""

POLL_SECONDS: Final = 1.0
BUSY_SECONDS: Final = 5.0
BEAT_SECONDS: Final = 10.0
READABLE: Final = frozenset({0, 1, 10, 20, 30})
"""Exit codes of an audit that came to its end; 1: something is still to be reviewed."""


class BusyError(Exception):
    """What a job needs is in use; it is done later."""


@dataclass(frozen=True, slots=True)
class WorkPlace:
    """What a worker works with.

    Parameters
    ----------
    audit, engine, store
        The folder, its records, its working state.
    database
        Address as it was given on the command line; empty for that of the folder.
    """

    audit: AuditFolder
    engine: Database
    store: WorkingStore
    database: str = ""


Doing = Callable[[WorkPlace, Job, Callable[[], bool]], str]
"""Does a job: place, job, and a call that renews the lease; returns what came of it."""


def _review(place: WorkPlace, job: Job, beat: Callable[[], bool]) -> str:
    """Run the audit over a folder in a child, then take in what is new; doing it twice is once."""
    if is_running(place.audit.folder):
        raise BusyError
    command = [
        sys.executable, "-m", "sbrt_qa.cli", "audit", str(job.payload["folder"]), "--quiet",
        "--out", str(place.audit.folder), "--protocol", str(job.payload["protocol"]),
        "--jobs", str(max(1, (os.cpu_count() or 2) - 1)),
    ]  # fmt: skip
    address, environment = for_child(place.database)
    child = subprocess.Popen(  # noqa: S603 - a command of our own
        [*command, *address], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    try:
        while True:
            try:
                _, told = child.communicate(timeout=POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                if not beat():
                    raise BusyError from None  # another worker has it by now
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    if child.returncode not in READABLE:
        raise SbrtQaError("the audit did not come to its end", got=_last_line(told))
    return _take_in(place, job, beat)


def for_child(database: str) -> tuple[list[str], dict[str, str]]:
    """Return options and environment of a child that opens a database; no option has a password."""
    environment = dict(os.environ)
    if not database:
        return [], environment
    password = password_of(database)
    if password:
        environment["PGPASSWORD"] = password
    return ["--database", shown(database)], environment


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def _take_in(place: WorkPlace, _: Job, __: Callable[[], bool]) -> str:
    found = take_in(place.engine, now())
    with suppress(SbrtQaError, OSError):
        write_head(place.audit.folder, place.engine)
    told = found.entered, found.went_on, found.resubmitted
    return say("{0} entered, {1} went on, {2} replaced", *told)


def _verify(place: WorkPlace, _: Job, beat: Callable[[], bool]) -> str:
    """Verify the records, and keep what came of it."""
    beat()
    found = verify(place.engine)
    told = {"at": now(), "difference": found.difference, "events": found.events}
    place.store.keep_setting(VERIFIED, json.dumps(told))
    return found.difference or AS_RECORDED


def _check_queue(place: WorkPlace, _: Job, beat: Callable[[], bool]) -> str:
    """Hold the table of the queue against the records; make it anew where it differs."""
    beat()
    make_queue(place.store.engine)
    wrong = queue_differences(place.engine, place.store.engine)
    if wrong:
        rebuild(place.engine, place.store.engine)
    return counted(len(wrong), "row was wrong", "rows were wrong") if wrong else AS_RECORDED


def _retain(place: WorkPlace, _: Job, beat: Callable[[], bool]) -> str:
    """Delete originals whose time is over."""
    beat()
    vault = landing_of(place.audit.folder, place.store)
    find_lost(place.store, vault, at_least_seconds=JUST_LANDED_SECONDS)
    gone = delete_originals(place.engine, place.store, vault)
    with suppress(SbrtQaError, OSError):
        write_head(place.audit.folder, place.engine)
    return counted(gone, "original deleted", "originals deleted")


def sorting_place(place: WorkPlace) -> SortingPlace:
    """Return where what came in of an audit lies."""
    return SortingPlace(landing_of(place.audit.folder, place.store), place.store)


def _sort(place: WorkPlace, _: Job, beat: Callable[[], bool]) -> str:
    """Read what landed, and ask for the release of what is whole."""
    told = sort_arrivals(sorting_place(place), beat)
    ask_sorting(sorting_place(place), Jobs(place.store))
    return told


def _release(place: WorkPlace, job: Job, beat: Callable[[], bool]) -> str:
    """De-identify a study, and have it reviewed and recorded."""
    if is_running(place.audit.folder):
        raise BusyError
    vault = landing_of(place.audit.folder, place.store)
    where = ReleasePlace(place.audit, place.engine, place.database, place.store, vault)
    study = Studies(place.store).with_id(int(job.payload["study"]))
    if study.state != CLOSED:
        return say("is {0} already", stated(study.state))
    by = Acting(study.account, now()) if study.account else None
    with kept_alive(beat):
        return release_study(where, study, by).state


@contextmanager
def kept_alive(beat: Callable[[], bool]) -> Iterator[None]:
    """Renew the lease of a job from a thread, for as long as one call takes."""
    over = Event()

    def go_on() -> None:
        while not over.wait(BEAT_SECONDS) and beat():
            pass

    thread = Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


DOING: Final[Mapping[str, Doing]] = {
    REVIEW: _review, TAKE_IN: _take_in, VERIFY: _verify, CHECK_QUEUE: _check_queue,
    SORT: _sort, RELEASE: _release, RETAIN: _retain,
}  # fmt: skip
"""Every kind of job by its name."""


def worker_name() -> str:
    """Return what this worker is called: its machine and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def work_once(place: WorkPlace, jobs: Jobs, worker: str) -> bool:
    """Do one job; False where there is none."""
    job = jobs.claim(worker, tuple(DOING))
    if job is None:
        return False
    try:
        result = DOING[job.kind](place, job, lambda: jobs.beat(job))
    except BusyError:
        jobs.postpone(job, BUSY_SECONDS)
    except SbrtQaError as error:
        jobs.failed(job, said(error))
    except Exception as error:  # noqa: BLE001 - a job that goes wrong never ends its worker
        jobs.failed(job, str(own_fault(error)))
    else:
        jobs.done(job, result)
    return True


def ask_nightly(jobs: Jobs) -> None:
    """Ask for what is done once a day, where today it was not asked for yet."""
    today = now()[:10]
    for kind in NIGHTLY:
        last = jobs.last(kind)
        if last is None or last.key != today:
            jobs.ask(kind, today)


def work(place: WorkPlace, jobs: Jobs, stopped: Callable[[], bool], *, once: bool = False) -> int:
    """Do jobs until told to stop, or (`once`) until none waits; return how many were done."""
    worker, done = worker_name(), 0
    while not stopped():
        ask_nightly(jobs)
        ask_sorting(sorting_place(place), jobs)
        if work_once(place, jobs, worker):
            done += 1
        elif once:
            break
        else:
            time.sleep(POLL_SECONDS)
    return done


def ask_review(store: WorkingStore, folder: Path, protocol: str) -> int:
    """Ask for the review of what lies in a folder of submissions; return the job's number."""
    payload = {"folder": str(folder), "protocol": protocol}
    return Jobs(store).ask(REVIEW, str(folder), payload)
