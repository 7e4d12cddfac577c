"""Lines of tests for each line of source, by room: `scripts/bench suite`. Blank lines do not count.

Of a room `geometry`, the tests are those in `tests/geometry`; files that serve all are `(all)`.
"""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE, TESTS = ROOT / "src" / "sbrt_qa", ROOT / "tests"
TESTED_IN = {"store": "audit", "hostile": "dicom", "conformance": "dicom", "browser": "reports"}
"""Folders of tests that are called otherwise than the room they test."""


def lines(path: Path) -> int:
    """Return how many lines of a file hold something."""
    return sum(1 for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def by_room(folder: Path) -> Counter[str]:
    """Return the lines below a folder by its first folder below, `(all)` for files beside them."""
    found: Counter[str] = Counter()
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).parts
        room = parts[0] if len(parts) > 1 else "(all)"
        found[TESTED_IN.get(room, room) if folder == TESTS else room] += lines(path)
    return found


def functions() -> int:
    """Return how many functions of tests there are; each may run with many parameters."""
    return sum(
        isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )


def main() -> None:
    source, tests = by_room(SOURCE), by_room(TESTS)
    print(f"{'room':16} {'source':>8} {'tests':>8} {'ratio':>6}")
    for room in sorted(source | tests):
        ratio = f"{tests[room] / source[room]:6.2f}" if source[room] else f"{'-':>6}"
        print(f"{room:16} {source[room]:8,} {tests[room]:8,} {ratio}")
    total, of_tests = source.total(), tests.total()
    print(f"{'together':16} {total:8,} {of_tests:8,} {of_tests / total:6.2f}")
    files = len(list(TESTS.rglob("test_*.py")))
    print(f"{functions():,} functions of tests in {files} files")


if __name__ == "__main__":
    main()
