"""The pictures of a report as SVG files: where limits fail, their curves, and all curves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sbrt_qa.evidence.evidence import Evidence, Reviewed
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.target_kind import is_target_name
from sbrt_qa.reports.figures.coverage_pictures import coverage_drawings
from sbrt_qa.reports.figures.organ_pictures import organ_drawings
from sbrt_qa.reports.figures.palette import colours
from sbrt_qa.reports.html.drawings import drawings
from sbrt_qa.reports.page import Report
from sbrt_qa.reports.pdf.glyphs import breakable, printable, shown
from sbrt_qa.reports.pdf.overview import key_svg, overview_svg, styles

CURVES_PER_PLOT: Final = 6
"""More could not be told apart without colour."""

ROSE: Final = "rose.svg"

Pictures = dict[str, object]


def draw(reviewed: Reviewed, report: Report) -> tuple[Pictures, dict[str, str]]:
    """Return the pictures as the layout wants them, and their files by name."""
    evidence = reviewed.evidence
    files = {ROSE: shown(report.rose)} if report.rose else {}
    if evidence is None:
        nothing: list[dict[str, str]] = [{} for _ in report.concerns]
        none: dict[str, list[object]] = {"curves": [], "organs": [], "coverage": []}
        return {"concerns": nothing, **none, "rose": ROSE}, files
    palette, words = colours(evidence.structures), Words(report.language)
    concerns: list[dict[str, str]] = []
    for number, drawn in enumerate(drawings(reviewed, report, palette, words)):
        made = {"slice": drawn.slice, "curve": drawn.dvh}
        names = {kind: f"{kind}-{number}.svg" for kind, svg in made.items() if svg}
        files |= {name: shown(made[kind]) for kind, name in names.items()}
        concerns.append(names)
    plots = [
        _overview(keys, number, evidence, palette, words, files)
        for number, keys in enumerate(_groups(evidence))
    ]
    organs = []
    for number, one in enumerate(organ_drawings(reviewed, palette, words)):
        files[f"organ-{number}.svg"] = shown(one.svg)
        texts = {
            "title": breakable(printable(one.title)),
            "text": breakable(printable(one.caption)),
        }
        organs.append({"file": f"organ-{number}.svg", **texts})
    coverage = _coverage(reviewed, palette, words, files)
    told = {"concerns": concerns, "curves": plots, "organs": organs, "coverage": coverage}
    return {**told, "rose": ROSE}, files


def _coverage(
    reviewed: Reviewed, palette: Mapping[str, str], words: Words, files: dict[str, str]
) -> list[Pictures]:
    """Draw the coverage of targets into files; return their names with title and caption."""
    told: list[Pictures] = []
    for number, one in enumerate(coverage_drawings(reviewed, palette, words)):
        made = {f"cover-{number}-{n}.svg": svg for n, svg in enumerate((*one.planes, one.curve))}
        files |= {name: shown(svg) for name, svg in made.items() if svg}
        names = [name for name, svg in made.items() if svg]
        title, text = (breakable(printable(t)) for t in (one.title, one.caption))
        told.append({"files": names, "title": title, "text": text})
    return told


def _groups(evidence: Evidence) -> Iterator[Sequence[str]]:
    """Yield the keys of curves in groups, targets first."""
    ordered = sorted(evidence.curves, key=lambda key: not is_target_name(key))
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
    axes = (words(msg("Dose")), words(msg("Volume")))
    name = f"curves-{number}.svg"
    files[name] = overview_svg(evidence, drawn, axes)
    legend = []
    for place, style in enumerate(drawn):
        key = f"key-{number}-{place}.svg"
        files[key] = key_svg(style)
        legend.append({"file": key, "name": breakable(printable(style.key))})
    return {"file": name, "names": [printable(k) for k in keys], "legend": legend}
