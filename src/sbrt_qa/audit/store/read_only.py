"""A SQLite store that cannot be written: on a read-only disk, or of somebody else."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import weakref
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.pool import StaticPool

from sbrt_qa.errors import StoreError


def is_writable(path: Path) -> bool:
    """Tell whether a SQLite file, and the files beside it that SQLite needs, can be written."""
    folder = os.access(path.parent, os.W_OK)
    return folder and (not path.exists() or os.access(path, os.W_OK))


def open_read_only(path: Path) -> Engine:
    """Return an engine that reads a SQLite file and leaves nothing beside it.

    What a writer left in the write-ahead log is read too, from a copy made for that; the copy is
    gone with the engine.

    Raises
    ------
    StoreError
        The file cannot be read.
    """
    log = path.with_name(f"{path.name}-wal")
    try:
        if log.exists() and log.stat().st_size:
            folder = tempfile.TemporaryDirectory(prefix="sbrt_qa_store_")
            copy = Path(folder.name) / path.name
            shutil.copy(path, copy)
            shutil.copy(log, copy.with_name(log.name))
            engine = _engine(f"{copy.as_uri()}?mode=rw")
            weakref.finalize(engine, folder.cleanup)
            return engine
        with path.open("rb"):
            return _engine(f"{path.absolute().as_uri()}?mode=ro&immutable=1")
    except OSError as error:
        raise StoreError("the store cannot be read", got=str(error.strerror)) from error


def _engine(uri: str) -> Engine:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, check_same_thread=False)

    return sa.create_engine("sqlite://", creator=connect, poolclass=StaticPool)
