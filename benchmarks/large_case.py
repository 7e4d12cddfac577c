"""Makes the cases that the benchmarks read, as DICOM files, the same on every machine.

``large``: 23 ROIs, about a million contour points: BODY of 30 l (220 planes of 900 points), LIVER
of 1500 cc (120 x 300), PTV, 20 organs (100 x 400); dose 200 x 150 x 170 at 2 mm, 32 bit; a plan.
``organ``: one liver-like organ of 1400 cc in the same dose. ``points``: one ROI of 600,000 points.
``rois``: 200 ROIs, 8000 contours, 1.6 million points: a structure set of 40 MB, no dose.
``large_ct``: the large case with a CT of 220 slices of 512 x 512 pixels beside it, 115 MB.

    python benchmarks/large_case.py          makes what is missing in benchmarks/.data, and lists it
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from bench_helpers import DATA, print_table

from sbrt_qa.dicom.write.common import CaseIds
from sbrt_qa.dicom.write.linked_set import CaseContent, write_case
from sbrt_qa.dicom.write.rtdose_file import RtDoseOptions
from sbrt_qa.dicom.write.rtstruct_file import RtStructOptions
from sbrt_qa.model.grid import DoseGrid, FloatArray
from sbrt_qa.model.image import ImageSeries
from sbrt_qa.model.plan import (
    Beam,
    DoseReference,
    FractionGroup,
    Plan,
    Prescription,
    PrescriptionSource,
)
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.testing.phantoms.dose_fields import Gaussian, Radial

VERSION = 1
"""Of this recipe; files made by another are made again."""

SLICE_MM = 2.0
FIRST_Z_MM = -219.25
DECIMALS = 5
ISOCENTRE_MM = (-38.0, -12.0, 14.0)

Point = tuple[float, float, float]


def organ(
    number: int, name: str, centre: Point, radii: Point, points: int, kind: str = "ORGAN"
) -> Structure:
    """Return an ellipsoid with a gently waved outline on slices of 2 mm."""
    contours = []
    z = FIRST_Z_MM + SLICE_MM * np.arange(220)
    angle = np.arange(points) * (2 * math.pi / points)
    for height in z[np.abs(z - centre[2]) < radii[2]]:
        size = math.sqrt(1 - ((height - centre[2]) / radii[2]) ** 2)
        wave = 1 + 0.06 * np.sin(3 * angle + 0.03 * height) + 0.02 * np.sin(7 * angle - number)
        wave /= math.sqrt(float((wave**2).mean()))  # keeps the area
        x = centre[0] + radii[0] * size * wave * np.cos(angle)
        y = centre[1] + radii[1] * size * wave * np.sin(angle)
        contours.append(Contour(float(height), np.column_stack([x, y])))
    return Structure(number, name, tuple(contours), kind)


def body(number: int) -> Structure:
    """Return an oval trunk of 30 l on 220 slices, which leaves the dose grid above and below."""
    angle = np.arange(900) * (2 * math.pi / 900)
    outline = np.column_stack([182.0 * np.cos(angle), 119.3 * np.sin(angle)])
    outline *= (1 + 0.01 * np.sin(5 * angle))[:, np.newaxis]
    planes = (FIRST_Z_MM + SLICE_MM * i for i in range(220))
    return Structure(number, "BODY", tuple(Contour(z, outline) for z in planes), "EXTERNAL")


def large_structures() -> StructureSet:
    """Return the 23 ROIs of the large case."""
    found = [
        body(1),
        organ(2, "LIVER", (-40.0, -10.0, 10.0), (68.0, 43.9, 120.0), 300),
        organ(3, "PTV", ISOCENTRE_MM, (28.0, 25.0, 30.0), 200, "PTV"),
    ]
    for i in range(20):
        turn = 2 * math.pi * i / 20
        centre = (95 * math.cos(turn), 60 * math.sin(turn), -60.0 + 6.0 * i)
        radii = (14.0 + i % 5, 12.0 + i % 4, 100.0)
        found.append(organ(4 + i, f"ORGAN_{i + 1:02d}", centre, radii, 400))
    return StructureSet(tuple(found), label="LARGE")


def dose() -> DoseGrid:
    """Return a peak on the target above a wide bath: 200 x 150 x 170 voxels of 2 mm."""
    x, y, z = ((np.arange(n) - (n - 1) / 2) * 2.0 for n in (200, 150, 170))
    at_z, at_y, at_x = np.meshgrid(z, y, x, indexing="ij")
    peak = Radial(ISOCENTRE_MM, Gaussian(52.0, 0.0, 26.0)).dose_gy(at_x, at_y, at_z)
    bath = Radial(ISOCENTRE_MM, Gaussian(9.0, 0.0, 90.0)).dose_gy(at_x, at_y, at_z)
    return DoseGrid(peak + bath, x, y, z)


def plan() -> Plan:
    """Return a plan of 5 x 10 Gy with one field."""
    beam = Beam(
        1, "1", machine="LINAC", nominal_energies=(6.0,), isocentres_mm=(ISOCENTRE_MM,),
        gantry_deg=(0.0,), couch_deg=(0.0,), collimator_deg=(0.0,), meterset=1500.0,
    )  # fmt: skip
    return Plan(
        sop_instance_uid="",
        label="LARGE",
        prescription=Prescription(50.0, PrescriptionSource.TARGET_PRESCRIPTION_DOSE, 3),
        fractions=5,
        dose_references=(
            DoseReference(1, "VOLUME", "TARGET", roi_number=3, target_prescription_gy=50.0),
        ),
        fraction_groups=(FractionGroup(1, 5, (1,)),),
        beams=(beam,),
    )


def _large() -> CaseContent:
    return CaseContent(large_structures(), dose(), plan(), **_options())


def _large_ct() -> CaseContent:
    z_mm = FIRST_Z_MM + SLICE_MM * np.arange(220)
    corner, pixels = (-255.5 * 0.977, -255.5 * 0.977), (512, 512)
    image = ImageSeries(z_mm, corner, (0.977, 0.977), pixels)
    hu = np.zeros((220, 512, 512), dtype=np.int16)
    return replace(_large(), image=image, hu=hu)


def _organ() -> CaseContent:
    liver = organ(1, "LIVER", (-40.0, -10.0, 10.0), (75.0, 55.0, 81.0), 300)
    return CaseContent(StructureSet((liver,), label="ORGAN"), dose(), plan(), **_options())


def _points() -> CaseContent:
    wide = organ(1, "ROI", (0.0, 0.0, 0.0), (150.0, 100.0, 200.0), 3000)
    return CaseContent(StructureSet((wide,), label="POINTS"), **_options())


def _rois() -> CaseContent:
    many = []
    for i in range(200):
        centre = (-150.0 + 1.5 * i, -80.0 + 0.8 * i, -150.0 + 1.5 * i)
        many.append(organ(i + 1, f"ROI_{i + 1:03d}", centre, (20.0 + i % 9, 15.0, 40.0), 200))
    return CaseContent(StructureSet(tuple(many), label="ROIS"), **_options())


def _options() -> dict[str, RtDoseOptions | RtStructOptions]:
    return {"rtdose": RtDoseOptions(bits=32), "rtstruct": RtStructOptions(decimals=DECIMALS)}


MAKERS: dict[str, Callable[[], CaseContent]] = {
    "large": _large,
    "large_ct": _large_ct,
    "organ": _organ,
    "points": _points,
    "rois": _rois,
}


def case_folder(name: str) -> Path:
    """Return the folder of a case, which is made when it is absent or of another recipe."""
    folder, stamp = DATA / name, DATA / f"{name}.version"
    if not stamp.exists() or stamp.read_text() != str(VERSION):
        shutil.rmtree(folder, ignore_errors=True)
        write_case(MAKERS[name](), folder, CaseIds(seed=f"benchmark {name} {VERSION}"))
        stamp.write_text(str(VERSION))
    return folder


def _describe(name: str) -> list[str]:
    sizes = {file.stem: file.stat().st_size / 1e6 for file in case_folder(name).glob("*.dcm")}
    structures = MAKERS[name]().structures
    rois = structures.structures if structures else ()
    points = [c.xy_mm.shape[0] for s in rois for c in s.contours]
    megabytes = (f"{sizes.get(kind, 0):.1f}" for kind in ("RTSTRUCT", "RTDOSE"))
    return [name, str(len(rois)), str(len(points)), str(sum(points)), *megabytes]


def area_mm2(xy: FloatArray) -> float:
    """Return the area of a polygon."""
    x, y = xy.T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def slab_volume_cc(structure: Structure) -> float:
    """Return the sum of section areas times 2 mm: what any tool should roughly find."""
    return sum(area_mm2(c.xy_mm) for c in structure.contours) * SLICE_MM / 1000


if __name__ == "__main__":
    header = ("case", "ROIs", "contours", "points", "RTSTRUCT MB", "RTDOSE MB")
    print_table("Benchmark cases", header, [_describe(name) for name in MAKERS])
    volumes = [[s.name, f"{slab_volume_cc(s):.0f}"] for s in large_structures().structures[:4]]
    print_table("Volumes in the large case, sections times slice", ("ROI", "cc"), volumes)
