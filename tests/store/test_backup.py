"""A backup made while others write, put back elsewhere, and what is refused."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from entries import entry, fill
from office_rows import fill_office
from postgres import fresh_database
from test_store import NOW, recorder

from sbrt_qa.audit.actors import doing
from sbrt_qa.audit.backing_up import MANIFEST, backup, restore
from sbrt_qa.audit.folder import AuditSettings, begin, open_audit
from sbrt_qa.audit.head import write_head
from sbrt_qa.audit.published import put_letter
from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.audit.store.migrate import upgrade
from sbrt_qa.audit.store.queries import letters
from sbrt_qa.audit.store.verify_office import NO_MATCH, signature_state
from sbrt_qa.audit.store.write import note
from sbrt_qa.audit.verifying import accept_loss, verify
from sbrt_qa.errors import StoreError, UsageError

SECRET = "0123456789abcdef" * 4


def begun(folder: Path, database: str = "") -> Path:
    place = begin(folder, AuditSettings("T", database))
    engine = place.unchecked_engine()
    upgrade(engine)
    fill(engine)
    fill_office(engine)
    for one in letters(engine):
        put_letter(folder, one.top.number, one.text)
    (folder / "places.key").write_text(SECRET)
    write_head(folder, engine)
    engine.dispose()
    return folder


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begun(tmp_path_factory.mktemp("office") / "AUDIT")


@pytest.fixture
def audit(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "AUDIT"))


def states(audit: Path) -> list[str]:
    engine = open_audit(audit).engine()
    with reading(engine) as connection:
        keys = list(connection.scalars(sa.select(o.signatures.c.id)))
        found = [signature_state(connection, key) for key in keys]
    engine.dispose()
    return found


def test_s16__a_backup_made_while_others_write_verifies_elsewhere(audit, tmp_path):
    engine = open_audit(audit).engine()
    stop, written = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            recorder(engine).record(entry("S7", f"{number:03}", content=f"w{number}"), NOW)
            written.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(120)
    try:
        backup(audit, tmp_path / "copy")
    finally:
        stop.set()
        writer.join()
        engine.dispose()
    restore(tmp_path / "copy", tmp_path / "again")
    assert verify(tmp_path / "again").difference == ""
    found = states(tmp_path / "again")
    assert found
    assert NO_MATCH not in found


def test_no_key_is_in_a_backup(audit, tmp_path):
    with sqlite3.connect(audit / "working.db") as base:
        base.execute("CREATE TABLE settings (name TEXT, value TEXT)")
        base.execute("CREATE TABLE sessions (id_sha256 TEXT)")
        base.execute("CREATE TABLE links (token_sha256 TEXT)")
        base.execute("INSERT INTO settings VALUES ('address key', ?), ('kept', 'yes')", [SECRET])
        base.execute("INSERT INTO sessions VALUES (?)", [SECRET])
    base.close()
    (audit / "web.key").write_text(SECRET)
    backup(audit, tmp_path / "copy")
    held = {path.name: path.read_bytes() for path in (tmp_path / "copy").rglob("*")
            if path.is_file()}  # fmt: skip
    assert {"audit.db", "working.db", MANIFEST, "HEAD"} <= set(held)
    assert not any(SECRET.encode() in content for content in held.values())


def test_s17__an_older_state_is_refused_until_somebody_accepts_the_loss(audit, tmp_path):
    backup(audit, tmp_path / "copy")
    engine = open_audit(audit).engine()
    note(engine, "something happened", "", {}, NOW)
    write_head(audit, engine)
    engine.dispose()
    with pytest.raises(UsageError, match="there already"):
        restore(tmp_path / "copy", audit)
    for path in audit.glob("audit.db*"):
        path.unlink()
    restore(tmp_path / "copy", audit)
    assert "lacks an event" in verify(audit).difference
    with pytest.raises(StoreError, match="lacks an event"):
        open_audit(audit).engine()
    assert accept_loss(audit, "", doing("Test Office", "office", "the disk broke")) == 1
    assert verify(audit).difference == ""


def test_a_damaged_backup_is_refused(audit, tmp_path):
    copy = tmp_path / "copy"
    backup(audit, copy)
    with pytest.raises(UsageError, match="there already"):
        backup(audit, copy)
    told = json.loads((copy / MANIFEST).read_text())
    assert "audit.db" in told["files"]
    (copy / "more.txt").write_text("more")
    with pytest.raises(StoreError, match="not put there"):
        restore(copy, tmp_path / "again")
    (copy / "more.txt").unlink()
    with (copy / "audit.db").open("ab") as file:
        file.write(b"x")
    with pytest.raises(StoreError, match="not what it was"):
        restore(copy, tmp_path / "again")
    assert not (tmp_path / "again").exists()
    with pytest.raises(UsageError, match="no backup"):
        restore(audit, tmp_path / "again")


def test_a_forged_audit_is_told_with_its_backup(audit, tmp_path):
    with sqlite3.connect(audit / "audit.db") as base:
        for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type='trigger'"):
            base.execute(f"DROP TRIGGER {name}")
        base.execute("UPDATE signatures SET name = 'Somebody Else'")
    base.close()
    told = backup(audit, tmp_path / "copy").difference
    assert told
    assert told == verify(audit).difference


def test_a_store_in_postgresql_is_dumped_and_put_back(tmp_path, postgres_server):
    if shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not there")
    audit = begun(tmp_path / "AUDIT", fresh_database(postgres_server))
    backup(audit, tmp_path / "copy")
    other = fresh_database(postgres_server)
    restore(tmp_path / "copy", tmp_path / "again", other)
    assert verify(tmp_path / "again", other).difference == ""
