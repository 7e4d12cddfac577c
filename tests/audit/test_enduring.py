"""Case 145: an audit that cannot be written still answers; two runs do not meet in one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from entries import fill
from trials import ACTOR, Ran, command_line, run

from sbrt_qa.audit.finish import finish
from sbrt_qa.audit.folder import AuditSettings, begin
from sbrt_qa.audit.published import put_letter, record_files
from sbrt_qa.audit.request import Step
from sbrt_qa.audit.run_lock import only_run
from sbrt_qa.audit.store.queries import letters
from sbrt_qa.cli.progress import ENOUGH, StepCount

NOW = "2026-02-02T10:00:00Z"
CODE = "S1/001/v1"


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    folder = tmp_path / "AUDIT"
    engine = begin(folder, AuditSettings("T")).engine()
    fill(engine)
    record_files(engine, folder, NOW)
    for one in letters(engine):
        put_letter(folder, one.top.number, one.text)
    engine.dispose()
    finish(folder)
    return folder


@pytest.fixture
def read_only(audit: Path) -> Iterator[Path]:
    """The same where nothing can be written: neither the folder nor anything in it."""
    there = [audit, *audit.rglob("*")]
    for path in there:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield audit
    for path in there:
        path.chmod(0o755 if path.is_dir() else 0o644)


def bound(*arguments: object) -> Ran:
    """Run the command line without the right to write what modes do not allow."""
    command = command_line(*arguments)
    if os.getuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("the superuser may write everywhere; setpriv (util-linux) is not installed")
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=1800,
        env={**os.environ, "COLUMNS": "120", "SBRT_QA_ACTOR": ACTOR},
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_case_145__a_read_only_audit_answers_and_gives_copies_of_letters(read_only, tmp_path):
    before = contents(read_only)
    asked = bound("query", read_only, "submissions", "--format", "json")
    assert asked.code == 0, asked.err
    assert CODE in asked.out
    checked = bound("verify", read_only)
    assert checked.code == 0, checked.err
    copied = bound("letter", read_only, CODE, "--copy")
    assert copied.code == 0, copied.err
    assert copied.out == (read_only / "letters" / "0002.txt").read_text()
    out = tmp_path / "exported"
    exported = bound("export", read_only, "--format", "csv", "--out", out)
    assert exported.code == 0, exported.err
    assert "S1/001/v1" in (out / "submissions.csv").read_text()
    (tmp_path / "submissions").mkdir()
    for recording in (
        ("letter", read_only, CODE, "--close", "done"),
        ("letter", read_only, CODE, "--answered", "soon"),
        ("letter", read_only, "S1/marked second/v1"),
        ("audit", tmp_path / "submissions", "--out", read_only, "--trial", "T"),
        ("verify", read_only, "--accept-loss", "lost"),
    ):
        refused = bound(*recording)
        assert refused.code == 1, (recording, refused.err)
        assert "this audit is read-only" in " ".join(refused.err.split())
    assert contents(read_only) == before


def test_case_145__a_second_run_is_refused_and_told_who_is_at_work(audit, tmp_path):
    (tmp_path / "submissions").mkdir()
    with only_run(audit, NOW, "Night Shift"):
        ran = run("audit", tmp_path / "submissions", "--out", audit, "--trial", "T")
    assert ran.code == 2, ran.err
    told = " ".join(ran.err.split())
    assert "another audit is at work in this folder" in told
    for part in (f"process {os.getpid()}", f"since {NOW}", "Night Shift"):
        assert part in told
    assert run("audit", tmp_path / "submissions", "--out", audit, "--trial", "T").code in (0, 1)


def test_case_145__no_time_is_told_before_enough_was_reviewed():
    count = StepCount()
    for number in range(1, ENOUGH + 1):
        assert "left" not in count.line()
        count.add(Step(f"S1/{number}/v1", "minor", 50, complete=True))
    assert count.left().endswith(" s left")
    unchanged = StepCount()
    for _ in range(3 * ENOUGH):
        unchanged.add(Step("", None, 50, complete=True))
    assert unchanged.left() == ""  # what needs no review says nothing of how long one takes
