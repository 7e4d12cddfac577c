"""Limits of a protocol, and differences between two, as rows for CSV, JSON and workbooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from sbrt_qa.protocol.differences import PlacedLimit, placed_limits
from sbrt_qa.protocol.protocol_rows import Constraint

if TYPE_CHECKING:
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.protocol.differences import Difference

LIMIT_COLUMNS: Final = {
    "id": "text", "priority": "count", "structure": "text", "metric": "text", "op": "text",
    "per_protocol": "number", "minor": "number", "beyond": "text", "target_up_to_cc": "number",
    "applies_when": "text", "source": "text", "confidence": "text", "note": "text",
}  # fmt: skip
"""Of :func:`limit_rows`; bounds are in the unit that the metric names."""

DIFFERENCE_COLUMNS: Final = {
    "part": "text", "move": "text", "id": "text", "about": "text", "when": "text", "how": "text",
    "text": "text", "of_citation": "flag",
}  # fmt: skip


def limit_rows(protocol: Protocol) -> Iterator[dict[str, Any]]:
    """Yield the limits of a protocol in the order of its file, with the columns of `LIMIT_COLUMNS`.

    A limit by target volume has a row for each row of its table; `target_up_to_cc` is None in the
    last one of steps, and for all other limits.
    """
    for placed in placed_limits(protocol):
        if isinstance(placed.limit, Constraint) or not placed.limit.table:
            yield _limit(placed, placed.limit.per_protocol, placed.limit.minor, None)
        else:
            for row in placed.limit.table:
                yield _limit(placed, row.per_protocol, row.minor, row.ptv_cc)


def _limit(
    placed: PlacedLimit, per_protocol: float | None, minor: float | None, up_to_cc: float | None
) -> dict[str, Any]:
    limit = placed.limit
    return {
        "id": limit.id,
        "priority": limit.priority,
        "structure": limit.structure if isinstance(limit, Constraint) else "",
        "metric": limit.metric,
        "op": limit.op,
        "per_protocol": per_protocol,
        "minor": minor,
        "beyond": limit.beyond,
        "target_up_to_cc": up_to_cc,
        "applies_when": ", ".join(filter(None, (placed.when, *_conditions(placed)))),
        "source": ", ".join(limit.source),
        "confidence": limit.confidence,
        "note": limit.note,
    }


def _conditions(placed: PlacedLimit) -> Iterator[str]:
    limit = placed.limit
    if not isinstance(limit, Constraint):
        return
    if limit.liver_rule:
        yield limit.liver_rule
    if (asked := limit.only_if) is not None:
        yield f"{asked.structure} {asked.metric} > {asked.above:g}"
    if limit.if_drawn:
        yield "if drawn"


def difference_rows(found: Sequence[Difference]) -> Iterator[dict[str, Any]]:
    """Yield differences with the columns of `DIFFERENCE_COLUMNS`."""
    for one in found:
        yield {
            "part": one.part.value, "move": one.move.value if one.move else "", "id": one.id,
            "about": one.about, "when": one.when, "how": one.how, "text": str(one.text),
            "of_citation": one.of_citation,
        }  # fmt: skip
