"""Isodoses, margins and rings as structures, for scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sbrt_qa.dicom.write.anchors import anchor_of
from sbrt_qa.dicom.write.derived_file import WrittenRoi, write_derived
from sbrt_qa.dosimetry.case_doses import CaseDoses, structures_of
from sbrt_qa.dosimetry.isodose import isodose_contours
from sbrt_qa.errors import GeometryError, UsageError, quoted
from sbrt_qa.geometry.regions import Region
from sbrt_qa.geometry.sections import grown_contours, section_contours, shell_contours
from sbrt_qa.model.case import Case, one_case
from sbrt_qa.model.grid import FloatArray
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.structure import Contour, Structure
from sbrt_qa.protocol.grown import USUAL_SPACING_MM
from sbrt_qa.protocol.tree_regions import region_of_tree
from sbrt_qa.review.coherence import doubts
from sbrt_qa.review.derived_structures import LONGEST_NAME, MOST_MM, isodose_of, note_on_edge
from sbrt_qa.review.dvh_subjects import subjects_among


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A structure that was made of a case.

    Parameters
    ----------
    case
        What it was made of.
    structure
        Its contours, on the slices of the planning image, else on the planes of the structures.
    description
        How it was made.
    note
        What the reader should know, such as an isodose that leaves the grid; may be empty.
    """

    case: Case
    structure: Structure
    description: str
    note: str = ""

    def __repr__(self) -> str:
        """Return name, number of contours and how it was made."""
        told = f"; {self.note}" if self.note else ""
        return f"<Shape {self.structure.name!r}: {self.description}{told}>"

    def to_rtstruct(self, out: str | Path, like: str | Path | Sequence[str | Path]) -> Path:
        """Write it as a structure set that planning systems import on the same images.

        Parameters
        ----------
        out
            File to write; an existing one is not overwritten.
        like
            Files or folders that the case was read from: whose patient, study and images the file
            refers to.

        Raises
        ------
        UsageError
            The file exists.
        DicomError
            The files do not hold the images or structures of the case, or nothing can be written.
        """
        path = Path(out)
        if path.exists():
            raise UsageError("the file is there already", got=quoted(path.name))
        sources = [like] if isinstance(like, str | Path) else list(like)
        anchor = anchor_of(self.case, [Path(s) for s in sources])
        doubted = dict.fromkeys(f.code for f in doubts(self.case, with_dose=True))
        told = f"DOUBTED, it may not belong together: {', '.join(doubted)}" if doubted else ""
        words = "; ".join(filter(None, (self.description, self.note)))
        write_derived([WrittenRoi(self.structure, words)], anchor, path, doubt=told)
        return path


def isodose(case: Case, level: str | float) -> Shape:
    """Return what receives at least a dose as a structure.

    Parameters
    ----------
    level
        Gy as a number or ``"50Gy"``, or ``"80%"`` of the prescription.

    Raises
    ------
    UsageError
        The level cannot be read, the case has no dose or, for per cent, no prescribed dose, or
        nothing receives that much.
    """
    text = f"{level}Gy" if isinstance(level, int | float) else str(level)
    dose, level_gy = isodose_of(CaseDoses(one_case(case)), text)
    contours = isodose_contours(dose, level_gy, _planes_mm(case))
    name, told = f"Isodose_{level_gy:g}Gy", f"dose of at least {level_gy:g} Gy"
    return _shape(case, name, contours, told, note_on_edge(dose, level_gy), "DOSE_REGION")


def shape(case: Case, expression: str) -> Shape:
    """Return what an expression stands for, such as ``(PTV + 30mm) - (PTV + 20mm)``.

    Raises
    ------
    UsageError
        The expression cannot be read, or nothing is left of it.
    """
    (subject, *more) = subjects_among(structures_of(one_case(case)), [expression]).values()
    if more:
        raise UsageError("several structures have this name", got=quoted(expression))
    region = region_of_tree(CaseDoses(case), subject.tree)
    if isinstance(region, Reason):
        raise UsageError(
            "the structure cannot be made", where=quoted(expression), got=str(region.detail)
        )
    try:
        contours = section_contours(region, _planes_beyond_mm(case))
    except GeometryError as error:
        raise UsageError(
            "the structure cannot be made", where=quoted(expression), got=str(error)
        ) from error
    return _shape(case, expression, contours, expression, "", "CONTROL")


