"""Looking again and again for submissions that came or changed, and are not arriving any more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sbrt_qa.workflows_audit.run import manifest_of

if TYPE_CHECKING:
    from sbrt_qa.workflows_audit.run import Request

Signature = tuple[int, int, int]


class Watcher:
    """Knows the submissions of the look before.

    One whose files changed between two looks is left for the next: half a copy is no submission.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._seen: dict[str, Signature] = {}
        self._done: dict[str, Signature] = {}
        self._changing: frozenset[str] = frozenset()
        self._first = True

    def news(self) -> bool:
        """Look, and tell whether there is anything to review."""
        now = self._look()
        still = {key for key, state in now.items() if self._seen.get(key) != state}
        self._changing = frozenset() if self._first else frozenset(still)
        self._seen, self._first = now, False
        ready = {key: state for key, state in now.items() if key not in self._changing}
        new = any(self._done.get(key) != state for key, state in ready.items())
        self._done |= ready
        return new

    def settled(self) -> Request:
        """Return the request for what is not changing any more."""
        return replace(self._request, passed_over=self._changing)

    def _look(self) -> dict[str, Signature]:
        from sbrt_qa.audit.discovery import discover, signature

        manifest = manifest_of(self._request)
        return {
            one.key: signature(one.path)
            for root in self._request.submissions
            for one in discover(root, manifest)
        }
