"""Reviews in which a check broke off: the next attempt of the same version takes their place.

Nothing is replaced. A further attempt is a review of its own whose engine is called, for example,
``0.2.0 (attempt 2)``; the newest review of a plan counts, as always.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.kept import unpacked
from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.model.outcome import THIS_PROGRAM
from sbrt_qa.review.case_review import CaseReview

_ATTEMPT: Final = " (attempt "


def version_of(engine: str) -> str:
    """Return the version of an engine, without the number of its attempt."""
    return engine.partition(_ATTEMPT)[0]


def engine_of_next(
    connection: Connection, case_id: int, protocol_id: int, version: str, sha256: str
) -> str | None:
    """Return what the engine of a further review of a plan is called; None where it is not needed.

    Parameters
    ----------
    sha256
        Of the new review's document: one that is there already is no other review.
    """
    r = t.reviews.c
    mine = (r.case_id == case_id, r.protocol_version_id == protocol_id, _by(version))
    query = sa.select(r.id, r.sha256, r.engine).where(*mine).order_by(r.id)
    rows = connection.execute(query).all()
    if not rows:
        return version
    if rows[-1].sha256 == sha256 or not _codes(connection, [rows[-1].id]):
        return None
    return f"{version}{_ATTEMPT}{max(_attempt(row.engine) for row in rows) + 1})"


def broken_checks(
    connection: Connection, submission_id: int, version: str, protocols: Collection[int]
) -> str:
    """Return in words which checks broke off in a version's last reviews of a submission."""
    r, c = t.reviews.c, t.cases.c
    last = (
        sa.select(sa.func.max(r.id))
        .select_from(t.reviews.join(t.cases, r.case_id == c.id))
        .where(c.submission_id == submission_id, r.protocol_version_id.in_(protocols))
        .where(_by(version))
        .group_by(r.case_id, r.protocol_version_id)
    )
    codes = _codes(connection, list(connection.scalars(last)))
    return say("the check {0} broke off", joined(", ", codes)) if codes else ""


def _by(version: str) -> sa.ColumnElement[bool]:
    engine: sa.ColumnElement[Any] = t.reviews.c.engine
    further = engine.startswith(version + _ATTEMPT, autoescape=True)
    return sa.or_(engine == version, further)


def _attempt(engine: str) -> int:
    number = engine.partition(_ATTEMPT)[2].rstrip(")")
    return int(number) if number.isdigit() else 1


def _codes(connection: Connection, reviews: Collection[int]) -> list[str]:
    """Return the checks that broke off in reviews, as their documents tell."""
    f, r = t.findings.c, t.reviews.c
    suspect = sa.select(f.review_id).where(f.review_id.in_(reviews), f.place == THIS_PROGRAM)
    documents = connection.scalars(sa.select(r.document).where(r.id.in_(suspect)))
    reviewed = (CaseReview.from_json(unpacked(one)) for one in documents)
    return sorted({f.code for one in reviewed for f in one.findings if f.own_fault})
