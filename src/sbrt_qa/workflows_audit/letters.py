"""``letter``: written from what is recorded, tracked as a query until it is closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.workflows_audit.run import now

if TYPE_CHECKING:
    from pathlib import Path

    from sbrt_qa.audit.letter import Letter
    from sbrt_qa.reports.sheet.model import Grid, Sheet
    from sbrt_qa.store.connection import Database


def write_letter(audit: Path, code: str, days: int, database: str = "") -> Letter:
    """Write the letter of a submission, record it as an open query, and return it.

    Raises
    ------
    UsageError
        There is no such submission, or a query of it is open already.
    """
    from sbrt_qa.audit.letter import Letter, Point, letter_text
    from sbrt_qa.store.answers import deviations, values
    from sbrt_qa.store.queries import all_queries, open_query
    from sbrt_qa.workflows_audit.place import open_audit

    place = open_audit(audit)
    engine = place.engine(database)
    try:
        number = _submission(engine, code)
        if any(one.state != "closed" for one in all_queries(engine, number)):
            advice = "Close it first: --close REASON."
            raise UsageError("a query of this submission is open", got=quoted(code), advice=advice)
        points = [Point(d.what, d.verdict, d.text) for d in deviations(engine, submission=number)]
        protocol = next((v.protocol for v in values(engine, submission=number)), "none applied")
        today = datetime.now(UTC)
        due = (today + timedelta(days=days)).date().isoformat()
        trial, written = place.settings.trial, today.date().isoformat()
        letter = Letter(trial, code, protocol, tuple(points), due, written)
        open_query(engine, number, letter_text(letter), f"{due}T23:59:59Z", now())
        return letter
    finally:
        engine.dispose()


def as_document(letter: Letter, out: Path | None) -> str | bytes:
    """Return a letter in the form that a file's suffix asks for: PDF, HTML, else plain text."""
    from sbrt_qa.audit.letter import letter_text

    suffix = out.suffix.lower() if out else ""
    if suffix not in (".pdf", ".html"):
        return letter_text(letter)
    from sbrt_qa.reports.sheet.render import sheet_html, sheet_pdf

    sheet = letter_sheet(letter)
    return sheet_pdf(sheet) if suffix == ".pdf" else sheet_html(sheet)


def letter_sheet(letter: Letter) -> Sheet:
    """Return a letter as a document to print."""
    from sbrt_qa.reports.sheet.model import Heading, Paragraph, Sheet

    blocks: list[Paragraph | Heading | Grid] = [Paragraph(letter.opening)]
    for heading, points, asked in letter.sections:
        blocks.append(Heading(heading))
        for point in points:
            advice = f" {point.advice}" if point.advice else ""
            blocks.append(Paragraph(f"{point.what}: {point.text}{advice}", is_point=True))
        blocks.append(Paragraph(asked))
    blocks.append(Paragraph(letter.closing))
    return Sheet(f"Review of submission {letter.code}", letter.facts, tuple(blocks))


def close(audit: Path, code: str, reason: str, database: str = "") -> int:
    """Close the open queries of a submission and return how many there were.

    Raises
    ------
    UsageError
        There is no such submission.
    """
    from sbrt_qa.store.queries import close_queries
    from sbrt_qa.workflows_audit.place import open_audit

    engine = open_audit(audit).engine(database)
    try:
        return close_queries(engine, _submission(engine, code), reason, now())
    finally:
        engine.dispose()


def _submission(engine: Database, code: str) -> int:
    from sbrt_qa.store.answers import submissions

    found = [row.id for row in submissions(engine) if row.code == code]
    if not found:
        expected = "a code such as S01/S01-017/v2, see sbrt-qa query AUDIT submissions"
        raise UsageError("no such submission", got=quoted(code), expected=expected)
    return found[0]
