"""What the store knows of the plans of subjects, for the data of the trial."""

from __future__ import annotations

import sqlalchemy as sa

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.answers import deviations, submissions
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.trial.treated import PlanVerdict


def subject_codes(engine: Database) -> frozenset[str]:
    """Return the codes of all subjects with a submission."""
    with reading(engine) as connection:
        return frozenset(connection.scalars(sa.select(t.subjects.c.code)))


def plan_verdicts(engine: Database, protocol: str = "") -> tuple[PlanVerdict, ...]:
    """Return the verdict of every submission, with what deviates in it.

    Parameters
    ----------
    protocol
        Hash of the version that verdicts are of; else of each plan's own, in force at planning.
    """
    sources: dict[str, dict[str, None]] = {}
    for one in deviations(engine, protocol):
        if one.verdict in ("minor", "major"):
            sources.setdefault(one.code, {})[one.what] = None
    return tuple(
        PlanVerdict(
            one.code, one.subject, one.received, one.verdict, tuple(sources.get(one.code, ()))
        )
        for one in submissions(engine, protocol)
    )
