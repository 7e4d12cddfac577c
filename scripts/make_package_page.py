#!/usr/bin/env python3
"""Write docs/package_page.md: the README as a package index shows it, where no file lies beside it.

Links to files of the repository become their paths; pictures go.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "package_page.md"

_PICTURE = re.compile(r"!\[[^\]]*\]\((?!https?:)[^)]*\)\n?")
_GALLERY = re.compile(r"\n(?:\|[ |-]*\|\n)+(?=\n)")
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|#)([^)]*)\)")


def page() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = _GALLERY.sub("", _PICTURE.sub("", text))
    return _LINK.sub(_as_path, text)


def _as_path(link: re.Match[str]) -> str:
    text, path = link[1], link[2]
    return f"`{path}`" if text.strip("`") == path.partition("#")[0] else f"{text} (`{path}`)"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
