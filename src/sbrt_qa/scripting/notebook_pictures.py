"""A case, a DVH table and a review as HTML for a notebook, each with a picture.

The pieces are static: no script, no style sheet of the page, all text escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import singledispatch
from html import escape
from typing import Final

import numpy as np

from sbrt_qa.dosimetry.case_doses import structures_of
from sbrt_qa.errors import visible
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.outcome import Reason, Verdict
from sbrt_qa.model.structure import Structure
from sbrt_qa.model.target_kind import is_target_name
from sbrt_qa.protocol.limit_result import ConstraintResult
from sbrt_qa.reports.figures.palette import colours, dashes
from sbrt_qa.reports.figures.svg import path, tag, text
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.dvh_table import Curve, DvhTable

WIDTH, HEIGHT = 560.0, 320.0
EDGE: Final = 46.0
"""Left and bottom of a plot, for its numbers."""

MOST_ROWS: Final = 60
"""Rows of a table that are shown."""

MARK: Final = {
    Verdict.PER_PROTOCOL: ("per protocol", "#1b7837"),
    Verdict.MINOR: ("minor deviation", "#b35806"),
    Verdict.MAJOR: ("major deviation", "#b2182b"),
    Verdict.NOT_EVALUABLE: ("not evaluable", "#5b5b5b"),
}


@singledispatch
def html_of(value: object) -> str:
    """Return a value as HTML.

    Raises
    ------
    TypeError
        It is neither a case, a DVH table nor a review.
    """
    msg = f"no picture of {type(value).__name__}"
    raise TypeError(msg)


@html_of.register
def _(case: Case) -> str:
    structures = structures_of(case)
    rows = [(key, s.interpreted_type or "–", str(len(s.contours))) for key, s in structures.items()]
    parts = [
        f"<b>{_text(case.label)}</b> "
        f"{_text(repr(case.dose) if not isinstance(case.dose, Reason) else case.dose.detail)}",
        _slice_of(case),
        _table(("structure", "type", "contours"), rows),
    ]
    return f"<div>{''.join(parts)}</div>"


@html_of.register
def _(table: DvhTable) -> str:
    names = list(dict.fromkeys(text for s in table.structures.values() for text in s.metrics))
    head = ("structure", "volume cc", "min Gy", "mean Gy", "max Gy", *names)
    rows = [
        (
            key,
            *(_number(v) for v in (row.volume_cc, row.min_gy, row.mean_gy, row.max_gy)),
            *(_metric(row.metrics.get(n)) for n in names),
        )
        for key, row in table.structures.items()
    ]
    curves = {key: row.curve for key, row in table.structures.items() if row.curve is not None}
    picture = _curves(curves) if curves else "<p>Curves: ask with curve_bin_gy=0.1.</p>"
    return f"<div><b>{_text(table.case)}</b>{picture}{_table(head, rows)}</div>"


@html_of.register
def _(review: CaseReview) -> str:
    told, colour = MARK.get(review.verdict, (str(review.verdict), "#5b5b5b"))
    head = tag("b", escape(told), style=f"color:{colour}")
    draft = "<p>Draft limits, not approved by the trial.</p>" if review.protocol.draft else ""
    rows = [
        (
            c.id,
            c.structure,
            c.metric,
            _value(c),
            _limit(c),
            MARK.get(c.verdict, (str(c.verdict),))[0],
        )
        for c in review.constraints
    ]
    findings = [(f.code, f.where, f.message) for f in review.findings]
    limits = _table(("limit", "structure", "metric", "value", "limit", "verdict"), rows)
    found = _table(("check", "where", "finding"), findings) if findings else ""
    bars = _bars([c for c in review.constraints if _share(c) is not None])
    return (
        f"<div><b>{_text(review.case)}</b> under {_text(review.protocol.id)}: {head}"
        f"{draft}{bars}{limits}{found}</div>"
    )


def _text(content: object) -> str:
    return escape(visible(str(content)))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    shown = rows[:MOST_ROWS]
    top = "".join(f"<th>{_text(h)}</th>" for h in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in shown
    )
    more = f"<p>{len(rows) - len(shown)} more rows.</p>" if len(rows) > len(shown) else ""
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>{more}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _metric(metric: object) -> str:
    value, unit = getattr(metric, "value", None), getattr(metric, "unit", "")
    return "–" if value is None else f"{value:.4g} {unit}"


def _value(one: ConstraintResult) -> str:
    if one.value is None:
        return "–" if one.reason is None else str(one.reason.detail)
    return f"{one.value:.4g} {one.unit}"


def _limit(one: ConstraintResult) -> str:
    known = one.per_protocol_limit
    return "–" if known is None else f"{one.op} {known:.4g} {one.unit}"


def _share(one: ConstraintResult) -> float | None:
    """Return a value as a part of its limit."""
    if one.value is None or not one.per_protocol_limit:
        return None
    return one.value / one.per_protocol_limit


def _curves(curves: dict[str, Curve]) -> str:
    """Draw cumulative histograms, per cent of the volume against dose."""
    highest = max(max(c.dose_gy, default=0.0) for c in curves.values()) or 1.0
    colour, dash = _colours(curves), dashes(curves)
    wide, high = WIDTH - EDGE - 150, HEIGHT - EDGE - 10
    parts = [*_axes(highest, wide, high)]
    for n, (key, curve) in enumerate(curves.items()):
        whole = curve.volume_cc[0] if curve.volume_cc and curve.volume_cc[0] > 0 else 1.0
        x = EDGE + np.asarray(curve.dose_gy) / highest * wide
        y = 10 + (1 - np.asarray(curve.volume_cc) / whole) * high
        line = path([np.stack([x, y], axis=1)], closed=False)
        look = {"fill": "none", "stroke": colour[key], "stroke_dasharray": dash[key]}
        parts.append(tag("path", d=line, stroke_width=1.6, **look))
        if n < MOST_LABELS:
            parts.append(text(visible(key)[:22], WIDTH - 140, 20 + 15 * n, fill=colour[key]))
    return _svg("Dose-volume histograms", parts)


MOST_LABELS: Final = 19
"""Names that fit beside a plot."""


def _axes(highest_gy: float, wide: float, high: float) -> Iterable[str]:
    yield tag("line", x1=EDGE, y1=10 + high, x2=EDGE + wide, y2=10 + high, stroke="#888")
    yield tag("line", x1=EDGE, y1=10, x2=EDGE, y2=10 + high, stroke="#888")
    for part in np.linspace(0, 1, 6).tolist():
        yield text(f"{part * highest_gy:.0f}", EDGE + part * wide, 26 + high, text_anchor="middle")
        yield text(f"{100 * part:.0f}", EDGE - 6, 14 + (1 - part) * high, text_anchor="end")
    yield text("Gy", EDGE + wide + 14, 26 + high)
    yield text("%", 2, 20)


def _bars(limits: Sequence[ConstraintResult]) -> str:
    """Draw every value as a part of its limit; the line is the limit."""
    shown = limits[:MOST_ROWS]
    if not shown:
        return ""
    left, full = 190.0, 240.0
    parts = []
    for n, one in enumerate(shown):
        share = min(_share(one) or 0.0, 1.5)
        y = 8.0 + 15 * n
        colour = MARK.get(one.verdict, ("", "#5b5b5b"))[1]
        parts.append(text(visible(one.id)[:28], left - 6, y + 10, text_anchor="end"))
        parts.append(tag("rect", x=left, y=y, width=full * share, height=11.0, fill=colour))
    low, end = 4.0, 12.0 + 15 * len(shown)
    parts.append(tag("line", x1=left + full, x2=left + full, y1=low, y2=end, stroke="#000"))
    return _svg("Values as parts of their limits; the line is the limit", parts, end + 8)


def _slice_of(case: Case) -> str:
    """Draw contours and the dose on the slice through the middle of a target, else of any part."""
    structures = structures_of(case)
    drawn = {key: s for key, s in structures.items() if s.contours}
    if not drawn:
        return "<p>No contours to draw.</p>"
    targets = [s for key, s in drawn.items() if is_target_name(key)]
    chosen = (targets or list(drawn.values()))[0]
    z_mm = chosen.contours[len(chosen.contours) // 2].z_mm
    here = {key: _at(s, z_mm) for key, s in drawn.items()}
    points = np.concatenate([c for lines in here.values() for c in lines])
    low, span = points.min(axis=0), float(np.ptp(points, axis=0).max()) or 1.0
    scale = (HEIGHT - 20) / span
    colour = _colours(drawn)

    def placed(line: FloatArray) -> FloatArray:
        return np.asarray((line - low) * scale + 10)

    parts = [_wash(case, z_mm, placed, scale)]
    for n, (key, lines) in enumerate((k, v) for k, v in here.items() if v):
        d = path([placed(line) for line in lines], closed=True)
        parts.append(tag("path", d=d, fill="none", stroke=colour[key], stroke_width=1.4))
        if n < MOST_LABELS:
            parts.append(text(visible(key)[:22], WIDTH - 140, 20 + 15 * n, fill=colour[key]))
    return _svg(f"Contours and dose at z = {z_mm:g} mm", parts)


def _at(structure: Structure, z_mm: float) -> list[FloatArray]:
    return [c.xy_mm for c in structure.contours if abs(c.z_mm - z_mm) < 1e-3]


def _wash(case: Case, z_mm: float, placed: Callable[[FloatArray], FloatArray], scale: float) -> str:
    """Draw the dose of the nearest plane as squares of four shades."""
    if isinstance(case.dose, Reason):
        return ""
    dose = case.dose
    plane = dose.dose_gy[int(np.abs(dose.z_mm - z_mm).argmin())]
    if not plane.max() > 0:
        return ""
    parts = []
    side = max(dose.spacing_mm[0], dose.spacing_mm[1]) * scale
    step = max(1, int(np.ceil(max(plane.shape) / 60)))
    for j in range(0, plane.shape[0], step):
        for i in range(0, plane.shape[1], step):
            share = float(plane[j, i] / plane.max())
            if share >= 0.3:
                x, y = placed(np.array([dose.x_mm[i], dose.y_mm[j]])).tolist()
                half = side * step / 2
                look = {"x": x - half, "y": y - half, "width": 2 * half, "height": 2 * half}
                opacity = round(0.1 + 0.4 * share, 1)
                parts.append(tag("rect", "", **look, fill="#d7301f", fill_opacity=opacity))
    return tag("g", "".join(parts)) if parts else ""


def _colours(keys: Iterable[str]) -> dict[str, str]:
    return colours({key: Structure(n, key) for n, key in enumerate(keys)})


def _svg(label: str, parts: Iterable[str], high: float = HEIGHT) -> str:
    body = tag("title", escape(label)) + "".join(parts)
    view = f"0 0 {WIDTH:g} {high:g}"
    return tag("svg", body, xmlns="http://www.w3.org/2000/svg", viewBox=view, width=WIDTH,
               height=high, role="img", aria_label=label, font_size=11.0,
               font_family="sans-serif")  # fmt: skip
