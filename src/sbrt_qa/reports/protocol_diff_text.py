"""Differences between two protocols, and what they do to cases, for the terminal and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import counted, say, stated
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.protocol.differences import ProtocolPart
from sbrt_qa.protocol.limit_moves import Move
from sbrt_qa.protocol.standing import standing_of
from sbrt_qa.protocol.wording import rounded, unit_text
from sbrt_qa.reports.compose.verdict_words import WORDS

if TYPE_CHECKING:
    from sbrt_qa.compare.protocol_effect import ProtocolEffect, VerdictChange
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.protocol.differences import Difference

_MOVED = (Move.STRICTER, Move.LOOSER, Move.MIXED, Move.OTHER)

_OTHER_PARTS = {
    ProtocolPart.FACTS: msg("Protocol"),
    ProtocolPart.OTHER: msg("Other"),
}


def render_differences(
    protocols: tuple[Protocol, Protocol],
    found: Sequence[Difference],
    effects: Sequence[ProtocolEffect] = (),
    *,
    sources: bool = False,
    width: int = 120,
    language: str = "en",
) -> str:
    """Return the verdicts of each case that change, then what differs, limits first.

    Parameters
    ----------
    sources
        Show where numbers come from, too, and priorities that change no verdict.
    width
        Columns to which lists are wrapped.
    """
    words = Words(language)
    before, after = protocols
    lines = [words.value(one) for one in dict.fromkeys(map(standing_of, protocols))]
    lines.append(f"{before.id} {before.version} → {after.id} {after.version}")
    for effect in effects:
        lines += ["", *_effect(effect, words)]
    told = [d for d in found if not d.of_citation]
    limits = [d for d in told if d.part is ProtocolPart.LIMITS]
    for move in _MOVED:
        lines += _moved(move, [d for d in limits if d.move is move], words)
    for move, protocol in ((Move.NEW, after), (Move.GONE, before)):
        alone = [d for d in limits if d.move is move]
        lines += _alone(_name(protocol, protocols), alone, width, words)
    prescribed = _by_text(told, ProtocolPart.PRESCRIPTIONS, words)
    lines += _titled(words(msg("Prescriptions")), prescribed, width)
    structures = _by_text(told, ProtocolPart.STRUCTURES, words)
    lines += _titled(words(msg("Structures")), structures, width)
    lines += _titled(words(msg("Plan checks")), _checks(told, words), width)
    for part, title in _OTHER_PARTS.items():
        rows = (f"{d.about}: {_text(d, words)}" for d in told if d.part is part)
        lines += _titled(words(title), rows, width)
    lines += _citations([d for d in found if d.of_citation], width, words, sources=sources)
    if not found:
        lines += ["", words(msg("No difference."))]
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


def _text(found: Difference, words: Words) -> str:
    """Return what differs, in the language where the catalogue has it."""
    return words.value(stated(found.text))


def _effect(effect: ProtocolEffect, words: Words) -> Iterator[str]:
    before, after = (say(WORDS[verdict]) for verdict in (effect.before, effect.after))
    verdict = say("{0} → {1}", before, after)
    if effect.before is effect.after:
        verdict = say("{0} as before", after)
    number = counted(len(effect.changes), "limit")
    yield words.value(say("Case {0}: {1}; another verdict of {2}", effect.case, verdict, number))
    yield from (f"  {_change(change, words)}" for change in effect.changes)


def _change(change: VerdictChange, words: Words) -> str:
    value = words(msg("no value"))
    if change.value is not None:
        value = f"{rounded(change.value)}{unit_text(change.unit)}"
    silent = words.value(stated(change.silent))
    one, other = (words(WORDS[v]) if v else silent for v in (change.before, change.after))
    return f"{change.about} ({change.id}), {value}: {one} → {other}"


def _moved(move: Move, found: Sequence[Difference], words: Words) -> Iterator[str]:
    """Yield the limits that moved one way, by the plans they are for."""
    if found:
        number = counted(len({d.id for d in found}), "limit")
        yield from ("", words.value(say("{0} {1}", number, say(move))))
    for when in dict.fromkeys(d.when for d in found):
        yield f"  {words.value(stated(when))}"
        for d in (d for d in found if d.when == when):
            how = f"; {words.value(stated(d.how))}" if d.how else ""
            yield f"    {d.about}: {_text(d, words)}{how}"


def _alone(name: str, found: Sequence[Difference], width: int, words: Words) -> Iterator[str]:
    """Yield the limits that one protocol has alone: a paragraph for each kind of plan."""
    if found:
        yield from ("", words.value(say("{0} only in {1}", counted(len(found), "limit"), name)))
    for when in dict.fromkeys(d.when for d in found):
        structures: dict[str, list[str]] = {}
        for d in (d for d in found if d.when == when):
            structure, _, metric = d.about.rpartition(" ")
            structures.setdefault(structure, []).append(f"{metric} {_text(d, words)}")
        told = (f"{structure} {', '.join(limits)}" for structure, limits in structures.items())
        yield from _wrapped(f"{words.value(stated(when))}: {'; '.join(told)}", width)


def _by_text(found: Sequence[Difference], part: ProtocolPart, words: Words) -> Iterator[str]:
    """Yield each kind of change once, with the names it is about; what came or went first."""
    kinds: dict[str, list[str]] = {}
    for d in sorted((d for d in found if d.part is part), key=lambda d: d.move is None):
        kinds.setdefault(_text(d, words), []).append(d.about)
    yield from (f"{text}: {', '.join(names)}" for text, names in kinds.items())


def _checks(found: Sequence[Difference], words: Words) -> Iterator[str]:
    """Yield the checks that are no longer set in one line, the others one by one."""
    of_checks = [d for d in found if d.part is ProtocolPart.CHECKS]
    gone = [d for d in of_checks if d.move is Move.GONE]
    yield from _by_text(gone, ProtocolPart.CHECKS, words)
    yield from (f"{d.about}: {_text(d, words)}" for d in of_checks if d.move is not Move.GONE)


def _titled(title: str, rows: Iterator[str], width: int) -> Iterator[str]:
    lines = [line for row in rows for line in _wrapped(row, width)]
    if lines:
        yield from ("", title, *lines)


def _citations(
    found: Sequence[Difference], width: int, words: Words, *, sources: bool
) -> Iterator[str]:
    if sources:
        rows = (f"{d.id or d.about} ({d.about}): {_text(d, words)}" for d in found)
        title = words(msg("Sources, confidence, priorities without effect"))
        yield from _titled(title, rows, width)
    elif found:
        number = counted(len(found), "difference")
        yield from ("", words.value(say("{0} of sources and wording: --sources", number)))


def _wrapped(text: str, width: int) -> list[str]:
    """Return a paragraph as lines; blanks within stay."""
    return textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="    ")
