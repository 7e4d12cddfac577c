#!/usr/bin/env python3
"""Write docs/accuracy.md: the engine scored on the closed-form suite. A few minutes.

Names of sections, as in ``make_accuracy_page.py small held``, renew these alone.
"""

import os
import re
import subprocess
import sys
import unittest.mock
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import mean
from typing import Final

import numpy as np
from accuracy_tables import (
    ALTERNATIVES,
    NOISE_PERCENT,
    bands,
    comparison,
    noise,
    noisy,
    tables,
    unknowable,
)
from accuracy_width import WIDTH, width_section

from sbrt_qa.dosimetry.integrate import DEFAULT_SETTINGS, IntegrationSettings
from sbrt_qa.dosimetry.interpolation import Interpolation
from sbrt_qa.selftest import ball_indices
from sbrt_qa.selftest.banding import Banded, banded, rates
from sbrt_qa.selftest.scoring import score
from sbrt_qa.selftest.small_targets import beside_trilinear, published_test, smallest_ball
from sbrt_qa.testing.phantoms.harder import (
    FAMILIES,
    HARDER_PAIRS,
    HARDER_SEED,
    harder_suite,
)
from sbrt_qa.testing.phantoms.suite import (
    HELD_OUT_PAIRS,
    HELD_OUT_SEED,
    PhantomPair,
    closed_form_suite,
    held_out_suite,
)

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "accuracy.md"

sys.path.insert(0, str(ROOT / "benchmarks"))
import closed_form_values  # noqa: E402 - found by the path above
import versions  # noqa: E402
from bench_helpers import ENVIRONMENTS  # noqa: E402

INTRODUCTION = """# Accuracy

The engine is scored on shapes and dose fields whose dose-volume histograms are known in closed
form (`sbrt_qa.testing.phantoms.suite`). Each pair is what a planning system would export: contours
on slices, dose on a grid, nothing else. Slices and voxels are offset from the shapes by odd
fractions.
An error of a dose is in per cent of the prescription (60 Gy), an error of a volume in per cent of
the true volume. `scripts/make_accuracy_page.py` makes this page; `tests/validation` keeps it true.

"""

BEFORE = """## Against the version before

Every value of the default beside that of {commit}, the commit before the second edition of the
engine, which read the dose of large structures linearly. A change counts by how much nearer to the
truth a value is or how much farther off, in per cent of the prescription or of the true volume.
Of those that went off, the ones of the ball of 35 mm are errors of the quadrature, which ends where
halves of its lines differ by less than 0.2 % of the volume: with a tenth of that they are within
0.005 %. In cones and in the slit of a keyhole contour an error of the shape is left that one of the
dose had made up for, as far as can be told: it is larger than the change in most.

"""

INDICES = """## Indices of spherical targets

Balls of {radii} mm at random places (seed {seed}) in a body of their own, slices and voxels of
{steps} mm, in a dose that falls as a normal curve and in one that is flat within and falls as the
fourth power far outside; the target's surface gets the prescribed dose. Errors are in per cent of
the closed form: a ball of 5 mm has four contours on slices of 3 mm. The highest dose 2 cm away
comes out rather too high than too low: the distance is rather too large by some hundredths of a
millimetre.

"""

READINGS = """## Other readings of the same files

Contours between planes and beyond the end planes, and dose between voxels, in all combinations.

"""

UNKNOWABLE = """## What the file does not hold

A flat end that lies between two slices is nowhere in the file. The cylinder and the cone along z
end at odd places on purpose. Take two solids with the same contours, of which one ends just beyond
its last plane and the other just before the next plane: their files are the same byte for byte, so
whatever is computed from the file is the same for both, and for one of them it is wrong by at least
half of what lies between them. The last column says how far the value moves between the two; no
program can be sure of less than half of it, and the default, which ends half-way, attains that
bound. All values farther off than 3 % are of this kind. The few beyond 1 % that flat ends do not
explain are minima in the slit of a keyhole contour, and two in a cone along z that slices cut
coarsely.

"""

