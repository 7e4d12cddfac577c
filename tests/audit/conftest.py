"""A synthetic trial on disk, and one audit of it for all tests to look at."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sbrt_qa.audit.run_audit import Request
from sbrt_qa.testing.sample.trial import trial as what_is_planted
from sbrt_qa.testing.sample.trial import write_trial

sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "store"))

from postgres import drop_database, fresh_database
from trials import SUBMISSIONS, Trial, run


@contextlib.contextmanager
def once_for_all(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """Give a folder that every process of this run of the suite gets, one after the other.

    It does not exist for the first; whoever has it for reading must not have it changed.
    """
    common = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        common = common.parent
    with (common / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield common / name


@pytest.fixture(scope="session")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """A trial of all kinds of submissions. Read only."""
    with once_for_all(tmp_path_factory, "trial") as folder:
        if not folder.exists():
            write_trial(folder, SUBMISSIONS)
        return Trial(folder, what_is_planted(SUBMISSIONS))


@pytest.fixture(scope="session")
def audited(trial: Trial, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An audit of the whole trial by the command line. Read only."""
    with once_for_all(tmp_path_factory, "audit of the whole trial") as made:
        if not made.exists():
            ran = run("audit", trial.submissions, "-p", trial.protocol(), "--out", made)
            assert ran.code == 0, ran.err  # what sites broke is settled
        return shutil.copytree(made, tmp_path_factory.mktemp("audited") / "AUDIT")


@pytest.fixture
def small(tmp_path: Path) -> Trial:
    """A few submissions of a test's own."""
    return Trial(tmp_path / "small", write_trial(tmp_path / "small", 6))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database: nothing for a file in the audit's folder."""
    if request.param == "sqlite":
        yield ""
        return
    server = request.getfixturevalue("postgres_server")
    made = fresh_database(server)
    yield made
    drop_database(server, made)


@pytest.fixture
def one_submission(tmp_path: Path, database: str) -> Request:
    """An audit of the one sound submission S01/S01-001/v1, in either database."""
    write_trial(tmp_path / "trial", 1)
    return Request(
        (tmp_path / "trial/submissions",), tmp_path / "AUDIT",
        str(tmp_path / "trial/protocol_v1.yaml"), database=database, reports=False,
    )  # fmt: skip
