"""Case 145 with real executors: pools of processes and of threads, and a worker elsewhere.

A scheduler of a cluster is in `test_cluster`, where dask.distributed is installed.
"""

from __future__ import annotations

import os
import signal
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from remote import Remote, first_two
from trials import Trial

from sbrt_qa.audit.questions import Question, ask
from sbrt_qa.audit.run_audit import Request, audit
from sbrt_qa.audit.running import Watch, run_all
from sbrt_qa.audit.verifying import verify


def request_of(trial: Trial, out: Path) -> Request:
    return Request((trial.submissions,), out, str(trial.protocol()), reports=False, jobs=2)


def verdicts(audit: Path) -> dict[str, str]:
    return {row["code"]: row["verdict"] for row in ask(audit, Question("submissions"))}


def planted(trial: Trial) -> dict[str, str]:
    return {one.code: one.verdict for one in trial.planted}


class OneOnly(ProcessPoolExecutor):
    """A pool that is killed after one review, while it is at work on the others for ever."""

    given = 0

    def submit(self, call: Any, *task: Any) -> Future[Any]:  # type: ignore[override]
        self.given += 1
        if self.given > 1:
            return super().submit(first_two, 2)
        future = super().submit(call, *task)
        future.add_done_callback(self._kill)
        return future

    def _kill(self, _: Future[Any]) -> None:
        for number in list(self._processes):
            os.kill(number, signal.SIGKILL)


def test_case_145__processes_of_a_pool_are_killed_and_the_next_run_goes_on(small, tmp_path):
    request, told = request_of(small, tmp_path / "AUDIT"), []
    with OneOnly(2) as pool:
        steps = list(audit(request, pool, tell=told.append))
    assert "no worker is left; the run ends; the same command goes on" in told
    lost = {step.code for step in steps if step.verdict is None}
    assert len(lost) >= len(planted(small)) - 1
    open_ = list(ask(request.out, Question("unreviewed")))
    assert {row["place"] for row in open_} == lost
    assert {row["kind"] for row in open_} == {"worker lost"}
    with ThreadPoolExecutor(2) as pool:
        assert {step.code for step in audit(request, pool) if step.verdict} == lost
    assert verdicts(request.out) == planted(small)
    assert list(ask(request.out, Question("unreviewed"))) == []
    assert not verify(request.out).difference


@pytest.fixture
def remote(tmp_path):
    """A worker in a process that is no child of a pool."""
    there = Remote(tmp_path)
    yield there
    there.worker.kill()
    there.worker.wait()


def test_case_145__a_worker_elsewhere_reviews_as_one_here(remote, one_submission):
    (step,) = audit(one_submission, remote)
    assert (step.code, step.verdict) == ("S01/S01-001/v1", "per_protocol")
    assert not verify(one_submission.out).difference


def test_case_145__a_worker_elsewhere_that_is_gone_is_missed(remote):
    told: list[str] = []
    watch = Watch(remote.alive, told.append, seconds=0.5, every=0.1)
    done = []
    for one in run_all(range(6), first_two, remote, 1, watch=watch):
        done.append(one)
        if len(done) == 2:
            remote.worker.kill()
    assert {one.result for one in done[:2]} == {0, 1}
    assert [one.result for one in done[2:]] == [None] * 4
    assert told == ["no worker is left; the run ends; the same command goes on"]


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_case_145__a_pool_that_was_shut_down_loses_all_and_raises_nothing(pool: Any):
    executor: Executor = pool(1)
    executor.shutdown()
    done = list(run_all(range(3), first_two, executor, 1))
    assert [one.result for one in done] == [None] * 3
    assert all(one.error is not None for one in done)
