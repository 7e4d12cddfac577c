"""Everything that is wrong with a protocol file, told at once, each with line, path and advice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sbrt_qa.errors import ProtocolError, did_you_mean, quoted, visible
from sbrt_qa.model.plain_signs import plain_signs
from sbrt_qa.protocol.definition import Protocol, protocol_json_schema
from sbrt_qa.protocol.mending import mended, of_mending
from sbrt_qa.protocol.needs import PATTERN as NEEDED
from sbrt_qa.protocol.part import ID_PATTERN
from sbrt_qa.protocol.protocol_rows import CODE_PATTERN
from sbrt_qa.protocol.yaml_exact import Location, YamlReader

SHOWN_PROBLEMS: Final = 50
MOST_KEYS: Final = 12
"""Keys that a message lists."""

_SHAPES: Final = {
    ID_PATTERN: "Letters, digits and _ . - without blanks",
    CODE_PATTERN: "Capital letters, digits and _; sbrt-qa checks list shows all codes",
}
"""Further problems of a file that one message names."""

_BARE_OPERATOR: Final = re.compile(
    r"^(?P<head>(?:[^#\n]*[{,\s-])?op:[ ]*)(?P<op>>=|>)(?P<tail>[ ]*(?:[,}#].*)?)$", re.MULTILINE
)
_COMMA: Final = re.compile(r"[-+]?\d+,\d+")
_WITH_UNIT: Final = re.compile(r"([-+]?\d+(?:\.\d+)?)\s*(?:c?Gy|cc|ml|%)", re.IGNORECASE)
_OPERATORS: Final = {
    "≤": "<=",
    "≥": ">=",
    "=<": "<=",
    "=>": ">=",
    "=": "==",
    "＜": "<",
    "＞": ">",
    "≦": "<=",
    "≧": ">=",
}

_WRITTEN: Final = frozenset(_OPERATORS.values()) | {"report"}
_NUMBER: Final = re.compile(r"[-+]?(?:0|[1-9]\d*)(?:\.\d+)?", re.ASCII)

_PART_OF_KEY: Final = {
    "constraints": "Constraint", "limits": "Constraint", "conformity": "ConformityLimit",
    "structures": "StructureDef", "prescriptions": "PrescriptionLevel",
    "options": "FractionOption", "sources": "Source", "checks": "CheckRule", "bounds": "Bounds",
    "table": "TableRow", "decisions": "OpenDecision",
}  # fmt: skip
"""What the rows of a list are, by its key."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One thing that is wrong: where it stands, what it is, and what would be right."""

    location: Location
    what: str
    got: str = ""
    advice: str = ""
    line: int | None = None

    def text(self) -> str:
        """Return it without its place, as a sentence of the list."""
        told = self.what + (f"; got {self.got}" if self.got else "")
        return told + (f". {self.advice}" if self.advice else "")


def with_quoted_operators(text: str) -> tuple[str, tuple[FileProblem, ...]]:
    """Quote the operators that YAML reads as something else, and tell which those were."""
    found = []

    def quote(match: re.Match[str]) -> str:
        line = text.count("\n", 0, match.start()) + 1
        found.append(
            FileProblem(
                (), f"YAML reads a bare {match['op']} as something else", "",
                f'Quote the operator: op: "{match["op"]}"', line,
            )
        )  # fmt: skip
        return f'{match["head"]}"{match["op"]}"{match["tail"]}'

    return _BARE_OPERATOR.sub(quote, text), tuple(found)


def problems_of(error: ValidationError, data: dict[str, Any]) -> tuple[FileProblem, ...]:
    """Return all problems of a file, also those that are only seen once others are mended."""
    found = list(_expanded(error, data))
    places = [one.location for one in found]
    again = mended(data, places)
    if again is None:
        return _sorted(found)
    try:
        Protocol.model_validate(again)
    except ValidationError as second:
        found += [
            replace(one, what=_STOOD_IN.sub("", one.what))
            for one in _expanded(second, again)
            if one.location not in places and not of_mending(one.location)
        ]
    return _sorted(found)


