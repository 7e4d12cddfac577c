"""Hounsfield units of the synthetic patient: organs painted in order, with texture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from sbrt_qa.model.grid import FloatArray
from sbrt_qa.testing.phantoms.liver_solids import Ellipsoid, LiverSolid, Tube

AIR_HU: Final = -1000

PAINT: Final = (
    ("External", 15), ("Fat", -98), ("Muscle", 52), ("Cavity", -102), ("Back", 55),
    ("Psoas", 58), ("Sternum", 260), ("Vertebra", 420), ("Marrow", 190), ("SpinalCanal", 12),
    ("SpinalCord", 38), ("Rib", 620), ("Rib_Marrow", 240), ("Lungs", -830), ("Heart", 105),
    ("Heart_Lumen", 150), ("Liver", 108), ("Liver_Vessels", 150), ("Spleen", 122),
    ("Gallbladder", 9), ("Pancreas", 88), ("Kidney_L", 165), ("Kidney_R", 165),
    ("Renal_Pelvis", -30), ("Bowel_Large", 42), ("Colon_Gas", -880), ("Bowel_Small", 48),
    ("Bowel_Fluid", 18), ("Stomach", 52), ("Stomach_Fluid", 12), ("Stomach_Gas", -900),
    ("Duodenum", 50), ("V_Portal", 160), ("BileDuct_Common", 6), ("GreatVes", 162),
    ("Esophagus", 44), ("Esophagus_Air", -400),
)  # fmt: skip
"""Organs and their HU (portal venous phase); a later one covers an earlier one."""

BED_HU: Final = 62
CLIP_HU: Final = 2600
CLIP_RADIUS_MM: Final = 1.5

FINE_HU: Final = 9.0
COARSE_HU: Final = 5.0
COARSE_STEP: Final = 4
"""Voxels between the nodes of the coarse texture."""


def paint(
    organs: Iterable[tuple[LiverSolid, float]], x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray
) -> npt.NDArray[np.int16]:
    """Paint organs (solid, HU) one over the other and add texture inside the first, the body.

    Edges are blended over one pixel. Returns shape ``(nz, ny, nx)``.
    """
    painted = list(organs)
    pixel_mm = float(x_mm[1] - x_mm[0])
    hu = np.full((z_mm.size, y_mm.size, x_mm.size), float(AIR_HU))
    body = np.zeros(hu.shape)
    for k, z in enumerate(z_mm.tolist()):
        for i, (solid, value) in enumerate(painted):
            share = np.clip(0.5 - solid.depth(x_mm, y_mm, z) / pixel_mm, 0.0, 1.0)
            hu[k] += share * (value - hu[k])
            if i == 0:
                body[k] = share
    return np.rint(hu + body * texture(hu.shape)).astype(np.int16)


def clips(bed: Tube) -> list[tuple[LiverSolid, float]]:
    """Surgical clips at the ends and in the middle of the tumour bed."""
    size = (CLIP_RADIUS_MM,) * 3
    offsets = ((0.6, -0.4), (-0.5, 0.5), (0.4, 0.6))
    marked = zip(bed.points_mm[[0, len(bed.points_mm) // 2, -1]], offsets, strict=True)
    return [
        (Ellipsoid((p[0] + 8 * dx, p[1] + 8 * dy, p[2]), size), CLIP_HU) for p, (dx, dy) in marked
    ]


def texture(shape: tuple[int, int, int]) -> FloatArray:
    """Image noise of two grain sizes in HU; a fixed pattern, not random numbers."""
    nodes = tuple(n // COARSE_STEP + 2 for n in shape)
    coarse = _bell(nodes, seed=1)
    for axis, n in enumerate(shape):
        at = np.arange(n) / COARSE_STEP
        low = at.astype(np.intp)
        weight = (at - low).reshape([-1 if a == axis else 1 for a in range(3)])
        coarse = (1 - weight) * coarse.take(low, axis) + weight * coarse.take(low + 1, axis)
    return np.asarray(FINE_HU * _bell(shape, seed=2) + COARSE_HU * coarse)


def _bell(shape: tuple[int, ...], seed: int) -> FloatArray:
    """Return bell-shaped values of about unit width from a hash of the voxel number."""
    index = np.arange(np.prod(shape), dtype=np.uint64).reshape(shape)
    total = sum(_hashed(index, np.uint64(4 * seed + i)) for i in range(4))
    return np.asarray((total / 2.0**32 - 2.0) * 1.7)


def _hashed(index: npt.NDArray[np.uint64], seed: np.uint64) -> FloatArray:
    """Upper half of the splitmix64 finaliser; unsigned array arithmetic wraps around."""
    mixed = (index * np.uint64(16) + seed) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((mixed >> np.uint64(32)).astype(np.float64))
