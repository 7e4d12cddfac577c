"""The end of a command that recorded something: the page, the chain's head, and its anchors."""

from __future__ import annotations

from pathlib import Path

from sbrt_qa.audit.anchor import NOWHERE, Anchors
from sbrt_qa.audit.dashboard import trial_report
from sbrt_qa.audit.folder import open_to_record
from sbrt_qa.audit.head import write_head
from sbrt_qa.audit.published import put_page
from sbrt_qa.audit.times import now


def finish(audit: Path, database: str = "", anchors: Anchors = NOWHERE) -> tuple[Path, str]:
    """Write the page and `HEAD`, put the head where it is anchored; return page and trouble.

    Raises
    ------
    UsageError, StoreError
        There is no audit, or its store cannot be used.
    """
    page = trial_report(audit, database)
    place = open_to_record(audit)
    engine = place.engine(database)
    try:
        path = put_page(engine, audit, page, now())
        head = write_head(audit, engine)
    finally:
        engine.dispose()
    return path, anchors.put(head, now(), place.settings.trial)
