"""Roles in words."""

from __future__ import annotations

from typing import Final

from sbrt_qa.i18n.words import msg
from sbrt_qa.office.roles import Role

ROLE_WORDS: Final = {
    Role.SUBMITTER: msg("submitter of a site"),
    Role.PHYSICIST: msg("physicist of a site"),
    Role.REVIEWER: msg("reviewer"),
    Role.ADJUDICATOR: msg("adjudicator"),
    Role.COORDINATOR: msg("coordinator"),
    Role.STATISTICIAN: msg("statistician"),
    Role.ADMIN: msg("administrator"),
    Role.AUDITOR: msg("auditor"),
    Role.VIEW_PHI: msg("may see who patients are"),
    Role.DOWNLOAD: msg("may download DICOM"),
    Role.UNBLINDING: msg("may see the arm"),
    Role.ENGINE: msg("the program"),
}
