"""Gather the pages of the documentation site: `docs`, the changelog and the page on security.

    python scripts/gather_pages.py build/pages

Links of the repository are made those of the site. What only the repository has (tests, sources)
is not linked there: the words stay.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOP_PAGES = {"CHANGELOG.md": "changelog.md", "SECURITY.md": "security.md"}
LEFT_OUT = ("package_page.md",)
LINK = re.compile(r"\[([^][]*)\]\(([^()\s]+)\)")


def gather(out: Path) -> None:
    """Write all pages into a new folder."""
    shutil.copytree(ROOT / "docs", out, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for name, page in TOP_PAGES.items():
        text = (ROOT / name).read_text(encoding="utf-8").replace("](docs/", "](")
        for other, its_page in TOP_PAGES.items():
            text = text.replace(f"]({other}", f"]({its_page}")
        (out / page).write_text(text, encoding="utf-8")
    for path in out.rglob("*.md"):
        path.write_text(_linked(path, out), encoding="utf-8")


def _linked(path: Path, out: Path) -> str:
    """Return the text of a page; links that lead out of the site become words."""

    def kept(found: re.Match[str]) -> str:
        target = found[2].partition("#")[0]
        inside = (path.parent / target).resolve().is_relative_to(out.resolve())
        return found[0] if "://" in target or inside else found[1]

    return LINK.sub(kept, path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    gather(Path(sys.argv[1]))
