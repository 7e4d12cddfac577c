"""``audit``: review every submission, record each, and go on from where an earlier run stopped."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sbrt_qa import __version__
from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.isolation import Limits, Outcome
from sbrt_qa.workflows_audit.case_reports import CaseReports
from sbrt_qa.workflows_audit.earlier import Before
from sbrt_qa.workflows_audit.finding import Finder, Found
from sbrt_qa.workflows_audit.one_submission import Job, get_warm, review_in_child
from sbrt_qa.workflows_audit.place import AuditFolder, Settings, begin, read_secret, refuse_inside
from sbrt_qa.workflows_audit.workers import workers

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from sbrt_qa.audit.discovery import Submission
    from sbrt_qa.audit.layout import Naming, Secret
    from sbrt_qa.audit.running import Done
    from sbrt_qa.protocol.versions import ProtocolFamily
    from sbrt_qa.store.connection import Database
    from sbrt_qa.store.known import Settled
    from sbrt_qa.store.write import Recorder

ANSWER_BYTES: Final = 256 * 1024**2
"""Largest answer about one submission: its histograms take half a megabyte a plan."""

ATTEMPTS: Final = 3
"""How many runs try a submission whose review breaks off; then only those that are told to."""

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
    reports
        Write a case report of every plan into the audit's folder.
    retry
        Try once more what could not be reviewed in three runs because the review broke off.
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
    reports: bool = True
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One submission done: its code, and its verdict, None when it needed no review.

    ``trouble`` says why it was not reviewed, where that is so; ``unwritten`` counts case reports
    that could not be written.
    """

    code: str
    verdict: str | None
    found: int
    complete: bool
    trouble: str = ""
    unwritten: int = 0


def audit(
    request: Request,
    executor: Executor | None = None,
    stopped: Callable[[], bool] = lambda: False,
    passed_by: Callable[[Path], object] = lambda _: None,
) -> Generator[Step]:
    """Review and record every submission that is not recorded yet, and tell each.

    Parameters
    ----------
    request
        What and how.
    executor
        Where reviews run; a pool by the request when not given.
    stopped
        Asked between recordings, and while waiting; when true, the run ends with a
        KeyboardInterrupt, and nothing is left half done.
    passed_by
        Told of each folder among the submissions that holds an audit, and is left alone.

    Raises
    ------
    KeyboardInterrupt
        It was stopped.
    UsageError, ProtocolError, StoreError
        The request cannot be carried out.
    """
    if executor is None and not request.dask:
        get_warm(at_once=True)
    from sbrt_qa.audit.running import run_all

    with _session(request) as session, ExitStack() as stack:
        pool, count = stack.enter_context(workers(request.jobs, request.dask, executor))
        finder = Finder(
            request.submissions, session.manifest, request.passed_over, stopped, passed_by
        )
        stack.callback(finder.stop)
        review = partial(_review, limits=request.limits)
        tasks = (session.task(one) for one in finder)
        for done in run_all(tasks, review, pool, count, stopped):
            yield session.record(done, finder)


@contextmanager
def _session(request: Request) -> Iterator[_Session]:
    from sbrt_qa.store.write import Recorder, add_protocol, note

    refuse_inside(request.out, request.submissions)
    family = checked_family(request.protocol)
    manifest = manifest_of(request)
    database = _without_password(request.database)
    trial = request.trial or family.latest.id
    place = begin(request.out, Settings(trial, database, request.key_file is not None))
    secret = read_secret(place, request.key_file)
    engine = place.engine(request.database)
    try:
        rows = {one.content_hash: add_protocol(engine, one, now()) for one in family.versions}
        recorder = Recorder(engine, rows, __version__)
        about = {"rules": recorder.rules_sha256, "protocols": list(rows), "engine": __version__}
        note(engine, now(), "audit begun", about)
        session = _Session(request, place, family, secret, engine, recorder, manifest)
        yield session
        note(engine, now(), "audit ended", about | {"reviewed": session.reviewed})
    finally:
        engine.dispose()


def checked_family(name_or_path: str) -> ProtocolFamily:
    """Load all versions of a protocol, their words about plan checks held against the checks.

    Raises
    ------
    ProtocolError
        As `sbrt_qa.workflows.protocol`.
    """
    from sbrt_qa import workflows
    from sbrt_qa.workflows.checks import with_known_checks

    family = workflows.protocol_family(name_or_path)
    for version in family.versions:
        with_known_checks(version, name_or_path)
    return family


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


# --- reviewing --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Task:
    """A submission, what its worker is sent, and its inputs that need no review."""

    submission: Submission
    place_key: str
    job: Job
    settled: Mapping[str, Settled]


def _review(task: Task, limits: Limits) -> Outcome:
    return review_in_child(task.job, limits)


# --- recording --------------------------------------------------------------------------------


