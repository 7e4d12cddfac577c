"""Real exports against what their planning systems wrote: agreement per structure and metric.

    scripts/bench conformance           prints the table
    scripts/bench conformance --write   also puts it into docs/real_exports.md

The exports are not part of the repository: SBRT_QA_CASES names their folder. A difference of
volume is in per cent of the reference volume, a difference of dose in per cent of the prescription
(of the grid's maximum where the plan states none).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dosimetry.bands import Views, band_of, subject_of
from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.view_kinds import VIEWS
from sbrt_qa.geometry.slabs import DEFAULT_CONVENTION, Between, Convention, Ends

ROOT = Path(__file__).resolve().parents[1]
CASES = Path(os.environ.get("SBRT_QA_CASES", ROOT.parent / "shared" / "cases"))
PAGE = ROOT / "docs" / "real_exports.md"
START, END = "<!-- conformance table -->", "<!-- end of table -->"

NO_CAPS = Convention(Between.MORPH, Ends.NONE)
VOLUME_PERCENT, DOSE_PERCENT = 3.0, 2.0
"""Differences beyond these are explained in docs/real_exports.md."""

VOLUME_KEYS = {
    "volume_cc": DEFAULT_CONVENTION,
    "volume_cc_endcap": DEFAULT_CONVENTION,
    "volume_cc_no_endcap": NO_CAPS,
}
STATISTICS = {"Dmin_Gy": "min_gy", "Dmean_Gy": "mean_gy", "Dmax_Gy": "max_gy"}


class Row(NamedTuple):
    """One compared value; `percent` is the difference, `no_caps` the same without end caps.

    `inside` says whether the reference lies in our band.
    """

    case: str
    structure: str
    metric: str
    reference: float
    ours: float
    percent: float
    no_caps: float
    inside: bool

    @property
    def beyond(self) -> bool:
        limit = VOLUME_PERCENT if self.metric.startswith("volume") else DOSE_PERCENT
        return abs(self.percent) > limit


def compare(folder: str, structures: dict[str, dict[str, float]]) -> Iterator[Row]:
    """Yield a row for every reference value of a case that both sides have."""
    case = load_cases(CASES / folder)[0]
    default, bare = CaseDoses(case), CaseDoses(case, NO_CAPS)
    scale_gy = case.dose.max_gy
    if isinstance(default.metric_context.prescription_gy, float):
        scale_gy = default.metric_context.prescription_gy
    known, views = structures_of(case), Views(default)
    for name, values in structures.items():
        dvhs = {DEFAULT_CONVENTION: default.dvh(known[name]), NO_CAPS: bare.dvh(known[name])}
        for key, reference in values.items():
            found = {c: ours(dvh, key) for c, dvh in dvhs.items() if isinstance(dvh, DVH)}
            if None in found.values() or not found:
                continue
            scale = reference if key in VOLUME_KEYS else scale_gy
            off = {c: 100 * (value - reference) / scale for c, value in found.items()}
            chosen = VOLUME_KEYS.get(key, DEFAULT_CONVENTION)
            seen = views.of(subject_of(known[name])).items()
            others = [(VIEWS[n], v) for n, dvh in seen if (v := ours(dvh, key)) is not None]
            band = band_of(found[DEFAULT_CONVENTION], others)
            inside = band.low <= reference <= band.high
            yield Row(
                folder, name, key, reference, found[chosen], off[chosen], off[NO_CAPS], inside
            )


def ours(dvh: DVH, key: str) -> float | None:
    """Return our value for a key of the reference file; None for keys that are not compared."""
    if key in VOLUME_KEYS:
        return dvh.volume_cc
    if key in STATISTICS:
        return float(getattr(dvh, STATISTICS[key]))
    if not (key.startswith("D") and key.endswith("_Gy")):
        return None
    wanted = key[1:].removesuffix("_Gy")
    if wanted.endswith("cc"):
        volume_cc = float(wanted.removesuffix("cc"))
    elif wanted.isdigit():
        volume_cc = float(wanted) / 100 * dvh.inside_grid_cc
    else:
        return None
    return dvh.dose_at_volume_gy(volume_cc) if volume_cc <= dvh.inside_grid_cc else None


def table(rows: list[Row]) -> str:
    """Return one line per structure: its volume, and its worst dose metric."""
    lines = [
        "| case | structure | reference cc | difference | without end caps "
        "| dose values | largest difference | without end caps | of |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for case, structure in dict.fromkeys((r.case, r.structure) for r in rows):
        own = [r for r in rows if (r.case, r.structure) == (case, structure)]
        doses = [r for r in own if not r.metric.startswith("volume")]
        worst = max(doses, key=lambda r: abs(r.percent), default=None)
        for volume in (r for r in own if r.metric.startswith("volume")):
            shape = {"volume_cc_endcap": " (capped)", "volume_cc_no_endcap": " (bare)"}
            dose = (
                f"{len(doses)} | {mark(worst)} | {signed(worst.no_caps)} | "
                f"{worst.metric.removesuffix('_Gy')}"
                if worst
                else "– | – | – | –"
            )
            lines.append(
                f"| {case} | {structure}{shape.get(volume.metric, '')} | {volume.reference:.2f} "
                f"| {mark(volume)} | {signed(volume.no_caps)} | {dose} |"
            )
    return "\n".join(lines)


def mark(row: Row) -> str:
    """Return a difference, in bold where it must be explained."""
    text = signed(row.percent)
    return f"**{text}**" if row.beyond else text


def signed(percent: float) -> str:
    """Return a percentage with its sign; what rounds to nothing has none to lose."""
    return f"{round(percent, 2) + 0.0:+.2f} %"


def all_rows() -> list[Row]:
    """Compare every case of the reference file."""
    reference = json.loads((CASES / "reference.json").read_text(encoding="utf-8"))
    return [row for case, data in reference.items() for row in compare(case, data["structures"])]


def main() -> None:
    if not (CASES / "reference.json").is_file():
        print("The real exports are not here; SBRT_QA_CASES names their folder.")
        return
    rows = all_rows()
    if "--all" in sys.argv:
        for r in rows:
            print(f"{r.structure:16} {r.metric:22} {r.reference:12.4f} {r.ours:12.4f} {mark(r)}")
    text = table(rows)
    print(text)
    beyond = [r for r in rows if r.beyond]
    stored = [r for r in rows if not r.metric.startswith("volume_cc_")]
    inside = sum(r.inside for r in stored)
    print(f"\n{inside} of {len(stored)} values of planning systems lie in our bands")
    print(f"{len(rows)} values, {len(beyond)} beyond {VOLUME_PERCENT} % of volume "
          f"or {DOSE_PERCENT} % of dose")  # fmt: skip
    if "--write" in sys.argv:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
        PAGE.write_text(f"{before}{START}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