def grow(case: Case, name: str, margin_mm: float) -> Shape:
    """Return everything within a distance of a structure, the structure included.

    Parameters
    ----------
    name
        A structure, or an expression such as ``GTV_1 + GTV_2``.
    margin_mm
        Distance in space, more than 0 and up to 100 mm.

    Raises
    ------
    UsageError
        The structure is not there or cannot be read, or the margin is out of range.
    """
    contours = _around(case, name, margin_mm, grown_contours)
    text = f"{name} and all within {margin_mm:g} mm"
    return _shape(case, f"{name}_{margin_mm:g}mm", contours, text, "", "CONTROL")


def ring(case: Case, name: str, width_mm: float) -> Shape:
    """Return everything within a distance of a structure, but not in it.

    Parameters
    ----------
    name
        A structure, or an expression such as ``GTV_1 + GTV_2``.
    width_mm
        Distance in space, more than 0 and up to 100 mm.

    Raises
    ------
    UsageError
        The structure is not there or cannot be read, or the width is out of range.
    """
    contours = _around(case, name, width_mm, shell_contours)
    text = f"within {width_mm:g} mm of {name}, without it"
    return _shape(case, f"Ring_{name}_{width_mm:g}mm", contours, text, "", "CONTROL")


def _planes_mm(case: Case) -> FloatArray:
    if case.image is not None:
        return case.image.z_mm
    heights = np.unique([c.z_mm for s in structures_of(case).values() for c in s.contours])
    if heights.size:
        return np.asarray(heights, np.float64)
    return np.zeros(0) if isinstance(case.dose, Reason) else case.dose.z_mm


def _planes_beyond_mm(case: Case) -> FloatArray:
    """Return the slices; without an image the planes of structures, and more of them beyond."""
    heights = _planes_mm(case)
    if case.image is not None or not heights.size:
        return heights
    step = float(np.median(np.diff(heights))) if heights.size > 1 else USUAL_SPACING_MM
    beyond = step * np.arange(1, int(MOST_MM / step) + 1)
    return np.concatenate([heights[0] - beyond[::-1], heights, heights[-1] + beyond])


def _around(
    case: Case,
    name: str,
    distance_mm: float,
    make: Callable[[Region, float, FloatArray], tuple[Contour, ...]],
) -> tuple[Contour, ...]:
    number = isinstance(distance_mm, int | float | np.number) and distance_mm is not True
    if not number or not 0 < distance_mm <= MOST_MM:
        raise UsageError(
            "not a margin",
            got=f"{distance_mm:g} mm" if number else quoted(distance_mm),
            expected=f"a number of mm, more than 0, up to {MOST_MM:g} mm",
        )
    (subject, *more) = subjects_among(structures_of(one_case(case)), [name]).values()
    if more:
        raise UsageError("several structures have this name", got=quoted(name))
    region = region_of_tree(CaseDoses(case), subject.tree)
    if isinstance(region, Reason):
        raise UsageError("the structure cannot be read", where=quoted(name), got=str(region.detail))
    try:
        return make(region, distance_mm, _planes_mm(case))
    except GeometryError as error:
        raise UsageError(
            "the structure cannot be made", where=quoted(name), got=str(error)
        ) from error


def _shape(
    case: Case, name: str, contours: Sequence[Contour], description: str, note: str, kind: str
) -> Shape:
    if not contours:
        raise UsageError("nothing lies on the image slices", where=quoted(name))
    number = max((s.roi_number for s in structures_of(case).values()), default=0) + 1
    structure = Structure(number, name.replace("\\", "/")[:LONGEST_NAME], tuple(contours), kind)
    return Shape(case, structure, description, note)
