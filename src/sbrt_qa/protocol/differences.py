"""What differs between two protocols, or two versions of one, in words.

Limits are paired by their ids, then by structure and metric under the same condition, so that
protocols of different origin can be compared, too.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from sbrt_qa.protocol.schema import ConformityLimit, Constraint, Protocol, StructureDef

Limit: TypeAlias = Constraint | ConformityLimit

_WORDED: Final = frozenset(
    {
        *("format", "id", "version", "effective", "title", "trial", "statement", "prescriptions"),
        *("structures", "targets", "conformity", "options", "sources"),
    }
)
"""Fields of a protocol whose differences have words of their own."""

_UPPER: Final = ("<=", "<")
_LOWER: Final = (">=", ">")


class Part(enum.StrEnum):
    """Which part of a protocol a difference concerns."""

    FACTS = "facts"
    PRESCRIPTIONS = "prescriptions"
    STRUCTURES = "structures"
    LIMITS = "limits"
    SOURCES = "sources"
    OTHER = "other"
    """Everything else a protocol holds, such as the parameters of its checks."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: the part, what it is about, and what changed, as a sentence."""

    part: Part
    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Placed:
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
        """Structure, metric, and condition where there is one, for people."""
        when, structure, metric = self.place
        return f"{structure} {metric}" + (f", when {when}" if when else "")


def differences(before: Protocol, after: Protocol) -> tuple[Difference, ...]:
    """Return every difference, facts first and limits as in the later protocol."""
    return (
        *_facts(before, after),
        *_prescriptions(before, after),
        *_structures(before.structures, after.structures),
        *_limits(before, after),
        *_sources(before, after),
        *_others(before, after),
    )


def paired_limits(
    before: Protocol, after: Protocol
) -> tuple[tuple[Placed | None, Placed | None], ...]:
    """Return pairs of limits, as in the later protocol; those of the earlier alone come last."""
    old, new = list(placed_limits(before)), list(placed_limits(after))
    by_id = {p.limit.id: p for p in old}
    pairs: list[tuple[Placed | None, Placed]] = []
    for limit in new:
        twin = by_id.get(limit.limit.id)
        alike = twin is not None and (before.id == after.id or twin.place == limit.place)
        pairs.append((twin if alike else None, limit))
    taken = {id(one) for one, _ in pairs if one is not None}
    by_place = {p.place: p for p in reversed(old) if id(p) not in taken}
    pairs = [(one or by_place.pop(other.place, None), other) for one, other in pairs]
    taken = {id(one) for one, _ in pairs if one is not None}
    return (*pairs, *((p, None) for p in old if id(p) not in taken))


def placed_limits(protocol: Protocol) -> Iterator[Placed]:
    """Yield all limits of a protocol with their conditions."""
    for constraint in protocol.targets:
        yield Placed(constraint, constraint.when)
    for limit in protocol.conformity:
        yield Placed(limit, "")
    for option in protocol.options:
        for constraint in option.constraints:
            yield Placed(constraint, " and ".join(filter(None, (option.when, constraint.when))))


def bounds_text(limit: Limit) -> str:
    """Return the bounds of a limit: ``<= 33, minor to 35``."""
    if limit.op == "report":
        return "reported only"
    if isinstance(limit, ConformityLimit) and limit.table:
        rows = (f"{_cc(r.ptv_cc)} {r.per_protocol:g}/{r.minor:g}" for r in limit.table)
        return f"{limit.op} by PTV volume: {', '.join(rows)}"
    text = f"{limit.op} {limit.per_protocol:g}"
    if limit.minor is not None and limit.minor != limit.per_protocol:
        text += f", minor to {limit.minor:g}"
    return text + (", then minor" if limit.beyond == "minor" else "")


def _cc(volume_cc: float | None) -> str:
    return "larger" if volume_cc is None else f"{volume_cc:g} cc"


def _facts(before: Protocol, after: Protocol) -> Iterator[Difference]:
    for name in ("id", "version", "effective", "title", "trial"):
        one, other = str(getattr(before, name)), str(getattr(after, name))
        if one != other:
            yield Difference(Part.FACTS, name, f"{one or 'none'} → {other or 'none'}")
    if before.statement != after.statement:
        yield Difference(Part.FACTS, "statement", "reworded")


