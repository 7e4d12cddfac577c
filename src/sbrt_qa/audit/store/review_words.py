"""What is said of every current review beside its limits: its course, and its protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.answers import current_reviews
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.audit.store.records import submission_code


@dataclass(frozen=True, slots=True)
class ReviewWords:
    """The course of one plan in a sentence, empty for a plan alone; and the hash of its limits."""

    code: str
    plan: int
    course: str
    protocol_sha256: str


def review_words(engine: Database, protocol: str, codes: Sequence[str]) -> Iterator[ReviewWords]:
    """Return what is said of the newest review of every plan.

    Parameters
    ----------
    protocol
        Hash of a protocol, whose reviews then count; may be empty.
    codes
        Findings that tell of a course.
    """
    review = current_reviews(protocol).subquery("current")
    c, s, f, p = t.cases, t.submissions, t.findings, t.protocol_versions
    told = sa.and_(f.c.review_id == review.c.id, f.c.code.in_(codes))
    query = (
        sa.select(
            t.sites.c.code.label("site"), t.subjects.c.code.label("subject"), s.c.version,
            s.c.revision, c.c.ordinal, f.c.message, p.c.sha256,
        )
        .select_from(
            c.join(review, review.c.case_id == c.c.id)
            .join(p, review.c.protocol_version_id == p.c.id)
            .join(s, c.c.submission_id == s.c.id)
            .join(t.subjects, s.c.subject_id == t.subjects.c.id)
            .join(t.sites, t.subjects.c.site_id == t.sites.c.id)
            .outerjoin(f, told)
        )
        .order_by(c.c.id, f.c.id)
    )  # fmt: skip
    with reading(engine) as connection:
        for row in connection.execute(query):
            code = submission_code(row.site, row.subject, row.version, row.revision)
            yield ReviewWords(code, row.ordinal, row.message or "", row.sha256)
