"""DVH texts of planning systems: Eclipse, RayStation and Monaco, read as the site's curves.

Layouts as published readers of such exports take them. Nothing is guessed: a unit, a kind of
histogram or a number that is not told refuses the file, with the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.errors import InputError, quoted
from sbrt_qa.model.grid import FloatArray

MAX_BYTES: Final = 50_000_000
MAX_CURVES: Final = 2_000
MOST_GY: Final = 1_000.0
ROUNDING: Final = 1e-3
"""Part of the volume by which printed volumes may rise, being rounded."""

_EXPECTED: Final = "a DVH text of Eclipse, RayStation or Monaco"
_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True, eq=False)
class SiteCurve:
    """A curve of the site: cumulative, in Gy; `volume_cc` is None where only per cent are told.

    `fraction` is the part of the volume that gets at least the dose; `plan` as written, and
    `prescribed_gy` where the text states it.
    """

    plan: str
    structure: str
    dose_gy: FloatArray
    fraction: FloatArray
    volume_cc: float | None
    line: int
    prescribed_gy: float | None = None

    @property
    def bin_gy(self) -> float:
        """Largest distance between neighbouring doses: the curve says nothing in between."""
        return float(np.diff(self.dose_gy).max())

    def dvh(self, shift_gy: float = 0.0) -> DVH:
        """Return the curve as a histogram, its doses moved; of 100 cc where no volume is told."""
        volume = 100.0 if self.volume_cc is None else self.volume_cc
        dose = np.maximum(self.dose_gy + shift_gy, 0.0)
        kept = np.r_[np.diff(dose) > 0, True]
        dose, cumulative = dose[kept], self.fraction[kept] * volume
        cumulative[0] = volume
        whole = np.flatnonzero(cumulative >= volume * (1 - 1e-9))
        some = np.flatnonzero(cumulative > 0)
        low, high = float(dose[whole[-1]]), float(dose[min(some[-1] + 1, dose.size - 1)])
        mean = float(dose[0] + np.trapezoid(cumulative / volume, dose))
        return DVH(volume, 0.0, dose, cumulative, low, min(max(mean, low), high), high)


@dataclass(slots=True)
class _Rows:
    """Rows of one structure while it is read, in the units of the file."""

    structure: str
    line: int
    plan: str = ""
    volume_cc: float | None = None
    gy_per_unit: float = 0.0
    is_percent: bool = False
    per_dose: bool = False
    cumulative: bool = True
    prescribed_gy: float | None = None
    dose: list[float] = field(default_factory=list)
    volume: list[float] = field(default_factory=list)


def read_curves(path: Path) -> tuple[SiteCurve, ...]:
    """Read the curves of a file, whichever of the systems wrote it.

    Raises
    ------
    InputError
        It is none of these texts, or a line of it cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError("the file cannot be read", where=path.name) from error
    if len(content) > MAX_BYTES or b"\0" in content:
        raise InputError("no text of a usable size", where=path.name, expected=_EXPECTED)
    lines = _decoded(content).splitlines()
    for begins, read in _READERS:
        if any(begins(line) for line in lines[:60]):
            found = tuple(_curve(rows, path.name) for rows in read(lines, path.name))
            if not found or len(found) > MAX_CURVES:
                raise InputError("no curves", where=path.name, expected=_EXPECTED)
            return found
    raise InputError("not a text that is known", where=path.name, expected=_EXPECTED)