def known_codes(named: Naming) -> tuple[str, ...]:
    """Return the codes of site and subject that a place tells, which files may hold; no names."""
    from sbrt_qa.audit.coding import is_subject_code
    from sbrt_qa.audit.layout import is_code

    site, subject = named.site or "", named.subject or ""
    return tuple(filter(None, (site * is_code(site), subject * is_subject_code(subject))))


class _Session:
    """One run: what it knows, and what it has done."""

    def __init__(
        self,
        request: Request,
        place: AuditFolder,
        family: ProtocolFamily,
        secret: Secret,
        engine: Database,
        recorder: Recorder,
        manifest: dict[str, Naming] | None,
    ) -> None:
        self.manifest = manifest
        self.reviewed = 0
        self._request, self._trial = request, place.settings.trial
        self._pseudonymize = place.settings.pseudonymized
        self._family, self._secret = family, secret
        self._engine, self._recorder = engine, recorder
        self._protocols = tuple(v.model_dump_json(by_alias=True) for v in family.versions)
        self._reports = CaseReports(place.folder)
        if request.reports:
            self._reports.begin()

    def task(self, found: Found) -> Task:
        """Return what a worker is sent about a submission."""
        from sbrt_qa.audit.layout import is_code
        from sbrt_qa.store.failures import attempts
        from sbrt_qa.store.known import settled_inputs

        one = found.submission
        key = self._secret.digest(one.key)
        asked = (self._engine, key, self._recorder.rules_sha256, __version__)
        settled = settled_inputs(*asked)
        tried = {} if self._request.retry else attempts(*asked)
        given_up = tuple(given for given, times in tried.items() if times >= ATTEMPTS)
        job = Job(
            str(one.path.absolute()),
            self._protocols,
            self._request.mapping,
            fixed=self._family.fixed,
            known=(*(s.input_sha256 for s in settled if self._is_complete(s)), *given_up),
            codes=() if self._pseudonymize else known_codes(one.named),
            before=self._before(found, known=bool(settled)),
            report=self._reports.stem(key) if self._request.reports else "",
            site=one.named.site if one.named.site and is_code(one.named.site) else "",
            version=str(one.named.version or ""),
            renamed=self._renamed(one.named) if self._pseudonymize else None,
        )
        return Task(one, key, job, {s.input_sha256: s for s in settled})

    def _is_complete(self, settled: Settled) -> bool:
        wanted = settled.plans if self._request.reports else 0
        return self._reports.are_there(settled.code, wanted)

    def _before(self, found: Found, *, known: bool) -> Before | None:
        """Return the submission before: its files, else what is recorded of it."""
        if found.before is not None:
            return Before(str(found.before.absolute()))
        named = found.submission.named
        if named.weak or named.subject is None or not (known or (named.version or 1) > 1):
            return None
        from sbrt_qa.audit.coding import coded
        from sbrt_qa.store.kept import newest_reviews

        codes = coded(named, "", self._secret, pseudonymize=self._pseudonymize)
        place = self._trial, codes.site, codes.subject
        recorded = newest_reviews(self._engine, place, named.version)
        return Before(recorded=recorded) if recorded else None

    def _renamed(self, named: Naming) -> dict[str, str]:
        """Return the pseudonym of a subject by its name, as far as the place tells it."""
        if named.weak or named.subject is None:
            return {}
        return {named.subject: self._secret.code("P", named.subject)}

    def record(self, done: Done[Task, Outcome], finder: Finder) -> Step:
        """Record what came of a submission, and put its reports in place."""
        from sbrt_qa.model.outcome import Verdict, worst
        from sbrt_qa.review.unreviewed import NOT_REVIEWED
        from sbrt_qa.workflows_audit.entries import entry_of

        task, outcome = done.task, done.result or Outcome(failure="its worker was lost")
        answer = outcome.value if isinstance(outcome.value, dict) else {}
        settled = task.settled.get(str(answer.get("input")))
        if settled is not None:
            self._reports.put_in_place(task.place_key, settled.code, settled.plans)
            return Step("", None, finder.found, finder.complete)
        if answer.get("unchanged"):
            told = f"its review broke off in {ATTEMPTS} runs; --retry tries again"
            return Step("", None, finder.found, finder.complete, told)
        entry = entry_of(
            task.submission,
            task.place_key,
            outcome,
            self._family.latest,
            self._trial,
            self._secret,
            pseudonymize=self._pseudonymize,
            received=now(),
        )
        made = self._recorder.record(entry, now())
        self.reviewed += 1
        written = self._reports.put_in_place(task.place_key, made.code, len(entry.cases))
        verdict = worst([c.review.verdict for c in entry.cases] or [Verdict.NOT_EVALUABLE])
        findings = [f for case in entry.cases for f in case.review.findings]
        findings += [entry.lost] if entry.lost else []
        trouble = next((f.message for f in findings if f.code == NOT_REVIEWED), "")
        wanted = sum(bool(c.facts) for c in entry.cases) if self._request.reports else 0
        return Step(
            made.code, verdict.value, finder.found, finder.complete, trouble, wanted - written
        )
