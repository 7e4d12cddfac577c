"""The account that travels with de-identified files, ``deidentified.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

MANIFEST: Final = "deidentified.json"
"""Name of the account that lies beside released files."""

SCHEMA: Final = "sbrt_qa.deidentified/1"
MOST_BYTES: Final = 16 * 1024**2


def account_in(path: Path) -> dict[str, Any]:
    """Return the account that a file holds; empty where it holds none, or cannot be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        with path.open("rb") as file:
            if file.read(1) != b"{":
                return {}
            file.seek(0)
            found = json.loads(file.read(MOST_BYTES))
        ours = isinstance(found, dict) and found.get("schema") == SCHEMA
        return found if ours and isinstance(found.get("files"), list) else {}
    except (OSError, ValueError, RecursionError):
        return {}
