"""Differences between two protocols, and what they do to a case, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sbrt_qa.errors import visible
from sbrt_qa.protocol.differences import Part
from sbrt_qa.protocol.wording import rounded
from sbrt_qa.reports.view import WORDS

if TYPE_CHECKING:
    from sbrt_qa.model.outcome import Verdict
    from sbrt_qa.protocol.differences import Difference
    from sbrt_qa.protocol.schema import Protocol
    from sbrt_qa.review.protocol_effect import ProtocolEffect, VerdictChange

_TITLES = {
    Part.FACTS: "Protocol",
    Part.PRESCRIPTIONS: "Prescriptions",
    Part.STRUCTURES: "Structures",
    Part.LIMITS: "Limits",
    Part.SOURCES: "Sources",
    Part.OTHER: "Other",
}


def render_differences(
    protocols: tuple[Protocol, Protocol],
    found: Sequence[Difference],
    effects: Sequence[ProtocolEffect] = (),
) -> str:
    """Return the differences by part, then the verdicts of each case that change."""
    before, after = (f"{p.id} {p.version} (sha256 {p.content_hash[:12]})" for p in protocols)
    lines = [f"{before} → {after}"]
    if not found:
        lines += ["", "No difference."]
    for part, title in _TITLES.items():
        rows = [f"  {d.about}: {d.text}" for d in found if d.part is part]
        lines += ["", title, *rows] if rows else []
    for effect in effects:
        lines += ["", *_effect(effect)]
    return "".join(f"{visible(line)}\n" for line in lines)


def _effect(effect: ProtocolEffect) -> Iterator[str]:
    verdict = f"{_word(effect.before)} → {_word(effect.after)}"
    if effect.before is effect.after:
        verdict = f"{_word(effect.after)} as before"
    number = len(effect.changes)
    counted = "1 limit" if number == 1 else f"{number or 'no'} limits"
    yield f"Case {effect.case}: {verdict}; another verdict of {counted}"
    yield from (f"  {_change(change)}" for change in effect.changes)


def _change(change: VerdictChange) -> str:
    unit = "" if change.unit in ("1", "bool") else f" {change.unit}"
    value = "no value" if change.value is None else f"{rounded(change.value)}{unit}"
    return f"{change.about}, {value}: {_word(change.before)} → {_word(change.after)}"


def _word(verdict: Verdict | None) -> str:
    return "nothing" if verdict is None else WORDS[verdict]
