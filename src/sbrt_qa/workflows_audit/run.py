"""``audit``: review every submission, record each, and go on from where an earlier run stopped."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sbrt_qa import __version__
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.isolation import Limits, Outcome
from sbrt_qa.workflows_audit.one_submission import Job, get_warm, review_in_child
from sbrt_qa.workflows_audit.place import AuditFolder, Settings, begin, read_secret

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from sbrt_qa.audit.discovery import Submission
    from sbrt_qa.audit.layout import Naming, Secret
    from sbrt_qa.audit.running import Done
    from sbrt_qa.protocol.schema import Protocol
    from sbrt_qa.store.connection import Database
    from sbrt_qa.store.write import Recorder

ANSWER_BYTES: Final = 256 * 1024**2
"""Largest answer about one submission: its histograms take half a megabyte a plan."""

LIMITS: Final = Limits(answer_bytes=ANSWER_BYTES)
MAX_MANIFEST: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """What to audit, and how.

    Parameters
    ----------
    submissions
        Folders and zip archives.
    out
        The audit's folder.
    protocol
        Name in the library, or a file.
    manifest
        CSV that says whose each path is, see `sbrt_qa.audit.layout`.
    jobs
        Submissions reviewed at a time.
    dask
        Address of a scheduler; then its workers review.
    key_file
        Replace subjects' codes by keyed hashes with the key of this file.
    limits
        Caps of each review.
    passed_over
        Places that are left alone this time, by their keys: they may still be arriving.
    """

    submissions: tuple[Path, ...]
    out: Path
    protocol: str
    trial: str = ""
    database: str = ""
    manifest: Path | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    jobs: int = 1
    dask: str = ""
    key_file: Path | None = None
    limits: Limits = LIMITS
    passed_over: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """One submission done: its code, and its verdict, None when it needed no review.

    ``trouble`` says why it was not reviewed, where that is so.
    """

    code: str
    verdict: str | None
    found: int
    complete: bool
    trouble: str = ""


def audit(request: Request, executor: Executor | None = None) -> Generator[Step]:
    """Review and record every submission that is not recorded yet, and tell each.

    Parameters
    ----------
    request
        What and how.
    executor
        Where reviews run; a pool by the request when not given.

    Raises
    ------
    UsageError, ProtocolError, StoreError
        The request cannot be carried out.
    """
    if executor is None and not request.dask:
        get_warm(at_once=True)
    from sbrt_qa.audit.running import run_all

    with _session(request) as session, ExitStack() as stack:
        pool, workers = stack.enter_context(_workers(request, executor))
        finder = _Finder(request, session.manifest)
        stack.callback(finder.stop)
        review = partial(_review, limits=request.limits)
        tasks = (session.task(one) for one in finder)
        for done in run_all(tasks, review, pool, workers):
            yield session.record(done, finder)


@contextmanager
def _session(request: Request) -> Iterator[_Session]:
    from sbrt_qa import workflows
    from sbrt_qa.store.write import Recorder, add_protocol, note

    protocol = workflows.protocol(request.protocol)
    manifest = manifest_of(request)
    database = _without_password(request.database)
    settings = Settings(request.trial or protocol.id, database, request.key_file is not None)
    place = begin(request.out, settings)
    secret = read_secret(place, request.key_file)
    engine = place.engine(request.database)
    try:
        protocol_id = add_protocol(engine, protocol, now())
        about = {"protocol": protocol.content_hash, "engine": __version__}
        note(engine, now(), "audit begun", about)
        recorder = Recorder(engine, protocol_id, protocol.content_hash, __version__)
        session = _Session(request, place, protocol, secret, engine, recorder, manifest)
        yield session
        note(engine, now(), "audit ended", about | {"reviewed": session.reviewed})
    finally:
        engine.dispose()


def now() -> str:
    """Return the time in UTC, as it is stored."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _without_password(url: str) -> str:
    if not url:
        return ""
    from sbrt_qa.store.connection import shown

    return shown(url)


def manifest_of(request: Request) -> dict[str, Naming] | None:
    """Read the manifest of a request, if it has one.

    Raises
    ------
    UsageError
        It cannot be read, or is wrong.
    """
    path = request.manifest
    if path is None:
        return None
    from sbrt_qa.audit.layout import read_manifest

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return read_manifest(file.read(MAX_MANIFEST))
    except (OSError, UnicodeDecodeError) as error:
        where, expected = quoted(path.name), "a CSV file in UTF-8"
        raise UsageError("the manifest cannot be read", where=where, expected=expected) from error


# --- finding ----------------------------------------------------------------------------------


