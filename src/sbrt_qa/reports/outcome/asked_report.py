"""What a report is built from: the analysis, the role it is for, and what its reader may know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.reports.outcome.outcome_parts import ReportSection
from sbrt_qa.reports.outcome.outcome_roles import OutcomeRole
from sbrt_qa.trial.analysis_set import AnalysisSet
from sbrt_qa.trial.data_changes import RowChange
from sbrt_qa.trial.failure_records import FailureRecord
from sbrt_qa.trial.problem import ProblemName
from sbrt_qa.trial.treated import PlanVerdict


@dataclass(frozen=True, slots=True)
class AskedReport:
    """What a report is built from.

    Parameters
    ----------
    arms
        What the arms are called to the reader; empty where arms are not shown.
    site
        The only site that is shown; empty for all.
    plans
        Verdicts of plans as they were frozen.
    hashes
        What the report stands on, by name.
    first_seen
        By name of a problem when an import first had it.
    changes
        What the last import changed.
    failures
        Recurrences that were mapped onto treated plans.
    """

    found: AnalysisSet
    protocol: Protocol
    role: OutcomeRole
    arms: Mapping[str, str] = field(default_factory=dict)
    site: str = ""
    plans: tuple[PlanVerdict, ...] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)
    first_seen: Mapping[ProblemName, str] = field(default_factory=dict)
    changes: tuple[RowChange, ...] = ()
    failures: tuple[FailureRecord, ...] = ()

    def is_shown(self, site: str) -> bool:
        """Tell whether a site is shown."""
        return not self.site or site == self.site


Screen = Callable[[AskedReport], ReportSection]
SCREENS: Final[dict[str, Screen]] = {}


def screen(name: str) -> Callable[[Screen], Screen]:
    """Register the function that builds a section."""

    def register(build: Screen) -> Screen:
        SCREENS[name] = build
        return build

    return register


PROPOSED: Final = say(
    "Windows, rules of censoring and definitions marked proposal were proposed by the makers of "
    "this program; the trial group has yet to decide them."
)
EXPLORATORY: Final = say("Exploratory, not randomised")
