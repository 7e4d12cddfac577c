"""The slices on which a check asks about a contour: image and outlines, without dose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from sbrt_qa.errors import visible
from sbrt_qa.evidence.evidence import Evidence, Reviewed, SlicePlace
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.outcome import Finding
from sbrt_qa.reports.figures.slice_svg import slice_svg
from sbrt_qa.reports.figures.slices import SlicePicture, contours_at, place_picture

GROUP: Final = "contours"

MOST_ORGANS: Final = 8
"""Questions with a picture; further ones are told in the table of checks."""


@dataclass(frozen=True, slots=True)
class OrganDrawing:
    """A question about a contour: organ and check, caption, and the slice as SVG."""

    title: str
    caption: str
    svg: str


def organ_drawings(
    reviewed: Reviewed, colours: Mapping[str, str], words: Words
) -> tuple[OrganDrawing, ...]:
    """Return a picture of every question about a contour, in the order of the review."""
    evidence = reviewed.evidence
    if evidence is None:
        return ()
    asked = [
        f
        for f in reviewed.review.findings
        if f.group == GROUP and f.verdict is not None and f.z_mm is not None
    ]
    made = (_drawing(evidence, f, colours, words, n) for n, f in enumerate(asked))
    return tuple(d for d in made if d is not None)[:MOST_ORGANS]


def _drawing(
    evidence: Evidence, found: Finding, colours: Mapping[str, str], words: Words, number: int
) -> OrganDrawing | None:
    keys = keys_in(evidence, found.where)
    if not keys or found.z_mm is None:
        return None
    picture = organ_picture(evidence, keys, found.z_mm)
    title = f"{visible(found.where)}: {words.sentence(found.title)}"
    caption = words(
        msg("{message}; z = {z} mm"), message=words.sentence(found.message), z=f"{picture.z_mm:.1f}"
    )
    return OrganDrawing(title, caption, slice_svg(picture, colours, title, 0.0, f"organ{number}"))


def keys_in(evidence: Evidence, where: str) -> list[str]:
    """Return the structures that a finding is about: one, or several with commas between."""
    known = evidence.structures
    return [where] if where in known else [k for k in where.split(", ") if k in known]


def organ_picture(evidence: Evidence, keys: list[str], z_mm: float) -> SlicePicture:
    """Return the slice nearest to a height with the outlines of some structures."""
    slices = evidence.slices_mm
    if slices.size:
        z_mm = float(slices[abs(slices - z_mm).argmin()])
    found = [xy for key in keys for xy in contours_at(evidence.structures[key], z_mm)]
    first = found or [evidence.structures[keys[0]].contours[0].xy_mm]
    low = [min(float(xy[:, a].min()) for xy in first) for a in (0, 1)]
    high = [max(float(xy[:, a].max()) for xy in first) for a in (0, 1)]
    middle = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, z_mm)
    place = SlicePlace("", middle, 0.0, 0.0, too_hot=False)
    picture = place_picture(evidence, place, keys, half_mm=(85.0, 60.0))
    return replace(picture, isodoses=(), wrong=(), within=(), spot_mm=None)
