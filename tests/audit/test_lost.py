"""A review that breaks off is tried again by the next runs, and never hides a submission."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import Any

import pytest
from killable import Threads

from sbrt_qa.audit.questions import Question, ask
from sbrt_qa.audit.recording import failure_kind
from sbrt_qa.audit.request import LIMITS
from sbrt_qa.audit.run_audit import Request, Task, audit
from sbrt_qa.errors import InputError, UsageError
from sbrt_qa.sandbox import FailureKind, Limits, Outcome

NO_TIME = Limits(seconds=0.001)


def test_what_takes_too_long_is_tried_in_three_runs_and_when_asked_for(small, tmp_path):
    (tmp_path / "one" / "S01").parent.mkdir()
    (small.submissions / "S01").rename(tmp_path / "one" / "S01")
    request = Request((tmp_path / "one",), tmp_path / "AUDIT", str(small.protocol()))
    hurried = Request(**{**fields(request), "limits": NO_TIME})
    for _ in range(3):
        (step,) = audit(hurried)
        assert (step.code, step.verdict) == ("S01/S01-001/v1", None)
        assert "the review exceeded 0.001 s" in step.trouble
        (row,) = ask(request.out, Question("submissions"))
        assert (row["verdict"], row["notices"], row["complete"]) == ("not_evaluable", 1, False)
        (row,) = ask(request.out, Question("unreviewed"))
        assert (row["place"], row["kind"]) == ("S01/S01-001/v1", "time")
    (step,) = audit(request)
    assert step.verdict is None  # three runs are enough
    assert "--retry" in step.trouble
    (row,) = ask(request.out, Question("unreviewed"))
    assert row["attempts"] == 3
    (step,) = audit(Request(**{**fields(request), "retry": True}))
    assert (step.verdict, step.trouble, step.unwritten) == ("per_protocol", "", 0)
    assert list(ask(request.out, Question("unreviewed"))) == []
    (row,) = ask(request.out, Question("submissions"))
    assert (row["verdict"], row["plans"], row["notices"]) == ("per_protocol", 1, 0)
    (step,) = audit(Request(**{**fields(request), "retry": True}))
    assert step.verdict is None


def fields(request: Request) -> dict[str, object]:
    return {name: getattr(request, name) for name in request.__slots__}


class Crowded(Executor):
    """Workers on a machine where a review breaks off unless it has the machine to itself."""

    def __init__(self) -> None:
        self._threads = Threads()
        self._at_work: list[Future[Outcome]] = []
        self.given: list[str] = []

    def submit(self, call: Any, task: Task, /) -> Future[Outcome]:  # type: ignore[override]
        self.given.append(task.job.path)
        crowded = len(self.given) == 1 or any(not one.done() for one in self._at_work)
        future: Future[Outcome] = Future()
        if crowded:
            future.set_result(Outcome(failure="exceeded 4 GB", kind=FailureKind.MEMORY))
        else:
            future = self._threads.submit(call, task)
        self._at_work.append(future)
        return future


def test_what_broke_off_among_others_is_tried_once_more_alone(one_submission):
    workers, told = Crowded(), []
    steps = list(audit(one_submission, workers, tell=told.append))
    assert [step.verdict for step in steps] == ["per_protocol"]
    assert len(workers.given) == 2
    assert "1 review broke off; trying again, one at a time" in told
    assert list(ask(one_submission.out, Question("unreviewed"))) == []
    (row,) = ask(one_submission.out, Question("submissions"))
    assert (row["verdict"], row["notices"]) == ("per_protocol", 0)


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Outcome(failure="exceeded 900 s", kind=FailureKind.TIME), "time"),
        (Outcome(failure="exceeded 4 GB", kind=FailureKind.MEMORY), "memory"),
        (Outcome(failure="was ended by signal 9", kind=FailureKind.ENDED), "ended"),
        (Outcome(failure="exceeded by what it was called"), "ours"),
        (Outcome(error=InputError("the submission cannot be found")), "cannot read"),
        (Outcome(error=UsageError("the office states what cannot be")), "ours"),
    ],
)
def test_nothing_that_breaks_off_is_the_sites(outcome, kind):
    """What is wrong is told by the kind of failure, and not by how it is worded."""
    assert failure_kind(outcome) == kind


def test_a_loaded_machine_loses_no_review_by_the_clock():
    assert LIMITS.seconds >= 5 * LIMITS.cpu_seconds
