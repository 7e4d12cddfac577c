"""Both databases, and reviews to store."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

sys.path.append(str(Path(__file__).parent))

from entries import fill
from office_rows import fill_office
from postgres import drop_database, fresh_database

from sbrt_qa.audit.store.connection import open_engine
from sbrt_qa.audit.store.migrate import upgrade


def brought_up_to_date(url: str) -> str:
    """Make a store in an empty database by all migrations; return its address."""
    engine = open_engine(url)
    upgrade(engine)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def store_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A current store without rows, to be copied: migrations run once for all tests."""
    path = tmp_path_factory.mktemp("store") / "audit.db"
    brought_up_to_date(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def store_database(postgres_server: str) -> str:
    """The same in PostgreSQL."""
    return brought_up_to_date(fresh_database(postgres_server))


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database a test has."""
    return str(request.param)


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> Iterator[str]:
    """The address of a database, of either kind: of a current store for `engine`, or empty."""
    current = "engine" in request.fixturenames
    if kind == "sqlite":
        path = tmp_path / "audit.db"
        if current:
            shutil.copy(request.getfixturevalue("store_file"), path)
        yield f"sqlite:///{path}"
        return
    like = request.getfixturevalue("store_database") if current else ""
    server = request.getfixturevalue("postgres_server")
    made = fresh_database(server, like)
    yield made
    drop_database(server, made)


@pytest.fixture
def empty(url: str) -> Iterator[sa.Engine]:
    """An engine of a database in which nothing is yet."""
    engine = open_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(empty: sa.Engine) -> sa.Engine:
    """An engine of a current store without rows."""
    return empty


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[sa.Engine]:
    """A store with rows in every table, those of the office too. Read only."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('filled') / 'audit.db'}"
    else:
        url = fresh_database(request.getfixturevalue("postgres_server"))
    engine = open_engine(url)
    upgrade(engine)
    fill(engine)
    fill_office(engine)
    yield engine
    engine.dispose()
