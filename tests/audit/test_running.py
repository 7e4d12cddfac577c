"""Tasks on any executor: all done, each once, a few at a time."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from sbrt_qa.audit.running import AHEAD, ATTEMPTS, run_all


def double(number: int) -> int:
    return 2 * number


def test_all_tasks_are_done_once():
    with ThreadPoolExecutor(3) as pool:
        done = list(run_all(range(20), double, pool, 3))
    assert sorted((d.task, d.result) for d in done) == [(n, 2 * n) for n in range(20)]


def test_a_process_pool_will_do():
    with ProcessPoolExecutor(2) as pool:
        done = list(run_all(range(5), abs, pool, 2))
    assert sorted(d.result for d in done) == list(range(5))


def test_tasks_are_taken_only_when_there_is_room():
    taken = itertools.count()
    most = 0
    at_work = 0
    lock = threading.Lock()

    def endless():
        for n in taken:
            nonlocal at_work, most
            with lock:
                at_work += 1
                most = max(most, at_work)
            yield n

    with ThreadPoolExecutor(2) as pool:
        for done in run_all(endless(), double, pool, 2):
            with lock:
                at_work -= 1
            if done.task >= 50:
                break
    assert most <= AHEAD * 2


def test_an_error_takes_the_place_of_a_result():
    def fail(number: int) -> float:
        return 1 / number

    with ThreadPoolExecutor(2) as pool:
        done = {d.task: d for d in run_all([0, 1, 2], fail, pool, 2)}
    assert isinstance(done[0].error, ZeroDivisionError)
    assert done[0].result is None
    assert (done[2].result, done[2].error) == (0.5, None)


class Losing(Executor):
    """Loses the worker of every task a few times."""

    def __init__(self, times: int) -> None:
        self.tried: dict[int, int] = {}
        self.times = times

    def submit(self, call, /, *arguments, **named):
        future: Future = Future()
        (task,) = arguments
        self.tried[task] = self.tried.get(task, 0) + 1
        if self.tried[task] <= self.times:
            future.set_exception(RuntimeError("worker lost"))
        else:
            future.set_result(call(task))
        return future


@pytest.mark.parametrize(("times", "lost"), [(ATTEMPTS - 1, False), (ATTEMPTS, True)])
def test_a_task_whose_worker_is_lost_is_tried_again_but_not_for_ever(times, lost):
    executor = Losing(times)
    done = list(run_all([1, 2], double, executor, 1))
    assert all((d.error is not None) is lost for d in done)
    assert executor.tried == {1: ATTEMPTS, 2: ATTEMPTS}


def test_stopping_early_cancels_what_has_not_begun():
    gate = threading.Event()
    begun: list[int] = []

    def wait(number: int) -> int:
        begun.append(number)
        if number:
            gate.wait(600)
        return number

    with ThreadPoolExecutor(1) as pool:
        steps = run_all(range(100), wait, pool, 1)
        next(steps)
        steps.close()
        gate.set()
    assert len(begun) <= AHEAD + 1
