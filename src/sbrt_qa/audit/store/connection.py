"""Opening a store: SQLite with a write-ahead log, or PostgreSQL, brought to the current version."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from sbrt_qa.audit.store import covered
from sbrt_qa.audit.store.chain import APPENDED, MARKS
from sbrt_qa.audit.store.tables import VERSION, audit_events
from sbrt_qa.errors import StoreError, quoted

LOG: Final = logging.getLogger("sbrt_qa.audit.store")
"""Where it is said that something waits."""

T = TypeVar("T")

Database: TypeAlias = Engine
"""What the other rooms know of an engine: its name."""

__all__ = ["VERSION", "Database", "open_engine", "reading", "writing"]

BUSY_SECONDS: Final = 60
"""How long a writer waits for another."""

SAID_SECONDS: Final = 2
"""After how long a wait is said."""

AGAIN_SECONDS: Final = 60
"""How long a database that answered before is tried again, once it does not."""

ANSWERED_BEFORE: Final = "sbrt_qa_answered"
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


def password_of(url: str) -> str:
    """Return the password in an address, empty where there is none."""
    return str(make_url(url).password or "")


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
    options = connection.get_execution_options()
    if not options.get("sbrt_qa_writes", False):
        connection.exec_driver_sql("BEGIN")
        return
    level = "FULL" if options.get("sbrt_qa_durable", False) else "NORMAL"
    connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {SAID_SECONDS * 1000}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    except OperationalError as error:
        if "locked" not in str(error.orig):
            raise
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    _say_waiting()
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _say_waiting() -> None:
    LOG.warning(
        "waiting for another process that writes into this audit, for up to %s s", BUSY_SECONDS
    )


def _lock_postgresql(connection: Connection) -> None:
    """Wait until no other writes, and say so when that takes a while."""
    until = time.monotonic() + SAID_SECONDS
    lock = sa.text(f"SELECT pg_try_advisory_xact_lock({CHAIN_LOCK})")
    while not connection.scalar(lock):
        if time.monotonic() > until:
            _say_waiting()
            connection.execute(sa.text(f"SET LOCAL lock_timeout = {BUSY_SECONDS * 1000}"))
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({CHAIN_LOCK})"))
            return
        time.sleep(0.02)


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
def writing(engine: Engine, *, durable: bool = False, covers: bool = True) -> Iterator[Connection]:
    """Give a connection in one transaction that no other writer interrupts.

    Parameters
    ----------
    durable
        Come back only when even a power cut would lose nothing: what answers a person.
    covers
        Refuse rows that no event of the transaction covers, see `sbrt_qa.audit.store.covered`.

    Raises
    ------
    StoreError
        The database refuses what is written, or cannot be reached.
    """
    with translated(), _connected(engine) as fresh:
        connection = fresh.execution_options(sbrt_qa_writes=True, sbrt_qa_durable=durable)
        with connection.begin():
            if engine.dialect.name == "postgresql":
                _lock_postgresql(connection)
            connection.info.pop(APPENDED, None)
            connection.info[MARKS] = covered.marks(connection) if covers else None
            try:
                yield connection
                if covers:
                    now = covered.marks(connection)
                    covered.refuse_uncovered(connection.info[MARKS], now)
            finally:
                with_marks = connection.info if not connection.invalidated else {}
                with_marks.pop(MARKS, None)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one state of the database.

    Raises
    ------
    StoreError
        The database cannot be read.
    """
    with translated(), _connected(engine) as connection, connection.begin():
        yield connection


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    """Give a connection; one to a database that answered before is tried again for a while."""
    with _patiently(engine, engine.connect) as connection:
        yield connection


def _patiently(engine: Engine, work: Callable[[], T]) -> T:
    """Do something, and again for a while when a database that answered before is away."""
    begun, said, pause = time.monotonic(), False, 0.1
    while True:
        try:
            done = work()
        except (OperationalError, LostConnectionError) as error:
            waited = time.monotonic() - begun
            if engine.dialect.name == "sqlite" or not getattr(engine, ANSWERED_BEFORE, False):
                raise
            if waited > AGAIN_SECONDS or not _is_away(error):
                raise
            if waited > SAID_SECONDS and not said:
                said = True
                LOG.warning(
                    "the database does not answer; trying again for up to %s s", AGAIN_SECONDS
                )
            time.sleep(pause)
            pause = min(2 * pause, 2.0)
        else:
            setattr(engine, ANSWERED_BEFORE, True)
            return done


def _is_away(error: Exception) -> bool:
    """Tell whether a database broke the connection or takes none, rather than refused a request."""
    if isinstance(error, LostConnectionError):
        return True
    state = str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or not state or state.startswith(("08", "57P"))


class LostConnectionError(StoreError):
    """The connection broke in the middle of a transaction."""


def written(engine: Engine, work: Callable[[Connection], T], *, durable: bool = False) -> T:
    """Do something in one transaction, once, and again where the connection broke meanwhile.

    Whether a transaction whose end was not answered took place is told by its last event.

    Parameters
    ----------
    work
        Given the connection; called again from the start where the connection was lost.

    Raises
    ------
    StoreError
        The database refuses, or stays away.
    """
    done: list[tuple[str, T]] = []

    def attempt() -> T:
        if done and _is_recorded(engine, done[-1][0]):
            return done[-1][1]
        done.clear()
        with writing(engine, durable=durable) as connection:
            made = work(connection)
            done.append((connection.info.get(APPENDED, ""), made))
        return made

    return _patiently(engine, attempt)


def _is_recorded(engine: Engine, event: str) -> bool:
    with reading(engine) as connection:
        found = sa.select(audit_events.c.seq).where(audit_events.c.hash == event)
        return bool(event) and connection.scalar(found) is not None


def read(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Ask something of one state of the database, and again where the connection broke meanwhile.

    Raises
    ------
    StoreError
        The database cannot be read.
    """

    def attempt() -> T:
        with reading(engine) as connection:
            return work(connection)

    return _patiently(engine, attempt)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the database's errors into ours, without the values of the statement.

    Raises
    ------
    StoreError
        The database cannot be used, is damaged, or refuses.
    """
    try:
        yield
    except OperationalError as error:
        kind = LostConnectionError if error.connection_invalidated else StoreError
        raise kind("the database cannot be used", got=_first_line(error)) from error
    except SQLAlchemyError as error:
        damaged = type(error) is DatabaseError  # SQLite: "malformed", "not a database"
        what = "the database is damaged" if damaged else "the database refuses"
        raise StoreError(what, got=_first_line(error)) from error


def _first_line(error: SQLAlchemyError) -> str:
    text = str(getattr(error, "orig", None) or error)
    return quoted(text.partition("\n")[0])


def is_current(engine: Engine) -> bool:
    """Tell whether a database has the tables of this version."""
    with reading(engine) as connection:
        return version_of(connection) == VERSION


def version_now(engine: Engine) -> str:
    """Return the version of a database's tables, empty where there are none."""
    with reading(engine) as connection:
        return version_of(connection)


def version_of(connection: Connection) -> str:
    """Return the version of the tables, empty where there are none."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.scalar(sa.text("SELECT version_num FROM alembic_version")) or "")
