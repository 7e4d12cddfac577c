"""Both databases, and reviews to store."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

sys.path.append(str(Path(__file__).parent))

from entries import fill
from office_rows import fill_office
from postgres import fresh_database, running_server

from sbrt_qa.audit.store.connection import open_engine
from sbrt_qa.audit.store.migrate import upgrade


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a running PostgreSQL, started once."""
    pytest.importorskip("psycopg")
    try:
        with running_server() as url:
            yield url
    except FileNotFoundError:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql)")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'audit.db'}"
    return fresh_database(request.getfixturevalue("postgres_server"))


@pytest.fixture
def empty(url: str) -> Iterator[sa.Engine]:
    """An engine of a database in which nothing is yet."""
    engine = open_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(empty: sa.Engine) -> sa.Engine:
    """An engine of a current, empty store."""
    upgrade(empty)
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
