"""The accuracy page: what makes uncertainties as wide as they are, and how narrow they could be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from statistics import median

import numpy as np

from sbrt_qa.selftest.banding import Banded, rates

WIDTH = """## What makes it wide

The values of the suite by what moves each most, its driver as every output names it: how many, and
the median width in median errors, in all and by family.

{drivers}

How narrow could an interval be that misses no more? Take one that knows more than any file tells:
for a group of values the exact distribution of their errors, so that it is as wide as to hold
98.5 % of the group. In median errors of all values:

{bounds}

Eight are not reached by an interval that knows family, metric, slices and voxels of every value,
and not by one that knows each shape of the suite by name. What is left in a group are errors of
both signs from where slices, voxels and scan lines happen to lie. Half of the values of balls, on
whose sections and doses the readings agree, are off by less than 0.006 %, and one in a hundred by
ten times as much: what the scan lines of the quadrature leave, and no difference between their
halves, at the same dose or anywhere, tells the one from the other (rank correlation with the error
0.0 to 0.5). Where the quadrature moves a value most, the first row says how wide that is.

"""

OF_GROUP = 98.5


def width_section(rows: Sequence[Banded], held_out: Sequence[Banded]) -> str:
    """Return the section from the values of the suite and those nothing was tuned on."""
    return WIDTH.format(drivers=_by_driver(rows), bounds=_bounds(rows, held_out))


def _by_driver(rows: Sequence[Banded]) -> str:
    families = list(dict.fromkeys(row.family for row in rows))
    lines = [
        "| driver | values | truth inside, % | median width, % | width in errors | "
        + " | ".join(families)
        + " |",
        "|---|" + "---:|" * (4 + len(families)),
    ]
    drivers: dict[str, list[Banded]] = defaultdict(list)
    for row in rows:
        drivers[row.driver].append(row)
    for driver, of in sorted(drivers.items(), key=lambda item: -len(item[1])):
        told = rates(of)
        cells = [_cell([row for row in of if row.family == family]) for family in families]
        lines.append(
            f"| {driver.replace('_', ' ')} | {told.values} | {told.holding:.1f} "
            f"| {told.median_width:.3f} | {told.ratio:.0f} | " + " | ".join(cells) + " |"
        )
    return "\n".join(lines)


def _cell(rows: Sequence[Banded]) -> str:
    """Return the number of values and their width in errors, a dash where they are few."""
    few = 10
    if len(rows) < few or median(abs(row.error) for row in rows) < 1e-6:
        return "-"
    return f"{rates(rows).ratio:.0f} ({len(rows)})"


KNOWN: dict[str, Callable[[Banded], Hashable]] = {
    "family and metric": lambda row: (row.family, row.metric),
    "family, metric, slices and voxels": lambda row: (row.family, row.metric, _sampling(row)),
    "shape and metric": lambda row: (_shape(row), row.metric),
}


def _bounds(rows: Sequence[Banded], held_out: Sequence[Banded]) -> str:
    lines = [
        "| what the interval knows | groups | suite | groups | held out |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, group_of in KNOWN.items():
        cells = []
        for of in (rows, held_out):
            groups, ratio = _knowing(of, group_of)
            # A group of few values is all that the interval has to hold, and tells it everything.
            enough = len(of) >= FEW * groups
            cells.append(f"{groups} | {ratio:.0f}" if enough else f"{groups} | -")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    ours = " | ".join(f"| {rates(of).ratio:.0f}" for of in (rows, held_out))
    return "\n".join([*lines, f"| ours: the file | {ours} |"])


FEW = 8
"""Values of a group, on average, at least."""


def _knowing(rows: Sequence[Banded], group_of: Callable[[Banded], Hashable]) -> tuple[int, float]:
    """Return how many groups there are, and the width in errors of who knows each."""
    errors: dict[Hashable, list[float]] = defaultdict(list)
    for row in rows:
        errors[group_of(row)].append(abs(row.error))
    half = {g: float(np.percentile(e, OF_GROUP, method="higher")) for g, e in errors.items()}
    widths = [2 * half[group_of(row)] for row in rows]
    return len(errors), median(widths) / median(abs(row.error) for row in rows)


def _shape(row: Banded) -> str:
    return row.pair.partition(",")[0]


def _sampling(row: Banded) -> str:
    return ", ".join(part for part in row.pair.split(", ") if part.endswith((" slices", " grid")))
