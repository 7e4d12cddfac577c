"""What an audit has to know before it reviews: what is recorded already."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from sbrt_qa.store import tables as t
from sbrt_qa.store.connection import reading


def reviewed_inputs(
    engine: Engine, place_key: str, protocol_id: int, version: str
) -> tuple[str, ...]:
    """Return the fingerprints of inputs of a place that are reviewed under a protocol.

    An input counts when every case of it has a review by this protocol and engine version.
    """
    s, c, r = t.submissions, t.cases, t.reviews
    mine = sa.and_(
        r.c.case_id == c.c.id, r.c.protocol_version_id == protocol_id, r.c.engine == version
    )
    joined = s.join(c, c.c.submission_id == s.c.id).outerjoin(r, mine)
    query = (
        sa.select(s.c.input_sha256)
        .select_from(joined)
        .where(s.c.place_key == place_key)
        .group_by(s.c.id, s.c.input_sha256)
        .having(sa.func.count(c.c.id) == sa.func.count(r.c.id))
        .order_by(s.c.id)
    )
    with reading(engine) as connection:
        return tuple(connection.scalars(query))


def counts(engine: Engine) -> dict[str, int]:
    """Return the number of rows by table."""
    with reading(engine) as connection:
        return {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in t.metadata.sorted_tables
        }
