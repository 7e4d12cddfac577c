"""Structures of the protocol found in one plan.

In order, and never further than the first step that finds something: the user's map; the TG-263
name; derived from parts that are there (a contour called "normal liver" may be anything, liver
minus tumour is computed); an alias; made from another by a margin. Two structures found in one step
are ambiguous. Structures without contours are no candidates beside others, and are said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sbrt_qa.errors import UsageError, did_you_mean, quoted
from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.model.body_outline import typed_outline
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import Structure, StructureSet
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.expressions import (
    MAX_NAMES,
    Combined,
    Leaf,
    Operator,
    Tree,
    has_margin,
    leaves,
    parse_expression,
    substitute,
    written,
)
from sbrt_qa.protocol.folding import as_it_looks, folded
from sbrt_qa.protocol.grown import grown_structure
from sbrt_qa.protocol.limit_result import StructureMatch
from sbrt_qa.protocol.map_names import trees_of_map
from sbrt_qa.protocol.structure_names import NameBook, Named

USER_MAP = say("user map")

A_TARGET = say("a target by its name or type")

NO_TARGETS: Mapping[str, tuple[int, ...]] = MappingProxyType({})

MAX_CANDIDATES = 10
"""Candidates that a Reason lists."""

MAX_HINTS = 3
"""Similar names that a Reason lists."""

ABSENT = (ReasonCode.STRUCTURE_MISSING, ReasonCode.STRUCTURE_EMPTY)
"""Reasons after which another structure may stand in; an ambiguous one is never passed over."""


@dataclass(frozen=True, slots=True)
class Matched:
    """What stands for a structure of the protocol: the account of it, and how to compute it."""

    match: StructureMatch
    tree: Tree[Structure]

    @property
    def is_part(self) -> bool:
        """Whether it is only a part of what is meant, so that a dose in it is a lower bound."""
        return self.match.part


class Matcher:
    """Finds structures of a protocol in the structure set of one plan.

    Parameters
    ----------
    mapping
        Protocol name by ROI name (or key, see `StructureSet.keys`) of the plan. An expression of
        ROI names maps their combination: ``{"Aorta+IVC": "GreatVes"}``. A mapped ROI stands for
        nothing else.
    targets
        ROI numbers of the targets that are judged, by kind: a kind stands for all of them together.
    no_targets
        ROI numbers that stand for no target.

    Attributes
    ----------
    unused
        ROI names of the mapping that the plan does not have.

    Raises
    ------
    UsageError
        The mapping leads to a name that the protocol does not have.
    """

    def __init__(
        self,
        protocol: Protocol,
        structures: StructureSet,
        mapping: Mapping[str, str],
        targets: Mapping[str, tuple[int, ...]] = NO_TARGETS,
        no_targets: frozenset[int] = frozenset(),
    ) -> None:
        self._protocol = protocol
        self._names = NameBook(protocol)
        self._derive = {s.name: s.derive for s in protocol.structures}
        self._margins = {s.name: s.derive_margin for s in protocol.structures}
        self._keys = structures.keys()
        self._known: dict[str, Matched | Reason] = {}
        self.unused: list[str] = []
        self._mapped = self._read_mapping(mapping)
        taken = {s.roi_number for trees in self._mapped.values() for t in trees for s in leaves(t)}
        free = [s for s in structures.structures if s.roi_number not in taken]
        self._solid = [s for s in free if not _is_empty(s)]
        self._empty = [s for s in free if _is_empty(s)]
        self._kinds = {s.name for s in protocol.structures if s.kind == "target"}
        self._targets, self._no_targets = targets, no_targets

    @property
    def mapped_numbers(self) -> dict[int, str]:
        """Protocol name by ROI number, of what the user mapped."""
        return {
            s.roi_number: name
            for name, trees in self._mapped.items()
            for tree in trees
            for s in leaves(tree)
        }

    def find(self, expression: str) -> Matched | Reason:
        """Find a structure or an expression over structures of the protocol."""
        if expression not in self._known:
            self._known[expression] = self._find(expression)
        return self._known[expression]

    def find_either(self, expression: str, otherwise: str | None) -> Matched | Reason:
        """Find a structure, or the one that stands in for it when the plan lacks the first."""
        first = self.find(expression)
        if otherwise is None or isinstance(first, Matched) or first.code not in ABSENT:
            return first
        second = self.find(otherwise)
        if isinstance(second, Reason):
            return second if second.code not in ABSENT else first
        rule = say("{0}: {1} ({2})", second.match.rule, otherwise, _why(expression, first))
        return _account(expression, second.tree, rule, part=second.is_part)

    def _find(self, expression: str) -> Matched | Reason:
        tree = parse_expression(expression, self._protocol.structure_names)
        if isinstance(tree, Leaf):
            return self._find_name(tree.value)
        return self._combine(expression, tree, written(tree))

    def _find_name(self, name: str) -> Matched | Reason:
        if name in self._targets:
            return self._all_targets(name)
        if name in self._mapped:
            return self._from_user(name)
        found = self._one_of(name, self._names.same(name, self._candidates(name)))
        if found is not None:
            return self._unless_elsewhere(name, found)
        derived, why = self._from_parts(name)
        found = derived or self._one_of(name, self._names.other(name, self._candidates(name)))
        if found is not None:
            return found
        if unclear := self._names.unclear(name, self._candidates(name)):
            return self._ambiguous(name, unclear)
        laid, lacks = self._from_parts(name, margins=True)
        if laid is not None:
            return laid
        why = joined("; ", filter(None, (why, lacks)))
        if grown := self._by_margin(name):
            return grown
        if empty := self._empty_ones(name):
            return Reason(ReasonCode.STRUCTURE_EMPTY, say("{0} has no closed contour", empty[0]))
        missing = self._missing(name, why)
        if name == self._protocol.outline_name:
            return self._typed_outline(name, missing)
        return missing

    def body(self) -> Matched | Reason:
        """Return the outline of the body: by its name, else the only structure typed so."""
        name = self._protocol.outline_name
        return self.find(name) if name else self._typed_outline("External", None)

    def _typed_outline(self, name: str, why: Reason | None) -> Matched | Reason:
        """Return the only structure typed EXTERNAL, else why there is none by its name."""
        found = typed_outline(self._solid)
        if isinstance(found, Reason):
            return why or found
        return _account(name, Leaf(found), say("the only structure typed EXTERNAL"))

    def key_of(self, structure: Structure) -> str:
        """Return the display key of a structure of the plan."""
        return next(key for key, s in self._keys.items() if s is structure)

    def name_of(self, found: Matched) -> str:
        """Return the display keys of what stands for a name."""
        return joined(" + ", (self.key_of(s) for s in leaves(found.tree)))

    def each(self, kind: str) -> tuple[Matched, ...]:
        """Return the judged targets of a kind one by one; several that a map joins are one."""
        if kind not in self._targets:
            return ()
        trees = self._mapped.get(kind, [])
        found = [_account(kind, tree, USER_MAP) for tree in trees]
        taken = {s.roi_number for tree in trees for s in leaves(tree)}
        by_number = {s.roi_number: s for s in self._keys.values()}
        for number in self._targets[kind]:
            if number not in taken:
                one = by_number[number]
                rules = self._names.same(kind, [one]) or self._names.other(kind, [one])
                rule = rules[0].rule if rules else A_TARGET
                found.append(_account(kind, Leaf(one), rule))
        return tuple(found)

    def _all_targets(self, name: str) -> Matched:
        """Return all judged targets of a kind together."""
        first, *others = self.each(name)
        if not others:
            empty = (say("{0} is empty", one) for one in self._empty_ones(name))
            return _account(name, first.tree, joined("; ", (first.match.rule, *empty)))
        tree = first.tree
        for other in others:
            tree = Combined(Operator.UNION, tree, other.tree)
        return _account(name, tree, say("all targets of this kind together"))

    def _candidates(self, name: str) -> list[Structure]:
        """Return what may go by a name; what is said to be no target goes by none of a target."""
        if name not in self._kinds:
            return self._solid
        return [s for s in self._solid if s.roi_number not in self._no_targets]

    def _one_of(self, name: str, found: tuple[Named, ...]) -> Matched | Reason | None:
        """Return the one structure found, or all parts found together; several are ambiguous."""
        if not found:
            return None
        whole = tuple(n for n in found if not n.part)
        if len(whole) > 1:
            return self._ambiguous(name, (n.structure for n in whole))
        taken = whole or found
        twins = [t for n in taken for t in self._names.twins(name, n.structure, self._solid)]
        twins = [t for t in twins if t not in {n.structure for n in taken}]
        if twins:
            return self._ambiguous(name, (*(n.structure for n in taken), *twins))
        empty = (say("{0} is empty", one) for one in self._empty_ones(name))
        rule = joined("; ", (taken[0].rule, *empty))
        tree: Tree[Structure] = Leaf(taken[0].structure)
        for other in taken[1:MAX_NAMES]:
            tree = Combined(Operator.UNION, tree, Leaf(other.structure))
        return _account(name, tree, rule, part=not whole)

    def _unless_elsewhere(self, name: str, found: Matched | Reason) -> Matched | Reason:
        """Return what was found, unless another file of the case has it under an alias."""
        if isinstance(found, Reason):
            return found
        mine = leaves(found.tree)
        files = {s.origin for s in mine}
        aliases = self._names.other(name, self._candidates(name))
        there = [n.structure for n in aliases if not n.part and n.structure.origin not in files]
        return self._ambiguous(name, (*mine, *there)) if there else found

    def _empty_ones(self, name: str) -> list[str]:
        """Return the names, quoted, of empty structures that go by a name."""
        found = self._names.same(name, self._empty) or self._names.other(name, self._empty)
        return [quoted(n.structure.name) for n in found]

    def _from_user(self, name: str) -> Matched | Reason:
        trees = self._mapped[name]
        if len(trees) > 1:
            return self._ambiguous(name, (s for tree in trees for s in leaves(tree)))
        if empty := [s for s in leaves(trees[0]) if _is_empty(s)]:
            there = quoted(empty[0].name)
            return Reason(ReasonCode.STRUCTURE_EMPTY, say("{0} has no closed contour", there))
        return _account(name, trees[0], USER_MAP)

    def _from_parts(
        self, name: str, *, margins: bool = False
    ) -> tuple[Matched | Reason | None, str]:
        """Derive a structure by the first of its expressions whose parts are all there.

        Those with margins come by themselves, after aliases: what is drawn goes before what is
        laid around something else.
        """
        passed: list[str] = []
        for text in self._derive[name]:
            tree = parse_expression(text, self._protocol.structure_names - {name})
            if has_margin(tree) is not margins:
                continue
            rule: str = written(tree)
            if passed:
                rule = say("{0} ({1})", rule, joined("; ", passed))
            made = self._combine(name, tree, rule)
            if isinstance(made, Matched) or made.code not in ABSENT:
                return made, ""
            passed += [_why(part, r) for part in leaves(tree) if (r := self._absence(part))]
        return None, joined("; ", dict.fromkeys(passed))

    def _by_margin(self, name: str) -> Matched | None:
        """Make a structure from another by the margin that the protocol states, and say so."""
        made = self._margins[name]
        base = None if made is None else self.find(made.around)
        if made is None or not isinstance(base, Matched) or not isinstance(base.tree, Leaf):
            return None
        grown = grown_structure(base.tree.value, made.margin_mm)
        if isinstance(grown, Reason):
            return None
        rule = say(
            "made here: {0} + {1} mm (no {2} drawn)", made.around, f"{made.margin_mm:g}", name
        )
        found = _account(name, base.tree, rule)
        return Matched(found.match, Leaf(grown))

    def _absence(self, name: str) -> Reason | None:
        found = self.find(name)
        return found if isinstance(found, Reason) else None

    def _combine(self, name: str, tree: Tree[str], rule: str) -> Matched | Reason:
        parts = {part: self.find(part) for part in leaves(tree)}
        reasons = [part for part in parts.values() if isinstance(part, Reason)]
        if reasons:
            return max(reasons, key=lambda r: r.code not in ABSENT)
        there = {part: m for part, m in parts.items() if isinstance(m, Matched)}
        return _account(
            name,
            substitute(tree, lambda part: there[part].tree),
            rule,
            part=any(m.is_part for m in there.values()),
        )

    def _ambiguous(self, name: str, structures: Iterable[Structure]) -> Reason:
        numbers = [s.roi_number for s in structures]
        keys = [quoted(key) for key, s in self._keys.items() if s.roi_number in numbers]
        could = joined(" or ", keys[:MAX_CANDIDATES])
        if len(keys) > MAX_CANDIDATES:
            could += say(" or one of {0} more", len(keys) - MAX_CANDIDATES)
        if len(keys) == 1:
            could += say(", or that is something else")
        return Reason(
            ReasonCode.STRUCTURE_AMBIGUOUS,
            say("{0} could be {1}; say which with --map", name, could),
        )

    def _missing(self, name: str, why: str) -> Reason:
        text = say("no structure of the plan is called {0}", name)
        if why:
            text += say(", nor can it be derived ({0})", why)
        if similar := [_shown(s.name) for s in self._names.similar(name, self._solid)]:
            text += say("; if it is {0}, say so with --map", joined(" or ", similar[:MAX_HINTS]))
        return Reason(ReasonCode.STRUCTURE_MISSING, text)

    def _read_mapping(self, mapping: Mapping[str, str]) -> dict[str, list[Tree[Structure]]]:
        mapped: dict[str, list[Tree[Structure]]] = {}
        for plan_name, name in mapping.items():
            if name not in self._protocol.structure_names:
                raise UsageError(
                    "--map names a structure that the protocol does not have",
                    got=quoted(f"{plan_name}={name}"),
                    expected=f"one of {', '.join(sorted(self._protocol.structure_names))}",
                    advice=did_you_mean(name, self._protocol.structure_names),
                )
            found = trees_of_map(plan_name, self._keys)
            if found:
                mapped.setdefault(name, []).extend(found)
            else:
                self.unused.append(plan_name)
        return mapped


def _account(name: str, tree: Tree[Structure], rule: str, *, part: bool = False) -> Matched:
    used = leaves(tree)
    names, numbers = tuple(s.name for s in used), tuple(s.roi_number for s in used)
    return Matched(StructureMatch(name, names, numbers, rule, part), tree)


def _is_empty(structure: Structure) -> bool:
    return not structure.contours and structure.problem is None


def _shown(name: str) -> str:
    """Quote a name, and say why it is not what it looks like."""
    deceives = folded(as_it_looks(name)) != folded(name)
    return quoted(name) + (say(" (its letters are not what they look like)") if deceives else "")


def _why(name: str, reason: Reason) -> str:
    if reason.code is ReasonCode.STRUCTURE_EMPTY:
        return say("{0} is empty", name)
    return say("no {0} in the plan", name)
