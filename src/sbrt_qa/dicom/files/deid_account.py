"""The account that travels with de-identified files, ``deidentified.json``."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.case import Case, Deidentified

MANIFEST: Final = "deidentified.json"
"""Name of the account that lies beside released files."""

SCHEMA: Final = "sbrt_qa.deidentified/1"
MOST_BYTES: Final = 16 * 1024**2
MOST_TEXT: Final = 200


SHIFTED: Final = say(
    "dates in these files were shifted by de-identification: intervals between them hold, the "
    "dates themselves do not"
)


def accounted(folders: Sequence[Path], case: Case) -> Case:
    """Return a case with what the account of its files says, and that its dates are shifted."""
    told = account_of(folders, [one.sha256 for one in case.provenance.files])
    if told is None:
        return case
    provenance = case.provenance
    if told.dates_shifted:
        provenance = replace(provenance, notes=(*provenance.notes, SHIFTED))
    return replace(case, deidentified=told, provenance=provenance)


def account_of(paths: Sequence[Path], hashes: Collection[str]) -> Deidentified | None:
    """Return what the account beside files says; None where there is none of exactly these files.

    Parameters
    ----------
    paths
        Folders in which an account may lie.
    hashes
        SHA-256 of the files of a case; an account of others says nothing of it.
    """
    for path in paths:
        account = account_in(path / MANIFEST) if path.is_dir() else {}
        rows = [row for row in account.get("files", ()) if isinstance(row, dict)]
        if hashes and {*hashes} <= {str(row.get("sha256")) for row in rows}:
            told = account.get("protocols")
            versions = (
                [row for row in told if isinstance(row, dict)] if isinstance(told, list) else []
            )
            return Deidentified(
                account.get("dates_shifted") is True,
                tuple(
                    (str(row["id"])[:MOST_TEXT], str(row["version"])[:MOST_TEXT])
                    for row in versions
                    if "id" in row and "version" in row
                ),
            )
    return None


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
