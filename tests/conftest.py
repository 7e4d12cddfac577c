"""For all tests: no compiled kernel that is older than a source, and no self-test of the user's.

Examples that hypothesis makes are the same every time and have no limit of time, so that a test
fails for the code and neither for the day nor for the machine; `--hypothesis-profile=search`
looks for others.

The kernel cache looks only at a function's own file, not at files of functions it calls.
"""

import sys
import tempfile
from collections.abc import Iterator
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

TESTS = Path(__file__).parent

QUICK = (
    "model", "protocol", "geometry", "dosimetry", "checks", "test_architecture.py",
    "test_public_api.py", "test_startup.py",
)  # fmt: skip
"""What `scripts/test --fast` runs, under two minutes of processor time: values, rules, numerics."""

LONG = (
    "checks/test_nothing_to_look_at.py", "checks/test_registry.py", "checks/test_false_alarms.py",
    "checks/test_organ_contours.py", "geometry/test_resized.py",
    "protocol/test_targets.py", "protocol/test_name_bench.py", "protocol/test_decisions.py",
    "dosimetry/test_bands.py", "dosimetry/test_invariants.py", "dosimetry/test_gamma.py",
    "dosimetry/test_contour_bands.py", "geometry/test_dose_sum.py",
    "geometry/test_contour_agreement.py", "geometry/test_surfaces.py",
)  # fmt: skip
"""Files among these with large series, which take their time."""


SAMPLES = TESTS.parent / "sample_dicom"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Write the sample plans where they are missing, as in an unpacked source archive."""
    if not hasattr(session.config, "workerinput") and not (SAMPLES / "major").exists():
        from sbrt_qa.testing.sample import write_samples

        write_samples(SAMPLES)


def is_slow(path: Path) -> bool:
    """Tell whether the tests of a file are for the whole suite only."""
    if not path.is_relative_to(TESTS):
        return False
    inside = path.relative_to(TESTS)
    return inside.parts[:1] not in {(name,) for name in QUICK} or inside.as_posix() in LONG


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import what `-m "not slow"` leaves out."""
    asked = config.option.markexpr == "not slow" and collection_path.suffix == ".py"
    return (
        True
        if asked and collection_path.is_relative_to(TESTS) and is_slow(collection_path)
        else None
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if is_slow(item.path):
            item.add_marker("slow")


SOURCE = Path(__file__).parents[1] / "src" / "sbrt_qa"


@pytest.fixture(autouse=True, scope="session")
def _own_state_folder():
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setenv("XDG_STATE_HOME", folder)
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a running PostgreSQL, started once for all tests of a process."""
    pytest.importorskip("psycopg")
    sys.path.append(str(TESTS / "store"))
    from postgres import running_server

    try:
        with running_server() as url:
            yield url
    except FileNotFoundError:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql)")


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):  # one of several processes: the first has seen to it
        return
    newest = max(path.stat().st_mtime for path in SOURCE.rglob("_kernels.py"))
    cached = [path for path in SOURCE.rglob("*.nb[ci]") if path.parent.name == "__pycache__"]
    if any(path.stat().st_mtime < newest for path in cached):
        for path in cached:
            path.unlink(missing_ok=True)
