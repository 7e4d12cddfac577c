"""Work that is done side by side: on as many cores as are useful, or on one."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

MAX_CORES: Final = 4
"""The kernels release the interpreter lock; more threads than this wait for memory."""

_limit = MAX_CORES


def use_one_core() -> None:
    """Do everything on one core from now on; for processes of which many work side by side.

    Handing tasks from thread to thread costs a small review a tenth of its time, and gains nothing
    where other reviews have the other cores.
    """
    global _limit  # noqa: PLW0603 - of the whole process
    _limit = 1


def side_by_side(call: Callable[[Task], Result], tasks: Iterable[Task]) -> list[Result]:
    """Return what a call gives for each task, in their order.

    What a call raises is raised, of several the one of the first task; no further one is begun.
    """
    every = list(tasks)
    cores = min(_limit, os.cpu_count() or 1, len(every))
    if cores < 2:
        return [call(task) for task in every]
    # Each thread takes the next task by itself: most take less than handing them out would.
    left, done = deque(range(len(every))), dict[int, Result]()
    failed: dict[int, BaseException] = {}

    def work() -> None:
        while left:
            try:
                place = left.popleft()
            except IndexError:
                return  # another thread was faster
            try:
                done[place] = call(every[place])
            except BaseException as error:  # noqa: BLE001 - raised below
                failed[place] = error
                left.clear()

    with ThreadPoolExecutor(cores) as pool:
        for one in [pool.submit(work) for _ in range(cores)]:
            one.result()
    if failed:
        raise failed[min(failed)]
    return [done[place] for place in range(len(every))]