def _decoded(content: bytes) -> str:
    """Return text in UTF-8, else Latin-1 where its cm\u00b3 say so, else GB18030; see `_hanzi`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        latin = content.decode("latin-1")
    else:
        return _hanzi(content) or text
    if "cm\u00b3" in latin:
        return latin
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError:
        return latin


def _hanzi(content: bytes) -> str:
    """Return the text in GB18030 where UTF-8 reads common Hanzi of it as other two-byte letters.

    The bytes of a short Chinese name can be those of a Greek letter; no Greek or Cyrillic word has
    only bytes that are common Hanzi. Cubic centimetres in UTF-8 are left out.
    """
    foreign = re.findall(rb"[\x80-\xff]+", content.replace("\u00b3".encode(), b""))
    common = [re.fullmatch(rb"(?:[\xb0-\xd7][\xa1-\xfe])+", part) for part in foreign]
    return content.decode("gb18030") if foreign and all(common) else ""


def _numbers(line: str, where: str, number: int, count: int) -> list[float]:
    parts = line.replace(";", " ").split()
    if len(parts) != count or not all(_NUMBER.fullmatch(part) for part in parts):
        raise InputError(
            "a row of the curve cannot be read", where=f"{where}, line {number}",
            got=quoted(line), expected=f"{count} numbers",
        )  # fmt: skip
    return [float(part.replace(",", ".")) for part in parts]


def _dose_unit(text: str, where: str, number: int) -> float:
    unit = text.strip().lower()
    if unit not in ("gy", "cgy"):
        raise InputError(
            "the unit of dose is not told", where=f"{where}, line {number}", got=quoted(text),
            expected="Gy or cGy",
        )  # fmt: skip
    return 1.0 if unit == "gy" else 0.01


def _value_of(line: str) -> str:
    return line.partition(":")[2].strip()


def _one(text: str) -> float | None:
    found = _NUMBER.match(text.strip())
    return float(found[0].replace(",", ".")) if found else None


_UNIT_IN: Final = re.compile(r"\[([^\]]*)\]")


def _eclipse(lines: Sequence[str], where: str) -> Iterator[_Rows]:
    plan, kind, prescribed = "", "", None
    rows: _Rows | None = None
    columns: list[str] = []
    for number, line in enumerate(lines, 1):
        key = line.partition(":")[0].strip().lower()
        if key == "type":
            kind = _value_of(line).lower()
        elif key in ("plan", "plan sum"):
            plan = _value_of(line)
            if rows is not None and rows.dose:  # another plan follows
                yield rows
                rows, prescribed = None, None
            elif rows is not None:  # newer versions name it with each structure
                rows.plan = plan
        elif key.startswith("prescribed dose") and (unit := _UNIT_IN.search(line)):
            value = _one(_value_of(line))
            scale = _dose_unit(unit[1], where, number)
            prescribed = None if value is None else value * scale
        elif key == "structure":
            if rows is not None and rows.dose:
                yield rows
            rows, columns = _Rows(_value_of(line), number, plan, prescribed_gy=prescribed), []
        elif rows is not None and key.startswith("volume"):
            rows.volume_cc = _one(_value_of(line))
        elif rows is not None and "dose [" in line.lower() and ":" not in line:
            columns = _eclipse_columns(line, rows, kind, where, number)
        elif ":" in line:
            columns = []  # a header follows the curve
        elif columns and line.strip() and rows is not None:
            values = _numbers(line, where, number, len(columns))
            rows.dose.append(values[columns.index("dose")])
            rows.volume.append(values[columns.index("volume")])
    if rows is not None and rows.dose:
        yield rows


def _eclipse_columns(line: str, rows: _Rows, kind: str, where: str, number: int) -> list[str]:
    heads = re.findall(r"([^\[\]]+)\[([^\]]*)\]", line)
    columns = []
    for name, unit in ((n.strip().lower(), u.strip()) for n, u in heads):
        if name == "dose" and unit != "%":
            rows.gy_per_unit = _dose_unit(unit, where, number)
            columns.append("dose")
        elif "dose" in name and "volume" not in name:
            columns.append("other")
        else:
            columns.append("volume")
            rows.is_percent = unit.startswith("%")
            rows.per_dose = name.startswith("dvolume")
    if columns.count("dose") != 1 or columns.count("volume") != 1:
        raise InputError(
            "the columns of the curve are not told", where=f"{where}, line {number}",
            got=quoted(line), expected="one dose in Gy or cGy, and one volume",
        )  # fmt: skip
    if not kind.startswith(("cumulative", "differential")):
        raise InputError(
            "cumulative or differential is not told", where=f"{where}, line {number}",
            got=quoted(kind), expected="a line Type",
        )  # fmt: skip
    rows.cumulative = kind.startswith("cumulative")
    return columns


def _raystation(lines: Sequence[str], where: str) -> Iterator[_Rows]:
    plan, rows = "", None
    for number, line in enumerate(lines, 1):
        lower = line.lower()
        if lower.startswith("#dosename:"):
            plan = _value_of(line)
        elif lower.startswith("#roiname:"):
            if rows is not None and rows.dose:
                yield rows
            rows = _Rows(_value_of(line), number, plan, is_percent=True)
        elif rows is not None and re.match(r"#(dose )?unit:", lower):
            rows.gy_per_unit = _dose_unit(_value_of(line), where, number)
        elif rows is not None and lower.startswith("#roivolume:"):
            rows.volume_cc = _one(_value_of(line))
        elif rows is not None and line.strip() and not line.startswith("#"):
            dose, volume = _numbers(line, where, number, 2)
            rows.dose.append(dose)
            rows.volume.append(volume)
    if rows is not None and rows.dose:
        yield rows


_MONACO_ROW: Final = re.compile(r"(.+?)\s+(\d+(?:[.,]\d+)?)\s+(\d+(?:[.,]\d+)?)\s*")


def _monaco(lines: Sequence[str], where: str) -> Iterator[_Rows]:
    parts = [part.partition(":") for part in lines[0].split("|")]
    head = {name.strip().lower(): value.strip() for name, _, value in parts}
    scale = _dose_unit(head.get("dose units", ""), where, 1)
    unit = head.get("volume units", "").lower()
    if not unit.startswith(("cm", "%")):
        at = f"{where}, line 1"
        raise InputError("the unit of volume is not told", where=at, got=quoted(unit))
    found: dict[str, _Rows] = {}
    for number, line in enumerate(lines[1:], 2):
        row = _MONACO_ROW.fullmatch(line)
        if row is None:
            continue
        name = row[1].strip()
        plan = head.get("plan name", "")
        rows = found.setdefault(
            name,
            _Rows(name, number, plan, gy_per_unit=scale, is_percent=unit.startswith("%")),
        )
        rows.dose.append(float(row[2].replace(",", ".")))
        rows.volume.append(float(row[3].replace(",", ".")))
    yield from found.values()


_READERS: Final[tuple[tuple[Callable[[str], bool], Callable[..., Iterator[_Rows]]], ...]] = (
    (lambda line: line.lower().startswith("#roiname:"), _raystation),
    (lambda line: "|" in line and "dose units:" in line.lower(), _monaco),
    (lambda line: line.lower().startswith("structure:"), _eclipse),
)


def _curve(rows: _Rows, file: str) -> SiteCurve:
    """Return rows as a cumulative curve, or refuse what is none."""
    where = f"{file}, line {rows.line}"
    dose = np.array(rows.dose) * rows.gy_per_unit
    volume = np.array(rows.volume, dtype=np.float64)
    if not rows.gy_per_unit:
        raise InputError("the unit of dose is not told", where=where, got=quoted(rows.structure))
    rising = dose.size >= 2 and (np.diff(dose) > 0).all()
    if not rising or dose[0] < 0 or dose[-1] > MOST_GY or (volume < 0).any():
        raise InputError(
            "the curve is none", where=where, got=quoted(rows.structure),
            expected=f"rising doses from 0 to {MOST_GY:g} Gy and volumes from 0",
        )  # fmt: skip
    if not rows.cumulative:
        steps = np.diff(rows.dose)
        part = volume * np.r_[steps, steps[-1]] if rows.per_dose else volume
        volume = np.cumsum(part[::-1])[::-1]
    whole = float(volume[0])
    slack = ROUNDING * whole
    if whole <= 0 or (np.diff(volume) > slack).any():
        raise InputError(
            "the volumes rise with dose", where=where, got=quoted(rows.structure),
            expected="a cumulative curve, or one that says that it is differential",
        )  # fmt: skip
    if rows.is_percent and rows.cumulative and abs(whole - 100) > 0.5:
        raise InputError(
            "the curve does not start at the whole volume", where=where,
            got=f"{whole:g} %", expected="100 %",
        )  # fmt: skip
    volume_cc = rows.volume_cc if rows.is_percent else whole
    fraction = np.minimum.accumulate(volume) / whole
    return SiteCurve(
        rows.plan, rows.structure, dose, fraction, volume_cc or None, rows.line, rows.prescribed_gy
    )
