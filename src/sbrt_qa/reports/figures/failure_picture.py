"""A recurrence on the treated plan: the slice figure with isodoses, targets and the recurrence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from sbrt_qa.reports.figures.palette import colour_of
from sbrt_qa.reports.figures.slice_svg import slice_svg
from sbrt_qa.reports.figures.slices import DrawnIsodose, Frame, Outline, SlicePicture
from sbrt_qa.trial.failure_slice import FailureSlice, Line

DECIDING_PERCENT: Final = 95.0
"""The isodose that decides most schemes, drawn white."""

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
        tuple(_isodoses(told.isodoses, told.prescription_gy)),
    )  # fmt: skip
    colours = {names[name]: colour_of(name, {"recurrence": RECURRENCE}) for name in names}
    level = told.prescription_gy * DECIDING_PERCENT / 100.0
    return slice_svg(picture, colours, title, level, identity)


def _isodoses(
    isodoses: Mapping[float, tuple[Line, ...]], prescription_gy: float
) -> list[DrawnIsodose]:
    return [
        DrawnIsodose(prescription_gy * level / 100.0, tuple(np.array(line) for line in lines))
        for level, lines in sorted(isodoses.items())
    ]
