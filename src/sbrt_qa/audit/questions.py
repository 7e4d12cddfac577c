"""``query`` and ``export``: what an audit has to say, as plain rows of columns and cells."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from sbrt_qa.audit.office_answers import OFFICE
from sbrt_qa.audit.rates import SUMS
from sbrt_qa.audit.standings import with_words
from sbrt_qa.audit.what_can_be_asked import PLACE, Answer, Question, Row
from sbrt_qa.errors import UsageError, quoted, visible
from sbrt_qa.model.outcome import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from sbrt_qa.audit.store.answers import ValueRow
    from sbrt_qa.audit.store.connection import Database
    from sbrt_qa.audit.store.queries import QueryRow


WITH_WORDS: Final = ("submissions", "metrics", "deviations")
"""Answers whose rows say how plans belong together, and whether their limits are drafts."""

COUNTS: Final = "valid"
"""`decision_state` of a decision that is used."""

UNDECIDED_WORD: Final = "undecided"
MOST_NAMED: Final = 8
"""Names that an error lists where none of them is near."""

DECISIONS: Final = ("accepted", "accepted with deviation", "rejected", UNDECIDED_WORD)
"""What `Question.decision` can be."""


def ask(audit: Path, question: Question, database: str = "") -> Iterator[Row]:
    """Answer a question with rows that all have the same columns, streamed.

    Raises
    ------
    UsageError
        There is no such kind of answer, or it cannot be narrowed so; there is no audit, or no
        protocol of this hash; the audit knows no such site or subject, or there is no such verdict.
    """
    from sbrt_qa.audit.folder import open_audit
    from sbrt_qa.audit.store.sites import site_names

    if question.about not in ABOUT:
        raise UsageError("unknown question", got=quoted(question.about), expected=", ".join(ABOUT))
    if question.decision not in ("", *DECISIONS):
        got, expected = quoted(question.decision), ", ".join(DECISIONS)
        raise UsageError("no such decision", got=got, expected=expected)
    ABOUT[question.about].check(question)
    engine = open_audit(audit).engine(database)
    try:
        protocol = _protocol(engine, question.protocol)
        names = site_names(engine)
        _refuse_unknown(engine, protocol, question, names)
        found = ABOUT[question.about].rows(engine, protocol, question)
        asked = (row for row in found if _is_asked(row, question))
        rows = (_with_site(row, names) for row in asked)
        words = question.about in WITH_WORDS
        yield from map(_decided_last, with_words(engine, protocol, rows)) if words else rows
    finally:
        engine.dispose()


def _refuse_unknown(
    engine: Database, protocol: str, question: Question, names: Mapping[str, str]
) -> None:
    """Refuse a site, a subject or a verdict that is a slip of the pen: nothing would be found."""
    if question.verdict not in ("", *Verdict):
        expected = ", ".join(Verdict)
        raise UsageError("no such verdict", got=quoted(question.verdict), expected=expected)
    if not (question.site or question.subject):
        return
    rows = [*_submissions(engine, protocol, question), *_places(engine, protocol, question)]
    rows += _unreviewed(engine, protocol, question)
    for name, known in (("site", names), ("subject", ())):
        asked, there = getattr(question, name), {*known, *(row[name] for row in rows)} - {""}
        if asked and asked not in there:
            raise UsageError(
                f"the audit knows no such {name}", got=quoted(asked), **_near(asked, there)
            )


def _near(asked: str, there: Iterable[str]) -> dict[str, str]:
    """Return what an error says of names that are there: those that are near, or all of few."""
    known = sorted(there)
    few = get_close_matches(asked, known) or known[:MOST_NAMED]
    rest = f" and {len(known) - len(few)} more" if len(known) > len(few) else ""
    return {"expected": ", ".join(map(visible, few)) + rest} if few else {}


def _protocol(engine: Database, start: str) -> str:
    if not start:
        return ""
    from sbrt_qa.audit.store.kept import protocols

    found = [one for one in protocols(engine) if one.startswith(start)]
    if len(found) != 1:
        what = "no protocol of this audit" if not found else "several protocols of this audit"
        raise UsageError(f"{what} has a hash that begins so", got=quoted(start))
    return found[0]


def _with_site(row: Row, names: Mapping[str, str]) -> Row:
    return {**row, "site_name": names.get(row["site"], "")} if "site" in row else row


def _decided_last(row: Row) -> Row:
    """Return a row with the columns of the decision after all others."""
    decided: Mapping[str, str] = row.pop("decided")
    return {**row, **decided}


def _is_asked(row: Row, question: Question) -> bool:
    for name in ("site", "subject", "limit", "verdict"):
        wanted = getattr(question, name)
        if wanted and name in row and row[name] != wanted:
            return False
    if question.limit and row.get("what", question.limit) != question.limit:
        return False
    if question.decision and _decision_of(row) != question.decision:
        return False
    return not (question.latest and row.get("latest") is False)


def _decision_of(row: Row) -> str:
    """Return the decision of a row where it counts; `UNDECIDED_WORD` of any other."""
    decided: Mapping[str, str] = row["decided"]
    return decided["decision"] if decided["decision_state"] == COUNTS else UNDECIDED_WORD


# --- rows -------------------------------------------------------------------------------------


def _submissions(engine: Database, protocol: str, _: Question) -> Iterator[Row]:
    from sbrt_qa.audit.store.answers import submissions
    from sbrt_qa.audit.store.queries import all_queries

    states = {one.submission_id: one.state for one in all_queries(engine)}
    for one in submissions(engine, protocol):
        data = asdict(one)
        query, outcome = states.get(data.pop("id"), ""), data.pop("outcome")
        row = {"code": one.code, **data, "query": query, "complete": one.complete}
        yield {**row, "outcome": outcome}


def _metrics(engine: Database, protocol: str, _: Question) -> Iterator[Row]:
    from sbrt_qa.audit.store.answers import values

    return (asdict(one) for one in values(engine, protocol))


def _deviations(engine: Database, protocol: str, _: Question) -> Iterator[Row]:
    from sbrt_qa.audit.store.answers import deviations

    return (asdict(one) for one in deviations(engine, protocol))


def _completeness(engine: Database, protocol: str, question: Question) -> Iterator[Row]:
    """Tell what of each submission is there, and then every place that is not taken."""
    from sbrt_qa.audit.store.answers import segmentations, submissions

    parts: dict[str, int | None]
    voxels = segmentations(engine)
    for one in submissions(engine, protocol):
        parts = {
            "RTPLAN": one.plans,
            "RTSTRUCT": one.structure_sets,
            "RTDOSE": one.doses,
            "CT": one.images,
        }
        seg = voxels.get(one.id, 0)
        missing = ", ".join(
            name for name, n in parts.items() if not n and not (seg and name == "RTSTRUCT")
        )
        whose = {"code": one.code, "site": one.site, "subject": one.subject}
        where = {"place": "", "outcome": one.outcome, "reason": ""}
        yield {**whose, "latest": one.latest, **parts, "missing": missing, **where, "SEG": seg}
    for row in _places(engine, protocol, question):
        if row["outcome"] == "not taken":
            parts = dict.fromkeys(("RTPLAN", "RTSTRUCT", "RTDOSE", "CT"))
            whose = {"code": "", "site": row["site"], "subject": row["subject"]}
            where = {name: str(row[name]) for name in ("place", "outcome", "reason")}
            yield {**whose, "latest": None, **parts, "missing": "", **where, "SEG": None}


def _places(engine: Database, _protocol: str, _: Question) -> Iterator[Row]:
    from sbrt_qa.audit.store.places import current_places

    for one in current_places(engine):
        names = ("place", "site", "subject", "outcome", "reason", "entries")
        yield {name: getattr(one, name) for name in names}


def _unreviewed(engine: Database, _protocol: str, _: Question) -> Iterator[Row]:
    from sbrt_qa.audit.store.failures import open_failures

    for one in open_failures(engine):
        yield {
            "place": one.place, "site": one.site, "subject": one.subject, "kind": one.kind,
            "reason": one.why, "since": one.since, "attempts": one.attempts,
        }  # fmt: skip


def _queries(engine: Database, _protocol: str, _: Question) -> Iterator[Row]:
    from sbrt_qa.audit.store.queries import all_queries
    from sbrt_qa.audit.times import now

    today = now()
    for one in all_queries(engine):
        data = asdict(one)
        for name in ("id", "submission_id", "letter"):
            del data[name]
        yield {"query": one.id, "state": one.state, **data, **_age(one, today)}


def _age(one: QueryRow, today: str) -> Row:
    """Return for how many days a query has been or was open, and whether its answer is late."""
    begun, end = (datetime.fromisoformat(at) for at in (one.opened, one.closed or today))
    waited_for = one.answered or one.closed or today
    return {"age_days": (end - begun).days, "overdue": waited_for > one.due}


def _changes(engine: Database, protocol: str, _: Question) -> Iterator[Row]:
    """Tell what a resubmission changed: limits whose value or verdict is not that of before."""
    from sbrt_qa.audit.store.answers import values

    before: dict[tuple[int, str], ValueRow] = {}
    now: dict[tuple[int, str], ValueRow] = {}
    for one in values(engine, protocol):
        last = next(iter(now.values()), None)
        if last is not None and last.code != one.code:
            yield from _differences(before, now)
            same = (last.site, last.subject) == (one.site, one.subject)
            before, now = now if same else {}, {}
        now[one.plan, one.limit] = one
    yield from _differences(before, now)


def _differences(
    before: dict[tuple[int, str], ValueRow], now: dict[tuple[int, str], ValueRow]
) -> Iterator[Row]:
    if not before:
        return
    first, second = (next(iter(rows.values())) for rows in (before, now))
    for key in sorted({*before, *now}):
        one, other = before.get(key), now.get(key)
        if one and other and one.verdict == other.verdict and _alike(one.value, other.value):
            continue
        yield {
            "site": second.site,
            "subject": second.subject,
            "before": first.code,
            "after": second.code,
            "plan": key[0],
            "limit": key[1],
            "value_before": one.value if one else None,
            "value_after": other.value if other else None,
            "verdict_before": one.verdict if one else "absent",
            "verdict_after": other.verdict if other else "absent",
        }


def _alike(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-6)


def _differences_told(engine: Database, protocol: str, _: Question) -> Iterator[Row]:
    """Tell what a resubmission changed besides values of limits: plan, contours, dose, files."""
    from sbrt_qa.audit.store.kept import comparisons
    from sbrt_qa.compare.comparison import CaseComparison

    for code, plan, document in comparisons(engine, protocol):
        site, subject, _version = code.split("/")
        found = CaseComparison.from_json(document)
        verdicts = {"verdict_before": found.before.verdict, "verdict_after": found.after.verdict}
        for one in found.changes:
            yield {
                "code": code, "site": site, "subject": subject, "plan": plan,
                "area": one.area.value, "item": one.item, "what": one.what,
                "before": one.before, "after": one.after, **verdicts,
            }  # fmt: skip


ABOUT: Final = {
    "submissions": Answer(_submissions, PLACE | {"verdict", "decision"}),
    "metrics": Answer(_metrics, PLACE | {"limit", "verdict", "decision"}),
    "deviations": Answer(_deviations, PLACE | {"limit", "verdict", "decision"}),
    "completeness": Answer(_completeness, PLACE),
    "queries": Answer(_queries, PLACE),
    "places": Answer(_places, frozenset({"site", "subject"})),
    "unreviewed": Answer(_unreviewed, frozenset({"site", "subject"})),
    "changes": Answer(_changes, frozenset({"site", "subject", "limit"})),
    "differences": Answer(_differences_told, frozenset({"site", "subject"})),
    **SUMS,
    **OFFICE,
}
"""Every kind of answer by its name."""
