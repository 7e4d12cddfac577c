"""The rows that the store answers with."""

from __future__ import annotations

from dataclasses import dataclass

from sbrt_qa.audit.store.decided import UNDECIDED, DecisionColumns, used_verdict
from sbrt_qa.audit.store.records import submission_code

REVIEWED, OF_SITE, OPEN = "reviewed", "site", "open"
"""Outcomes of a submission."""


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """One submission at a glance.

    Parameters
    ----------
    code
        ``site/subject/v2``.
    verdict
        Worst of its plans.
    minor, major, not_evaluable
        Numbers of limits that count and of plan checks, as the case reports count them: a check of
        a plan is one by the worst it found. What is told of the submission as a whole counts, too.
    borderline
        Number of limits that count.
    notices
        Findings, of the submission and of its plans.
    latest
        Whether no later submission of the subject is there.
    outcome
        ``reviewed``, ``site`` where it cannot be used for a reason of the site's, or ``open`` where
        it is still to be reviewed.
    decided
        What the office decided; `verdict` stays the program's.
    """

    id: int
    trial: str
    site: str
    subject: str
    version: int
    revision: int
    received: str
    recorded: str
    plans: int
    structure_sets: int
    doses: int
    images: int
    verdict: str
    minor: int
    major: int
    not_evaluable: int
    borderline: int
    notices: int
    latest: bool
    outcome: str = REVIEWED
    decided: DecisionColumns = UNDECIDED

    @property
    def used_verdict(self) -> str:
        """The verdict that counts: what was decided, else the program's."""
        return used_verdict(self.verdict, self.decided)

    @property
    def code(self) -> str:
        """What people call it."""
        return submission_code(self.site, self.subject, self.version, self.revision)

    @property
    def complete(self) -> bool:
        """Whether plan, structure set, dose and images are all there."""
        return min(self.plans, self.structure_sets, self.doses, self.images) > 0


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One limit's result in one submission."""

    code: str
    site: str
    subject: str
    version: int
    revision: int
    received: str
    latest: bool
    plan: int
    limit: str
    structure: str
    metric: str
    op: str
    value: float | None
    unit: str
    reason: str | None
    per_protocol_limit: float | None
    minor_limit: float | None
    margin: float | None
    verdict: str
    borderline: bool
    priority: int
    counts: bool
    protocol: str
    decided: DecisionColumns = UNDECIDED

    @property
    def used_verdict(self) -> str:
        """The verdict that counts: what was decided, else the program's."""
        return used_verdict(self.verdict, self.decided)


@dataclass(frozen=True, slots=True)
class DeviationRow:
    """One thing that is not as the protocol wants it, or that a reviewer should know.

    ``what`` is a limit's id or a finding's code; ``verdict`` is empty for what decides nothing;
    ``plan`` is 0 for what is told of the submission as a whole.
    """

    code: str
    site: str
    subject: str
    version: int
    revision: int
    received: str
    latest: bool
    plan: int
    kind: str
    what: str
    verdict: str
    place: str
    text: str
    decided: DecisionColumns = UNDECIDED

    @property
    def used_verdict(self) -> str:
        """The verdict that counts: what was decided, else the program's."""
        return used_verdict(self.verdict, self.decided)