def _prescriptions(before: Protocol, after: Protocol) -> Iterator[Difference]:
    old, new = ({(p.total_gy, p.fractions): p for p in x.prescriptions} for x in (before, after))
    for level in dict.fromkeys((*old, *new)):
        name = f"{level[0]:g} Gy in {level[1]}"
        if level not in new:
            yield Difference(Part.PRESCRIPTIONS, name, "no longer allowed")
        elif level not in old:
            yield Difference(Part.PRESCRIPTIONS, name, "newly allowed")
        elif old[level].selection != new[level].selection:
            text = f"selection: {old[level].selection or 'none'} → {new[level].selection or 'none'}"
            yield Difference(Part.PRESCRIPTIONS, name, text)


def _structures(
    before: Sequence[StructureDef], after: Sequence[StructureDef]
) -> Iterator[Difference]:
    old, new = ({s.name: s for s in x} for x in (before, after))
    for name in dict.fromkeys((*old, *new)):
        if name not in new or name not in old:
            yield Difference(Part.STRUCTURES, name, "gone" if name not in new else "new")
            continue
        for key in ("kind", "required", "derive", "aliases", "partial"):
            one, other = getattr(old[name], key), getattr(new[name], key)
            if one != other:
                yield Difference(Part.STRUCTURES, name, f"{key}: {_shown(one)} → {_shown(other)}")


def _limits(before: Protocol, after: Protocol) -> Iterator[Difference]:
    for one, other in paired_limits(before, after):
        if one is None and other is not None:
            yield _about(other, f"new: {bounds_text(other.limit)}")
        elif other is None and one is not None:
            yield _about(one, f"gone; it was {bounds_text(one.limit)}")
        elif one is not None and other is not None:
            yield from (_about(other, text) for text in _changes(one, other))


def _about(placed: Placed, text: str) -> Difference:
    return Difference(Part.LIMITS, f"{placed.limit.id} ({placed.title})", text)


def _changes(one: Placed, other: Placed) -> Iterator[str]:
    """Yield what differs between two limits."""
    a, b = one.limit, other.limit
    if bounds_text(a) != bounds_text(b):
        tendency = _tendency(a, b)
        yield f"{bounds_text(a)} → {bounds_text(b)}" + (f" ({tendency})" if tendency else "")
    if one.place != other.place:
        yield f"{one.title} → {other.title}"
    for key in ("priority", "source", "confidence", "otherwise", "outside_dose_grid"):
        old, new = getattr(a, key, None), getattr(b, key, None)
        if old != new:
            yield f"{key.replace('_', ' ')}: {_shown(old)} → {_shown(new)}"


def _tendency(a: Limit, b: Limit) -> str:
    """Say whether a limit became stricter or looser, where that can be said."""
    if a.per_protocol is None or b.per_protocol is None:
        return ""
    signs = _UPPER if a.op in _UPPER else _LOWER if a.op in _LOWER else ()
    if b.op not in signs:
        return ""
    up = 1 if signs is _UPPER else -1
    moves = {
        (y > x) - (y < x)
        for x, y in ((a.per_protocol, b.per_protocol), (_outer(a), _outer(b)))
        if x is not None and y is not None
    } - {0}
    if len(moves) != 1 or a.beyond != b.beyond:
        return ""
    return "looser" if moves.pop() * up > 0 else "stricter"


def _outer(limit: Limit) -> float | None:
    return limit.per_protocol if limit.minor is None else limit.minor


def _sources(before: Protocol, after: Protocol) -> Iterator[Difference]:
    for name in dict.fromkeys((*before.sources, *after.sources)):
        one, other = before.sources.get(name), after.sources.get(name)
        if one != other:
            text = "new" if one is None else "gone" if other is None else "changed"
            yield Difference(Part.SOURCES, name, text)


def _others(before: Protocol, after: Protocol) -> Iterator[Difference]:
    """Yield what differs in parts that have no words of their own, key by key where they have."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    for name in sorted(old.keys() | new.keys()):
        if name in _WORDED:
            continue
        one, other = old.get(name), new.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            for key in sorted(one.keys() | other.keys()):
                yield from _other(f"{name} {key}", one.get(key), other.get(key))
        else:
            yield from _other(name, one, other)


def _other(about: str, one: object, other: object) -> Iterator[Difference]:
    if one != other:
        yield Difference(Part.OTHER, about, f"{_shown(one)} → {_shown(other)}")


def _shown(value: object) -> str:
    if value is None or value in ((), {}, ""):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_shown(names)}" for key, names in value.items())
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