NOISE = """## Noise

A Monte-Carlo dose carries noise. The spheres of the suite on a 2 mm grid with normal noise on every
voxel, held against the closed forms without noise. A spline follows noise a little more closely
than the trilinear interpolant does. The rule is therefore: where the noise around a structure,
estimated from fourth differences, exceeds 0.75 % of the highest dose there, dose is read linearly.
No value lies outside the range of the 4 x 4 x 4 voxels around it, but for tops and hollows that are
round on all sides, so that neither noise nor a steep edge can overshoot (`tests/dosimetry`).

"""

SMALL = """## Small targets

Many planning systems read dose between voxels trilinearly, and a trilinear dose cuts across every
curve: it is too low where dose is curved like a hill, as in a target. A ball in a dose whose centre
gets half as much again as its surface, on a 3 mm grid:

{beside}

So a coverage that is printed here is higher than that of a trilinear system, by as much as the last
column says, and nearer to the truth. A limit on coverage that was set with such a system is easier
to keep here: a D95% that misses by 2 % there may be kept here in a target of half a cubic
centimetre. A protocol whose limits were set so may ask for the trilinear reading
(`dose_reading: linear`), and every report says which reading it holds.

A published test of five planning systems (Med Phys 2021, PMC8248418) puts balls of 3, 5, 7, 10, 15
and 20 mm at 50 random places each on a 1 mm grid. Its geometry, with a dose of ours that is 20 Gy
on the surface and 40 Gy in the centre, whose isodoses are known in closed form. Errors in per cent,
mean and range over all balls, ours beside the systems of the test, of whose rows only these numbers
are known to us:

{published}

A ball of 3 mm radius on slices of 3 mm has two contours, and two circles are all that the file
says. They are those of a ball, of a cone cut off twice and of a short cylinder as well, which the
file cannot tell apart: a structure that ends at its planes and one that goes on to the next differ
by a factor of three to four. Ours lies between. Errors of the volume of the ball in per cent:

{smallest}

"""

HELD_OUT = """## Uncertainty on shapes that nothing was tuned on

{pairs} random balls, cylinders, cones and shells at random places, in random fields and samplings
of 2 to 3 mm (`held_out_suite`, seed {seed}), which took no part in choosing the readings above.
The truth lies inside for {ends:.1f} % of lowest and highest doses, and for {thick:.1f} % of all
values on slices of 3 mm.

"""

NOISE_HELD_OUT = """## Uncertainty under noise

{pairs} random shapes of four families (`held_out_suite`, seed {seed}, which took no part in
choosing how noise is told), with normal noise on every voxel, in per cent of the prescription. The
truth is the closed form without noise.

{table}

"""

HARDER = """## Uncertainty of what files leave open most

{pairs} random balls, boxes and cylinders (`harder_suite`, seed {seed}, which took no part in
choosing how they are held), a fifth of them of each kind: the dose ends, as at the outline of a
body, up to 1.5 voxels beside the structure; it ends inside it; the structure is drawn as two
contours with a shared edge; two of its slices are missing, neighbours or not; the dose is cut off
where it falls below 1 to 5 % of the prescription, or leaves 1 to 5 % of the highest dose beyond its
end, inside or beside. Doses end on planes across x, y and z and on spheres.

{table}

Between the last voxel with dose and the first without, or with a small one, the file does not tell
where dose ends. Three readings hold it: dose goes on up to the first voxel without any, straight or
along a parabola, of which 1.4-fold counts; it ends one voxel earlier; and it curves more before its
end than it is read, by 1.5 times as much as the trilinear dose lies on the other side. A small dose
is one of up to 6 % of the highest, and dose ends there if it would be higher by 4 % of that if it
went on: a lower step is not told from the edge of a beam. Without these readings the truth lay
inside for {beside:.1f} % of the same values beside such an end, for {inside:.1f} % with it inside,
and for {small:.1f} % where dose ends at a small value.

"""

NOISE_SEED = 20261212
NOISE_PAIRS = 24
NOISE_HELD_OUT_PERCENT = (0.5, 1.0, 2.0)

