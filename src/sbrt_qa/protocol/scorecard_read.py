"""A PlanScoreCard template, read line by line: each line is a limit, or the reason why not.

Nothing is guessed: a line whose metric, unit, structure or direction is not certain is not read.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.errors import MetricError, ProtocolError, quoted, visible
from sbrt_qa.protocol import scorecard_terms as terms
from sbrt_qa.protocol.goals import GoalKind, kind_of_goal

MAX_BYTES: Final = 5_000_000
MAX_LINES: Final = 2_000
MAX_FRACTIONS: Final = 100
LONGEST_NAME: Final = 64
LONGEST_REMARK: Final = 400


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """One line of a score card that was read; `number` counts from 1."""

    number: int
    structure: str
    code: str
    metric: str
    op: str
    per_protocol: float
    minor: float | None
    told: str
    comment: str

    @property
    def is_index(self) -> bool:
        """Whether it is an index of a target, which a protocol lists apart."""
        return kind_of_goal(parse_metric(self.metric)) is GoalKind.ISODOSE_RATIO


@dataclass(frozen=True, slots=True)
class ScoreCard:
    """A score card: its name, its prescription where it states one, and its lines.

    `unread` are the lines that are no limits, each with the reason; `remarks` what a card that this
    program wrote says of itself.
    """

    name: str
    fractions: int | None
    total_gy: float | None
    lines: tuple[ScoreLine, ...]
    unread: tuple[str, ...]
    remarks: tuple[str, ...] = ()


class _NotReadError(Exception):
    """Why a line is no limit; it never leaves this module."""


def read_scorecard(path: Path) -> ScoreCard:
    """Read a template of PlanScoreCard.

    Raises
    ------
    ProtocolError
        It is no such template at all: too large, no JSON, or without score templates.
    """
    where = path.name
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ProtocolError("the file cannot be read", where=where) from error
    if len(content) > MAX_BYTES:
        expected = f"at most {MAX_BYTES / 1e6:g} MB"
        raise ProtocolError("too large for a score card", where=where, expected=expected)
    try:
        card = json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(
            "no JSON", where=where, got=quoted(str(error)), expected="a PlanScoreCard template"
        ) from None
    lines = card.get("ScoreTemplates") if isinstance(card, dict) else None
    if not isinstance(lines, list) or not lines or len(lines) > MAX_LINES:
        got = f"{len(lines)} lines" if isinstance(lines, list) else "none"
        expected = f"ScoreTemplates with 1 to {MAX_LINES} lines"
        raise ProtocolError("no PlanScoreCard template", where=where, got=got, expected=expected)
    return _card(card, lines)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _card(card: Mapping[str, Any], lines: Sequence[Any]) -> ScoreCard:
    read: list[ScoreLine] = []
    unread: list[str] = []
    for number, line in enumerate(lines, 1):
        try:
            read.append(_line(number, line))
        except _NotReadError as why:
            unread.append(f"line {number}{_name_of(line)}: not read: {why}")
    fractions, each = card.get("NumberOfFractions"), card.get("DosePerFraction")
    known: int | None = None
    if isinstance(fractions, int) and not isinstance(fractions, bool):
        known = fractions if 1 <= fractions <= MAX_FRACTIONS else None
    dose = _finite(each)
    total = dose * known if known and dose and dose > 0 else None
    extra = card.get(terms.EXTRA_KEY)
    told = extra.get("unsaid") if isinstance(extra, dict) else None
    remarks = tuple(
        visible(text)[:LONGEST_REMARK]
        for text in (told[:MAX_LINES] if isinstance(told, list) else [])
        if isinstance(text, str)
    )
    name = card.get("TemplateName")
    title = name if isinstance(name, str) else ""
    return ScoreCard(title, known, total, tuple(read), tuple(unread), remarks)


def _name_of(line: object) -> str:
    if not isinstance(line, dict):
        return ""
    structure = line.get("Structure")
    name = structure.get("StructureId") if isinstance(structure, dict) else None
    told = f" {quoted(name)}" if isinstance(name, str) and name else ""
    kind = line.get("MetricType")
    return told + (f" {quoted(kind)}" if isinstance(kind, str) else "")


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e9 else None


def _line(number: int, line: object) -> ScoreLine:
    if not isinstance(line, dict):
        raise _NotReadError("it is no object")
    name, code = _structure(line.get("Structure"))
    metric = _metric(line)
    op, per_protocol, minor, told = _bounds(line)
    comment = line.get("MetricComment")
    return ScoreLine(
        number, name, code, metric, op, per_protocol, minor, told,
        comment if isinstance(comment, str) else "",
    )  # fmt: skip


def _structure(given: object) -> tuple[str, str]:
    if not isinstance(given, dict):
        raise _NotReadError("it names no structure")
    made = given.get("StructureComment")
    if isinstance(made, str) and made.strip():
        raise _NotReadError(f"its structure is made by the score card: {quoted(made)}")
    names = (given.get("TemplateStructureId"), given.get("StructureId"))
    name = next((n.strip() for n in names if isinstance(n, str) and n.strip()), "")
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise _NotReadError(f"its structure has no usable name: {quoted(name)}")
    code = given.get("StructureCode")
    return name, code if isinstance(code, str) and code.isdigit() and code.isascii() else ""


def _metric(line: Mapping[str, Any]) -> str:
    theirs, out = line.get("MetricType"), _text(line.get("OutputUnit"))
    unit_in, amount = _text(line.get("InputUnit")), _finite(line.get("InputValue"))
    if theirs == terms.RATIO:
        if unit_in == "%" and amount in terms.ISODOSES:
            return _checked(f"R{amount:g}")
        raise _NotReadError("a conformity index of an isodose other than 100 % or 50 %")
    if not isinstance(theirs, str) or theirs not in terms.READ:
        raise _NotReadError(f"a metric that is not known here: {quoted(theirs)}")
    expression, known_in, known_out = terms.READ[theirs]
    if out.upper() not in known_out:
        raise _NotReadError(f"its result has no known unit: {quoted(out)}")
    asked = ""
    if known_in:
        if unit_in.upper() not in known_in or amount is None or amount < 0:
            raise _NotReadError(f"asked at {quoted(line.get('InputValue'))} {quoted(unit_in)}")
        asked = f"{amount:.6f}".rstrip("0").rstrip(".") + known_in[unit_in.upper()]
    return _checked(expression.format(asked, known_out[out.upper()]))


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _checked(metric: str) -> str:
    try:
        return parse_metric(metric).text
    except MetricError:
        raise _NotReadError(f"no metric of ours: {quoted(metric)}") from None


def _bounds(line: Mapping[str, Any]) -> tuple[str, float, float | None, str]:
    """Return the operator, the bounds, and how they were told."""
    points = _points(line.get("ScorePoints"))
    op, full, flagged = _curve(points)
    accepted, variation = _finite(line.get("AcceptableLevel")), _finite(line.get("VariationLevel"))
    if accepted is None:
        minor = flagged if flagged is not None and _is_wider(op, full, flagged) else None
        told = "full score from the curve" + ("" if minor is None else ", minor as it is flagged")
        return op, full, minor, told
    if variation is not None and variation != accepted and not _is_wider(op, accepted, variation):
        raise _NotReadError("its variation level is stricter than its acceptable level")
    if not points[0][0] <= accepted <= points[-1][0]:
        raise _NotReadError("its acceptable level lies outside its score curve")
    return op, accepted, variation, "acceptable and variation level"


def _is_wider(op: str, bound: float, other: float) -> bool:
    return other > bound if op == "<=" else other < bound


def _points(given: object) -> list[tuple[float, float, bool]]:
    if not isinstance(given, list) or len(given) < 2 or len(given) > MAX_LINES:
        raise _NotReadError("its score has less than two points: no direction is told")
    points = []
    for one in given:
        x, score = (
            (_finite(one.get("PointX")), _finite(one.get("Score")))
            if isinstance(one, dict)
            else (None, None)
        )
        if x is None or score is None:
            raise _NotReadError("a point of its score is no number")
        points.append((x, score, one.get("Variation") is True))
    return sorted(points)


def _curve(points: Sequence[tuple[float, float, bool]]) -> tuple[str, float, float | None]:
    """Return the direction, where the full score ends, and the one point flagged as variation."""
    steps = [b[1] - a[1] for a, b in itertools.pairwise(points)]
    if all(s <= 0 for s in steps) and any(s < 0 for s in steps):
        op = "<="
    elif all(s >= 0 for s in steps) and any(s > 0 for s in steps):
        op = ">="
    else:
        raise _NotReadError("its score neither falls nor rises all the way: no single bound")
    best = max(score for _, score, _ in points)
    full = [x for x, score, _ in points if score == best]
    flagged = [x for x, _, flag in points if flag]
    if len(flagged) > 1:
        raise _NotReadError("several points are flagged as acceptable variation")
    return op, max(full) if op == "<=" else min(full), flagged[0] if flagged else None
