"""What is still to be reviewed for a reason of ours: said on every run, closed by a person only."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from killable import Threads
from trials import ACTOR, run

from sbrt_qa.audit.closing import close_place
from sbrt_qa.audit.discovery import NOT_TAKEN, FoundPlace, Submission, survey
from sbrt_qa.audit.entries import UNREADABLE
from sbrt_qa.audit.folder import open_audit
from sbrt_qa.audit.letters import write_letter
from sbrt_qa.audit.questions import Question, ask
from sbrt_qa.audit.run_audit import Request, Task, audit
from sbrt_qa.audit.store.failures import ENDED
from sbrt_qa.audit.store.kept import events_of_kind
from sbrt_qa.audit.verifying import rerun, verify
from sbrt_qa.audit.watch import Watcher
from sbrt_qa.checks.context import CheckContext
from sbrt_qa.checks.registry import CHECKS, Group, Outcome, check
from sbrt_qa.errors import StoreError, UsageError
from sbrt_qa.model.actor import Actor, Doing
from sbrt_qa.sandbox import Outcome as Answer

NOBODY = 65534
PERSON = Doing(Actor(ACTOR, "coordinator"))
CODE = "S01/S01-001/v1"


def rows(request: Request, about: str) -> list[dict[str, Any]]:
    return list(ask(request.out, Question(about)))


def reviewed(request: Request, executor: Executor | None = None) -> list[str]:
    return [step.code for step in audit(request, executor or Threads()) if step.verdict]


def folder(request: Request) -> Path:
    return request.submissions[0] / CODE


class Blind(Executor):
    """A cluster that loses what it is given."""

    def submit(self, _call: Any, _task: Task, /) -> Future[Answer]:  # type: ignore[override]
        future: Future[Answer] = Future()
        future.set_result(Answer(failure="was ended by signal 9"))
        return future


# --- exit codes -------------------------------------------------------------------------------


def test_case_146__exit_code_1_on_every_run_until_it_is_reviewed(one_submission):
    request = one_submission
    assert reviewed(request, Blind()) == []
    site = request.submissions[0]
    aside = site.parent / "aside"
    shutil.move(folder(request), aside)
    command = ("audit", site, "-p", request.protocol, "--out", request.out, "--no-reports")
    command += ("--database", request.database) if request.database else ()
    first, second = run(*command), run(*command)
    assert (first.code, second.code) == (1, 1)
    assert f"{CODE} is still to be reviewed" in second.err
    shutil.move(aside, folder(request))
    (folder(request).parents[1] / "S01-002" / "v1").mkdir(parents=True)
    (folder(request).parents[1] / "S01-002" / "v1" / "plan.dcm").write_bytes(b"no DICOM at all")
    last = run(*command)
    assert last.code == 0, last.err  # ours is reviewed, and the site's fault is settled
    assert rows(request, "unreviewed") == []
    assert [r["verdict"] for r in rows(request, "submissions")] == ["per_protocol", "not_evaluable"]


def test_a_person_closes_what_was_removed(one_submission):
    request = one_submission
    reviewed(request, Blind())
    shutil.rmtree(folder(request))
    reviewed(request)
    assert [row["place"] for row in rows(request, "unreviewed")] == [CODE]
    with pytest.raises(UsageError, match="is not named"):
        close_place(request.out, CODE, "withdrawn", by=Doing())
    with pytest.raises(StoreError, match="without a reason"):
        close_place(request.out, CODE, " ", by=PERSON)
    with pytest.raises(UsageError, match="nothing is open for this folder"):
        close_place(request.out, "S01/S01-009/v1", "withdrawn", by=PERSON)
    assert close_place(request.out, CODE, "withdrawn by the site", by=PERSON) == 1
    assert rows(request, "unreviewed") == []
    assert not verify(request.out).difference
    engine = open_audit(request.out).engine("")
    by = events_of_kind(engine, ENDED)[-1]["by"]
    engine.dispose()
    assert (by["actor"], by["reason"]) == (ACTOR, "withdrawn by the site")


def test_what_is_closed_and_still_there_is_open_again(one_submission):
    reviewed(one_submission, Blind())
    close_place(one_submission.out, CODE, "by mistake", by=PERSON)
    reviewed(one_submission, Blind())
    (row,) = rows(one_submission, "unreviewed")
    assert (row["place"], row["attempts"]) == (CODE, 1)
    assert reviewed(one_submission) == [CODE]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_closing_by_the_command_line_asks_who_and_why(one_submission):
    reviewed(one_submission, Blind())
    shutil.rmtree(folder(one_submission))
    command = ("close", one_submission.out, CODE)
    assert "closed without a reason" in run(*command).err
    assert len(rows(one_submission, "unreviewed")) == 1
    done = run(*command, "--reason", "withdrawn by the site")
    assert done.code == 0
    assert "1 place closed" in done.err
    assert rows(one_submission, "unreviewed") == []


# --- checks that break off ----------------------------------------------------------------------


@contextmanager
def broken_check() -> Iterator[None]:
    """Register a check that breaks off, as one of another package might."""

    @check("BREAKS_OFF", title="Breaks off", group=Group.BEAMS)
    def breaks_off(_context: CheckContext) -> Iterator[Outcome]:
        """Break off."""
        raise ZeroDivisionError

    try:
        yield
    finally:
        del CHECKS["BREAKS_OFF"]


def test_case_146__a_check_that_breaks_off_is_ours_and_stays_open(one_submission):
    with broken_check():
        for attempt in (1, 2, 3):
            (step,) = audit(one_submission, Threads())
            assert step.verdict == "not_evaluable"
            (row,) = rows(one_submission, "unreviewed")
            assert (row["place"], row["kind"], row["attempts"]) == (CODE, "ours", attempt)
            assert "BREAKS_OFF" in row["reason"]
        (step,) = audit(one_submission, Threads())
        assert step.verdict is None  # three runs are enough
    assert len(rows(one_submission, "unreviewed")) == 1
    assert [row["code"] for row in rows(one_submission, "submissions")] == [CODE]
    assert not verify(one_submission.out).difference


def test_case_146__a_check_that_broke_off_and_succeeds_later_is_closed(one_submission):
    with broken_check():
        (step,) = audit(one_submission, Threads())
    assert step.verdict == "not_evaluable"
    (step,) = audit(one_submission, Threads())
    assert (step.code, step.verdict) == (CODE, "per_protocol")
    assert rows(one_submission, "unreviewed") == []
    (row,) = rows(one_submission, "submissions")
    assert (row["code"], row["verdict"]) == (CODE, "per_protocol")
    assert not [r for r in rows(one_submission, "deviations") if r["what"] == "BREAKS_OFF"]
    assert reviewed(one_submission) == []  # settled
    assert not verify(one_submission.out).difference
    (again,) = rerun(one_submission.out, one_submission.submissions)
    assert (again.code, again.difference) == (CODE, "")


def test_case_146__a_check_that_breaks_off_once_is_tried_again_in_the_same_run(one_submission):
    failures = iter([True])

    @check("BREAKS_OFF", title="Breaks off", group=Group.BEAMS)
    def breaks_off(_context: CheckContext) -> Iterator[Outcome]:
        """Break off the first time, as one that ran out of memory among others."""
        if next(failures, False):
            raise MemoryError
        yield from ()

    try:
        (step,) = audit(one_submission, Threads())
    finally:
        del CHECKS["BREAKS_OFF"]
    assert (step.code, step.verdict) == (CODE, "per_protocol")
    assert rows(one_submission, "unreviewed") == []
    assert not verify(one_submission.out).difference


# --- what is being sent ---------------------------------------------------------------------------


class Growing(Executor):
    """Workers that look at a submission while a file of it still grows."""

    def __init__(self, path: Path) -> None:
        self._path, self._threads = path, Threads()

    def submit(self, call: Any, task: Task, /) -> Future[Answer]:  # type: ignore[override]
        task.proof.result()
        with self._path.open("ab") as file:
            file.write(bytes(100))
        return self._threads.submit(call, task)


def test_an_upload_that_grows_while_it_is_looked_at_is_not_reviewed(one_submission):
    request, dose = one_submission, folder(one_submission) / "RTDOSE.dcm"
    whole = dose.read_bytes()
    dose.write_bytes(whole[:-200])
    assert reviewed(request, Growing(dose)) == []
    (row,) = rows(request, "unreviewed")
    assert row["kind"] == "other bytes"
    dose.write_bytes(whole)
    assert reviewed(request) == [CODE]
    assert rows(request, "unreviewed") == []


def test_an_upload_is_quiet_by_content_over_two_looks_and_without_a_part(one_submission):
    request, dose = one_submission, folder(one_submission) / "RTDOSE.dcm"
    whole = dose.read_bytes()
    watcher = Watcher(request)
    for end in (100, 200):
        dose.write_bytes(whole[:end])
        assert not watcher.news()
    dose.write_bytes(whole)
    state = dose.stat()
    assert not watcher.news()
    dose.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))  # as large, and at the same time
    os.utime(dose, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert not watcher.news()
    dose.write_bytes(whole)
    os.utime(dose, ns=(state.st_atime_ns, state.st_mtime_ns))
    part = dose.with_name("CT.dcm.part")
    part.write_bytes(b"x")
    assert not watcher.news()
    assert not watcher.news()
    part.unlink()
    assert not watcher.news()
    assert watcher.news()
    assert watcher.settled().passed_over == frozenset()


def test_a_query_is_not_answered_by_what_was_sent_before(one_submission):
    request, dose = one_submission, folder(one_submission) / "RTDOSE.dcm"
    kept = dose.read_bytes()
    dose.unlink()  # so that the letter asks for something
    reviewed(request)
    write_letter(request.out, CODE, 14, by=PERSON)

    def state() -> str:
        (row,) = rows(request, "queries")
        return str(row["state"])

    v2, v3 = (folder(request).with_name(name) for name in ("v2", "v3"))
    shutil.copytree(folder(request), v2)
    (v2 / "readme.txt").write_text("as you asked", encoding="utf-8")
    assert reviewed(request) == ["S01/S01-001/v2"]
    assert state() == "open"
    shutil.copytree(folder(request), v3)
    (v3 / "RTDOSE.dcm").write_bytes(kept)
    assert reviewed(request) == ["S01/S01-001/v3"]
    assert state() == "answered"


# --- folders that may not be read -----------------------------------------------------------------


def as_nobody(work: Callable[[], Any]) -> Any:
    """Return what a function gives in a process that is not root."""
    reading, writing = os.pipe()
    number = os.fork()
    if number == 0:
        told: Any = None
        try:
            if os.getuid() == 0:
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            told = work()
        except BaseException as error:  # noqa: BLE001 - told to the parent
            told = repr(error)
        with os.fdopen(writing, "w") as stream:
            json.dump(told, stream)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        told = json.load(stream)
    os.waitpid(number, 0)
    return told


@pytest.fixture
def closed_folder(one_submission: Request) -> Iterator[Request]:
    """An audit that anybody may make, of submissions of which one and a whole site are closed."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        os.chmod(root, 0o777)  # noqa: PTH101,S103 - for a user that owns nothing
        trial = root / "trial"
        shutil.copytree(one_submission.submissions[0].parent, trial)
        for place in ("S01/S01-002", "S02/S02-001"):
            shutil.copytree(trial / "submissions" / CODE, trial / "submissions" / place / "v1")
        for path in (trial, *trial.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        closed = trial / "submissions/S01/S01-002/v1", trial / "submissions/S02"
        for path in closed:
            path.chmod(0)
        try:
            yield replace(
                one_submission, submissions=(trial / "submissions",), out=root / "AUDIT",
                protocol=str(trial / "protocol_v1.yaml"), database="",
            )  # fmt: skip
        finally:
            for path in closed:
                path.chmod(0o755)


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="needs users")
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_case_146__a_folder_that_may_not_be_read_stays_open(closed_folder):
    request = closed_folder

    def look() -> Any:
        found = list(survey(request.submissions[0]))
        places = {one.key: one.reason for one in found if isinstance(one, FoundPlace)
                  and one.outcome == NOT_TAKEN}  # fmt: skip
        return [places, [one.key for one in found if isinstance(one, Submission)]]

    places, submissions = as_nobody(look)
    assert places["S02"] == UNREADABLE
    assert CODE in submissions

    def twice() -> Any:
        done = [reviewed(request, Threads()) for _ in range(2)]
        return [done, [[row["place"], row["kind"]] for row in rows(request, "unreviewed")]]

    (first, second), still = as_nobody(twice)
    assert (first, second) == ([CODE], [])
    assert sorted(still) == [["S01/S01-002/v1", "cannot read"], ["S02", "cannot read"]]
    for place in ("S01/S01-002/v1", "S02"):
        (request.submissions[0] / place).chmod(0o755)
    again, still = as_nobody(lambda: [reviewed(request), rows(request, "unreviewed")])
    assert sorted(again) == ["S01/S01-002/v1", "S02/S02-001/v1"]
    assert still == []
