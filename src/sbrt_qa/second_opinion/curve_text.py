"""DVH texts of planning systems: Eclipse, Pinnacle, RayStation and Monaco, as the site's curves.

Layouts as published readers of such exports take them. Nothing is guessed: a unit, a kind of
histogram or a number that is not told refuses the file, with the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.errors import InputError, quoted
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.second_opinion.curve_bytes import decoded, text_of
from sbrt_qa.second_opinion.curve_pinnacle import (
    begins_points,
    is_pinnacle_table,
    of_pinnacle_folder,
    of_pinnacle_text,
)
from sbrt_qa.second_opinion.curve_rows import (
    CurveRows,
    first_number,
    gy_per_unit,
    numbers,
    value_of,
)

MAX_CURVES: Final = 2_000
MOST_GY: Final = 1_000.0
ROUNDING: Final = 1e-3
"""Part of the volume by which printed volumes may rise, being rounded."""

_EXPECTED: Final = "a DVH text of Eclipse, Pinnacle, RayStation or Monaco"
MOST_HEAD_LINES: Final = 60
"""Lines at the beginning that tell which system wrote a text."""


@dataclass(frozen=True, slots=True, eq=False)
class SiteCurve:
    """A curve of the site: cumulative, in Gy; `volume_cc` is None where only per cent are told.

    `fraction` is the part of the volume that gets at least the dose; `plan` as written, and
    `prescribed_gy` where the text states it. `percent_of_gy` is what its doses are per cent of,
    where the text tells no others.
    """

    plan: str
    structure: str
    dose_gy: FloatArray
    fraction: FloatArray
    volume_cc: float | None
    line: int
    prescribed_gy: float | None = None
    percent_of_gy: float | None = None

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


def read_curves(
    path: Path, total_gy: float | None = None, dose_unit: str = ""
) -> tuple[SiteCurve, ...]:
    """Read the curves of a file, or of the folder of Pinnacle, whichever system wrote it.

    Parameters
    ----------
    total_gy
        Prescribed dose of the plan: 100 % of doses that are told in per cent alone, where the text
        does not state it itself.
    dose_unit
        ``Gy`` or ``cGy``, for texts that tell none, as those of Pinnacle.

    Raises
    ------
    InputError
        It is none of these texts, or a line of it cannot be read.
    """
    if path.is_dir():
        found = of_pinnacle_folder(path)
    else:
        lines = text_of(path, _EXPECTED).splitlines()
        read = _reader_of(lines)
        if read is None:
            raise InputError("not a text that is known", where=path.name, expected=_EXPECTED)
        found = read(lines, path.name)
    given = gy_per_unit(dose_unit, path.name, 0) if dose_unit else 0.0
    curves = tuple(_curve(rows, path.name, total_gy, given) for rows in found)
    if not curves or len(curves) > MAX_CURVES:
        raise InputError("no curves", where=path.name, expected=_EXPECTED)
    return curves


def is_dvh_text(head: bytes) -> bool:
    """Tell by its first bytes whether a file is a DVH text of a planning system, or part of one."""
    if b"\0" in head:
        return False
    lines = decoded(head).splitlines()
    if lines and is_pinnacle_table(lines[0]):
        return True
    read = _reader_of(lines)
    if read is not _eclipse:  # the word structure alone may begin a line of any text
        return read is not None
    return any("dose volume histogram" in line.lower() for line in lines[:MOST_HEAD_LINES])


Reader = Callable[[Sequence[str], str], Iterator[CurveRows]]


def _reader_of(lines: Sequence[str]) -> Reader | None:
    """Return the reader of the system that wrote these lines; None where none is known."""
    head = lines[:MOST_HEAD_LINES]
    return next((read for begins, read in _READERS if any(map(begins, head))), None)


_UNIT_IN: Final = re.compile(r"\[([^\]]*)\]")


def _eclipse(lines: Sequence[str], where: str) -> Iterator[CurveRows]:
    plan, kind, prescribed, percent = "", "", None, 100.0
    rows: CurveRows | None = None
    columns: list[str] = []
    for number, line in enumerate(lines, 1):
        key = line.partition(":")[0].strip().lower()
        if key == "type":
            kind = value_of(line).lower()
        elif key in ("plan", "plan sum"):
            plan = value_of(line)
            if rows is not None and rows.dose:  # another plan follows
                yield rows
                rows, prescribed, percent = None, None, 100.0
            elif rows is not None:  # newer versions name it with each structure
                rows.plan = plan
        elif key.startswith("prescribed dose") and (unit := _UNIT_IN.search(line)):
            value = first_number(value_of(line))
            scale = gy_per_unit(unit[1], where, number)
            prescribed = None if value is None else value * scale
        elif key.startswith("% for dose"):
            percent = first_number(value_of(line)) or 100.0
        elif key == "structure":
            if rows is not None and rows.dose:
                yield rows
            rows, columns = CurveRows(value_of(line), number, plan, prescribed_gy=prescribed), []
            rows.percent_prescribed = percent
        elif rows is not None and key.startswith("volume"):
            rows.volume_cc = first_number(value_of(line))
        elif rows is not None and "dose [" in line.lower() and ":" not in line:
            columns = _eclipse_columns(line, rows, kind, where, number)
        elif ":" in line:
            columns = []  # a header follows the curve
        elif columns and line.strip() and rows is not None:
            values = numbers(line, where, number, len(columns))
            rows.dose.append(values[columns.index("dose")])
            rows.volume.append(values[columns.index("volume")])
    if rows is not None and rows.dose:
        yield rows


def _eclipse_columns(line: str, rows: CurveRows, kind: str, where: str, number: int) -> list[str]:
    heads = re.findall(r"([^\[\]]+)\[([^\]]*)\]", line)
    named = [(name.strip().lower(), unit.strip()) for name, unit in heads]
    absolute = any(name == "dose" and unit != "%" for name, unit in named)
    columns = []
    for name, unit in named:
        if name == "dose" and unit != "%":
            rows.gy_per_unit = gy_per_unit(unit, where, number)
            columns.append("dose")
        elif name in ("dose", "relative dose"):
            columns.append("other" if absolute else "dose")
        elif "dose" in name and "volume" not in name:
            columns.append("other")
        else:
            columns.append("volume")
            rows.is_percent = unit.startswith("%")
            rows.per_dose = name.startswith("dvolume")
    rows.is_relative = not absolute
    if columns.count("dose") != 1 or columns.count("volume") != 1:
        raise InputError(
            "the columns of the curve are not told", where=f"{where}, line {number}",
            got=quoted(line), expected="one dose in Gy, cGy or %, and one volume",
        )  # fmt: skip
    if not kind.startswith(("cumulative", "differential")):
        raise InputError(
            "cumulative or differential is not told", where=f"{where}, line {number}",
            got=quoted(kind), expected="a line Type",
        )  # fmt: skip
    rows.cumulative = kind.startswith("cumulative")
    return columns


def _raystation(lines: Sequence[str], where: str) -> Iterator[CurveRows]:
    plan, rows = "", None
    for number, line in enumerate(lines, 1):
        lower = line.lower()
        if lower.startswith("#dosename:"):
            plan = value_of(line)
        elif lower.startswith("#roiname:"):
            if rows is not None and rows.dose:
                yield rows
            rows = CurveRows(value_of(line), number, plan, is_percent=True)
        elif rows is not None and re.match(r"#(dose )?unit:", lower):
            rows.gy_per_unit = gy_per_unit(value_of(line), where, number)
        elif rows is not None and lower.startswith("#roivolume:"):
            rows.volume_cc = first_number(value_of(line))
        elif rows is not None and line.strip() and not line.startswith("#"):
            dose, volume = numbers(line, where, number, 2)
            rows.dose.append(dose)
            rows.volume.append(volume)
    if rows is not None and rows.dose:
        yield rows


_MONACO_ROW: Final = re.compile(r"(.+?)\s+(\d+(?:[.,]\d+)?)\s+(\d+(?:[.,]\d+)?)\s*")


def _monaco(lines: Sequence[str], where: str) -> Iterator[CurveRows]:
    parts = [part.partition(":") for part in lines[0].split("|")]
    head = {name.strip().lower(): value.strip() for name, _, value in parts}
    scale = gy_per_unit(head.get("dose units", ""), where, 1)
    unit = head.get("volume units", "").lower()
    if not unit.startswith(("cm", "%")):
        at = f"{where}, line 1"
        raise InputError("the unit of volume is not told", where=at, got=quoted(unit))
    found: dict[str, CurveRows] = {}
    for number, line in enumerate(lines[1:], 2):
        row = _MONACO_ROW.fullmatch(line)
        if row is None:
            continue
        name = row[1].strip()
        plan = head.get("plan name", "")
        rows = found.setdefault(
            name,
            CurveRows(name, number, plan, gy_per_unit=scale, is_percent=unit.startswith("%")),
        )
        rows.dose.append(float(row[2].replace(",", ".")))
        rows.volume.append(float(row[3].replace(",", ".")))
    yield from found.values()


_READERS: Final[tuple[tuple[Callable[[str], bool], Reader], ...]] = (
    (lambda line: line.lower().startswith("#roiname:"), _raystation),
    (lambda line: "|" in line and "dose units:" in line.lower(), _monaco),
    (begins_points, of_pinnacle_text),
    (lambda line: line.lower().startswith("structure:"), _eclipse),
)


def _percent_of(rows: CurveRows, where: str, total_gy: float | None) -> float | None:
    """Return the dose that doses in per cent are of; None where they are not.

    Relative doses of Eclipse are 100 % at the prescribed dose by what its ``% for dose`` is.
    """
    if not rows.is_relative:
        return None
    prescribed = rows.prescribed_gy or total_gy
    if not prescribed:
        raise InputError(
            "doses are in per cent of a prescription that is not stated", where=where,
            got=quoted(rows.structure), expected="a prescribed dose",
            advice="Give --prescription, if 100 % is that dose.",
        )  # fmt: skip
    return prescribed * 100.0 / rows.percent_prescribed


def _curve(rows: CurveRows, file: str, total_gy: float | None, given: float) -> SiteCurve:
    """Return rows as a cumulative curve, or refuse what is none."""
    where = f"{file}, line {rows.line}"
    percent_of = _percent_of(rows, where, total_gy)
    scale = (rows.gy_per_unit or given) if percent_of is None else percent_of / 100.0
    dose = np.array(rows.dose) * scale
    volume = np.array(rows.volume, dtype=np.float64)
    if not scale:
        raise InputError(
            "the unit of dose is not told", where=where, got=quoted(rows.structure),
            expected="Gy or cGy", advice="Give --dose-unit, if you know it.",
        )  # fmt: skip
    rising = dose.size >= 2 and (np.diff(dose) > 0).all()
    if not rising or dose[0] < 0 or dose[-1] > MOST_GY or not _are_volumes(volume):
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
        rows.plan, rows.structure, dose, fraction, volume_cc or None, rows.line,
        rows.prescribed_gy, percent_of,
    )  # fmt: skip


def _are_volumes(volume: FloatArray) -> bool:
    return bool(np.isfinite(volume).all() and (volume >= 0).all())
