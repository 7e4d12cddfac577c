"""The pictures of a report as SVG files: where limits fail, their curves, and all curves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sbrt_qa.reports.figures.dvh_svg import Labels, dvh_svg
from sbrt_qa.reports.figures.palette import TARGETS, colours
from sbrt_qa.reports.figures.slice_svg import slice_svg
from sbrt_qa.reports.figures.slices import place_picture
from sbrt_qa.reports.page import Concern, Report
from sbrt_qa.reports.pdf.glyphs import breakable, printable, shown
from sbrt_qa.reports.pdf.overview import key_svg, overview_svg, styles
from sbrt_qa.reports.words import Words, msg
from sbrt_qa.review.evidence import Evidence

CURVES_PER_PLOT: Final = 6
"""More could not be told apart without colour."""

Pictures = dict[str, object]


def draw(report: Report, evidence: Evidence | None) -> tuple[Pictures, dict[str, str]]:
    """Return the pictures as the layout wants them, and their files by name."""
    if evidence is None:
        return {"concerns": [{} for _ in report.concerns], "curves": []}, {}
    files: dict[str, str] = {}
    palette = colours(evidence.structures)
    words = Words(report.language)
    concerns: list[dict[str, str]] = []
    for number, concern in enumerate(report.concerns):
        made = _of_concern(concern, number, evidence, palette, words)
        concerns.append({kind: name for kind, name, _ in made})
        files |= {name: shown(svg) for _, name, svg in made}
    plots = [
        _overview(keys, number, evidence, palette, words, files)
        for number, keys in enumerate(_groups(evidence))
    ]
    return {"concerns": concerns, "curves": plots}, files


def _of_concern(
    concern: Concern, number: int, evidence: Evidence, palette: Mapping[str, str], words: Words
) -> list[tuple[str, str, str]]:
    """Return slice and curve of a concern, where there are any: kind, name of the file, SVG."""
    made = []
    curve = evidence.curves.get(concern.curve)
    if concern.place:
        place = evidence.places[concern.place]
        rois = curve.roi_numbers if curve else ()
        keys = [k for k, s in evidence.structures.items() if s.roi_number in rois]
        others = [k for k in evidence.structures if TARGETS.match(k) and "PTV" in k.upper()]
        picture = place_picture(evidence, place, keys, others=others)
        svg = slice_svg(picture, palette, concern.picture, place.level_gy, f"place-{number}")
        made.append(("slice", f"slice-{number}.svg", svg))
    if curve:
        drawn = Labels(
            title=concern.title,
            dose=words(msg("dose")),
            volume=words(msg("volume")),
            limit=words(msg("limit")),
            reached=words(msg("plan")),
        )
        markers = (concern.limits, concern.reached)
        svg = dvh_svg(evidence, concern.curve, [], markers, palette, drawn)
        made.append(("curve", f"curve-{number}.svg", svg))
    return made


def _groups(evidence: Evidence) -> Iterator[Sequence[str]]:
    """Yield the keys of curves in groups, targets first."""
    ordered = sorted(evidence.curves, key=lambda key: not TARGETS.match(key))
    plots = math.ceil(len(ordered) / CURVES_PER_PLOT)
    for part in range(plots):
        yield ordered[len(ordered) * part // plots : len(ordered) * (part + 1) // plots]


def _overview(
    keys: Sequence[str],
    number: int,
    evidence: Evidence,
    palette: Mapping[str, str],
    words: Words,
    files: dict[str, str],
) -> Pictures:
    drawn = styles(keys, palette)
    axes = (words(msg("dose")), words(msg("volume")))
    name = f"curves-{number}.svg"
    files[name] = overview_svg(evidence, drawn, axes)
    legend = []
    for place, style in enumerate(drawn):
        key = f"key-{number}-{place}.svg"
        files[key] = key_svg(style)
        legend.append({"file": key, "name": breakable(printable(style.key))})
    return {"file": name, "names": [printable(k) for k in keys], "legend": legend}
