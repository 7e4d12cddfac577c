"""Many tasks on an executor: a few at a time, whatever becomes of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
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


GONE_SECONDS: Final = 20.0
"""How long there is no worker before that is told; one may be on its way back."""

LOOK_SECONDS: Final = 5.0
"""How often it is looked for workers."""


THE_RUN_ENDS: Final = "the run ends; the same command goes on"


def _nothing(_: str) -> None:
    """Tell nobody."""


def _always() -> bool:
    """Tell that there is a worker."""
    return True


@dataclass(slots=True)
class Watch:
    """Looks whether there are workers left, and says when there are none.

    Parameters
    ----------
    alive
        Whether there is a worker.
    tell
        Told in words.
    wait
        Wait for a worker; else the run ends.
    seconds, every
        How long there is none before that is told, and how often it is looked.
    """

    alive: Callable[[], bool] = _always
    tell: Callable[[str], object] = _nothing
    wait: bool = False
    seconds: float = GONE_SECONDS
    every: float = LOOK_SECONDS
    _next: float = 0.0
    _since: float | None = None
    _told: bool = False

    def is_over(self) -> bool:
        """Look, when it is time, and tell whether to wait no longer."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self.every
        if self.alive():
            if self._told:
                self.tell("a worker is back; the run goes on")
            self._since, self._told = None, False
            return False
        self._since = now if self._since is None else self._since
        if now - self._since < self.seconds:
            return False
        if not self._told:
            then = "waiting for one" if self.wait else THE_RUN_ENDS
            self.tell(f"no worker is left; {then}")
            self._told = True
        return not self.wait


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
    watch: Watch | None = None,
) -> Iterator[Done[T, R]]:
    """Run a call on each task, and give each as it is done; nobody waits for the slowest.

    Tasks are taken from the iterable only when there is room, so memory does not grow with their
    number. When the caller stops early, what has not begun is cancelled.

    Parameters
    ----------
    call
        A function that can be sent to the executor's workers.
    executor
        Any executor of the standard library's kind. Once it is broken, all that is left is lost.
    workers
        How many tasks it can work on at once.
    stopped
        Whether an end is asked for.
    watch
        Looks whether there are workers; once it gives up, every task that is left is given with
        an error, those that were not begun, too.

    Raises
    ------
    KeyboardInterrupt
        An end was asked for.
    """
    pending: dict[Future[R], tuple[T, int]] = {}
    left = iter(tasks)
    more = True
    watch = watch or Watch()
    try:
        while more or pending:
            while more and len(pending) < AHEAD * workers:
                _look(stopped)
                try:
                    task = next(left)
                except StopIteration:
                    more = False
                    break
                pending[_submitted(executor, call, task)] = task, 1
            done = _some_done(pending, stopped, watch)
            broken = [one for one in done or () if isinstance(_lost(one), BrokenExecutor)]
            for future in (done or set()).difference(broken):
                task, attempt = pending.pop(future)
                error = _lost(future)
                if error is not None and attempt < ATTEMPTS:
                    pending[_submitted(executor, call, task)] = task, attempt + 1
                else:
                    yield Done(task, None if error else future.result(), error)
            if broken:
                watch.tell(f"no worker is left; {THE_RUN_ENDS}")
            if done is None or broken:
                lost = RuntimeError("no worker is left")
                yield from (Done(task, None, lost) for task, _ in pending.values())
                yield from (Done(task, None, lost) for task in left)
                return
    finally:
        for future in pending:
            future.cancel()


def _submitted(executor: Executor, call: Callable[[T], R], task: T) -> Future[R]:
    """Submit a task; one that the executor does not take any more is lost."""
    try:
        return executor.submit(call, task)
    except RuntimeError as error:  # broken, or shut down
        future: Future[R] = Future()
        future.set_exception(error)
        return future


def _some_done(
    pending: Collection[Future[R]], stopped: Callable[[], bool], watch: Watch
) -> set[Future[R]] | None:
    """Wait for some futures; None when there is nobody to wait for."""
    done: set[Future[R]] = set()
    while pending and not done:
        _look(stopped)
        done, _ = wait(pending, WAKE_SECONDS, return_when=FIRST_COMPLETED)
        if not done and watch.is_over():
            return None
    return done


def _look(stopped: Callable[[], bool]) -> None:
    if stopped():
        raise KeyboardInterrupt


def _lost(future: Future[R]) -> Exception | None:
    error = future.exception()
    if error is None or isinstance(error, Exception):
        return error
    raise error
