"""Whether the protocols of an audit are drafts or approved, for every answer to say so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from sbrt_qa.audit.store.connection import Database
    from sbrt_qa.audit.what_can_be_asked import Row

COURSE_CODES: Final = ("COURSE_OF_PLANS", "COURSE_UNTOLD")
"""Findings that tell how the plans of a submission belong together."""


def standings(engine: Database) -> dict[str, str]:
    """Return the standing of each protocol that plans were held against, by its hash."""
    from sbrt_qa.audit.store.known import protocol_contents
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.protocol.standing import DRAFT, standing_of

    found: dict[str, str] = {}
    for sha256, content in protocol_contents(engine).items():
        try:
            found[sha256] = standing_of(Protocol.model_validate_json(content))
        except ValueError:  # of a later version of the program
            found[sha256] = DRAFT
    return found


def standing_lines(audit: Path, database: str = "") -> tuple[str, ...]:
    """Return the standings of all protocols of an audit, each line once."""
    from sbrt_qa.audit.folder import open_audit

    engine = open_audit(audit).engine(database)
    try:
        return tuple(dict.fromkeys(standings(engine).values()))
    finally:
        engine.dispose()


def with_words(engine: Database, protocol: str, rows: Iterable[Row]) -> Iterator[Row]:
    """Add to rows of submissions or plans their course, and the standing of their protocol.

    A row with ``plan`` 0, or without a plan, is about the submission as a whole.
    """
    from sbrt_qa.audit.store.review_words import review_words

    of_protocol = standings(engine)
    course: dict[tuple[str, int], dict[str, None]] = {}
    draft: dict[tuple[str, int], dict[str, None]] = {}
    for one in review_words(engine, protocol, COURSE_CODES):
        for key in ((one.code, one.plan), (one.code, 0)):
            if one.course:
                course.setdefault(key, {})[one.course] = None
            draft.setdefault(key, {})[of_protocol.get(one.protocol_sha256, "")] = None
    for row in rows:
        key = row["code"], row.get("plan", 0)
        yield {
            **row,
            "course": "; ".join(course.get(key, ())),
            "draft": " ".join(draft.get(key, ())),
        }
