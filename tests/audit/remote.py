"""An executor whose one worker is another process, which may go like a machine of a cluster.

    python remote.py ADDRESS

The worker connects to the address, takes pickled calls one after the other, and sends back what
comes of them. Where it is gone, nothing is answered any more.
"""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
import threading
import time
from collections import deque
from concurrent.futures import Executor, Future
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import Any

KEY = b"a test's own"


class Remote(Executor):
    """Sends calls to a process that was started by a command of its own."""

    def __init__(self, folder: Path) -> None:
        address = str(folder / "worker")
        with Listener(address, authkey=KEY) as listener:
            self.worker = subprocess.Popen([sys.executable, __file__, address])
            self._connection = listener.accept()
        self._waiting: deque[Future[Any]] = deque()
        threading.Thread(target=self._answers, daemon=True).start()

    def submit(self, call: Any, task: Any, /) -> Future[Any]:  # type: ignore[override]
        future: Future[Any] = Future()
        self._waiting.append(future)
        with contextlib.suppress(OSError):  # the worker is gone
            self._connection.send_bytes(pickle.dumps((call, task)))
        return future

    def alive(self) -> bool:
        return self.worker.poll() is None

    def _answers(self) -> None:
        try:
            while True:
                answer = pickle.loads(self._connection.recv_bytes())  # noqa: S301 - our own worker
                self._waiting.popleft().set_result(answer)
        except (EOFError, OSError):
            return


def first_two(task: int) -> int:
    """Return one of the first two tasks; the others never end."""
    while task >= 2:
        time.sleep(60)
    return task


def main() -> None:
    with Client(sys.argv[1], authkey=KEY) as connection:
        while True:
            call, task = pickle.loads(connection.recv_bytes())  # noqa: S301 - of the test
            connection.send_bytes(pickle.dumps(call(task)))


if __name__ == "__main__":
    main()