def syntax_problem(error: ProtocolError) -> FileProblem:
    """Return the error of a reader of YAML as one problem beside others."""
    line = error.where.rpartition(":")[2]
    at = int(line) if line.isdigit() else 1
    return FileProblem((), error.what, error.got, error.advice, at)


_STOOD_IN: Final = re.compile(r", mended\d+\b|\bmended\d+, ")
"""Names that stood in for missing ones, in a list of names."""


def _sorted(found: Iterable[FileProblem]) -> tuple[FileProblem, ...]:
    return tuple(dict.fromkeys(found))


def error_of(found: Sequence[FileProblem], text: str, name: str) -> ProtocolError:
    """Return one error that names every problem, in the order of the file."""
    reader = YamlReader(text, name, lines=True)
    if any(one.line is None for one in found):
        reader.read()
    placed = [(one.line or _line(reader, one.location), one) for one in found]
    placed.sort(key=lambda pair: pair[0])
    lines = [f"{_where(name, line, one.location)}: {one.text()}" for line, one in placed]
    line, first = placed[0]
    others = lines[1 : 1 + SHOWN_PROBLEMS]
    if len(lines) > 1 + SHOWN_PROBLEMS:
        others.append(f"{len(lines) - 1 - SHOWN_PROBLEMS} more")
    also = f"Also wrong: {'; '.join(others)}" if others else ""
    error = ProtocolError(
        first.what,
        where=_where(name, line, first.location),
        got=first.got,
        advice=". ".join(filter(None, (first.advice, also))),
    )
    error.problems = (lines[0], *others)
    return error


def _expanded(error: ValidationError, data: dict[str, Any]) -> Iterable[FileProblem]:
    for detail in error.errors(include_url=False):
        parts = detail.get("ctx", {}).get("parts")
        if parts is None:
            yield _problem(detail, _location(data, detail), data)
            continue
        for path, message in parts:
            at = _existing(data, path, missing=False)
            yield FileProblem(at, visible(message), "", _advice_on(message))


def _problem(detail: ErrorDetails, at: Location, data: dict[str, Any]) -> FileProblem:
    kind, value = detail["type"], detail["input"]
    plain = {
        "extra_forbidden": "unknown key",
        "missing": "this key is missing",
        "finite_number": "a number must be finite",
        "tuple_type": "this must be a list",
        "string_pattern_mismatch": "this is not written as it must be",
    }
    what = plain.get(kind) or visible(detail["msg"])
    shown = kind not in ("missing", "extra_forbidden", "protocol")
    got = quoted(value) if shown and isinstance(value, str | int | float) else ""
    shape = str(detail.get("ctx", {}).get("pattern", ""))
    advice = _advice_on_shape(shape, value) if shape else _advice(kind, value, at, data)
    return FileProblem(at, what, got, advice)


def _advice_on_shape(pattern: str, value: object) -> str:
    """Return how a text is written that has to have a shape."""
    if pattern != NEEDED:
        return _SHAPES.get(pattern, f"It is written as {pattern}")
    text = str(value).strip()
    if distance := re.search(r"(\d+(?:\.\d)?) *mm", text):
        return f"Write near {distance[1]}mm"
    meant = did_you_mean(text, ("always", "optional"))
    return meant or "Write always, optional, or near and a distance, such as near 30mm"


def _advice(kind: str, value: object, at: Location, data: dict[str, Any]) -> str:
    if kind == "extra_forbidden":
        key = str(at[-1]) if at else ""
        if key.isdigit():
            return "A decimal comma? Write a decimal point"
        there = _at(data, at[:-1])
        known = [k for k in _keys_of(at[:-1]) if not isinstance(there, dict) or k not in there]
        if not plain_signs(key).isascii():
            needed = _part(at[:-1]).get("required", ())
            listed = sorted(known, key=lambda one: one not in needed)[:MOST_KEYS]
            return f"Keys are English words; here: {', '.join(listed)}"
        return did_you_mean(key, known)
    if kind == "string_type" and isinstance(value, int | float):
        return f'Put it in quotes: "{value}"'
    return _advice_on_text(kind, value.strip(), at) if isinstance(value, str) else ""


