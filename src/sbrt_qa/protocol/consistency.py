"""Rules that hold between the parts of a protocol.

Each raises a pydantic error that carries the path of the offending part, so that the loader can
name its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.errors import SbrtQaError, UsageError, quoted
from sbrt_qa.model.setup_errors import read_radii, read_setup
from sbrt_qa.protocol.conditions import parse_condition
from sbrt_qa.protocol.expressions import leaves, parse_expression
from sbrt_qa.protocol.folding import folded
from sbrt_qa.protocol.problems import Path, problem

if TYPE_CHECKING:
    from sbrt_qa.protocol.protocol_rows import Constraint, ProtocolFields
    from sbrt_qa.protocol.structure_def import StructureDef


def check_shifts(radii: Sequence[str], setup: str) -> None:
    """Refuse shifts and setup errors that cannot be read."""
    for key, text, read in (("shifts", ",".join(radii), read_radii), ("setup", setup, read_setup)):
        try:
            read(text)
        except UsageError as error:
            raise problem((key,), f"{key} cannot be read: {error.expected}") from None


def check_protocol(protocol: ProtocolFields) -> None:
    """Refuse a protocol whose parts do not fit together."""
    _check_unique(protocol)
    _check_structures(protocol)
    _check_aliases(protocol)
    _check_references(protocol)
    _check_targets(protocol)
    for path, constraint in constraints_with_paths(protocol):
        _check_constraint(protocol, path, constraint)
    for i, limit in enumerate(protocol.conformity):
        _check_metric(protocol, ("conformity", i, "metric"), limit.metric)
    for i, option in enumerate(protocol.options):
        _check_condition(("options", i, "when"), option.when)


def constraints_with_paths(protocol: ProtocolFields) -> Iterator[tuple[Path, Constraint]]:
    """Yield every limit of targets and organs with its path in the file."""
    for i, constraint in enumerate(protocol.targets.limits):
        yield ("targets", "limits", i), constraint
    for i, option in enumerate(protocol.options):
        for j, constraint in enumerate(option.constraints):
            yield ("options", i, "constraints", j), constraint


def _check_unique(protocol: ProtocolFields) -> None:
    seen: set[str] = set()
    limits = [(path, c.id) for path, c in constraints_with_paths(protocol)]
    limits += [(("conformity", i), c.id) for i, c in enumerate(protocol.conformity)]
    for path, name in limits:
        if name in seen:
            raise problem((*path, "id"), f"there are two limits called {quoted(name)}")
        seen.add(name)
    for part, names in (
        ("prescriptions", [p.id for p in protocol.prescriptions]),
        ("options", [o.id for o in protocol.options]),
    ):
        for i, name in enumerate(names):
            if name in names[:i]:
                raise problem((part, i, "id"), f"{quoted(name)} stands here twice")


def _check_targets(protocol: ProtocolFields) -> None:
    """Refuse a kind of target that must be covered and has no lower limit, or is none."""
    targets = {s.name for s in protocol.structures if s.kind == "target"}
    asked = {
        name
        for c in protocol.targets.limits
        for name in (c.structure, c.otherwise)
        if c.op in (">=", ">")
    }
    for i, name in enumerate(protocol.targets.cover):
        if name not in targets:
            raise problem(("targets", "cover", i), f"{quoted(name)} is no target of the protocol")
        if name not in asked:
            message = f"no limit asks for a least dose or volume of {quoted(name)}"
            raise problem(("targets", "cover", i), message)


def _check_structures(protocol: ProtocolFields) -> None:
    by_fold: dict[str, str] = {}
    for i, structure in enumerate(protocol.structures):
        key = folded(structure.name)
        if key in by_fold:
            other = quoted(by_fold[key])
            raise problem(("structures", i, "name"), f"the same name as {other}, folded")
        by_fold[key] = structure.name
        others = protocol.structure_names - {structure.name}
        for j, text in enumerate(structure.derive):
            _check_expression(("structures", i, "derive", j), text, others)
        for j, name in enumerate(structure.may_lie_in or ()):
            if name not in others:
                message = f"{quoted(name)} is no other structure of the protocol"
                raise problem(("structures", i, "may_lie_in", j), message)


def _check_aliases(protocol: ProtocolFields) -> None:
    owners = {folded(s.name): s.name for s in protocol.structures}
    for i, structure in enumerate(protocol.structures):
        listed = {name for names in structure.aliases.values() for name in names}
        for j, name in enumerate(structure.partial):
            if name not in listed:
                raise problem(("structures", i, "partial", j), f"{quoted(name)} is no alias")
        for path, name in _aliases_with_paths(i, structure):
            owner = owners.setdefault(folded(name), structure.name)
            if owner != structure.name:
                raise problem(path, f"{quoted(name)} is also a name of {quoted(owner)}")


def _aliases_with_paths(i: int, structure: StructureDef) -> Iterator[tuple[Path, str]]:
    for language, names in structure.aliases.items():
        for j, name in enumerate(names):
            yield ("structures", i, "aliases", language, j), name


def _check_references(protocol: ProtocolFields) -> None:
    rows = list(constraints_with_paths(protocol))
    paths = [(path, c.source, c.confidence) for path, c in rows]
    paths += [
        (("conformity", i), c.source, c.confidence) for i, c in enumerate(protocol.conformity)
    ]
    for path, sources, confidence in paths:
        for j, source in enumerate(sources):
            if source not in protocol.sources:
                raise problem((*path, "source", j), f"no source is called {quoted(source)}")
        if confidence not in protocol.confidence_terms:
            raise problem((*path, "confidence"), f"{quoted(confidence)} is no confidence term")


def _check_constraint(protocol: ProtocolFields, path: Path, constraint: Constraint) -> None:
    _check_expression((*path, "structure"), constraint.structure, protocol.structure_names)
    if constraint.otherwise is not None:
        _check_expression((*path, "otherwise"), constraint.otherwise, protocol.structure_names)
    _check_metric(protocol, (*path, "metric"), constraint.metric)
    _check_condition((*path, "when"), constraint.when)


def _check_expression(path: Path, text: str, known: frozenset[str]) -> None:
    try:
        leaves(parse_expression(text, known))
    except UsageError as error:
        raise problem(path, str(error)) from error


def _check_metric(protocol: ProtocolFields, path: Path, text: str) -> None:
    if text in protocol.planned_metrics:
        return
    try:
        spec = parse_metric(text)
    except SbrtQaError as error:
        advice = "A metric to come is listed in planned_metrics"
        raise problem(path, f"{error}. {advice}") from error
    if spec.relative_to and spec.relative_to not in protocol.structure_names:
        raise problem(path, f"{quoted(spec.relative_to)} is not a structure of the protocol")


def _check_condition(path: Path, text: str) -> None:
    try:
        parse_condition(text)
    except UsageError as error:
        raise problem(path, str(error)) from error
