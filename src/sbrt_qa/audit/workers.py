"""Where reviews run: a pool of this machine, or the workers of a cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sbrt_qa.errors import UsageError, quoted

if TYPE_CHECKING:
    from concurrent.futures import Executor

ASK_SECONDS: Final = 5.0
"""How long the scheduler may take to say what workers it has."""

END_SECONDS: Final = 0.05
"""How often a pool that is left early ends what its threads may just have begun."""


def _always() -> bool:
    """Tell that there is a worker."""
    return True


@dataclass(frozen=True, slots=True)
class Pool:
    """An executor, how much it can do at once, and whether it has any worker."""

    executor: Executor
    count: int
    alive: Callable[[], bool] = _always


@contextmanager
def workers(jobs: int, dask: str, executor: Executor | None) -> Iterator[Pool]:
    """Give a pool; end what it is doing when left early.

    Raises
    ------
    UsageError
        No scheduler answers at the address `dask`, or it has no workers.
    """
    if executor is not None:
        yield Pool(executor, jobs)
    elif dask:
        with _dask(dask) as found:
            yield found
    else:
        with _pool(jobs) as pool:
            yield Pool(pool, jobs)


@contextmanager
def _pool(jobs: int) -> Iterator[Executor]:
    """Give the usual pool: threads that do nothing but watch over one process each.

    Every process is forked from one that is warm, reviews one submission and ends, so nothing
    piles up in it, and there is no worker that could be left behind.
    """
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(jobs, "review")
    try:
        yield pool
    finally:
        _end(pool)


def _end(pool: Executor) -> None:
    """Shut a pool down at once; a thread that was just beginning a process ends it soon after."""
    from sbrt_qa.sandbox import end_all

    pool.shutdown(wait=False, cancel_futures=True)
    idle = threading.Event()

    def end_what_begins() -> None:
        while not idle.is_set():
            end_all()
            idle.wait(END_SECONDS)

    ending = threading.Thread(target=end_what_begins, name="ending", daemon=True)
    ending.start()
    pool.shutdown(wait=True)
    idle.set()
    ending.join()


@contextmanager
def _dask(address: str) -> Iterator[Pool]:
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
        count = sum(client.nthreads().values())
        if not count:
            raise UsageError("the scheduler has no workers", got=quoted(address))
        yield Pool(client.get_executor(pure=False), count, partial(_has_workers, client))


def _has_workers(client: Any) -> bool:  # noqa: ANN401 - of a package that is optional
    """Tell whether the scheduler answers and has a worker."""
    answer: Future[bool] = Future()

    def ask() -> None:
        try:
            answer.set_result(bool(client.nthreads()))
        except Exception:  # noqa: BLE001 - whatever keeps it from answering
            answer.set_result(False)

    threading.Thread(target=ask, name="asking", daemon=True).start()
    try:
        return answer.result(ASK_SECONDS)
    except TimeoutError:
        return False
