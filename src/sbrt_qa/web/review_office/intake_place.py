"""How long what came in is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from sbrt_qa.audit.store.connection import Database
from sbrt_qa.audit.times import now
from sbrt_qa.intake.landing import Landing, forget, sweep
from sbrt_qa.office.receipts import code_of_submission, tell_deleted
from sbrt_qa.office.trial_options import options_of
from sbrt_qa.web.working.arrival_rows import FOLDERS, Arrivals
from sbrt_qa.web.working.study_rows import RELEASED, WITHDRAWN, Studies
from sbrt_qa.web.working.working_store import WorkingStore

DAY_SECONDS: Final = 24 * 3600.0

RELEASED_FOLDER: Final = "released"
"""Folder, below that of an intake, of files as they were released: a folder for each study."""


def delete_originals(
    engine: Database, store: WorkingStore, vault: Landing, clock: Callable[[], float] = time.time
) -> int:
    """Delete originals as the rule of retention says; their hashes stay in the records (case S37).

    The originals of a study go `keep_originals_days` after it was released or withdrawn, unless it
    is on hold or another study that is not over still has the same file. What is no DICOM and lay
    in a folder beside objects goes after a day, and so does what processes that ended left on its
    way.

    Returns
    -------
    int
        How many files were deleted.
    """
    sweep(vault)
    days, gone = options_of(engine).keep_originals_days, 0
    rows, studies = Arrivals(store, clock), Studies(store, clock)
    everything = studies.all()
    over = [
        one
        for one in everything
        if one.state in (RELEASED, WITHDRAWN) and not one.hold
        and clock() - (one.released or one.since) > days * DAY_SECONDS
    ]  # fmt: skip
    ended = {one.id for one in over} | {one.id for one in everything if one.state == WITHDRAWN}
    needed = {
        arrival.sha256
        for one in everything
        if one.id not in ended
        for arrival in rows.with_ids(one.members)
    }
    for study in over:
        hashes = {one.sha256 for one in rows.with_ids(study.members)} - needed
        there = tuple(sorted(one for one in hashes if vault.path(one).exists()))
        if not there:
            continue
        code = code_of_submission(engine, study.submission) if study.submission else study.site
        gone += _deleted(engine, rows, vault, code, there)
    for one in rows.others_kept():  # no DICOM, and in no study (case P24)
        alone = not one.batch and one.source.door in FOLDERS and one.sha256 not in needed
        if alone and vault.path(one.sha256).exists() and clock() - one.at > DAY_SECONDS:
            gone += _deleted(engine, rows, vault, one.source.site, (one.sha256,))
    return gone


def _deleted(
    engine: Database, rows: Arrivals, vault: Landing, code: str, hashes: tuple[str, ...]
) -> int:
    tell_deleted(engine, now(), code, hashes)
    for digest in hashes:
        rows.note_deleted(digest)
    return sum(forget(vault, digest) for digest in hashes)
