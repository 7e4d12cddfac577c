"""``letter``: written from what is recorded, tracked as a query until it is closed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sbrt_qa.audit.actors import refuse_nobody
from sbrt_qa.audit.published import put_letter
from sbrt_qa.audit.times import now
from sbrt_qa.errors import UsageError, quoted

if TYPE_CHECKING:
    from pathlib import Path

    from sbrt_qa.audit.folder import AuditFolder
    from sbrt_qa.audit.store.connection import Database
    from sbrt_qa.audit.store.queries import LetterHead, QueryRow
    from sbrt_qa.i18n.words import Words
    from sbrt_qa.model.actor import Doing
    from sbrt_qa.reports.letter.letter_facts import Letter, LetterTop
    from sbrt_qa.reports.sheet.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Written:
    """A letter, and the query it is: one that was open before, or None where it is new."""

    sheet: Sheet
    query: QueryRow | None


def write_letter(
    audit: Path,
    code: str,
    days: int,
    database: str = "",
    lang: str = "en",
    by: Doing | None = None,
    trial_file: Path | None = None,
) -> Written:
    """Write the letter of a submission, record it, and return it.

    A letter that asks for something is a query that is open until it is closed; one that asks for
    nothing is recorded and leaves none. While a query is not closed, its letter is written again
    as it was, in any language, with its dates; nothing is recorded then, and nobody need be named.

    Parameters
    ----------
    by
        Who writes; a person.
    trial_file
        Where sender and contact stand, see `sbrt_qa.audit.trial_file`.

    Raises
    ------
    UsageError
        There is no such submission or language; a later submission of the subject is there, and
        this one has no query that waits; the letter of such a query would now say something else;
        or nobody is said to write.
    """
    from sbrt_qa.audit.folder import open_audit
    from sbrt_qa.audit.store.office_history import asked_by
    from sbrt_qa.audit.store.queries import all_queries
    from sbrt_qa.i18n.words import Words
    from sbrt_qa.reports.letter.compose import letter_sheet

    words = Words(lang)
    place = open_audit(audit)
    engine = place.engine(database)
    try:
        number = _submission(engine, code)
        waiting = next((q for q in all_queries(engine, number) if q.state != "closed"), None)
        if waiting is None:
            _refuse_superseded(engine, code)
        asked = _dates(days, asked_by(engine, number, now()[:10]))
        dates = asked if waiting is None else (waiting.opened[:10], waiting.due[:10])
        letter = _letter(engine, number, code, place.settings.trial, dates)
        if waiting is None:
            place.refuse_read_only()
            top = _head_of_letter(engine, place, code, trial_file)
            letter = _record(engine, number, letter, top, words, place, refuse_nobody(by))
        else:
            letter = replace(letter, top=_top_of(engine, waiting))
            _refuse_changed(waiting, letter)
        return Written(letter_sheet(letter, words), waiting)
    finally:
        engine.dispose()


def _dates(days: int, asked: str) -> tuple[str, str]:
    """Return today, and by when an answer is due: as the office asks, else some days later."""
    today = datetime.now(UTC)
    later = (today + timedelta(days=days)).date().isoformat()
    return today.date().isoformat(), asked or later


def _head_of_letter(
    engine: Database, place: AuditFolder, code: str, trial_file: Path | None
) -> LetterHead:
    """Return who writes to whom, as it is known now."""
    from sbrt_qa.audit.store.queries import LetterHead
    from sbrt_qa.audit.store.sites import site_names
    from sbrt_qa.audit.trial_file import read_sender

    sender = read_sender(place.folder, trial_file)
    name = site_names(engine).get(code.partition("/")[0], "")
    return LetterHead(sender=sender.sender, contact=sender.contact, site_name=name)


def _top(one: LetterHead) -> LetterTop:
    from sbrt_qa.reports.letter.letter_facts import LetterTop

    head = str(one.head) if one.head.seq else ""
    return LetterTop(one.number, one.sender, one.contact, one.site_name, head)


def _top_of(engine: Database, waiting: QueryRow) -> LetterTop:
    """Return number, sender and the like of a query's letter as it was written."""
    from sbrt_qa.audit.store.queries import LetterHead, letters

    found = (
        one.top for one in letters(engine, waiting.submission_id) if one.query_id == waiting.id
    )
    return _top(next(found, LetterHead()))


def _record(
    engine: Database,
    number: int,
    letter: Letter,
    top: LetterHead,
    words: Words,
    place: AuditFolder,
    by: Doing,
) -> Letter:
    """Record a letter, put its copy in place, and return it with its number."""
    from sbrt_qa.audit.store.queries import record_letter
    from sbrt_qa.reports.letter.compose import letter_sheet
    from sbrt_qa.reports.sheet.plain_text import sheet_text

    def text(whole: LetterHead) -> str:
        return sheet_text(letter_sheet(replace(letter, top=_top(whole)), words))

    due = f"{letter.due}T23:59:59Z" if letter.asks else ""
    made = record_letter(engine, number, top, text, now(), due=due, by=by)
    put_letter(place.folder, made.top.number, made.text)
    return replace(letter, top=_top(made.top))


