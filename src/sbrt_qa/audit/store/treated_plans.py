"""What the store knows of the plans of subjects, for the data of the trial."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from sbrt_qa.audit.store import tables as t
from sbrt_qa.audit.store.answers import (
    CONTOUR,
    DeviationRow,
    SubmissionRow,
    deviations,
    submissions,
    values,
)
from sbrt_qa.audit.store.connection import Database, reading
from sbrt_qa.audit.store.treated_doses import plan_doses
from sbrt_qa.checks.registry import CHECKS, Group
from sbrt_qa.model.target_kind import is_target_name
from sbrt_qa.trial.plan_doses import PlanDoses
from sbrt_qa.trial.treated import PlanVerdict

COVERAGE: Final = "coverage"
CONTOURS: Final = (Group.CONTOURS, Group.STRUCTURES)
NEAR_LIMIT: Final = 0.95
"""Share of an organ's limit from which coverage may have been given up for it; proposed."""


def subject_codes(engine: Database) -> frozenset[str]:
    """Return the codes of all subjects with a submission."""
    with reading(engine) as connection:
        return frozenset(connection.scalars(sa.select(t.subjects.c.code)))


def plan_verdicts(engine: Database, protocol: str = "") -> tuple[PlanVerdict, ...]:
    """Return the verdict of every submission, with what deviates in it.

    A decision of the office that counts is the verdict; the program's stands beside it.

    Parameters
    ----------
    protocol
        Hash of the version that verdicts are of; else of each plan's own, in force at planning.
    """
    sources: dict[str, dict[str, None]] = {}
    kinds: dict[str, dict[str, None]] = {}
    for one in deviations(engine, protocol):
        if one.used_verdict in ("minor", "major"):
            sources.setdefault(one.code, {})[one.what] = None
            kinds.setdefault(one.code, {})[_kind(one)] = None
    doses, at_limit = plan_doses(engine, protocol), _at_limit(engine, protocol)
    return tuple(
        PlanVerdict(
            one.code, one.subject, one.received, one.used_verdict, tuple(sources.get(one.code, ())),
            tuple(sorted(kinds.get(one.code, ()))),
            COVERAGE in kinds.get(one.code, ()) and one.code in at_limit,
            doses.get(one.code, PlanDoses()), *_engine_beside(one),
        )
        for one in submissions(engine, protocol)
    )  # fmt: skip


def _engine_beside(one: SubmissionRow) -> tuple[str, str]:
    """Return the program's verdict and the decision, where a decision is what counts."""
    decided = one.decided
    return (one.verdict, decided.decision) if decided.decided_verdict else ("", "")


def _kind(one: DeviationRow) -> str:
    """Return what a deviation is about."""
    if one.kind == "limit":
        return COVERAGE if is_target_name(one.place) else "organ dose"
    if one.kind == CONTOUR:
        return "contour"
    found = CHECKS.get(one.what)
    return "contour" if found is not None and found.group in CONTOURS else "plan"


def _at_limit(engine: Database, protocol: str) -> set[str]:
    """Return the submissions in which an organ uses up most of one of its limits."""
    return {
        one.code for one in values(engine, protocol)
        if one.counts and one.value is not None and one.op.startswith("<")
        and not is_target_name(one.structure) and one.per_protocol_limit
        and one.value >= NEAR_LIMIT * one.per_protocol_limit
    }  # fmt: skip
