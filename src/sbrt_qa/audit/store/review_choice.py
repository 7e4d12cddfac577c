"""Which reviews count: the newest of each plan."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from sbrt_qa.audit.store import tables as t


def current_reviews(protocol: str = "") -> sa.Select[Any]:
    """Return a query of the newest review of each case, under one protocol hash if given."""
    newest = sa.select(sa.func.max(t.reviews.c.id)).group_by(t.reviews.c.case_id)
    if protocol:
        p = t.protocol_versions
        of = sa.select(p.c.id).where(p.c.sha256 == protocol).scalar_subquery()
        newest = newest.where(t.reviews.c.protocol_version_id == of)
    return sa.select(t.reviews).where(t.reviews.c.id.in_(newest))
