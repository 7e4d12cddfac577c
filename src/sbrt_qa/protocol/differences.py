"""What differs between two protocols, or two versions of one, in words.

Limits are paired by their ids, then by structure and metric under the same condition, so that
protocols of different origin can be compared, too.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sbrt_qa.i18n.phrase import Phrase, counted, joined, say, stated
from sbrt_qa.protocol.definition import CheckRule, Constraint, Protocol
from sbrt_qa.protocol.limit_moves import Limit, Move, bounds_text, metric_parts, move_of
from sbrt_qa.protocol.structure_def import StructureDef
from sbrt_qa.protocol.trial_rules import TRIAL_KEYS
from sbrt_qa.protocol.wording import OPERATORS

_WORDED: Final = frozenset(
    {
        *("format", "id", "version", "effective", "title", "trial", "statement", "prescriptions"),
        *("structures", "targets", "conformity", "options", "sources", "checks"),
    }
)
"""Fields of a protocol whose differences have words of their own."""

_OF_STRUCTURE: Final = (
    *(
        "kind",
        "required",
        "needed",
        "solid",
        "may_lie_in",
        "derive",
        "derive_margin",
        "aliases",
        "partial",
    ),
)
"""What a structure states that a reader of a difference wants to know."""

_TERM: Final = re.compile(r"\bfractions == (\d+)|\bprescription_gy == ([\d.]+)|\bprescription_gy\b")
"""What a condition compares that has words of its own."""


class ProtocolPart(enum.StrEnum):
    """Which part of a protocol a difference concerns."""

    FACTS = "facts"
    PRESCRIPTIONS = "prescriptions"
    STRUCTURES = "structures"
    LIMITS = "limits"
    CHECKS = "checks"
    SOURCES = "sources"
    OTHER = "other"
    """Everything else a protocol holds."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: the part, what it is about, and what changed, in words.

    Parameters
    ----------
    move
        What became of a limit or structure; None for what has no direction of its own.
    id, when
        Of a limit: its id, and the condition under which it applies, in words.
    how
        Of a limit that moved: how far, such as ``stricter by 3 Gy``.
    of_citation
        Whether only where a number comes from changed, and not the number.
    """

    part: ProtocolPart
    about: str
    text: str
    move: Move | None = None
    id: str = ""
    when: str = ""
    how: str = ""
    of_citation: bool = False


@dataclass(frozen=True, slots=True)
class PlacedLimit:
    """A limit with the condition under which it applies."""

    limit: Limit
    when: str

    @property
    def place(self) -> tuple[str, str, str]:
        """Condition, structure and metric: what makes limits of two protocols comparable."""
        structure = self.limit.structure if isinstance(self.limit, Constraint) else "PTV"
        return (self.when, structure, self.limit.metric)

    @property
    def title(self) -> str:
        """Structure and metric without its unit, for people."""
        return f"{self.place[1]} {metric_parts(self.limit)[0]}"


def differences(before: Protocol, after: Protocol) -> tuple[Difference, ...]:
    """Return every difference, facts first and limits as in the later protocol."""
    return (
        *_facts(before, after),
        *_prescriptions(before, after),
        *_structures(before.structures, after.structures),
        *_limits(before, after),
        *_checks(before.checks, after.checks),
        *_sources(before, after),
        *_others(before, after),
    )


def paired_limits(
    before: Protocol, after: Protocol
) -> tuple[tuple[PlacedLimit | None, PlacedLimit | None], ...]:
    """Return pairs of limits, as in the later protocol; those of the earlier alone come last."""
    old, new = list(placed_limits(before)), list(placed_limits(after))
    by_id = {p.limit.id: p for p in old}
    pairs: list[tuple[PlacedLimit | None, PlacedLimit]] = []
    for limit in new:
        twin = by_id.get(limit.limit.id)
        alike = twin is not None and (before.id == after.id or twin.place == limit.place)
        pairs.append((twin if alike else None, limit))
    taken = {id(one) for one, _ in pairs if one is not None}
    by_place: dict[tuple[str, str, str], list[PlacedLimit]] = {}
    for left in reversed([p for p in old if id(p) not in taken]):
        by_place.setdefault(left.place, []).append(left)
    pairs = [(one or _taken(by_place.get(other.place)), other) for one, other in pairs]
    taken = {id(one) for one, _ in pairs if one is not None}
    return (*pairs, *((p, None) for p in old if id(p) not in taken))


def _taken(limits: list[PlacedLimit] | None) -> PlacedLimit | None:
    """Take the first of the limits that are left at one place, which stand last first."""
    return limits.pop() if limits else None


def placed_limits(protocol: Protocol) -> Iterator[PlacedLimit]:
    """Yield all limits of a protocol with their conditions."""
    for constraint in protocol.targets.limits:
        yield PlacedLimit(constraint, constraint.when)
    for limit in protocol.conformity:
        yield PlacedLimit(limit, "")
    for option in protocol.options:
        for constraint in option.constraints:
            yield PlacedLimit(
                constraint, " and ".join(filter(None, (option.when, constraint.when)))
            )


def condition_text(when: str) -> str:
    """Return a condition in words: ``5 fractions, 50 Gy``; what holds always is ``any plan``."""
    pieces, end = [], 0
    for found in _TERM.finditer(when):
        pieces.append(_signs_shown(when[end : found.start()]))
        fractions, level_gy = found.groups()
        if fractions:
            pieces.append(counted(int(fractions), "fraction"))
        else:
            pieces.append(f"{level_gy} Gy" if level_gy else say("prescribed Gy"))
        end = found.end()
    return joined("", (*pieces, _signs_shown(when[end:]))) or say("any plan")


def _signs_shown(text: str) -> str:
    for sign, shown in OPERATORS.items():
        if len(sign) == 2:
            text = text.replace(sign, shown)
    return text.replace(" and ", ", ")


def _facts(before: Protocol, after: Protocol) -> Iterator[Difference]:
    for name in ("id", "version", "effective", "title", "trial"):
        one, other = str(getattr(before, name)), str(getattr(after, name))
        if one != other:
            texts = (stated(text) if name == "title" else text for text in (one, other))
            yield Difference(ProtocolPart.FACTS, name, _from_to(*texts))
    if before.statement != after.statement:
        yield Difference(ProtocolPart.FACTS, "statement", say("reworded"))
    for name in ("judge", "cover"):
        was, now = getattr(before.targets, name), getattr(after.targets, name)
        if was != now:
            yield Difference(ProtocolPart.OTHER, f"targets {name}", _from_to(was, now))


def _prescriptions(before: Protocol, after: Protocol) -> Iterator[Difference]:
    old, new = ({(p.total_gy, p.fractions): p for p in x.prescriptions} for x in (before, after))
    for level in dict.fromkeys((*old, *new)):
        name = f"{level[0]:g} Gy in {level[1]}"
        if level not in new:
            yield Difference(ProtocolPart.PRESCRIPTIONS, name, say("no longer allowed"))
        elif level not in old:
            yield Difference(ProtocolPart.PRESCRIPTIONS, name, say("newly allowed"))
        elif old[level].selection != new[level].selection:
            text = _of_key("selection", old[level].selection, new[level].selection)
            yield Difference(ProtocolPart.PRESCRIPTIONS, name, text)


def _structures(
    before: Sequence[StructureDef], after: Sequence[StructureDef]
) -> Iterator[Difference]:
    old, new = ({s.name: s for s in x} for x in (before, after))
    for name in dict.fromkeys((*old, *new)):
        if name not in new or name not in old:
            move = Move.GONE if name not in new else Move.NEW
            yield Difference(ProtocolPart.STRUCTURES, name, stated(move), move)
            continue
        for key in _OF_STRUCTURE:
            one, other = getattr(old[name], key), getattr(new[name], key)
            if key == "required":  # a sentence, or yes and no
                one, other = (stated(v) if isinstance(v, str) else v for v in (one, other))
            if one != other:
                yield Difference(ProtocolPart.STRUCTURES, name, _of_key(key, one, other))


def _limits(before: Protocol, after: Protocol) -> Iterator[Difference]:
    for one, other in paired_limits(before, after):
        if one is not None and other is not None:
            yield from _changes(one, other)
        elif other is not None:
            yield _about(other, bounds_text(other.limit), Move.NEW)
        elif one is not None:
            yield _about(one, bounds_text(one.limit), Move.GONE)


def _about(placed: PlacedLimit, text: str, move: Move, how: str = "") -> Difference:
    when = condition_text(placed.when)
    return Difference(ProtocolPart.LIMITS, placed.title, text, move, placed.limit.id, when, how)


def _changes(one: PlacedLimit, other: PlacedLimit) -> Iterator[Difference]:
    """Yield what differs between two limits: what it asks, what it is about, what it cites."""
    a, b = one.limit, other.limit
    move, how = move_of(a, b)
    if bounds_text(a) != bounds_text(b):
        yield _about(other, say("{0} → {1}", bounds_text(a), bounds_text(b)), move, how)
    elif how:
        yield _about(other, bounds_text(b), move, how)
    if one.place != other.place:
        was, now = (joined(", ", (p.title, condition_text(p.when))) for p in (one, other))
        yield _about(other, say("{0} → {1}", was, now), Move.OTHER)
    for key in ("otherwise", "outside_dose_grid", "liver_rule"):
        yield from _key(one, other, key, of_citation=False)
    for key in ("priority", "source", "confidence", "bounds"):
        if not (key == "priority" and "priority" in how):
            yield from _key(one, other, key, of_citation=True)


def _key(
    one: PlacedLimit, other: PlacedLimit, key: str, *, of_citation: bool
) -> Iterator[Difference]:
    old, new = getattr(one.limit, key, None), getattr(other.limit, key, None)
    if old != new:
        text = _of_key(key.replace("_", " "), old, new)
        yield replace(_about(other, text, Move.OTHER), of_citation=of_citation)


def _checks(
    before: Mapping[str, CheckRule], after: Mapping[str, CheckRule]
) -> Iterator[Difference]:
    """Yield how plan checks are made otherwise; without a rule a check is as it comes."""
    usual = CheckRule()
    for code in sorted(before.keys() | after.keys()):
        old, new = before.get(code, usual), after.get(code, usual)
        set_to = [(key, getattr(old, key), getattr(new, key)) for key in ("applies", "severity")]
        set_to += [
            (name, old.parameters.get(name), new.parameters.get(name))
            for name in sorted(old.parameters.keys() | new.parameters.keys())
        ]
        usually = say("as it comes")
        parts = [
            say("{0} {1} → {2}", name, _shown(one, usually), _shown(other, usually))
            for name, one, other in set_to
            if one != other
        ]
        if parts and code not in after:
            yield Difference(ProtocolPart.CHECKS, code, say("as it comes, was set"), Move.GONE)
        elif parts:
            move = None if code in before else Move.NEW
            yield Difference(ProtocolPart.CHECKS, code, joined(", ", parts), move)
        elif old.note != new.note:
            yield Difference(ProtocolPart.CHECKS, code, say("reworded"), of_citation=True)


def _sources(before: Protocol, after: Protocol) -> Iterator[Difference]:
    for name in dict.fromkeys((*before.sources, *after.sources)):
        one, other = before.sources.get(name), after.sources.get(name)
        if one != other:
            yield Difference(ProtocolPart.SOURCES, name, _became(one, other), of_citation=True)


def _others(before: Protocol, after: Protocol) -> Iterator[Difference]:
    """Yield what differs in parts that have no words of their own, key by key where they have."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    for name in sorted(old.keys() | new.keys()):
        if name in _WORDED or name in TRIAL_KEYS:
            continue
        one, other = _by_id(old.get(name)), _by_id(new.get(name))
        if isinstance(one, dict) and isinstance(other, dict):
            for key in sorted(one.keys() | other.keys()):
                yield from _other(f"{name} {key}", one.get(key), other.get(key))
        else:
            yield from _other(name, one, other)
    if before.trial_hash != after.trial_hash:
        hashes = [p.trial_hash[:12] if p.endpoints else "" for p in (before, after)]
        yield from _other("rules of the trial", *hashes)


