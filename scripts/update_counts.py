#!/usr/bin/env python3
"""Bring what the documents count up to date: ``113 checks``, ``40 metrics``, quirks, formats.

    scripts/update_counts.py            writes README.md, CONTRIBUTING.md and docs/*.md
    scripts/update_counts.py --check    changes nothing, and fails where a number is wrong

Numbers in blocks of code are left alone.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import sbrt_qa.checks  # noqa: F401 - registers them
from sbrt_qa.checks.registry import CHECKS
from sbrt_qa.dicom import load as _readers  # noqa: F401 - they register quirks
from sbrt_qa.dicom.quirks import QUIRKS
from sbrt_qa.dosimetry.metrics import METRICS
from sbrt_qa.reports.registry import format_names

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
COUNTED = {
    "checks": len(CHECKS),
    "metrics": len(METRICS),
    "quirks": len(QUIRKS),
    "report formats": len(format_names()),
}
"""What documents count, and how many there are."""

_COUNT = re.compile(rf"\b(\d+) ({'|'.join(COUNTED)})\b")
_BLOCK = re.compile(r"(```.*?```)", re.DOTALL)


def corrected(text: str) -> str:
    """Return a page with the numbers that hold."""
    parts = _BLOCK.split(text)  # every second one is a block of code
    parts[::2] = [_COUNT.sub(lambda f: f"{COUNTED[f[2]]} {f[2]}", part) for part in parts[::2]]
    return "".join(parts)


def wrong(page: Path) -> list[str]:
    """Return the counts of a page that do not hold, with those that do."""
    text = "".join(_BLOCK.split(page.read_text(encoding="utf-8"))[::2])
    return [
        f"{number} {what}: {COUNTED[what]}"
        for number, what in _COUNT.findall(text)
        if int(number) != COUNTED[what]
    ]


def main() -> int:
    found = {page: wrong(page) for page in PAGES}
    for page, told in found.items():
        if told:
            print(f"{page.relative_to(ROOT)}: {', '.join(told)}")
            if "--check" not in sys.argv:
                page.write_text(corrected(page.read_text(encoding="utf-8")), encoding="utf-8")
    return 1 if "--check" in sys.argv and any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