class _Finder:
    """Finds submissions in a thread of its own, so that their number is soon known."""

    def __init__(self, request: Request, manifest: Mapping[str, Naming] | None) -> None:
        self.found, self.complete = 0, False
        self._stop = False
        self._queue: queue.SimpleQueue[Submission | Exception | None] = queue.SimpleQueue()
        self._request, self._manifest = request, manifest
        threading.Thread(target=self._find, name="discovery", daemon=True).start()

    def _find(self) -> None:
        from sbrt_qa.audit.discovery import discover

        try:
            for root in self._request.submissions:
                for one in discover(root, self._manifest):
                    if self._stop:
                        return
                    if one.key not in self._request.passed_over:
                        self.found += 1
                        self._queue.put(one)
            self.complete = True
            self._queue.put(None)
        except Exception as error:  # noqa: BLE001 - raised where it can be told
            self._queue.put(error)

    def __iter__(self) -> Iterator[Submission]:
        while (one := self._queue.get()) is not None:
            if isinstance(one, Exception):
                raise one
            yield one

    def stop(self) -> None:
        """Look no further."""
        self._stop = True


# --- reviewing --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Task:
    """A submission and what its worker is sent."""

    submission: Submission
    place_key: str
    job: Job


def _review(task: Task, limits: Limits) -> Outcome:
    return review_in_child(task.job, limits)


@contextmanager
def _workers(request: Request, executor: Executor | None) -> Iterator[tuple[Executor, int]]:
    """Give an executor and how much it can do at once; end what it is doing when left early."""
    if executor is not None:
        yield executor, request.jobs
    elif request.dask:
        with _dask(request.dask) as pair:
            yield pair
    else:
        with _pool(request.jobs) as pool:
            yield pool, request.jobs


@contextmanager
def _pool(jobs: int) -> Iterator[Executor]:
    """Give the usual pool: threads that do nothing but watch over one process each.

    Every process is forked from one that is warm, reviews one submission and ends, so nothing
    piles up in it, and there is no worker that could be left behind.
    """
    from concurrent.futures import ThreadPoolExecutor

    from sbrt_qa.isolation import end_all

    pool = ThreadPoolExecutor(jobs, "review")
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        end_all()
        pool.shutdown(wait=True)


@contextmanager
def _dask(address: str) -> Iterator[tuple[Executor, int]]:
    try:
        from distributed import Client
    except ImportError as error:
        advice = "Install it: pip install 'sbrt-qa[dask]'"
        raise UsageError("--dask needs dask.distributed", advice=advice) from error
    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError("no scheduler answers", got=quoted(address)) from error
    with client:
        workers = sum(client.nthreads().values())
        if not workers:
            raise UsageError("the scheduler has no workers", got=quoted(address))
        yield client.get_executor(pure=False), workers


# --- recording --------------------------------------------------------------------------------


class _Session:
    """One run: what it knows, and what it has done."""

    def __init__(
        self,
        request: Request,
        place: AuditFolder,
        protocol: Protocol,
        secret: Secret,
        engine: Database,
        recorder: Recorder,
        manifest: dict[str, Naming] | None,
    ) -> None:
        self.manifest = manifest
        self.reviewed = 0
        self._request, self._trial = request, place.settings.trial
        self._pseudonymize = place.settings.pseudonymized
        self._rules, self._secret = protocol, secret
        self._engine, self._recorder = engine, recorder
        self._protocol = protocol.model_dump_json(by_alias=True)

    def task(self, one: Submission) -> Task:
        """Return what a worker is sent about a submission."""
        from sbrt_qa.store.known import reviewed_inputs

        key = self._secret.digest(one.key)
        known = reviewed_inputs(self._engine, key, self._recorder.protocol_id, __version__)
        names = () if self._pseudonymize else (one.named.site or "", one.named.subject or "")
        codes = tuple(name for name in names if name)
        job = Job(str(one.path.absolute()), self._protocol, self._request.mapping, known, codes)
        return Task(one, key, job)

    def record(self, done: Done[Task, Outcome], finder: _Finder) -> Step:
        """Record what came of a submission."""
        from sbrt_qa.model.outcome import worst
        from sbrt_qa.review.unreviewed import NOT_REVIEWED
        from sbrt_qa.workflows_audit.entries import entry_of

        outcome = done.result or Outcome(failure="its worker was lost")
        if isinstance(outcome.value, dict) and outcome.value.get("unchanged") is True:
            return Step("", None, finder.found, finder.complete)
        entry = entry_of(
            done.task.submission,
            done.task.place_key,
            outcome,
            self._rules,
            self._trial,
            self._secret,
            pseudonymize=self._pseudonymize,
            received=now(),
        )
        made = self._recorder.record(entry, now())
        self.reviewed += 1
        reviews = [case.review for case in entry.cases]
        verdict = worst([review.verdict for review in reviews])
        findings = (f for review in reviews for f in review.findings)
        trouble = next((f.message for f in findings if f.code == NOT_REVIEWED), "")
        return Step(made.code, verdict.value, finder.found, finder.complete, trouble)
