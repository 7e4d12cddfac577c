"""Goals for RayStation: a script that adds them to the evaluation setup of the current plan.

RayStation takes clinical goals from scripts (``EvaluationSetup.AddClinicalGoal``): doses in cGy,
relative volumes as fractions of 1, absolute volumes in cc. "At most" and "at least" hold equality.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sbrt_qa.errors import visible
from sbrt_qa.protocol.goals import Goal, GoalKind
from sbrt_qa.reports.goals.goal_formats import GoalHead, Unsaid, goal_format
from sbrt_qa.reports.goals.goal_hindrances import (
    common_hindrance,
    conditional,
    strictness,
)

CGY_PER_GY: Final = 100

_TYPES: Final[Mapping[tuple[GoalKind, str], str]] = {
    (GoalKind.DOSE_AT_VOLUME, "%"): "DoseAtVolume",
    (GoalKind.DOSE_AT_VOLUME, "cc"): "DoseAtAbsoluteVolume",
    (GoalKind.VOLUME_AT_DOSE, "%"): "VolumeAtDose",
    (GoalKind.VOLUME_AT_DOSE, "cc"): "AbsoluteVolumeAtDose",
    (GoalKind.MEAN, ""): "AverageDose",
}
"""Types of goals by metric and the unit of the volume that is asked at or for."""

_SCRIPT: Final = '''\
# -*- coding: utf-8 -*-
"""Clinical goals for RayStation: run it as a script with the plan open.

{docs}
"""

from connect import get_current

# structure, type, criterion, level, secondary level or None, parameter or None, priority
GOALS = [
{goals}]

NOT_HERE = [
{unsaid}]

plan = get_current("Plan")
setup = plan.TreatmentCourse.EvaluationSetup
there = [roi.Name for roi in get_current("Case").PatientModel.RegionsOfInterest]
for name, kind, criterion, level, second, parameter, priority in GOALS:
    if name not in there:
        print("no structure " + name + ": its goal is not added: " + kind)
        continue
    asked = dict(RoiName=name, GoalCriteria=criterion, GoalType=kind, IsComparativeGoal=False,
                 Priority=priority)
    if parameter is not None:
        asked["ParameterValue"] = parameter
    try:
        levels = dict(PrimaryAcceptanceLevel=level)
        if second is not None:
            levels["SecondaryAcceptanceLevel"] = second
        setup.AddClinicalGoal(**dict(asked, **levels))
    except Exception:  # versions before secondary levels
        setup.AddClinicalGoal(**dict(asked, AcceptanceLevel=level))
        if second is not None:
            print("no secondary level in this version for " + name + ": minor up to " + str(second))
for line in NOT_HERE:
    print(line)
'''


@goal_format("raystation", suffix=".py", meaning="a script that adds clinical goals to RayStation")
def write_raystation(goals: Sequence[Goal], head: GoalHead) -> tuple[str, Sequence[Unsaid]]:
    """Write a script with what RayStation's clinical goals can hold; it prints what they cannot."""
    rows, unsaid = [], []
    for goal in goals:
        hindrance = common_hindrance(goal) or _hindrance(goal, head)
        if hindrance:
            unsaid.append(Unsaid(goal, hindrance))
            continue
        rows.append(f"    {_row(goal, head)},  # {visible(goal.id)}\n")
        notes = (strictness(goal, holds_equality=True), conditional(goal))
        unsaid += [Unsaid(goal, note, left_out=False) for note in notes if note]
    docs = "\n".join((head.title, *head.remarks)).replace("\\", "/").replace('"', "'")
    told = "".join(f"    {one.text!a},\n" for one in unsaid)
    return _SCRIPT.format(docs=docs, goals="".join(rows), unsaid=told), unsaid


def _key(goal: Goal) -> tuple[GoalKind, str]:
    if goal.spec is not None and goal.kind is GoalKind.DOSE_AT_VOLUME:
        return goal.kind, goal.spec.argument_unit
    if goal.spec is not None and goal.kind is GoalKind.VOLUME_AT_DOSE:
        return goal.kind, goal.spec.unit
    return goal.kind, ""


def _hindrance(goal: Goal, head: GoalHead) -> str:
    spec = goal.spec
    if spec is None or _key(goal) not in _TYPES:
        return f"RayStation's goals have no {goal.metric.partition('[')[0]}"
    dose_unit = spec.argument_unit if goal.kind is GoalKind.VOLUME_AT_DOSE else spec.unit
    if dose_unit == "%" and head.level is None:
        return "a dose in per cent of the prescription: say which, with --prescription"
    return ""


def _row(goal: Goal, head: GoalHead) -> str:
    spec = goal.spec
    if spec is None:
        raise TypeError("a goal without a metric has a hindrance")
    level, second = (_level(goal, bound, head) for bound in goal.bounds)
    parameter = None
    if goal.kind is GoalKind.DOSE_AT_VOLUME:
        parameter = spec.amount / 100 if spec.argument_unit == "%" else spec.amount
    elif goal.kind is GoalKind.VOLUME_AT_DOSE:
        parameter = _cgy(spec.amount, spec.argument_unit, head)
    criterion = "AtMost" if goal.is_upper else "AtLeast"
    numbers = ", ".join(_number(n) for n in (level, second, parameter))
    return (
        f"({visible(goal.structure)!a}, '{_TYPES[_key(goal)]}', '{criterion}', {numbers}, "
        f"{goal.priority})"
    )


def _level(goal: Goal, bound: float | None, head: GoalHead) -> float | None:
    spec = goal.spec
    if bound is None or spec is None:
        return None
    if goal.kind is GoalKind.VOLUME_AT_DOSE:
        return bound / 100 if spec.unit == "%" else bound
    return _cgy(bound, spec.unit, head)


def _cgy(dose: float, unit: str, head: GoalHead) -> float:
    """Return a dose in cGy; per cent are of the prescription, which must be known."""
    if unit == "%":
        if head.level is None:
            raise ValueError("a dose in per cent needs a prescription")
        return dose * head.level.total_gy * CGY_PER_GY / 100
    return dose if unit == "cGy" else dose * CGY_PER_GY


def _number(value: float | None) -> str:
    return "None" if value is None else f"{value:.10g}"
