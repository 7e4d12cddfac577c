"""The pictures of a report as SVG files: where limits fail, their curves, and all curves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sbrt_qa.evidence.evidence import Evidence, Reviewed
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.model.target_kind import is_target_name
from sbrt_qa.reports.compose.concerns import prescription_gy
from sbrt_qa.reports.compose.limit_points import markers
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
    palette, words = (
        colours(evidence.structures, of_plan=evidence.plan_colours),
        Words(report.language),
    )
    concerns: list[dict[str, str]] = []
    for number, drawn in enumerate(drawings(reviewed, report, palette, words)):
        made = {"slice": drawn.slice, "curve": drawn.dvh}
        names = {kind: f"{kind}-{number}.svg" for kind, svg in made.items() if svg}
        files |= {name: shown(made[kind]) for kind, name in names.items()}
        concerns.append(names)
    groups = list(_groups(evidence))
    limits = _limits(reviewed, evidence)
    plots = [
        _overview(
            keys, number, evidence, palette, words, files, limits, _title(groups, number, words)
        )
        for number, keys in enumerate(groups)
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
    """Yield the keys of curves in groups, targets first; no group holds both kinds."""
    for wanted in (True, False):
        some = [key for key in evidence.curves if is_target_name(key) is wanted]
        plots = math.ceil(len(some) / CURVES_PER_PLOT)
        for part in range(plots):
            yield some[len(some) * part // plots : len(some) * (part + 1) // plots]


def _title(groups: Sequence[Sequence[str]], number: int, words: Words) -> str:
    """Return what the curves of a plot are of, with the number of the plot among such."""
    kinds = [is_target_name(keys[0]) for keys in groups]
    what = words(msg("Targets") if kinds[number] else msg("Organs at risk and other structures"))
    same = kinds.count(kinds[number])
    return f"{what} ({kinds[: number + 1].count(kinds[number])}/{same})" if same > 1 else what


def _limits(reviewed: Reviewed, evidence: Evidence) -> dict[str, list[tuple[float, float | None]]]:
    """Return the limits of every curve: dose, and volume as a part of the structure."""
    found: dict[str, list[tuple[float, float | None]]] = {}
    rx_gy = prescription_gy(reviewed.review)
    for result in reviewed.review.constraints:
        key = evidence.curve_of.get(result.key, "")
        if not result.counts or key not in evidence.curves:
            continue
        curve = evidence.curves[key]
        for point in markers(result, curve, rx_gy)[0]:
            part = None if point.volume_cc is None else point.volume_cc / (curve.volume_cc or 1.0)
            if not point.minor:
                found.setdefault(key, []).append((point.dose_gy, part))
    return found


def _overview(
    keys: Sequence[str],
    number: int,
    evidence: Evidence,
    palette: Mapping[str, str],
    words: Words,
    files: dict[str, str],
    limits: Mapping[str, Sequence[tuple[float, float | None]]],
    title: str,
) -> Pictures:
    drawn = styles(keys, palette)
    axes = (words(msg("Dose")), words(msg("Volume")))
    name = f"curves-{number}.svg"
    files[name] = overview_svg(evidence, drawn, axes, title, limits)
    legend = []
    for place, style in enumerate(drawn):
        key = f"key-{number}-{place}.svg"
        files[key] = key_svg(style)
        legend.append({"file": key, "name": breakable(printable(style.key))})
    return {"file": name, "names": [printable(k) for k in keys], "legend": legend}
