"""Audits in forks of one warm process, so that each can be killed soon after it begins.

    python killable.py SUBMISSIONS PROTOCOL

For each path on its input it audits there in a new process and prints that one's number; for any
line after that, it waits until that process is gone. Reviews run in threads of that process, not
in processes of their own: what is killed is what records.
"""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import sbrt_qa.audit.loaded  # noqa: F401 - loads and compiles everything
from sbrt_qa.audit.one_submission import answer_in_json
from sbrt_qa.audit.run_audit import Request, Task, audit
from sbrt_qa.sandbox import Outcome


class Threads(Executor):
    """Reviews in threads of this process."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2)

    def submit(self, _call: Any, task: Task, /) -> Future[Outcome]:  # type: ignore[override]
        return self._pool.submit(reviewed, task)


def reviewed(task: Task) -> Outcome:
    return Outcome(value=json.loads(json.dumps(answer_in_json(task.job))))


def main() -> None:
    submissions, protocol = Path(sys.argv[1]), sys.argv[2]
    for line in sys.stdin:
        number = os.fork()
        if number == 0:
            for _ in audit(Request((submissions,), Path(line.strip()), protocol), Threads()):
                pass
            os._exit(0)
        print(number, flush=True)
        sys.stdin.readline()
        os.waitpid(number, 0)
        print("gone", flush=True)


if __name__ == "__main__":
    main()
