"""Copies of SQLite databases, as they are at one moment, whoever writes into them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from sbrt_qa.errors import StoreError, quoted

_SECRETS: Final = {
    "sessions": "DELETE FROM sessions",
    "links": "DELETE FROM links",
    "settings": "DELETE FROM settings WHERE name LIKE '%key%'",
}
"""Statements by the table that they are about."""


def copy_database(source: Path, copy: Path) -> None:
    """Copy a database.

    Raises
    ------
    StoreError
        It cannot be read, or the copy not written.
    """
    address = f"{source.absolute().as_uri()}?mode=ro"
    try:
        with (
            closing(sqlite3.connect(address, uri=True)) as base,
            closing(sqlite3.connect(copy)) as other,
        ):
            base.backup(other)
    except sqlite3.Error as error:
        raise StoreError("the database cannot be copied", got=quoted(str(error))) from error


def copy_without_secrets(source: Path, copy: Path) -> None:
    """Copy a database of working state, without keys and without who is signed in.

    Raises
    ------
    StoreError
        It cannot be copied.
    """
    copy_database(source, copy)
    try:
        with closing(sqlite3.connect(copy, isolation_level=None)) as base:
            base.execute("PRAGMA journal_mode = DELETE")
            tables = base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (name,) in tables.fetchall():
                if name in _SECRETS:
                    base.execute(_SECRETS[name])
            base.execute("VACUUM")
    except sqlite3.Error as error:
        copy.unlink(missing_ok=True)
        raise StoreError("the working state cannot be copied", got=quoted(str(error))) from error
