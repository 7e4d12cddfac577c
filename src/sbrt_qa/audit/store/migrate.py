"""Bringing a store from one version to another. Loading Alembic takes a while, so few do it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import covered
from sbrt_qa.audit.store.chain import append, head_of
from sbrt_qa.audit.store.connection import VERSION, Database, version_of, writing

MIGRATIONS: Final = Path(__file__).parent / "migrations"


SEALED: Final = "store brought up to date"
"""Kind of the event that covers all rows that were there before."""

SEALED_ROWS: Final = 10_000
"""Rows for each hash of that event."""


def upgrade(engine: Database, revision: str = "head") -> None:
    """Bring a database to the current version, or a new one into being.

    A store that held something before ends with an event that covers every row: what events of
    older versions did not tell of is covered from now on.
    """
    _migrate(engine, lambda config: command.upgrade(config, revision), _seal)


def downgrade(engine: Database, revision: str) -> None:
    """Bring a database back to an older version; what that version does not know is lost."""
    _migrate(engine, lambda config: command.downgrade(config, revision), lambda *_: None)


def _seal(connection: Connection, before: str) -> None:
    if version_of(connection) != VERSION or before == VERSION or not head_of(connection).seq:
        return
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    rows = covered.told(connection, {}, covered.marks(connection), VERSION, split=SEALED_ROWS)
    append(connection, at, SEALED, "", {"from": before, "to": VERSION, "covers": rows})


def _migrate(
    engine: Database,
    run: Callable[[Config], None],
    ending: Callable[[Connection, str], None],
) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with writing(engine, durable=True, covers=False) as connection:
        before = version_of(connection)
        config.attributes["connection"] = connection
        run(config)
        ending(connection, before)
