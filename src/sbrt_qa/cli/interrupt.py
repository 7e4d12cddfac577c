"""Ctrl-C that cannot get lost.

An interrupt that Python raises in the middle of anything may be swallowed: in a finalizer, a weak
reference's callback, or a library that catches too much. A long run would then go on for ever. So
it is noted first; where a run has safe points of its own it ends at the next of them, elsewhere at
once, and whoever waits looks at the note.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Final, Self

SLICE_SECONDS: Final = 0.2
"""How long a wait may overlook an interrupt that was swallowed."""


class Interrupt:
    """Notes Ctrl-C within its context; a second one always interrupts at once."""

    def __init__(self) -> None:
        self.asked = False
        self._at_safe_points = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        again, self.asked = self.asked, True
        if again or not self._at_safe_points:
            raise KeyboardInterrupt

    @contextmanager
    def at_safe_points(self) -> Iterator[None]:
        """Leave it to what runs within to look at `asked`, and to end where that is safe."""
        self._at_safe_points = True
        try:
            yield
        finally:
            self._at_safe_points = False
        self.look()

    def look(self) -> None:
        """End here if that was asked for, however long ago."""
        if self.asked:
            raise KeyboardInterrupt

    def wait(self, seconds: float) -> None:
        """Wait, unless an end is asked for."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.look()
            time.sleep(min(left, SLICE_SECONDS))
        self.look()
