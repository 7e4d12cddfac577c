"""How an audit gets on: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from sbrt_qa.cli.output import tell

if TYPE_CHECKING:
    from rich.progress import Progress

    from sbrt_qa.audit.run_audit import Step

LINE_SECONDS = 10.0
"""Time between two lines where there is no terminal."""

ENOUGH = 10
"""Submissions that have to be reviewed before the time that is left can be told."""

MAX_TROUBLES = 20
"""Submissions that are named when they could not be reviewed."""

WORDS = {
    "per_protocol": "per protocol",
    "minor": "minor",
    "major": "major",
    "not_evaluable": "not evaluable",
}
"""Verdicts in the order in which they are shown."""


@dataclass(slots=True)
class StepCount:
    """What has been done so far."""

    done: int = 0
    unchanged: int = 0
    found: int = 0
    complete: bool = False
    verdicts: Counter[str] = field(default_factory=Counter)
    troubled: int = 0
    waiting: int = 0
    unwritten: int = 0
    troubles: list[tuple[str, str]] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)

    @property
    def recorded(self) -> int:
        """Submissions that were reviewed and recorded."""
        return self.done - self.unchanged - self.waiting

    def add(self, step: Step) -> None:
        """Count one submission."""
        self.done += 1
        self.found, self.complete = step.found, step.complete
        if step.verdict is None:
            self.unchanged += not step.trouble
            self.waiting += bool(step.trouble)
            return
        self.verdicts[step.verdict] += 1
        self.unwritten += step.unwritten
        if step.trouble:
            self.troubled += 1
            if len(self.troubles) < MAX_TROUBLES:
                self.troubles.append((step.code, step.trouble))

    def verdict_text(self) -> str:
        """Return the verdicts with their numbers."""
        return " · ".join(f"{self.verdicts[v]} {w}" for v, w in WORDS.items() if self.verdicts[v])

    def rate(self) -> float:
        """Return submissions per second, those left alone not counted."""
        return self.recorded / max(time.monotonic() - self.begun, 1e-9)

    def left(self) -> str:
        """Return the time that is left, empty as long as too few were reviewed to tell."""
        if not self.complete or self.recorded < ENOUGH or self.done >= self.found:
            return ""
        return f"{(self.found - self.done) / self.rate():.0f} s left"

    def line(self) -> str:
        """Return progress as a line."""
        total = f"{self.found}" if self.complete else f"{self.found} or more"
        text = f"{self.done} of {total} · {self.rate():.1f}/s"
        text += f" · {left}" if (left := self.left()) else ""
        return " · ".join(filter(None, (text, self.verdict_text())))

    def summary(self) -> str:
        """Return the end of the matter."""
        parts = [f"{self.recorded} reviewed", self.verdict_text()]
        parts += [f"{self.unchanged} unchanged"] if self.unchanged else []
        parts += [f"{self.troubled} cannot be used"] if self.troubled else []
        parts += [f"{self.waiting} could not be reviewed"] if self.waiting else []
        return " · ".join(filter(None, parts))


class Display(Protocol):
    """Shows steps as they come; what it counted stays."""

    count: StepCount

    def add(self, step: Step) -> None:
        """Show one step."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Silent:
    """Counts, and shows nothing."""

    def __init__(self) -> None:
        self.count = StepCount()

    def add(self, step: Step) -> None:
        """Count one step."""
        self.count.add(step)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class ProgressLines(Silent):
    """A line every few seconds, for logs."""

    def __init__(self) -> None:
        super().__init__()
        self._next = time.monotonic() + LINE_SECONDS

    def add(self, step: Step) -> None:
        """Count one step, and say so when it is time."""
        super().add(step)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + LINE_SECONDS
            tell(self.count.line())


class Bar(Silent):
    """A bar with rate, verdicts and the time that is left."""

    def __init__(self) -> None:
        super().__init__()
        self._progress = _bar()
        self._task = self._progress.add_task("", total=1, rate=0.0, verdicts="", left="")

    def add(self, step: Step) -> None:
        """Count one step and move the bar."""
        super().add(step)
        self._progress.update(
            self._task,
            completed=self.count.done,
            total=self.count.found,
            rate=self.count.rate(),
            verdicts=self.count.verdict_text(),
            left=self.count.left(),
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    return Progress(
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}", markup=False),
        TextColumn("{task.fields[rate]:.1f}/s", markup=False),
        TextColumn("{task.fields[verdicts]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}", markup=False),
        console=Console(stderr=True),
    )


def display(*, quiet: bool) -> Display:
    """Return what suits the place: nothing, a bar or lines."""
    if quiet:
        return Silent()
    return Bar() if sys.stderr.isatty() else ProgressLines()
