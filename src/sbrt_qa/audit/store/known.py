"""What an audit has to know before it reviews: what is recorded already."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import reading
from sbrt_qa.audit.store.records import submission_code
from sbrt_qa.audit.store.rows import is_there


@dataclass(frozen=True, slots=True)
class Settled:
    """An input that needs no further look.

    Parameters
    ----------
    code
        Of the submission.
    plans
        Number of plans that could be read.
    submission_id
        Its row.
    """

    input_sha256: str
    code: str
    plans: int
    submission_id: int


def settled_inputs(
    engine: Engine, place_key: str, rules_sha256: str, version: str
) -> tuple[Settled, ...]:
    """Return the inputs of a place that need no further look, oldest first.

    Parameters
    ----------
    rules_sha256, version
        Under these protocol versions, by this version of the engine.
    """
    wanted = {"place": place_key, "rules": rules_sha256, "version": version}
    found: dict[str, Settled] = {}
    with reading(engine) as connection:
        for row in connection.execute(_settled_query(), wanted):
            code = submission_code(row.site, row.subject, row.version, row.revision)
            for one in filter(None, (row.input_sha256, row.also)):
                found.setdefault(one, Settled(one, code, row.plans, row.id))
    return tuple(found.values())


def is_recorded(engine: Engine, place_key: str) -> bool:
    """Tell whether anything of a place is recorded as a submission."""
    with reading(engine) as connection:
        return is_there(connection, t.submissions, {"place_key": place_key})


@functools.cache
def _settled_query() -> sa.Select[Any]:
    s, b, i, e, c, r = t.submissions, t.subjects, t.sites, t.settled, t.cases, t.reviews
    f = t.fingerprints
    read = (
        sa.select(sa.func.count(sa.distinct(c.c.id)))
        .select_from(c.join(r, r.c.case_id == c.c.id))
        .where(c.c.submission_id == s.c.id, r.c.facts != "")
        .scalar_subquery()
    )
    return (
        sa.select(
            s.c.id, s.c.input_sha256, f.c.sha256.label("also"), s.c.version, s.c.revision,
            read.label("plans"),
            b.c.code.label("subject"), i.c.code.label("site"),
        )
        .select_from(
            s.join(e, e.c.submission_id == s.c.id)
            .join(b, s.c.subject_id == b.c.id)
            .join(i, b.c.site_id == i.c.id)
            .outerjoin(f, f.c.submission_id == s.c.id)
        )
        .where(
            s.c.id.in_(sa.select(c.c.submission_id)),  # what only broke off is not settled
            s.c.place_key == sa.bindparam("place"),
            e.c.rules_sha256 == sa.bindparam("rules"),
            e.c.engine == sa.bindparam("version"),
        )
        .order_by(s.c.id, f.c.id)
    )  # fmt: skip


def losses(connection: Connection, submission_id: int, code: str) -> tuple[int, ...]:
    """Return the findings that tell of reviews of a submission that broke off, oldest first."""
    f = t.findings.c
    mine = sa.and_(f.submission_id == submission_id, f.review_id.is_(None), f.code == code)
    return tuple(connection.scalars(sa.select(f.id).where(mine).order_by(f.id)))


def counts(engine: Engine) -> dict[str, int]:
    """Return the number of rows by table."""
    with reading(engine) as connection:
        return {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in t.metadata.sorted_tables
        }


def protocol_contents(engine: Engine) -> dict[str, str]:
    """Return, by its hash, the JSON of every protocol version that plans were held against."""
    with reading(engine) as connection:
        p, used = t.protocol_versions.c, sa.select(t.reviews.c.protocol_version_id)
        asked = sa.select(p.sha256, p.content).where(p.id.in_(used)).order_by(p.id)
        return {row.sha256: row.content for row in connection.execute(asked)}
