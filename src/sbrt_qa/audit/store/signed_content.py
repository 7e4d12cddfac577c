"""What a reading says, as it is signed: put together from its rows alone, so that it can be again.

The same rows give the same JSON, byte for byte; `sbrt_qa.audit.store.chain.canonical` writes it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.answers import current_reviews
from sbrt_qa.audit.store.office_tables import accounts, checklists, comments, judgements, readings
from sbrt_qa.audit.store.records import submission_code
from sbrt_qa.audit.store.stored_phrases import phrases_of
from sbrt_qa.errors import StoreError

SCHEMA: Final = "sbrt_qa.signed/1"


@dataclass(frozen=True, slots=True)
class EngineItem:
    """A limit, check or finding of the program that a reader agrees with or overrides.

    Parameters
    ----------
    key
        Stands for it in judgements: ``limit:PLAN:ID`` or ``finding:PLAN:CODE:N``, PLAN 0 for what
        is told of the submission as a whole.
    engine
        The program's verdict; empty for a notice that has none.
    asked
        Whether a reader has to say something to it before signing.
    """

    key: str
    plan: int
    label: str
    place: str
    message: str
    value: float | None
    unit: str
    reason: str
    op: str
    per_protocol: float | None
    minor: float | None
    borderline: bool
    engine: str
    asked: bool

    @property
    def is_limit(self) -> bool:
        """Whether it is about a limit."""
        return self.key.startswith("limit:")

    @property
    def is_quiet(self) -> bool:
        """Whether it is a limit that is met beyond doubt: what is shown last."""
        return self.is_limit and self.engine == "per_protocol" and not self.borderline


def reviews_of(connection: Connection, submission: int) -> list[int]:
    """Return the newest reviews of the plans of a submission."""
    current = current_reviews().subquery("current")
    c = t.cases
    query = (
        sa.select(current.c.id)
        .select_from(c.join(current, current.c.case_id == c.c.id))
        .where(c.c.submission_id == submission)
        .order_by(c.c.ordinal)
    )
    return [int(key) for key in connection.scalars(query)]


def engine_items(
    connection: Connection, submission: int, reviews: Sequence[int]
) -> list[EngineItem]:
    """Return what reviews of a submission found, in the order of plans, limits before findings.

    Messages and reasons are phrases where the document of their review has their parts.
    """
    r, c, v, f = t.reviews, t.cases, t.metric_values, t.findings
    plans = {
        row.id: row.ordinal
        for row in connection.execute(
            sa.select(r.c.id, c.c.ordinal)
            .select_from(r.join(c, r.c.case_id == c.c.id))
            .where(r.c.id.in_(reviews))
        )
    }
    limits = connection.execute(
        sa.select(v).where(v.c.review_id.in_(reviews)).order_by(v.c.id)
    ).all()
    found = connection.execute(
        sa.select(f)
        .where(
            f.c.submission_id == submission,
            sa.or_(f.c.review_id.in_(reviews), f.c.review_id.is_(None)),
        )
        .order_by(f.c.id)
    ).all()
    known = phrases_of(connection, reviews)
    items = [_limit(row, plans[row.review_id]) for row in limits]
    items += _findings(found, plans)
    items = [
        replace(
            one, message=known.get(one.message, one.message),
            reason=known.get(one.reason, one.reason),
        )
        for one in items
    ]  # fmt: skip
    return sorted(items, key=lambda one: (one.plan, not one.key.startswith("limit")))


def _limit(row: sa.Row[Any], plan: int) -> EngineItem:
    return EngineItem(
        f"limit:{plan}:{row.limit_id}", plan, f"{row.structure} {row.metric}".strip(), "", "",
        row.value, row.unit, row.reason or "", row.op, row.per_protocol_limit, row.minor_limit,
        row.borderline, row.verdict, row.counts,
    )  # fmt: skip


def _findings(rows: Iterable[sa.Row[Any]], plans: dict[int, int]) -> list[EngineItem]:
    items, seen = [], Counter[tuple[int, str]]()
    for row in rows:
        plan = plans.get(row.review_id or 0, 0)
        seen[plan, row.code] += 1
        items.append(EngineItem(
            key=f"finding:{plan}:{row.code}:{seen[plan, row.code]}", plan=plan, label=row.code,
            place=row.place, message=row.message, value=None, unit="", reason="", op="",
            per_protocol=None, minor=None, borderline=False, engine=row.verdict or "",
            asked=row.verdict is not None,
        ))  # fmt: skip
    return items


def last_judgements(
    connection: Connection, reading: int, until: int | None = None
) -> dict[tuple[str, str], sa.Row[Any]]:
    """Return the last word on each item of a reading, by kind and item."""
    j = judgements
    query = sa.select(j).where(j.c.reading_id == reading).order_by(j.c.id)
    if until is not None:
        query = query.where(j.c.id <= until)
    return {(row.kind, row.item): row for row in connection.execute(query)}


def standing_comments(connection: Connection, reading: int) -> list[sa.Row[Any]]:
    """Return the comments of a reading that were neither replaced nor taken back."""
    c = comments
    rows = connection.execute(sa.select(c).where(c.c.reading_id == reading).order_by(c.c.id)).all()
    replaced = {row.replaces_id for row in rows}
    return [row for row in rows if row.id not in replaced and row.text]


def reading_content(
    connection: Connection, reading: int, reviews: Sequence[int] | None = None
) -> dict[str, Any]:
    """Return what a reading says and what it is about.

    Parameters
    ----------
    reviews
        Those that it judges; the newest ones when not given.

    Raises
    ------
    StoreError
        There is no such reading.
    """
    row = connection.execute(sa.select(readings).where(readings.c.id == reading)).first()
    if row is None:
        raise StoreError("no such reading", where=str(reading))
    judged = reviews_of(connection, row.submission_id) if reviews is None else list(reviews)
    last = last_judgements(connection, reading)
    grade = last.get(("grade", "grade"))
    return {
        "schema": SCHEMA,
        **_submission(connection, row.submission_id),
        "round": row.round,
        "part": row.part,
        "reviews": _reviews(connection, judged),
        "comparisons": _comparisons(connection, judged),
        "checklist": _checklist(connection, row.checklist_id),
        "grade": "" if grade is None else grade.after,
        "grade_words": "" if grade is None else grade.justification,
        "items": _items(engine_items(connection, row.submission_id, judged), last),
        "contours": [
            {"item": item, "answer": one.after, "justification": one.justification}
            for (kind, item), one in sorted(last.items())
            if kind == "contour" and one.after
        ],
        "comments": [
            {"id": one.id, "text": one.text, "pin": one.pin, "visibility": one.visibility}
            for one in standing_comments(connection, reading)
        ],
        **_account(connection, row.account_id),
        "role": row.role,
    }


def _submission(connection: Connection, submission: int) -> dict[str, Any]:
    s, b, i, r = t.submissions, t.subjects, t.sites, t.trials
    joined = s.join(b, s.c.subject_id == b.c.id).join(i, b.c.site_id == i.c.id)
    joined = joined.join(r, i.c.trial_id == r.c.id)
    columns: list[Any] = [
        s.c.version, s.c.revision, s.c.input_sha256, b.c.code.label("subject"),
        i.c.code.label("site"), r.c.code.label("trial"),
    ]  # fmt: skip
    query = sa.select(*columns).select_from(joined).where(s.c.id == submission)
    row = connection.execute(query).one()
    code = submission_code(row.site, row.subject, row.version, row.revision)
    return {"trial": row.trial, "submission": code, "input_sha256": row.input_sha256}


def _reviews(connection: Connection, reviews: Sequence[int]) -> list[dict[str, Any]]:
    r, c, p = t.reviews, t.cases, t.protocol_versions
    query = (
        sa.select(c.c.ordinal, r.c.sha256, r.c.verdict, r.c.engine, p.c.sha256.label("protocol"))
        .select_from(r.join(c, r.c.case_id == c.c.id).join(p, r.c.protocol_version_id == p.c.id))
        .where(r.c.id.in_(reviews))
        .order_by(c.c.ordinal)
    )
    return [
        {
            "plan": row.ordinal, "sha256": row.sha256, "verdict": row.verdict,
            "engine": row.engine, "protocol": row.protocol,
        }
        for row in connection.execute(query)
    ]  # fmt: skip


def _comparisons(connection: Connection, reviews: Sequence[int]) -> list[str]:
    m, r = t.comparisons.c, t.reviews.c
    sources = sa.select(sa.func.coalesce(r.source_id, r.id)).where(r.id.in_(reviews))
    query = sa.select(m.sha256).where(m.review_id.in_(sources)).order_by(m.id)
    return list(connection.scalars(query))


def _checklist(connection: Connection, checklist: int | None) -> dict[str, Any] | None:
    if checklist is None:
        return None
    query = sa.select(checklists).where(checklists.c.id == checklist)
    row = connection.execute(query).one()
    return {"version": row.version, "sha256": row.sha256}


def _account(connection: Connection, account: int) -> dict[str, str]:
    row = connection.execute(sa.select(accounts).where(accounts.c.id == account)).one()
    return {"account": row.code, "name": row.name}


def _items(
    items: Iterable[EngineItem], last: dict[tuple[str, str], sa.Row[Any]]
) -> list[dict[str, str]]:
    """Return each item with the program's verdict and the reader's; empty where none was given."""
    told = []
    for one in items:
        said = last.get(("engine", one.key))
        current = said is not None and said.engine == one.engine
        told.append({
            "item": one.key, "engine": one.engine,
            "verdict": said.after if said is not None and current else "",
            "reason_code": said.reason_code if said is not None and current else "",
            "justification": said.justification if said is not None and current else "",
        })  # fmt: skip
    return told


def checklist_items(content: str) -> list[dict[str, Any]]:
    """Return the questions of a checklist: structures, each with its sub-questions."""
    found: list[dict[str, Any]] = json.loads(content)
    return found
