"""Who works in the office, and on what: roles, rights, and grants of a role to an account."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

EVERYWHERE: Final = "*"
"""A grant's trial or site that stands for all of them."""


class Role(StrEnum):
    """What an account may be in a trial, or one of the separate rights that are granted alone."""

    SUBMITTER = "submitter"
    PHYSICIST = "physicist"
    REVIEWER = "reviewer"
    ADJUDICATOR = "adjudicator"
    COORDINATOR = "coordinator"
    STATISTICIAN = "statistician"
    ADMIN = "admin"
    AUDITOR = "auditor"
    VIEW_PHI = "view PHI"
    DOWNLOAD = "download"
    UNBLINDING = "unblinding"
    ENGINE = "engine"


ROLES: Final = (
    Role.SUBMITTER, Role.PHYSICIST, Role.REVIEWER, Role.ADJUDICATOR, Role.COORDINATOR,
    Role.STATISTICIAN, Role.ADMIN, Role.AUDITOR,
)  # fmt: skip
"""Roles of persons, as the matrix of rights lists them."""

SEPARATE: Final = (Role.VIEW_PHI, Role.DOWNLOAD, Role.UNBLINDING)
"""Rights that no role brings: each is a grant of its own."""

TO_BE_CONFIRMED: Final = frozenset({Role.VIEW_PHI, Role.ADMIN, Role.UNBLINDING})
"""Grants that count only once a second account has confirmed them."""

OF_A_SITE: Final = frozenset({Role.SUBMITTER, Role.PHYSICIST})
"""Roles that belong to one site; they are never granted for all."""


class Right(StrEnum):
    """What somebody may do; the rows of the matrix in `sbrt_qa.office.rights`."""

    UPLOAD = "upload"
    SEE_SITE_SUBMISSIONS = "see own site's submissions"
    SEE_AUTOMATIC_REVIEW = "see automatic review of own site"
    ANSWER_QUERY = "answer query"
    WITHDRAW = "withdraw submission"
    SEE_CASE = "see case"
    SEE_OTHER_READING = "see another reader's reading"
    WRITE_READING = "write reading"
    SIGN_READING = "sign reading"
    SEND_QUERY = "send query"
    ASSIGN = "assign"
    TAKE_FROM_POOL = "take from pool"
    SET_DUE = "set due date"
    CLOSE_QUERY = "close query"
    REOPEN = "reopen"
    VIEW_PHI = "view PHI"
    DOWNLOAD = "download DICOM"
    EXPORT = "export tables"
    SEE_ARM = "see arm"
    PROPOSE_GRANT = "propose grant"
    MANAGE_ACCOUNTS = "accounts, grants, peers, settings"
    SEE_OWN_TRAIL = "see own actions"
    SEE_TRIAL_TRAIL = "see audit trail of the trial"
    SEE_SECURITY_TRAIL = "see security part of the trail"
    SEE_ACCESS_LOG = "see access log"
    DECLARE_CONFLICT = "declare conflict of interest"
    SEE_CONFLICTS = "see conflicts of interest"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role of an account, as it counts now: a row that is never edited.

    Parameters
    ----------
    account
        Key of the account.
    trial, site
        Codes, or `EVERYWHERE`.
    begin, until
        UTC, ISO 8601; `until` is empty where there is no end.
    granted_by
        Key of the account that gave it.
    confirmed
        Whether it counts: a second account confirmed it, or it needs none.
    ended
        When somebody took it back; empty while it holds.
    """

    id: int
    account: int
    role: Role
    trial: str
    site: str
    begin: str
    until: str = ""
    granted_by: int = 0
    confirmed: bool = True
    ended: str = ""

    def holds(self, at: str) -> bool:
        """Tell whether it counts at a time."""
        over = (self.until and at >= self.until) or (self.ended and at >= self.ended)
        return self.confirmed and self.begin <= at and not over

    def covers(self, trial: str, site: str = EVERYWHERE) -> bool:
        """Tell whether it is for a trial and a site; `EVERYWHERE` asks for any of them."""
        same_trial = EVERYWHERE in (self.trial, trial) or self.trial == trial
        return same_trial and (EVERYWHERE in (self.site, site) or self.site == site)
