"""What a report may say of the submission and of itself, beyond the review."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sbrt_qa.model.case import Case
from sbrt_qa.protocol.versions import planning_date


@dataclass(frozen=True, slots=True)
class Occasion:
    """Whose submission a report is about, and when; empty or None where that is not known.

    Parameters
    ----------
    site, submission
        Code of the site, and number of the submission, as the trial has them.
    planned
        Day of the plan, where a report may show it.
    written
        Day on which the report was made.
    head
        End of an audit's chain when the report was made: number and hash of its last event.
    due
        Day by which an answer is due.
    query
        What the site was asked about this submission.
    """

    site: str = ""
    submission: str = ""
    planned: dt.date | None = None
    written: dt.date | None = None
    head: str = ""
    due: dt.date | None = None
    query: str = ""


def occasion_of(case: Case) -> Occasion:
    """Return what the files of a case say: code of the site, and day of the plan.

    A date can help to tell who a patient is. It is shown only where every file says that its
    patient's identity has been removed (0012,0062): whatever date is left then was left to be seen.
    """
    headers = case.provenance.headers
    removed = bool(headers) and all(h.identity_removed == "YES" for h in headers)
    return Occasion(
        site=case.site,
        planned=planning_date(case) if removed else None,
    )
