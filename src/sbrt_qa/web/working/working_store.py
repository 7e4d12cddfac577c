"""Opening the database of working state, and its transactions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from sbrt_qa.audit.folder import AuditFolder
from sbrt_qa.errors import StoreError, quoted
from sbrt_qa.web.working import arrival_tables  # noqa: F401 - makes its tables known
from sbrt_qa.web.working import working_tables as tables

FILE: Final = "working.db"
BUSY_MS: Final = 30_000


class WorkingStore:
    """Working state in one database.

    Parameters
    ----------
    engine
        Of the database; its tables are made where they are missing.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with self.writing() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(sa.schema.CreateSchema(tables.SCHEMA, if_not_exists=True))
            tables.metadata.create_all(connection)

    @classmethod
    def in_folder(cls, folder: Path) -> WorkingStore:
        """Open the file in a folder; only its owner may read it."""
        path = folder / FILE
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.close(handle)
        return cls(_sqlite(path))

    @classmethod
    def in_database(cls, url: str) -> WorkingStore:
        """Open the tables in a schema of their own of a PostgreSQL database."""
        engine = sa.create_engine(url, pool_pre_ping=True)
        return cls(engine.execution_options(schema_translate_map={None: tables.SCHEMA}))

    @property
    def engine(self) -> Engine:
        """The database itself, for what keeps a table of its own in it."""
        return self._engine

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[Connection]:
        """Give a connection in one transaction; no other writer comes between.

        Parameters
        ----------
        durable
            Whether a loss of power may not take it back: for what somebody is answered upon.

        Raises
        ------
        StoreError
            The database refuses, or cannot be used.
        """
        try:
            with self._engine.connect() as fresh:
                connection = fresh.execution_options(
                    sbrt_qa_immediate=True, sbrt_qa_durable=durable
                )
                with connection.begin():
                    yield connection
        except SQLAlchemyError as error:
            raise _ours(error) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that only looks.

        Raises
        ------
        StoreError
            The database cannot be used.
        """
        try:
            with self._engine.connect() as connection, connection.begin():
                yield connection
        except SQLAlchemyError as error:
            raise _ours(error) from error

    def close(self) -> None:
        """Let the database go."""
        self._engine.dispose()

    def setting(self, name: str) -> str:
        """Return what is kept under a name, empty where nothing is."""
        wanted = sa.select(tables.settings.c.value).where(tables.settings.c.name == name)
        with self.reading() as connection:
            return str(connection.scalar(wanted) or "")

    def keep_setting(self, name: str, value: str) -> None:
        """Keep a text under a name, in place of what was there."""
        with self.writing() as connection:
            table = tables.settings
            connection.execute(sa.delete(table).where(table.c.name == name))
            connection.execute(sa.insert(table).values(name=name, value=value))


def store_of(audit: AuditFolder, database: str = "") -> WorkingStore:
    """Open the working state of an audit: a file beside the records, or a schema beside theirs."""
    address = database or audit.settings.database
    return WorkingStore.in_database(address) if address else WorkingStore.in_folder(audit.folder)


def _ours(error: SQLAlchemyError) -> StoreError:
    text = str(getattr(error, "orig", None) or type(error).__name__).partition("\n")[0]
    return StoreError("the working state cannot be used", got=quoted(text))


def _sqlite(path: Path) -> Engine:
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)))
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - of the driver
    connection.isolation_level = None  # transactions begin below, not where the driver thinks
    cursor = connection.cursor()
    for pragma in (f"busy_timeout = {BUSY_MS}", "journal_mode = WAL", "synchronous = NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("sbrt_qa_immediate", False):
        connection.exec_driver_sql("BEGIN")
        return
    level = "FULL" if options.get("sbrt_qa_durable", False) else "NORMAL"
    connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
