"""How the prescription covers the targets: three planes through each, and their curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from sbrt_qa.errors import visible
from sbrt_qa.evidence.evidence import Evidence, Point, Reviewed, SlicePlace
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.structure import Structure
from sbrt_qa.model.target_kind import is_target_name
from sbrt_qa.reports.figures.cut_planes import CORONAL, SAGITTAL, cut_picture
from sbrt_qa.reports.figures.dvh_svg import Labels, dvh_svg
from sbrt_qa.reports.figures.slice_svg import slice_svg
from sbrt_qa.reports.figures.slices import place_picture
from sbrt_qa.review.case_review import TargetSummary

MOST_TARGETS: Final = 3
"""Targets with pictures; further ones stand in the table of targets."""

WHOLE_PERCENT: Final = 99.95
"""A target that is covered to this is told as 100.0 %."""

OUTERMOST: Final = ("PTV", "CTV", "GTV")
"""Kinds of targets, of which the first that a plan has is shown."""


@dataclass(frozen=True, slots=True)
class CoverageDrawing:
    """A target: its name, a caption, its axial, coronal and sagittal plane and its curve as SVG."""

    title: str
    caption: str
    planes: tuple[str, str, str]
    curve: str


def coverage_drawings(
    reviewed: Reviewed, colours: Mapping[str, str], words: Words
) -> tuple[CoverageDrawing, ...]:
    """Return the pictures of the judged targets, outermost kind only; none without a dose."""
    evidence = reviewed.evidence
    if evidence is None or evidence.dose is None:
        return ()
    judged = [
        t
        for t in reviewed.review.targets
        if t.role == "judged" and t.name in evidence.structures and _level_gy(t) is not None
    ]
    kinds = [kind for kind in OUTERMOST if any(t.kind == kind for t in judged)]
    shown = [t for t in judged if not kinds or t.kind == kinds[0]][:MOST_TARGETS]
    made = (_drawing(evidence, t, colours, words, n) for n, t in enumerate(shown))
    return tuple(d for d in made if d is not None)


def _level_gy(target: TargetSummary) -> float | None:
    dose = target.prescription_gy
    return dose if isinstance(dose, float) else None


def _drawing(
    evidence: Evidence,
    target: TargetSummary,
    colours: Mapping[str, str],
    words: Words,
    number: int,
) -> CoverageDrawing | None:
    key, level_gy = target.name, _level_gy(target)
    centre = _centre(evidence.structures[key])
    if centre is None or level_gy is None:
        return None
    others = [k for k in evidence.structures if is_target_name(k) and k != key][:3]
    half = _half_mm(evidence.structures[key])
    axial = replace(
        place_picture(
            evidence, SlicePlace("", centre, 0.0, level_gy, too_hot=False), [key],
            half_mm=half, others=others,
        ),
        spot_mm=None,
    )  # fmt: skip
    pictures = (
        (words(msg("axial")), axial),
        *(
            (
                name,
                cut_picture(evidence, axis, centre, [key], level_gy, others=others, half_mm=half),
            )
            for name, axis in ((words(msg("coronal")), CORONAL), (words(msg("sagittal")), SAGITTAL))
        ),
    )
    planes = [
        slice_svg(picture, colours, f"{visible(key)}, {name}", level_gy, f"cover{number}{n}")
        for n, (name, picture) in enumerate(pictures)
    ]
    return CoverageDrawing(
        title=visible(key),
        caption=_caption(target, level_gy, words),
        planes=(planes[0], planes[1], planes[2]),
        curve=_curve(evidence, key, others, colours, words),
    )


def _caption(target: TargetSummary, level_gy: float, words: Words) -> str:
    covered = target.coverage_percent
    told = words(
        msg("Axial, coronal and sagittal plane through its centre, with the {level} Gy isodose"),
        level=f"{level_gy:g}",
    )
    if covered is None or covered < WHOLE_PERCENT:
        told += words(msg("; hatched: less than that"))
    if covered is None:
        return told + words(msg("."))
    return words(
        msg("{told}. {percent} % of it gets the prescription."), told=told, percent=f"{covered:.1f}"
    )


def _curve(
    evidence: Evidence, key: str, others: list[str], colours: Mapping[str, str], words: Words
) -> str:
    if key not in evidence.curves:
        return ""
    drawn = [k for k in others if k in evidence.curves]
    return dvh_svg(evidence, key, drawn, ((), ()), colours, Labels.of(visible(key), words))


def _half_mm(structure: Structure) -> tuple[float, float]:
    """Return half the width and height that show a target with some of what is around it."""
    points = np.concatenate([c.xy_mm for c in structure.contours])
    z_mm = [c.z_mm for c in structure.contours]
    half = max(float(np.ptp(points, axis=0).max()), max(z_mm) - min(z_mm)) / 2 + 18.0
    return max(half, 40.0), max(half, 40.0)


def _centre(structure: Structure) -> Point | None:
    """Return the middle of the largest contour on the middle slice; None without contours."""
    if not structure.contours:
        return None
    heights = np.array([c.z_mm for c in structure.contours])
    middle = heights[np.abs(heights - (heights.min() + heights.max()) / 2).argmin()]
    rings = [c.xy_mm for c in structure.contours if abs(c.z_mm - middle) < 0.01]
    widest = max(rings, key=lambda xy: float(np.ptp(xy, axis=0).prod()))
    x, y = (widest.min(axis=0) + widest.max(axis=0)) / 2
    return float(x), float(y), float(middle)