def copy_of_letter(audit: Path, code: str, database: str = "") -> str:
    """Return the last letter about a submission as it was written; nothing is recorded.

    Raises
    ------
    UsageError
        There is no such submission, or no letter about it.
    """
    from sbrt_qa.audit.folder import open_audit
    from sbrt_qa.audit.store.queries import all_queries, letters

    engine = open_audit(audit).engine(database)
    try:
        number = _submission(engine, code)
        found = [one.text for one in letters(engine, number)]
        found = found or [one.letter for one in all_queries(engine, number)]
    finally:
        engine.dispose()
    if not found:
        raise UsageError("no letter was written about this submission", got=quoted(code))
    return found[-1]


def _refuse_superseded(engine: Database, code: str) -> None:
    """Raise UsageError where a later submission of the subject is there."""
    from sbrt_qa.audit.store.answers import submissions

    rows = list(submissions(engine))
    mine = next(row for row in rows if row.code == code)
    if not mine.latest:
        newest = next(
            row.code
            for row in rows
            if row.latest and (row.site, row.subject) == (mine.site, mine.subject)
        )
        advice = f"Write the letter of the latest: {newest}."
        raise UsageError(
            "a later submission of the subject came in", got=quoted(code), advice=advice
        )


def _refuse_changed(waiting: QueryRow, letter: Letter) -> None:
    """Raise UsageError where a letter is in no language what was sent: reviews came since."""
    from sbrt_qa.i18n.words import Words, languages
    from sbrt_qa.reports.letter.compose import letter_sheet
    from sbrt_qa.reports.sheet.plain_text import sheet_text

    now_said = (sheet_text(letter_sheet(letter, Words(one))) for one in languages())
    if waiting.letter not in now_said:
        advice = "Close it and write a new one: --close REASON."
        raise UsageError(
            f"a query of this submission is open since {waiting.opened[:10]}, and its letter "
            "would now say something else",
            got=quoted(waiting.code),
            advice=advice,
        )


def _letter(engine: Database, number: int, code: str, trial: str, dates: tuple[str, str]) -> Letter:
    """Return what a letter is written from: the newest reviews, and a decision that counts."""
    from sbrt_qa.audit.store.decision_rows import counting_decision
    from sbrt_qa.audit.store.kept import newest_by_case, reviews, submission_findings
    from sbrt_qa.reports.letter.letter_facts import Letter
    from sbrt_qa.review.case_review import CaseReview

    kept = tuple(newest_by_case(reviews(engine, number)))
    found = tuple(CaseReview.from_json(one.document) for one in kept)
    if not found:
        advice = "Run sbrt-qa audit once more."
        raise UsageError("this submission has no review yet", got=quoted(code), advice=advice)
    findings, decision = submission_findings(engine, number), counting_decision(engine, number)
    plans = tuple(one.plan for one in kept)
    return Letter(trial, code, found, findings, *dates, decision=decision, plans=plans)


def as_document(sheet: Sheet, out: Path | None) -> str | bytes:
    """Return a letter in the form that a file's suffix asks for: PDF, HTML, else plain text."""
    from sbrt_qa.reports.sheet.plain_text import sheet_text
    from sbrt_qa.reports.sheet.sheet_render import sheet_html, sheet_pdf

    suffix = out.suffix.lower() if out else ""
    if suffix == ".pdf":
        return sheet_pdf(sheet)
    return sheet_html(sheet) if suffix == ".html" else sheet_text(sheet)


def answered(audit: Path, code: str, note: str, database: str = "", by: Doing | None = None) -> int:
    """Record what a site answered to the queries of a submission; return how many there are.

    Raises
    ------
    UsageError
        There is no such submission, or nobody is said to record it.
    StoreError
        The note is empty.
    """
    from sbrt_qa.audit.folder import open_to_record
    from sbrt_qa.audit.store.queries import answer_queries

    doing = refuse_nobody(by)
    engine = open_to_record(audit).engine(database)
    try:
        return answer_queries(engine, _submission(engine, code), note, now(), doing)
    finally:
        engine.dispose()


def close(audit: Path, code: str, reason: str, database: str = "", by: Doing | None = None) -> int:
    """Close the open queries of a submission and return how many there were.

    Raises
    ------
    UsageError
        There is no such submission, or nobody is said to close them.
    """
    from sbrt_qa.audit.folder import open_to_record
    from sbrt_qa.audit.store.queries import close_queries

    doing = replace(refuse_nobody(by), reason=reason)
    engine = open_to_record(audit).engine(database)
    try:
        return close_queries(engine, _submission(engine, code), reason, now(), doing)
    finally:
        engine.dispose()


def _submission(engine: Database, code: str) -> int:
    from sbrt_qa.audit.store.answers import submissions

    found = [row.id for row in submissions(engine) if row.code == code]
    if not found:
        expected = "a code such as S01/S01-017/v2, see sbrt-qa query AUDIT submissions"
        raise UsageError("no such submission", got=quoted(code), expected=expected)
    return found[0]