def _advice_on_text(kind: str, text: str, at: Location) -> str:
    if kind == "tuple_type":
        return f"Write [{visible(text)}]"
    if kind.startswith("date"):
        return "Write year-month-day, such as 2026-01-31"
    plain = plain_signs(text)
    if at and at[-1] == "op":
        if not text:
            return 'Quote the operator: op: ">"'
        meant = _OPERATORS.get(plain, plain if plain in _WRITTEN else None)
        return f"Did you mean {quoted(meant)}?" if meant else ""
    if plain != text and _NUMBER.fullmatch(plain):
        return f"Write {plain}: plain digits, no full-width ones"
    if _COMMA.fullmatch(text):
        return f"Write {text.replace(',', '.')}: a decimal point, no comma"
    if unit := _WITH_UNIT.fullmatch(text):
        return f"Write {unit[1]} alone: the unit is that of the metric"
    if kind == "literal_error":
        return did_you_mean(text, _allowed(at))
    if "float" in kind and _NUMBER.fullmatch(text):
        return f"Write {text} without quotes"
    return ""


def _advice_on(message: str) -> str:
    """Return advice on what a rule between parts says of a text of the file."""
    if "Did you mean" not in message and re.search(r"'[^']*\d,\d[^']*'", message):
        return "Write a decimal point, no comma"
    return ""


def _allowed(at: Location) -> Sequence[str]:
    properties = _part(at[:-1]).get("properties", {})
    return [str(one) for one in properties.get(str(at[-1]), {}).get("enum", ())]


def _keys_of(at: Location) -> list[str]:
    return list(_part(at).get("properties", {}))


def _part(at: Location) -> Mapping[str, Any]:
    """Return the schema of the part that stands at a place; of the whole file where unknown."""
    schema = protocol_json_schema()
    kinds = schema["$defs"]
    keys = [step for step in at if isinstance(step, str)]
    if len(keys) > 1 and keys[-2] == "bounds":
        return kinds.get("Origin", {})  # type: ignore[no-any-return]
    for key in reversed(keys):
        if key == "targets":
            return kinds["Constraint" if isinstance(at[-1], int) else "TargetBlock"]  # type: ignore[no-any-return]
        if key in _PART_OF_KEY:
            return kinds.get(_PART_OF_KEY[key], {})  # type: ignore[no-any-return]
    return schema


def _at(data: object, at: Location) -> object:
    for step in at:
        inside = _children(data)
        if step not in inside:
            return None
        data = inside[step]
    return data


def _location(data: object, detail: ErrorDetails) -> Location:
    """Return where a problem is, without what pydantic adds for its unions."""
    wanted: Location = (*detail["loc"], *detail.get("ctx", {}).get("path", ()))
    return _existing(data, wanted, missing=detail["type"] == "missing")


def _existing(data: object, wanted: Location, *, missing: bool) -> Location:
    location: Location = ()
    for step in wanted:
        inside = _children(data)
        if step == "limits" and isinstance(data, list):
            continue  # a plain list of limits of targets
        if step not in inside:
            return (*location, step) if missing else location
        data = inside[step]
        location = (*location, step)
    return location


def _children(data: object) -> Mapping[str | int, object]:
    if isinstance(data, list):
        return dict(enumerate(data))
    return data if isinstance(data, dict) else {}


def _line(reader: YamlReader, location: Location) -> int:
    known = location
    while known not in reader.line_of and known:
        known = known[:-1]
    return reader.line_of.get(known, 1)


def _where(name: str, line: int, location: Location) -> str:
    path = "".join(f"[{p}]" if isinstance(p, int) else f".{visible(p)}" for p in location)
    return f"{name}:{line} {path.removeprefix('.')}".rstrip()
