"""Which structures of a plan are targets, and what becomes of each: none is passed over.

What is a target by its type or by its name is judged; or the user set it apart; or contours show
that it is a copy, the union of others, or a help for planning whose volume judged targets hold; or
nobody can tell, and then the case is not evaluable. Types in files are not trusted: they add
targets, and never take one away.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Final, TypeAlias

from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.structure import Structure, StructureSet
from sbrt_qa.model.target_kind import TYPES, is_helper_name, is_old_name
from sbrt_qa.protocol.boxes_of_contours import box_of, boxes_apart
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.expressions import Combined, Leaf, Operator, Tree
from sbrt_qa.protocol.folding import folded
from sbrt_qa.protocol.target_names import TargetBook

TREATED: Final = ("TREATED_VOLUME",)
"""Types of ROIs that may be targets, or the volume of an isodose."""

SAME: Final = 0.01
"""Part of a volume up to which two volumes are one."""

SLIVER_CC: Final = 0.05
"""Volume below which contours merely touch."""

VolumeOf: TypeAlias = Callable[[Tree[Structure]], float | Reason]
"""Gives the volume (cc) of structures combined; 0 where nothing is left."""


Cold: TypeAlias = Callable[[Structure], str]
"""Says what a structure gets, where that is next to nothing; else empty."""


class TargetRole(enum.StrEnum):
    """What became of a target: stable names."""

    JUDGED = "judged"
    COPY = "copy"
    """The same volume as a judged target."""
    UNION = "union"
    """Nothing but judged targets together."""
    HELPER = "helper"
    """A help for planning, by its name and by where it lies."""
    HELD = "held"
    """Within a judged target; the protocol has no limit of its kind."""
    SET_APART = "set apart"
    """No target, in the user's word."""
    EMPTY = "empty"
    """It has no contour."""
    UNCLEAR = "unclear"
    """Nobody can tell whether it is a target."""


OPEN: Final = (TargetRole.EMPTY, TargetRole.UNCLEAR)
"""Roles that leave the case not evaluable."""


@dataclass(frozen=True, slots=True)
class Lesion:
    """One structure that is, or might be, a target.

    Parameters
    ----------
    key
        Display key in the plan.
    roi_number
        Its number.
    kind
        Target of the protocol that it is held as; empty where that is not known.
    role, why
        What became of it, and why, in one sentence.
    """

    key: str
    roi_number: int
    kind: str
    role: TargetRole
    why: str = ""


@dataclass(frozen=True)
class Lesions:
    """All targets of a plan, in file order."""

    all: tuple[Lesion, ...] = ()

    @cached_property
    def judged(self) -> Mapping[str, tuple[int, ...]]:
        """ROI numbers of the judged targets by kind."""
        return self._by_kind((TargetRole.JUDGED,))

    @cached_property
    def standing(self) -> Mapping[str, tuple[int, ...]]:
        """ROI numbers of what stands for each kind: judged, or within a judged target."""
        return self._by_kind((TargetRole.JUDGED, TargetRole.HELD))

    def _by_kind(self, roles: Sequence[TargetRole]) -> Mapping[str, tuple[int, ...]]:
        found = [one for one in self.all if one.role in roles]
        return {
            kind: tuple(one.roi_number for one in found if one.kind == kind)
            for kind in dict.fromkeys(one.kind for one in found)
        }

    @property
    def excused(self) -> frozenset[int]:
        """ROI numbers of those that are no targets of their own: their isodoses are not."""
        roles = (TargetRole.JUDGED, *OPEN)
        return frozenset(one.roi_number for one in self.all if one.role not in roles)


