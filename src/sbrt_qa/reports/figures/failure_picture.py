"""A recurrence on the treated plan: the slice figure with isodoses, targets and the recurrence."""

from __future__ import annotations

from typing import Final

import numpy as np

from sbrt_qa.model.grid import FloatArray
from sbrt_qa.reports.figures.palette import colour_of
from sbrt_qa.reports.figures.slice_svg import slice_svg
from sbrt_qa.reports.figures.slices import DrawnIsodose, Frame, Outline, SlicePicture
from sbrt_qa.trial.failure_slice import FailureSlice, Line

DECIDING_PERCENT: Final = 95.0
"""The isodose that decides most schemes, drawn through."""

WIDTH: Final = 520
"""Of the figure on a page, in pixels."""

RECURRENCE: Final = "#ffea00"


def failure_picture(told: FailureSlice, recurrence: str, title: str, identity: str) -> str:
    """Return the slice as SVG; `recurrence` is what its outline is called in the legend."""
    frame = Frame(*told.x_mm, *told.y_mm)
    names = {name: recurrence if name == "recurrence" else name for name in told.outlines}
    outlines = tuple(
        Outline(names[name], tuple(np.array(line) for line in lines))
        for name, lines in told.outlines.items()
    )
    picture = SlicePicture(
        frame, told.z_mm, None, None, outlines,
        tuple(_isodoses(told, frame)),
    )  # fmt: skip
    colours = {names[name]: colour_of(name, {"recurrence": RECURRENCE}) for name in names}
    level = told.prescription_gy * DECIDING_PERCENT / 100.0
    drawn = slice_svg(picture, colours, title, level, identity)
    return drawn.replace("<svg ", f'<svg width="{WIDTH}" tabindex="0" ', 1)


def _isodoses(told: FailureSlice, frame: Frame) -> list[DrawnIsodose]:
    return [
        DrawnIsodose(
            told.prescription_gy * level / 100.0,
            tuple(part for line in lines for part in inside_parts(line, frame)),
        )
        for level, lines in sorted(told.isodoses.items())
    ]


def inside_parts(line: Line, frame: Frame) -> list[FloatArray]:
    """Return the parts of a line that lie inside a frame, each of two points or more."""
    points = np.array(line)
    inside = (
        (points[:, 0] >= frame.x_low_mm) & (points[:, 0] <= frame.x_high_mm)
        & (points[:, 1] >= frame.y_low_mm) & (points[:, 1] <= frame.y_high_mm)
    )  # fmt: skip
    cuts = np.flatnonzero(np.diff(inside.astype(int))) + 1
    parts = np.split(np.arange(len(points)), cuts)
    return [points[part] for part in parts if inside[part[0]] and len(part) > 1]
