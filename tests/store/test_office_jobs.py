"""Jobs with leases, workers that are killed, and the log of what was looked at."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from postgres import fresh_database

from sbrt_qa.audit.folder import AuditSettings, begin
from sbrt_qa.audit.store.access_log import Access, AccessLog, access_events
from sbrt_qa.audit.store.connection import open_engine
from sbrt_qa.audit.store.migrate import upgrade
from sbrt_qa.audit.store.verify_database import schema_differences, trigger_differences
from sbrt_qa.errors import StoreError
from sbrt_qa.web.review_office.access_writer import AccessWriter
from sbrt_qa.web.review_office.office_worker import (
    CHECK_QUEUE,
    RETAIN,
    TAKE_IN,
    VERIFIED,
    VERIFY,
    WorkPlace,
    ask_review,
    work,
)
from sbrt_qa.web.working.job_rows import DONE, FAILED, LOST, RUNNING, WAITING, Jobs
from sbrt_qa.web.working.working_store import WorkingStore

SAMPLE = Path(__file__).parents[2] / "sample_dicom"
BOUND_SECONDS = 600.0
KINDS = ("a", "b")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def postgres_url(postgres_server):
    return fresh_database(postgres_server)


@pytest.fixture
def store(tmp_path):
    made = WorkingStore.in_folder(tmp_path)
    yield made
    made.close()


def test_a_job_is_open_once_and_done_once(store):
    jobs = Jobs(store)
    first = jobs.ask("a", "one", {"n": 1})
    assert jobs.ask("a", "one", {"n": 2}) == first
    taken = jobs.claim("w1", KINDS)
    assert taken is not None
    assert (taken.id, dict(taken.payload), taken.tries) == (first, {"n": 1}, 1)
    assert jobs.claim("w2", KINDS) is None
    assert jobs.ask("a", "one") == first
    assert jobs.done(taken, "well")
    assert jobs.ask("a", "one") != first
    assert [one.state for one in jobs.all()] == [WAITING, DONE]


def test_a_job_of_the_future_and_of_another_kind_waits(store):
    clock = Clock()
    jobs = Jobs(store, clock=clock)
    jobs.ask("a", "later", after=10)
    jobs.ask("c", "unknown")
    assert jobs.claim("w", KINDS) is None
    clock.now += 11
    assert jobs.claim("w", KINDS).key == "later"


def test_p43__a_worker_that_is_gone_is_taken_over_three_times_and_then_seen(store):
    clock = Clock()
    jobs = Jobs(store, lease_seconds=60, clock=clock)
    jobs.ask("a", "one")
    lost = []
    for number in range(3):
        taken = jobs.claim(f"w{number}", KINDS)
        assert taken.tries == number + 1
        lost.append(taken)
        clock.now += 59
        assert jobs.claim("other", KINDS) is None
        clock.now += 2
    assert jobs.claim("w4", KINDS) is None
    (failed,) = jobs.all(FAILED)
    assert failed.result == LOST
    assert not any(jobs.done(one) for one in lost)
    jobs.try_again(failed.id)
    assert jobs.claim("w5", KINDS).tries == 1


def test_p43__who_renews_the_lease_keeps_the_job_and_who_lost_it_is_told(store):
    clock = Clock()
    jobs = Jobs(store, lease_seconds=60, clock=clock)
    jobs.ask("a", "one")
    taken = jobs.claim("w1", KINDS)
    for _ in range(5):
        clock.now += 50
        assert jobs.beat(taken)
        assert jobs.claim("w2", KINDS) is None
    clock.now += 61
    again = jobs.claim("w2", KINDS)
    assert again.id == taken.id
    assert not jobs.beat(taken)
    assert not jobs.done(taken, "late")
    assert jobs.done(again, "in time")
    assert jobs.all()[0].result == "in time"


def test_what_goes_wrong_is_tried_again_later_and_what_is_in_use_costs_no_try(store):
    clock = Clock()
    jobs = Jobs(store, clock=clock)
    jobs.ask("a", "one")
    jobs.postpone(jobs.claim("w", KINDS), 5)
    assert jobs.claim("w", KINDS) is None
    for number in range(1, 4):
        clock.now += 40
        taken = jobs.claim("w", KINDS)
        assert taken.tries == number
        jobs.failed(taken, f"wrong {number}")
    assert [(one.state, one.result) for one in jobs.all()] == [(FAILED, "wrong 3")]


def raced(store: WorkingStore, workers: int = 4, number: int = 40) -> list[int]:
    """Let workers take jobs at once; return the number of every job that somebody did."""
    jobs = Jobs(store)
    for one in range(number):
        jobs.ask("a", str(one))
    done: list[int] = []
    start = threading.Barrier(workers)

    def run(name: str) -> None:
        start.wait()
        while (taken := jobs.claim(name, KINDS)) is not None:
            assert jobs.done(taken)
            done.append(taken.id)

    threads = [threading.Thread(target=run, args=(f"w{n}",)) for n in range(workers)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return done


def test_of_many_workers_each_job_is_one_workers(store):
    done = raced(store)
    assert len(done) == len(set(done)) == 40


def test_of_many_workers_each_job_is_one_workers_in_postgresql(postgres_url):
    store = WorkingStore.in_database(postgres_url)
    done = raced(store)
    store.close()
    assert len(done) == len(set(done)) == 40


# --- workers in processes of their own ----------------------------------------------------------


@pytest.fixture
def audit(tmp_path):
    folder = tmp_path / "A"
    begin(folder, AuditSettings("liver_sbrt")).engine().dispose()
    site = tmp_path / "sites" / "S01" / "S01-001" / "v1"
    shutil.copytree(SAMPLE / "minor", site)
    return folder


def worker(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "sbrt_qa.cli", "work", str(folder), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for(what, why: str) -> None:
    until = time.monotonic() + BOUND_SECONDS
    while not what():
        assert time.monotonic() < until, why
        time.sleep(0.05)


def test_p43__a_killed_worker_is_taken_over_and_the_submission_is_there_once(audit, tmp_path):
    store = WorkingStore.in_folder(audit)
    jobs = Jobs(store)
    ask_review(store, tmp_path / "sites", "liver_sbrt")
    first = worker(audit, "--lease", "2")
    wait_for(lambda: jobs.all(RUNNING), "nobody took the job")
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = worker(audit, "--lease", "2")
    wait_for(lambda: jobs.last("review").state in (DONE, FAILED), "the job was not taken over")
    second.terminate()
    assert second.wait(BOUND_SECONDS) == 0
    assert jobs.last("review").state == DONE, jobs.last("review").result
    engine = begin(audit, AuditSettings("liver_sbrt")).engine()
    with engine.connect() as connection:
        number = connection.scalar(sa.text("SELECT count(*) FROM submissions"))
        states = [row[0] for row in connection.execute(
            sa.text("SELECT to_state FROM transitions ORDER BY id")
        )]  # fmt: skip
    engine.dispose()
    store.close()
    assert number == 1
    assert states == ["received", "automatic review", "reviewed by engine"]


def test_a_worker_does_what_is_asked_once_a_day(audit):
    place = begin(audit, AuditSettings("liver_sbrt"))
    engine, store = place.engine(), WorkingStore.in_folder(audit)
    jobs = Jobs(store)
    jobs.ask(TAKE_IN, "now")
    where = WorkPlace(place, engine, store)
    assert work(where, jobs, lambda: False, once=True) == 4
    assert {one.kind for one in jobs.all(DONE)} == {TAKE_IN, VERIFY, CHECK_QUEUE, RETAIN}
    assert '"difference": ""' in store.setting(VERIFIED)
    assert work(where, jobs, lambda: False, once=True) == 0
    engine.dispose()
    store.close()


# --- what was looked at --------------------------------------------------------------------------


def seen(number: int, subject: str = "S1/001/v1") -> Access:
    at = f"2026-03-02T10:00:{number:02}.000Z"
    return Access(at, "reader1", "s" * 64, str(number), "read", "/cases/{case}", subject)


def logs(log: AccessLog) -> None:
    log.append([seen(1), seen(2)])
    log.append([seen(3, "S2/001/v1")])
    assert [one.seq for one in log.rows()] == [3, 2, 1]
    assert [one.access for one in log.rows(subject="S2/")] == [seen(3, "S2/001/v1")]
    assert log.rows(account="nobody") == []
    number, digest = log.head()
    assert number == 3
    assert list(log.differences({3: digest})) == []
    assert list(log.differences({4: digest})) == [
        "access log: event 4, which the records tell of, is gone or changed"
    ]


def test_the_access_log_is_a_chain_that_nobody_changes(tmp_path):
    log = AccessLog.in_folder(tmp_path)
    logs(log)
    for statement in (
        sa.delete(access_events),
        sa.update(access_events).values(account="somebody"),
    ):
        with pytest.raises(StoreError), log._writing() as connection:
            connection.execute(statement)
    log.close()
    raw = sa.create_engine(f"sqlite:///{tmp_path / 'access.db'}")
    with raw.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER access_events_no_update"))
        connection.execute(sa.text("UPDATE access_events SET account = 'x' WHERE seq = 2"))
    raw.dispose()
    log = AccessLog.in_folder(tmp_path)
    assert list(log.differences({})) == ["access log: event 2 is not what was recorded"]
    log.close()


def test_the_access_log_in_a_schema_of_postgresql(postgres_url):
    log = AccessLog.in_database(postgres_url)
    logs(log)
    with pytest.raises(StoreError), log._writing() as connection:
        connection.execute(sa.delete(access_events))
    log.close()


def test_an_access_log_beside_them_leaves_records_in_postgresql_sound(postgres_url):
    engine = open_engine(postgres_url)
    upgrade(engine)
    log = AccessLog.in_database(postgres_url)
    with engine.connect() as connection:
        assert [*schema_differences(connection), *trigger_differences(connection)] == []
    with engine.begin() as connection:  # one of that name in another schema stands for none here
        connection.exec_driver_sql("DROP TRIGGER reviews_append_only ON reviews")
        connection.exec_driver_sql(
            "CREATE TRIGGER reviews_append_only BEFORE DELETE ON access.access_events "
            "FOR EACH STATEMENT EXECUTE FUNCTION sbrt_qa_append_only()"
        )
    with engine.connect() as connection:
        assert any("reviews_append_only" in told for told in trigger_differences(connection))
    log.close()
    engine.dispose()


def test_pages_are_written_down_together_and_downloads_before_they_leave(tmp_path):
    log = AccessLog.in_folder(tmp_path)
    writer = AccessWriter(log)
    writer.at_once(seen(1))
    assert log.head()[0] == 1
    for number in range(2, 12):
        writer.soon(seen(number))
    wait_for(lambda: log.head()[0] == 11, "pages were not written down")
    writer.soon(seen(12))
    assert writer.head().startswith("12 ")
    writer.close()
