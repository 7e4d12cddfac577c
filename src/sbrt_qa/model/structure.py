"""Structures: closed planar contours at known z, plus what had to be set aside."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

import numpy as np

from sbrt_qa.errors import GeometryError
from sbrt_qa.model.grid import FARTHEST_MM, FloatArray, frozen_array
from sbrt_qa.model.outcome import Reason

MADE_FROM: Final = -1_000_000
"""ROI numbers of structures that are made here begin below this, where files have none."""


class ContourKind(enum.StrEnum):
    """DICOM Contour Geometric Type (3006,0042), folded to what it means for a volume."""

    CLOSED_PLANAR = "CLOSED_PLANAR"
    CLOSED_PLANAR_XOR = "CLOSEDPLANAR_XOR"
    OPEN_PLANAR = "OPEN_PLANAR"
    OPEN_NONPLANAR = "OPEN_NONPLANAR"
    POINT = "POINT"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True, eq=False)
class Contour:
    """One closed polygon in an axial plane.

    The last vertex is joined to the first. Vertex order, repeated vertices and self-contact are
    allowed: every reader of a contour applies the even-odd rule.

    Parameters
    ----------
    z_mm
        Position of the plane.
    xy_mm
        Vertices, shape ``(n, 2)``, n >= 3, finite.
    image_uid
        The image slice that the file names for it (Contour Image Sequence); empty where it names
        none. Contours of one plane name one slice, but some exports repeat one for all.
    """

    z_mm: float
    xy_mm: FloatArray
    image_uid: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "z_mm", float(self.z_mm))
        object.__setattr__(self, "xy_mm", frozen_array(self.xy_mm))
        if self.xy_mm.ndim != 2 or self.xy_mm.shape[1] != 2 or self.xy_mm.shape[0] < 3:
            raise GeometryError(
                "a closed contour needs at least three (x, y) vertices",
                got=f"array of shape {self.xy_mm.shape}",
            )
        if not (np.isfinite(self.z_mm) and np.isfinite(self.xy_mm).all()):
            raise GeometryError("contour coordinates must be finite")
        if max(abs(self.z_mm), float(np.abs(self.xy_mm).max())) > FARTHEST_MM:
            raise GeometryError(
                "contour coordinates must be those of a patient",
                expected=f"at most {FARTHEST_MM:g} mm from the origin",
            )


@dataclass(frozen=True, slots=True)
class SetAside:
    """Contours that take no part in the volume, and why.

    ``kind`` is what they were; ``count`` how many; ``note`` one sentence for the reader. ``lost``
    are those that may have enclosed volume: lines that enclose an area, and what is left of
    contours on several planes that have no other.
    """

    kind: ContourKind
    count: int
    note: str
    lost: int = 0


@dataclass(frozen=True, slots=True)
class DensityOverride:
    """A physical property that the planner gave a structure (3006,00B0): its name and value."""

    name: str
    value: float | None


@dataclass(frozen=True, slots=True)
class VoxelSize:
    """Size of the voxels that a structure is made of, mm; `z_mm` is 0 where the file has none."""

    x_mm: float
    y_mm: float
    z_mm: float

    @property
    def in_words(self) -> str:
        """The three sizes."""
        along_z = f"{self.z_mm:.3g}" if self.z_mm else "?"
        return f"{self.x_mm:.3g} × {self.y_mm:.3g} × {along_z} mm"


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """A region of interest.

    Parameters
    ----------
    roi_number
        The key within its structure set; names may repeat, numbers do not.
    name
        As written in the file (decoded), not trusted, not escaped.
    contours
        Closed contours sorted by z; several may share a plane.
    interpreted_type
        RT ROI Interpreted Type (ORGAN, PTV, EXTERNAL, ...), upper case, empty when absent.
    set_aside
        Points, open contours and the like.
    problem
        Set when the structure cannot be interpreted safely; then it has no contours.
    raw_name
        The bytes of a name that is not plain ASCII, because decoding them may have been a guess.
    overrides
        Physical properties that the planner gave it.
    voxels
        Of a structure that a segmentation holds as voxels: their size. Its contours then run along
        their edges, what they enclose to the left; None where contours were drawn.
    origin
        Which file of the case holds it: 0 its structure set, from 1 on its segmentations.
    colour
        ROI Display Color (3006,002A) as ``#rrggbb``; empty where the file has none that is one.
    slices_named
        Height in mm of a few contours, and the UID of the image slice that each names.
    """

    roi_number: int
    name: str
    contours: tuple[Contour, ...] = ()
    interpreted_type: str = ""
    set_aside: tuple[SetAside, ...] = ()
    problem: Reason | None = None
    raw_name: bytes = b""
    overrides: tuple[DensityOverride, ...] = ()
    voxels: VoxelSize | None = None
    origin: int = 0
    colour: str = ""
    slices_named: tuple[tuple[float, str], ...] = ()

    def __repr__(self) -> str:
        """Return a short form: the vertices would fill pages."""
        kind = f", {self.interpreted_type}" if self.interpreted_type else ""
        return f"<Structure {self.name!r}{kind}: {len(self.contours)} contours>"

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.contours, key=lambda c: c.z_mm))
        object.__setattr__(self, "contours", ordered)
        if self.problem is not None and self.contours:
            raise GeometryError("a structure with a problem must not offer contours")

    @property
    def is_made(self) -> bool:
        """Whether it was made here, by a margin, and does not stand in the file."""
        return self.roi_number <= MADE_FROM


@dataclass(frozen=True, slots=True, eq=False)
class StructureSet:
    """All structures of one case: of an RTSTRUCT, of segmentations, or of both.

    Parameters
    ----------
    structures
        In file order; ROI numbers are unique.
    frame_of_reference_uid
        The frame of the coordinates; empty when the file states none.
    label, date
        Structure Set Label and Date (``YYYYMMDD``), as written.
    """

    structures: tuple[Structure, ...]
    frame_of_reference_uid: str = ""
    label: str = ""
    date: str = ""

    def __repr__(self) -> str:
        """Return a short form."""
        return f"<StructureSet {self.label!r}: {len(self.structures)} structures>"

    def __post_init__(self) -> None:
        numbers = [s.roi_number for s in self.structures]
        if len(set(numbers)) != len(numbers):
            raise GeometryError("ROI numbers must be unique within a structure set")

    def keys(self) -> dict[str, Structure]:
        """Return structures by display key.

        The key is the name where it is unique, ``NAME#number`` where it is not; an empty name
        is ``ROI#number``.
        """
        counts: dict[str, int] = {}
        for s in self.structures:
            counts[s.name] = counts.get(s.name, 0) + 1
        return {
            s.name if s.name and counts[s.name] == 1 else f"{s.name or 'ROI'}#{s.roi_number}": s
            for s in self.structures
        }
