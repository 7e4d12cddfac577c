"""Killed at any point, an audit loses and doubles nothing; Ctrl-C stops it cleanly."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from trials import Trial, command_line, run

from sbrt_qa.sample_trial import write_trial
from sbrt_qa.store.kept import reviews
from sbrt_qa.store.known import counts
from sbrt_qa.store.verify import verify
from sbrt_qa.workflows_audit.place import open_audit

KILLS = 50
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


def seconds_to_first_recording(trial: Trial, out: Path) -> float:
    command = command_line("audit", trial.submissions, "-p", trial.protocol(), "--out", out)
    begun = time.monotonic()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait_until(lambda: len(recorded(out)) > 0 if (out / "audit.json").exists() else False)
    process.kill()
    process.wait()
    return time.monotonic() - begun


@pytest.mark.slow
def test_killed_at_fifty_random_points_nothing_is_lost_or_doubled(tmp_path):
    planted = write_trial(tmp_path / "trial", 40)
    trial = Trial(tmp_path / "trial", planted)
    longest = LATEST * seconds_to_first_recording(trial, tmp_path / "first")
    chance = random.Random(20260301)  # noqa: S311 - a test must be the same every time
    audits = 0
    before: dict[str, str] = {}
    progress = set()
    for _ in range(KILLS):
        out = tmp_path / f"AUDIT{audits}"
        command = command_line("audit", trial.submissions, "-p", trial.protocol(), "--out", out)
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, longest))
        process.send_signal(signal.SIGKILL)
        process.wait()
        after = recorded(out) if (out / "audit.json").exists() else {}
        assert before.items() <= after.items()
        progress.add(len(after))
        before = after
        if len(after) == len(planted):
            audits, before = audits + 1, {}
    assert len(progress) > 5  # kills did hit it at work
    ran = run("audit", trial.submissions, "-p", trial.protocol(), "--out", out)
    assert ran.code in (0, 1), ran.err
    after = recorded(out)
    assert before.items() <= after.items()
    assert set(after) == {one.code for one in planted}


def test_ctrl_c_stops_cleanly_and_the_same_command_goes_on(tmp_path):
    planted = write_trial(tmp_path / "trial", 16)
    trial = Trial(tmp_path / "trial", planted)
    out = tmp_path / "AUDIT"
    command = command_line("audit", trial.submissions, "-p", trial.protocol(), "--out", out)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: len(recorded(out)) >= 2 if (out / "audit.json").exists() else False)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "The same command goes on from here" in told
    assert "Traceback" not in told
    before = recorded(out)
    assert 2 <= len(before) < 16
    assert run("audit", trial.submissions, "-p", trial.protocol(), "--out", out).code in (0, 1)
    after = recorded(out)
    assert before.items() <= after.items()
    assert set(after) == {one.code for one in planted}


def test_watching_picks_up_what_arrives(tmp_path):
    trial = Trial(tmp_path / "trial", write_trial(tmp_path / "trial", 3))
    later = tmp_path / "later"
    (trial.submissions / "S03").rename(later)
    out = tmp_path / "AUDIT"
    command = command_line(
        "audit", trial.submissions, "-p", trial.protocol(), "--out", out, "--watch", "--every", 1
    )
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: len(recorded(out)) == 2 if (out / "audit.json").exists() else False)
    later.rename(trial.submissions / "S03")
    wait_until(lambda: len(recorded(out)) == 3)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in told


def wait_until(reached) -> None:
    for _ in range(600):
        if reached():
            return
        time.sleep(0.1)
    pytest.fail("it did not happen within a minute")
