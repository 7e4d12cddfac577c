"""For all tests: no compiled kernel that is older than a source it may depend on.

The kernel cache looks only at a function's own file, not at files of functions it calls.
"""

from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "sbrt_qa"


def pytest_configure() -> None:
    newest = max(path.stat().st_mtime for path in SOURCE.rglob("_kernels.py"))
    cached = [path for path in SOURCE.rglob("*.nb[ci]") if path.parent.name == "__pycache__"]
    if any(path.stat().st_mtime < newest for path in cached):
        for path in cached:
            path.unlink(missing_ok=True)
