"""What holds for a liver that is smaller than its volume limits ask for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Final

from sbrt_qa.i18n.phrase import joined, say, stated
from sbrt_qa.model.outcome import Finding, Reason, ReasonCode
from sbrt_qa.protocol.applicability import Applicable
from sbrt_qa.protocol.definition import Constraint, Protocol
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.protocol.rules import EntryVolume, RemnantRule, SharedLiver, SparedVolume

LIVER_REMNANT: Final = "LIVER_REMNANT"
"""Code of the finding that a liver is a remnant, and of the limit that then holds."""

_TITLE: Final = say("liver smaller than its volume limits ask for")
_GROUP: Final = "prescription"


def rule_text(rule: RemnantRule) -> str:
    """Return the rule in force in one sentence."""
    below, numbers = f"{rule.below_cc:g}", rule.numbers
    if isinstance(numbers, SparedVolume):
        return say(
            "below {0} cc: at least {1} cc get less than {2} Gy",
            below,
            f"{numbers.volume_cc:g}",
            f"{numbers.dose_gy:g}",
        )
    if isinstance(numbers, SharedLiver):
        return say(
            "below {0} cc: at least {1} % of it get less than {2} Gy",
            below,
            f"{numbers.percent:g}",
            f"{numbers.dose_gy:g}",
        )
    if isinstance(numbers, EntryVolume):
        return say("at least {0} cc, or no treatment in the trial", f"{numbers.volume_cc:g}")
    return say("below {0} cc: volume limits are not evaluable, the reviewer decides", below)


def remnant_limit(rule: RemnantRule) -> Constraint | None:
    """Return the rule in force as a limit; None where it has none."""
    numbers = rule.numbers
    if numbers is None:
        return None
    if isinstance(numbers, SparedVolume):
        metric, bound = f"CV{numbers.dose_gy:g}Gy[cc]", numbers.volume_cc
    elif isinstance(numbers, SharedLiver):
        metric, bound = f"CV{numbers.dose_gy:g}Gy[%]", numbers.percent
    else:
        metric, bound = "Volume[cc]", numbers.volume_cc
    return Constraint(
        id=LIVER_REMNANT,
        structure=rule.structure,
        metric=metric,
        op=">=",
        per_protocol=bound,
        priority=1,
        source=numbers.source,
        confidence=numbers.confidence,
        note=numbers.note,
    )


def by_remnant_rule(
    protocol: Protocol,
    rows: Sequence[ConstraintResult],
    volume_cc: Callable[[str], float | None],
    evaluated: Callable[[Applicable], ConstraintResult],
) -> tuple[list[ConstraintResult], tuple[Finding, ...]]:
    """Return rows with what the remnant rule makes of them, and what to know of the liver.

    Parameters
    ----------
    volume_cc
        Gives the volume of a structure of the protocol, None where it is not known.
    evaluated
        Gives the result of a limit.
    """
    rule = protocol.remnant_rule
    found_cc = None if rule is None else volume_cc(rule.structure)
    if rule is None or found_cc is None:
        return list(rows), ()
    limit, small = remnant_limit(rule), found_cc < rule.below_cc
    replaced = limit is not None and rule.in_force != "minimum_volume_to_enter"
    result = [_told(row, rule, replaced=replaced) for row in rows] if small else list(rows)
    if limit is not None and (small or not replaced):
        result.append(evaluated(Applicable(limit)))
    return result, (_finding(rule, found_cc),) if small else ()


def _told(row: ConstraintResult, rule: RemnantRule, *, replaced: bool) -> ConstraintResult:
    """Return a volume limit of the liver with what the rule makes of it."""
    reason = row.reason
    if row.structure != rule.structure or reason is None:
        return row
    if reason.code is not ReasonCode.SMALLER_THAN_ASKED:
        return row
    if replaced:
        text = say("the remnant rule takes its place: {0}", rule_text(rule))
        note = joined("; ", (text, row.note))
        return dataclasses.replace(row, note=stated(note), counts=False)
    text = say("remnant rule in force: {0}", rule_text(rule))
    why = joined("; ", (stated(reason.detail), text))
    return dataclasses.replace(row, reason=Reason(reason.code, stated(why)))


def _finding(rule: RemnantRule, found_cc: float) -> Finding:
    message = say(
        "{0} has {1} cc, less than the {2} cc of its volume limits; remnant rule in force: {3}",
        rule.structure,
        f"{found_cc:.0f}",
        f"{rule.below_cc:g}",
        rule_text(rule),
    )
    advice = say("The trial group chooses the rule: sbrt-qa protocol decisions.")
    return Finding(LIVER_REMNANT, None, rule.structure, message, advice, title=_TITLE, group=_GROUP)
