"""Closing a place that is still to be reviewed and never will be: a person decides that."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sbrt_qa.audit.actors import refuse_nobody
from sbrt_qa.audit.head import write_head
from sbrt_qa.audit.times import now
from sbrt_qa.errors import UsageError, quoted

if TYPE_CHECKING:
    from pathlib import Path

    from sbrt_qa.model.actor import Doing


def close_place(
    audit: Path, place: str, reason: str, database: str = "", by: Doing | None = None
) -> int:
    """Close what is open of a place, such as one whose folder was removed; return how many places.

    A place that is still there and cannot be reviewed is open again after the next run.

    Raises
    ------
    UsageError
        Nothing of this place is open, or nobody is said to close it.
    StoreError
        No reason is given.
    """
    from sbrt_qa.audit.folder import open_audit
    from sbrt_qa.audit.store.failures import close_failures

    doing = replace(refuse_nobody(by), reason=reason)
    folder = open_audit(audit)
    engine = folder.engine(database)
    try:
        number = close_failures(engine, place, now(), doing)
        if number:
            write_head(folder.folder, engine)
    finally:
        engine.dispose()
    if not number:
        expected = "a place as sbrt-qa query AUDIT unreviewed tells it"
        raise UsageError("nothing is open for this folder", got=quoted(place), expected=expected)
    return number
