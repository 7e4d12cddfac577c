"""Curves of Pinnacle: the folder that its export scripts write, and single texts of points.

A text holds blocks ``NumberOfDimensions = 2; NumberOfPoints = 3; Points[] ={ 0,200, ... };``, each
below the name of its structure. It tells neither the unit of dose nor whether the curve is
cumulative, since Pinnacle saves differential ones: the folder's tables tell the unit and the volume
of each structure, and only a curve whose volumes fit to that volume in one way is read.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from sbrt_qa.errors import InputError, quoted
from sbrt_qa.second_opinion.curve_bytes import text_of
from sbrt_qa.second_opinion.curve_rows import NUMBER, CurveRows, first_number

TABLES: Final = ("DoseInfo.csv", "Data/Info.csv")
PLAN_TABLE: Final = "PlanInfo.csv"
_TABLE_NAMES: Final = frozenset(
    {"prescriptiondose", "regionofinterestname", "medicalrecordnumber", "planname"}
)
MOST_POINTS: Final = 1_000_000
FITS: Final = 0.02
"""Part of the volume by which the curve may miss the volume that is told."""

_FOLDER: Final = "a folder of Pinnacle with " + ", ".join(TABLES)
_BEGIN: Final = re.compile(r"points\s*(\[\s*\])?\s*=\s*\{", re.I)
_COUNT: Final = re.compile(r"\s*numberofpoints\s*=\s*(\d{1,9})\s*;?\s*", re.I)
_NAMED: Final = re.compile(
    r"\s*(name|roiname|regionofinterestname|structure)\s*[=:]\s*(.+?);?\s*", re.I
)
_VOLUME: Final = re.compile(r"\s*volume\s*[=:]\s*([\d.]+)\s*;?\s*", re.I)
_UNIT: Final = re.compile(r"(?<![a-z])(cgy|gy)(?![a-z])", re.I)
_CC: Final = re.compile(r"(?<![a-z])(ccm|cc|cm3|cm\u00b3)(?![a-z])", re.I)


def begins_points(line: str) -> bool:
    """Tell whether a block of points begins in this line."""
    return _BEGIN.match(line.strip()) is not None


def is_pinnacle_table(line: str) -> bool:
    """Tell whether a line is the head of one of the tables of the folder."""
    names = {re.sub(r"[^a-z].*", "", part.strip(' "').lower()) for part in re.split("[,;]", line)}
    return bool(names & _TABLE_NAMES)


@dataclass(slots=True)
class _Head:
    """What stands before a block of points."""

    name: str = ""
    count: int | None = None
    volume_cc: float | None = None
    gy_per_unit: float = 0.0


def of_pinnacle_text(
    lines: Sequence[str], where: str, listed_cc: float | None = None
) -> Iterator[CurveRows]:
    """Give the curves of a text; one without a name is called as its file.

    `listed_cc` is the volume that a table tells of the structure.

    Raises
    ------
    InputError
        A row cannot be read, a block does not end, or it is not told what its curve is.
    """
    head, unit = _Head(), 0.0
    rows: CurveRows | None = None
    for number, line in enumerate(lines, 1):
        text = line.strip().strip(chr(34)).strip()
        if rows is None and begins_points(line):
            name = head.name or Path(where).stem
            volume = listed_cc or head.volume_cc
            rows = CurveRows(name, number, volume_cc=volume, gy_per_unit=unit)
        elif rows is None:
            _read_head(text, head)
            unit = head.gy_per_unit or unit
        elif text.startswith("}"):
            yield from _finished(rows, head.count, where)
            head, rows = _Head(), None
        elif text:
            _add_row(rows, text, f"{where}, line {number}")
    if rows is not None:
        raise InputError("the points do not end", where=f"{where}, line {rows.line}")


def _read_head(text: str, head: _Head) -> None:
    if count := _COUNT.fullmatch(text):
        head.count = int(count[1])
    elif volume := _VOLUME.fullmatch(text):
        head.volume_cc = first_number(volume[1])
    elif named := _NAMED.fullmatch(text):
        head.name = named[2].strip().strip(chr(34))
    elif "=" in text:
        unit = _UNIT.search(text)
        if unit and "unit" in text.lower():
            head.gy_per_unit = 0.01 if unit[1].lower() == "cgy" else 1.0
    elif text:
        head.name = text.rstrip(";,")


def _add_row(rows: CurveRows, text: str, where: str) -> None:
    parts = [part for part in re.split(r"[\s,;]+", text) if part]
    if len(parts) != 2 or not all(NUMBER.fullmatch(part) for part in parts):
        raise InputError(
            "a row of the curve cannot be read", where=where, got=quoted(text),
            expected="dose, volume",
        )  # fmt: skip
    if len(rows.dose) >= MOST_POINTS:
        raise InputError("too many points", where=where, expected=f"at most {MOST_POINTS}")
    rows.dose.append(float(parts[0]))
    rows.volume.append(float(parts[1]))


def _finished(rows: CurveRows, count: int | None, where: str) -> Iterator[CurveRows]:
    """Give a block, its kind found out; none where it has no points, as Pinnacle writes some."""
    if not rows.dose and not count:
        return
    if count is not None and count != len(rows.dose):
        raise InputError(
            "the number of points is another than told", where=f"{where}, line {rows.line}",
            got=str(len(rows.dose)), expected=str(count),
        )  # fmt: skip
    yield _with_kind(rows, where)


def _with_kind(rows: CurveRows, where: str) -> CurveRows:
    """Tell what kind of curve the rows are, by the volume of the structure.

    Without it, only a curve that rises somewhere is certain: it is differential, and its volumes
    are told but for a factor, by bin or by dose.

    Raises
    ------
    InputError
        The rows fit to the volume in no way, or it is not told and they only fall.
    """
    dose, volume = np.array(rows.dose), np.array(rows.volume)
    falls = bool((np.diff(volume) <= 0).all())
    at = f"{where}, line {rows.line}"
    if not rows.volume_cc:
        steps = np.diff(dose)
        if falls or not steps.size or steps.max() > steps.min() * (1 + 1e-3):
            raise InputError(
                "cumulative or differential is not told", where=at, got=quoted(rows.structure),
                expected="the volume of the structure",
                advice="Give the folder that the export wrote, with Data/Info.csv.",
            )  # fmt: skip
        rows.cumulative, rows.is_percent = False, True
        return rows
    steps = np.diff(dose) if dose.size > 1 else np.zeros(1)
    widths = np.r_[steps, steps[-1]]
    sums = {"cumulative": volume[0], "bins": volume.sum(), "dose": (volume * widths).sum()}
    fits = [k for k, v in sums.items() if abs(v - rows.volume_cc) <= FITS * rows.volume_cc]
    if not falls and "cumulative" in fits:
        fits.remove("cumulative")
    if not fits or ("cumulative" in fits and len(fits) > 1):
        raise InputError(
            "the curve does not fit to the volume of its structure", where=at,
            got=", ".join(f"{k} {v:.4g} cc" for k, v in sums.items()),
            expected=f"one of them within {FITS:.0%} of {rows.volume_cc:.4g} cc",
        )  # fmt: skip
    rows.cumulative, rows.per_dose = fits[0] == "cumulative", fits[0] == "dose"
    return rows


# --- the folder -------------------------------------------------------------------------------


def of_pinnacle_folder(folder: Path) -> Iterator[CurveRows]:
    """Give the curves of a folder of an export; names and numbers of patients are not read.

    Raises
    ------
    InputError
        It is none, a table of it cannot be read, or a curve that it lists is not there.
    """
    if not all((folder / name).is_file() for name in TABLES):
        raise InputError("no folder of curves", where=folder.name, expected=_FOLDER)
    scale, prescribed = _dose_info(_table(folder / TABLES[0]))
    plan = ""
    if (folder / PLAN_TABLE).is_file():
        row = next(iter(_table(folder / PLAN_TABLE)), {})
        plan = _cell(row, re.compile("planname", re.I))
    for listed in _table(folder / TABLES[1]):
        name = _cell(listed, re.compile("regionofinterestname", re.I))
        file = _cell(listed, re.compile("filename", re.I))
        volume = next((k for k in listed if k.lower().startswith("volume")), "")
        if not name or not file or file != Path(file).name or not _CC.search(volume):
            raise InputError(
                "a structure of the table cannot be read", where=TABLES[1], got=quoted(name),
                expected="RegionOfInterestName, Filename, and a Volume in ccm",
            )  # fmt: skip
        where = f"{file}.csv"
        curve = folder / "Data" / where
        if curve.is_symlink():
            raise InputError("a link, which is not followed", where=where)
        lines = text_of(curve, _FOLDER).splitlines()
        for rows in of_pinnacle_text(lines, where, first_number(listed[volume])):
            rows.structure, rows.plan = name, plan
            rows.gy_per_unit, rows.prescribed_gy = scale, prescribed
            yield rows


def _table(path: Path) -> list[Mapping[str, str]]:
    lines = [line for line in text_of(path, _FOLDER).splitlines() if line.strip()]
    mark = ";" if lines and lines[0].count(";") > lines[0].count(",") else ","
    try:
        found = list(csv.DictReader(lines, delimiter=mark))
    except csv.Error as error:
        raise InputError("no table", where=path.name, got=quoted(str(error))) from error
    return [{(k or "").strip(): (v or "").strip() for k, v in r.items() if k} for r in found]


def _cell(row: Mapping[str, str], name: re.Pattern[str]) -> str:
    return next((value for key, value in row.items() if name.match(key)), "")


def _dose_info(table: Sequence[Mapping[str, str]]) -> tuple[float, float | None]:
    """Return the Gy of the unit of dose, and the prescribed dose where both tellings agree."""
    row = next(iter(table), {})
    units = {unit[1].lower() for key in row if (unit := _UNIT.search(key))}
    if len(units) != 1:
        raise InputError(
            "the unit of dose is not told", where=TABLES[0], got=quoted(", ".join(row)),
            expected="PrescriptionDose in Gy or cGy",
        )  # fmt: skip
    scale = 0.01 if units == {"cgy"} else 1.0
    each = first_number(_cell(row, re.compile("prescriptiondose", re.I)))
    count = first_number(_cell(row, re.compile("numberoffractions", re.I)))
    total = first_number(_cell(row, re.compile("dosis|total", re.I)))
    by_fraction = each * count * scale if each and count else None
    stated = total * scale if total else None
    if by_fraction and stated and abs(by_fraction - stated) > 0.01 * stated:
        return scale, None
    return scale, stated or by_fraction