def _other(about: str, one: object, other: object) -> Iterator[Difference]:
    if one != other:
        cited = about.startswith("confidence_terms")
        known = one or other
        is_record = isinstance(known, dict) and "id" in known
        text = _became(one, other) if is_record else _from_to(one, other)
        yield Difference(ProtocolPart.OTHER, about, text, of_citation=cited)


def _by_id(value: Any) -> Any:  # noqa: ANN401 - of any shape
    """Return a list of records that have ids as a mapping of them; all else as it is."""
    is_list = isinstance(value, list) and all(isinstance(v, dict) and "id" in v for v in value)
    return {v["id"]: v for v in value} if is_list else value


def _became(one: object, other: object) -> Phrase:
    """Return what became of something that is too long to be shown."""
    return say("new") if one is None else say("gone") if other is None else say("changed")


def _of_key(key: str, one: object, other: object) -> Phrase:
    return say("{0}: {1} → {2}", key, _shown(one), _shown(other))


def _from_to(one: object, other: object) -> Phrase:
    return say("{0} → {1}", _shown(one), _shown(other))


def _shown(value: object, nothing: str = "") -> str:
    """Return a value of a protocol for people; what is not set as `nothing`, unless given none."""
    if value is None or value in ((), {}, [], ""):
        return nothing or say("none")
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    if isinstance(value, Mapping):
        rows = (say("{0}: {1}", key, _shown(names)) for key, names in value.items())
        return joined("; ", rows)
    if isinstance(value, Phrase):
        return value
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
