"""Everything that is derived of a data cut, and the one text that it makes: reproducible."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sbrt_qa import __version__
from sbrt_qa.i18n.phrase import say
from sbrt_qa.protocol.trial_rules import EndpointRule, TrialRules
from sbrt_qa.trial.data_cut import DataCut
from sbrt_qa.trial.endpoints import EndpointTime, derive
from sbrt_qa.trial.populations import ConsortBox, PopulationLists, consort, populations
from sbrt_qa.trial.timeline import RuleResult, rule_results
from sbrt_qa.trial.treated import PlanVerdict, TreatedPlan, treated_plan

LOCAL_DISTANCES_MM: Final = (5.0, 20.0)
"""Distances that a sensitivity analysis calls local."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """An endpoint derived by another rule, and what is other about it."""

    endpoint: str
    name: str
    title: str
    times: tuple[EndpointTime, ...]


@dataclass(frozen=True, slots=True)
class AnalysisSet:
    """What is derived of a data cut.

    Parameters
    ----------
    endpoints
        Times by endpoint, as the protocol has it.
    treated
        By subject of the SBRT arm the plan it was treated by.
    """

    cut: DataCut
    rules: TrialRules
    endpoints: Mapping[str, tuple[EndpointTime, ...]]
    sensitivities: tuple[Sensitivity, ...]
    results: tuple[RuleResult, ...]
    treated: Mapping[str, TreatedPlan]
    lists: PopulationLists
    boxes: tuple[ConsortBox, ...]

    def times_of(self, kind: str) -> tuple[EndpointTime, ...]:
        """Return the times of the first endpoint of a kind, whatever the protocol calls it."""
        ids = (rule.id for rule in self.rules.endpoints if rule.kind == kind)
        return self.endpoints.get(next(ids, ""), ())

    def text(self) -> str:
        """Return all of it as canonical JSON: the same bytes for the same cut, rules and engine."""
        data = {
            "engine": __version__,
            "cut": self.cut.cut.isoformat(),
            "data": self.cut.data.sha256,
            "rules": self.rules.trial_hash,
            "endpoints": [_time(t) for times in self.endpoints.values() for t in times],
            "sensitivities": [
                _time(t) | {"by": one.name} for one in self.sensitivities for t in one.times
            ],
            "timeline": [_result(one) for one in self.results],
            "treated": [
                {"subject": one.subject, "verdict": str(one.verdict), "named": one.named,
                 "submission": one.plan.submission if one.plan else "", "reason": one.reason}
                for one in self.treated.values()
            ],
            "populations": [
                {"subject": m.subject, "arm": m.arm, "treated": m.treated, "pp": m.per_protocol}
                for m in self.lists.members
            ],
        }  # fmt: skip
        return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _time(one: EndpointTime) -> dict[str, object]:
    return {
        "endpoint": one.endpoint, "subject": one.subject,
        "start": str(one.start or ""), "end": str(one.end or ""), "days": one.time_days,
        "code": None if one.code is None else int(one.code), "what": one.what,
        "imputed": one.imputed, "flags": list(one.flags), "source": [one.table, one.column],
        "number": one.number, "reason": one.reason,
    }  # fmt: skip


def _result(one: RuleResult) -> dict[str, object]:
    return {
        "rule": one.rule, "subject": one.subject, "verdict": str(one.verdict),
        "values": [list(value) for value in one.values], "reason": one.reason,
    }  # fmt: skip


def analysis_set(
    cut: DataCut, rules: TrialRules, plans: tuple[PlanVerdict, ...] = ()
) -> AnalysisSet:
    """Derive everything of a data cut.

    Parameters
    ----------
    plans
        Verdicts of plans as they were frozen, before any outcome was joined to them.
    """
    endpoints = {rule.id: derive(cut, rules, rule) for rule in rules.endpoints}
    results = rule_results(cut, rules)
    by_subject: dict[str, list[PlanVerdict]] = {}
    for plan in plans:
        by_subject.setdefault(plan.subject, []).append(plan)
    treated = {
        row.subject: treated_plan(cut, row.subject, by_subject.get(row.subject, ()))
        for row in cut.randomised if row.text("arm") == "SBRT"
    }  # fmt: skip
    lists = populations(cut, rules, results, treated)
    sensitivities = tuple(s for rule in rules.endpoints for s in _sensitivities(cut, rules, rule))
    return AnalysisSet(
        cut, rules, endpoints, sensitivities, results, treated, lists, consort(cut, lists)
    )


def _sensitivities(cut: DataCut, rules: TrialRules, rule: EndpointRule) -> list[Sensitivity]:
    def of(name: str, title: str, changed: EndpointRule, *, latest: bool = False) -> Sensitivity:
        return Sensitivity(rule.id, name, title, derive(cut, rules, changed, latest=latest))

    found = [of("latest", say("the last possible day for partial dates"), rule, latest=True)]
    if rule.kind != "overall_survival":
        censor = {"missed_scans": "censor", "new_therapy": "censor"}
        title = say("censored before missed scans and new therapy")
        found.append(of("censored", title, rule.model_copy(update=censor)))
    if rule.kind == "local_recurrence":
        for distance in LOCAL_DISTANCES_MM:
            title = say("local within {0} mm", f"{distance:g}")
            changed = rule.model_copy(update={"local_within_mm": distance})
            found.append(of(f"within_{distance:g}_mm", title, changed))
    return found


def changed_share(primary: tuple[EndpointTime, ...], other: tuple[EndpointTime, ...]) -> float:
    """Return the share of subjects whose time or event a sensitivity analysis changes."""
    moved = sum(
        (a.time_days, a.code, a.reason) != (b.time_days, b.code, b.reason)
        for a, b in zip(primary, other, strict=True)
    )
    return moved / len(primary) if primary else 0.0
