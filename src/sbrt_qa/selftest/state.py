"""The latest self-test of this user, kept where the XDG base directory specification says.

Reading its id costs nothing: no phantom and no engine is imported here.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

from sbrt_qa import __version__

SCHEMA: Final = "sbrt_qa.selftest/1"
"""Name and version of the JSON form of a report."""

MAX_CHARACTERS: Final = 1_000_000
"""More than any report has."""


def state_file() -> Path:
    """Return the file that holds the latest report, whether or not it is there."""
    given = Path(os.environ.get("XDG_STATE_HOME", ""))
    base = given if given.is_absolute() else Path.home() / ".local" / "state"
    return base / "sbrt_qa" / "selftest.json"


def keep(report: str) -> bool:
    """Store the JSON of a report as the latest; return whether that was possible."""
    try:
        path = state_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(report, encoding="utf-8")
        part.replace(path)
    except (OSError, RuntimeError):
        return False
    return True


def latest_id() -> str:
    """Return the id of the latest self-test, if this version passed it; else an empty text.

    A file that is no report is none: results never depend on it.
    """
    try:
        with state_file().open(encoding="utf-8") as file:
            data = json.loads(file.read(MAX_CHARACTERS))
        known = (data["schema"], data["engine_version"], data["passed"])
        found = data["id"]
    except (OSError, RuntimeError, ValueError, LookupError, TypeError):
        return ""
    is_ours = known == (SCHEMA, __version__, True) and isinstance(found, str)
    return found if is_ours and found.isalnum() and found.isascii() else ""
