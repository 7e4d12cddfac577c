"""Every value of the closed-form suite beside its truth, and beside those of another version.

    python benchmarks/closed_form_values.py OUT.csv
    python benchmarks/closed_form_values.py NEW.csv --against OLD.csv

The second form says how many values changed, how many came nearer to the truth and how many went
away from it, and lists those that moved by most.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from sbrt_qa.dosimetry.integrate import integrate
from sbrt_qa.geometry.regions import region_of
from sbrt_qa.geometry.slabs import DEFAULT_CONVENTION
from sbrt_qa.model.outcome import Reason
from sbrt_qa.selftest.scoring import scale, values
from sbrt_qa.testing.phantoms.suite import closed_form_suite

SAME = 1e-4
"""Per cent of the scale of a value below which it is the same."""


def rows() -> list[dict[str, object]]:
    """Return one row per pair and metric; errors in per cent of the scale of the value."""
    found: list[dict[str, object]] = []
    for pair in (p for p in closed_form_suite() if p.family != "leaving"):
        dvh = integrate(region_of(pair.structure, DEFAULT_CONVENTION, pair.slice_mm), pair.dose)
        if isinstance(dvh, Reason):
            continue
        whole = pair.truth.volume_cc
        truth, ours = values(pair.truth, whole), values(dvh, dvh.volume_cc)
        for metric in (m for m in truth if m in ours):
            error = 100 * (ours[metric] - truth[metric]) / scale(metric, whole)
            found.append(
                {"pair": pair.name, "metric": metric, "value": ours[metric],
                 "truth": truth[metric], "error_percent": error}
            )  # fmt: skip
    return found


def compare(new: list[dict[str, object]], old: Path, most: int = 20) -> str:
    """Return what changed against a table of another version."""
    with old.open(newline="", encoding="utf-8") as file:
        known = list(csv.DictReader(file))
    before = {(r["pair"], r["metric"]): float(r["error_percent"]) for r in known}
    pairs = [
        (str(r["pair"]), str(r["metric"]), before[key], float(str(r["error_percent"])))
        for r in new
        if (key := (r["pair"], r["metric"])) in before
    ]
    moved = sorted(
        (p for p in pairs if abs(p[3] - p[2]) > SAME), key=lambda p: -abs(p[3] - p[2])
    )  # fmt: skip
    nearer = sum(abs(p[3]) < abs(p[2]) for p in moved)
    lines = [
        f"{len(pairs)} values, {len(moved)} changed: {nearer} nearer to the truth, "
        f"{len(moved) - nearer} farther off",
        "| pair | metric | error before, % | after, % |",
        "|---|---|---:|---:|",
    ]
    lines += [f"| {p[0]} | {p[1]} | {p[2]:+.3f} | {p[3]:+.3f} |" for p in moved[:most]]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--against", type=Path)
    options = parser.parse_args()
    table = rows()
    with options.out.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    if options.against:
        print(compare(table, options.against))