BANDS = """## Bands

Each metric of a review carries an uncertainty, or band: how far several aspects move it in other
plausible readings. The aspects are dose between voxels (trilinear; spline not held down; what
refinement converges to), shape (slab with half-slice ends, as most planning systems read it;
half-slice ends alone; nothing beyond the end planes), the reach of flat ends below and above (from
the last plane to the next), and the quadrature (a share of the difference between interleaved
halves of the scan lines), with a floor of 0.045 % of the volume or of the highest dose. Shape and
dose are curves laid through what the file holds; other readings mostly lie on one side of them, and
six tenths of how far they do are kept on the other. Where voxels are noisy, what the dose may be
without noise is an aspect more, and where dose ends beside or in a structure, between which voxels
it does. What is a choice adds up: where flat ends lie, how doubtful contours are meant, where dose
ends. What estimates an error, of the shape, the dose, the quadrature or the noise, adds up as
independent errors do, by their squares.

Of readings that lie farther from the default than the truth does a share counts: a tenth of the
trilinear dose. How much other shapes count, the structure tells: every plane is predicted from its
neighbours, by lines and by cubics. Of sections that change evenly, as those of a ball, cubics leave
next to nothing, and a fifth of the other shapes counts; where they leave more than a twentieth of
what lines do, as in a cone that lies, the truth may be well beyond the other shapes, and they count
2.6-fold.

The truth lies inside for 99 of 100 values. The median width is some 20 median errors; it was 32
before aspects that estimate errors were added up as such. Eight were wanted, which is out of reach:
see below.

"""


def with_dose(how: Interpolation) -> IntegrationSettings:
    return replace(DEFAULT_SETTINGS, interpolation=how)


def main() -> None:
    asked = sys.argv[1:] or list(SECTIONS)
    text = PAGE.read_text(encoding="utf-8")
    there = re.split(r"^(?=## )", text, flags=re.MULTILINE)[1:]
    parts = {
        name: part.rstrip() + "\n\n"
        for part in there
        for name, head in HEADS.items()
        if part.startswith(head)
    }
    for name in asked:
        parts[name] = SECTIONS[name]().rstrip() + "\n\n"
    PAGE.write_text(
        INTRODUCTION + "".join(parts.get(name, "") for name in SECTIONS).rstrip() + "\n", "utf-8"
    )
    print(f"wrote {PAGE.relative_to(PAGE.parents[1])}")


@cache
def suite() -> tuple[PhantomPair, ...]:
    return tuple(closed_form_suite())


@cache
def uncertain() -> list[Banded]:
    return [row for pair in suite() if pair.family != "leaving" for row in banded(pair)]


def default_section() -> str:
    between, how = ALTERNATIVES[0]
    scored = [score(pair, between, with_dose(how)) for pair in suite()]
    return f"## The default ({between}; dose {how})\n\n{tables(scored)}"


def before_section() -> str:
    """Return the comparison; the values of the version before are computed once and kept."""
    kept = ENVIRONMENTS / f"closed_form_{versions.BEFORE}.csv"
    if not kept.exists():
        version = versions.install(versions.BEFORE)
        program = ROOT / "benchmarks" / "closed_form_values.py"
        command = [str(version.python), str(program), str(kept)]
        subprocess.run(command, env=os.environ | version.environment, check=True)
    old, new = closed_form_values.read(kept), closed_form_values.rows()
    return BEFORE.format(commit=versions.BEFORE) + closed_form_values.in_short(new, old)


def indices_section() -> str:
    text = INDICES.format(
        radii=", ".join(f"{r:g}" for r in ball_indices.RADII_MM),
        steps=" and ".join(f"{s:g}" for s in ball_indices.STEPS_MM),
        seed=ball_indices.SEED,
    )
    return text + ball_indices.table(ball_indices.all_indices())


def readings_section() -> str:
    scores = {(c, how): [score(p, c, with_dose(how)) for p in suite()] for c, how in ALTERNATIVES}
    return f"{READINGS}{comparison(scores)}"


def noise_section() -> str:
    balls = [p for p in suite() if p.family == "sphere" and "2 mm grid" in p.name]
    random = np.random.default_rng(20261124)
    noised = {}
    for sd in NOISE_PERCENT:
        spoilt = [noisy(pair, sd, random) for pair in balls]
        for how in (Interpolation.CUBIC, Interpolation.LINEAR):
            noised[sd, how] = [score(pair, settings=with_dose(how)) for pair in spoilt]
    return f"{NOISE}{noise(noised)}"


@cache
def held_out() -> list[Banded]:
    return [row for pair in held_out_suite() for row in banded(pair)]


