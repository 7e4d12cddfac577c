#!/usr/bin/env python3
"""Copy the files of docs/examples into docs/adding.md, between ``<!-- file PATH -->`` and its end.

`tests/test_docs.py` fails when the page shows something else, and runs the files.
"""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "adding.md"
EXAMPLES = PAGE.parent / "examples"
BLOCK = re.compile(r"<!-- file (\S+) -->\n.*?<!-- /file -->", re.DOTALL)
LANGUAGES = {".py": "python", ".yaml": "yaml", ".j2": "jinja"}


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page as it should be."""
    return BLOCK.sub(lambda found: _block(found[1]), PAGE.read_text(encoding="utf-8"))


def shown() -> set[str]:
    """Return the files that the page shows."""
    return set(BLOCK_NAMES.findall(PAGE.read_text(encoding="utf-8")))


BLOCK_NAMES = re.compile(r"<!-- file (\S+) -->")


def _block(name: str) -> str:
    path = EXAMPLES / name
    text = path.read_text(encoding="utf-8").strip("\n")
    return f"<!-- file {name} -->\n```{LANGUAGES[path.suffix]}\n{text}\n```\n<!-- /file -->"


if __name__ == "__main__":
    main()
