"""Bringing a store from one version to another. Loading Alembic takes a while, so few do it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config

from sbrt_qa.store.connection import Database, writing

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def upgrade(engine: Database, revision: str = "head") -> None:
    """Bring a database to the current version, or a new one into being."""
    _migrate(engine, lambda config: command.upgrade(config, revision))


def downgrade(engine: Database, revision: str) -> None:
    """Bring a database back to an older version; what that version does not know is lost."""
    _migrate(engine, lambda config: command.downgrade(config, revision))


def _migrate(engine: Database, run: Callable[[Config], None]) -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        run(config)
