#!/usr/bin/env python3
"""Write docs/hostile_input.md: what hostile input may be, what comes of it, and which test says so.

The items and their tests stand in docs/hostile_input_items.toml. Every test that is named there is
looked up among those that pytest collects; the page counts them.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
ITEMS = ROOT / "docs" / "hostile_input_items.toml"
PAGE = ROOT / "docs" / "hostile_input.md"

INTRODUCTION = """# Hostile input

What a file may do to a reader, and what sbrt_qa does about it: a clear refusal within bounded time
and memory, or a result that says what was wrong. `scripts/make_hostile_input_page.py` makes this
page from `docs/hostile_input_items.toml` and from the tests that pytest collects;
`tests/test_hostile_input_page.py` fails when the page is not what they say, or when a test that it
names does not exist. [Fuzzing](fuzzing.md) has the counts of random damage,
[architecture](architecture.md) the guards.

"""


class Item(NamedTuple):
    """One kind of hostile input, what comes of it, and the tests by the names in the data file."""

    what: str
    does: str
    tests: tuple[str, ...]


def sections() -> dict[str, list[Item]]:
    """Return the items by section."""
    data = tomllib.loads(ITEMS.read_text(encoding="utf-8"))
    return {
        title: [Item(what, does, tuple(tests)) for what, does, *tests in items]
        for title, items in data.items()
    }


def node(test: str) -> str:
    """Return the test as pytest calls it, from its short form."""
    file, _, name = test.partition("::")
    folder, _, stem = file.rpartition("/")
    return f"tests/{folder or 'hostile'}/test_{stem}.py::test_{name}"


def _all_tests() -> Iterator[str]:
    for items in sections().values():
        for item in items:
            yield from map(node, item.tests)


def collected() -> list[str]:
    """Return what pytest finds in the files that the items name."""
    files = sorted({test.partition("::")[0] for test in _all_tests()})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if "::" in line]


def count(test: str, found: Iterable[str]) -> int:
    """Tell how many collected tests one name stands for: itself, or all of its variants."""
    return sum(one == test or one.startswith(f"{test}[") for one in found)


def missing(found: list[str]) -> list[str]:
    """Return named tests that do not exist."""
    return [test for test in _all_tests() if not count(test, found)]


def page(found: list[str]) -> str:
    """Return the text of the page."""
    return INTRODUCTION + "\n".join(_section(*one, found) for one in sections().items())


def _section(title: str, items: list[Item], found: list[str]) -> str:
    rows = "".join(f"| {i.what} | {i.does} | {_links(i.tests, found)} |\n" for i in items)
    return f"## {title}\n\n| given | what sbrt_qa does | tests |\n|---|---|---|\n{rows}"


def _links(tests: tuple[str, ...], found: list[str]) -> str:
    return "<br>".join(_link(node(test), count(node(test), found)) for test in tests)


def _link(test: str, variants: int) -> str:
    path, _, name = test.partition("::")
    times = f" ({variants})" if variants > 1 else ""
    return f"[{name.removeprefix('test_').replace('[', ': ').replace(']', '')}](../{path}){times}"


def main() -> int:
    found = collected()
    PAGE.write_text(page(found), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    for test in missing(found):
        print(f"no such test: {test}", file=sys.stderr)
    return 1 if missing(found) else 0


if __name__ == "__main__":
    sys.exit(main())
