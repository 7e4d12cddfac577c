"""``audit``: review every submission, record each, and go on from where an earlier run stopped."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sbrt_qa import __version__
from sbrt_qa.audit.discovery_thread import Finder
from sbrt_qa.audit.folder import AuditSettings, begin, read_secret, refuse_inside
from sbrt_qa.audit.head import write_head
from sbrt_qa.audit.one_submission import get_warm
from sbrt_qa.audit.recording import broke_off
from sbrt_qa.audit.request import LIMITS, Request, Step, manifest_of, now
from sbrt_qa.audit.run_lock import only_run
from sbrt_qa.audit.session import AuditSession, Task, known_codes, review
from sbrt_qa.audit.site_names import name_sites
from sbrt_qa.audit.workers import workers
from sbrt_qa.errors import SbrtQaError
from sbrt_qa.i18n.phrase import counted

if TYPE_CHECKING:
    from concurrent.futures import Executor


__all__ = ["LIMITS", "Request", "Step", "Task", "audit", "known_codes", "now"]


def audit(
    request: Request,
    executor: Executor | None = None,
    stopped: Callable[[], bool] = lambda: False,
    passed_by: Callable[[Path], object] = lambda _: None,
    tell: Callable[[str], object] = lambda _: None,
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
    tell
        Told in words what happens to the run as a whole: that no worker is left, and what became
        of the places below the submissions.

    Raises
    ------
    KeyboardInterrupt
        It was stopped.
    UsageError, ProtocolError, StoreError
        The request cannot be carried out.
    """
    if executor is None and not request.dask:
        get_warm(at_once=True)
    from sbrt_qa.audit.running import Watch, run_all

    with _session(request) as session, ExitStack() as stack:
        pool = stack.enter_context(workers(request.jobs, request.dask, executor))
        finder = Finder(
            request.submissions, session.manifest, request.passed_over, stopped, passed_by
        )
        stack.callback(finder.stop)
        stack.enter_context(session.proving())
        call = partial(review, limits=request.limits)
        tasks = (session.task(one) for one in finder)
        watch = Watch(pool.alive, tell, wait=request.wait)
        again: list[Task] = []
        for done in run_all(tasks, call, pool.executor, pool.count, stopped, watch):
            if done.result is not None and broke_off(done.result):
                again.append(done.task)
            else:
                yield session.record(done, finder)
        if again:
            tell(f"{counted(len(again), 'review')} broke off; trying again, one at a time")
        for task in map(session.anew, again):  # one by one: nothing else takes time or memory
            for done in run_all([task], call, pool.executor, 1, stopped, watch):
                yield session.record(done, finder)
        yield from session.finish(finder, tell)


@contextmanager
def _session(request: Request) -> Iterator[AuditSession]:
    from sbrt_qa import pipeline
    from sbrt_qa.audit.store.write import Recorder, add_protocol, note

    refuse_inside(request.out, request.submissions)
    family = pipeline.protocol_family(request.protocol)
    manifest = manifest_of(request)
    database = _without_password(request.database)
    trial = request.trial or family.latest.id
    settings = AuditSettings(trial, database, request.key_file is not None, request.language)
    place = begin(request.out, settings)
    with only_run(place.folder, now(), request.by.actor.name):
        secret = read_secret(place, request.key_file)
        engine = place.engine(request.database)
        try:
            rows = {p.content_hash: add_protocol(engine, p, now()) for p in family.versions}
            recorder = Recorder(engine, rows, __version__)
            about = {"rules": recorder.rules_sha256, "protocols": list(rows), "engine": __version__}
            note(engine, now(), "audit begun", about, by=request.by)
            session = AuditSession(request, place, family, secret, engine, recorder, manifest)
            yield session
            name_sites(engine, request, place.folder, manifest)
            note(engine, now(), "audit ended", about | {"reviewed": session.reviewed})
        finally:
            with suppress(SbrtQaError, OSError):  # what ended the run is told
                write_head(place.folder, engine)
            engine.dispose()


def _without_password(url: str) -> str:
    if not url:
        return ""
    from sbrt_qa.audit.store.connection import shown

    return shown(url)
