"""What was acknowledged is there after a loss of rows, or a person is told; a restart counts on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import sqlalchemy as sa

from sbrt_qa.intake.landed_source import NAME, kept_source, landed_files
from sbrt_qa.intake.landing import ArrivalSource, DiskSpace, Landing
from sbrt_qa.web.review_office.lost_rows import NOBODY, WHO_SENT, find_lost
from sbrt_qa.web.working.arrival_rows import LANDED, Arrivals
from sbrt_qa.web.working.arrival_tables import arrivals
from sbrt_qa.web.working.study_rows import QUARANTINED, Studies
from sbrt_qa.web.working.working_store import WorkingStore

from .test_intake_work import SAMPLE, Door

SENDER = textwrap.dedent(
    """
    import io, os, sys
    from pathlib import Path
    from sbrt_qa.intake.landing import ArrivalSource, DiskSpace, Landing, land
    from sbrt_qa.web.working.arrival_rows import record_arrival
    from sbrt_qa.web.working.working_store import WorkingStore
    folder = Path(sys.argv[1])
    store = WorkingStore.in_folder(folder)
    vault = Landing(folder / "intake", lambda _: DiskSpace(10**12, 10**12))
    for n in range(20):
        source = ArrivalSource("stow" if n % 2 else "c-store", f"S{n % 3}", "TPS")
        landed = land(vault, source, io.BytesIO(b"object %d" % n), max_bytes=100)
        record_arrival(store, source, landed)
        print(landed.sha256, source.site, flush=True)
    os.kill(os.getpid(), 9)
    """
)


@pytest.fixture
def keeps(tmp_path: Path) -> None:
    try:
        os.setxattr(tmp_path, NAME, b"x")
    except (AttributeError, OSError):
        pytest.skip("this file system keeps no attributes of files")


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path / "office")


@pytest.mark.usefixtures("keeps")
@pytest.mark.parametrize("lost", ["log", "all"])
def test_what_was_acknowledged_is_found_when_rows_are_lost(tmp_path: Path, lost: str) -> None:
    """A sender that was answered twenty times, then the power goes, and the disk loses the log."""
    done = subprocess.run(
        [sys.executable, "-c", SENDER, tmp_path], capture_output=True, text=True, check=False
    )
    told = dict(line.split() for line in done.stdout.splitlines())
    assert len(told) == 20, done.stderr
    assert (tmp_path / "working.db-wal").stat().st_size > 0, "the log holds what it acknowledged"
    for name in ("working.db-wal", "working.db-shm", *(["working.db"] if lost == "all" else [])):
        (tmp_path / name).unlink()
    store = WorkingStore.in_folder(tmp_path)
    vault = Landing(tmp_path / "intake", lambda _: DiskSpace(10**12, 10**12))
    assert {one.sha256 for one in landed_files(vault.folder)} == set(told)
    found, unknown = find_lost(store, vault)
    rows = Arrivals(store).in_state(LANDED)
    assert {one.sha256: one.source.site for one in rows} == told
    assert found > 0
    assert unknown == 0
    assert find_lost(store, vault) == (0, 0)
    store.close()


def test_what_is_acknowledged_is_written_through(tmp_path: Path, door: Door) -> None:
    """SQLite syncs its log for a row that somebody is answered upon (2 is FULL, 1 is NORMAL)."""
    asked = "PRAGMA synchronous"
    with door.store.writing() as connection:
        assert connection.exec_driver_sql(asked).scalar() == 1
    with door.store.writing(durable=True) as connection:
        assert connection.exec_driver_sql(asked).scalar() == 2
    said: list[str] = []

    def heard(_c: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    sa.event.listen(door.store.engine, "before_cursor_execute", heard)
    door.take(b"object")
    assert "PRAGMA synchronous = FULL" in said
    said.clear()
    Studies(door.store).begin("S1", [1])
    assert "PRAGMA synchronous = FULL" in said


@pytest.mark.usefixtures("keeps")
def test_a_study_whose_rows_were_lost_goes_its_way(door: Door) -> None:
    for file in sorted((SAMPLE / "beams").glob("*.dcm")):
        door.take(file.read_bytes())
    before = [(one.sha256, one.source) for one in Arrivals(door.store).in_state(LANDED)]
    with door.store.writing() as connection:
        connection.execute(sa.delete(arrivals))
    assert find_lost(door.store, door.vault, door.clock) == (len(before), 0)
    after = [(one.sha256, one.source) for one in Arrivals(door.store).in_state(LANDED)]
    assert sorted(after, key=str) == sorted(before, key=str)
    (study,) = door.sort()
    assert len(study.members) == len(before)


@pytest.mark.usefixtures("keeps")
def test_a_file_of_nobody_is_told_and_never_released(door: Door) -> None:
    arrival = door.take(b"object")
    os.removexattr(door.vault.path(arrival.sha256), NAME)
    with door.store.writing() as connection:
        connection.execute(sa.delete(arrivals))
    assert find_lost(door.store, door.vault, door.clock) == (0, 1)
    assert find_lost(door.store, door.vault, door.clock) == (0, 0)
    (study,) = Studies(door.store).all()
    assert (study.site, study.state, study.why) == (NOBODY, QUARANTINED, WHO_SENT)


@pytest.mark.usefixtures("keeps")
def test_what_a_site_looks_at_and_did_not_send_is_not_taken_in(door: Door, tmp_path: Path) -> None:
    """It stays while its upload is there, and goes a day after it came."""
    kept = door.take(b"looked at", ArrivalSource("web", "S1", "account 3"))
    left = door.take(b"left alone", ArrivalSource("web", "S1", "account 3"))
    os.link(door.vault.path(kept.sha256), tmp_path / "upload")
    with door.store.writing() as connection:
        connection.execute(sa.delete(arrivals))
    door.now = door.vault.path(left.sha256).stat().st_mtime + 60
    assert find_lost(door.store, door.vault, door.clock) == (0, 0)
    assert door.vault.path(left.sha256).exists()
    door.now += 25 * 3600
    assert find_lost(door.store, door.vault, door.clock) == (0, 0)
    assert not door.vault.path(left.sha256).exists()
    assert door.vault.path(kept.sha256).exists()
    assert Studies(door.store).all() == ()


def test_what_has_just_landed_gets_its_row_from_who_landed_it(door: Door) -> None:
    door.take(b"object")
    with door.store.writing() as connection:
        connection.execute(sa.delete(arrivals))
    (one,) = landed_files(door.vault.folder)
    door.now = one.at + 10
    assert find_lost(door.store, door.vault, door.clock, at_least_seconds=60) == (0, 0)


def test_nothing_else_in_the_folder_is_taken_for_a_landed_file(door: Door) -> None:
    arrival = door.take(b"object")
    path = door.vault.path(arrival.sha256)
    (path.parent / "notes.txt").write_text("x")
    (door.vault.folder / "xy").mkdir()
    (door.vault.folder / "xy" / path.name).write_text("x")
    assert [one.sha256 for one in landed_files(door.vault.folder)] == [arrival.sha256]
    spoilt = door.vault.folder / "aa"
    shutil.rmtree(spoilt, ignore_errors=True)
    if kept_source(path) is not None:
        path.chmod(0o600)
        for told in (b"", b"{}", b'["c-store", 1, 2]', b"\xff", b'["c-store", "S1"]'):
            os.setxattr(path, NAME, told)
            assert kept_source(path) is None


def test_quotas_go_on_from_what_came_before(door: Door) -> None:
    door.take(b"x" * 70)
    door.take(b"y" * 30, ArrivalSource("c-store", "S2", "TPS"))
    door.take(b"z" * 9, ArrivalSource("stow", "S1", "token 1"))
    rows = Arrivals(door.store)
    assert rows.bytes_since("c-store", "S1", 0.0) == 70
    assert rows.bytes_since("c-store", "S1", door.now + 1) == 0
    assert rows.bytes_since("c-store", "S3", 0.0) == 0
