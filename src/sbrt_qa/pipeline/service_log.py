"""The log of a program that serves others: times and what happened, on standard error."""

from __future__ import annotations

import logging


def log_to_stderr(name: str) -> None:
    """Write the log of a room, such as ``sbrt_qa.web``, to standard error; once is enough."""
    log = logging.getLogger(name)
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False
