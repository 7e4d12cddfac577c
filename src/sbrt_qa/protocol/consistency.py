"""Rules that hold between the parts of a protocol, its named rules and decisions included.

Each yields pydantic errors that carry the path of the offending part, so that the loader can name
all of them with their lines. What is asked of each limit stands in `sbrt_qa.protocol.limit_checks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.model.setup_errors import read_radii, read_setup
from sbrt_qa.protocol.conditions import parse_condition
from sbrt_qa.protocol.folding import folded
from sbrt_qa.protocol.limit_checks import (
    check_bounds_of_limits,
    check_cited,
    check_condition,
    check_expression,
    check_limits,
    check_only_if,
    check_references,
    constraints_with_paths,
    limits_with_paths,
)
from sbrt_qa.protocol.problems import Path, Problems, problem
from sbrt_qa.protocol.rules import LADDER

if TYPE_CHECKING:
    from sbrt_qa.protocol.protocol_rows import ProtocolFields
    from sbrt_qa.protocol.structure_def import StructureDef


def check_protocol(protocol: ProtocolFields) -> Problems:
    """Tell what keeps the parts of a protocol from fitting together."""
    yield from _check_unique(protocol)
    yield from _check_structures(protocol)
    yield from _check_aliases(protocol)
    yield from check_references(protocol)
    yield from _check_targets(protocol)
    yield from check_limits(protocol)
    for i, option in enumerate(protocol.options):
        yield from check_condition(("options", i, "when"), option.when)
    yield from _check_rules(protocol)


def check_shifts(radii: Sequence[str], setup: str) -> Problems:
    """Tell which shifts and setup errors cannot be read."""
    for key, text, read in (("shifts", ",".join(radii), read_radii), ("setup", setup, read_setup)):
        try:
            read(text)
        except UsageError as error:
            yield problem((key,), f"{key} cannot be read: {error.expected}")


def check_reviewing(protocol: ProtocolFields) -> Problems:
    """Tell questions about structures that there are not, and reasons that occur twice."""
    for name in protocol.contour_review:
        if name not in protocol.structure_names:
            yield problem(("contour_review", name), "there is no structure of this name")
    if len(set(protocol.override_reasons)) != len(protocol.override_reasons):
        yield problem(("override_reasons",), "a reason occurs twice")


def _check_unique(protocol: ProtocolFields) -> Problems:
    seen: set[str] = set()
    for path, limit in limits_with_paths(protocol):
        if limit.id in seen:
            yield problem((*path, "id"), f"there are two limits called {quoted(limit.id)}")
        seen.add(limit.id)
    for part, names in (
        ("prescriptions", [p.id for p in protocol.prescriptions]),
        ("options", [o.id for o in protocol.options]),
    ):
        for i, name in enumerate(names):
            if name in names[:i]:
                yield problem((part, i, "id"), f"{quoted(name)} stands here twice")


def _check_targets(protocol: ProtocolFields) -> Problems:
    """Tell which kind of target must be covered and has no lower limit, or is none."""
    targets = {s.name for s in protocol.structures if s.kind == "target"}
    asked = {
        name
        for c in protocol.targets.limits
        for name in (c.structure, c.otherwise)
        if c.op in (">=", ">")
    }
    for i, name in enumerate(protocol.targets.cover):
        if name not in targets:
            yield problem(("targets", "cover", i), f"{quoted(name)} is no target of the protocol")
        elif name not in asked:
            message = f"no limit asks for a least dose or volume of {quoted(name)}"
            yield problem(("targets", "cover", i), message)


def _check_structures(protocol: ProtocolFields) -> Problems:
    by_fold: dict[str, str] = {}
    for i, structure in enumerate(protocol.structures):
        key = folded(structure.name)
        if key in by_fold:
            other = quoted(by_fold[key])
            yield problem(("structures", i, "name"), f"the same name as {other}, folded")
        by_fold[key] = structure.name
        others = protocol.structure_names - {structure.name}
        for j, text in enumerate(structure.derive):
            yield from check_expression(("structures", i, "derive", j), text, others)
        for j, name in enumerate(structure.may_lie_in or ()):
            if name not in others:
                message = f"{quoted(name)} is no other structure of the protocol"
                yield problem(("structures", i, "may_lie_in", j), message)


def _check_aliases(protocol: ProtocolFields) -> Problems:
    owners = {folded(s.name): s.name for s in protocol.structures}
    for i, structure in enumerate(protocol.structures):
        listed = {name for names in structure.aliases.values() for name in names}
        for j, name in enumerate(structure.partial):
            if name not in listed:
                yield problem(("structures", i, "partial", j), f"{quoted(name)} is no alias")
        for path, name in _aliases_with_paths(i, structure):
            owner = owners.setdefault(folded(name), structure.name)
            if owner != structure.name:
                yield problem(path, f"{quoted(name)} is also a name of {quoted(owner)}")


def _aliases_with_paths(i: int, structure: StructureDef) -> Iterator[tuple[Path, str]]:
    for language, names in structure.aliases.items():
        for j, name in enumerate(names):
            yield ("structures", i, "aliases", language, j), name


def _check_rules(protocol: ProtocolFields) -> Problems:
    """Refuse a protocol whose named rules, origins of bounds or decisions contradict it."""
    if bool(protocol.approved_by) != (protocol.approved_on is not None):
        yield problem(("approved_by",), "approved_by and approved_on stand together or not at all")
    yield from _check_liver_rule(protocol)
    yield from _check_remnant_rule(protocol)
    yield from _check_margins(protocol)
    yield from check_only_if(protocol)
    yield from check_bounds_of_limits(protocol)
    yield from _check_decisions(protocol)


def _check_liver_rule(protocol: ProtocolFields) -> Problems:
    ruled = [(p, c) for p, c in constraints_with_paths(protocol) if c.liver_rule]
    if ruled and not protocol.liver_rule:
        yield problem((*ruled[0][0], "liver_rule"), "the protocol says no liver_rule in force")
    if protocol.liver_rule and all(c.liver_rule != protocol.liver_rule for _, c in ruled):
        yield problem(("liver_rule",), "no limit belongs to the rule in force")
    for path, limit in ruled:
        if limit.liver_rule != LADDER:
            continue
        if limit.minor is not None and limit.minor != limit.per_protocol:
            yield problem(
                (*path, "minor"), "above a step of the ladder comes the next level, no minor band"
            )
        if not _asks_level(limit.when):
            yield problem((*path, "when"), "a step of the ladder belongs to a prescription level")


def _asks_level(when: str) -> bool:
    try:
        return any(c.name == "prescription_gy" for c in parse_condition(when))
    except UsageError:
        return True  # told where the condition stands


def _check_remnant_rule(protocol: ProtocolFields) -> Problems:
    rule = protocol.remnant_rule
    if rule is None:
        return
    if rule.structure not in protocol.structure_names:
        yield problem(("remnant_rule", "structure"), f"no structure {quoted(rule.structure)}")
    if rule.in_force != "not_evaluable" and rule.numbers is None:
        yield problem(("remnant_rule", rule.in_force), "the rule in force has no numbers")
    for name in ("minimum_spared_volume", "share_of_liver", "minimum_volume_to_enter"):
        if (numbers := getattr(rule, name)) is not None:
            yield from check_cited(
                protocol, ("remnant_rule", name), numbers.source, numbers.confidence
            )


def _check_margins(protocol: ProtocolFields) -> Problems:
    for i, structure in enumerate(protocol.structures):
        made = structure.derive_margin
        if made is not None and made.around not in protocol.structure_names - {structure.name}:
            path = ("structures", i, "derive_margin", "around")
            yield problem(path, f"no other structure {quoted(made.around)}")


def _check_decisions(protocol: ProtocolFields) -> Problems:
    ids = {c.id for _, c in limits_with_paths(protocol)}
    seen: set[str] = set()
    for i, decision in enumerate(protocol.decisions):
        at = ("decisions", i)
        if decision.id in seen:
            yield problem((*at, "id"), f"{quoted(decision.id)} stands here twice")
        seen.add(decision.id)
        if decision.in_force not in {c.id for c in decision.choices}:
            yield problem((*at, "in_force"), f"{quoted(decision.in_force)} is none of the choices")
        for j, choice in enumerate(decision.choices):
            yield from check_cited(protocol, (*at, "choices", j), choice.source, None)
        for name in decision.limits:
            if name not in ids:
                yield problem((*at, "limits"), f"no limit is called {quoted(name)}")
        yield from _check_in_force(protocol, at, decision.id, decision.in_force)


def _check_in_force(protocol: ProtocolFields, at: Path, name: str, in_force: str) -> Problems:
    """Refuse a decision that says another rule is in force than the one that is."""
    rule = protocol.remnant_rule
    actual = {"liver_rule": protocol.liver_rule, "remnant_rule": rule.in_force if rule else ""}
    if name in actual and actual[name] != in_force:
        yield problem((*at, "in_force"), f"in force is {quoted(actual[name] or 'none')}")
