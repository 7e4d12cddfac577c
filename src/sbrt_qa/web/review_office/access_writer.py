"""Writes down what was looked at: pages within a second together, downloads before they leave."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from sbrt_qa.audit.store.access_log import Access, AccessLog
from sbrt_qa.errors import SbrtQaError

FLUSH_SECONDS: Final = 0.9
LOG: Final = logging.getLogger("sbrt_qa.web")


class AccessWriter:
    """Appends to a log from many requests.

    Parameters
    ----------
    log
        Where to.
    after
        Called after something was written, in the thread that wrote.
    """

    def __init__(self, log: AccessLog, after: Callable[[], None] = lambda: None) -> None:
        self._log, self._after = log, after
        self._waiting: list[Access] = []
        self._lock, self._writes = threading.Lock(), threading.Lock()
        self._wake, self._end = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def log(self) -> AccessLog:
        """The log itself, to be read."""
        return self._log

    def soon(self, access: Access) -> None:
        """Write something down within a second, with what else comes."""
        with self._lock:
            self._waiting.append(access)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="access", daemon=True)
                self._thread.start()
        self._wake.set()

    def at_once(self, access: Access) -> None:
        """Write something down now; it is durable on return.

        Raises
        ------
        StoreError
            The log cannot be written: what was asked for must not leave then.
        """
        with self._lock:
            self._waiting.append(access)
        self.flush()

    def flush(self) -> None:
        """Write what waits.

        Raises
        ------
        StoreError
            The log cannot be written; what waits stays.
        """
        with self._writes:
            with self._lock:
                taken, self._waiting = self._waiting, []
            try:
                if taken:
                    self._log.append(taken)
            except SbrtQaError:
                with self._lock:
                    self._waiting = taken + self._waiting
                raise
        if taken:
            self._after()

    def head(self) -> str:
        """Return the end of the log, with what waited written: number and hash."""
        self.flush()
        return "{} {}".format(*self._log.head())

    def close(self) -> None:
        """Write what waits, and end."""
        self._end.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self.flush()
        self._log.close()

    def _run(self) -> None:
        while not self._end.is_set():
            self._wake.wait()
            self._wake.clear()
            self._end.wait(FLUSH_SECONDS)
            try:
                self.flush()
            except SbrtQaError:
                LOG.exception("the access log cannot be written")
                self._wake.set()
