"""How many seeded contour errors are found, and how often a sound organ raises a question.

python benchmarks/contours.py                  prints the table
python benchmarks/contours.py --write          puts it into docs/contours.md
python benchmarks/contours.py --patient LABEL  one patient only

Four synthetic patients are written as DICOM and read again; each seeded structure set is written as
an RTSTRUCT of its own and read. A limit is moved when its value changes by more than 1 Gy or 5 %.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from other_patients import PATIENTS, OtherPatient, write_patient

from sbrt_qa import load_cases, load_protocol, review_case
from sbrt_qa.dicom.write.common import CaseIds
from sbrt_qa.dicom.write.rtstruct_file import write_rtstruct
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Finding, Reason
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.testing.phantoms.contour_errors import ERRORS, SIZES, ContourError, seeded

PAGE = Path(__file__).resolve().parents[1] / "docs" / "contours.md"
START, END = "<!-- contours table -->\n", "<!-- end of contours table -->\n"

ALL, MOVING, SWAPS, ALARMS = 85.0, 95.0, 90.0, 2.0
"""Targets: per cent found of all and of those that move a limit, swaps named; alarms per 100."""


ORGANS = 14
"""Organs of each patient that are looked at."""


class Seeded(NamedTuple):
    """One seeded error: what it was, whether it moved a limit, was found, and named as a swap."""

    kind: str
    patient: str
    size: str
    moved: bool = False
    found: bool = False
    named: bool = False
    codes: tuple[str, ...] = ()


def reviewed(case: Case) -> tuple[tuple[Finding, ...], dict[str, ConstraintResult]]:
    """Return what checks of contours find above information, and the limits by key."""
    review = review_case(case, load_protocol("liver_sbrt"), bands=False)
    found = (f for f in review.findings if f.group == "contours" and f.verdict is not None)
    return tuple(found), {r.key: r for r in review.constraints}


def moves(before: dict[str, ConstraintResult], after: dict[str, ConstraintResult]) -> bool:
    """Tell whether a limit that counts moved by more than 1 Gy or 5 %, or is no longer judged."""
    for key, old in before.items():
        new = after.get(key)
        if old.op == "report" or old.value is None:
            continue
        if new is None or new.value is None:
            return True
        by, unit = abs(new.value - old.value), old.unit
        if unit == "Gy" and by > 1.0:
            return True
        if unit != "Gy" and by > (5.0 if unit == "%" else 0.05 * max(abs(old.value), 1.0)):
            return True
    return False


def tried(patient: OtherPatient, folder: Path) -> Iterator[Seeded]:
    """Yield every error seeded into one patient; first its false alarms."""
    number = PATIENTS.index(patient)
    write_patient(patient, folder)
    (case,) = load_cases(folder)
    alarms, before = reviewed(case)
    for alarm in alarms:
        yield Seeded("sound", patient.label, alarm.where, codes=(alarm.code,))
    for kind in ERRORS.values():
        for size in range(SIZES):
            yield one(case, kind, size, (number, patient.label), before)


def one(
    case: Case,
    kind: ContourError,
    size: int,
    patient: tuple[int, str],
    before: dict[str, ConstraintResult],
) -> Seeded:
    """Seed one error, write the structures, read them, and look."""
    if isinstance(case.structures, Reason):
        raise TypeError(case.structures.detail)
    changed, names = seeded(case.structures, kind, size, patient[0])
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "RTSTRUCT.dcm"
        write_rtstruct(changed, path, CaseIds(f"{kind.name} {size}", "S", "S", "S"))
        (read,) = load_cases(path)
    seen = dataclasses.replace(case, structures=read.structures)
    told, after = reviewed(seen)
    found = [f for f in told if set(f.where.split(", ")) & set(names)]
    swap = any(f.code == "ORGANS_SWAPPED" and set(f.where.split(", ")) == set(names) for f in found)
    return Seeded(
        kind.name, patient[1], kind.sizes[size], moves(before, after),
        bool(found), swap, tuple(dict.fromkeys(f.code for f in found)),
    )  # fmt: skip


def percent(rows: list[bool]) -> str:
    """Return a share as text."""
    return f"{100 * sum(rows) / len(rows):.0f} % ({sum(rows)} of {len(rows)})" if rows else "-"


def table(rows: list[Seeded], organs: int) -> str:
    """Return the tables in Markdown."""
    errors = [r for r in rows if r.kind != "sound"]
    alarms = [r for r in rows if r.kind == "sound"]
    lines = [
        "| kind of error | sizes | found | found of those that move a limit |",
        "|---|---|---|---|",
    ]
    for kind in ERRORS.values():
        mine = [r for r in errors if r.kind == kind.name]
        moving = [r.found for r in mine if r.moved]
        if mine:
            lines.append(
                f"| {kind.name}: {kind.what} | {'; '.join(kind.sizes)} "
                f"| {percent([r.found for r in mine])} | {percent(moving)} |"
            )
    swaps = [r.named for r in errors if r.kind.startswith("swapped")]
    per_100 = 100 * len(alarms) / max(organs, 1)
    lines += [
        "",
        "| what | target | measured |",
        "|---|---|---|",
        f"| found, of all | >= {ALL:g} % | {percent([r.found for r in errors])} |",
        f"| found, of those that move a limit by more than 1 Gy or 5 % | >= {MOVING:g} % "
        f"| {percent([r.found for r in errors if r.moved])} |",
        f"| swaps named as swaps | >= {SWAPS:g} % | {percent(swaps)} |",
        f"| questions raised by sound organs, per 100 | <= {ALARMS:g} "
        f"| {per_100:.1f} ({len(alarms)} of {organs}) |",
        "",
        "Not found:",
        "",
        *(
            f"- {r.kind}, {r.size}, {r.patient}{'; it moves a limit' if r.moved else ''}"
            for r in errors
            if not r.found
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print or write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--write", action="store_true", help="put the table into the page")
    options.add_argument("--patient", help="label of the only patient")
    options.add_argument("--rows", type=Path, help="keep the rows in this file as well")
    options.add_argument("--join", type=Path, nargs="+", help="take kept rows, and run nothing")
    given = options.parse_args()
    rows: list[Seeded] = []
    labels = {given.patient} if given.patient else {p.label for p in PATIENTS}
    if given.join:
        rows = [Seeded(*row) for path in given.join for row in json.loads(path.read_text())]
    else:
        for patient in (p for p in PATIENTS if p.label in labels):
            with tempfile.TemporaryDirectory() as scratch:
                for row in tried(patient, Path(scratch)):
                    rows.append(row)
                    print(*row, file=sys.stderr, flush=True)
    if given.rows:
        given.rows.write_text(json.dumps(rows))
    made = table(rows, ORGANS * len({r.patient for r in rows}))
    if not given.write:
        print(made)
        return
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(START)
    PAGE.write_text(before + START + made + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
