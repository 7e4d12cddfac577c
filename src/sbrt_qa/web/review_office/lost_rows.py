"""Files that landed and have no row: found again, or told to a person; nothing is silently lost.

Rows may be lost with a disk, or where working state was taken from an older copy. A file keeps
where it came from, so that its row is made anew and it goes its way as if it had just come.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, cast, get_args

from sbrt_qa.intake.landed_source import LandedFile, landed_files
from sbrt_qa.intake.landing import ArrivalSource, Landed, Landing, Way, forget
from sbrt_qa.web.working.arrival_rows import Arrivals, record_arrival
from sbrt_qa.web.working.study_rows import QUARANTINED, Studies
from sbrt_qa.web.working.working_store import WorkingStore

NOBODY: Final = "?"
"""Stands for the site of a file of which nobody knows who sent it."""

NOBODYS: Final = ArrivalSource("web", NOBODY, NOBODY)
WHO_SENT: Final = (
    "files lie here whose records are lost, and who sent them is not known any more; "
    "ask the sites whether something that they sent is missing, and to send it again"
)
ABANDONED_SECONDS: Final = 24 * 3600.0


def find_lost(
    store: WorkingStore,
    vault: Landing,
    clock: Callable[[], float] = time.time,
    *,
    at_least_seconds: float = 0.0,
) -> tuple[int, int]:
    """Make rows for files that landed and have none; doing it again changes nothing.

    Files of an upload that its sender looks at and has not sent have no rows yet, and stay as they
    are; they go a day after they came, unless the upload is still there.

    Parameters
    ----------
    at_least_seconds
        How long ago a file came: one that has just landed gets its row from who landed it.

    Returns
    -------
    tuple of int
        How many were found again, and of how many nobody knows who sent them.
    """
    rows, unknown, found = Arrivals(store, clock), [], 0
    known = rows.hashes()
    for one in landed_files(vault.folder):
        if one.sha256 in known or 0 <= clock() - one.at < at_least_seconds:
            continue
        source = _source(one)
        if source is None and one.links == 1:
            unknown.append(_recorded(store, vault, one, NOBODYS, NOBODY))
        elif source is not None and source.door != "web":
            _recorded(store, vault, one, source)
            found += 1
        elif one.links == 1 and clock() - one.at > ABANDONED_SECONDS:
            forget(vault, one.sha256)
    if unknown:
        Studies(store, clock).begin(NOBODY, unknown, state=QUARANTINED, why=WHO_SENT, batch=NOBODY)
    return found, len(unknown)


def _source(one: LandedFile) -> ArrivalSource | None:
    if one.source is None or one.source[0] not in get_args(Way):
        return None
    door, site, peer = one.source
    return ArrivalSource(cast("Way", door), site, peer)


def _recorded(
    store: WorkingStore, vault: Landing, one: LandedFile, source: ArrivalSource, batch: str = ""
) -> int:
    landed = Landed(one.sha256, one.size_bytes, vault.path(one.sha256), already_there=True)
    return record_arrival(store, source, landed, batch=batch, clock=lambda: one.at).id
