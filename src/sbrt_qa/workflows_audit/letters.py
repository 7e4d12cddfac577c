"""``letter``: written from what is recorded, tracked as a query until it is closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.workflows_audit.run import now

if TYPE_CHECKING:
    from pathlib import Path

    from sbrt_qa.reports.letter.model import Letter
    from sbrt_qa.reports.sheet.model import Sheet
    from sbrt_qa.store.connection import Database


def write_letter(audit: Path, code: str, days: int, database: str = "", lang: str = "en") -> Sheet:
    """Write the letter of a submission, record it, and return it.

    A letter that asks for something is a query that is open until it is closed; one that asks for
    nothing is recorded and leaves none.

    Raises
    ------
    UsageError
        There is no such submission or language, or a query of it is open already.
    """
    from sbrt_qa.reports.letter.compose import letter_sheet
    from sbrt_qa.reports.sheet.text import sheet_text
    from sbrt_qa.reports.words import Words
    from sbrt_qa.store.queries import all_queries, open_query
    from sbrt_qa.store.records import sha256
    from sbrt_qa.store.write import note
    from sbrt_qa.workflows_audit.place import open_audit

    words = Words(lang)
    place = open_audit(audit)
    engine = place.engine(database)
    try:
        number = _submission(engine, code)
        if any(one.state != "closed" for one in all_queries(engine, number)):
            advice = "Close it first: --close REASON."
            raise UsageError("a query of this submission is open", got=quoted(code), advice=advice)
        letter = _letter(engine, number, code, place.settings.trial, days)
        sheet = letter_sheet(letter, words)
        text = sheet_text(sheet)
        if letter.asks:
            open_query(engine, number, text, f"{letter.due}T23:59:59Z", now())
        else:
            note(engine, now(), "letter written", {"submission": number, "letter": sha256(text)})
        return sheet
    finally:
        engine.dispose()


def _letter(engine: Database, number: int, code: str, trial: str, days: int) -> Letter:
    """Return what a letter is written from: the newest reviews as they are stored."""
    from sbrt_qa.reports.letter.model import Letter
    from sbrt_qa.review.result import CaseReview
    from sbrt_qa.store.kept import newest_by_case, reviews, submission_findings

    today = datetime.now(UTC)
    found = tuple(
        CaseReview.from_json(one.document) for one in newest_by_case(reviews(engine, number))
    )
    if not found:
        advice = "Run sbrt-qa audit once more."
        raise UsageError("this submission has no review yet", got=quoted(code), advice=advice)
    due = (today + timedelta(days=days)).date().isoformat()
    about = submission_findings(engine, number)
    return Letter(trial, code, found, about, today.date().isoformat(), due)


def as_document(sheet: Sheet, out: Path | None) -> str | bytes:
    """Return a letter in the form that a file's suffix asks for: PDF, HTML, else plain text."""
    from sbrt_qa.reports.sheet.render import sheet_html, sheet_pdf
    from sbrt_qa.reports.sheet.text import sheet_text

    suffix = out.suffix.lower() if out else ""
    if suffix == ".pdf":
        return sheet_pdf(sheet)
    return sheet_html(sheet) if suffix == ".html" else sheet_text(sheet)


def answered(audit: Path, code: str, note: str, database: str = "") -> int:
    """Record what a site answered to the queries of a submission; return how many there are.

    Raises
    ------
    UsageError
        There is no such submission.
    StoreError
        The note is empty.
    """
    from sbrt_qa.store.queries import answer_queries
    from sbrt_qa.workflows_audit.place import open_audit

    engine = open_audit(audit).engine(database)
    try:
        return answer_queries(engine, _submission(engine, code), note, now())
    finally:
        engine.dispose()


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
