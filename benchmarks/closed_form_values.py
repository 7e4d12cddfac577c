"""Every value of the closed-form suite beside its truth, and beside those of another version.

    python benchmarks/closed_form_values.py OUT.csv
    python benchmarks/closed_form_values.py NEW.csv --against OLD.csv

The second form says how many values changed, how many came nearer to the truth and how many went
away from it, and lists those that moved by most. `scripts/make_accuracy_page.py before` puts the
same in short on the page of accuracy, against the commit before the second edition of the engine.
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

STEPS_PERCENT = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""Sizes of changes that are counted, in per cent of the scale of a value."""

MOST = 10
"""Values that went off farthest, listed one by one."""


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


def read(path: Path) -> list[dict[str, object]]:
    """Return a table that this program wrote."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            {**row, "error_percent": float(row["error_percent"])} for row in csv.DictReader(file)
        ]


def write(path: Path, table: list[dict[str, object]]) -> None:
    """Write a table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)


def in_short(new: list[dict[str, object]], old: list[dict[str, object]]) -> str:
    """Return how many values came nearer to the truth and went away from it, by how much."""
    before = {(r["pair"], r["metric"]): abs(float(str(r["error_percent"]))) for r in old}
    now = {(r["pair"], r["metric"]): abs(float(str(r["error_percent"]))) for r in new}
    change = {key: now[key] - before[key] for key in now if key in before}
    lines = ["| by more than, % of scale | nearer to the truth | farther off |", "|---:|---:|---:|"]
    for least in STEPS_PERCENT:
        nearer = sum(by < -least for by in change.values())
        lines.append(f"| {least:g} | {nearer} | {sum(by > least for by in change.values())} |")
    for title, part in (("shape", 0), ("metric", 1)):
        groups: dict[str, list[float]] = {}
        for key, by in change.items():
            groups.setdefault(str(key[part]).partition(",")[0], []).append(by)
        lines += [
            "",
            f"| {title} | values | nearer by more than {STEPS_PERCENT[0]:g} % | farther off "
            "| farther off at most, % |",
            "|---|---:|---:|---:|---:|",
        ]
        for name, found in groups.items():
            nearer = sum(by < -STEPS_PERCENT[0] for by in found)
            farther = sum(by > STEPS_PERCENT[0] for by in found)
            most = max(*found, 0.0)
            lines.append(f"| {name} | {len(found)} | {nearer} | {farther} | {most:.3f} |")
    worst = sorted(change, key=lambda key: -change[key])[:MOST]
    lines += [
        "",
        "| farthest gone off | metric | error before, % | now, % |",
        "|---|---|---:|---:|",
    ]
    lines += [f"| {k[0]} | {k[1]} | {before[k]:.3f} | {now[k]:.3f} |" for k in worst]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--against", type=Path)
    options = parser.parse_args()
    table = rows()
    write(options.out, table)
    if options.against:
        print(compare(table, options.against))
