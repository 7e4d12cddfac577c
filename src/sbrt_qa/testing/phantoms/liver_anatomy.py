"""The anatomy of the synthetic patient: a slim adult after a resection in the right liver.

Origin in the middle of the body; x to the left, y to the back, z to the head, in mm. The tumour
bed is not part of it: it belongs to the plan (see `liver_patient`).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.testing.phantoms.liver_solids import (
    Carved,
    Ellipsoid,
    Grown,
    HalfSpace,
    LiverSolid,
    Shared,
    Tube,
    Union,
    smooth_tube,
)

HALF_WIDTH_MM: Final = (131.0, 91.0)
"""Half extent of the body in x and y, with a little room."""

_LONG: Final = math.inf


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """Solids by name: `contoured` carry TG-263 names, `hidden` are seen in the CT only."""

    contoured: dict[str, LiverSolid]
    hidden: dict[str, LiverSolid]

    def __getitem__(self, name: str) -> LiverSolid:
        return self.contoured[name] if name in self.contoured else self.hidden[name]


@dataclass(frozen=True, slots=True)
class Build:
    """What differs between patients besides their size.

    Parameters
    ----------
    resected
        Side on which liver was cut away: ``right`` or ``left``.
    stomach
        Width of the stomach, as a factor: full or empty.
    """

    resected: str = "right"
    stomach: float = 1.0


SAMPLE_BUILD: Final = Build()


@functools.cache
def anatomy(build: Build = SAMPLE_BUILD) -> Anatomy:
    """Build all organs."""
    frame = _frame() | _shared(_spine())
    vessels = _shared(_vessels())
    liver = Shared(_liver(frame, vessels, build))
    upper = _shared(_upper_abdomen(frame, vessels, liver, build))
    bowel = _shared(_bowel(frame, upper, vessels, liver))
    chest = _shared(_chest(frame, upper, vessels, liver, build))
    everything = {**frame, **vessels, "Liver": liver, **upper, **bowel, **chest}
    everything |= {"Liver_Vessels": _liver_vessels(), **_contents(everything)}
    return Anatomy(
        {name: everything[name] for name in CONTOURED},
        {name: solid for name, solid in everything.items() if name not in CONTOURED},
    )


def _shared(solids: dict[str, LiverSolid]) -> dict[str, LiverSolid]:
    return {name: Shared(solid) for name, solid in solids.items()}


CONTOURED: Final = (
    "External", "Liver", "Stomach", "Duodenum", "Bowel_Small", "Bowel_Large", "Kidney_L",
    "Kidney_R", "SpinalCord", "SpinalCord_PRV05", "Heart", "Lungs", "Esophagus", "GreatVes",
    "BileDuct_Common", "Gallbladder", "Chestwall", "Rib", "Skin", "Spleen",
)  # fmt: skip
"""Organs that are contoured, in the order of the structure set."""


def _frame() -> dict[str, LiverSolid]:
    """Body surface, chest wall, ribs."""
    groove = smooth_tube([(0, 99, -120, 15), (0, 101, 0, 15), (0, 99, 120, 15)])
    body = Ellipsoid((0, 0, 0), (130, 89, _LONG), 0.35)
    external = Shared(Carved(body, without=((groove, 0.0),), blend_mm=14))
    cavity = Ellipsoid((0, -3, 0), (107, 67, _LONG), 0.3)
    muscle = Ellipsoid((0, 0, 0), (121, 80, _LONG), 0.3)
    midline = Ellipsoid((0, 0, 0), (26, 200, _LONG))
    above_waist = HalfSpace((0, 0, -60), (0, 0.4, -1))
    return {
        "External": external,
        "Skin": Carved(external, without=((Grown(external, -4.0), 0.0),), blend_mm=0),
        "Cavity": cavity,
        "Muscle": muscle,
        "Chestwall": Carved(
            muscle, within=(above_waist,), without=((cavity, 0.5), (midline, 0.0)), blend_mm=2
        ),
        "Rib": Shared(
            Union(tuple(_rib(side, 24.0 * k - 46) for side in (-1, 1) for k in range(8)))
        ),
        "Sternum": Ellipsoid((0, -73, 90), (17, 6, 45), 0.4),
    }


def _rib(side: int, back_z_mm: float) -> Tube:
    """Return one rib: from the spine round the chest, sloping down to the front."""
    degrees = np.arange(0, 151, 6)
    angle = np.radians(72.0 - degrees)
    x = side * 114 * np.cos(angle)
    y = 73 * np.sin(angle) - 1
    z = back_z_mm - 0.42 * degrees
    inside = z > -140 if back_z_mm > -20 else degrees < 100
    points = np.column_stack([x, y, z])[inside]
    return Tube(points, np.full(len(points), 5.2))


def _spine() -> dict[str, LiverSolid]:
    """Vertebrae, canal, cord."""
    column = Ellipsoid((0, 38, 0), (20, 16, _LONG), 0.2)
    arch = Ellipsoid((0, 60, 0), (14, 13, _LONG), 0.2)
    spinous = Ellipsoid((0, 71, 0), (4, 12, _LONG), 0.4)
    wings = Ellipsoid((0, 56, 0), (32, 5, _LONG), 0.3)
    canal = smooth_tube([(0, 60, -120, 9), (0, 58.5, 0, 8.5), (0, 59, 120, 8.5)], 10)
    cord = smooth_tube([(0, 60, -120, 5.2), (0, 58.5, 0, 5.4), (0, 59, 120, 5.2)], 10)
    psoas = Union(
        tuple(
            smooth_tube([(s * 30, 44, -110, 19), (s * 27, 46, -50, 15), (s * 24, 48, 10, 6)])
            for s in (-1, 1)
        )
    )
    back = Union(tuple(Ellipsoid((s * 32, 64, 0), (27, 14, _LONG), 0.3) for s in (-1, 1)))
    return {
        "Vertebra": Union((column, arch, spinous, wings), 5),
        "SpinalCanal": canal,
        "SpinalCord": cord,
        "SpinalCord_PRV05": cord.grown(5.0),
        "Psoas": psoas,
        "Back": back,
    }


def _vessels() -> dict[str, LiverSolid]:
    """Great vessels, portal vein, bile duct and gallbladder: what the liver folds around."""
    aorta = smooth_tube([(4, 11, -120, 8), (7, 11, -20, 9), (12, 12, 60, 10), (14, 16, 120, 10)])
    cava = smooth_tube(
        [(-19, 12, -120, 10), (-20, 10, -30, 10), (-19, 4, 30, 11), (-14, -6, 66, 12)]
    )
    portal = smooth_tube([(4, -8, -38, 5), (-12, -12, -18, 6.5), (-26, -20, 0, 6.5)])
    duct = smooth_tube(
        [(-30, -26, 2, 3.2), (-32, -21, -14, 3.6), (-31, -14, -34, 3.8), (-33, -11, -48, 3.6)]
    )
    gallbladder = smooth_tube([(-38, -36, -18, 5), (-44, -48, -28, 10), (-50, -58, -36, 9)])
    return {
        "GreatVes": Union((aorta, cava)),
        "V_Portal": portal,
        "BileDuct_Common": duct,
        "Gallbladder": gallbladder,
    }


def _liver(
    frame: dict[str, LiverSolid], vessels: dict[str, LiverSolid], build: Build
) -> LiverSolid:
    """Return the remnant, cut off towards the right, the back and the feet, or of its left."""
    right = Ellipsoid((-53, -12, 8), (60, 58, 70), 0.3)
    left = Ellipsoid((16, -36, 20), (68, 32, 43), 0.15)
    caudate = Ellipsoid((-12, -10, 16), (20, 16, 28))
    cut = HalfSpace((-68, 16, -10), (-0.60, 0.68, -0.42))
    if build.resected == "left":
        cut = HalfSpace((6, -30, 10), (0.95, 0.1, -0.2))
    below = HalfSpace((-20, -30, -35), (0.35, 0.30, -0.90))
    hilum = smooth_tube([(10, -6, -40, 9), (-12, -12, -16, 9), (-24, -18, -4, 7)])
    return Carved(
        Union((right, left, caudate), 14),
        within=(Grown(frame["Cavity"], -3.0), cut, below),
        without=(
            (vessels["GreatVes"], 1.5),
            (vessels["Gallbladder"], 0.5),
            (frame["Vertebra"], 9.0),
            (hilum, 0.0),
        ),
        blend_mm=9,
    )


def _liver_vessels() -> LiverSolid:
    branches = (
        [(-26, -20, 0, 6), (-44, -22, 8, 4.5), (-64, -30, 16, 3), (-82, -34, 26, 2)],
        [(-26, -20, 0, 5), (-6, -30, 14, 4.5), (18, -38, 20, 3.2), (44, -40, 24, 2)],
        [(-15, -4, 60, 6), (-40, -10, 48, 4.5), (-66, -16, 34, 3), (-84, -10, 20, 2)],
        [(-15, -5, 60, 6), (-34, -34, 44, 4), (-46, -50, 22, 2)],
        [(-14, -6, 60, 5), (10, -30, 44, 4), (34, -42, 34, 2)],
    )
    return Union(tuple(smooth_tube(branch, 4) for branch in branches))


def _upper_abdomen(
    frame: dict[str, LiverSolid], vessels: dict[str, LiverSolid], liver: LiverSolid, build: Build
) -> dict[str, LiverSolid]:
    """Stomach, duodenum, spleen, kidneys, pancreas."""
    inside = (Grown(frame["Cavity"], -2.0),)
    spleen = Carved(Ellipsoid((85, 22, 22), (22, 36, 40), 0.1), within=inside, blend_mm=5)
    kidney_left = Ellipsoid((55, 37, -24), (29, 26, 51), 0.3)
    kidney_right = Ellipsoid((-55, 41, -32), (28, 25, 44), 0.3)
    stomach = smooth_tube(
        [
            (50, 8, 46, 22), (56, 2, 32, 27), (60, -16, 8, 25), (54, -34, -16, 21),
            (34, -44, -32, 17), (12, -44, -38, 14), (-6, -39, -39, 11),
        ]
    )  # fmt: skip
    if build.stomach != 1.0:
        stomach = Tube(stomach.points_mm, stomach.radii_mm * build.stomach)
    duodenum = smooth_tube(
        [
            (-8, -38, -39, 10), (-24, -32, -43, 12), (-40, -18, -47, 12), (-45, -8, -56, 12),
            (-34, -6, -64, 10.5), (-12, -12, -65, 10), (14, -12, -63, 10), (30, -16, -55, 10),
        ]
    )  # fmt: skip
    pancreas = smooth_tube(
        [(-20, -10, -50, 10), (-10, -16, -34, 9), (14, -12, -22, 8), (48, 4, -4, 8), (66, 12, 2, 6)]
    )
    stomach_body = Carved(
        stomach, within=inside, without=((liver, 2.0), (spleen, 2.0), (kidney_left, 2.0))
    )
    clear = (
        (liver, 1.5),
        (vessels["Gallbladder"], 1.0),
        (stomach_body, 0.0),
        (vessels["GreatVes"], 1.0),
        (kidney_right, 1.5),
    )
    return {
        "Spleen": spleen,
        "Kidney_L": Carved(kidney_left, without=((spleen, 2.0), (frame["Psoas"], 1.0))),
        "Kidney_R": Carved(kidney_right, without=((liver, 2.0), (frame["Psoas"], 1.0))),
        "Stomach": stomach_body,
        "Duodenum": Carved(duodenum, without=clear),
        "Pancreas": Carved(pancreas, without=((stomach_body, 1.0), (vessels["GreatVes"], 1.0))),
    }


def _bowel(
    frame: dict[str, LiverSolid],
    upper: dict[str, LiverSolid],
    vessels: dict[str, LiverSolid],
    liver: LiverSolid,
) -> dict[str, LiverSolid]:
    """Small and large bowel, which fill what the others leave."""
    inside = (Grown(frame["Cavity"], -3.0),)
    organs = tuple((upper[n], 2.0) for n in ("Stomach", "Duodenum", "Kidney_L", "Kidney_R"))
    others = (*organs, (upper["Spleen"], 2.0), (liver, 2.5), (vessels["Gallbladder"], 2.0))
    colon = smooth_tube(
        [
            (-80, 20, -110, 19), (-84, 18, -74, 18), (-88, 14, -48, 15), (-82, -10, -52, 14),
            (-70, -36, -60, 14), (-36, -50, -66, 15), (6, -54, -66, 15), (46, -48, -58, 15),
            (80, -26, -36, 15), (92, -4, -26, 14), (92, 14, -46, 13), (90, 18, -80, 13),
            (90, 18, -110, 13),
        ]
    )  # fmt: skip
    large = Carved(colon, within=inside, without=others)
    rows = [
        (62, -14), (40, -22), (14, -34), (-14, -34), (-40, -26), (-56, -12), (-52, 8),
        (60, 6), (34, -2), (44, -32), (20, -16), (-30, 14),
    ]  # fmt: skip
    drops = (0, 9, 18, 0, 15, 24, 6, 17, 26, 8, 17, 32)
    loops = smooth_tube([(x, y, -62 - d, 12.5) for (x, y), d in zip(rows, drops, strict=True)], 4)
    mesentery = ((large, 1.5), (vessels["GreatVes"], 3.0), (frame["Vertebra"], 8.0))
    return {
        "Bowel_Large": large,
        "Bowel_Small": Carved(
            loops, within=inside, without=(*others, *mesentery, (frame["Psoas"], 1.0))
        ),
    }


def _chest(
    frame: dict[str, LiverSolid],
    upper: dict[str, LiverSolid],
    vessels: dict[str, LiverSolid],
    liver: LiverSolid,
    build: Build,
) -> dict[str, LiverSolid]:
    """Heart, lungs, oesophagus."""
    oesophagus = smooth_tube(
        [(0, 8, 120, 8), (0, 4, 80, 8), (6, -2, 60, 8), (22, 0, 50, 8), (38, 4, 46, 9)]
    )
    heart = Carved(
        Ellipsoid((22, -32, 84), (50, 36, 40), 0.1),
        without=(
            (liver, 5.0),
            (upper["Stomach"], 6.0),
            (vessels["GreatVes"], 2.0),
            (oesophagus, 2.0),
        ),
        blend_mm=5,
    )
    middle = smooth_tube([(2, 20, -20, 20), (2, 16, 40, 22), (2, 2, 120, 26)])
    right = Ellipsoid((-62, 12, 110), (58, 64, 96), 0.4)
    left = Ellipsoid((64, 14, 112), (58, 62, 90), 0.4)
    around: tuple[tuple[LiverSolid, float], ...] = (
        (liver, 3.0), (heart, 3.0), (upper["Stomach"], 6.0), (upper["Spleen"], 5.0),
        (middle, 0.0), (frame["Vertebra"], 3.0), (vessels["GreatVes"], 3.0),
        (upper["Kidney_L"], 9.0), (upper["Kidney_R"], 9.0),
    )  # fmt: skip
    if build != SAMPLE_BUILD:
        around = (*around, (oesophagus, 3.0))
    lungs = Carved(
        Union((right, left)), within=(Grown(frame["Cavity"], -1.5),), without=around, blend_mm=4
    )
    return {
        "Heart": heart,
        "Lungs": lungs,
        "Esophagus": Carved(
            oesophagus, without=((upper["Stomach"], 0.5), (vessels["GreatVes"], 1.0))
        ),
    }


def _contents(organs: dict[str, LiverSolid]) -> dict[str, LiverSolid]:
    """Gas, marrow, myocardium: what lies inside organs and is not contoured."""
    front = HalfSpace((0, -24, 0), (0, 1, 0.05))
    return {
        "Fat": Grown(organs["External"], -2.0),
        "Bowel_Fluid": Grown(organs["Bowel_Small"], -4.0),
        "Stomach_Fluid": Grown(organs["Stomach"], -4.5),
        "Esophagus_Air": Grown(organs["Esophagus"], -5.5),
        "Stomach_Gas": Carved(Grown(organs["Stomach"], -4.0), within=(front,), blend_mm=1),
        "Colon_Gas": Carved(
            Grown(organs["Bowel_Large"], -3.0),
            within=(HalfSpace((0, -34, 0), (0.1, 1, 0)),),
            blend_mm=1,
        ),
        "Marrow": Grown(organs["Vertebra"], -2.5),
        "Rib_Marrow": Grown(organs["Rib"], -2.0),
        "Renal_Pelvis": Union((Grown(organs["Kidney_L"], -17.0), Grown(organs["Kidney_R"], -16.0))),
        "Heart_Lumen": Grown(organs["Heart"], -9.0),
    }
