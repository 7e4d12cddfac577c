"""Killed at any point, an audit loses and doubles nothing; Ctrl-C stops it cleanly."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from trials import Trial, command_line, run

from sbrt_qa.audit.folder import open_audit
from sbrt_qa.audit.store.kept import reviews
from sbrt_qa.audit.store.known import counts
from sbrt_qa.audit.store.verify_records import verify
from sbrt_qa.testing.sample.trial import write_trial

KILLS = int(os.environ.get("SBRT_QA_KILLS", "14"))
"""How often it is killed; `scripts/bench killed` does it 200 times."""

WITH_ALL_PROCESSES = 3
"""Kills of the command line with all its processes; the others hit one that is warm at once."""

LATEST = 1.7
"""Latest kill, in times of what this machine takes from the start to the first recording."""


def recorded(audit: Path) -> dict[str, str]:
    """Return the fingerprint of each review by submission; fails if anything is torn or twice."""
    if not (audit / "audit.db").exists():
        return {}
    engine = open_audit(audit).engine()
    try:
        found = verify(engine)
        assert not found.difference
        listed = [(one.code, one.sha256) for one in reviews(engine)]
        assert len({code for code, _ in listed}) == len(listed)
        assert counts(engine)["submissions"] == len(listed)
        return dict(listed)
    finally:
        engine.dispose()


def number_recorded(audit: Path) -> int:
    """Return how many submissions are recorded, by the quickest look; 0 before there is a store."""
    if not (audit / "audit.db").exists():
        return 0
    with contextlib.closing(sqlite3.connect(audit / "audit.db", timeout=60)) as store:
        try:
            return int(store.execute("SELECT count(*) FROM submissions").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def begin(trial: Trial, out: Path, *more: object) -> subprocess.Popen[str]:
    """Begin an audit by the command line."""
    command = command_line("audit", trial.submissions, "-p", trial.protocol(), "--out", out, *more)
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


class WarmProcess:
    """A process that has loaded everything, and audits in forks of itself, see `killable`."""

    def __init__(self, trial: Trial) -> None:
        script = Path(__file__).with_name("killable.py")
        command = [sys.executable, str(script), str(trial.submissions), str(trial.protocol())]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def begin(self, out: Path) -> int:
        """Begin an audit and return the number of its process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(out, file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def kill(self, number: int) -> None:
        """Kill an audit and wait until it is gone."""
        os.kill(number, signal.SIGKILL)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print("gone?", file=self._process.stdin, flush=True)
        assert self._process.stdout.readline() == "gone\n"

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


class Kills:
    """Kills audits, and holds what is recorded after each kill against what was before."""

    def __init__(self, folder: Path, expected: int) -> None:
        self._folder, self._expected = folder, expected
        self._audits = 0
        self._before: dict[str, str] = {}
        self.progress: set[int] = set()

    @property
    def out(self) -> Path:
        return self._folder / f"AUDIT{self._audits}"

    def look(self) -> None:
        after = recorded(self.out) if (self.out / "audit.json").exists() else {}
        assert self._before.items() <= after.items()
        self.progress.add(len(after))
        self._before = after
        if len(after) == self._expected:
            self._audits, self._before = self._audits + 1, {}

    def wait_for_more(self, more: int) -> None:
        """Wait until an audit has recorded some submissions more than it had, or all."""
        enough = min(len(self._before) + more, self._expected)
        wait_until(lambda: number_recorded(self.out) >= enough)

    def finish(self, trial: Trial) -> None:
        """Let the last one come to its end: all is there, once, and verified."""
        ran = run("audit", trial.submissions, "-p", trial.protocol(), "--out", self.out)
        assert ran.code in (0, 1), ran.err
        after = recorded(self.out)
        assert self._before.items() <= after.items()
        assert set(after) == {one.code for one in trial.planted}


@pytest.mark.slow
def test_killed_at_random_points_nothing_is_lost_or_doubled(tmp_path):
    trial = Trial(tmp_path / "trial", write_trial(tmp_path / "trial", 24))
    chance = random.Random(20260301)  # noqa: S311 - a test must be the same every time
    kills = Kills(tmp_path, len(trial.planted))

    def moments(begin_first: Callable[[], Callable[[], None]]) -> float:
        """Measure from the start to the first recording; end that run."""
        begun = time.monotonic()
        end = begin_first()
        wait_until(lambda: number_recorded(tmp_path / "first") > 0)
        end()
        shutil.rmtree(tmp_path / "first")
        return LATEST * (time.monotonic() - begun)

    def whole() -> Callable[[], None]:
        process = begin(trial, tmp_path / "first")
        return lambda: killed(process)

    longest = moments(whole)
    for _ in range(WITH_ALL_PROCESSES):
        process = begin(trial, kills.out)
        time.sleep(chance.uniform(0, longest))
        killed(process)
        kills.look()
    warm = WarmProcess(trial)
    number = warm.begin(tmp_path / "first")
    longest = moments(lambda: lambda: warm.kill(number))
    for kill in range(KILLS - WITH_ALL_PROCESSES):
        number = warm.begin(kills.out)
        if kill % 2:  # however slow the machine is, these do hit it at work
            kills.wait_for_more(chance.randint(1, 4))
        time.sleep(chance.uniform(0, longest) / (1 + 9 * (kill % 2)))
        warm.kill(number)
        kills.look()
    warm.end()
    assert len(kills.progress) > 5
    kills.finish(trial)


def killed(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def interrupted(trial: Trial, folder: Path, wanted: range) -> tuple[Path, str]:
    """Press Ctrl-C once so many are recorded; return the audit and what it told.

    Where it had recorded more by the time that the signal arrived, another audit is begun.
    """
    for attempt in range(20):
        out = folder / f"AUDIT{attempt}"
        process = begin(trial, out)
        wait_until((out / "audit.json").exists)
        wait_until(lambda out=out: number_recorded(out) >= wanted[0])
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=1800)
        assert "Traceback" not in told
        if len(recorded(out)) in wanted:
            assert process.returncode == 130, told
            return out, told
    pytest.fail("no audit could be interrupted in time")


def test_ctrl_c_stops_cleanly_and_the_same_command_goes_on(tmp_path):
    trial = Trial(tmp_path / "trial", write_trial(tmp_path / "trial", 24))
    out, told = interrupted(trial, tmp_path, range(2, 24))
    assert "The same command goes on from here" in told
    before = recorded(out)
    assert run("audit", trial.submissions, "-p", trial.protocol(), "--out", out).code in (0, 1)
    after = recorded(out)
    assert before.items() <= after.items()
    assert set(after) == {one.code for one in trial.planted}


def test_ctrl_c_before_anything_is_recorded_stops_cleanly(tmp_path):
    trial = Trial(tmp_path / "trial", write_trial(tmp_path / "trial", 3))
    interrupted(trial, tmp_path, range(1))


def test_watching_picks_up_what_arrives_and_stops_at_rest(tmp_path):
    trial = Trial(tmp_path / "trial", write_trial(tmp_path / "trial", 3))
    later = tmp_path / "later"
    (trial.submissions / "S03").rename(later)
    out = tmp_path / "AUDIT"
    process = begin(trial, out, "--watch", "--every", "0.2")
    told = read_until(process, "looking every")
    assert "2 reviewed" in told
    assert len(recorded(out)) == 2
    later.rename(trial.submissions / "S03")
    told = read_until(process, "looking every")
    assert "1 reviewed" in told
    assert len(recorded(out)) == 3
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=1800)
    assert process.returncode == 130, told
    assert "Traceback" not in told


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Return what a process tells up to a line with a text; fails when it ends before."""
    assert process.stderr is not None
    told = ""
    for line in process.stderr:
        told += line
        if text in line:
            return told
    pytest.fail(f"it ended without {text!r}: {told}")


def wait_until(reached: Callable[[], bool]) -> None:
    """Wait for a state; the limit is for what never happens, not for a slow machine."""
    for _ in range(90_000):
        if reached():
            return
        time.sleep(0.02)
    pytest.fail("it did not happen within half an hour")
