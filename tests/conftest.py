"""For all tests: no compiled kernel that is older than a source, and no self-test of the user's.

Examples that hypothesis makes are the same every time and have no limit of time, so that a test
fails for the code and neither for the day nor for the machine; `--hypothesis-profile=search`
looks for others.

The kernel cache looks only at a function's own file, not at files of functions it calls.
"""

import tempfile
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "suite",
    derandomize=True,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.load_profile("suite")

SOURCE = Path(__file__).parents[1] / "src" / "sbrt_qa"


@pytest.fixture(autouse=True, scope="session")
def _own_state_folder():
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setenv("XDG_STATE_HOME", folder)
        yield


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):  # one of several processes: the first has seen to it
        return
    newest = max(path.stat().st_mtime for path in SOURCE.rglob("_kernels.py"))
    cached = [path for path in SOURCE.rglob("*.nb[ci]") if path.parent.name == "__pycache__"]
    if any(path.stat().st_mtime < newest for path in cached):
        for path in cached:
            path.unlink(missing_ok=True)
