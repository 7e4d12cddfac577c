"""Looking again and again for submissions that came or changed, and are not arriving any more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sbrt_qa.audit.request import manifest_of

if TYPE_CHECKING:
    from sbrt_qa.audit.request import Request

Look = tuple[int, int, int, str, bool]
"""What was seen of a submission: number, size and time of its files, their content, and whether
it is sent in part only."""


class Watcher:
    """Knows the submissions of the look before.

    One that changed between two looks, in size or content, or has a file that is marked as sent in
    part only, is left for the next: half a copy is no submission.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._seen: dict[str, Look] = {}
        self._done: dict[str, Look] = {}
        self._changing: frozenset[str] = frozenset()

    def news(self) -> bool:
        """Look, and tell whether there is anything to review."""
        now = self._look()
        quiet = {key for key, state in now.items() if self._seen.get(key) == state and not state[4]}
        self._changing = frozenset(now) - quiet
        self._seen = now
        ready = {key: state for key, state in now.items() if key in quiet}
        new = any(self._done.get(key) != state for key, state in ready.items())
        self._done |= ready
        return new

    def settled(self) -> Request:
        """Return the request for what is not changing any more."""
        return replace(self._request, passed_over=self._changing)

    def _look(self) -> dict[str, Look]:
        from sbrt_qa.audit.discovery import discover

        manifest = manifest_of(self._request)
        return {
            one.key: self._state(one.key, one.path)
            for root in self._request.submissions
            for one in discover(root, manifest)
        }

    def _state(self, key: str, path: Path) -> Look:
        """Look at a submission; its content is read unless it was quiet and nothing moved."""
        from sbrt_qa.audit.fingerprints import bytes_fingerprint, is_arriving, signature
        from sbrt_qa.errors import InputError

        unread = signature(path)
        before = self._done.get(key)
        if before is not None and before[:3] == unread:
            return before
        try:
            content = bytes_fingerprint(path)
        except InputError as error:
            content = str(error)
        return (*unread, content, is_arriving(path))
