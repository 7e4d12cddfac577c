"""A receipt of an office to print: what arrived, when, and where the records stood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sbrt_qa.i18n.words import msg
from sbrt_qa.reports.sheet.sheet import Grid, Heading, Paragraph, Sheet

if TYPE_CHECKING:
    from sbrt_qa.i18n.words import Words

HOW = msg("The receipt as a file is held against the records with sbrt-qa receipt verify.")


def receipt_sheet(told: Mapping[str, Any], words: Words, language: str) -> Sheet:
    """Return a receipt as a document.

    Parameters
    ----------
    told
        What the receipt says, with its own SHA-256.
    """
    head = told["head"]
    shifted = words(msg("yes")) if told["dates_shifted"] else words(msg("no"))
    facts = (
        (words(msg("Submission")), str(told["submission"])),
        (words(msg("Received (UTC)")), str(told["received"])),
        (words(msg("Reviewed and recorded (UTC)")), str(told["recorded"])),
        (words(msg("Way in")), str(told["door"])),
        (words(msg("Dates shifted")), shifted),
        (words(msg("Records at that time")), f"{head['seq']} {head['hash']}"),
        (words(msg("Hash of this receipt")), str(told["sha256"])),
    )
    files = tuple((one["sha256"], str(one["size_bytes"])) for one in told["files"])
    reviewed = tuple((one,) for one in told["reviewed"])
    return Sheet(
        words(msg("Receipt")), facts,
        (
            Paragraph(words(HOW)),
            Heading(words(msg("Files as they arrived"))),
            Grid(("SHA-256", words(msg("bytes"))), files, frozenset({1})),
            Heading(words(msg("Files that were reviewed"))),
            Grid(("SHA-256",), reviewed),
        ),
        language=language,
    )  # fmt: skip
