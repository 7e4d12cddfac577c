"""Images of a recorded plan: who may see them, and how the plan was reviewed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.audit.store.kept import unpacked
from sbrt_qa.errors import SbrtQaError, UsageError
from sbrt_qa.office.acting import Acting, RightsError
from sbrt_qa.office.asking import demand
from sbrt_qa.office.case_standing import standing_in
from sbrt_qa.office.roles import Right, Role


@dataclass(frozen=True, slots=True)
class RecordedPlan:
    """A plan as it is recorded.

    Parameters
    ----------
    code
        ``SITE/SUBJECT/vN`` of its submission.
    plan
        Its number there, from 1.
    files
        SHA-256 of the files that were reviewed.
    review, protocol
        The newest review and what it was held against, in JSON.
    mapping
        Names of structures that were given for it.
    """

    code: str
    plan: int
    files: tuple[str, ...]
    review: str
    protocol: str
    mapping: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OtherPlan:
    """Another plan of the same subject, or of the same submission."""

    code: str
    submission: int
    plan: int


def demand_images(connection: Connection, by: Acting, submission: int) -> str:
    """Return the code of a submission whose images somebody may see.

    Raises
    ------
    RightsError
        It may not, or there is no such submission.
    """
    try:
        case = standing_in(connection, submission)
    except UsageError:
        raise RightsError("this is not there") from None
    role = demand(connection, by, Right.SEE_AUTOMATIC_REVIEW, case.facts)
    if role is Role.STATISTICIAN:  # who sees replaced codes only, and a face is no code
        raise RightsError("this is not there")
    return case.code


def may_see_images(engine: Database, by: Acting, submission: int) -> None:
    """Check that somebody may see the images of a submission.

    Raises
    ------
    RightsError
        It may not, or there is no such submission.
    """
    with reading(engine) as connection:
        demand_images(connection, by, submission)


def recorded_plan(engine: Database, by: Acting, submission: int, plan: int) -> RecordedPlan:
    """Return a plan of a submission whose images somebody may see.

    Raises
    ------
    RightsError
        It may not, or there is no such plan.
    """
    c, r, p, f = t.cases.c, t.reviews.c, t.protocol_versions.c, t.files.c
    with reading(engine) as connection:
        code = demand_images(connection, by, submission)
        joined = t.cases.join(t.reviews, c.id == r.case_id)
        joined = joined.join(t.protocol_versions, r.protocol_version_id == p.id)
        query = sa.select(r.document, r.facts, p.content).select_from(joined)
        query = query.where(c.submission_id == submission, c.ordinal == plan)
        row = connection.execute(query.order_by(r.id.desc()).limit(1)).first()
        files = tuple(connection.scalars(sa.select(f.sha256).where(f.submission_id == submission)))
    if row is None:
        raise RightsError("this is not there")
    try:
        review = unpacked(row.document)
    except SbrtQaError:
        raise RightsError("this is not there") from None
    return RecordedPlan(code, plan, files, review, row.content, _mapping(row.facts))


def _mapping(facts: str) -> dict[str, str]:
    try:
        found = json.loads(facts).get("mapping", {})
        return {str(name): str(to) for name, to in found.items()}
    except (ValueError, AttributeError):
        return {}


def other_plans(engine: Database, by: Acting, submission: int, plan: int) -> list[OtherPlan]:
    """Return the plans that may be held against one: of its subject, as far as they may be seen."""
    s, c = t.submissions.c, t.cases.c
    with reading(engine) as connection:
        demand_images(connection, by, submission)
        subject = sa.select(s.subject_id).where(s.id == submission).scalar_subquery()
        joined = t.submissions.join(t.cases, s.id == c.submission_id)
        query = sa.select(s.id, c.ordinal).select_from(joined).where(s.subject_id == subject)
        found = []
        for other, number in connection.execute(query.order_by(s.version, s.revision, c.ordinal)):
            if (other, number) == (submission, plan):
                continue
            try:
                found.append(OtherPlan(demand_images(connection, by, other), other, number))
            except RightsError:
                continue
    return found
