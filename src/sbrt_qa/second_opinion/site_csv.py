"""The values a site sends: a CSV of structure, metric, value and unit."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metric_registry import METRICS, MetricSpec, meaning_of
from sbrt_qa.errors import MetricError, UsageError, quoted
from sbrt_qa.units import GY_PER_CGY

COLUMNS: Final = ("structure", "metric", "value", "unit")
MAX_ROWS: Final = 10_000

PLAIN: Final = "1"
"""In the column of units: a plain number, or a yes or no as 1 or 0."""

_UNITS: Final = {
    "gy": "Gy",
    "cgy": "cGy",
    "%": "%",
    "cc": "cc",
    "cm3": "cc",
    "cm³": "cc",
    "ml": "cc",
    "": PLAIN,
    "1": PLAIN,
    "-": PLAIN,
    "bool": PLAIN,
}
_EXAMPLE: Final = "Example of a line: Liver,D0.03cc,31.5,Gy"


@dataclass(frozen=True, slots=True)
class SiteValue:
    """One value of the site, in the unit of `spec`; `line` counts from 1."""

    structure: str
    spec: MetricSpec
    value: float
    line: int


def read_site_values(text: str) -> tuple[SiteValue, ...]:
    """Read a CSV with the columns structure, metric, value and unit, in any order.

    Columns are separated by commas, or by semicolons; then numbers may have a decimal comma. A
    metric may state its unit (``D95%[Gy]``) or leave it to the column (``D95%``). Of an index or a
    yes or no the unit is empty, ``1`` or ``-``.

    Raises
    ------
    UsageError
        A column is missing, or a line cannot be read; the message names the line.
    """
    lines = text.removeprefix("\ufeff")
    separator = ";" if ";" in lines.partition("\n")[0] else ","
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=separator, strict=True)
    return tuple(_values(reader, decimal_comma=separator == ";"))


def _values(reader: Iterator[list[str]], *, decimal_comma: bool) -> Iterator[SiteValue]:
    columns: dict[str, int] = {}
    line = 0
    while True:
        line += 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _wrong(line, "not a line of a CSV file", str(error)) from error
        if cells is None:
            break
        if line > MAX_ROWS:
            raise _wrong(line, f"more than {MAX_ROWS} lines")
        if not columns:
            columns = _columns(cells)
        elif any(cell.strip() for cell in cells):
            if len(cells) <= max(columns.values()):
                raise _wrong(line, "too few columns", f"{len(cells)}", ", ".join(COLUMNS))
            found = {name: cells[at].strip() for name, at in columns.items()}
            yield _value(found, line, decimal_comma=decimal_comma)
    if not columns:
        raise _wrong(1, "the file is empty", "", ", ".join(COLUMNS))


def _columns(cells: list[str]) -> dict[str, int]:
    names = [cell.strip().casefold() for cell in cells]
    if missing := [name for name in COLUMNS if names.count(name) != 1]:
        got = ", ".join(quoted(cell) for cell in cells[:8])
        raise _wrong(1, f"no column, or several, called {', '.join(missing)}", got)
    return {name: names.index(name) for name in COLUMNS}


def _value(found: dict[str, str], line: int, *, decimal_comma: bool) -> SiteValue:
    if not found["structure"]:
        raise _wrong(line, "the structure is missing")
    unit = _UNITS.get(found["unit"].casefold())
    if unit is None:
        raise _wrong(
            line,
            "unknown unit",
            quoted(found["unit"]),
            "Gy, cGy, %, cc, cm3, mL or, of an index, nothing",
        )
    spec = _spec(found["metric"], unit, line)
    factor = _factor(unit, spec, line)
    number = found["value"].replace(",", ".") if decimal_comma else found["value"]
    if wrong := _wrong_number(_number(number), spec):
        raise _wrong(line, wrong, quoted(found["value"]), "such as 31.5")
    return SiteValue(found["structure"], spec, _number(number) * factor, line)


def _number(text: str) -> float:
    """Return a number as written; not a number where it is none."""
    try:
        return float(text) if len(text) <= 40 and text.isascii() else float("nan")
    except ValueError:
        return float("nan")


def _wrong_number(value: float, spec: MetricSpec) -> str:
    """Return what is wrong with a value; empty when nothing is."""
    if value < 0:
        return "the value is negative"
    if not value < 1e9:
        return "the value is no number"
    return "neither 0 nor 1" if spec.unit == "bool" and value not in (0, 1) else ""


def _spec(metric: str, unit: str, line: int) -> MetricSpec:
    try:
        out = "Gy" if unit == "cGy" else unit
        stated = "[" in metric or unit == PLAIN
        known = parse_metric(metric if stated else f"{metric}[{out}]")
    except MetricError as error:
        raise _wrong(line, f"the metric cannot be read: {error}") from error
    if meaning_of(known).compared is None:
        sendable = sorted(m.name for m in METRICS.values() if m.meaning.compared is not None)
        names = ", ".join(METRICS[name].example for name in sendable)
        raise _wrong(line, "this metric is not compared", quoted(metric), names)
    return known


def _factor(unit: str, spec: MetricSpec, line: int) -> float:
    if unit == (PLAIN if spec.unit == "bool" else spec.unit):
        return 1.0
    if unit == PLAIN:
        raise _wrong(line, "the unit is missing", quoted(spec.text), quoted(spec.unit))
    if {unit, spec.unit} == {"Gy", "cGy"}:
        return GY_PER_CGY if unit == "cGy" else 1 / GY_PER_CGY
    raise _wrong(line, "metric and column name different units", quoted(unit), quoted(spec.unit))


def _wrong(line: int, what: str, got: str = "", expected: str = "") -> UsageError:
    return UsageError(
        what, where=f"--site-values, line {line}", got=got, expected=expected, advice=_EXAMPLE
    )
