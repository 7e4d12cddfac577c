"""Memory that is free again goes back to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sbrt_qa.model.free_memory import give_back_memory, held_bytes

PIECES = """
from sbrt_qa.model import free_memory
free_memory.share_one_heap()
free_memory.WORTH_BYTES = 0
pieces = [bytearray(50_000) for _ in range(4_000)]
full = free_memory.held_bytes()
last = pieces.pop()
pieces.clear()
last_too = bytearray(1_000)
free_memory.give_back_memory()
print(full, free_memory.held_bytes())
"""


def test_a_small_process_is_left_alone() -> None:
    kept = [bytearray(1000) for _ in range(10)]
    give_back_memory()
    assert [len(one) for one in kept] == [1000] * 10


@pytest.mark.skipif(not held_bytes(), reason="this system does not tell what a process holds")
def test_what_was_freed_in_pieces_is_given_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PIECES], capture_output=True, text=True, check=True
    )
    full, after = map(int, done.stdout.split())
    assert full - after > 100 * 1024**2  # of the 200 MB
