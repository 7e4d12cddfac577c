"""Which plan a subject was treated by: its verdict is frozen before any outcome is joined to it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.trial.anchor_days import fraction_days
from sbrt_qa.trial.data_cut import DataCut
from sbrt_qa.trial.plan_doses import NO_DOSES, PlanDoses, doses_from


@dataclass(frozen=True, slots=True)
class PlanVerdict:
    """The verdict of one submission of a subject, as the audit has it.

    Parameters
    ----------
    submission
        ``SITE/SUBJECT/vN``.
    received
        Its day, ISO.
    sources
        What deviates: ids of limits and codes of checks.
    kinds
        What it is about: ``coverage``, ``organ dose``, ``contour``, ``plan``.
    organ_driven
        Whether coverage was given up while an organ is at its limit: a confounder.
    doses
        Numbers of stored histograms.
    engine_verdict, decision
        Where `verdict` is what central review decided: the program's verdict, and the grade.
    """

    submission: str
    subject: str
    received: str
    verdict: str
    sources: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    organ_driven: bool = False
    doses: PlanDoses = NO_DOSES
    engine_verdict: str = ""
    decision: str = ""


@dataclass(frozen=True, slots=True)
class TreatedPlan:
    """The plan a subject was treated by; without `plan`, `reason` says why."""

    subject: str
    plan: PlanVerdict | None
    named: bool = False
    reason: str = ""

    @property
    def verdict(self) -> str:
        """The verdict of the plan; not evaluable where it is not known."""
        return self.plan.verdict if self.plan and self.plan.verdict else Verdict.NOT_EVALUABLE


def treated_plan(cut: DataCut, subject: str, plans: Iterable[PlanVerdict]) -> TreatedPlan:
    """Return the plan of a subject: the one that is named, else the last before the first fraction.

    Where several came before the first fraction and none is named, the later one counts, and it
    is told that none was named.
    """
    mine = [plan for plan in plans if plan.subject == subject]
    course = cut.course(subject)
    name = course.text("submission") if course else ""
    if name:
        found = next((plan for plan in mine if plan.submission == name), None)
        reason = "" if found else say("the submission {0} is not in the audit", name)
        return TreatedPlan(subject, found, named=True, reason=reason)
    days = fraction_days(cut, subject)
    if not days:
        return TreatedPlan(subject, None, reason=say("no fraction was given"))
    first = days[0].first.isoformat()
    before = [plan for plan in mine if plan.received[:10] <= first]
    if not before:
        return TreatedPlan(subject, None, reason=say("no plan came before the first fraction"))
    last = max(before, key=lambda plan: (plan.received, plan.submission))
    return TreatedPlan(subject, last, reason=say("no submission was named; the last one counts"))


def frozen_text(plans: Iterable[PlanVerdict]) -> str:
    """Return verdicts as the text whose hash is frozen: the same for the same verdicts.

    What a plan has none of is left out, so a cut frozen before it was known keeps its hash.
    """
    rows = sorted((_frozen(plan) for plan in plans), key=lambda row: str(row["submission"]))
    return json.dumps(rows, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _frozen(plan: PlanVerdict) -> dict[str, Any]:
    row = asdict(plan)
    if not plan.doses.doses and not plan.doses.curves:
        del row["doses"]
    for name in ("kinds", "organ_driven", "engine_verdict", "decision"):
        if not row[name]:
            del row[name]
    return row


def plans_from_text(text: str) -> tuple[PlanVerdict, ...]:
    """Read frozen verdicts back."""
    rows: list[Mapping[str, Any]] = json.loads(text)
    return tuple(
        PlanVerdict(
            str(row["submission"]), str(row["subject"]), str(row["received"]), str(row["verdict"]),
            tuple(map(str, row["sources"])), tuple(map(str, row.get("kinds", ()))),
            bool(row.get("organ_driven", False)), doses_from(row.get("doses")),
            str(row.get("engine_verdict", "")), str(row.get("decision", "")),
        )
        for row in rows
    )  # fmt: skip
