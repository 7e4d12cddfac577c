"""The subgroups that a protocol names: to which level each subject belongs."""

from __future__ import annotations

from collections.abc import Iterable

from sbrt_qa.protocol.trial_rules import SubgroupRule
from sbrt_qa.trial.data_cut import DataCut


def subgroup_levels(cut: DataCut, rule: SubgroupRule, subjects: Iterable[str]) -> list[str]:
    """Return the level of each subject; empty where it is not known."""
    table, _, column = rule.field.partition(".")
    found = []
    for subject in subjects:
        row = cut.data.one(table, subject)
        value = row.get(column) if row else None
        found.append(_level(rule, value))
    return found


def _level(rule: SubgroupRule, value: object) -> str:
    if rule.cut is None:
        return str(value) if str(value) in rule.levels else ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return f"<= {rule.cut:g}" if value <= rule.cut else f"> {rule.cut:g}"
