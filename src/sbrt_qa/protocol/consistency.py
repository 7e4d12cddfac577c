"""Rules that hold between the parts of a protocol.

Each yields pydantic errors that carry the path of the offending part, so that the loader can name
all of them with their lines.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import METRICS
from sbrt_qa.errors import SbrtQaError, UsageError, did_you_mean, quoted
from sbrt_qa.model.setup_errors import read_radii, read_setup
from sbrt_qa.protocol.conditions import parse_condition
from sbrt_qa.protocol.expressions import leaves, parse_expression
from sbrt_qa.protocol.folding import folded
from sbrt_qa.protocol.problems import Path, Problems, problem

if TYPE_CHECKING:
    from sbrt_qa.protocol.protocol_rows import Constraint, ProtocolFields
    from sbrt_qa.protocol.structure_def import StructureDef


MEANT: Final = 4
"""Metrics that a message suggests for one that cannot be read."""

_METRIC_PARTS: Final = re.compile(r"([A-Za-z]+)(\d+(?:\.\d+)?)(cc|%|c?Gy|ml)?(\[.*\])?")


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


def check_protocol(protocol: ProtocolFields) -> Problems:
    """Tell what keeps the parts of a protocol from fitting together."""
    yield from _check_unique(protocol)
    yield from _check_structures(protocol)
    yield from _check_aliases(protocol)
    yield from _check_references(protocol)
    yield from _check_targets(protocol)
    for path, constraint in constraints_with_paths(protocol):
        yield from _check_constraint(protocol, path, constraint)
    for i, limit in enumerate(protocol.conformity):
        yield from _check_metric(protocol, ("conformity", i, "metric"), limit.metric)
    for i, option in enumerate(protocol.options):
        yield from _check_condition(("options", i, "when"), option.when)


def constraints_with_paths(protocol: ProtocolFields) -> Iterator[tuple[Path, Constraint]]:
    """Yield every limit of targets and organs with its path in the file."""
    for i, constraint in enumerate(protocol.targets.limits):
        yield ("targets", "limits", i), constraint
    for i, option in enumerate(protocol.options):
        for j, constraint in enumerate(option.constraints):
            yield ("options", i, "constraints", j), constraint


def _check_unique(protocol: ProtocolFields) -> Problems:
    seen: set[str] = set()
    limits = [(path, c.id) for path, c in constraints_with_paths(protocol)]
    limits += [(("conformity", i), c.id) for i, c in enumerate(protocol.conformity)]
    for path, name in limits:
        if name in seen:
            yield problem((*path, "id"), f"there are two limits called {quoted(name)}")
        seen.add(name)
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
            yield from _check_expression(("structures", i, "derive", j), text, others)
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


def _check_references(protocol: ProtocolFields) -> Problems:
    rows = list(constraints_with_paths(protocol))
    paths = [(path, c.source, c.confidence) for path, c in rows]
    paths += [
        (("conformity", i), c.source, c.confidence) for i, c in enumerate(protocol.conformity)
    ]
    for path, sources, confidence in paths:
        for j, source in enumerate(sources):
            if source not in protocol.sources:
                yield problem((*path, "source", j), no_source(protocol, source))
        if confidence not in protocol.confidence_terms:
            yield problem((*path, "confidence"), no_term(protocol, confidence))


def no_source(protocol: ProtocolFields, name: str) -> str:
    """Return what to say of a source that is not listed."""
    return f"no source is called {quoted(name)}. {_nearest(name, protocol.sources)}".rstrip(". ")


def no_term(protocol: ProtocolFields, name: str) -> str:
    """Return what to say of a confidence term that is not listed."""
    near = _nearest(name, protocol.confidence_terms)
    return f"{quoted(name)} is no confidence term. {near}".rstrip(". ")


def _nearest(name: str, known: Collection[str]) -> str:
    return did_you_mean(name, known) or f"Known are {', '.join(sorted(known)[:8])}"


def _check_constraint(protocol: ProtocolFields, path: Path, constraint: Constraint) -> Problems:
    names = protocol.structure_names
    yield from _check_expression((*path, "structure"), constraint.structure, names)
    if constraint.otherwise is not None:
        yield from _check_expression((*path, "otherwise"), constraint.otherwise, names)
    yield from _check_metric(protocol, (*path, "metric"), constraint.metric)
    yield from _check_condition((*path, "when"), constraint.when)


def _check_expression(path: Path, text: str, known: frozenset[str]) -> Problems:
    try:
        leaves(parse_expression(text, known))
    except UsageError as error:
        words = [w for part in re.split(r"[-+&()]", text) if (w := part.strip()) not in known]
        advice = next(filter(None, (did_you_mean(word, known) for word in words)), "")
        yield problem(path, f"{error}. {advice}".rstrip(". "))


def _check_metric(protocol: ProtocolFields, path: Path, text: str) -> Problems:
    if text in protocol.planned_metrics:
        return
    try:
        spec = parse_metric(text)
    except SbrtQaError as error:
        if meant := meant_metrics(text):
            near = " or ".join(map(quoted, meant))
            yield problem(path, f"{quoted(text)}: {error.what}. Did you mean {near}?")
        else:
            yield problem(path, f"{error}. A metric to come is listed in planned_metrics")
        return
    if spec.relative_to and spec.relative_to not in protocol.structure_names:
        yield problem(path, f"{quoted(spec.relative_to)} is not a structure of the protocol")


def meant_metrics(text: str) -> list[str]:
    """Return metrics that a misspelt one may stand for: a unit or a point is missing."""
    pointed = re.sub(r"(\d),(\d)", r"\1.\2", "".join(text.split()))
    tries = [pointed]
    if found := _METRIC_PARTS.fullmatch(pointed):
        name, number, unit, result = found.groups()
        records = [m for m in METRICS.values() if m.name.casefold() == name.casefold()]
        for record, own in [(r, own) for r in records for own in r.argument_units]:
            if own != "cGy" and unit in (None, "ml", own):
                results = [result] if result else [f"[{one}]" for one in record.units]
                tries += [f"{record.name}{number}{own}{one}" for one in results]
    return [one for one in dict.fromkeys(tries) if one != text and _is_metric(one)][:MEANT]


def _is_metric(text: str) -> bool:
    try:
        parse_metric(text)
    except SbrtQaError:
        return False
    return True


def _check_condition(path: Path, text: str) -> Problems:
    try:
        parse_condition(text)
    except UsageError as error:
        yield problem(path, str(error))
