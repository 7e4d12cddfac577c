"""Whether the targets lie within each other, with the margins that are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, check
from sbrt_qa.geometry.distance import contains
from sbrt_qa.geometry.expansion.grow import Margins, Raster, grown, rasterise
from sbrt_qa.geometry.margins import margins_between, vertices, volume_of_cc
from sbrt_qa.geometry.regions import Cells, Region, cells_of
from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.model.outcome import Reason, Severity
from sbrt_qa.model.target_kind import TYPES
from sbrt_qa.units import apart_from

LOOKED_AT: Final = 2000
"""Vertices of a target at most, to find its middle."""

"""From inside to outside."""


def _there(context: CheckContext) -> dict[str, Region]:
    """Return the targets of the plan, from inside to outside."""
    found = {name: context.region(name) for name in TYPES if context.all_of(name)}
    return {name: r for name, r in found.items() if not isinstance(r, Reason)}


def _pairs(context: CheckContext, inner: str) -> Iterator[tuple[str, Region, Region]]:
    """Yield each target of a kind with the one PTV that holds its middle: the name and both.

    Of one target each, that is the pair whatever its places.
    """
    doses = context.doses
    outer = [(s, r) for s in context.all_of("PTV") if isinstance(r := doses.region(s), Region)]
    own = [(s, r) for s in context.all_of(inner) if isinstance(r := doses.region(s), Region)]
    if len(own) == len(outer) == 1:
        yield inner, own[0][1], outer[0][1]
        return
    for structure, region in own:
        points = np.array([np.median(vertices(structure, LOOKED_AT), axis=0)])
        holding = [r for _, r in outer if contains(cells_of(r), points)[0]]
        if holding:
            yield context.key_of(structure), region, holding[0]


@check(
    "TARGET_NESTING",
    title="Nesting of targets",
    group=Group.STRUCTURES,
    severity=Severity.MAJOR,
    milder=(Severity.MINOR,),
    rows=(22,),
)
def nesting(
    context: CheckContext, tolerance_cc: float = 0.05, tolerance_percent: float = 1.0
) -> Iterator[Outcome]:
    """Find a target that is not within the next larger one: GTV in CTV in ITV in PTV.

    The volume outside is exact. A GTV outside the PTV is a major deviation, everything else a
    minor one: a CTV that was cut at the liver's edge may leave a GTV outside, a PTV cut at an
    organ a CTV.

    Parameters
    ----------
    tolerance_cc, tolerance_percent
        Volume outside, and its part of the inner target, up to which both count as nested.
    """
    there = _there(context)
    pairs = list(pairwise(there))
    if {"GTV", "PTV"} <= there.keys() and ("GTV", "PTV") not in pairs:
        pairs.append(("GTV", "PTV"))
    for inner, outer in pairs:
        whole_cc = volume_of_cc(there[inner])
        outside_cc = volume_of_cc(there[inner] - there[outer])
        percent = 100 * outside_cc / whole_cc if whole_cc else 0.0
        share = apart_from(percent, tolerance_percent, 1)
        where, found = (
            say("{0} in {1}", inner, outer),
            say("{0} cc ({1} %) outside", f"{outside_cc:.2f}", share),
        )
        tolerance = say("{0} cc or {1} %", f"{tolerance_cc:g}", f"{tolerance_percent:g}")
        if outside_cc <= tolerance_cc or percent <= tolerance_percent:
            yield Passed(where, found, say("0 cc outside"), tolerance)
            continue
        severity = None if (inner, outer) == ("GTV", "PTV") else Severity.MINOR
        text = say("{0} of {1} cc", found, f"{whole_cc:.1f}")
        yield Found(
            where,
            text,
            say("Ask the site whether it is meant."),
            found,
            say("0 cc outside"),
            tolerance,
            severity,
        )


@check(
    "TARGET_MARGIN",
    title="Margins of the PTV",
    group=Group.STRUCTURES,
    severity=Severity.MINOR,
    source="RTOG 1112 (recalled); bounds proposed",
    rows=(22,),
)
def margin(
    context: CheckContext,
    least_mm: float = 3.0,
    most_mm: float = 20.0,
    tolerance_mm: float = 1.0,
) -> Iterator[Outcome]:
    """Find a PTV that goes too little or too far beyond the target inside it.

    The margin of each of the six sides is taken between the outermost points of both, so that it is
    right for anisotropic margins. Along z it is known to about half a slice, which is added to the
    tolerance. The shortest distance between the surfaces is told beside it; it is 0 where the PTV
    was cut. Inside is the ITV, else the CTV, else the GTV.

    Parameters
    ----------
    least_mm, most_mm
        Smallest and largest margin that a side may have.
    tolerance_mm
        Rounding of contours.
    """
    there = _there(context)
    inner = next((name for name in ("ITV", "CTV", "GTV") if name in there), None)
    if inner is None or "PTV" not in there:
        return
    for name, inside, ptv in _pairs(context, inner):
        yield _margin(name, (inside, ptv), (least_mm, most_mm, tolerance_mm), context)


def _margin(
    inner: str,
    regions: tuple[Region, Region],
    bounds_mm: tuple[float, float, float],
    context: CheckContext,
) -> Outcome:
    least_mm, most_mm, tolerance_mm = bounds_mm
    found = margins_between(cells_of(regions[0]), cells_of(regions[1]))
    slice_mm = context.doses.slice_spacing_mm or 0.0
    wrong = []
    for side, value in found.by_side.items():
        slack = tolerance_mm + (slice_mm / 2 if side in "IS" else 0.0)
        if value < least_mm - slack or value > most_mm + slack:
            wrong.append(say("{0} {1}", side, f"{value:.1f}"))
    where, expected = (
        say("PTV around {0}", inner),
        say("{0} to {1} mm on each side", f"{least_mm:g}", f"{most_mm:g}"),
    )
    tolerance = say("{0} mm, half a slice more along z", f"{tolerance_mm:g}")
    if wrong:
        text = say("out of bounds: {0} mm; all: {1}", joined(", ", wrong), found)
        advice = say("Check the margins with the site's protocol.")
        return Found(where, text, advice, str(found), expected, tolerance)
    return Passed(where, str(found), expected, tolerance)


@check(
    "PTV_EXPANSION",
    title="Expansion of the PTV",
    group=Group.STRUCTURES,
    severity=Severity.MINOR,
    source="protocol",
    rows=(22,),
)
def expansion(
    context: CheckContext,
    margins_mm: tuple[float, ...] = (),
    tolerance_mm: float = 1.5,
    tolerance_percent: float = 2.0,
) -> Iterator[Outcome]:
    """Compare the PTV with the target inside it, grown by the margins that the protocol sets.

    The inner target (ITV, else CTV, else GTV) is grown by margins that may differ in six
    directions, once by the tolerance less and once by the tolerance more. What the PTV lacks of
    the first and what it has beyond the second is found. Only made when a protocol states margins.

    Parameters
    ----------
    margins_mm
        Towards right, left, anterior, posterior, inferior and superior; or one for all sides.
    tolerance_mm
        How much smaller or larger the margins may be.
    tolerance_percent
        Part of the PTV's volume that may be missing or too much.
    """
    there = _there(context)
    inner = next((name for name in ("ITV", "CTV", "GTV") if name in there), None)
    if inner is None or "PTV" not in there or len(margins_mm) not in (1, 6):
        return
    sides = tuple(margins_mm) if len(margins_mm) == 6 else tuple(margins_mm) * 6
    inside, ptv = cells_of(there[inner]), cells_of(there["PTV"])
    missing_cc, beyond_cc, whole_cc = _apart_cc(inside, ptv, sides, tolerance_mm)
    where = say("PTV around {0}", inner)
    found = say("{0} cc missing, {1} cc beyond", f"{missing_cc:.1f}", f"{beyond_cc:.1f}")
    expected = f"{inner} + {' / '.join(f'{m:g}' for m in margins_mm)} mm"
    tolerance = say(
        "{0} mm, {1} % of {2} cc", f"{tolerance_mm:g}", f"{tolerance_percent:g}", f"{whole_cc:.1f}"
    )
    if max(missing_cc, beyond_cc) > tolerance_percent / 100 * whole_cc:
        yield Found(where, found, say("Ask the site how it was made."), found, expected, tolerance)
    else:
        yield Passed(where, found, expected, tolerance)


def _apart_cc(
    inside: Cells, ptv: Cells, sides: tuple[float, ...], tolerance_mm: float
) -> tuple[float, float, float]:
    """Return what a PTV lacks of the smaller expansion, has beyond the larger, and has in all."""
    more = Margins(*(m + tolerance_mm for m in sides))
    less = Margins(*(max(m - tolerance_mm, 0.0) for m in sides))
    raster = Raster.around([inside, ptv], more)
    inner, outer = rasterise(inside, raster), rasterise(ptv, raster)
    missing = grown(inner, raster.step_mm, less) & ~outer
    beyond = outer & ~grown(inner, raster.step_mm, more)
    return raster.volume_cc(missing), raster.volume_cc(beyond), raster.volume_cc(outer)
