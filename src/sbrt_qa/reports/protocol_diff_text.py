"""Differences between two protocols, and what they do to cases, for the terminal and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import counted
from sbrt_qa.protocol.differences import ProtocolPart
from sbrt_qa.protocol.limit_moves import Move
from sbrt_qa.protocol.standing import standing_of
from sbrt_qa.protocol.wording import rounded, unit_text
from sbrt_qa.reports.compose.verdict_words import WORDS

if TYPE_CHECKING:
    from sbrt_qa.compare.protocol_effect import ProtocolEffect, VerdictChange
    from sbrt_qa.model.outcome import Verdict
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.protocol.differences import Difference

_MOVED = (Move.STRICTER, Move.LOOSER, Move.MIXED, Move.OTHER)

_OTHER_PARTS = {
    ProtocolPart.FACTS: "Protocol",
    ProtocolPart.OTHER: "Other",
}


def render_differences(
    protocols: tuple[Protocol, Protocol],
    found: Sequence[Difference],
    effects: Sequence[ProtocolEffect] = (),
    *,
    sources: bool = False,
    width: int = 120,
) -> str:
    """Return the verdicts of each case that change, then what differs, limits first.

    Parameters
    ----------
    sources
        Show where numbers come from, too, and priorities that change no verdict.
    width
        Columns to which lists are wrapped.
    """
    before, after = protocols
    lines = [*dict.fromkeys(map(standing_of, protocols))]
    lines.append(f"{before.id} {before.version} → {after.id} {after.version}")
    for effect in effects:
        lines += ["", *_effect(effect)]
    told = [d for d in found if not d.of_citation]
    limits = [d for d in told if d.part is ProtocolPart.LIMITS]
    for move in _MOVED:
        lines += _moved(move, [d for d in limits if d.move is move])
    for move, protocol in ((Move.NEW, after), (Move.GONE, before)):
        alone = [d for d in limits if d.move is move]
        lines += _alone(f"only in {_name(protocol, protocols)}", alone, width)
    lines += _titled("Prescriptions", _by_text(told, ProtocolPart.PRESCRIPTIONS), width)
    lines += _titled("Structures", _by_text(told, ProtocolPart.STRUCTURES), width)
    lines += _titled("Plan checks", _checks(told), width)
    for part, title in _OTHER_PARTS.items():
        lines += _titled(title, (f"{d.about}: {d.text}" for d in told if d.part is part), width)
    lines += _citations([d for d in found if d.of_citation], width, sources=sources)
    if not found:
        lines += ["", "No difference."]
    return "".join(f"{visible(line)}\n" for line in lines)


def differences_json(
    protocols: tuple[Protocol, Protocol],
    found: Sequence[Difference],
    effects: Sequence[ProtocolEffect] = (),
) -> str:
    """Return all of it as one JSON object, citations included."""
    before, after = (
        {"id": p.id, "version": p.version, "sha256": p.content_hash} for p in protocols
    )
    data = {
        "before": before,
        "after": after,
        "differences": [asdict(d) for d in found],
        "cases": [asdict(effect) for effect in effects],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _name(protocol: Protocol, protocols: tuple[Protocol, Protocol]) -> str:
    same = protocols[0].id == protocols[1].id
    return f"{protocol.id} {protocol.version}" if same else protocol.id


def _effect(effect: ProtocolEffect) -> Iterator[str]:
    verdict = f"{_word(effect.before)} → {_word(effect.after)}"
    if effect.before is effect.after:
        verdict = f"{_word(effect.after)} as before"
    number = len(effect.changes)
    yield f"Case {effect.case}: {verdict}; another verdict of {counted(number, 'limit')}"
    yield from (f"  {_change(change)}" for change in effect.changes)


def _change(change: VerdictChange) -> str:
    value = "no value"
    if change.value is not None:
        value = f"{rounded(change.value)}{unit_text(change.unit)}"
    one, other = (_word(v) if v else change.silent for v in (change.before, change.after))
    return f"{change.about} ({change.id}), {value}: {one} → {other}"


def _word(verdict: Verdict) -> str:
    return WORDS[verdict]


def _moved(move: Move, found: Sequence[Difference]) -> Iterator[str]:
    """Yield the limits that moved one way, by the plans they are for."""
    if found:
        yield from ("", f"{counted(len({d.id for d in found}), 'limit')} {move}")
    for when in dict.fromkeys(d.when for d in found):
        yield f"  {when}"
        for d in (d for d in found if d.when == when):
            yield f"    {d.about}: {d.text}" + (f"; {d.how}" if d.how else "")


def _alone(title: str, found: Sequence[Difference], width: int) -> Iterator[str]:
    """Yield the limits that one protocol has alone: a paragraph for each kind of plan."""
    if found:
        yield from ("", f"{counted(len(found), 'limit')} {title}")
    for when in dict.fromkeys(d.when for d in found):
        structures: dict[str, list[str]] = {}
        for d in (d for d in found if d.when == when):
            structure, _, metric = d.about.rpartition(" ")
            structures.setdefault(structure, []).append(f"{metric} {d.text}")
        told = (f"{structure} {', '.join(limits)}" for structure, limits in structures.items())
        yield from _wrapped(f"{when}: {'; '.join(told)}", width)


def _by_text(found: Sequence[Difference], part: ProtocolPart) -> Iterator[str]:
    """Yield each kind of change once, with the names it is about; what came or went first."""
    kinds: dict[str, list[str]] = {}
    for d in sorted((d for d in found if d.part is part), key=lambda d: d.move is None):
        kinds.setdefault(d.text, []).append(d.about)
    yield from (f"{text}: {', '.join(names)}" for text, names in kinds.items())


def _checks(found: Sequence[Difference]) -> Iterator[str]:
    """Yield the checks that are no longer set in one line, the others one by one."""
    of_checks = [d for d in found if d.part is ProtocolPart.CHECKS]
    yield from _by_text([d for d in of_checks if d.move is Move.GONE], ProtocolPart.CHECKS)
    yield from (f"{d.about}: {d.text}" for d in of_checks if d.move is not Move.GONE)


def _titled(title: str, rows: Iterator[str], width: int) -> Iterator[str]:
    lines = [line for row in rows for line in _wrapped(row, width)]
    if lines:
        yield from ("", title, *lines)


def _citations(found: Sequence[Difference], width: int, *, sources: bool) -> Iterator[str]:
    if sources:
        rows = (f"{d.id or d.about} ({d.about}): {d.text}" for d in found)
        yield from _titled("Sources, confidence, priorities without effect", rows, width)
    elif found:
        text = counted(len(found), "difference")
        yield from ("", f"{text} of sources and wording: --sources")


def _wrapped(text: str, width: int) -> list[str]:
    """Return a paragraph as lines; blanks within stay."""
    return textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="    ")
