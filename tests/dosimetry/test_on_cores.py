"""Tasks side by side: their order, their errors, and one core where that is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sbrt_qa.dosimetry.on_cores import side_by_side

ALONE = """
import threading
from sbrt_qa.dosimetry.on_cores import side_by_side, use_one_core
use_one_core()
print(set(side_by_side(lambda _: threading.current_thread().name, range(5))))
"""


def test_results_come_in_the_order_of_the_tasks() -> None:
    assert side_by_side(lambda n: n * n, range(50)) == [n * n for n in range(50)]
    assert side_by_side(str, ()) == []


def test_what_a_task_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda n: 1 / n, [1, 0, 2])


def test_on_one_core_no_thread_is_started() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{'MainThread'}"


def test_of_several_errors_the_one_of_the_first_task_is_raised() -> None:
    def fail(n: int) -> int:
        if n % 3 == 1:
            raise ValueError(n)
        return n

    for _ in range(20):
        with pytest.raises(ValueError, match=r"^1$"):
            side_by_side(fail, range(30))
