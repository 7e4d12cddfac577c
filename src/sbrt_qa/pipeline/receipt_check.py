"""A receipt in a file, held against itself and against what was sent."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from sbrt_qa.errors import ResultError, quoted

if TYPE_CHECKING:
    from sbrt_qa.intake.receipt import Receipt


def receipt_in(path: Path) -> Receipt:
    """Return the receipt that a file holds.

    Raises
    ------
    ResultError
        There is none, or it was changed.
    """
    from sbrt_qa.intake.receipt import MOST_BYTES, read_receipt

    try:
        with path.open("rb") as file:
            return read_receipt(file.read(MOST_BYTES).decode("utf-8"))
    except (OSError, UnicodeDecodeError):
        raise ResultError("the receipt cannot be read", where=quoted(path.name)) from None


def missing_in(receipt: Receipt, folder: Path) -> int:
    """Return how many of the files that a receipt names do not lie in a folder, by their hashes."""
    there = set()
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                there.add(hashlib.file_digest(file, "sha256").hexdigest())
    return len({one.sha256 for one in receipt.files} - there)
