"""Whether organs are where organs are, as large as they are, and drawn on whom they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, check
from sbrt_qa.geometry.distance import Distance, contains
from sbrt_qa.geometry.margins import vertices, volume_of_cc
from sbrt_qa.geometry.regions import cells_of
from sbrt_qa.i18n.phrase import counted, joined, say
from sbrt_qa.model.outcome import Reason, Severity
from sbrt_qa.model.physical_property import property_words
from sbrt_qa.model.structure import Structure
from sbrt_qa.model.target_kind import TYPES, is_target
from sbrt_qa.units import apart_from

SAMPLED: Final = 1500
"""Vertices of an organ that are looked at."""


def middle_x_mm(structure: Structure) -> float:
    """Return the middle of a structure along x."""
    x = [c.xy_mm[:, 0] for c in structure.contours]
    return float((min(v.min() for v in x) + max(v.max() for v in x)) / 2)


@check(
    "LIVER_MINUS_TARGET",
    title="Liver without tumour",
    group=Group.STRUCTURES,
    severity=Severity.MAJOR,
    rows=(23,),
)
def liver_minus_target(context: CheckContext, tolerance_percent: float = 2.0) -> Iterator[Outcome]:
    """Compare a contoured Liver-GTV with the liver minus the GTV, or minus the CTV without a GTV.

    Only where the plan has such a structure of its own, which limits then use. Compared is the
    volume that only one of the two has.

    Parameters
    ----------
    tolerance_percent
        Of the volume of the liver minus the target.
    """
    drawn, liver = context.one("Liver-GTV"), context.one("Liver")
    inner = context.one("GTV") or context.one("CTV")
    if drawn is None or liver is None or inner is None:
        return
    regions = [context.doses.region(s) for s in (drawn, liver, inner)]
    known = [r for r in regions if not isinstance(r, Reason)]
    if len(known) < 3:
        return
    own, whole, target = known
    computed = whole - target
    computed_cc = volume_of_cc(computed)
    apart_cc = volume_of_cc((own - computed) | (computed - own))
    percent = 100 * apart_cc / computed_cc if computed_cc else 100.0
    found, tolerance = f"{volume_of_cc(own):.0f} cc", f"{tolerance_percent:g} %"
    expected = f"{computed_cc:.0f} cc ({liver.name} - {inner.name})"
    where = context.key_of(drawn)
    if percent > tolerance_percent:
        text = say("it differs from {0} by {1} %", expected, f"{percent:.1f}")
        advice = say("Ask the site to create it again from the present contours.")
        yield Found(where, text, advice, found, expected, tolerance)
    else:
        yield Passed(where, say("{0}, {1} % apart", found, f"{percent:.1f}"), expected, tolerance)


@check(
    "LATERALITY",
    title="Left and right",
    group=Group.STRUCTURES,
    severity=Severity.MAJOR,
    rows=(24,),
)
def laterality(
    context: CheckContext,
    left: tuple[str, ...] = ("Kidney_L", "Lung_L", "Spleen"),
    right: tuple[str, ...] = ("Kidney_R", "Lung_R"),
    clear_mm: float = 5.0,
) -> Iterator[Outcome]:
    """Find an organ of a pair on the wrong side of the body's middle: names or image are swapped.

    Parameters
    ----------
    left, right
        Structures of the protocol on each side.
    clear_mm
        How far on the wrong side of the middle an organ must lie to be found.
    """
    body = context.body
    pairs = [(n, 1) for n in left] + [(n, -1) for n in right]
    organs = [(s, sign) for n, sign in pairs if (s := context.one(n)) is not None and s.contours]
    if body is None or not body.contours:
        return
    middle = middle_x_mm(body)
    for structure, sign in organs:
        side = say("left") if sign > 0 else say("right")
        offset = sign * (middle_x_mm(structure) - middle)
        key = context.key_of(structure)
        other = say("right") if sign > 0 else say("left")
        there = other if offset < 0 else side
        found = say("{0} mm to the {1}", f"{abs(offset):.0f}", there)
        if offset < -clear_mm:
            text = say("it lies {0} of the middle", found)
            advice = say("Check the names, and whether the image is mirrored.")
            yield Found(key, text, advice, found, say("on the {0}", side))
        else:
            yield Passed(key, found, say("on the {0}", side))


@check(
    "PRV_MARGIN",
    title="Margin of the cord's PRV",
    group=Group.STRUCTURES,
    severity=Severity.MINOR,
    rows=(24,),
)
def prv_margin(
    context: CheckContext,
    organ: str = "SpinalCord",
    prv: str = "SpinalCord_PRV05",
    margin_mm: float = 5.0,
    tolerance_mm: float = 1.0,
) -> Iterator[Outcome]:
    """Compare the distance between the surfaces of the cord and of its PRV with the margin.

    The middle (median) distance of the PRV's vertices from the cord counts, away from the cord's
    ends. Its 10th and 90th percentiles are told beside it.

    Parameters
    ----------
    organ, prv
        The two structures of the protocol.
    margin_mm, tolerance_mm
        The margin and what it may be off by.
    """
    inner, outer = context.one(organ), context.one(prv)
    region = context.doses.region(inner) if inner else None
    if inner is None or outer is None or region is None or isinstance(region, Reason):
        return
    points = vertices(outer, SAMPLED)
    low, high = inner.contours[0].z_mm + margin_mm, inner.contours[-1].z_mm - margin_mm
    points = points[(points[:, 2] >= low) & (points[:, 2] <= high)]
    if points.shape[0] < 10:
        return
    cells = cells_of(region)
    distance, _ = Distance(cells).nearest(points)
    distance = np.where(contains(cells, points), -distance, distance)
    tenth, half, ninetieth = (float(v) for v in np.percentile(distance, (10, 50, 90)))
    found = say("{0} mm ({1} to {2})", f"{half:.1f}", f"{tenth:.1f}", f"{ninetieth:.1f}")
    where, expected, tolerance = context.key_of(outer), f"{margin_mm:g} mm", f"{tolerance_mm:g} mm"
    if abs(half - margin_mm) > tolerance_mm:
        text = say("it goes {0} beyond {1}", found, inner.name)
        yield Found(
            where, text, say("Ask the site to create the PRV again."), found, expected, tolerance
        )
    else:
        yield Passed(where, found, expected, tolerance)


@check(
    "OUTSIDE_BODY",
    title="Structures and body",
    group=Group.STRUCTURES,
    severity=Severity.MINOR,
    rows=(25,),
)
def outside_body(
    context: CheckContext, tolerance_cc: float = 0.1, tolerance_percent: float = 1.0
) -> Iterator[Outcome]:
    """Find structures that limits use and that lie partly outside the outline of the body.

    Parameters
    ----------
    tolerance_cc, tolerance_percent
        Volume outside, and its part of the structure, up to which contours merely touch.
    """
    body, cells = context.body, context.body_cells
    whole = context.doses.region(body) if body else None
    if body is None or cells is None or whole is None or isinstance(whole, Reason):
        return
    inside = 0
    for key, structure in context.evaluated_structures.items():
        region = context.doses.region(structure)
        if structure is body or isinstance(region, Reason):
            continue
        within = contains(cells, vertices(structure, SAMPLED))
        if within.mean() > 0.99:
            inside += 1
            continue
        outside_cc, own_cc = volume_of_cc(region - whole), volume_of_cc(region)
        percent = 100 * outside_cc / own_cc if own_cc else 0.0
        if outside_cc <= tolerance_cc or percent <= tolerance_percent:
            inside += 1
            continue
        found = f"{outside_cc:.1f} cc ({apart_from(percent, tolerance_percent, 0)} %)"
        tolerance = say("{0} cc or {1} %", f"{tolerance_cc:g}", f"{tolerance_percent:g}")
        text = say("{0} lie outside {1}", found, body.name)
        out = vertices(structure, SAMPLED)[~within, 2]
        beyond = (out < body.contours[0].z_mm) | (out > body.contours[-1].z_mm)
        if beyond.mean() > 0.9:
            text += say(", beyond its first or last contour")
        advice = say("Check the contour and the outline.")
        yield Found(key, text, advice, found, say("inside the body"), tolerance)
    if inside:
        yield Passed(counted(inside, "structure"), say("inside"), say("inside the body"))


@check(
    "COUCH_IN_BODY",
    title="Body and couch",
    group=Group.STRUCTURES,
    severity=Severity.MINOR,
    rows=(25,),
)
def couch_in_body(context: CheckContext, tolerance_cc: float = 5.0) -> Iterator[Outcome]:
    """Find a couch that overlaps the outline of the body: one of them is not where it should be.

    A couch is a structure of type SUPPORT, or called couch or table.

    Parameters
    ----------
    tolerance_cc
        Overlap that comes from contours that touch.
    """
    body = context.doses.region(context.body) if context.body else None
    if body is None or isinstance(body, Reason):
        return
    for key, structure in context.structures.items():
        name = structure.name.casefold()
        is_couch = structure.interpreted_type == "SUPPORT" or "couch" in name or "table" in name
        region = context.doses.region(structure) if is_couch else None
        if region is None or isinstance(region, Reason):
            continue
        overlap_cc = volume_of_cc(region & body)
        found, tolerance = f"{overlap_cc:.1f} cc", f"{tolerance_cc:g} cc"
        if overlap_cc > tolerance_cc:
            text = say("it overlaps the body by {0}", found)
            yield Found(
                key, text, say("Check the outline and the couch."), found, say("apart"), tolerance
            )
        else:
            yield Passed(key, found, say("apart"), tolerance)


@check(
    "OAR_TARGET_OVERLAP", title="Organs that overlap the PTV", group=Group.STRUCTURES, rows=(25,)
)
def target_overlap(
    context: CheckContext,
    expected_in: tuple[str, ...] = ("Liver", "Liver-GTV"),
    tolerance_cc: float = 0.05,
) -> Iterator[Outcome]:
    """Tell which organs with a limit reach into the PTV, and with how much.

    Where an organ overlaps the PTV, its maximum and the coverage of the PTV cannot both be met.

    Parameters
    ----------
    expected_in
        Structures of the protocol that hold the target anyhow.
    tolerance_cc
        Overlap below which contours merely touch.
    """
    targets, region = context.all_of("PTV"), context.region("PTV")
    if not targets or isinstance(region, Reason):
        return
    left_out = {context.one(name) for name in expected_in} | {context.body, *targets}
    free, told = 0, []
    for key, structure in context.evaluated_structures.items():
        own = context.doses.region(structure)
        others = {s for name in TYPES for s in context.all_of(name)}
        if (
            structure in left_out
            or is_target(structure)
            or structure in others
            or isinstance(own, Reason)
        ):
            continue
        if not any(_may_meet(structure, target) for target in targets):
            free += 1
            continue
        overlap_cc = volume_of_cc(own & region)
        if overlap_cc > tolerance_cc:
            told.append(f"{key} {overlap_cc:.2f} cc")
        else:
            free += 1
    if told:
        text = say("organs reach into it: {0}", ", ".join(told))
        yield Found("PTV", text, say("Its coverage and their maxima cannot both be met."))
    if free:
        yield Passed(counted(free, "organ"), say("apart from the PTV"), say("apart"))


def _may_meet(one: Structure, other: Structure) -> bool:
    """Tell whether the boxes of two structures overlap, a slice more along z."""
    a, b = _box(one), _box(other)
    return bool((a[0] <= b[1]).all() and (b[0] <= a[1]).all())


def _box(structure: Structure) -> tuple[np.ndarray, np.ndarray]:
    low = np.min([c.xy_mm.min(axis=0) for c in structure.contours], axis=0)
    high = np.max([c.xy_mm.max(axis=0) for c in structure.contours], axis=0)
    z = structure.contours[0].z_mm, structure.contours[-1].z_mm
    return np.array([*low, z[0] - 5.0]), np.array([*high, z[1] + 5.0])


@check(
    "ORGAN_VOLUME",
    title="Plausible volumes",
    group=Group.STRUCTURES,
    source="usual adult volumes",
    rows=(26,),
)
def organ_volumes(
    context: CheckContext,
    ranges_cc: tuple[str, ...] = (
        "Liver 800 2500",
        "Kidney_L 80 300",
        "Kidney_R 80 300",
        "Stomach 100 1500",
        "Spleen 50 600",
        "Duodenum 20 200",
    ),
    cord_area_mm2: tuple[float, ...] = (30.0, 300.0),
) -> Iterator[Outcome]:
    """Tell of organs whose volume is unusual: half an organ, or a wrong name.

    A liver remnant after resection may be smaller than the usual range. Of the spinal cord the mean
    area of its sections is looked at, because its length depends on the scan.

    Parameters
    ----------
    ranges_cc
        Structure of the protocol with its smallest and largest usual volume.
    cord_area_mm2
        Smallest and largest usual area of the spinal cord.
    """
    for row in ranges_cc:
        name, low, high = row.rsplit(" ", 2)
        structure = context.one(name)
        volume = context.doses.volume_cc(structure) if structure else None
        if structure is not None and isinstance(volume, float):
            yield _within(context.key_of(structure), volume, float(low), float(high), "cc")
    cord = context.one("SpinalCord")
    volume = context.doses.volume_cc(cord) if cord else None
    if cord is not None and isinstance(volume, float) and len(cord.contours) > 2:
        length = cord.contours[-1].z_mm - cord.contours[0].z_mm
        if length > 0:
            area = volume * 1000 / length
            yield _within(context.key_of(cord), area, cord_area_mm2[0], cord_area_mm2[1], "mm2")


def _within(key: str, value: float, low: float, high: float, unit: str) -> Outcome:
    found, expected = f"{value:.0f} {unit}", say("{0} to {1} {2}", f"{low:g}", f"{high:g}", unit)
    if low <= value <= high:
        return Passed(key, found, expected)
    size = say("small") if value < low else say("large")
    return Found(
        key, say("unusually {0}: {1}", size, found), say("Check the contour."), found, expected
    )


@check(
    "DENSITY_OVERRIDE",
    title="Density overrides",
    group=Group.STRUCTURES,
    severity=Severity.MINOR,
    milder=(Severity.INFO,),
    rows=(27,),
)
def density_overrides(context: CheckContext) -> Iterator[Outcome]:
    """Find structures with a density override; of a couch or fixation that is told only."""
    overridden = [(key, s) for key, s in context.structures.items() if s.overrides]
    for key, structure in overridden:
        densities = [o for o in structure.overrides if "DENSITY" in o.name] or structure.overrides
        given = joined(
            ", ",
            (
                say("{0} {1}", property_words(o.name), f"{o.value:.4g}")
                if o.value is not None
                else property_words(o.name)
                for o in densities
            ),
        )
        outside = structure.interpreted_type in ("SUPPORT", "FIXATION", "BOLUS")
        severity = Severity.INFO if outside else None
        advice = "" if outside else say("Ask why, and whether the values are right.")
        yield Found(
            key, say("overridden: {0}", given), advice, given, say("none"), severity=severity
        )
    if context.structures and not overridden:
        yield Passed(say("structures"), say("none"), say("none"))
