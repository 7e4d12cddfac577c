"""Whether the named rules, origins of bounds and decisions of a protocol fit the rest of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.errors import SbrtQaError, UsageError, quoted
from sbrt_qa.protocol.bounds import PROPOSAL, Origin, asked_volume, stated_volume
from sbrt_qa.protocol.conditions import parse_condition
from sbrt_qa.protocol.consistency import constraints_with_paths, no_source, no_term
from sbrt_qa.protocol.problems import Path, Problems, problem
from sbrt_qa.protocol.rules import LADDER

if TYPE_CHECKING:
    from sbrt_qa.protocol.protocol_rows import ConformityLimit, Constraint, ProtocolFields


def check_rules(protocol: ProtocolFields) -> Problems:
    """Refuse a protocol whose named rules, origins of bounds or decisions contradict it."""
    if bool(protocol.approved_by) != (protocol.approved_on is not None):
        yield problem(("approved_by",), "approved_by and approved_on stand together or not at all")
    yield from _check_liver_rule(protocol)
    yield from _check_remnant_rule(protocol)
    yield from _check_margins(protocol)
    yield from _check_only_if(protocol)
    for path, limit in _rows(protocol):
        yield from _check_bounds(protocol, path, limit)
    yield from _check_decisions(protocol)


def _rows(protocol: ProtocolFields) -> Iterator[tuple[Path, Constraint | ConformityLimit]]:
    yield from constraints_with_paths(protocol)
    for i, limit in enumerate(protocol.conformity):
        yield ("conformity", i), limit


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
            yield from _check_cited(
                protocol, ("remnant_rule", name), numbers.source, numbers.confidence
            )


def _check_only_if(protocol: ProtocolFields) -> Problems:
    for path, limit in constraints_with_paths(protocol):
        asked = limit.only_if
        if asked is None:
            continue
        if asked.structure not in protocol.structure_names:
            yield problem(
                (*path, "only_if", "structure"), f"no structure {quoted(asked.structure)}"
            )
        try:
            parse_metric(asked.metric)
        except SbrtQaError as error:
            yield problem((*path, "only_if", "metric"), str(error))


def _check_margins(protocol: ProtocolFields) -> Problems:
    for i, structure in enumerate(protocol.structures):
        made = structure.derive_margin
        if made is not None and made.around not in protocol.structure_names - {structure.name}:
            path = ("structures", i, "derive_margin", "around")
            yield problem(path, f"no other structure {quoted(made.around)}")


def _check_cited(
    protocol: ProtocolFields, path: Path, sources: tuple[str, ...], confidence: str | None
) -> Problems:
    for source in sources:
        if source not in protocol.sources:
            yield problem((*path, "source"), no_source(protocol, source))
    if confidence is not None and confidence not in protocol.confidence_terms:
        yield problem((*path, "confidence"), no_term(protocol, confidence))


def _check_bounds(
    protocol: ProtocolFields, path: Path, limit: Constraint | ConformityLimit
) -> Problems:
    """Refuse an origin that names what there is not, another volume, or a band that it forbids."""
    for name in ("per_protocol", "minor"):
        origin: Origin | None = getattr(limit.bounds, name)
        if origin is None:
            continue
        at = (*path, "bounds", name)
        yield from _check_cited(
            protocol, at, (origin.source,) if origin.source else (), origin.confidence
        )
        if name == "minor" and limit.minor is None and not getattr(limit, "table", ()):
            yield problem(at, "the limit has no minor bound")
        yield from _check_volume(protocol, at, limit, origin)
    yield from _check_optimal(path, limit)


def _check_volume(
    protocol: ProtocolFields, at: Path, limit: Constraint | ConformityLimit, origin: Origin
) -> Problems:
    if origin.published_volume == "" or limit.metric in protocol.planned_metrics:
        return
    try:
        asked = asked_volume(parse_metric(limit.metric))
    except SbrtQaError:
        return  # told where the metric stands
    stated = stated_volume(origin.published_volume)
    if stated != asked:
        yield problem(
            (*at, "published_volume"),
            f"published for {stated}, but the metric {limit.metric} asks for {asked}: volumes are "
            "never mixed",
        )


def _check_optimal(path: Path, limit: Constraint | ConformityLimit) -> Problems:
    """Refuse bands that optimal and mandatory limits of a publication do not make."""
    first, second = limit.bounds.per_protocol or Origin(), limit.bounds.minor or Origin()
    band = limit.minor is not None and limit.minor != limit.per_protocol
    proposed = (second.confidence or limit.confidence) == PROPOSAL
    if first.published_as == "mandatory" and band and not proposed:
        yield problem((*path, "minor"), "a mandatory limit has no minor band beyond it")
    if first.published_as == "optimal" and band:
        if second.published_as != "mandatory" and not proposed:
            yield problem(
                (*path, "bounds", "minor"), "beyond an optimal limit the minor bound is mandatory"
            )
    elif first.published_as == "optimal" and limit.beyond != "minor":
        yield problem((*path, "beyond"), "an optimal limit alone is never worse than minor")


def _check_decisions(protocol: ProtocolFields) -> Problems:
    ids = {c.id for _, c in _rows(protocol)}
    seen: set[str] = set()
    for i, decision in enumerate(protocol.decisions):
        at = ("decisions", i)
        if decision.id in seen:
            yield problem((*at, "id"), f"{quoted(decision.id)} stands here twice")
        seen.add(decision.id)
        if decision.in_force not in {c.id for c in decision.choices}:
            yield problem((*at, "in_force"), f"{quoted(decision.in_force)} is none of the choices")
        for j, choice in enumerate(decision.choices):
            yield from _check_cited(protocol, (*at, "choices", j), choice.source, None)
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
