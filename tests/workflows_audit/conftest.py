"""A synthetic trial on disk, and one audit of it for all tests to look at."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sbrt_qa.sample_trial import write_trial

sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "store"))

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
