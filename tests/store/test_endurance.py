"""Case 145: a database that is away for a while, one that is locked, and one that is read-only."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import postgres
import pytest
import sqlalchemy as sa
from entries import entry, fill
from test_store import NOW, recorder

from sbrt_qa.audit.store import connection as store
from sbrt_qa.audit.store.connection import open_engine, reading, writing
from sbrt_qa.audit.store.known import counts
from sbrt_qa.audit.store.migrate import upgrade
from sbrt_qa.audit.store.read_only import open_read_only
from sbrt_qa.audit.store.verify_records import verify


@contextmanager
def when_said(text: str, then: Callable[[], object]) -> Iterator[None]:
    """Do something as soon as a warning of the store says a text, and not by the clock."""

    class Listener(logging.Handler):
        said = False

        def emit(self, record: logging.LogRecord) -> None:
            if text in record.getMessage() and not self.said:
                self.said = True
                then()

    listener, log = Listener(logging.WARNING), logging.getLogger("sbrt_qa.audit.store")
    log.addHandler(listener)
    try:
        yield
    finally:
        log.removeHandler(listener)
        if not listener.said:
            then()


def test_case_145__connections_that_the_server_ends_are_opened_again(engine):
    if engine.dialect.name != "postgresql":
        pytest.skip("of PostgreSQL only")
    one = recorder(engine)
    one.record(entry(), NOW)
    other = open_engine(engine.url.render_as_string(hide_password=False))
    with other.connect() as connection:
        ended = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
        connection.execute(sa.text(f"{ended} AND datname = current_database()"))
    other.dispose()
    one.record(entry(version=2, content="second"), NOW)
    assert counts(engine)["submissions"] == 2
    assert verify(engine).difference == ""


def test_case_145__a_server_that_starts_again_is_waited_for(engine, caplog):
    if engine.dialect.name != "postgresql":
        pytest.skip("of PostgreSQL only")
    one = recorder(engine)
    one.record(entry(), NOW)
    folder = Path(str(engine.url.query["host"]))
    postgres.stop(folder)
    with when_said("does not answer", lambda: postgres.start(folder)):
        one.record(entry(version=2, content="second"), NOW)
    assert "the database does not answer; trying again" in caplog.text
    assert counts(engine)["submissions"] == 2
    assert verify(engine).difference == ""


def test_case_145__a_wait_for_another_writer_is_said(engine, url, monkeypatch, caplog):
    monkeypatch.setattr(store, "SAID_SECONDS", 0.2)
    recorder(engine).record(entry(), NOW)
    other = open_engine(url)
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with writing(other):
            inside.set()
            done.wait(600)

    thread = threading.Thread(target=hold)
    thread.start()
    assert inside.wait(600)
    with when_said("waiting for another process", done.set):
        recorder(engine).record(entry(version=2, content="second"), NOW)
    thread.join()
    other.dispose()
    assert "waiting for another process" in caplog.text


def test_case_145__a_store_that_cannot_be_written_is_read_with_what_its_log_holds(tmp_path):
    path = tmp_path / "audit.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    fill(engine)
    assert path.with_name("audit.db-wal").stat().st_size  # as a killed writer leaves it
    before = sorted(one.name for one in tmp_path.iterdir())
    copy = open_read_only(path)
    assert counts(copy) == counts(engine)
    copy.dispose()
    engine.dispose()
    whole = open_read_only(path)
    with reading(whole) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM letters").scalar()
    whole.dispose()
    assert {one.name for one in tmp_path.iterdir()} <= set(before)