def find_lesions(
    protocol: Protocol,
    structures: StructureSet,
    *,
    mapped: Mapping[int, str],
    set_apart: Mapping[str, str],
    own_dose: frozenset[int] = frozenset(),
    volume_of: VolumeOf,
    cold: Cold = lambda _: "",
) -> Lesions:
    """Find all targets of a plan and say what becomes of each.

    Parameters
    ----------
    mapped
        Protocol name by ROI number, in the user's word.
    set_apart
        Reasons by name or key of structures that the user says are no targets.
    own_dose
        ROI numbers that the plan prescribes a dose to.
    volume_of
        Gives volumes; where there is none nothing is recognised by its contours.
    cold
        Says of a structure what next to nothing of the prescription it gets, if so. One that is a
        target by its type alone is then asked about: a type given to skin wires is no target.
    """
    sorting = _Sorting(protocol, structures, mapped, set_apart, own_dose, volume_of, cold)
    return sorting.sorted()


class _Sorting:
    def __init__(
        self,
        protocol: Protocol,
        structures: StructureSet,
        mapped: Mapping[int, str],
        set_apart: Mapping[str, str],
        own_dose: frozenset[int],
        volume_of: VolumeOf,
        cold: Cold,
    ) -> None:
        self.book = TargetBook(protocol)
        self.kinds = {s.name for s in protocol.structures if s.kind == "target"}
        asked = [c for c in protocol.targets.limits if c.op != "report"]
        self.with_limits = {name for c in asked for name in (c.structure, c.otherwise or "")}
        self.keys = structures.keys()
        self.mapped, self.set_apart, self.own_dose = mapped, set_apart, own_dose
        self.volume_of, self.cold = volume_of, cold
        self.made: dict[str, Lesion] = {}
        self.later: list[tuple[str, str, str]] = []
        self.rings: list[str] = []

    def sorted(self) -> Lesions:
        """Return all, in file order."""
        for key, structure in self.keys.items():
            self._by_name_and_type(key, structure)
        self._in_two_files()
        for key, kind in [(k, one.kind) for k, one in self.made.items() if one.role == "judged"]:
            self._copy_or_union(key, kind)
        for key, kind in [(k, one.kind) for k, one in self.made.items() if one.role == "judged"]:
            if kind not in self.with_limits:
                self._without_limits(key, kind)
        for key, kind, doubt in self.later:
            self._by_contours(key, kind, doubt)
        for key, kind, doubt in self.later:
            if self.made[key].role is TargetRole.UNCLEAR:
                self._piece_of_ring(key, kind, doubt)
        return Lesions(tuple(self.made[key] for key in self.keys if key in self.made))

    def _put(self, key: str, kind: str, role: TargetRole, why: str = "") -> None:
        self.made[key] = Lesion(key, self.keys[key].roi_number, kind, role, why)

    def _by_name_and_type(self, key: str, structure: Structure) -> None:
        name, number = structure.name, structure.roi_number
        typed = structure.interpreted_type if structure.interpreted_type in TYPES else ""
        named = self.book.kind(name)
        if number in self.mapped:
            if (kind := self.mapped[number]) in self.kinds:
                self._put(key, kind, TargetRole.JUDGED, say("user map"))
            return
        treated = structure.interpreted_type in TREATED
        if named is None and not typed and not treated:
            return
        kind = named or (typed if typed in self.kinds else "")
        if name in self.set_apart or key in self.set_apart:
            reason = self.set_apart.get(key, self.set_apart.get(name, ""))
            why = say("set apart by the user: {0}", reason or say("no reason given"))
            self._put(key, kind, TargetRole.SET_APART, why)
        elif named is None and self.book.is_other(name):
            why = say("typed {0} in the file, and goes by the name of an organ", typed or "TREATED")
            self._put(key, "", TargetRole.HELPER, why)
        elif not structure.contours and structure.problem is None:
            self._empty(key, kind)
        elif structure.problem is not None:
            self._put(key, kind, TargetRole.UNCLEAR, structure.problem.detail)
        elif number in self.own_dose:
            self._put(
                key, kind or "PTV", TargetRole.JUDGED, say("the plan prescribes a dose to it")
            )
        elif is_old_name(name):
            doubt = say("its name says that it is of another time or a spare one")
            self.later.append((key, kind, doubt))
        elif is_helper_name(name) or (named is None and not typed):
            self.later.append((key, kind, say("its name says that it is a planning structure")))
        elif not kind:
            self.later.append((key, kind, say("its name may be that of any target")))
        elif named is None and self._is_ring(structure):
            self.later.append((key, kind, say("typed {0} in the file", typed)))
        elif named is None and (dose := self.cold(structure)):
            doubt = say("typed {0} in the file, by a name that says nothing of a target", typed)
            self._put(key, kind, TargetRole.UNCLEAR, say("{0}, and {1}", doubt, dose))
        else:
            self._put(
                key, kind, TargetRole.JUDGED, say("by its name") if named else say("by its type")
            )

    def _empty(self, key: str, kind: str) -> None:
        if is_helper_name(self.keys[key].name):
            self._put(key, kind, TargetRole.HELPER, say("a planning structure, and empty"))
        else:
            self._put(key, kind, TargetRole.EMPTY, say("a target without a contour"))

    def _judged(self, kind: str = "") -> list[str]:
        return [
            key
            for key, one in self.made.items()
            if one.role is TargetRole.JUDGED and (not kind or one.kind == kind)
        ]

    def _in_two_files(self) -> None:
        """Choose none of two drawings of one target, in two files, unless the user's map does.

        They are one target by their name, or because they overlap: as two they would be joined.
        """
        pairs = [
            (a, b)
            for a, b in combinations(self._judged(), 2)
            if self.made[a].kind == self.made[b].kind and self._is_drawn_twice(a, b)
        ]
        for pair in pairs:
            mapped = [self.keys[key].roi_number in self.mapped for key in pair]
            for key, other, mine, theirs in zip(
                pair, pair[::-1], mapped, mapped[::-1], strict=True
            ):
                kind, there = self.made[key].kind, quoted(other)
                if theirs and not mine:
                    why = say("{0} of another file is meant, in the user's word", there)
                    self._put(key, kind, TargetRole.COPY, why)
                elif not mine and self.made[key].role is TargetRole.JUDGED:
                    why = say(
                        "another file has the same target, {0}; nothing says which counts", there
                    )
                    self._put(key, kind, TargetRole.UNCLEAR, why)

    def _is_drawn_twice(self, a: str, b: str) -> bool:
        one, other = self.keys[a], self.keys[b]
        if one.origin == other.origin:
            return False
        if folded(one.name) == folded(other.name):
            return True
        volumes = [v for v in (self._volume(a), self._volume(b)) if v is not None]
        shared = self._shared(a, b)
        return shared is None or shared > max(SLIVER_CC, 5 * SAME * min(volumes, default=0.0))

    def _copy_or_union(self, key: str, kind: str) -> None:
        """Recognise a copy of a target before it, and a target made of nothing but others."""
        others = [k for k in self._judged(kind) if k != key]
        mine = self._volume(key)
        if mine is None or not others or self.keys[key].roi_number in self.own_dose:
            return
        shared = {k: self._shared(key, k) for k in others}
        whole = {k: self._volume(k) for k in others}
        before = others[: [*self._judged(kind)].index(key)]
        for k in before:
            v, s = whole[k], shared[k]
            if v and s is not None and s >= (1 - SAME) * max(v, mine):
                self._put(key, kind, TargetRole.COPY, say("a copy of {0}", quoted(k)))
                return
        inside = [k for k in others if (v := whole[k]) and (s := shared[k]) and s >= (1 - SAME) * v]
        pairs = [self._shared(a, b) for a, b in combinations(inside, 2)]
        if len(inside) < 2 or any(p is None or p > SAME * mine for p in pairs):
            return
        if mine - sum(whole[k] or 0.0 for k in inside) <= max(SAME * mine, SLIVER_CC):
            names = joined(", ", map(quoted, inside))
            self._put(
                key, kind, TargetRole.UNION, say("nothing but {0} together, each judged", names)
            )

    def _without_limits(self, key: str, kind: str) -> None:
        for other in (k for k in self._judged() if self.made[k].kind in self.with_limits):
            if self._is_within(key, other):
                why = say("no limit is about a {0}; it lies within {1}", kind, quoted(other))
                self._put(key, kind, TargetRole.HELD, why)
                return
        if self.with_limits:
            why = say("no limit is about a {0}, and it lies in no judged target", kind)
            self._put(key, kind, TargetRole.UNCLEAR, why)

    def _by_contours(self, key: str, kind: str, doubt: str) -> None:
        """Decide about a name that says a help for planning, or nothing, by where it lies."""
        for other in self._judged():
            there = quoted(other)
            if self._is_within(key, other):
                self._put(
                    key, kind, TargetRole.HELPER, say("{0}; it lies within {1}", doubt, there)
                )
                return
            if self._is_within(other, key):
                self._put(
                    key, kind, TargetRole.HELPER, say("{0}; it holds all of {1}", doubt, there)
                )
                return
        if self._is_ring(self.keys[key]):
            self.rings.append(key)
            self._put(key, kind, TargetRole.HELPER, say("{0}; a ring around targets", doubt))
            return
        why = say("{0}, and it lies neither in nor around the targets that are judged", doubt)
        self._put(key, kind, TargetRole.UNCLEAR, why)

    def _piece_of_ring(self, key: str, kind: str, doubt: str) -> None:
        """Recognise a help for planning that was cut out of a ring, and holds no target."""
        volume = self._volume(key)
        if not volume or not is_helper_name(self.keys[key].name):
            return
        held = [self._shared(key, other) for other in self._judged()]
        if any(s is None or s > max(5 * SAME * volume, SLIVER_CC) for s in held):
            return
        for ring in self.rings:
            if (shared := self._shared(key, ring)) and shared >= (1 - 5 * SAME) * volume:
                self._put(
                    key, kind, TargetRole.HELPER, say("{0}; a piece of {1}", doubt, quoted(ring))
                )
                return

    def _is_ring(self, structure: Structure) -> bool:
        """Tell whether a structure encloses another target and holds next to nothing of any."""
        targets = [
            (key, s)
            for key, s in self.keys.items()
            if s is not structure and s.contours and self.book.kind(s.name)
            and not is_helper_name(s.name)
        ]  # fmt: skip
        low, high = box_of(structure, 0.0)
        around = [
            key
            for key, s in targets
            if (low[:2] <= (b := box_of(s, 0.0))[0][:2]).all() and (b[1][:2] <= high[:2]).all()
        ]
        own = next(key for key, s in self.keys.items() if s is structure)
        volume = self._volume(own)
        if not around or volume is None:
            return False
        shared = [self._shared(own, key) for key, _ in targets]
        return all(s is not None and s <= max(5 * SAME * volume, SLIVER_CC) for s in shared)

    def _is_within(self, inner: str, outer: str) -> bool:
        volume, shared = self._volume(inner), self._shared(inner, outer)
        if not volume or shared is None:
            return False
        return volume - shared <= max(SAME * volume, min(SLIVER_CC, 0.1 * volume))

    def _volume(self, key: str) -> float | None:
        found = self.volume_of(Leaf(self.keys[key]))
        return None if isinstance(found, Reason) else found

    def _shared(self, a: str, b: str) -> float | None:
        """Return the volume of two targets that both hold; None where it is not known."""
        one, other = self.keys[a], self.keys[b]
        if boxes_apart(one, other):
            return 0.0
        first, second = sorted((one, other), key=lambda s: s.roi_number)
        found = self.volume_of(Combined(Operator.INTERSECTION, Leaf(first), Leaf(second)))
        return None if isinstance(found, Reason) else found


def names_of(lesions: Lesions, roles: Sequence[TargetRole]) -> Iterator[Lesion]:
    """Yield the lesions of some roles."""
    yield from (one for one in lesions.all if one.role in roles)