def held_out_section() -> str:
    rows = held_out()
    return HELD_OUT.format(
        pairs=HELD_OUT_PAIRS,
        seed=HELD_OUT_SEED,
        ends=percent_inside(row for row in rows if row.metric in ("Min", "Max")),
        thick=percent_inside(row for row in rows if "3 mm slices" in row.pair),
    ) + bands(rows)


def harder_section() -> str:
    rows = [row for pair in harder_suite() for row in banded(pair)]
    lines = [
        "| values | truth inside, % | of lowest and highest doses, % | on slices of 3 mm, % "
        "| median width, % | median error, % |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name in (f"all {len(rows)} values", *FAMILIES):
        of = [row for row in rows if row.family == name] or rows
        ends = percent_inside(row for row in of if row.metric in ("Min", "Max"))
        thick = percent_inside(row for row in of if "3 mm slices" in row.pair)
        told = rates(of)
        lines.append(
            f"| {name} | {told.holding:.1f} | {ends:.1f} | {thick:.1f} "
            f"| {told.median_width:.3f} | {told.median_error:.4f} |"
        )
    beside, inside, small = (
        percent_inside(row for row in without_ends() if row.family == name)
        for name in (FAMILIES[0], FAMILIES[1], FAMILIES[4])
    )
    return HARDER.format(
        pairs=HARDER_PAIRS, seed=HARDER_SEED, table="\n".join(lines),
        beside=beside, inside=inside, small=small,
    )  # fmt: skip


@cache
def without_ends() -> list[Banded]:
    """Return the values of the same pairs as they were without readings of where dose ends."""
    pairs = [pair for pair in harder_suite() if pair.family.startswith("dose ends")]
    with unittest.mock.patch("sbrt_qa.dosimetry.bands.cut_off_views", return_value=()):
        return [row for pair in pairs for row in banded(pair)]


def noise_held_out_section() -> str:
    random = np.random.default_rng(NOISE_SEED)
    lines = [
        "| noise | values | truth inside, % | of lowest and highest doses, % | median width, % "
        "| median error, % |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for sd in NOISE_HELD_OUT_PERCENT:
        pairs = held_out_suite(NOISE_SEED, NOISE_PAIRS)
        rows = [row for pair in pairs for row in banded(noisy(pair, sd, random))]
        ends = percent_inside(row for row in rows if row.metric in ("Min", "Max"))
        told = rates(rows)
        lines.append(
            f"| {sd:g} % | {told.values} | {told.holding:.1f} | {ends:.1f} "
            f"| {told.median_width:.3f} | {told.median_error:.4f} |"
        )
    return NOISE_HELD_OUT.format(pairs=NOISE_PAIRS, seed=NOISE_SEED, table="\n".join(lines))


def percent_inside(rows: Iterable[Banded]) -> float:
    return 100 * mean(row.holds_truth for row in rows)


SECTIONS: Final = {
    "default": default_section,
    "before": before_section,
    "unknowable": lambda: f"{UNKNOWABLE}{unknowable(uncertain())}",
    "readings": readings_section,
    "indices": indices_section,
    "small": lambda: SMALL.format(
        beside=beside_trilinear(), published=published_test(), smallest=smallest_ball()
    ),
    "noise": noise_section,
    "noise_held": noise_held_out_section,
    "bands": lambda: f"{BANDS}{bands(uncertain())}",
    "width": lambda: width_section(uncertain(), held_out()),
    "held": held_out_section,
    "harder": harder_section,
}
"""What the page is made of, in its order."""

HEADS: Final = {
    "default": "## The default",
    "before": BEFORE.partition("\n")[0],
    "unknowable": UNKNOWABLE.partition("\n")[0],
    "readings": READINGS.partition("\n")[0],
    "indices": INDICES.partition("\n")[0],
    "small": SMALL.partition("\n")[0],
    "noise": NOISE.partition("\n")[0],
    "noise_held": NOISE_HELD_OUT.partition("\n")[0],
    "bands": BANDS.partition("\n")[0],
    "width": WIDTH.partition("\n")[0],
    "held": HELD_OUT.partition("\n")[0],
    "harder": HARDER.partition("\n")[0],
}
"""How each begins; those that are not asked for stay as they are."""


if __name__ == "__main__":
    main()
