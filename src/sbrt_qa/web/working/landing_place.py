"""Where what comes in is kept: beside an audit, with as much of the disk left free as it says."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sbrt_qa.intake.landing import LEAST_FREE_BYTES, LEAST_FREE_PART, Landing
from sbrt_qa.web.working.working_store import WorkingStore

LEAST_FREE: Final = "least free bytes"
"""Setting of working state: bytes of the disk that stay free in place of the usual part of it."""


def intake_folder(audit: Path) -> Path:
    """Return where what comes in is kept: beside an audit, never inside it."""
    folder = audit.absolute()
    return folder.with_name(folder.name + ".intake")


def landing_of(audit: Path, store: WorkingStore) -> Landing:
    """Return where files of an audit's office land."""
    kept = store.setting(LEAST_FREE)
    least, part = (int(kept), 0.0) if kept.isdigit() else (LEAST_FREE_BYTES, LEAST_FREE_PART)
    return Landing(intake_folder(audit), least_free_bytes=least, least_free_part=part)
