"""What is asked of each limit of a protocol: it names what is there, its bounds fit their origin.

Each function yields pydantic errors that carry the path of the offending part, so that the loader
can name all of them with their lines.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from sbrt_qa.dosimetry.metric_names import meant_metrics, parse_metric
from sbrt_qa.errors import SbrtQaError, UsageError, did_you_mean, quoted
from sbrt_qa.model.plain_signs import plain_signs
from sbrt_qa.protocol.bounds import PROPOSAL, Origin, asked_volume, stated_volume
from sbrt_qa.protocol.conditions import parse_condition
from sbrt_qa.protocol.expressions import leaves, parse_expression
from sbrt_qa.protocol.problems import Path, Problems, problem

if TYPE_CHECKING:
    from sbrt_qa.protocol.protocol_rows import ConformityLimit, Constraint, ProtocolFields

NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})


def check_limits(protocol: ProtocolFields) -> Problems:
    """Tell structures, metrics and conditions of limits that cannot be read or are not there."""
    other = _other_names(protocol)
    for path, constraint in constraints_with_paths(protocol):
        yield from _check_constraint(protocol, path, constraint, other)
    for i, limit in enumerate(protocol.conformity):
        yield from _check_metric(protocol, ("conformity", i, "metric"), limit.metric)


def check_references(protocol: ProtocolFields) -> Problems:
    """Tell sources and confidence terms of limits that are not listed."""
    for path, limit in limits_with_paths(protocol):
        for j, source in enumerate(limit.source):
            if source not in protocol.sources:
                yield problem((*path, "source", j), _no_source(protocol, source))
        if limit.confidence not in protocol.confidence_terms:
            yield problem((*path, "confidence"), _no_term(protocol, limit.confidence))


def check_bounds_of_limits(protocol: ProtocolFields) -> Problems:
    """Tell origins of bounds that name what there is not, another volume, or a forbidden band."""
    for path, limit in limits_with_paths(protocol):
        yield from _check_bounds(protocol, path, limit)


def constraints_with_paths(protocol: ProtocolFields) -> Iterator[tuple[Path, Constraint]]:
    """Yield every limit of targets and organs with its path in the file."""
    for i, constraint in enumerate(protocol.targets.limits):
        yield ("targets", "limits", i), constraint
    for i, option in enumerate(protocol.options):
        for j, constraint in enumerate(option.constraints):
            yield ("options", i, "constraints", j), constraint


def limits_with_paths(
    protocol: ProtocolFields,
) -> Iterator[tuple[Path, Constraint | ConformityLimit]]:
    """Yield every limit, those of conformity too, with its path in the file."""
    yield from constraints_with_paths(protocol)
    for i, limit in enumerate(protocol.conformity):
        yield ("conformity", i), limit


def _check_constraint(
    protocol: ProtocolFields, path: Path, constraint: Constraint, other: Mapping[str, str]
) -> Problems:
    names = protocol.structure_names
    yield from check_expression((*path, "structure"), constraint.structure, names, other)
    if constraint.otherwise is not None:
        yield from check_expression((*path, "otherwise"), constraint.otherwise, names, other)
    yield from _check_metric(protocol, (*path, "metric"), constraint.metric)
    yield from check_condition((*path, "when"), constraint.when)


def check_expression(
    path: Path, text: str, known: frozenset[str], other: Mapping[str, str] = NO_NAMES
) -> Problems:
    """Tell why an expression over structures cannot be read, and what was probably meant.

    `other` holds the names of the protocol by what else they are called, folded in case.
    """
    try:
        leaves(parse_expression(text, known))
    except UsageError as error:
        yield problem(path, f"{error}. {_meant_expression(text, known, other)}".rstrip(". "))


def _meant_expression(text: str, known: frozenset[str], other: Mapping[str, str]) -> str:
    """Ask for the expression that one may stand for: plain signs, and names of the protocol."""
    plain = plain_signs(text)
    words = re.findall(r"[^-+&()]+", plain)
    own = {w: other[w.strip().casefold()] for w in words if w.strip().casefold() in other}
    meant = "".join(own.get(part, part) for part in re.split(r"([-+&()])", plain))
    if meant != text:
        with contextlib.suppress(UsageError):
            leaves(parse_expression(meant, known))
            return f"Did you mean {quoted(meant)}?"
    unknown = [w for part in words if (w := part.strip()) not in known]
    return next(filter(None, (did_you_mean(word, known) for word in unknown)), "")


def _other_names(protocol: ProtocolFields) -> dict[str, str]:
    """Return the names of the structures by what else they are called, folded in case."""
    return {
        also.casefold(): one.name
        for one in protocol.structures
        for also in (*(a for names in one.aliases.values() for a in names), one.name)
    }


def check_condition(path: Path, text: str) -> Problems:
    """Tell why a condition cannot be read."""
    try:
        parse_condition(text)
    except UsageError as error:
        yield problem(path, str(error))


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


def check_only_if(protocol: ProtocolFields) -> Problems:
    """Tell what a limit that applies only beside another value asks of what there is not."""
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


def _check_bounds(
    protocol: ProtocolFields, path: Path, limit: Constraint | ConformityLimit
) -> Problems:
    """Refuse an origin that names what there is not, another volume, or a band that it forbids."""
    for name in ("per_protocol", "minor"):
        origin: Origin | None = getattr(limit.bounds, name)
        if origin is None:
            continue
        at = (*path, "bounds", name)
        yield from check_cited(
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


def check_cited(
    protocol: ProtocolFields, path: Path, sources: tuple[str, ...], confidence: str | None
) -> Problems:
    """Tell sources and a confidence term that are not listed."""
    for source in sources:
        if source not in protocol.sources:
            yield problem((*path, "source"), _no_source(protocol, source))
    if confidence is not None and confidence not in protocol.confidence_terms:
        yield problem((*path, "confidence"), _no_term(protocol, confidence))


def _no_source(protocol: ProtocolFields, name: str) -> str:
    """Return what to say of a source that is not listed."""
    return f"no source is called {quoted(name)}. {_nearest(name, protocol.sources)}".rstrip(". ")


def _no_term(protocol: ProtocolFields, name: str) -> str:
    """Return what to say of a confidence term that is not listed."""
    near = _nearest(name, protocol.confidence_terms)
    return f"{quoted(name)} is no confidence term. {near}".rstrip(". ")


def _nearest(name: str, known: Collection[str]) -> str:
    return did_you_mean(name, known) or f"Known are {', '.join(sorted(known)[:8])}"
