"""Whether a limit became stricter or looser, and by how much, in words."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator
from typing import Final, TypeAlias

from sbrt_qa.i18n.phrase import joined, say, stated
from sbrt_qa.model.outcome import Reason
from sbrt_qa.protocol.conformity_bounds import bounds_at
from sbrt_qa.protocol.definition import ConformityLimit, Constraint
from sbrt_qa.protocol.wording import OPERATORS, bound_text, yes_or_no

Limit: TypeAlias = Constraint | ConformityLimit

_SIDE: Final = {"<=": 1, "<": 1, ">=": -1, ">": -1}
"""Which way a bound becomes looser; 0 for others."""

_MINOR_AT_WORST: Final = 3
_REPORTED: Final = 4
"""Priorities that cap what a limit can do to a case."""


class Move(enum.StrEnum):
    """What became of a limit, strictest first."""

    STRICTER = "stricter"
    LOOSER = "looser"
    MIXED = "stricter and looser"
    """One bound became stricter, another looser."""
    NEW = "new"
    GONE = "gone"
    OTHER = "otherwise"
    """It differs in something that has no direction."""


def metric_parts(limit: Limit) -> tuple[str, str]:
    """Return a metric without its unit, and the unit with the blank before it."""
    name, _, unit = limit.metric.partition("[")
    unit = unit.rstrip("]")
    if unit.startswith("%") and unit != "%":
        unit = f"% of {unit[1:]}"
    return name, f" {unit}" if unit not in ("", "bool") else ""


def bounds_text(limit: Limit) -> str:
    """Return the bounds of a limit: ``≤ 33 Gy, minor to 35``."""
    if limit.op == "report":
        return say("reported only")
    if isinstance(limit, ConformityLimit) and limit.table:
        sign = OPERATORS.get(limit.op, limit.op)
        rows = (
            joined(" ", (_cc(r.ptv_cc), f"{r.per_protocol:g}/{r.minor:g}")) for r in limit.table
        )
        return say("{0} by PTV volume: {1}", sign, joined(", ", rows))
    if limit.metric.endswith("[bool]") and limit.per_protocol is not None:
        return yes_or_no(limit.per_protocol)
    text = bound_text(limit.op, limit.per_protocol, metric_parts(limit)[1])
    if limit.minor is not None and limit.minor != limit.per_protocol:
        text = say("{0}, minor to {1}", text, f"{limit.minor:g}")
    return say("{0}, then minor", text) if limit.beyond == "minor" else text


def _cc(volume_cc: float | None) -> str:
    return say("larger") if volume_cc is None else f"{volume_cc:g} cc"


def move_of(before: Limit, after: Limit) -> tuple[Move, str]:
    """Return which way a limit moved, and how far, in words; empty words where it did not."""
    moved = list(_moves(before, after))
    words = joined(", ", (text for _, text in moved))
    if words and before.priority != after.priority:
        words = say("{0} (priority {1} → {2})", words, before.priority, after.priority)
    directions = {direction for direction, _ in moved}
    if len(directions) == 1:
        return directions.pop(), words
    return (Move.MIXED if moved else Move.OTHER), words


def _moves(a: Limit, b: Limit) -> Iterator[tuple[Move, str]]:
    """Yield how each bound moved, with what the priority makes of it."""
    silent = _only_reports(a), _only_reports(b)
    if all(silent):
        return
    if any(silent):
        yield (
            (Move.STRICTER, say("was reported only"))
            if silent[0]
            else (Move.LOOSER, say("now reported only"))
        )
    elif _SIDE.get(a.op, 0) != _SIDE.get(b.op, 0) or not _SIDE.get(a.op, 0):
        if (a.op, a.per_protocol) != (b.op, b.per_protocol):
            yield Move.OTHER, say("another kind of limit")
    elif _table(a) or _table(b):
        yield from _table_moves(a, b)
    else:
        yield from _number_moves(a, b)


def _number_moves(a: Limit, b: Limit) -> Iterator[tuple[Move, str]]:
    """Yield how the bound of per protocol moved, and the one beyond which a value is major."""
    unit, up = metric_parts(b)[1], _SIDE[a.op]
    if a.per_protocol is None or b.per_protocol is None:
        return
    inner = b.per_protocol - a.per_protocol
    if inner:
        move = _toward(inner * up)
        yield move, say("{0} by {1}", stated(move), f"{abs(inner):g}{unit}")
    elif a.op.endswith("=") and a.op != b.op:
        yield Move.STRICTER, say("the bound itself no longer meets it")
    elif a.op != b.op:
        yield Move.LOOSER, say("the bound itself meets it")
    yield from _outer_move(a, b, inner)


def _outer_move(a: Limit, b: Limit, inner: float) -> Iterator[tuple[Move, str]]:
    """Yield how the bound of major moved, where it did not move along with that of per protocol."""
    one, other = _outer(a), _outer(b)
    beyond, is_above = f"{other:g}{metric_parts(b)[1]}", _SIDE[a.op] > 0
    if one == other or other - one == inner:
        return
    if math.isinf(other):
        yield Move.LOOSER, say("minor at worst")
        return
    now = say("major above {0}", beyond) if is_above else say("major below {0}", beyond)
    if math.isinf(one):
        yield Move.STRICTER, say("{0}, was minor at worst", now)
    else:
        yield _toward((other - one) * _SIDE[a.op]), say("{0}, was {1}", now, f"{one:g}")


def _toward(change: float) -> Move:
    return Move.LOOSER if change > 0 else Move.STRICTER


def _only_reports(limit: Limit) -> bool:
    return limit.op == "report" or limit.priority >= _REPORTED


def _outer(limit: Limit) -> float:
    """Return the bound beyond which a value is major; infinite where none is."""
    if limit.beyond == "minor" or limit.priority >= _MINOR_AT_WORST:
        return math.inf
    bound = limit.per_protocol if limit.minor is None else limit.minor
    return math.inf if bound is None else bound


def _table(limit: Limit) -> bool:
    return isinstance(limit, ConformityLimit) and bool(limit.table)


def _table_moves(a: Limit, b: Limit) -> Iterator[tuple[Move, str]]:
    """Yield which way bounds by volume moved, at every volume that one of the tables names."""
    if not (isinstance(a, ConformityLimit) and isinstance(b, ConformityLimit)):
        return
    volumes = sorted({r.ptv_cc for limit in (a, b) for r in limit.table if r.ptv_cc is not None})
    directions = set()
    for volume in volumes:
        one, other = bounds_at(a, volume), bounds_at(b, volume)
        if isinstance(one, Reason) or isinstance(other, Reason):
            continue
        directions |= {move for move, _ in _number_moves(one, other)}
    for move in sorted(directions):
        yield move, say("{0} for some target volumes", stated(move))
