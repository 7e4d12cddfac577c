"""Who may see what. A report is built without what its reader must not see, not hidden by style."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.i18n.phrase import msg


@dataclass(frozen=True, slots=True)
class OutcomeRole:
    """One role.

    Parameters
    ----------
    screens
        The sections of its report, in their order.
    arms
        ``real`` labels, ``blind`` ones (A and B), or none.
    one_site
        Whether it sees one site only.
    closed
        Whether opening its report is an event of the chain.
    """

    name: str
    title: str
    screens: tuple[str, ...]
    arms: str = "none"
    one_site: bool = False
    closed: bool = False


_ALL: Final = (
    "consort", "quality", "timeline", "rules", "curves", "forest", "toxicity", "liver", "deviation",
    "failure", "monitoring", "appendix",
)  # fmt: skip

ROLES: Final[Mapping[str, OutcomeRole]] = {
    one.name: one
    for one in (
        OutcomeRole("site", msg("site"), ("quality", "scans"), one_site=True),
        OutcomeRole("reviewer", msg("plan reviewer"), ("rules", "plans")),
        OutcomeRole("reader", msg("imaging reader"), ("scans",)),
        OutcomeRole("office", msg("trial office"), ("consort", "quality", "monitoring")),
        OutcomeRole("statistician", msg("trial statistician, blinded"),
                    ("consort", "quality", "curves", "forest", "toxicity", "monitoring",
                     "appendix"), "blind"),
        OutcomeRole("dmc", msg("data monitoring committee"), _ALL, "real", closed=True),
        OutcomeRole("auditor", msg("auditor"), (*_ALL, "plans", "scans"), "real", closed=True),
    )
}  # fmt: skip

OTHER_NAMES: Final[Mapping[str, str]] = {
    "adjudicator": "reviewer", "plan_reviewer": "reviewer", "imaging_reader": "reader",
    "data_manager": "office", "trial_office": "office", "trial_statistician": "statistician",
    "unblinded_statistician": "dmc", "unblinded": "dmc",
}  # fmt: skip


def role_of(name: str) -> OutcomeRole:
    """Return a role by its name.

    Raises
    ------
    UsageError
        There is none.
    """
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")
    found = ROLES.get(OTHER_NAMES.get(plain, plain))
    if found is None:
        raise UsageError("unknown --role", got=quoted(name), expected=", ".join(ROLES))
    return found
