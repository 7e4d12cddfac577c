"""A synthetic trial on disk, and one audit of it for all tests to look at."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sbrt_qa.audit.run_audit import Request
from sbrt_qa.testing.sample.trial import write_trial

sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "store"))

from postgres import fresh_database, running_server
from trials import SUBMISSIONS, Trial, run


@pytest.fixture(scope="session")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    folder = tmp_path_factory.mktemp("trial")
    return Trial(folder, write_trial(folder, SUBMISSIONS))


@pytest.fixture(scope="session")
def audited(trial: Trial, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An audit of the whole trial by the command line. Read only."""
    out = tmp_path_factory.mktemp("audited") / "AUDIT"
    ran = run("audit", trial.submissions, "-p", trial.protocol(), "--out", out)
    assert ran.code == 0, ran.err  # what sites broke is settled
    return out


@pytest.fixture
def small(tmp_path: Path) -> Trial:
    """A few submissions of a test's own."""
    return Trial(tmp_path / "small", write_trial(tmp_path / "small", 6))


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
def database(request: pytest.FixtureRequest) -> str:
    """The address of an empty database: nothing for a file in the audit's folder."""
    if request.param == "sqlite":
        return ""
    return fresh_database(request.getfixturevalue("postgres_server"))


@pytest.fixture
def one_submission(tmp_path: Path, database: str) -> Request:
    """An audit of the one sound submission S01/S01-001/v1, in either database."""
    write_trial(tmp_path / "trial", 1)
    return Request(
        (tmp_path / "trial/submissions",), tmp_path / "AUDIT",
        str(tmp_path / "trial/protocol_v1.yaml"), database=database, reports=False,
    )  # fmt: skip
