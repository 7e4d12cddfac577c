"""Figures of the pages about dose: integration, interpolation, ends, bands, extremes, beyond."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TypeVar

import numpy as np

from how_it_works.chart import (
    BLUE,
    GREEN,
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
from sbrt_qa.dosimetry.accumulation import bin_edges, curve_of
from sbrt_qa.dosimetry.bands import Views, intervals_among, subject_of
from sbrt_qa.dosimetry.beyond import highest_beyond_gy
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.dosimetry.ends import with_other_ends
from sbrt_qa.dosimetry.extremes import extremes
from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.integrate import DEFAULT_SETTINGS, integrate
from sbrt_qa.dosimetry.interpolation import GridBox, Interpolation, dose_at_gy, noise_gy, refined
from sbrt_qa.dosimetry.metric_names import parse_metric
from sbrt_qa.dosimetry.metrics import evaluate
from sbrt_qa.dosimetry.view_kinds import VIEWS
from sbrt_qa.geometry.regions import Cells, cells_of, region_of
from sbrt_qa.geometry.scanlines import lattice, section_mm2
from sbrt_qa.geometry.slabs import Convention, Ends
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.outcome import Band, Measured, Reason, ReasonCode
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.testing.phantoms.closed_forms import contour
from sbrt_qa.testing.phantoms.dose_fields import (
    Field,
    Gaussian,
    Linear,
    Planar,
    Profile,
    Radial,
    Sigmoid,
    sample,
)  # fmt: skip
from sbrt_qa.testing.phantoms.shapes import PhantomShape, Sphere, cylinder

T = TypeVar("T")


def grid_of(field: Field, reach_mm: float, step_mm: float, shift_mm: float = 0.0) -> DoseGrid:
    """Sample a field on an even cube about the origin."""
    axis = np.arange(-reach_mm, reach_mm + step_mm / 2, step_mm) + shift_mm
    return sample(field, axis, axis, axis)


def cells_and_structure(shape: PhantomShape, slice_mm: float) -> Cells:
    """Return the cells of a shape drawn on slices."""
    return cells_of(region_of(contour(shape, np.arange(-60.0, 61.0, slice_mm) + 0.31 * slice_mm)))


def found(value: object, kind: type[T]) -> T:
    """Return a result that is known to exist, of its type."""
    if not isinstance(value, kind):
        raise TypeError(value)
    return value


def integrate_figure() -> Figure:
    """One scan line, and how the error falls with the number of lines."""
    field = Radial((2.0, 1.0, -1.0), Gaussian(60.0, 0.0, 12.0))
    dose = grid_of(field, 36.0, 3.0)
    cells = cells_and_structure(Sphere((0.0, 0.0, 0.0), 15.0), 2.0)
    picture = Picture(
        760, 320, "One scan line through a ball, and how the error of the curve falls"
    )
    left = Panel(picture, (40, 40, 320, 220), (-24, 24), (0, 65))
    left.axes("one scan line", ("x, mm", "dose, Gy"), ((-20, -10, 0, 10, 20), (0, 20, 40, 60)))
    columns = dose.x_mm[(dose.x_mm >= -24) & (dose.x_mm <= 24)]
    half = math.sqrt(15.0**2 - 4.0**2)
    cuts = np.concatenate([[-half], columns[abs(columns) < half], [half]])
    at = [(float(x), float(dose_at_gy(dose, (float(x), 4.0, 0.0)) or 0)) for x in columns]
    met = [(float(x), float(dose_at_gy(dose, (float(x), 4.0, 0.0)) or 0)) for x in cuts]
    left.line(at, GREY)
    for (x0, d0), (x1, d1) in pairwise(met):
        left.shape([(x0, 0), (x0, d0), (x1, d1), (x1, 0)], BLUE, "white")
    left.dots(at, INK)
    left.words(-23, 1.5, "a stretch holds the doses between its ends evenly", INK)
    edges = found(bin_edges(cells, dose, DEFAULT_SETTINGS.bins), np.ndarray)
    section = section_mm2(cells)
    best = curve_of(cells, dose, edges, section / 600_000)
    rows, spreads, errors = [], [], []
    for wanted in (250, 1000, 4000, 16_000, 64_000):
        lines = lattice(cells, section / wanted).y_mm.size
        curve = curve_of(cells, dose, edges, section / wanted)
        error = float(np.abs(curve.cumulative_cc - best.cumulative_cc).max()) / best.volume_cc
        spreads.append((math.log10(lines), math.log10(100 * curve.spread)))
        errors.append((math.log10(lines), math.log10(100 * error)))
        rows.append([f"{lines:,}", f"{100 * curve.spread:.3f}", f"{100 * error:.4f}"])
    right = Panel(picture, (420, 40, 320, 220), (2, 5.2), (-4, 2))
    right.axes("a ball of 30 mm: farthest point of the curve", ("", "% of the volume"), ((), ()))
    for power in (2, 3, 4, 5):
        right.words(power, -4.55, f"{10**power:,}", GREY, "middle")
    for power in range(-4, 3):
        right.words(1.97, power - 0.1, f"{10.0**power:g}", GREY, "end")
    right.words(5.2, -4.95, "scan lines", GREY, "end")
    right.line(spreads, ORANGE)
    right.dots(spreads, ORANGE)
    right.line(errors, BLUE)
    right.dots(errors, BLUE)
    right.words(3.1, 1.0, "difference of the two halves", ORANGE)
    right.words(2.2, -2.0, "error of their sum", BLUE)
    head = ["scan lines", "difference of the two halves, %", "error of their sum, %"]
    return Figure(picture, table(head, rows))


def _along_x(profile: Profile, step_mm: float) -> DoseGrid:
    return grid_of(Planar(0, profile), 30.0, step_mm, 0.4)


def _row(dose: DoseGrid) -> list[tuple[float, float]]:
    middle = dose.dose_gy[dose.dose_gy.shape[0] // 2, dose.dose_gy.shape[1] // 2]
    return list(zip(dose.x_mm.tolist(), middle.tolist(), strict=True))


def _off(dose: DoseGrid, profile: Profile) -> float:
    x = np.linspace(-11, 11, 2001)
    row = np.array(_row(dose))
    return float(np.abs(np.interp(x, row[:, 0], row[:, 1]) - profile.dose_gy(x)).max())


def interpolation() -> Figure:
    """A smooth peak and a steep edge, read in three ways."""
    box = GridBox((-12.0, 12.0), (-4.0, 4.0), (-4.0, 4.0))
    picture = Picture(760, 330, "Dose between voxels: a smooth peak and a steep edge")
    cases: tuple[tuple[str, Profile], ...] = (
        ("a peak, sigma 5 mm, on 3 mm voxels", Gaussian(60.0, 2.0, 5.0)),
        ("an edge, 80 to 20 % in 2.2 mm, on 3 mm voxels", Sigmoid(60.0, 0.5, 0.8)),
    )
    rows = []
    for number, (name, profile) in enumerate(cases):
        panel = Panel(picture, (40 + number * 370, 40, 330, 220), (-12, 12), (-6, 74))
        panel.axes(name, ("x, mm", "dose, Gy"), ((-10, -5, 0, 5, 10), (0, 20, 40, 60)))
        dose = _along_x(profile, 3.0)
        x = np.linspace(-12, 12, 200)
        panel.line(zip(x.tolist(), profile.dose_gy(x).tolist(), strict=True), "#999999", 5)
        errors = []
        for how, colour, dash in (
            (Interpolation.LINEAR, ORANGE, ""),
            (Interpolation.UNHELD, RED, "4 3"),
            (Interpolation.CUBIC, BLUE, ""),
        ):
            read = refined(dose, box, how)
            panel.line([p for p in _row(read) if abs(p[0]) <= 12], colour, 1.5, dash)
            row = np.array(_row(read))[:, 1]
            over = max(float(row.max()) - 60.0, 0.0)
            errors.append(f"{_off(read, profile):.2f}, {over:.2f}")
        panel.dots([p for p in _row(dose) if abs(p[0]) <= 12], INK)
        rows.append([name, *errors])
    for number, (word, colour) in enumerate(
        (("truth", "#999999"), ("linear", ORANGE), ("spline, free", RED), ("spline, held", BLUE))
    ):
        picture.text(40 + number * 120, 315, word, colour)
    noisy = grid_of(Planar(0, Linear(50.0, 0.2)), 15.0, 3.0)
    rng = np.random.default_rng(7)
    values = noisy.dose_gy + rng.normal(0, 0.5, noisy.dose_gy.shape)
    head = [
        "farthest from the truth, and above 60 Gy, Gy",
        "linear",
        "spline, free",
        "spline, held (default)",
    ]
    said = f"Noise of 0.50 Gy put on a ramp is estimated as {noise_gy(values):.2f} Gy."
    return Figure(picture, (*table(head, rows), "", said))


def _from(dose_gy: float, dvh: DVH) -> list[tuple[float, float]]:
    """Return the cumulative curve from a dose on, in even steps."""
    places = np.linspace(dose_gy, dvh.max_gy, 60)
    return list(zip(places.tolist(), dvh.volumes_at_doses_cc(places).tolist(), strict=True))


def ends() -> Figure:
    """A cylinder whose flat ends reach more or less far."""
    shape = cylinder((0.0, 0.0, 0.0), 10.0, 24.0, 2)
    structure = contour(shape, np.arange(-30.0, 31.0, 3.0) + 0.7)
    dose = grid_of(Planar(2, Linear(30.0, 1.0)), 36.0, 2.0)
    default = region_of(structure)
    usual = found(integrate(default, dose), DVH)
    picture = Picture(760, 310, "A DVH made from another one, by what differs at its ends")
    side = Panel(picture, (40, 40, 250, 210), (-16, 16), (-17, 17))
    side.axes("the part that differs", ("x, mm", "z, mm"), ((-10, 0, 10), (-10, 0, 10)))
    curves = Panel(picture, (350, 40, 390, 210), (12, 48), (0, 9))
    curves.axes("cumulative DVH", ("dose, Gy", "volume, cc"), ((15, 25, 35, 45), (0, 4, 8)))
    reach = float(default.solids[0].high_mm.max()), float(default.solids[0].low_mm.min())
    planes = structure.contours[0].z_mm, structure.contours[-1].z_mm
    side.shape([(-10, reach[1]), (10, reach[1]), (10, reach[0]), (-10, reach[0])], BLUE)
    for z, plane in ((planes[0] - 3, planes[0]), (planes[1], planes[1] + 3)):
        side.shape([(-10, z), (10, z), (10, plane), (-10, plane)], ORANGE)
    for one in structure.contours:
        side.line([(-10, one.z_mm), (10, one.z_mm)], INK)
    rows = []
    readings = (("none", Ends.NONE, 0.5, GREEN), ("whole", Ends.TAPERED, 1.0, ORANGE))
    curves.line(_from(13.0, usual), BLUE)
    for name, how, flat, colour in readings:
        convention = Convention(ends=how, flat_low=flat, flat_high=flat)
        other = region_of(structure, convention)
        regions = (default, other)
        made = found(with_other_ends(usual, regions, dose, convention, DEFAULT_SETTINGS), DVH)
        plain = found(integrate(other, dose, convention=convention), DVH)
        gy = np.linspace(plain.min_gy, plain.max_gy, 500)
        off = np.abs(made.volumes_at_doses_cc(gy) - plain.volumes_at_doses_cc(gy)).max()
        curves.line(_from(13.0, made), colour)
        volumes = f"{made.volume_cc:.3f}", f"{plain.volume_cc:.3f}"
        rows.append([name, *volumes, f"{100 * off / plain.volume_cc:.3f}"])
    for number, (word, colour) in enumerate(
        (("half a slice (default)", BLUE), ("none", GREEN), ("a whole slice", ORANGE))
    ):
        curves.words(13, 2.4 - number * 0.9, word, colour)
    head = [
        "flat ends", "volume from the difference, cc", "integrated anew, cc",
        "curves differ by at most, %",
    ]  # fmt: skip
    return Figure(picture, table(head, rows))


def bands() -> Figure:
    """One metric in every view, and the band made of them."""
    shape = cylinder((0.3, -0.4, 0.2), 12.0, 30.0, 2)
    drawn = contour(shape, np.arange(-60.0, 61.0, 3.0) + 0.93)
    dose = grid_of(Radial((1.1, 0.0, 0.0), Gaussian(60.0, 0.0, 14.0)), 42.0, 3.0)
    nothing = Reason(ReasonCode.REFERENCE_MISSING, "none")
    doses = CaseDoses(Case("phantom", nothing, StructureSet((drawn,)), dose))
    views = Views(doses).of(subject_of(drawn))
    spec, usual = parse_metric("D95%[Gy]"), found(doses.dvh(drawn), DVH)
    context = doses.metric_context
    value = found(evaluate(spec, usual, context), Measured)
    seen = []
    for name, dvh in views.items():
        outcome = evaluate(spec, dvh, context)
        if isinstance(outcome, Measured):
            seen.append((name, outcome))
    both = intervals_among(spec, value, [(VIEWS[name], outcome) for name, outcome in seen])
    band = found(both.uncertainty, Band)
    height = 60 + 22 * (len(seen) + 1)
    picture = Picture(760, height + 50, "D95% of a cylinder in every view, and its band")
    low, high = math.floor(band.low - 0.5), math.ceil(band.high + 0.5)
    panel = Panel(picture, (250, 40, 480, height - 40), (low, high), (0, len(seen) + 2))
    ticks = list(range(low, high + 1, max((high - low) // 6, 1)))
    panel.axes("D95% of a cylinder along z on 3 mm slices and voxels", ("Gy", ""), (ticks, ()))
    top = len(seen) + 1
    corners = [
        (band.low, 0),
        (band.high, 0),
        (band.high, top + 1),
        (band.low, top + 1),
    ]
    panel.shape(corners, BLUE, opacity=0.12)
    panel.line([(value.value, 0), (value.value, top + 1)], BLUE)
    rows = []
    for number, (name, outcome) in enumerate(seen):
        at = top - number
        picture.text(240, panel.at(0, at)[1] + 4, f"{VIEWS[name].aspect}: {name}", INK, 11, "end")
        panel.line([(value.value, at), (outcome.value, at)], ORANGE, 3)
        panel.dots([(outcome.value, at)], ORANGE, 3.5)
        rows.append([VIEWS[name].aspect, name, f"{outcome.value - value.value:+.3f}"])
    picture.text(240, panel.at(0, 1)[1] + 4, "band", BLUE, 11, "end")
    panel.line([(band.low, 1), (band.high, 1)], BLUE, 5)
    said = (
        f"Value {value.value:.2f} Gy; band {band.low:.2f} to {band.high:.2f} Gy; "
        f"what moves it most: {band.driver.value}."
    )
    return Figure(picture, (*table(["aspect", "view", "moves D95% by, Gy"], rows), "", said))


def _colour(part: float) -> str:
    pale = [round(255 - part * (255 - c)) for c in (199, 91, 0)]
    return "#" + "".join(f"{c:02x}" for c in pale)


def extremes_figure() -> Figure:
    """A section of a cylinder, the grid, and where the dose is highest and lowest."""
    field = Radial((9.0, 4.0, 0.0), Gaussian(60.0, 0.0, 10.0))
    dose = grid_of(field, 20.0, 4.0)
    shape = cylinder((1.0, -1.0, 0.0), 8.0, 8.0, 2)
    cells = cells_and_structure(shape, 2.0)
    low, high = extremes(cells, dose, math.inf, -math.inf)
    met = curve_of(cells, dose, np.linspace(0, 60, 1001), 1.0)
    z = 0.0
    angle = np.linspace(0, 2 * math.pi, 1441)
    around = [
        (
            float(np.degrees(a)),
            dose_at_gy(dose, (1 + 8 * math.cos(a), -1 + 8 * math.sin(a), z)) or 0.0,
        )
        for a in angle
    ]
    picture = Picture(760, 330, "Where the dose is highest and lowest on a section")
    left = Panel(picture, (40, 40, 230, 230), (-14, 14), (-14, 14))
    left.axes(
        "section at z = 0 on a 4 mm grid", ("x, mm", "y, mm"), ((-12, -4, 4, 12), (-12, -4, 4, 12))
    )
    for i, x in enumerate(dose.x_mm[:-1].tolist()):
        for j, y in enumerate(dose.y_mm[:-1].tolist()):
            if max(abs(x), abs(y), abs(x + 4), abs(y + 4)) > 14:
                continue
            mean = float(dose.dose_gy[5, j : j + 2, i : i + 2].mean())
            corners = [(x, y), (x + 4, y), (x + 4, y + 4), (x, y + 4)]
            left.shape(corners, _colour(mean / 60), PALE, 0.8)
    left.line([(1 + 8 * math.cos(a), -1 + 8 * math.sin(a)) for a in angle[::16]], INK, 2)
    inside = [
        (x, y)
        for x in dose.x_mm.tolist()
        for y in dose.y_mm.tolist()
        if math.hypot(x - 1, y + 1) < 8
    ]
    left.dots(inside, INK)
    for pick, colour, word in ((max, RED, "highest"), (min, BLUE, "lowest")):
        a = math.radians(pick(around, key=lambda p: p[1])[0])
        left.dots([(1 + 8 * math.cos(a), -1 + 8 * math.sin(a))], colour, 5)
        left.words(1 + 8 * math.cos(a) + 0.8, -1 + 8 * math.sin(a) - 1.8, word, colour)
    right = Panel(picture, (330, 40, 410, 230), (0, 360), (0, 65))
    right.axes(
        "dose along the outline: parabolas between grid lines", ("angle, degrees", "dose, Gy"),
        ((0, 90, 180, 270, 360), (0, 20, 40, 60)),
    )  # fmt: skip
    right.line(around, INK)
    right.line([(0, high), (360, high)], RED, 1, "4 3")
    right.line([(0, low), (360, low)], BLUE, 1, "4 3")
    x, y, zs = _inside_cylinder()
    brute = np.array([dose_at_gy(dose, p) or 0.0 for p in zip(x, y, zs, strict=True)])
    rows = [
        ["computed", f"{low:.3f}", f"{high:.3f}"],
        [f"{brute.size:,} points on and in it", f"{brute.min():.3f}", f"{brute.max():.3f}"],
        ["met by scan lines of 1 mm²", f"{met.min_gy:.3f}", f"{met.max_gy:.3f}"],
    ]
    return Figure(picture, table(["", "lowest, Gy", "highest, Gy"], rows))


def _inside_cylinder() -> tuple[list[float], list[float], list[float]]:
    """Return points on the surface and inside the cylinder of the figure of extremes."""
    angle = np.linspace(0, 2 * math.pi, 720, endpoint=False)
    radius, height = (8.0, 6.0, 4.0, 2.0), np.linspace(-4, 4, 17)
    a, r, z = (v.ravel() for v in np.meshgrid(angle, radius, height, indexing="ij"))
    return (1 + r * np.cos(a)).tolist(), (-1 + r * np.sin(a)).tolist(), z.tolist()


def beyond() -> Figure:
    """The highest dose 20 mm and more from a ball, with and without a hot spot far away."""
    centre = (0.6, -0.3, 0.2)
    field = Radial(centre, Gaussian(60.0, 0.0, 18.0))
    target = cells_and_structure(Sphere(centre, 10.0), 2.0)
    body = cells_and_structure(cylinder((0.0, 0.0, 0.0), 50.0, 100.0, 2), 2.0)
    dose = grid_of(field, 60.0, 2.5)
    x = dose.x_mm[:, None, None]
    z, y = dose.z_mm[:, None, None], dose.y_mm[None, :, None]
    spot = 30 * np.exp(-0.5 * ((x.reshape(1, 1, -1) - 40) ** 2 + (y - 5) ** 2 + z**2) / 16)
    hot = DoseGrid(np.maximum(dose.dose_gy, spot), dose.x_mm, dose.y_mm, dose.z_mm)
    picture = Picture(760, 310, "Dose against distance from a target, and the highest beyond 20 mm")
    rows = []
    truth = 60 * math.exp(-0.5 * (30 / 18) ** 2)
    cases = (("dose falls everywhere", dose, truth), ("with a hot spot 30 mm away", hot, 30.0))
    for number, (name, grid, known) in enumerate(cases):
        best = found(highest_beyond_gy(target, body, grid, 20.0), float)
        panel = Panel(picture, (40 + number * 370, 40, 330, 210), (0, 45), (0, 65))
        panel.axes(
            name,
            ("distance from the target, mm", "dose, Gy"),
            ((0, 10, 20, 30, 40), (0, 20, 40, 60)),
        )
        panel.shape([(20, 0), (45, 0), (45, 65), (20, 65)], BLUE, opacity=0.1)
        voxels = _by_distance(grid, centre)
        panel.dots(voxels[::3], GREY, 1.2)
        panel.line([(20, best), (45, best)], RED, 1.5)
        panel.words(21, best + 2, f"{best:.2f} Gy", RED)
        rows.append([name, f"{best:.2f}", f"{known:.2f}"])
    head = ["dose", "highest beyond 20 mm, Gy", "of the continuous dose, Gy"]
    return Figure(picture, table(head, rows))


def _by_distance(dose: DoseGrid, centre: tuple[float, float, float]) -> list[tuple[float, float]]:
    """Return distance from a ball of 10 mm and dose of the voxels of the middle plane."""
    middle: FloatArray = dose.dose_gy[int(np.argmin(abs(dose.z_mm)))]
    y, x = np.meshgrid(dose.y_mm, dose.x_mm, indexing="ij")
    z = float(dose.z_mm[int(np.argmin(abs(dose.z_mm)))]) - centre[2]
    away = np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + z * z) - 10.0
    shown = (away > 0) & (away < 45) & (np.hypot(x, y) < 50)
    return list(zip(away[shown].tolist(), middle[shown].tolist(), strict=True))


FIGURES = {
    "integrate": integrate_figure, "interpolation": interpolation, "ends": ends, "bands": bands,
    "extremes": extremes_figure, "beyond": beyond,
}  # fmt: skip
