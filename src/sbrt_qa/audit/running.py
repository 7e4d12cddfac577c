"""Many tasks on an executor: a few at a time, whatever becomes of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

AHEAD: Final = 2
"""Tasks under way for each worker: one at work, one waiting, so that none stands idle."""

WAKE_SECONDS: Final = 0.2
"""How often it is looked whether an end is asked for while nothing comes to an end."""

ATTEMPTS: Final = 3
"""How often a task is tried whose worker is lost; it may be the task that ends it."""


@dataclass(frozen=True, slots=True)
class Done(Generic[T, R]):
    """A task that came to an end: with a result, or with the error that took its place."""

    task: T
    result: R | None
    error: Exception | None = None


def run_all(
    tasks: Iterable[T],
    call: Callable[[T], R],
    executor: Executor,
    workers: int,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Done[T, R]]:
    """Run a call on each task, and give each as it is done; nobody waits for the slowest.

    Tasks are taken from the iterable only when there is room, so memory does not grow with their
    number. When the caller stops early, what has not begun is cancelled.

    Parameters
    ----------
    call
        A function that can be sent to the executor's workers.
    executor
        Any executor of the standard library's kind.
    workers
        How many tasks it can work on at once.
    stopped
        Whether an end is asked for.

    Raises
    ------
    KeyboardInterrupt
        An end was asked for.
    """
    pending: dict[Future[R], tuple[T, int]] = {}
    left = iter(tasks)
    more = True
    try:
        while more or pending:
            while more and len(pending) < AHEAD * workers:
                _look(stopped)
                try:
                    task = next(left)
                except StopIteration:
                    more = False
                    break
                pending[executor.submit(call, task)] = task, 1
            for future in _some_done(pending, stopped):
                task, attempt = pending.pop(future)
                error = _lost(future)
                if error is not None and attempt < ATTEMPTS:
                    pending[executor.submit(call, task)] = task, attempt + 1
                else:
                    yield Done(task, None if error else future.result(), error)
    finally:
        for future in pending:
            future.cancel()


def _some_done(pending: Collection[Future[R]], stopped: Callable[[], bool]) -> set[Future[R]]:
    done: set[Future[R]] = set()
    while pending and not done:
        _look(stopped)
        done, _ = wait(pending, WAKE_SECONDS, return_when=FIRST_COMPLETED)
    return done


def _look(stopped: Callable[[], bool]) -> None:
    if stopped():
        raise KeyboardInterrupt


def _lost(future: Future[R]) -> Exception | None:
    error = future.exception()
    if error is None or isinstance(error, Exception):
        return error
    raise error
