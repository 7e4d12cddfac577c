"""Opening a store: SQLite with a write-ahead log, or PostgreSQL, brought to the current version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from sbrt_qa.errors import StoreError, quoted

Database: TypeAlias = Engine
"""What the other rooms know of an engine: its name."""

VERSION: Final = "v005"
"""The newest migration."""

BUSY_SECONDS: Final = 60
CHAIN_LOCK: Final = 7_300_017
"""Key of PostgreSQL's advisory lock that lets one process at a time write."""


def open_engine(url: str) -> Engine:
    """Return an engine of a database; nothing is opened yet.

    Raises
    ------
    StoreError
        The address is none, or of a database that is not supported or not installed.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise StoreError(
                "a database of this kind is not supported",
                got=quoted(parsed.get_backend_name()),
                expected="sqlite:///FILE or postgresql+psycopg://HOST/NAME",
            )
        engine = sa.create_engine(parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite")
    except (ArgumentError, sa.exc.NoSuchModuleError) as error:
        expected = "sqlite:///FILE or postgresql+psycopg://HOST/NAME"
        raise StoreError("not the address of a database", expected=expected) from error
    except ModuleNotFoundError as error:
        advice = "Install it: pip install 'sbrt-qa[postgres]'"
        raise StoreError(
            "the driver is not installed", got=str(error.name), advice=advice
        ) from error
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def shown(url: str) -> str:
    """Return an address without its password.

    Raises
    ------
    StoreError
        It is none.
    """
    engine = open_engine(url)
    engine.dispose()
    return engine.url.set(password=None).render_as_string()


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - of the driver
    connection.isolation_level = None  # transactions begin below, not where the driver thinks
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("sbrt_qa_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class InByteOrder(FunctionElement[str]):
    """A text that rows are ordered by, byte by byte: PostgreSQL's own order follows its locale."""

    inherit_cache = True


@compiles(InByteOrder)
def _in_any(element: InByteOrder, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401
    return str(compiler.process(element.clauses, **kwargs))


@compiles(InByteOrder, "postgresql")
def _in_postgresql(element: InByteOrder, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401
    return f'{_in_any(element, compiler, **kwargs)} COLLATE "C"'


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection in one transaction that no other writer interrupts.

    Raises
    ------
    StoreError
        The database refuses what is written, or cannot be reached.
    """
    with translated(), engine.connect() as fresh:
        connection = fresh.execution_options(sbrt_qa_writes=True)
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({CHAIN_LOCK})"))
            yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one state of the database.

    Raises
    ------
    StoreError
        The database cannot be read.
    """
    with translated(), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def translated() -> Iterator[None]:
    """Turn the database's errors into ours, without the values of the statement."""
    try:
        yield
    except OperationalError as error:
        raise StoreError("the database cannot be used", got=_first_line(error)) from error
    except SQLAlchemyError as error:
        damaged = type(error) is DatabaseError  # SQLite: "malformed", "not a database"
        what = "the database is damaged" if damaged else "the database refuses"
        raise StoreError(what, got=_first_line(error)) from error


def _first_line(error: SQLAlchemyError) -> str:
    text = str(getattr(error, "orig", None) or error)
    return quoted(text.partition("\n")[0])


def is_current(engine: Engine) -> bool:
    """Tell whether a database has the tables of this version."""
    if not sa.inspect(engine).has_table("alembic_version"):
        return False
    with reading(engine) as connection:
        found = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return bool(found == VERSION)
