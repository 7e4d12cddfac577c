"""Work that is done side by side: on as many cores as are useful, or on one."""

from __future__ import annotations

import os
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
    """Return what a call gives for each task, in their order; what it raises is raised."""
    cores = min(_limit, os.cpu_count() or 1)
    if cores < 2:
        return [call(task) for task in tasks]
    with ThreadPoolExecutor(cores) as pool:
        return list(pool.map(call, tasks))
