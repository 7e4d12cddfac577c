"""The acceptance report of a self-test as a file: JSON, HTML or PDF by its suffix."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sbrt_qa.errors import UsageError, quoted

if TYPE_CHECKING:
    from sbrt_qa.reports.sheet.sheet import Grid, Sheet
    from sbrt_qa.selftest.acceptance import Rates, SelfTest

SUFFIXES = (".json", ".html", ".pdf")


def check_suffix(out: Path) -> None:
    """Refuse a file whose suffix says no known format, before anything is computed.

    Raises
    ------
    UsageError
        The suffix is another one.
    """
    if out.suffix.lower() not in SUFFIXES:
        expected = ", ".join(SUFFIXES)
        raise UsageError("unknown kind of file", got=quoted(out.suffix), expected=expected)


def document(found: SelfTest, out: Path) -> str | bytes:
    """Return the report in the form that the file's suffix asks for."""
    if out.suffix.lower() == ".json":
        return found.to_json()
    from sbrt_qa.reports.sheet.sheet_render import sheet_html, sheet_pdf

    sheet = acceptance_sheet(found)
    return sheet_html(sheet) if out.suffix.lower() == ".html" else sheet_pdf(sheet)


def acceptance_sheet(found: SelfTest) -> Sheet:
    """Return the report as a document to print and file."""
    from sbrt_qa.reports.sheet.sheet import Grid, Heading, Paragraph, Sheet
    from sbrt_qa.selftest.acceptance_text import NOTE

    promises = tuple(
        (
            "✓ met" if p.met else "✕ not met",
            p.name,
            f"{'≥' if p.at_least else '≤'} {p.required:g}",
            f"{p.reached:.4g}",
        )
        for p in found.promises
    )
    word = "✓ passed" if found.passed else "✕ failed"
    return Sheet(
        f"Acceptance report of sbrt_qa {found.engine_version}: {word}",
        facts=(
            ("Self-test", found.id),
            ("Date", found.date or "not stated"),
            ("Form", f"{found.form}: {found.pairs} phantoms, {found.values} values"),
            ("Engine", found.convention),
            ("Machine", ", ".join(f"{name} {text}" for name, text in found.machine.items())),
        ),
        blocks=(
            Heading("Promised rates"),
            Grid(("verdict", "rate", "required", "reached"), promises, frozenset({2, 3})),
            Heading("By family of phantoms, % of values within"),
            _grid("family", found.by_family),
            Heading("By metric, % of values within"),
            _grid("metric", found.by_metric),
            Paragraph(" ".join(NOTE.split())),
        ),
    )


def _grid(title: str, rows: Mapping[str, Rates]) -> Grid:
    from sbrt_qa.reports.sheet.sheet import Grid
    from sbrt_qa.selftest.scoring import LIMITS_PERCENT

    limits = (f"{limit:g} %" for limit in LIMITS_PERCENT)
    heads = (title, "values", *limits, "largest", "worst case")
    cells = tuple(
        (
            name,
            str(row.values),
            *(f"{share:.1f}" for share in row.within_percent),
            "missing" if row.worst_percent is None else f"{row.worst_percent:.2f} %",
            row.worst_case,
        )
        for name, row in rows.items()
    )
    return Grid(heads, cells, frozenset(range(1, len(heads) - 1)))
