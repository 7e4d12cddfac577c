"""A structure made from another by a margin: the planning volume around the cord."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from sbrt_qa.errors import GeometryError
from sbrt_qa.geometry.regions import region_of
from sbrt_qa.geometry.sections import grown_contours
from sbrt_qa.i18n.phrase import said, say
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import MADE_FROM, Structure

USUAL_SPACING_MM: Final = 3.0
"""Spacing of the planes made of a structure that has one plane alone."""


@lru_cache(maxsize=16)
def grown_structure(structure: Structure, margin_mm: float) -> Structure | Reason:
    """Return everything within a margin of a structure, on its own planes and beyond its ends.

    The distance is that in space. The ends are right to half the spacing of its planes, the outline
    in each plane to about 0.1 mm.
    """
    if structure.problem is not None:
        return structure.problem
    try:
        region = region_of(structure)
        contours = grown_contours(region, margin_mm, _planes(structure, margin_mm))
    except GeometryError as error:
        return Reason(ReasonCode.STRUCTURE_UNREADABLE, said(error))
    name = say("{0} + {1} mm", structure.name, f"{margin_mm:g}")
    return Structure(MADE_FROM - structure.roi_number, name, contours, "ORGAN")


def _planes(structure: Structure, margin_mm: float) -> FloatArray:
    """Return the planes of a structure and those of the same spacing within a margin beyond."""
    own = np.unique([c.z_mm for c in structure.contours])
    step = float(np.median(np.diff(own))) if own.size > 1 else USUAL_SPACING_MM
    beyond = step * np.arange(1, int(margin_mm / step + 0.5) + 1)
    return np.concatenate([own[0] - beyond[::-1], own, own[-1] + beyond])
