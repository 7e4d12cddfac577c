"""Structures made of voxels, as large and as small as their outlines allow."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sbrt_qa.geometry.outlines import signed_area
from sbrt_qa.geometry.pixel_outlines import moved_outlines
from sbrt_qa.geometry.slabs import Voxels
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.structure import Contour, Structure

ALL_BUT_NOTHING: Final = 0.98
"""Part of half a pixel by which a structure shrinks that half a pixel would leave nothing of."""


def as_voxels_allow(structure: Structure, voxels: Voxels) -> Structure:
    """Return a structure with the outlines of its voxels half a pixel farther out or in.

    A pixel of a segmentation belongs to an organ or not; its true border runs anywhere between the
    centres of pixels on both sides. Structures that were drawn, and the usual reading, stay as they
    are.
    """
    if voxels is Voxels.AS_GIVEN or structure.voxels is None or not structure.contours:
        return structure
    half_mm = structure.voxels.x_mm / 2, structure.voxels.y_mm / 2
    outwards = 1.0 if voxels is Voxels.LARGER else -1.0
    return _moved(structure, half_mm, outwards) or _moved(
        structure, (half_mm[0] * ALL_BUT_NOTHING, half_mm[1] * ALL_BUT_NOTHING), outwards
    ) or structure  # fmt: skip


def _moved(structure: Structure, half_mm: tuple[float, float], outwards: float) -> Structure | None:
    planes: dict[float, list[FloatArray]] = {}
    for contour in structure.contours:
        planes.setdefault(contour.z_mm, []).append(contour.xy_mm)
    made = tuple(
        Contour(z_mm, loop)
        for z_mm, loops in planes.items()
        for loop in moved_outlines(loops, half_mm, outwards)
        if abs(signed_area(loop)) > 1e-9
    )
    return replace(structure, contours=made) if made else None
