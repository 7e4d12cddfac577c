"""A draft protocol made of a score card, for a person to read, complete and approve.

What a score card does not say (priority, what a value beyond the last bound is, where a number was
published, which structures a plan must have) is set to what is strictest, and the draft says so.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sbrt_qa.errors import ProtocolError, visible
from sbrt_qa.model.target_kind import kind_in_name
from sbrt_qa.protocol.protocol_files import parse_protocol
from sbrt_qa.protocol.scorecard_read import ScoreCard, ScoreLine, read_scorecard

SOURCE: Final = "CARD"

_HEAD: Final = (
    "DRAFT, made by a program from a score card. A person must read every line before it is used.",
    "A score card does not say what follows; it is set to what is strictest, change it:",
    "- priority 1 and beyond major for every limit; needed always for every structure;",
    "- op <= and >=: a value equal to a bound is inside it;",
    "- targets and the outline of the body are told by their names;",
    "- no number has a publication: its source is the score card.",
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft protocol as text, how many limits it has, and each line that it lacks."""

    text: str
    limits: int
    unread: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def draft_of_file(path: Path, effective: dt.date) -> Draft:
    """Return the draft protocol of a PlanScoreCard template.

    Parameters
    ----------
    effective
        The date from which it would be in force.

    Raises
    ------
    ProtocolError
        The file is no score card, or none of its lines could be read.
    """
    card = read_scorecard(path)
    if not card.lines:
        raise ProtocolError(
            "no line of the score card could be read", where=path.name,
            got=visible("; ".join(card.unread[:3])), expected="limits of dose or volume",
        )  # fmt: skip
    text = "".join(f"{line}\n" for line in _text(card, path.name, effective))
    parse_protocol(text.encode(), path.name)
    unread = tuple(visible(line) for line in card.unread)
    return Draft(text, len(card.lines), unread, card.remarks)


def _text(card: ScoreCard, file: str, effective: dt.date) -> Iterator[str]:
    yield from (f"# {line}" for line in _HEAD)
    if card.unread:
        yield f"# {len(card.unread)} LINES ARE NOT IN THIS DRAFT:"
        yield from (f"# - {visible(line)}" for line in card.unread)
    if card.remarks:
        yield "# The score card says of itself:"
        yield from (f"# - {line}" for line in card.remarks)
    yield ""
    head = {
        "schema": "sbrt_qa.protocol/1",
        "id": re.sub(r"[^a-z0-9]+", "_", card.name.casefold()).strip("_")[:40] or "score_card",
        "version": "0",
        "effective": effective.isoformat(),
        "approved_by": "",
        "title": visible(card.name)[:200] or "score card",
        "statement": "Draft made by a program from a score card; not yet read by a person. "
        f"{len(card.unread)} lines of the score card are not in it.",
        "sources": {
            SOURCE: {
                "citation": f"PlanScoreCard template {visible(file)[:200]}",
                "read_as": "by a program",
            }
        },
        "confidence_terms": {"score_card": "read by a program from a score card, by no person"},
    }
    yield from (f"{key}: {_flow(value)}" for key, value in head.items())
    yield from _list("prescriptions", _levels(card))
    yield from _list("structures", _structures(card.lines))
    limits = [_limit(line) for line in card.lines if not line.is_index]
    indices = [_index(line) for line in card.lines if line.is_index]
    fractions = card.fractions
    if fractions is None:
        yield "# the score card names no number of fractions: all limits apply to every plan"
    of_targets = [one for one in limits if fractions is None or _is_target(one["structure"])]
    yield from _list("targets", of_targets)
    yield from _list("conformity", indices)
    rest = [one for one in limits if one not in of_targets]
    if not rest:
        yield "options: []"
        return
    yield from ("options:", f"  - id: fx{fractions}", f'    when: "fractions == {fractions}"')
    yield "    constraints:"
    yield from (f"      - {_flow(one)}" for one in rest)


def _list(key: str, rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield f"{key}:" if rows else f"{key}: []"
    yield from (f"  - {_flow(row)}" for row in rows)


def _flow(value: object) -> str:
    """Return a value in the flow style of YAML, which JSON is."""
    return json.dumps(value, ensure_ascii=False)


def _levels(card: ScoreCard) -> list[dict[str, Any]]:
    if card.total_gy is None or card.fractions is None:
        return []
    total = round(card.total_gy, 6)
    name = f"{total:g}Gy/{card.fractions}fx"
    return [{"id": name, "total_gy": total, "fractions": card.fractions}]


def _structures(lines: Sequence[ScoreLine]) -> list[dict[str, Any]]:
    codes: dict[str, str] = {}
    for line in lines:
        codes[line.structure] = codes.get(line.structure) or line.code
    return [
        {"name": name, "kind": _kind(name), "needed": "always"} | ({"fma": code} if code else {})
        for name, code in codes.items()
    ]


def _kind(name: str) -> str:
    if name.casefold() in ("body", "external", "outer contour", "patient"):
        return "external"
    return "target" if _is_target(name) else "organ"


def _is_target(name: str) -> bool:
    """Tell whether a name is that of a target; ``Liver-GTV`` is none."""
    return bool(kind_in_name(name)) and "-" not in name


def _row(line: ScoreLine) -> dict[str, Any]:
    minor = {} if line.minor is None else {"minor": line.minor}
    comment = f"; {visible(line.comment)[:300]}" if line.comment else ""
    return {
        "id": f"L{line.number:03d}", "metric": line.metric, "op": line.op,
        "per_protocol": line.per_protocol, **minor, "priority": 1, "source": [SOURCE],
        "confidence": "score_card", "note": f"line {line.number}: {line.told}{comment}",
    }  # fmt: skip


def _limit(line: ScoreLine) -> dict[str, Any]:
    return {"structure": line.structure} | _row(line)


def _index(line: ScoreLine) -> dict[str, Any]:
    return _row(line) | {"meaning": f"{line.metric} of {line.structure}"}
