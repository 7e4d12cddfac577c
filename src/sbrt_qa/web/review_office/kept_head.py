"""The end of the chain in `AUDIT/HEAD`, kept up to date by an office that records."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from threading import Lock

from sbrt_qa.audit.head import write_head
from sbrt_qa.audit.store.connection import Database
from sbrt_qa.errors import SbrtQaError


class KeptHead:
    """`HEAD` of one audit, written after every step; never an earlier end over a later one.

    Parameters
    ----------
    folder, engine
        Of the audit, and its records.
    """

    def __init__(self, folder: Path, engine: Database) -> None:
        self._folder, self._engine = folder, engine
        self._lock = Lock()

    def write(self) -> None:
        """Write the end of the chain as it is now.

        What was recorded stands even where this cannot be written, as on a full disk: `verify`
        then tells that events came after the one in `HEAD`, and the next step writes it.
        """
        with self._lock, suppress(SbrtQaError, OSError):
            write_head(self._folder, self._engine)
