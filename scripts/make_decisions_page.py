#!/usr/bin/env python3
"""Write docs/decisions.md: what the trial group has to decide, from the protocol file itself.

`tests/protocol/test_decisions.py` fails when the page is not what the file says.
"""

from __future__ import annotations

from pathlib import Path

from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.reports.protocol_decisions import decisions_page

PAGE = Path(__file__).resolve().parents[1] / "docs" / "decisions.md"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page as it should be."""
    return decisions_page(load_protocol("liver_sbrt"))


if __name__ == "__main__":
    main()
