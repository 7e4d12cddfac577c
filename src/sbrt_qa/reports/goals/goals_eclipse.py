"""Goals for Eclipse: a template of clinical goals (dose objectives) in XML.

The codes are those of three independent programs that read or write such templates: type 2 is V at
a relative and 3 V at an absolute dose, 4 is D at a relative and 5 D at an absolute volume, 8 is the
mean; modifier 0 is "is more than" and 1 "is less than". Absolute volumes that a goal asks for are
in mm3, those at which a dose is asked for in cc. These programs contradict each other in the codes
of minimum and maximum and of "or equal", so those are not written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree as ET

from sbrt_qa.errors import visible
from sbrt_qa.protocol.goals import Goal, GoalKind
from sbrt_qa.reports.goals.goal_formats import GoalHead, Unsaid, goal_format
from sbrt_qa.reports.goals.goal_hindrances import (
    common_hindrance,
    conditional,
    strictness,
)

MM3_PER_CC: Final = 1000
_V_PERCENT, _V_GY, _D_PERCENT, _D_CC, _MEAN = 2, 3, 4, 5, 8
_MORE_THAN, _LESS_THAN = 0, 1


@goal_format("eclipse", suffix=".xml", meaning="a template of clinical goals for Eclipse (XML)")
def write_eclipse(goals: Sequence[Goal], head: GoalHead) -> tuple[str, Sequence[Unsaid]]:
    """Write what Eclipse's clinical goals can hold, and say the rest in comments of the file."""
    root = ET.Element("DoseObjectives", {"Version": "1.0"})
    unsaid: list[Unsaid] = []
    items = ET.Element("Prescription", {"Version": "1.10"})
    for goal in goals:
        hindrance = common_hindrance(goal) or _hindrance(goal)
        if hindrance:
            unsaid.append(Unsaid(goal, hindrance))
            continue
        _item(items, goal)
        notes = (strictness(goal, holds_equality=False), conditional(goal))
        unsaid += [Unsaid(goal, note, left_out=False) for note in notes if note]
    left = sum(one.left_out for one in unsaid)
    told = f"{head.title}. {' '.join(head.remarks)} {left} limits are not in this file: see below."
    ET.SubElement(root, "Preview", _preview(head, told))
    root.append(items)
    for line in (*head.remarks, *(one.text for one in unsaid)):
        root.append(ET.Comment(f" {line.replace('--', '- -').rstrip('-')} "))
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n', unsaid


def _preview(head: GoalHead, told: str) -> dict[str, str]:
    return {
        "Version": "1.2", "ID": visible(head.protocol.id)[:16], "Type": "DoseObjectives",
        "ApprovalStatus": "Unapproved", "Diagnosis": "", "TreatmentSite": "",
        "Description": told, "AssignedUsers": "", "LastModified": "", "ApprovalHistory": "",
    }  # fmt: skip


def _hindrance(goal: Goal) -> str:
    if goal.kind in (GoalKind.LOWEST, GoalKind.HIGHEST):
        return "the code of minimum and maximum in Eclipse's templates is not known for certain"
    if goal.kind in (GoalKind.DOSE_AT_VOLUME, GoalKind.VOLUME_AT_DOSE, GoalKind.MEAN):
        return ""
    return f"Eclipse's goals have no {goal.metric.partition('[')[0]}"


def _item(parent: ET.Element, goal: Goal) -> None:
    spec = goal.spec
    if spec is None:
        raise TypeError("a goal without a metric has a hindrance")
    item = ET.SubElement(parent, "MeasureItem", {"ID": visible(goal.structure)})
    if goal.fma.isdigit():
        code = {"Code": goal.fma, "CodeScheme": "FMA", "CodeSchemeVersion": "3.2"}
        ET.SubElement(item, "StructureCode", code)
    absolute = spec.unit != "%"
    bound, minor = goal.bounds
    fields = {
        "Type": str(_type(goal)),
        "Modifier": str(_LESS_THAN if goal.is_upper else _MORE_THAN),
        "Value": _value(goal, bound),
        "TypeSpecifier": f"{spec.argument:.10g}" if spec.argument is not None else "0",
        "ReportDQPValueInAbsoluteUnits": "true" if absolute else "false",
        "Priority": str(goal.priority),
        "VariationAcceptable": "" if minor is None else _value(goal, minor),
        "PrimaryClinicalGoal": "false",
    }
    for name, text in fields.items():
        if text:
            ET.SubElement(item, name).text = text


def _type(goal: Goal) -> int:
    at_percent = goal.spec is not None and goal.spec.argument_unit == "%"
    match goal.kind:
        case GoalKind.VOLUME_AT_DOSE:
            return _V_PERCENT if at_percent else _V_GY
        case GoalKind.DOSE_AT_VOLUME:
            return _D_PERCENT if at_percent else _D_CC
        case _:
            return _MEAN


def _value(goal: Goal, bound: float | None) -> str:
    unit = goal.spec.unit if goal.spec else ""
    factor = {"cc": MM3_PER_CC, "cGy": 0.01}.get(unit, 1.0)
    return "" if bound is None else f"{bound * factor:.10g}"
