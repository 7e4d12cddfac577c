"""Where reviews run: a pool of this machine, or the workers of a cluster."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sbrt_qa.errors import UsageError, quoted

if TYPE_CHECKING:
    from concurrent.futures import Executor

END_SECONDS: Final = 0.05
"""How often a pool that is left early ends what its threads may just have begun."""


@contextmanager
def workers(jobs: int, dask: str, executor: Executor | None) -> Iterator[tuple[Executor, int]]:
    """Give an executor and how much it can do at once; end what it is doing when left early.

    Raises
    ------
    UsageError
        No scheduler answers at the address `dask`, or it has no workers.
    """
    if executor is not None:
        yield executor, jobs
    elif dask:
        with _dask(dask) as pair:
            yield pair
    else:
        with _pool(jobs) as pool:
            yield pool, jobs


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
    from sbrt_qa.isolation import end_all

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
        count = sum(client.nthreads().values())
        if not count:
            raise UsageError("the scheduler has no workers", got=quoted(address))
        yield client.get_executor(pure=False), count
