"""Figures of the pages about contours: planes, overlaps, stacks, slabs and solids."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from how_it_works.chart import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALE,
    RED,
    Figure,
    Panel,
    Picture,
    table,
)  # fmt: skip
from sbrt_qa.dosimetry.integrate import volume_cc
from sbrt_qa.geometry.overlaps.pairs import areas_mm2, pair_of
from sbrt_qa.geometry.overlaps.resolve import resolve
from sbrt_qa.geometry.planes import PlaneStack, stack_planes
from sbrt_qa.geometry.regions import Region, cells_of, region_of
from sbrt_qa.geometry.scanlines import Lines, scan
from sbrt_qa.geometry.slabs import Between, Convention, Ends, Missing, Overlaps
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Contour, Structure
from sbrt_qa.testing.phantoms.closed_forms import contour
from sbrt_qa.testing.phantoms.shapes import Cone, PhantomShape, Sphere, circle, cylinder, rectangle
from sbrt_qa.units import cc_from_mm3

TRUE = "#999999"
PALE_BLUE, PALE_ORANGE = "#cfe0ee", "#f5d3b8"


def section(region: Region, y_mm: float, z_mm: FloatArray) -> Iterator[tuple[float, float, float]]:
    """Yield z, low x and high x of what a plane across y cuts out of a region."""
    cells = cells_of(region)
    cell = np.searchsorted(cells.z_low_mm, z_mm, side="right") - 1
    inside = (cell >= 0) & (z_mm <= cells.z_high_mm[np.maximum(cell, 0)])
    z, cell = z_mm[inside], cell[inside]
    start = np.searchsorted(cell, np.arange(cells.z_low_mm.size + 1)).astype(np.int64)
    spans = scan(cells, Lines(start, np.full(z.size, y_mm), z, np.zeros(z.size)))
    line = np.repeat(np.arange(z.size), np.diff(spans.start))
    yield from zip(z[line].tolist(), spans.x_low_mm.tolist(), spans.x_high_mm.tolist(), strict=True)


def fill(panel: Panel, region: Region, colour: str, step_mm: float = 0.25) -> None:
    """Fill what a plane through y = 0 cuts out of a region."""
    low, high = panel.y
    over = step_mm * 0.6  # a little more than half, so that no line shows between two strips
    heights = np.arange(low, high, step_mm) + step_mm / 2
    for z, left, right in section(region, 0.013, heights):
        corners = [(left, z - over), (right, z - over), (right, z + over), (left, z + over)]
        panel.shape(corners, colour, opacity=1)


def drawn_lines(panel: Panel, contours: Sequence[Contour], colour: str) -> None:
    """Draw contours as they look from the side."""
    for one in contours:
        x = one.xy_mm[:, 0]
        panel.line([(x.min(), one.z_mm), (x.max(), one.z_mm)], colour, 2)


def stack_lines(panel: Panel, stack: PlaneStack, colours: Sequence[str]) -> None:
    """Draw the planes of a stack from the side, one colour a column."""
    plane = np.repeat(np.arange(stack.z_mm.size), np.diff(stack.plane_start))
    column = np.searchsorted(stack.column_start, plane, side="right") - 1
    for i, p in enumerate(plane.tolist()):
        x = stack.xy_mm[stack.loop_start[i] : stack.loop_start[i + 1], 0]
        z = float(stack.z_mm[p])
        panel.line([(x.min(), z), (x.max(), z)], colours[int(column[i])], 2)


def planes() -> Figure:
    """Two lesions on stacks of their own, and a contour a little off its plane."""
    first, second = Sphere((-22.0, 0.0, 0.0), 13.0), Sphere((18.0, 0.0, 3.0), 10.0)
    left = contour(first, np.arange(-12.0, 13.0, 3.0)).contours
    right = contour(second, np.arange(-6.1, 13.0, 2.5)).contours
    off = Contour(3.2, circle(-22.0, 0.0, 4.0))
    every = (*left, *right, off)
    stack = stack_planes(Structure(1, "lesions", every))
    picture = Picture(
        760, 300, "Contours of a file seen from the side, and the planes they are read as"
    )
    ticks = ((-30, -20, -10, 0, 10, 20), (-10, 0, 10))
    file = Panel(picture, (40, 40, 330, 210), (-40, 32), (-15, 18))
    file.axes("in the file: contours at heights", ("x, mm", "z, mm"), ticks)
    drawn_lines(file, every, INK)
    file.words(-20, -14, "the small one is drawn 0.2 mm too high", GREY)
    read = Panel(picture, (410, 40, 330, 210), (-40, 32), (-15, 18))
    read.axes("as read: two columns with planes of their own", ("x, mm", "z, mm"), ticks)
    stack_lines(read, stack, (BLUE, ORANGE))
    counts = np.diff(stack.column_start).tolist()
    moved, by = stack.moved
    measured = (
        f"{len(every)} contours; columns: {len(counts)}, of {counts[0]} and {counts[1]} planes; "
        f"moved onto the plane of others: {moved}, by {by:.1f} mm.",
    )
    return Figure(picture, measured)


PAIRS = (
    ("one within the other", circle(0, 0, 15), circle(3, 2, 6), (-20, 20)),
    ("0.2 mm beside it", circle(0, 0, 15), circle(0.2, 0, 15), (13.5, 16.5)),
    ("0.4 mm beside it", circle(0, 0, 15), circle(0.4, 0, 15), (13.5, 16.5)),
    ("a part that sticks out", circle(-4, 0, 12), circle(9, 0, 8), (-20, 20)),
    ("a hole that slips over", circle(0, 0, 15), circle(11, 0, 5), (-20, 20)),
    ("a shared edge", rectangle((-15, 0), (-10, 10)), rectangle((0, 15), (-8, 8)), (-20, 20)),
)
"""Two contours of one plane, and the x range that shows what matters."""


def overlaps() -> Figure:
    """Six pairs of contours, what each pair is taken for, and the area under each reading."""
    picture = Picture(760, 560, "Six pairs of contours of one plane and what they are taken for")
    rows = []
    for number, (name, one, other, x) in enumerate(PAIRS):
        place = (40 + number % 3 * 245, 50 + number // 3 * 260, 200, 200)
        half = (x[1] - x[0]) / 2
        panel = Panel(picture, place, x, (-half, half))
        pair = pair_of(one, other)
        panel.axes(name, ("x, mm", ""), ((x[0], (x[0] + x[1]) / 2, x[1]), ()))
        for loop, colour in ((one, BLUE), (other, ORANGE)):
            shown = np.vstack([loop, loop[:1]])
            if x[0] > 0:  # a magnified piece of the right side
                shown = loop[(loop[:, 0] > x[0]) & (abs(loop[:, 1]) <= half)]
                shown = shown[np.argsort(shown[:, 1])]
            panel.line(map(tuple, shown.tolist()), colour, 2)
        word = pair.relation.name.lower() + (", likely a hole" if pair.hole else "")
        panel.words(x[0] + 0.06 * half, -0.92 * half, word)
        areas = [
            f"{areas_mm2(resolve([one, other], how).loops, [])[0]:.0f}"
            for how in (Overlaps.LIKELY, Overlaps.UNION, Overlaps.EVEN_ODD)
        ]
        rows.append([name, word, *areas])
    head = ["pair", "taken for", "area read by default, mm²", "union, mm²", "even-odd, mm²"]
    return Figure(picture, table(head, rows))


def _lens_mm2(r: float, q: float, d: float) -> float:
    """Area that two circles have in common, of which neither holds the centre of the other."""
    a, b = (d * d + r * r - q * q) / (2 * d), (d * d + q * q - r * r) / (2 * d)
    parts = r * r * math.acos(a / r) + q * q * math.acos(b / q)
    return parts - d * math.sqrt(r * r - a * a)


def _two_sessions(first: PhantomShape, second: PhantomShape) -> Structure:
    planes_a, planes_b = np.arange(-12.0, 13.0, 3.0), np.arange(-7.6, 10.0, 3.0)
    every = (*contour(first, planes_a).contours, *contour(second, planes_b).contours)
    return Structure(1, "target", every)


def _told(name: str, structure: Structure, true_mm3: float) -> list[str]:
    parts = len(stack_planes(structure, overlaps=Overlaps.LIKELY).parts)
    volume = volume_cc(region_of(structure))
    return [name, str(parts), f"{volume:.2f}", f"{cc_from_mm3(true_mm3):.2f}"]


def stacks() -> Figure:
    """A second drawing session between the planes of the first."""
    first, second = cylinder((0, 0, 0), 12.0, 27.0, 2), cylinder((15.0, 0, -0.1), 9.0, 18.0, 2)
    structure = _two_sessions(first, second)
    stack = stack_planes(structure, overlaps=Overlaps.LIKELY)
    picture = Picture(760, 300, "Two drawing sessions in one structure, told apart")
    ticks = ((-10, 0, 10, 20), (-10, 0, 10))
    file = Panel(picture, (40, 40, 330, 210), (-18, 30), (-16, 18))
    file.axes("in the file: one structure", ("x, mm", "z, mm"), ticks)
    drawn_lines(file, structure.contours, INK)
    read = Panel(picture, (410, 40, 330, 210), (-18, 30), (-16, 18))
    read.axes("as read: a stack, and a part of its own", ("x, mm", "z, mm"), ticks)
    fill(read, region_of(structure), PALE)
    stack_lines(read, stack, (BLUE,))
    for part in stack.parts:
        stack_lines(read, part, (ORANGE,))
    true = math.pi * (12.0**2 * 27 + 9.0**2 * 18) - 18 * _lens_mm2(12.0, 9.0, 15.0)
    rows = [_told("two cylinders (the figure)", structure, true)]
    ball = Sphere((0.0, 0.0, 0.0), 14.0)
    for name, other in (
        ("two balls beside each other", Sphere((15.0, 0.0, 1.0), 9.0)),
        ("a ball within a ball", Sphere((4.6, 0.0, -3.7), 7.7)),
    ):
        common = ball.volume_within(other.centre, other.radius_mm)
        both = 4 / 3 * math.pi * (ball.radius_mm**3 + other.radius_mm**3) - common
        rows.append(_told(name, _two_sessions(ball, other), both))
    head = ["two sessions", "parts told apart", "volume, cc", "true volume, cc"]
    return Figure(picture, table(head, rows))


def _gap_cases() -> Iterator[tuple[str, Structure]]:
    even = np.arange(-18.0, 19.0, 3.0)
    body = cylinder((0.0, 0.0, 0.0), 9.0, 60.0, 2)
    yield "one slice missing", contour(body, even[~np.isin(even, [3.0])])
    yield "four slices missing", contour(body, even[~np.isin(even, [-3.0, 0.0, 3.0, 6.0])])
    balls = [contour(Sphere((0.0, 0.0, z), 8.0), even).contours for z in (-11.0, 11.0)]
    yield "two balls above each other", Structure(1, "balls", (*balls[0], *balls[1]))


def slabs() -> Figure:
    """What fills gaps, and what does not."""
    picture = Picture(760, 330, "Three structures with gaps, and what is filled")
    rows = []
    for number, (name, structure) in enumerate(_gap_cases()):
        panel = Panel(picture, (40 + number * 245, 40, 200, 240), (-16, 16), (-23, 23))
        panel.axes(name, ("x, mm", "z, mm"), ((-10, 0, 10), (-20, -10, 0, 10, 20)))
        default = region_of(structure)
        fill(panel, region_of(structure, Convention(missing=Missing.FILLED)), PALE_ORANGE, 0.5)
        fill(panel, default, PALE_BLUE, 0.5)
        drawn_lines(panel, structure.contours, INK)
        gaps = default.solids[0].gaps
        said = (
            "bridged" if gaps.bridged_mm else "left open" if gaps.parted_mm else "no gap: two ends"
        )
        volumes = [
            f"{volume_cc(region_of(structure, Convention(missing=how))):.2f}"
            for how in (Missing.USUAL, Missing.FILLED, Missing.OPEN)
        ]
        rows.append([name, said, *volumes])
    picture.text(40, 322, "blue: the default; orange: added in the reading that fills gaps", GREY)
    head = ["case", "the gap is", "volume by default, cc", "filled, cc", "open, cc"]
    return Figure(picture, table(head, rows))


READINGS = (
    ("slab, half-slice ends", Convention(Between.SLAB, Ends.HALF_SLICE), RED),
    ("morph, half-slice ends", Convention(Between.MORPH, Ends.HALF_SLICE), ORANGE),
    ("morph, tapered (default)", Convention(), BLUE),
)


def _outline(panel: Panel, region: Region, colour: str) -> None:
    low, high = panel.y
    places = list(section(region, 0.013, np.arange(low, high, 0.2)))
    around = [(a, z) for z, a, _ in places] + [(b, z) for z, _, b in places[::-1]]
    panel.line([*around, around[0]], colour)


def _true_outline(panel: Panel, shape: PhantomShape) -> None:
    low, high = panel.y
    found = [(z, s[0][:, 0]) for z in np.arange(low, high, 0.2) if (s := shape.sections(float(z)))]
    edge = [(float(x.min()), float(z)) for z, x in found]
    edge += [(float(x.max()), float(z)) for z, x in found[::-1]]
    panel.shape(edge, TRUE, opacity=0.3)


def solids() -> Figure:
    """Three shapes on thick slices under three conventions."""
    shapes: tuple[tuple[str, PhantomShape], ...] = (
        ("ball, 10 mm radius", Sphere((0.4, 0.0, 0.3), 10.0)),
        ("cone along x", Cone((0.0, 0.0, 0.2), 4.0, 10.0, 24.0, 0)),
        ("cylinder along z", cylinder((0.0, 0.0, 0.7), 9.0, 21.0, 2)),
    )
    picture = Picture(760, 340, "Three shapes on 5 mm slices: truth and three ways of reading them")
    rows = []
    for number, (name, shape) in enumerate(shapes):
        panel = Panel(picture, (40 + number * 245, 40, 200, 220), (-15, 15), (-15, 18))
        panel.axes(name, ("x, mm", "z, mm"), ((-10, 0, 10), (-10, 0, 10)))
        _true_outline(panel, shape)
        structure = contour(shape, np.arange(-15.0, 16.0, 5.0) + 0.9)
        errors = []
        true = cc_from_mm3(shape.volume_beyond(0, shape.extent(0)[0]))
        for _, how, colour in READINGS:
            region = region_of(structure, how)
            _outline(panel, region, colour)
            errors.append(f"{100 * (volume_cc(region) / true - 1):+.1f}")
        drawn_lines(panel, structure.contours, INK)
        rows.append([name, f"{true:.2f}", *errors])
    for number, (name, _, colour) in enumerate((*READINGS, ("truth", None, TRUE))):
        picture.text(40 + number * 180, 320, name, colour)
    head = ["shape, 5 mm slices", "true volume, cc", *(f"{n}, error %" for n, _, _ in READINGS)]
    return Figure(picture, table(head, rows))


FIGURES = {
    "planes": planes, "overlaps": overlaps, "stacks": stacks, "slabs": slabs, "solids": solids,
}  # fmt: skip
