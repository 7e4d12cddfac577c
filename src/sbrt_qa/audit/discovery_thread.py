"""Submissions found beside the reviews, those of one subject in the order of their versions."""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sbrt_qa.audit.running import WAKE_SECONDS

if TYPE_CHECKING:
    from sbrt_qa.audit.discovery import FoundPlace, Submission
    from sbrt_qa.audit.layout import Naming


@dataclass(frozen=True, slots=True)
class FoundSubmission:
    """A submission, and the version before it; None where that is not at hand."""

    submission: Submission
    before: Submission | None = None


class Finder:
    """Finds submissions in a thread of its own, so that their number is soon known."""

    def __init__(
        self,
        roots: Iterable[Path],
        manifest: Mapping[str, Naming] | None = None,
        passed_over: frozenset[str] = frozenset(),
        stopped: Callable[[], bool] = lambda: False,
        passed_by: Callable[[Path], object] = lambda _: None,
    ) -> None:
        self._stopped, self._passed_by = stopped, passed_by
        self.found, self.complete = 0, False
        self._stop = False
        self.places: list[FoundPlace] = []
        self.submissions: set[str] = set()
        self._queue: queue.SimpleQueue[FoundSubmission | Exception | None] = queue.SimpleQueue()
        self._roots, self._manifest, self._passed_over = tuple(roots), manifest, passed_over
        threading.Thread(target=self._find, name="discovery", daemon=True).start()

    def _find(self) -> None:
        try:
            for root in self._roots:
                submissions = found_below(
                    root, self._manifest, self._passed_over, self._passed_by, self.places.append
                )
                for one in submissions:
                    if self._stop:
                        return
                    self.submissions.add(one.submission.key)
                    self.found += 1
                    self._queue.put(one)
            self.complete = True
            self._queue.put(None)
        except Exception as error:  # noqa: BLE001 - raised where it can be told
            self._queue.put(error)

    def __iter__(self) -> Iterator[FoundSubmission]:
        while (one := self._next()) is not None:
            if isinstance(one, Exception):
                raise one
            yield one

    def _next(self) -> FoundSubmission | Exception | None:
        while not self._stopped():
            with contextlib.suppress(queue.Empty):
                return self._queue.get(timeout=WAKE_SECONDS)
        raise KeyboardInterrupt

    def waits(self, place: FoundPlace) -> bool:
        """Tell whether a place was left for the next look."""
        return place.key in self._passed_over

    def stop(self) -> None:
        """Look no further."""
        self._stop = True


def found_below(
    root: Path,
    manifest: Mapping[str, Naming] | None,
    passed_over: frozenset[str] = frozenset(),
    passed_by: Callable[[Path], object] = lambda _: None,
    placed: Callable[[FoundPlace], object] = lambda _: None,
) -> Iterator[FoundSubmission]:
    """Find submissions below a root, streamed; those of one subject by rising version.

    Raises
    ------
    UsageError
        As `sbrt_qa.audit.discovery.discover`.
    """
    places = _submissions(root, manifest, passed_by, placed)
    if manifest is not None:  # in any order, and at hand as a whole
        places = iter(sorted(places, key=lambda one: (_whose(one), one.key)))
    arrived = (one for one in places if one.key not in passed_over)
    for _, group in itertools.groupby(arrived, key=_whose):
        yield from _in_order(group)


def _submissions(
    root: Path,
    manifest: Mapping[str, Naming] | None,
    passed_by: Callable[[Path], object],
    placed: Callable[[FoundPlace], object],
) -> Iterator[Submission]:
    from sbrt_qa.audit.discovery import FoundPlace, survey

    for one in survey(root, manifest, passed_by):
        if isinstance(one, FoundPlace):
            placed(one)
        else:
            yield one


def _whose(one: Submission) -> tuple[str, str]:
    """Return site and subject, or for want of a subject the place."""
    return one.named.site or "", one.named.subject or f"/{one.key}"


def _in_order(group: Iterable[Submission]) -> Iterator[FoundSubmission]:
    before: Submission | None = None
    for one in sorted(group, key=lambda one: one.named.version or 0):
        later = before is not None and (before.named.version or 1) < (one.named.version or 0)
        yield FoundSubmission(one, before if later else None)
        before = one
